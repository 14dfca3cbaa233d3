"""Language and colours of the window, and the settings dialog."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from pneumo_desktop.gui.preferences import Preferences, chosen
from pneumo_desktop.gui.qt_words import translate_qt
from pneumo_desktop.gui.settings_dialog import Settings, SettingsDialog
from pneumo_desktop.gui.theme import Theme, apply_theme
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import language, set_language


class Appearance(QObject):
    """What is chosen holds at once and from now on; ``words_changed`` and ``colours_changed`` ask for new ones."""

    words_changed = Signal()
    colours_changed = Signal()
    initials_changed = Signal(bool)
    population_changed = Signal(object)

    def __init__(self, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._preferences = preferences
        self.theme = chosen(preferences.get("theme"), Theme.SYSTEM)
        QApplication.styleHints().colorSchemeChanged.connect(self._system_colours_changed)

    @property
    def initials(self) -> bool:
        """Return whether the clinic wants the reader's initials."""
        return bool(self._preferences.get("initials", True))

    @property
    def population(self) -> Population:
        """Return whose images are read where nobody has told."""
        return chosen(self._preferences.get("population"), Population.NOT_KNOWN)

    def choose_language(self, code: str) -> None:
        """Speak another language at once, and from now on."""
        set_language(code)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            translate_qt(application)
        self._preferences.set("language", code)
        self.words_changed.emit()

    def choose_theme(self, theme: Theme) -> None:
        """Change the colours at once, and from now on."""
        self.theme = theme  # before the colours change: the system's signal asks for it
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)
        self._preferences.set("theme", theme.value)
        self.colours_changed.emit()

    def _system_colours_changed(self) -> None:
        if self.theme is Theme.SYSTEM:
            self.choose_theme(Theme.SYSTEM)

    def show_settings(self) -> None:
        """Show what can be set, and take over what was changed."""
        dialog = SettingsDialog(Settings(language(), self.theme, self.population, self.initials), self._window)
        if dialog.exec():
            self.take(dialog.settings())

    def take(self, settings: Settings) -> None:
        """Use ``settings`` at once, and from now on."""
        self._preferences.set("population", settings.population.value)
        self._preferences.set("initials", settings.initials)
        self.initials_changed.emit(settings.initials)
        self.population_changed.emit(settings.population)
        if settings.theme is not self.theme:
            self.choose_theme(settings.theme)
        if settings.language != language():
            self.choose_language(settings.language)
