"""Qt's own file dialogs: their words."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QFileInfo
from PySide6.QtWidgets import QApplication, QFileIconProvider

from pneumo_desktop.gui.qt_words import translate_qt
from pneumo_desktop.words import set_language


@pytest.mark.parametrize(("language", "word"), [("es", "Carpeta"), ("en", "Folder")])
def test_folders_are_called_so_in_the_programs_language(
    qapp: QApplication, tmp_path: Path, language: str, word: str
) -> None:
    set_language(language)
    translate_qt(qapp)
    assert QFileIconProvider().type(QFileInfo(str(tmp_path))) == word
