"""Qt's own buttons speak the program's language too, where Qt brings it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLibraryInfo, QTranslator
from PySide6.QtWidgets import QApplication

from pneumo_desktop.words import language

_NAME = "qt_words"


def translate_qt(application: QApplication) -> None:
    """Take the last translator away and install the one of the language in use, if Qt has it."""
    everything: Any = application
    installed: list[QTranslator] = everything.findChildren(QTranslator, _NAME)
    for old in installed:
        application.removeTranslator(old)
        old.deleteLater()
    translator = QTranslator(application)
    translator.setObjectName(_NAME)
    if translator.load(f"qtbase_{language()}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        application.installTranslator(translator)
