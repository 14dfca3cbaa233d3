"""A file that another program replaces while its row is in the list: the row says so, and nothing that was typed is lost."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.export_dialog import ExportChoice, ExportDialog
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.row_words import below_outcome
from pneumo_desktop.gui.thumbnails import make_thumbnail
from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError
from pneumo_desktop.reading.outcome import Outcome
from pneumo_desktop.records.rows import Decision
from tests.using_the_window import (
    FILM,
    OTHER,
    kept,
    look_at,
    look_at_film,
    named,
    outcome_shown,
    read_folder,
    replace_file,
)

TOLD = "This file has changed since it was read. Read it again."


def _look_at_thumbnails_again(window: MainWindow) -> None:
    window.queue.thumbnails.clear()
    window.queue.table.viewport().update()


def _is_held(window: MainWindow) -> bool:
    pane = window.result.decision
    fields = (*pane.buttons.values(), pane.note, pane.initials)
    return {(field.isEnabled(), field.toolTip()) for field in fields} == {(False, TOLD)}


def test_a_film_put_in_anothers_place_is_neither_shown_nor_decided(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    """A machine that names its films anew every day: yesterday's list, today's file."""
    read_folder(window, folder, qtbot, 6)
    for place in range(window.queue.model.rowCount()):
        look_at(window, place, qtbot)
    row, other = named(window, FILM), named(window, OTHER)
    look_at(window, other, qtbot)
    replace_file(row)
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.changed)
    assert window.viewer.snapshot() is None, "no film and no heat map"
    assert window.viewer.canvas.message == f"{row.entry.display_name()}\n\n{TOLD}"
    listed = window.queue.model.row_of(row.entry_id)
    assert listed is not None and listed.judgement is not None, "the list shows no verdict beside this file"
    assert (listed.judgement.outcome, listed.judgement.score) == (Outcome.NOT_ANALYSED, None)
    assert below_outcome(listed) == "changed since it was read"
    assert window.result.why.text() == TOLD
    assert kept(services.store, row.entry_id).judgement == row.judgement, "the records keep it"
    assert _is_held(window)
    window.review.pneumonia()
    assert not window.keeper.undecided
    assert window.statusBar().currentMessage() == TOLD
    look_at(window, other, qtbot)
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.changed)
    window.reading.read_again()
    qtbot.waitUntil(lambda: window.review.seen and not window.active_runs())
    assert window.viewer.snapshot() is not None and not window.review.changed
    window.review.pneumonia()
    qtbot.waitUntil(lambda: kept(services.store, row.entry_id).decision is Decision.PNEUMONIA)
    assert kept(services.store, row.entry_id).sha256 != row.sha256


def test_a_file_that_is_not_chosen_and_has_changed_has_no_verdict_in_the_list_once_it_is_seen(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    qtbot.waitUntil(window.queue.thumbnails.idle)
    first, other = look_at(window, 0, qtbot), window.queue.model.row_at(3)
    was = other.entry.path.read_bytes()
    shutil.copyfile(first.entry.path, other.entry.path)
    _look_at_thumbnails_again(window)  # as in another sitting
    qtbot.waitUntil(lambda: outcome_shown(window, other) is Outcome.NOT_ANALYSED)
    assert window.queue.thumbnails.get(other) is None
    assert window.review.current is not None and window.review.current.entry_id == first.entry_id
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: window.review.changed)
    assert not window.result.decision.note.isEnabled()
    look_at(window, first, qtbot)
    assert window.result.decision.note.isEnabled()

    other.entry.path.write_bytes(was)
    window.queue.choose_entry(other.entry_id)
    assert other.judgement is not None
    qtbot.waitUntil(lambda: outcome_shown(window, other) is other.judgement.outcome)
    assert window.review.seen and window.result.decision.note.isEnabled()
    qtbot.waitUntil(lambda: window.queue.thumbnails.get(other) is not None)


def test_a_change_that_the_thumbnail_notices_takes_the_film_from_the_screen_and_keeps_the_typed_note(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    row, other = look_at_film(window, folder, qtbot), named(window, OTHER)
    qtbot.keyClicks(window.result.decision.note, "typed before")
    replace_file(row)
    _look_at_thumbnails_again(window)
    qtbot.waitUntil(lambda: outcome_shown(window, row) is Outcome.NOT_ANALYSED)
    assert window.review.changed and not window.review.seen
    assert window.viewer.snapshot() is None, "the old film does not stand beside a row that says it changed"
    assert _is_held(window)
    assert window.result.decision.note.text() == "typed before"
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: kept(services.store, row.entry_id).note == "typed before")
    qtbot.waitUntil(lambda: window.review.seen)
    listed = window.queue.model.row_of(row.entry_id)
    assert listed is not None and listed.note == "typed before"
    assert outcome_shown(window, row) is Outcome.NOT_ANALYSED, "saving the note brings no verdict back"
    assert kept(services.store, row.entry_id).judgement == row.judgement, "the records keep it"


def test_an_export_says_what_the_records_say_of_a_film_that_changed(
    window: MainWindow, folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is exported does not depend on which rows somebody looked at."""
    row = look_at_film(window, folder, qtbot)
    replace_file(row)
    _look_at_thumbnails_again(window)
    qtbot.waitUntil(lambda: outcome_shown(window, row) is Outcome.NOT_ANALYSED)
    path = tmp_path / "out.json"
    monkeypatch.setattr(ExportDialog, "exec", lambda _dialog: 1)
    monkeypatch.setattr(ExportDialog, "choice", lambda _dialog: ExportChoice("json"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    window.files.export_results()
    qtbot.waitUntil(lambda: path.exists() and window.statusBar().currentMessage().endswith("out.json."))
    results = {Path(item["file"]).name: item for item in json.loads(path.read_text("utf-8"))["results"]}
    assert len(results) == window.queue.model.counts()[1]
    assert row.judgement is not None
    told = results[row.entry.path.name]
    assert (told["outcome"], told["sha256"]) == (row.judgement.outcome.value, row.sha256)


def test_a_note_that_is_being_typed_when_the_file_changes_is_finished(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    """Its letters would be keys anywhere else."""
    row = look_at_film(window, folder, qtbot)
    note, table = window.result.decision.note, window.queue.table
    window.activateWindow()
    note.setFocus()
    qtbot.keyClicks(note, "nodule ")
    replace_file(row)
    window.review.changed_on_disk(row)
    assert window.focusWidget() is note
    qtbot.keyClicks(note, "12 mm a l")
    assert not window.result.decision.buttons[Decision.NORMAL].isEnabled()
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: kept(services.store, row.entry_id).note == "nodule 12 mm a l")
    assert window.focusWidget() is table and _is_held(window), "then no other is begun"


def test_taking_back_what_was_decided_of_a_film_that_changed_brings_no_verdict_back(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    row, other = look_at_film(window, folder, qtbot), named(window, OTHER)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    look_at(window, other, qtbot)
    replace_file(row)
    _look_at_thumbnails_again(window)
    qtbot.waitUntil(lambda: outcome_shown(window, row) is Outcome.NOT_ANALYSED)
    shown: list[Outcome | None] = []
    window.queue.model.dataChanged.connect(lambda *_: shown.append(outcome_shown(window, row)))
    window.review.undo()
    qtbot.waitUntil(lambda: kept(services.store, row.entry_id).decision is None)
    qtbot.waitUntil(lambda: window.review.changed)
    listed = window.queue.model.row_of(row.entry_id)
    assert listed is not None and listed.decision is None
    assert set(shown) == {Outcome.NOT_ANALYSED}, "not even for a moment"


def test_a_change_that_the_tags_notice_is_told_in_the_row(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    row = look_at_film(window, folder, qtbot)
    replace_file(row)
    window.viewer.tags_wanted.emit()
    qtbot.waitUntil(lambda: outcome_shown(window, row) is Outcome.NOT_ANALYSED)
    assert window.review.changed and window.viewer.snapshot() is None and _is_held(window)


def test_a_changed_file_without_a_result_is_not_looked_at_for_ever(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged result is as good as none, but its file was read."""
    row, other = look_at_film(window, folder, qtbot), named(window, OTHER)
    look_at(window, other, qtbot)
    window.queue.take(replace(row, judgement=None, status="waiting"))
    refused: list[Entry] = []

    def told(entry: Entry, side: int, known: str | None) -> QImage:
        try:
            return make_thumbnail(entry, side, known)
        except UnreadableImageError as error:
            if error.code == codes.CHANGED:
                refused.append(entry)
            raise

    monkeypatch.setattr("pneumo_desktop.gui.thumbnails.make_thumbnail", told)
    replace_file(row)
    _look_at_thumbnails_again(window)
    qtbot.waitUntil(lambda: row.entry in refused)
    for _ in range(20):
        window.queue.table.viewport().repaint()
        qtbot.waitUntil(window.queue.thumbnails.idle)
        QCoreApplication.processEvents()
    assert len(refused) == 1
