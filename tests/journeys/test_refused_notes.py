"""A note that was typed and is not on the disk stays with the film that it was typed on."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.records.store import Store
from tests.using_the_window import FIXTURES, kept, read_folder

FILM, OTHER = "person1_bacteria_1.jpeg", "IM-0152-0001.jpeg"
Choose = Callable[[int], Row]


@pytest.fixture(autouse=True)
def closes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody closes the window although it warns."""
    monkeypatch.setattr(QMessageBox, "question", lambda *_box: QMessageBox.StandardButton.Yes)


@pytest.fixture
def choose(window: MainWindow, qtbot: QtBot) -> Choose:
    """Chooses an entry, and waits for its picture and for what is on its way to the disk."""

    def chosen(entry_id: int) -> Row:
        window.queue.choose_entry(entry_id)
        qtbot.waitUntil(lambda: window.review.seen)
        window.keeper.finish()
        row = window.review.current
        assert row is not None
        return row

    return chosen


@contextmanager
def _full_disk(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refused(*_arguments: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(store, "set_note", refused)
        patch.setattr("pneumo_desktop.gui.main_window.warn", lambda *_words: None)
        yield


def _rows(window: MainWindow) -> dict[str, Row]:
    return {row.entry.path.name: row for row in window.queue.model.all_rows()}


def test_a_decision_on_the_twin_leaves_it_typed_and_warned_of(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, choose: Choose
) -> None:
    shutil.copyfile(folder / FILM, folder / "copy.jpeg")
    read_folder(window, folder, qtbot, 7)
    film, twin, other = (_rows(window)[name].entry_id for name in (FILM, "copy.jpeg", OTHER))
    choose(film)
    with _full_disk(services.store, monkeypatch):
        qtbot.keyClicks(window.result.decision.note, "abc")
        choose(other)
    choose(twin)
    window.review.pneumonia()
    qtbot.waitUntil(lambda: kept(services.store, twin).decision is Decision.PNEUMONIA)
    assert not window.keeper.finish(), "closing warns of it"
    choose(film)
    assert window.result.decision.note_text() == "abc"
    choose(other)
    qtbot.waitUntil(lambda: kept(services.store, film).note == "abc")
    assert window.keeper.finish()


def test_undoing_a_decision_leaves_what_was_typed_after_it(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, choose: Choose
) -> None:
    read_folder(window, folder, qtbot, 6)
    film, other = (_rows(window)[name].entry_id for name in (FILM, OTHER))
    choose(film)
    window.review.pneumonia()
    qtbot.waitUntil(lambda: kept(services.store, film).decision is Decision.PNEUMONIA)
    choose(film)
    with _full_disk(services.store, monkeypatch):
        qtbot.keyClicks(window.result.decision.note, "abc")
        choose(other)
        window.review.undo()
        qtbot.waitUntil(lambda: kept(services.store, film).decision is None)
        choose(film)
        assert window.result.decision.note_text() == "abc"
        choose(other)


def test_it_is_not_written_on_the_image_that_the_file_holds_now(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, choose: Choose
) -> None:
    read_folder(window, folder, qtbot, 6)
    film, other = (_rows(window)[name] for name in (FILM, OTHER))
    choose(film.entry_id)
    with _full_disk(services.store, monkeypatch):
        qtbot.keyClicks(window.result.decision.note, "abc")
        choose(other.entry_id)
    shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", film.entry.path)
    window.reading.changed_files.read_again(film)
    qtbot.waitUntil(lambda: kept(services.store, film.entry_id).sha256 != film.sha256)
    window.queue.flush()
    qtbot.waitUntil(lambda: _rows(window)[FILM].sha256 != film.sha256)
    choose(film.entry_id)
    assert window.result.decision.note_text() == ""
    choose(other.entry_id)
    assert services.store.opinion(kept(services.store, film.entry_id)).note == ""
    assert not window.keeper.finish(), "closing warns of it"


def test_a_letter_typed_and_erased_deletes_no_note_of_another_window(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot, choose: Choose
) -> None:
    read_folder(window, folder, qtbot, 6)
    film, other = (_rows(window)[name].entry_id for name in (FILM, OTHER))
    choose(film)
    note = window.result.decision.note
    qtbot.keyClicks(note, "x")
    qtbot.keyClick(note, Qt.Key.Key_Backspace)
    choose(other)
    elsewhere = Store(services.store.path)
    elsewhere.set_note(film, "effusion left", "AB")
    elsewhere.close()
    window.queue.add_rows([kept(services.store, film)])  # as a reading of the list tells of it
    window.queue.flush()
    choose(film)
    qtbot.waitUntil(lambda: note.text() == "effusion left")
    choose(other)
    assert kept(services.store, film).note == "effusion left"
