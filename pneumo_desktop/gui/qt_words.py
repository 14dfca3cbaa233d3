"""Qt's own buttons and number fields speak the program's language too, where Qt brings it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from pneumo_desktop.words import N_, language, tr

_NAME = "qt_words"
_KEYS = {"Ctrl": N_("Ctrl"), "Shift": N_("Shift")}
"""Keys that Qt's Spanish calls otherwise (Control, Mayúsculas) than a Spanish keyboard and this program's sentences do."""


_OLDER_NAMES = {"QAbstractFileIconProvider": "QFileDialog"}
"""Parts of Qt whose words its catalogues still have under the part that they were taken from (*Folder*, *Drive*)."""


class _QtWords(QTranslator):
    """Qt's own words, but for the names of two keys."""

    def translate(self, context: str, sourceText: str, disambiguation: str | None = None, n: int = -1) -> str | None:  # type: ignore[override] # noqa: N803 -- Qt's names
        """Return Qt's word for a text of Qt's; None for one that it does not have, which then stays as it is."""
        if context == "QShortcut" and sourceText in _KEYS:
            return tr(_KEYS[sourceText])
        known = _OLDER_NAMES.get(context, context)
        return super().translate(known, sourceText, disambiguation, n) or None  # type: ignore[arg-type]


def translate_qt(application: QApplication) -> None:
    """Take the last translator away and install the one of the language in use, if Qt has it; numbers follow it, too."""
    numbers = QLocale(language())
    QLocale.setDefault(numbers)  # of every window from now on
    for window in application.topLevelWidgets():
        window.setLocale(numbers)
    everything: Any = application
    installed: list[QTranslator] = everything.findChildren(QTranslator, _NAME)
    for old in installed:
        application.removeTranslator(old)
        old.deleteLater()
    translator = _QtWords(application)
    translator.setObjectName(_NAME)
    if translator.load(f"qtbase_{language()}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        application.installTranslator(translator)
