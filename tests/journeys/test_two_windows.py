"""Another window over the same records decides or writes notes: each is told of the other, and no note is lost."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.export_dialog import ExportChoice, export_to
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.records.rows import Decision, Opinion, Row
from pneumo_desktop.records.store import Store
from tests.using_the_window import kept, look_at, read_folder


@pytest.fixture
def film(window: MainWindow, folder: Path, qtbot: QtBot) -> Row:
    """A film that is looked at, with what the records know of it."""
    read_folder(window, folder, qtbot, 6)
    row = look_at(window, 0, qtbot)
    window.keeper.finish()
    return row


def test_what_another_window_decided_is_shown_where_a_row_is_chosen(
    window: MainWindow, services: Services, elsewhere: Store, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, pane, model = services.store, window.result.decision, window.queue.model
    first, second = model.shown_rows()[:2]
    look_at(window, 1, qtbot)
    elsewhere.set_decision(first.entry_id, Decision.PNEUMONIA, "right base", "AB")
    elsewhere.set_decision(second.entry_id, Decision.NORMAL, "", "AB")
    window.queue.choose(0)
    qtbot.waitUntil(lambda: pane.saved.text() == "Saved: Reader: pneumonia AB")
    assert pane.note_text() == "right base" and model.row_of(first.entry_id) == kept(store, first.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    assert kept(store, first.entry_id).opinion == Opinion(Decision.NORMAL, None, "right base", "", "AB")
    elsewhere.set_note(first.entry_id, "both bases", "")
    export_to(
        window, model.all_rows(), tmp_path / "out.json", ExportChoice("json"), window._background, (),
        window.review.as_recorded,
    )  # fmt: skip
    qtbot.waitUntil((tmp_path / "out.json").exists)
    results = json.loads((tmp_path / "out.json").read_text("utf-8"))["results"]
    told = {item["file"]: (item["decision"], item["note"], item["initials"]) for item in results if item["decision"]}
    assert told == {
        str(first.entry.path): ("normal", "both bases", None), str(second.entry.path): ("normal", None, "AB"),
    }  # fmt: skip


def test_a_decision_of_another_window_is_replaced_with_a_word_and_its_note_kept(
    window: MainWindow, services: Services, elsewhere: Store, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, told = services.store, window.statusBar().currentMessage
    first = look_at(window, 0, qtbot)
    window.keeper.finish()
    elsewhere.set_decision(first.entry_id, Decision.PNEUMONIA, "right base", "AB")
    qtbot.keyClicks(window.result.decision.note, "rotated")
    window.review.normal()
    name = first.entry.display_name()
    replaced = "It replaces AB's “Reader: pneumonia”, saved in another window."
    note_kept = "The other window's note is kept."
    qtbot.waitUntil(lambda: told() == f"{name}: normal. Ctrl+Z takes it back. {replaced} {note_kept}")
    assert kept(store, first.entry_id).note == "right base / rotated"
    window.review.undo()
    theirs = Opinion(Decision.PNEUMONIA, None, "right base", "AB", "AB")
    qtbot.waitUntil(lambda: getattr(window.queue.model.row_of(first.entry_id), "opinion", None) == theirs)
    assert kept(store, first.entry_id).opinion == theirs
    second = look_at(window, 1, qtbot)
    window.keeper.finish()
    elsewhere.set_decision(second.entry_id, Decision.CANNOT_TELL)
    window.review.normal()
    qtbot.waitUntil(lambda: "It replaces “Reader: cannot tell”, saved in another window." in told())


def test_undo_leaves_what_another_window_decided(
    window: MainWindow, services: Services, elsewhere: Store, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, told = services.store, window.statusBar().currentMessage
    first, second = [row.entry_id for row in window.queue.model.shown_rows()[:2]]
    look_at(window, 0, qtbot)
    window.review.normal()
    qtbot.waitUntil(lambda: kept(store, first).decision is Decision.NORMAL)
    elsewhere.set_decision(second, Decision.PNEUMONIA)
    elsewhere.set_decision(first, Decision.CANNOT_TELL)
    window.review.undo()
    qtbot.waitUntil(lambda: told().endswith(": taken back. What another window has saved since stands."))
    qtbot.waitUntil(lambda: not window.menus.actions["undo"].isEnabled())
    assert [kept(store, entry_id).decision for entry_id in (first, second)] == [
        Decision.CANNOT_TELL, Decision.PNEUMONIA,
    ]  # fmt: skip


def test_deleting_a_note_beside_which_another_window_decided_deletes_it_and_takes_back_nothing_else(
    window: MainWindow, services: Services, elsewhere: Store, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, note, told = services.store, window.result.decision.note, window.statusBar().currentMessage
    first, second = window.queue.model.shown_rows()[:2]
    look_at(window, 1, qtbot)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    elsewhere.set_note(first.entry_id, "X", "AB")
    look_at(window, 0, qtbot)
    qtbot.waitUntil(lambda: note.text() == "X")
    elsewhere.set_decision(first.entry_id, Decision.PNEUMONIA, "X", "AB")
    note.selectAll()
    qtbot.keyClick(note, Qt.Key.Key_Delete)
    qtbot.keyClick(note, Qt.Key.Key_Return)
    meanwhile = "AB's “Reader: pneumonia” was saved in another window meanwhile."
    qtbot.waitUntil(lambda: told() == f"{first.entry.display_name()}: note removed. {meanwhile}")
    assert kept(store, first.entry_id).opinion == Opinion(Decision.PNEUMONIA, None, "", "AB", "")
    window.review.undo()
    qtbot.waitUntil(lambda: told() == f"{first.entry.display_name()}: The note says “X” again.")
    assert kept(store, second.entry_id).decision is Decision.NORMAL


def test_nothing_is_undone_where_nothing_was_written(
    window: MainWindow, elsewhere: Store, folder: Path, qtbot: QtBot
) -> None:
    """The note that the reader saw is another by now: deleting the one leaves the other."""
    read_folder(window, folder, qtbot, 6)
    note, told = window.result.decision.note, window.statusBar().currentMessage
    first = window.queue.model.shown_rows()[0]
    elsewhere.set_note(first.entry_id, "X", "AB")
    look_at(window, 1, qtbot)
    look_at(window, 0, qtbot)
    qtbot.waitUntil(lambda: note.text() == "X")
    elsewhere.set_note(first.entry_id, "Y", "AB")
    note.selectAll()
    qtbot.keyClick(note, Qt.Key.Key_Delete)
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: told() == f"{first.entry.display_name()}: The other window's note is kept.")
    assert note.text() == "Y" and not window.menus.actions["undo"].isEnabled()


def test_a_note_is_told_as_a_note_and_a_decision_as_whose_it_is(
    window: MainWindow, services: Services, elsewhere: Store, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, pane, told = services.store, window.result.decision, window.statusBar().currentMessage
    first = look_at(window, 0, qtbot)
    window.keeper.finish()
    name = first.entry.display_name()
    elsewhere.set_decision(first.entry_id, Decision.PNEUMONIA, "", "AB")
    qtbot.keyClicks(pane.note, "rotated")
    qtbot.keyClick(pane.note, Qt.Key.Key_Return)
    meanwhile = "AB's “Reader: pneumonia” was saved in another window meanwhile."
    qtbot.waitUntil(lambda: told() == f"{name}: note saved. Ctrl+Z takes it back. {meanwhile}")
    pane.initials.selectAll()
    qtbot.keyClicks(pane.initials, "CD")
    qtbot.keyClick(pane.initials, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: told() == f"{name}: initials saved. Ctrl+Z takes them back.")
    elsewhere.set_decision(first.entry_id, None, "rotated")
    qtbot.keyClicks(pane.note, " a little")
    qtbot.keyClick(pane.note, Qt.Key.Key_Return)
    meanwhile = "“Reader: pneumonia” was taken back in another window meanwhile."
    qtbot.waitUntil(lambda: told() == f"{name}: note saved. Ctrl+Z takes it back. {meanwhile}")
    assert kept(store, first.entry_id).opinion[:3] == (None, None, "rotated a little")


def test_a_note_of_another_window_that_comes_while_one_is_typed_is_kept(
    window: MainWindow,
    services: Services,
    elsewhere: Store,
    folder: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The records are slow to answer, or the row is read anew: the field shows what is typed, not what stands there."""
    read_folder(window, folder, qtbot, 6)
    store, note, told = services.store, window.result.decision.note, window.statusBar().currentMessage
    first, second = window.queue.model.shown_rows()[:2]
    look_at(window, 2, qtbot)
    asked, typed = store.opinion, threading.Event()

    def slow(row: Row) -> Opinion:
        typed.wait()
        return asked(row)

    with monkeypatch.context() as patch:
        patch.setattr(store, "opinion", slow)
        elsewhere.set_note(first.entry_id, "right base", "AB")
        window.queue.choose(0)
        qtbot.keyClicks(note, "rotated")
        typed.set()
        window.keeper.finish()
    qtbot.keyClick(note, Qt.Key.Key_Return)
    name, note_kept = first.entry.display_name(), "The other window's note is kept."
    window.keeper.finish()
    assert told() == f"{name}: note saved. Ctrl+Z takes it back. {note_kept}"
    assert kept(store, first.entry_id).note == note.text() == "right base / rotated"

    look_at(window, 1, qtbot)
    window.keeper.finish()
    qtbot.keyClicks(note, "rotated")
    elsewhere.set_note(second.entry_id, "left base", "AB")
    window.queue.add_rows([kept(store, second.entry_id)])
    window.queue.flush()
    qtbot.keyClick(note, Qt.Key.Key_Return)
    window.keeper.finish()
    assert kept(store, second.entry_id).note == note.text() == "left base / rotated"


def test_looking_at_a_long_note_writes_nothing(
    window: MainWindow, services: Services, elsewhere: Store, folder: Path, qtbot: QtBot
) -> None:
    """Two windows' notes on one film are longer together than what is typed."""
    read_folder(window, folder, qtbot, 6)
    store, note = services.store, window.result.decision.note
    first = look_at(window, 0, qtbot)
    window.keeper.finish()
    elsewhere.set_note(first.entry_id, "x" * 600, "AB")
    qtbot.keyClicks(note, "y" * 600)
    window.review.finish_note()
    window.keeper.finish()
    both = f"{'x' * 600} / {'y' * 600}"
    assert kept(store, first.entry_id).note == note.text() == both
    two_utf16_units = "\N{GRINNING FACE}"
    elsewhere.set_note(first.entry_id, two_utf16_units * 1500 + " ", "AB")
    theirs = kept(store, first.entry_id).opinion
    for place in (1, 0, 1):
        look_at(window, place, qtbot)
        window.keeper.finish()
    assert kept(store, first.entry_id).opinion == theirs, "only looked at"


def test_a_letter_typed_and_erased_deletes_no_note_of_another_window(
    window: MainWindow, services: Services, elsewhere: Store, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, note = services.store, window.result.decision.note
    film = look_at(window, 0, qtbot).entry_id
    qtbot.keyClicks(note, "x")
    qtbot.keyClick(note, Qt.Key.Key_Backspace)
    look_at(window, 1, qtbot)
    window.keeper.finish()
    elsewhere.set_note(film, "effusion left", "AB")
    window.queue.add_rows([kept(store, film)])  # as a reading of the list tells of it
    window.queue.flush()
    look_at(window, 0, qtbot)
    qtbot.waitUntil(lambda: note.text() == "effusion left")
    look_at(window, 1, qtbot)
    window.keeper.finish()
    assert kept(store, film).note == "effusion left"


def test_who_types_on_while_anothers_note_is_put_before_the_own_types_behind_it(
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


def test_who_erases_the_own_note_meanwhile_leaves_the_others(
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


def test_who_begins_to_type_after_a_decision_leaves_the_others_note(
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


def test_a_note_that_was_seen_and_is_deleted_in_another_window_is_told(
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
        look_at(window, row, qtbot)
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
        look_at(window, film, qtbot)
        decide()
        window.review.undo()
        window.keeper.finish()
        assert told() == f"{film.entry.display_name()}: {undone}"


def test_undoing_the_second_of_two_equal_decisions_says_that_the_first_stands(
    window: MainWindow, film: Row, qtbot: QtBot
) -> None:
    for _ in range(2):
        look_at(window, film, qtbot)
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
