"""Somebody types a note, and the file of the row is read anew meanwhile: what is typed is never of a film nobody has seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.records.rows import Row
from tests.using_the_window import FILM, OTHER, kept, look_at_film, replace_file


@pytest.fixture
def seen(window: MainWindow, folder: Path, qtbot: QtBot) -> Row:
    """A film that is looked at, whose file is read anew with another film while a note is typed."""
    row = look_at_film(window, folder, qtbot)
    window.activateWindow()
    note = window.result.decision.note
    note.setFocus()
    qtbot.keyClicks(note, "nodule on the l")
    replace_file(row, OTHER)
    window.reading.changed_files.read_again(row)
    qtbot.waitUntil(lambda: window.review.current is not None and window.review.current.sha256 != row.sha256)
    return row


def test_letters_that_were_on_their_way_are_not_taken(
    window: MainWindow, services: Services, seen: Row, qtbot: QtBot
) -> None:
    note, told = window.result.decision.note, window.statusBar().currentMessage
    qtbot.keyClicks(note, "eft 1")
    qtbot.keyClick(note, Qt.Key.Key_Backspace)
    QApplication.clipboard().setText("nodule")
    qtbot.keyClick(note, Qt.Key.Key_Insert, Qt.KeyboardModifier.ShiftModifier)
    assert note.text() == "" and window.focusWidget() is note
    not_taken = f"Not taken: {FILM} was read anew and holds another image. Click into the note to write on this one."
    qtbot.waitUntil(lambda: told().endswith(not_taken))
    qtbot.waitUntil(lambda: window.review.seen)
    qtbot.keyClick(note, Qt.Key.Key_Return)
    window.keeper.finish()
    assert kept(services.store, seen.entry_id).note == ""
    assert services.store.opinion(seen).note == "nodule on the l"


@pytest.mark.parametrize("by_mouse", [True, False])
def test_who_comes_to_the_note_anew_writes_on_the_new_film(
    window: MainWindow, services: Services, seen: Row, qtbot: QtBot, by_mouse: bool
) -> None:
    note, told = window.result.decision.note, window.statusBar().currentMessage
    qtbot.waitUntil(lambda: window.review.seen)
    qtbot.keyClicks(note, "eft")
    if by_mouse:
        qtbot.mouseClick(note, Qt.MouseButton.LeftButton)
    else:
        qtbot.keyClick(note, Qt.Key.Key_Return)
        window.focus_note()
    qtbot.keyClicks(note, "clear")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    window.keeper.finish()
    assert kept(services.store, seen.entry_id).note == "clear"
    assert told() == f"{FILM}: note saved. Ctrl+Z takes it back."
    assert services.store.opinion(seen).note == "nodule on the l"
