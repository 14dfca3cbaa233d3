"""The reader decides by one key, writes notes and takes both back; nothing is decided that nobody has seen."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.decision_pane import can_agree
from pneumo_desktop.gui.export_dialog import ExportChoice, export_to
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.outcomes import outcome_word
from pneumo_desktop.reading.outcome import Outcome, Population
from pneumo_desktop.records.rows import Decision, NewResult, Opinion, Row
from tests.using_the_window import kept, look_at, open_window, read_folder


def test_one_key_decides_moves_on_and_is_undone(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    first = look_at(window, 0, qtbot)
    window.review.normal()
    following = window.queue.current_row()
    assert following is not None
    assert following.entry_id != first.entry_id

    def decided() -> Decision | None:
        return kept(services.store, first.entry_id).decision

    qtbot.waitUntil(lambda: decided() is Decision.NORMAL)
    name = first.entry.display_name()
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == f"{name}: normal. Ctrl+Z takes it back.")
    window.review.undo()
    qtbot.waitUntil(lambda: decided() is None)
    qtbot.waitUntil(lambda: window.queue.current_row() == window.queue.model.row_of(first.entry_id))
    name = first.entry.display_name()
    assert window.statusBar().currentMessage() == f"{name}: The decision “Reader: normal” was taken back."


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
    window.appearance.choose_language("es")
    window.review.undo()
    qtbot.waitUntil(lambda: told() == f"{name}: Se deshizo la nota.")


def test_a_decision_is_signed_with_the_initials_that_were_typed(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, initials, keeper = services.store, window.result.decision.initials, window.keeper
    first, second, third = window.queue.model.shown_rows()[:3]

    def sign(film: Row, name: str) -> None:
        look_at(window, film, qtbot)
        qtbot.keyClicks(initials, name)
        window.review.pneumonia()
        qtbot.waitUntil(lambda: not keeper.undecided)

    sign(first, "CD")
    look_at(window, second, qtbot)
    initials.selectAll()
    qtbot.keyClicks(initials, "AB")
    look_at(window, first, qtbot)
    assert initials.text() == "CD"
    qtbot.keyClicks(window.result.decision.note, "seen by both")
    look_at(window, third, qtbot)
    assert initials.text() == "AB"
    sign(third, "")
    assert kept(store, third.entry_id).initials == "AB"
    assert kept(store, first.entry_id).opinion == Opinion(Decision.PNEUMONIA, None, "seen by both", "CD", "AB"), (
        "still CD's decision, and AB's note"
    )
    look_at(window, first, qtbot)
    qtbot.waitUntil(lambda: window.result.decision.saved.text() == "Saved: Reader: pneumonia CD · Note by AB")
    assert window.result.decision.note.toolTip() == "Note by AB", "where a low window leaves that out"
    look_at(window, third, qtbot)
    sign(first, "")
    assert kept(store, first.entry_id).initials == "AB", "decided anew"


def test_the_first_note_of_a_sitting_bears_the_initials_that_are_typed_after_it(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, pane = services.store, window.result.decision
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


def test_looking_at_a_decision_signs_nothing_with_its_initials(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, pane = services.store, window.result.decision
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
    window.keeper.finish()
    assert kept(store, second).initials == "", "mine were shown there, not written"


def test_an_undone_note_stays_undone(window: MainWindow, services: Services, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    store, note = services.store, window.result.decision.note
    first, second = [row.entry_id for row in window.queue.model.shown_rows()[:2]]
    told = window.statusBar().currentMessage

    def after_moving(entry_id: int) -> str:
        window.queue.choose_entry(entry_id)
        window.keeper._background.wait()  # for the disk, not for what is told of it
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


def test_what_is_being_typed_outlives_a_saving(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    store, note = services.store, window.result.decision.note
    row = look_at(window, 0, qtbot)
    qtbot.keyClicks(note, "one")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.keyClicks(note, " two")
    qtbot.waitUntil(lambda: window.statusBar().currentMessage().endswith("note saved. Ctrl+Z takes it back."))
    assert note.text() == "one two"
    window.queue.choose(1)
    qtbot.waitUntil(lambda: kept(store, row.entry_id).note == "one two")


def test_no_key_decides_what_nobody_has_seen(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.clear()
    window.queue.add_rows(services.store.rows())
    window.queue.flush()
    assert window.queue.automatic
    window.review.pneumonia()
    assert not window.keeper.undecided
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.pneumonia()
    assert window.keeper.undecided


def test_a_second_quick_key_waits_for_the_second_picture(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
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
        return [kept(services.store, entry_id).decision for entry_id in (first, second)]

    qtbot.waitUntil(lambda: window.review.seen and not window.keeper.undecided)
    assert decided() == [Decision.PNEUMONIA, None]
    assert window.statusBar().currentMessage().endswith(f": pneumonia. Ctrl+Z takes it back. {refused}")
    qtbot.keyClick(window.queue.table, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: decided() == [Decision.PNEUMONIA, Decision.NORMAL])


def test_an_agreement_is_shown_with_the_verdict_that_it_was_with(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    """The list is read again, and the verdict is another: nobody has agreed with that one."""
    read_folder(window, folder, qtbot, 6)
    store, pane, agree = services.store, window.result.decision, window.result.decision.buttons[Decision.AGREE]
    row = next(row for row in window.queue.model.shown_rows() if can_agree(row.judgement))
    assert row.judgement is not None
    before = row.judgement.outcome
    look_at(window, row, qtbot)
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


def test_an_undoing_is_told_although_its_list_is_closed(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    row = look_at(window, 0, qtbot)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    window.clear_list()
    window.review.undo()
    told = f"{row.entry.display_name()}: The decision “Reader: normal” was taken back."
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == told)
    assert kept(services.store, row.entry_id).decision is None


def test_what_is_decided_holds_for_every_file_with_the_image(
    window: MainWindow, services: Services, folder: Path, tmp_path: Path, qtbot: QtBot
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
    assert sorted(model.all_rows(), key=lambda row: row.entry_id) == services.store.rows()
    window.review.undo()
    qtbot.waitUntil(lambda: model.left_count() == left)
    assert sorted(model.all_rows(), key=lambda row: row.entry_id) == services.store.rows()


def test_closing_at_once_loses_no_decision(services: Services, folder: Path, qtbot: QtBot) -> None:
    window = MainWindow(services)
    qtbot.addWidget(window)
    read_folder(window, folder, qtbot, 6)
    row = look_at(window, 0, qtbot)
    window.review.cannot_tell()
    window.close()
    assert kept(services.store, row.entry_id).decision is Decision.CANNOT_TELL


def test_a_note_without_a_decision_is_kept(services: Services, folder: Path, qtbot: QtBot) -> None:
    window = open_window(services, qtbot)
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
