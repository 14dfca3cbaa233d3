"""Qt's own file dialogs: their words, and what becomes of the names that are typed into them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QFileInfo
from PySide6.QtWidgets import QApplication, QFileDialog, QFileIconProvider, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.qt_words import translate_qt
from pneumo_desktop.gui.where_to_save import unused, where_to_save
from pneumo_desktop.words import set_language


@pytest.mark.parametrize(("language", "word"), [("es", "Carpeta"), ("en", "Folder")])
def test_folders_are_called_so_in_the_programs_language(
    qapp: QApplication, tmp_path: Path, language: str, word: str
) -> None:
    set_language(language)
    translate_qt(qapp)
    assert QFileIconProvider().type(QFileInfo(str(tmp_path))) == word


PICTURES = {"PNG (*.png)": ".png"}
MODELS = {"Model": ".pneumo", "Network": ".onnx"}


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def typed(monkeypatch: pytest.MonkeyPatch, path: Path, kind: str = "") -> None:
    """The next dialog is answered with ``path``."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(path), kind))


@pytest.mark.parametrize(
    ("name", "kinds", "kind", "written"),
    [
        ("film", PICTURES, "", "film.png"),
        ("film.PNG", PICTURES, "", "film.PNG"),
        ("film 03.05", PICTURES, "", "film 03.05.png"),
        ("film.jpeg", PICTURES, "", "film.jpeg.png"),
        ("pneumo-5", MODELS, "Model", "pneumo-5.pneumo"),
        ("pneumo-5.pneumo", MODELS, "Network", "pneumo-5.onnx"),
        ("clinic 1.2", MODELS, "Network", "clinic 1.2.onnx"),
    ],
)
def test_a_name_gets_the_suffix_of_its_kind(
    parent: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    name: str, kinds: dict[str, str], kind: str, written: str,
) -> None:  # fmt: skip
    typed(monkeypatch, tmp_path / name, kind)
    assert where_to_save(parent, "", tmp_path, kinds) == tmp_path / written


def test_what_the_added_suffix_would_replace_is_asked_for(
    parent: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dialog's own question was about the name as it was typed."""
    asked: list[str] = []
    answer = QMessageBox.StandardButton.No

    def ask(_parent: QWidget, _title: str, text: str, *_buttons: object) -> QMessageBox.StandardButton:
        asked.append(text)
        return answer

    monkeypatch.setattr(QMessageBox, "question", ask)
    (tmp_path / "enero.csv").write_text("last month's decisions")
    typed(monkeypatch, tmp_path / "enero")
    assert where_to_save(parent, "", tmp_path, {"CSV (*.csv)": ".csv"}) is None
    answer = QMessageBox.StandardButton.Yes
    assert where_to_save(parent, "", tmp_path, {"CSV (*.csv)": ".csv"}) == tmp_path / "enero.csv"
    assert asked == ["enero.csv is there already. Replace it?"] * 2
    typed(monkeypatch, tmp_path / "enero.csv")
    assert where_to_save(parent, "", tmp_path, {"CSV (*.csv)": ".csv"}) == tmp_path / "enero.csv"
    assert len(asked) == 2, "the dialog has asked about that name"


@pytest.mark.parametrize("name", ["film", "film.png", "inner/../film.png"])
def test_a_radiograph_of_the_list_is_never_replaced(
    parent: QWidget, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda _parent, _title, text: told.append(text))
    (tmp_path / "inner").mkdir()
    (tmp_path / "film.png").write_bytes(b"an original")
    films = [tmp_path / "gone" / "film.png", tmp_path / "film.png"]
    typed(monkeypatch, tmp_path / name)
    assert where_to_save(parent, "", tmp_path, PICTURES, films) is None
    assert [text.split(":")[0] for text in told] == ["film.png is a radiograph of the list"]


def test_a_name_that_is_there_is_suggested_with_a_number(tmp_path: Path) -> None:
    assert unused(tmp_path / "film.png") == tmp_path / "film.png"
    for name in ("film.png", "film 2.png"):
        (tmp_path / name).touch()
    assert unused(tmp_path / "film.png") == tmp_path / "film 3.png"
