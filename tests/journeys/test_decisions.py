"""The reader decides by one key, writes notes and takes both back; nothing is decided that nobody has seen."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.decision_pane import can_agree
from pneumo_desktop.gui.export_dialog import ExportChoice, export_to
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.outcomes import outcome_word
from pneumo_desktop.reading.outcome import Outcome, Population
from pneumo_desktop.records.rows import Decision, NewResult, Opinion, Row
from pneumo_desktop.records.store import Store
from tests.using_the_window import kept, look_at, read_folder


def test_one_key_decides_moves_on_and_is_undone(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    first = look_at(window, 0, qtbot)
    window.review.normal()
    following = window.queue.current_row()
    assert following is not None
    assert following.entry_id != first.entry_id

    def decided() -> Decision | None:
        return kept(window._services.store, first.entry_id).decision

    qtbot.waitUntil(lambda: decided() is Decision.NORMAL)
    name = first.entry.display_name()
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == f"{name}: normal. Ctrl+Z takes it back.")
    window.review.undo()
    qtbot.waitUntil(lambda: decided() is None)
    qtbot.waitUntil(lambda: window.queue.current_row() == window.queue.model.row_of(first.entry_id))
    name = first.entry.display_name()
    assert window.statusBar().currentMessage() == f"{name}: The decision “Reader: normal” was taken back."


def test_undo_leaves_what_another_window_decided(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    store, told = window._services.store, window.statusBar().currentMessage
    first, second = [row.entry_id for row in window.queue.model.shown_rows()[:2]]
    other = Store(store.path)
    look_at(window, 0, qtbot)
    window.review.normal()
    qtbot.waitUntil(lambda: kept(store, first).decision is Decision.NORMAL)
    other.set_decision(second, Decision.PNEUMONIA)
    other.set_decision(first, Decision.CANNOT_TELL)
    other.close()
    window.review.undo()
    qtbot.waitUntil(lambda: told().endswith(": taken back. What another window has saved since stands."))
    qtbot.waitUntil(lambda: not window.menus.actions["undo"].isEnabled())
    assert [kept(store, entry_id).decision for entry_id in (first, second)] == [
        Decision.CANNOT_TELL, Decision.PNEUMONIA,
    ]  # fmt: skip


def test_what_another_window_decided_is_shown_where_a_row_is_chosen(
    window: MainWindow, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, pane, model = window._services.store, window.result.decision, window.queue.model
    first, second = model.shown_rows()[:2]
    look_at(window, 1, qtbot)
    other = Store(store.path)
    other.set_decision(first.entry_id, Decision.PNEUMONIA, "right base", "AB")
    other.set_decision(second.entry_id, Decision.NORMAL, "", "AB")
    window.queue.choose(0)
    qtbot.waitUntil(lambda: pane.saved.text() == "Saved: Reader: pneumonia AB")
    assert pane.note_text() == "right base" and model.row_of(first.entry_id) == kept(store, first.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    assert kept(store, first.entry_id).opinion == Opinion(Decision.NORMAL, None, "right base", "", "AB")
    other.set_note(first.entry_id, "both bases", "")
    other.close()
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
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, told = window._services.store, window.statusBar().currentMessage
    first = look_at(window, 0, qtbot)
    window.keeper._background.wait()
    other = Store(store.path)
    other.set_decision(first.entry_id, Decision.PNEUMONIA, "right base", "AB")
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
    window.keeper._background.wait()
    other.set_decision(second.entry_id, Decision.CANNOT_TELL)
    other.close()
    window.review.normal()
    qtbot.waitUntil(lambda: "It replaces “Reader: cannot tell”, saved in another window." in told())


def test_deleting_a_note_beside_which_another_window_decided_deletes_it_and_takes_back_nothing_else(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, note, told = window._services.store, window.result.decision.note, window.statusBar().currentMessage
    first, second = window.queue.model.shown_rows()[:2]
    look_at(window, 1, qtbot)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    other = Store(store.path)
    other.set_note(first.entry_id, "X", "AB")
    look_at(window, 0, qtbot)
    qtbot.waitUntil(lambda: note.text() == "X")
    other.set_decision(first.entry_id, Decision.PNEUMONIA, "X", "AB")
    note.selectAll()
    qtbot.keyClick(note, Qt.Key.Key_Delete)
    qtbot.keyClick(note, Qt.Key.Key_Return)
    meanwhile = "AB's “Reader: pneumonia” was saved in another window meanwhile."
    qtbot.waitUntil(lambda: told() == f"{first.entry.display_name()}: note removed. {meanwhile}")
    assert kept(store, first.entry_id).opinion == Opinion(Decision.PNEUMONIA, None, "", "AB", "")
    window.review.undo()
    qtbot.waitUntil(lambda: told() == f"{first.entry.display_name()}: The note says “X” again.")
    assert kept(store, second.entry_id).decision is Decision.NORMAL
    other.close()


def test_nothing_is_undone_where_nothing_was_written(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    """The note that the reader saw is another by now: deleting the one leaves the other."""
    read_folder(window, folder, qtbot, 6)
    store, note, told = window._services.store, window.result.decision.note, window.statusBar().currentMessage
    first = window.queue.model.shown_rows()[0]
    other = Store(store.path)
    other.set_note(first.entry_id, "X", "AB")
    look_at(window, 1, qtbot)
    look_at(window, 0, qtbot)
    qtbot.waitUntil(lambda: note.text() == "X")
    other.set_note(first.entry_id, "Y", "AB")
    other.close()
    note.selectAll()
    qtbot.keyClick(note, Qt.Key.Key_Delete)
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: told() == f"{first.entry.display_name()}: The other window's note is kept.")
    assert note.text() == "Y" and not window.menus.actions["undo"].isEnabled()


def test_a_note_is_told_as_a_note_and_a_decision_as_whose_it_is(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    store, pane, told = window._services.store, window.result.decision, window.statusBar().currentMessage
    first = look_at(window, 0, qtbot)
    window.keeper._background.wait()
    name = first.entry.display_name()
    other = Store(store.path)
    other.set_decision(first.entry_id, Decision.PNEUMONIA, "", "AB")
    qtbot.keyClicks(pane.note, "rotated")
    qtbot.keyClick(pane.note, Qt.Key.Key_Return)
    meanwhile = "AB's “Reader: pneumonia” was saved in another window meanwhile."
    qtbot.waitUntil(lambda: told() == f"{name}: note saved. Ctrl+Z takes it back. {meanwhile}")
    pane.initials.selectAll()
    qtbot.keyClicks(pane.initials, "CD")
    qtbot.keyClick(pane.initials, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: told() == f"{name}: initials saved. Ctrl+Z takes them back.")
    other.set_decision(first.entry_id, None, "rotated")
    other.close()
    qtbot.keyClicks(pane.note, " a little")
    qtbot.keyClick(pane.note, Qt.Key.Key_Return)
    meanwhile = "“Reader: pneumonia” was taken back in another window meanwhile."
    qtbot.waitUntil(lambda: told() == f"{name}: note saved. Ctrl+Z takes it back. {meanwhile}")
    assert kept(store, first.entry_id).opinion[:3] == (None, None, "rotated a little")


def test_a_note_of_another_window_that_comes_while_one_is_typed_is_kept(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are slow to answer, or the row is read anew: the field shows what is typed, not what stands there."""
    read_folder(window, folder, qtbot, 6)
    store, note, told = window._services.store, window.result.decision.note, window.statusBar().currentMessage
    first, second = window.queue.model.shown_rows()[:2]
    look_at(window, 2, qtbot)
    other, asked, typed = Store(store.path), store.opinion, threading.Event()

    def slow(row: Row) -> Opinion:
        typed.wait()
        return asked(row)

    with monkeypatch.context() as patch:
        patch.setattr(store, "opinion", slow)
        other.set_note(first.entry_id, "right base", "AB")
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
    other.set_note(second.entry_id, "left base", "AB")
    other.close()
    window.queue.add_rows([kept(store, second.entry_id)])
    window.queue.flush()
    qtbot.keyClick(note, Qt.Key.Key_Return)
    window.keeper.finish()
    assert kept(store, second.entry_id).note == note.text() == "left base / rotated"


def test_looking_at_a_long_note_writes_nothing(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    """Two windows' notes on one film are longer together than what is typed."""
    read_folder(window, folder, qtbot, 6)
    store, note = window._services.store, window.result.decision.note
    first = look_at(window, 0, qtbot)
    window.keeper.finish()
    other = Store(store.path)
    other.set_note(first.entry_id, "x" * 600, "AB")
    qtbot.keyClicks(note, "y" * 600)
    window.review.finish_note()
    window.keeper.finish()
    both = f"{'x' * 600} / {'y' * 600}"
    assert kept(store, first.entry_id).note == note.text() == both
    other.set_note(
        first.entry_id, "\N{GRINNING FACE}" * 1500 + " ", "AB"
    )  # two units of UTF-16 each, and a space behind
    theirs = kept(store, first.entry_id).opinion
    other.close()
    for place in (1, 0, 1):
        look_at(window, place, qtbot)
        window.keeper.finish()
    assert kept(store, first.entry_id).opinion == theirs, "only looked at"


def test_what_cannot_be_done_is_grey_and_says_why(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    result, undo_action = window.result, window.menus.actions["undo"]
    fields = (*result.decision.buttons.values(), result.decision.note, result.decision.initials)
    assert not any(field.isEnabled() for field in fields)
    assert {field.toolTip() for field in fields} == {"Choose a radiograph in the list first."}
    assert not result.decision.undo.isEnabled() and not undo_action.isEnabled()
    assert result.decision.undo.toolTip() == "Nothing has been decided in this sitting."
    read_folder(window, folder, qtbot, 6)
    look_at(window, 0, qtbot)
    assert all(
        field.isEnabled()
        for field in (result.decision.note, result.decision.initials, result.decision.buttons[Decision.NORMAL])
    )
    assert not result.decision.note.toolTip()
    assert not result.decision.undo.isEnabled()
    window.review.normal()
    assert result.decision.undo.isEnabled() and undo_action.isEnabled(), "a quick Ctrl+Z is not lost"
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    window.clear_list()
    assert result.decision.undo.isEnabled() and undo_action.isEnabled(), (
        "whatever is listed: it is taken back where it was"
    )
    assert not result.decision.note.isEnabled() and not result.decision.initials.isEnabled()
    result.decision.undo.click()
    qtbot.waitUntil(lambda: not result.decision.undo.isEnabled() and not undo_action.isEnabled())


def test_without_a_verdict_nobody_agrees(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    places = range(window.queue.model.rowCount())
    refused = next(place for place in places if not can_agree(look_at(window, place, qtbot).judgement))
    look_at(window, refused, qtbot)
    button = window.result.decision.buttons[Decision.AGREE]
    assert (button.isEnabled(), button.toolTip()) == (False, "There is no verdict to agree with.")


def test_the_focus_of_what_is_gone_goes_to_the_list(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    """Never to the button or field that comes next: the next key would decide, or be typed into the filter."""
    read_folder(window, folder, qtbot, 6)
    window.activateWindow()
    rows, buttons = window.queue.model.shown_rows(), window.result.decision.buttons
    refused = next(place for place, row in enumerate(rows) if place and not can_agree(row.judgement))
    look_at(window, refused - 1, qtbot)
    buttons[Decision.AGREE].setFocus()
    qtbot.keyClick(buttons[Decision.AGREE], Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.review.seen and window.review.current == rows[refused])
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    assert window.focusWidget() is window.queue.table
    qtbot.keyClick(window.queue.table, Qt.Key.Key_Space)
    assert not window.keeper.undecided, "Space decides nothing there"
    question = window.population_question
    question.answers[Population.NOT_KNOWN].setFocus()
    qtbot.mouseClick(question.answers[Population.NOT_KNOWN], Qt.MouseButton.LeftButton)
    assert not question.isVisible() and window.focusWidget() is window.queue.table
    for offer in (window.offer, window.model_offer, window.evaluate_offer, window.training_offer):
        offer.ask(lambda: ("?", "yes", "no"))
        offer.no.setFocus()
        qtbot.mouseClick(offer.no, Qt.MouseButton.LeftButton)
        assert not offer.isVisible() and window.focusWidget() is window.queue.table
    window.queue.filter_box.setFocus()
    qtbot.keyClick(window.queue.filter_box, Qt.Key.Key_Tab)
    assert window.focusWidget() is window.queue.show_box, "Tab goes where it always went"


def test_undoing_a_note_says_that_it_was_the_note(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.choose(0)
    row = window.queue.current_row()
    assert row is not None
    name, told = row.entry.display_name(), window.statusBar().currentMessage
    for note in ("seen", " twice"):
        qtbot.keyClicks(window.result.decision.note, note)
        qtbot.keyClick(window.result.decision.note, Qt.Key.Key_Return)
    window.review.undo()
    qtbot.waitUntil(lambda: told() == f"{name}: The note says “seen” again.")
    window.choose_language("es")
    window.review.undo()
    qtbot.waitUntil(lambda: told() == f"{name}: Se deshizo la nota.")


def test_a_decision_is_signed_with_the_initials_that_were_typed(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    store, initials, keeper = window._services.store, window.result.decision.initials, window.keeper
    first, second, third = [row.entry_id for row in window.queue.model.shown_rows()[:3]]

    def look(entry_id: int) -> None:
        window.queue.choose_entry(entry_id)
        qtbot.waitUntil(lambda: window.review.seen)

    def sign(entry_id: int, name: str) -> None:
        look(entry_id)
        qtbot.keyClicks(initials, name)
        window.review.pneumonia()
        qtbot.waitUntil(lambda: not keeper.undecided)

    sign(first, "CD")
    look(second)
    initials.selectAll()
    qtbot.keyClicks(initials, "AB")
    look(first)
    assert initials.text() == "CD"
    qtbot.keyClicks(window.result.decision.note, "seen by both")
    look(third)
    assert initials.text() == "AB"
    sign(third, "")
    assert kept(store, third).initials == "AB"
    assert kept(store, first).opinion == Opinion(Decision.PNEUMONIA, None, "seen by both", "CD", "AB"), (
        "still CD's decision, and AB's note"
    )
    look(first)
    qtbot.waitUntil(lambda: window.result.decision.saved.text() == "Saved: Reader: pneumonia CD · Note by AB")
    assert window.result.decision.note.toolTip() == "Note by AB", "where a low window leaves that out"
    look(third)
    sign(first, "")
    assert kept(store, first).initials == "AB", "decided anew"


def test_the_first_note_of_a_sitting_bears_the_initials_that_are_typed_after_it(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, pane = window._services.store, window.result.decision
    first = look_at(window, 0, qtbot)
    window.activateWindow()
    pane.note.setFocus()
    qtbot.keyClicks(pane.note, "rotated")
    qtbot.keyClick(pane.note, Qt.Key.Key_Tab)
    assert window.focusWidget() is pane.initials
    qtbot.keyClicks(pane.initials, "CD")
    qtbot.keyClick(pane.initials, Qt.Key.Key_Return)
    window.review.normal()
    window.keeper.finish()
    assert kept(store, first.entry_id).opinion == Opinion(Decision.NORMAL, None, "rotated", "CD", "CD")


def test_looking_at_a_decision_signs_nothing_with_its_initials(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    store, pane = window._services.store, window.result.decision
    first, second = [row.entry_id for row in window.queue.model.shown_rows()[:2]]
    window.keeper.decide(kept(store, first), Decision.NORMAL, "", "CD")
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    window.queue.choose_entry(first)
    assert pane.initials.text() == "CD"
    window.queue.choose_entry(second)
    assert pane.initials.text() == ""
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.pneumonia()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    assert (kept(store, second).decision, kept(store, second).initials) == (Decision.PNEUMONIA, "")
    window.queue.choose_entry(second)
    qtbot.keyClicks(pane.initials, "AB")
    window.queue.choose_entry(first)
    window.queue.choose_entry(second)
    window.review.undo()
    qtbot.waitUntil(lambda: window.statusBar().currentMessage().endswith("The initials were taken back."))
    window.queue.choose_entry(first)
    window.keeper._background.wait()
    assert kept(store, second).initials == "", "mine were shown there, not written"


def test_an_undone_note_stays_undone(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    store, note = window._services.store, window.result.decision.note
    first, second = [row.entry_id for row in window.queue.model.shown_rows()[:2]]
    told = window.statusBar().currentMessage

    def after_moving(entry_id: int) -> str:
        window.queue.choose_entry(entry_id)
        window.keeper._background.wait()
        return kept(store, first).note

    window.queue.choose_entry(first)
    qtbot.keyClicks(note, "wrong note")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: told().endswith("note saved. Ctrl+Z takes it back."))
    qtbot.keyClick(window.queue.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: told().endswith("The note was taken back."))
    assert note.text() == ""
    assert after_moving(second) == ""
    assert after_moving(first) == ""
    assert note.text() == ""

    qtbot.keyClicks(note, "wrong again")  # undone before it is told to be saved, and from another row
    assert after_moving(second) == "wrong again"
    window.review.undo()
    qtbot.waitUntil(lambda: window.queue.current_row() == window.queue.model.row_of(first))
    assert note.text() == ""
    assert after_moving(second) == ""

    window.queue.choose_entry(first)
    qtbot.keyClicks(note, "quick")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    window.review.undo()
    assert after_moving(second) == "", "left before the disk has answered"


def test_what_is_being_typed_outlives_a_saving(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    store, note = window._services.store, window.result.decision.note
    row = look_at(window, 0, qtbot)
    qtbot.keyClicks(note, "one")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.keyClicks(note, " two")
    qtbot.waitUntil(lambda: window.statusBar().currentMessage().endswith("note saved. Ctrl+Z takes it back."))
    assert note.text() == "one two"
    window.queue.choose(1)
    qtbot.waitUntil(lambda: kept(store, row.entry_id).note == "one two")


def test_a_note_that_was_not_saved_is_told_of_again(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, note, warned = window._services.store, window.result.decision.note, list[str]()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(QMessageBox, "warning", lambda _parent, _title, text: warned.append(text))
    row = look_at(window, 0, qtbot)
    with monkeypatch.context() as patch:
        patch.setattr(store, "set_note", full)
        qtbot.keyClicks(note, "kept")
        qtbot.keyClick(note, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: bool(warned))
    assert note.text() == "kept"
    window.queue.choose(1)
    qtbot.waitUntil(lambda: kept(store, row.entry_id).note == "kept")


@pytest.mark.parametrize("what", ["decision", "note"])
def test_what_the_disk_refuses_at_closing_is_told_and_the_window_stays(
    what: str, window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, warned, asked, answer = window._services.store, list[str](), list[str](), QMessageBox.StandardButton.No

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    def question(_parent: object, _title: str, text: str, *_: object) -> QMessageBox.StandardButton:
        asked.append(text)
        return answer

    monkeypatch.setattr(QMessageBox, "warning", lambda _parent, _title, text: warned.append(text))
    monkeypatch.setattr(QMessageBox, "question", question)
    row = look_at(window, 0, qtbot)
    with monkeypatch.context() as patch:
        patch.setattr(store, f"set_{what}", full)
        if what == "note":
            qtbot.keyClicks(window.result.decision.note, "kept")
        else:
            window.review.pneumonia()
        assert not window.close()
        assert len(warned) == len(asked) == 1
        named = f"Not recorded:\n{row.entry.display_name()}: {'note' if what == 'note' else 'pneumonia'}\n\n"
        assert warned[0].startswith(named) and asked[0].startswith(named)
        assert window.isVisible() and window.review.current is not None
        if what == "note":
            assert window.result.decision.note.text() == "kept"
        answer = QMessageBox.StandardButton.Yes
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    if what == "decision":
        window.review.pneumonia()  # there is room again
    assert window.close()
    assert len(asked) == 1
    later = kept(Store(store.path), row.entry_id)
    assert (later.note, later.decision) == (("kept", None) if what == "note" else ("", Decision.PNEUMONIA))


def test_closing_names_every_film_that_was_refused_since_the_start_and_not_saved_since(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, warned, asked, answer = window._services.store, list[str](), list[str](), QMessageBox.StandardButton.No

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    def question(_parent: object, _title: str, text: str, *_: object) -> QMessageBox.StandardButton:
        asked.append(text)
        return answer

    monkeypatch.setattr(QMessageBox, "warning", lambda _parent, _title, text: warned.append(text))
    monkeypatch.setattr(QMessageBox, "question", question)
    names = []
    with monkeypatch.context() as patch:
        patch.setattr(store, "set_decision", full)
        for place, decide in enumerate((window.review.pneumonia, window.review.normal), start=1):
            row = look_at(window, place, qtbot)
            names.append(row.entry.display_name())
            decide()
            qtbot.waitUntil(lambda told=place: len(warned) == told)
    assert not window.close(), "nothing new was refused, and both are still not recorded"
    assert asked[-1].split("\n\n")[0].splitlines() == [
        "Not recorded:", f"{names[0]}: pneumonia", f"{names[1]}: normal"
    ]  # fmt: skip
    window.queue.choose(1)
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.cannot_tell()  # there is room again
    assert not window.close()
    assert asked[-1].startswith(f"Not recorded:\n{names[1]}: normal\n\nWhat could not be recorded is lost")
    answer = QMessageBox.StandardButton.Yes
    assert window.close()


def test_closing_warns_of_nothing_that_is_recorded_or_no_longer_wanted(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision is recorded with its image, whichever file was looked at; a note that was deleted again is no loss."""
    read_folder(window, folder, qtbot, 6)
    store, note, model = window._services.store, window.result.decision.note, window.queue.model
    asked = list[str]()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    def question(_parent: object, _title: str, text: str, *_: object) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton.No

    def look(row: Row) -> None:
        window.queue.choose_entry(row.entry_id)
        qtbot.waitUntil(lambda: window.review.seen)
        window.keeper.finish()

    monkeypatch.setattr(QMessageBox, "warning", lambda *_: None)
    monkeypatch.setattr(QMessageBox, "question", question)
    first, twin = [row for row in model.all_rows() if len(model.same_image(row)) == 2]
    alone = next(row for row in model.all_rows() if len(model.same_image(row)) == 1 and can_agree(row.judgement))
    look(first)
    with monkeypatch.context() as patch:
        patch.setattr(store, "set_decision", full)
        patch.setattr(store, "set_note", full)
        window.review.pneumonia()
        window.keeper.finish()
        look(alone)
        qtbot.keyClicks(note, "oops")
        window.review.finish_note()
        window.keeper.finish()
        look(twin)
        qtbot.keyClicks(note, "wanted")
        look(first)
        assert not window.close()
    assert asked[-1].split("\n\n")[0].splitlines() == [
        "Not recorded:", f"{first.entry.display_name()}: pneumonia", f"{alone.entry.display_name()}: note",
        f"{twin.entry.display_name()}: note",
    ], "looking at its twin drops no note"  # fmt: skip
    look(twin)
    assert note.text() == "wanted"
    window.review.pneumonia()  # there is room again
    look(alone)
    assert note.text() == "oops"
    note.selectAll()
    qtbot.keyClick(note, Qt.Key.Key_Delete)
    assert window.close() and len(asked) == 1
    later = Store(store.path)
    assert [kept(later, row.entry_id).opinion[:3] for row in (first, alone)] == [
        (Decision.PNEUMONIA, None, "wanted"), (None, None, ""),
    ]  # fmt: skip
    later.close()


def test_no_key_decides_what_nobody_has_seen(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.clear()
    window.queue.add_rows(window._services.store.rows())
    window.queue.flush()
    assert window.queue.automatic
    window.review.pneumonia()
    assert not window.keeper.undecided
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.pneumonia()
    assert window.keeper.undecided


def test_a_second_quick_key_waits_for_the_second_picture(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    look_at(window, 0, qtbot)
    first, second = [row.entry_id for row in window.queue.model.shown_rows()[:2]]
    window.activateWindow()
    qtbot.keyClick(window.queue.table, Qt.Key.Key_1)
    qtbot.keyClick(window.queue.table, Qt.Key.Key_2)
    assert window.keeper.undecided == {first}
    assert window.review.current is not None and window.review.current.entry_id == second
    refused = "Nothing was decided: this radiograph was not on the screen yet."
    assert window.statusBar().currentMessage() == refused
    assert not window.result.decision.buttons[Decision.NORMAL].isChecked()

    def decided() -> list[Decision | None]:
        return [kept(window._services.store, entry_id).decision for entry_id in (first, second)]

    qtbot.waitUntil(lambda: window.review.seen and not window.keeper.undecided)
    assert decided() == [Decision.PNEUMONIA, None]
    assert window.statusBar().currentMessage().endswith(f": pneumonia. Ctrl+Z takes it back. {refused}")
    qtbot.keyClick(window.queue.table, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: decided() == [Decision.PNEUMONIA, Decision.NORMAL])


def test_an_agreement_is_shown_with_the_verdict_that_it_was_with(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    """The list is read again, and the verdict is another: nobody has agreed with that one."""
    read_folder(window, folder, qtbot, 6)
    store, pane, agree = window._services.store, window.result.decision, window.result.decision.buttons[Decision.AGREE]
    row = next(row for row in window.queue.model.shown_rows() if can_agree(row.judgement))
    assert row.judgement is not None
    before = row.judgement.outcome
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.agree()
    qtbot.waitUntil(lambda: kept(store, row.entry_id).agreed_with is before)
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(agree.isChecked)
    other = next(outcome for outcome in (Outcome.LIKELY_NORMAL, Outcome.LIKELY_PNEUMONIA) if outcome is not before)
    judgement = dataclasses.replace(row.judgement, outcome=other, model_sha256="another model")
    told = store.told_population(row.entry_id)
    window.queue.add_rows(store.save_results([NewResult(row.entry_id, row.entry.frame, row.sha256, judgement, told)]))
    qtbot.waitUntil(lambda: not agree.isChecked())
    assert pane.saved.text() == f"Saved: Agreed with “{outcome_word(before)}”"
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.agree()
    qtbot.waitUntil(lambda: kept(store, row.entry_id).agreed_with is other)


def test_a_held_key_decides_once(window: MainWindow) -> None:
    repeating = {name for name, action in window.menus.actions.items() if action.autoRepeat()}
    assert not repeating & {"agree", "pneumonia", "normal", "cannot_tell", "undo"}
    assert {"next", "previous"} <= repeating


def test_an_undoing_is_told_although_its_list_is_closed(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    row = look_at(window, 0, qtbot)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    window.clear_list()
    window.review.undo()
    told = f"{row.entry.display_name()}: The decision “Reader: normal” was taken back."
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == told)
    assert kept(window._services.store, row.entry_id).decision is None


def test_what_is_decided_holds_for_every_file_with_the_image(
    window: MainWindow, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    model = window.queue.model
    names = ("IM-0131-0001.jpeg", "twin.jpg")
    twins = [row.entry_id for row in model.all_rows() if row.entry.path.name in names]
    place = model.place_of(twins[0])
    assert place is not None
    look_at(window, place, qtbot)
    left = model.left_count()
    window.review.cannot_tell()
    current = window.queue.current_row()
    assert current is not None and current.entry_id not in twins
    qtbot.waitUntil(lambda: model.left_count() == left - 2)
    export_to(window, model.all_rows(), tmp_path / "out.json", ExportChoice("json"), window._background)
    qtbot.waitUntil((tmp_path / "out.json").exists)
    results = json.loads((tmp_path / "out.json").read_text("utf-8"))["results"]
    told = {Path(item["file"]).name: item["decision"] for item in results}
    assert [name for name, decision in sorted(told.items()) if decision] == sorted(names)
    assert {told[name] for name in names} == {"cannot_tell"}
    assert sorted(model.all_rows(), key=lambda row: row.entry_id) == window._services.store.rows()
    window.review.undo()
    qtbot.waitUntil(lambda: model.left_count() == left)
    assert sorted(model.all_rows(), key=lambda row: row.entry_id) == window._services.store.rows()


def test_closing_at_once_loses_no_decision(services: Services, folder: Path, qtbot: QtBot) -> None:
    window = MainWindow(services)
    qtbot.addWidget(window)
    read_folder(window, folder, qtbot, 6)
    row = look_at(window, 0, qtbot)
    window.review.cannot_tell()
    window.close()
    assert kept(services.store, row.entry_id).decision is Decision.CANNOT_TELL


def test_a_note_without_a_decision_is_kept(services: Services, folder: Path, qtbot: QtBot) -> None:
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    read_folder(window, folder, qtbot, 6)
    chosen = [row.entry_id for row in window.queue.model.shown_rows()[:3]]
    window.queue.choose(0)
    qtbot.keyClicks(window.result.decision.note, "ask again")
    qtbot.keyClick(window.result.decision.note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.statusBar().currentMessage().endswith("note saved. Ctrl+Z takes it back."))
    window.queue.choose(1)  # neither entered nor left: the note goes with the row
    qtbot.keyClicks(window.result.decision.note, "turned")
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.pneumonia()
    qtbot.keyClicks(window.result.decision.note, "typed when the window was closed")
    window.close()
    rows = [kept(services.store, entry_id) for entry_id in chosen]
    assert [(row.decision, row.note) for row in rows] == [
        (None, "ask again"), (Decision.PNEUMONIA, "turned"), (None, "typed when the window was closed"),
    ]  # fmt: skip
    services.store.undo_decision()
    services.store.undo_decision()  # no write beside the decision: the second one takes it back
    assert kept(services.store, chosen[1]).decision is None
    again = MainWindow(services)
    qtbot.addWidget(again)
    again.show_list(kept(services.store, chosen[0]).queue_id)
    qtbot.waitUntil(lambda: again.queue.model.rowCount() == 6)
    again.queue.choose_entry(chosen[0])
    assert again.result.decision.note_text() == "ask again"
    again.close()
