"""Qt's own buttons and number fields speak the program's language too, where Qt brings it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from pneumo_desktop.words import language

_NAME = "qt_words"


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
    translator = QTranslator(application)
    translator.setObjectName(_NAME)
    if translator.load(f"qtbase_{language()}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        application.installTranslator(translator)
