"""Two windows over the same records note on one film: neither loses the other's words unseen or untold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.records.store import Store
from tests.using_the_window import kept, look_at, read_folder


@pytest.fixture
def film(window: MainWindow, folder: Path, qtbot: QtBot) -> Row:
    """A film that is looked at, with what the records know of it."""
    read_folder(window, folder, qtbot, 6)
    row = look_at(window, 0, qtbot)
    window.keeper.finish()
    return row


@pytest.fixture
def elsewhere(services: Services) -> Iterator[Store]:
    """The records as another window has them open."""
    store = Store(services.store.path)
    yield store
    store.close()


def test_who_types_on_while_it_is_put_before_his_own_types_behind_it(
    window: MainWindow, services: Services, film: Row, elsewhere: Store, qtbot: QtBot
) -> None:
    note = window.result.decision.note
    qtbot.keyClicks(note, "rotated")
    elsewhere.set_note(film.entry_id, "right base", "AB")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.keyClick(note, Qt.Key.Key_Home)  # before the records have answered
    qtbot.keyClicks(note, "badly ")
    window.keeper.finish()
    assert note.text() == "right base / badly rotated"
    qtbot.keyClicks(note, "a")
    qtbot.keyClick(note, Qt.Key.Key_Backspace)
    assert note.text() == "right base / badly rotated", "the cursor stands where it stood"
    look_at(window, 1, qtbot)
    window.keeper.finish()
    assert kept(services.store, film.entry_id).note == "right base / badly rotated"


def test_who_erases_his_own_meanwhile_leaves_it(
    window: MainWindow, services: Services, film: Row, elsewhere: Store, qtbot: QtBot
) -> None:
    note = window.result.decision.note
    qtbot.keyClicks(note, "rotated")
    elsewhere.set_note(film.entry_id, "right base", "AB")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    note.selectAll()
    qtbot.keyClick(note, Qt.Key.Key_Delete)
    window.keeper.finish()
    look_at(window, 1, qtbot)
    window.keeper.finish()
    assert kept(services.store, film.entry_id).note == "right base"


def test_who_begins_to_type_after_a_decision_leaves_it(
    window: MainWindow, services: Services, film: Row, elsewhere: Store, qtbot: QtBot
) -> None:
    window.queue.filter_box.setText(film.entry.path.name)  # nothing else to move on to
    window.queue._refilter()
    note = window.result.decision.note
    elsewhere.set_note(film.entry_id, "right base", "AB")
    window.review.normal()
    assert window.review.current is not None and window.review.current.entry_id == film.entry_id
    qtbot.keyClicks(note, "rotated")
    window.keeper.finish()
    window.review.finish_note()
    window.keeper.finish()
    assert kept(services.store, film.entry_id).note == "right base / rotated"


def test_one_that_was_seen_and_is_deleted_there_is_told(
    window: MainWindow, services: Services, elsewhere: Store, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    look_at(window, 3, qtbot)
    first, second, third = window.queue.model.shown_rows()[:3]
    note, told = window.result.decision.note, window.statusBar().currentMessage
    for row in (first, second, third):
        elsewhere.set_note(row.entry_id, "right base", "AB")
    deleted = "Another window had deleted the note."

    look_at(window, 0, qtbot)
    window.keeper.finish()
    elsewhere.set_note(first.entry_id, "")
    window.review.normal()
    window.keeper.finish()
    assert told() == f"{first.entry.display_name()}: normal. Ctrl+Z takes it back. {deleted}"
    assert kept(services.store, first.entry_id).opinion[:3] == (Decision.NORMAL, None, "")

    for row, written in ((second, "right base, clear"), (third, "")):
        window.queue.choose_entry(row.entry_id)
        qtbot.waitUntil(lambda: window.review.seen)
        window.keeper.finish()
        assert note.text() == "right base"
        elsewhere.set_note(row.entry_id, "")
        note.selectAll()
        qtbot.keyClick(note, Qt.Key.Key_Delete)
        qtbot.keyClicks(note, written)
        qtbot.keyClick(note, Qt.Key.Key_Return)
        window.keeper.finish()
        saved = "note saved. Ctrl+Z takes it back. " if written else ""
        assert told() == f"{row.entry.display_name()}: {saved}{deleted}"
        assert kept(services.store, row.entry_id).note == written


def test_undoing_over_another_readers_decision_says_whose_stands_again(
    window: MainWindow, film: Row, elsewhere: Store, qtbot: QtBot
) -> None:
    told, initials = window.statusBar().currentMessage, window.result.decision.initials
    elsewhere.set_decision(film.entry_id, Decision.PNEUMONIA, "", "AB")
    qtbot.keyClicks(initials, "CD")
    for decide, undone in (
        (window.review.normal, "The decision “Reader: normal” was taken back. The initials are AB again."),
        (window.review.pneumonia, "The initials are AB again."),
    ):
        window.queue.choose_entry(film.entry_id)
        qtbot.waitUntil(lambda: window.review.seen)
        decide()
        window.review.undo()
        window.keeper.finish()
        assert told() == f"{film.entry.display_name()}: {undone}"


def test_undoing_the_second_of_two_equal_decisions_says_that_the_first_stands(
    window: MainWindow, film: Row, qtbot: QtBot
) -> None:
    for _ in range(2):
        window.queue.choose_entry(film.entry_id)
        qtbot.waitUntil(lambda: window.review.seen)
        window.review.pneumonia()
    window.review.undo()
    window.keeper.finish()
    again = "The decision “Reader: pneumonia” stands again."
    assert window.statusBar().currentMessage() == f"{film.entry.display_name()}: {again}"


def test_what_the_list_showed_and_another_window_has_replaced_is_told_where_it_is_chosen_again(
    window: MainWindow, film: Row, elsewhere: Store, qtbot: QtBot
) -> None:
    name, told = film.entry.display_name(), window.statusBar().currentMessage
    qtbot.keyClicks(window.result.decision.note, "rotated")
    window.review.pneumonia()
    window.keeper.finish()
    for opinion, said in (
        ((Decision.NORMAL, "rotated", "AB"), "AB's “Reader: normal” was saved in another window meanwhile."),
        ((Decision.NORMAL, "", "AB"), "Another window had deleted the note."),
        ((None, "", ""), "“Reader: normal” was taken back in another window meanwhile."),
    ):
        elsewhere.set_decision(film.entry_id, *opinion)
        window.queue.choose_entry(film.entry_id)
        window.keeper.finish()
        assert told() == f"{name}: {said}"
        window.next_row()
    elsewhere.set_decision(film.entry_id, Decision.NORMAL, "", "AB")
    window.queue.choose_entry(film.entry_id)
    window.keeper.finish()
    assert "AB" in window.result.decision.saved.text()
    assert told() == f"{name}: {said}", "what is new is seen beside the film; it wipes no other word away"
