"""The few things a clinic may want otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QDialogButtonBox, QFormLayout, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.outcomes import population_word
from pneumo_desktop.gui.theme import Theme
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import N_, available_languages, tr

LANGUAGE_NAMES = {"en": "English", "es": "Español"}
THEME_WORDS = {Theme.SYSTEM: N_("As the system"), Theme.LIGHT: N_("Light"), Theme.DARK: N_("Dark")}


@dataclass(frozen=True)
class Settings:
    """What can be set. ``population`` is offered for folders nobody was asked about."""

    language: str
    theme: Theme = Theme.SYSTEM
    population: Population = Population.NOT_KNOWN
    initials: bool = True


class SettingsDialog(QDialog):
    """Shows ``Settings`` and gives the changed ones back by ``settings()``."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self.language, self.theme, self.population = QComboBox(), QComboBox(), QComboBox()
        for code in available_languages():
            self.language.addItem(LANGUAGE_NAMES.get(code, code), code)
        for theme, words in THEME_WORDS.items():
            self.theme.addItem(tr(words), theme.value)
        for known in (Population.NOT_KNOWN, Population.CHILDREN, Population.ADULTS):
            self.population.addItem(population_word(known), known.value)
        self.initials = QCheckBox(tr("Ask for the reader's initials"))
        self.initials.setChecked(settings.initials)
        for box, value in (
            (self.language, settings.language),
            (self.theme, settings.theme.value),
            (self.population, settings.population.value),
        ):
            box.setCurrentIndex(max(0, box.findData(value)))
        form = QFormLayout()
        form.addRow(tr("Language"), self.language)
        form.addRow(tr("Colours"), self.theme)
        form.addRow(tr("Patients of new folders"), self.population)
        form.addRow("", self.initials)
        note = Label(tr("The age in a DICOM file goes before what is chosen here."), wordWrap=True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)

    def settings(self) -> Settings:
        """Return what is chosen now."""
        return Settings(
            language=self.language.currentData(), theme=Theme(self.theme.currentData()),
            population=Population(self.population.currentData()), initials=self.initials.isChecked(),
        )  # fmt: skip
