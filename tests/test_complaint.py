"""Whoever starts the program from a menu is told why it ends."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from pneumo_desktop import complaint
from pneumo_desktop.__main__ import main


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    shown: list[str] = []
    monkeypatch.setattr(complaint, "_box", shown.append)
    return shown


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("display")
def test_a_file_that_is_missing_is_told_in_a_box(
    boxes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(tmp_path / "gone.dcm")]) == 2
    assert len(boxes) == 1
    assert "gone.dcm" in boxes[0]
    assert "gone.dcm" in capsys.readouterr().err


@pytest.mark.usefixtures("display")
def test_no_box_beside_a_terminal(boxes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert main(["run", str(tmp_path / "gone.dcm")]) == 2
    assert boxes == []


@pytest.mark.usefixtures("display")
def test_a_command_shows_no_box(boxes: list[str], tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").mkdir()
    assert main(["predict", str(tmp_path), "--data-dir", str(tmp_path)]) == 2
    assert boxes == []


@pytest.mark.parametrize("words", [["run", "gone.dcm"], ["predict"], ["--wrong"]])
def test_a_windows_program_without_console_is_never_silent(
    words: list[str], boxes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    try:
        code = main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    assert code == 2
    assert len(boxes) == 1


@pytest.mark.usefixtures("display")
def test_a_part_that_is_missing_is_told_in_words(
    boxes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object) -> int:
        raise ImportError("libQt6Widgets.so.6: cannot open shared object file")

    monkeypatch.setattr("pneumo_desktop.gui.run", broken)
    assert main(["run", "--data-dir", str(tmp_path), "--language", "es"]) == 2
    assert "El programa no pudo abrirse" in boxes[0]
    assert "libQt6Widgets.so.6" in boxes[0]
    assert "Traceback" in capsys.readouterr().err


def test_the_box_is_qt_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr("pneumo_desktop.gui.start.QMessageBox.exec", lambda box: seen.append(box.text()))
    monkeypatch.setattr(sys, "stderr", None)
    complaint.complain("words")
    assert seen == ["words"]
