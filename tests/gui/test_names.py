"""Names and notes that look like HTML: every label, tool tip and message shows them as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.labels import as_it_is
from pneumo_desktop.gui.questions import asked, box, warn
from tests.using_the_window import as_a_tool_tip

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "text", ["a.jpeg", 'x <img src="file:///a.png">.jpeg\nNote: <b>', "<b>Ana</b> & 1 < 2\n  two", "a &lt; b"]
)
def test_a_tool_tip_or_message_that_looks_like_html_is_shown_as_it_is(text: str) -> None:
    shown = as_a_tool_tip(as_it_is(text))
    assert shown.split() == text.split()
    assert shown.count("\n") == text.count("\n")


def test_a_message_shows_the_name_of_a_file_as_it_is(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    no = QMessageBox.StandardButton.No
    monkeypatch.setattr(QMessageBox, "warning", lambda _parent, _title, text: told.append(text))
    monkeypatch.setattr(QMessageBox, "question", lambda _parent, _title, text, *_buttons: told.append(text) or no)
    parent = QWidget()
    qtbot.addWidget(parent)
    warn(parent, "", "<img src='a.png'>.csv is full.")
    assert not asked(parent, "", "Replace <img src='a.png'>.csv?")
    assert not any("<img" in text for text in told)
    assert len(told) == 2


def test_a_box_that_is_not_waited_for_shows_a_name_as_it_is_later_on_too(qtbot: QtBot) -> None:
    made = box(QMessageBox.Icon.Warning, "", "<img src='a.png'> was set aside.")
    qtbot.addWidget(made)
    shown = made.findChild(QLabel, "qt_msgbox_label")
    assert isinstance(shown, QLabel)
    for text in ("<img src='a.png'> was set aside.", "<b>later</b>"):
        made.setText(text)
        assert (shown.text(), shown.textFormat()) == (text, Qt.TextFormat.PlainText)


def test_labels_and_messages_come_from_the_doors_that_show_words_as_they_are() -> None:
    rooms, doors = ROOT / "pneumo_desktop" / "gui", {"labels.py", "questions.py"}
    direct = re.compile(r"\bQLabel\(|\bQMessageBox(\.(warning|question|information|critical|about))?\(")
    found = [path.name for path in rooms.rglob("*.py") if direct.search(path.read_text("utf-8"))]
    assert set(found) <= doors
