"""A decision or a note that a full disk refuses stays with the film that it is of, and closing the window warns of it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.decision_pane import can_agree
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.records.store import Store
from tests.using_the_window import FILM, OTHER, kept, look_at, named, read_folder, replace_file

Choose = Callable[[Row], None]
FullDisk = Callable[[], AbstractContextManager[None]]


class Boxes:
    """What the message boxes say, and whether somebody closes the window although it warns."""

    def __init__(self) -> None:
        self.warned, self.asked = list[str](), list[str]()
        self.closes = True

    def warning(self, _parent: object, _title: str, text: str) -> None:
        self.warned.append(text)

    def question(self, _parent: object, _title: str, text: str, *_buttons: object) -> QMessageBox.StandardButton:
        self.asked.append(text)
        return QMessageBox.StandardButton.Yes if self.closes else QMessageBox.StandardButton.No


@pytest.fixture(autouse=True)
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    """Answers every message box: none waits for somebody, not even at a test's end."""
    made = Boxes()
    monkeypatch.setattr(QMessageBox, "warning", made.warning)
    monkeypatch.setattr(QMessageBox, "question", made.question)
    return made


@pytest.fixture
def full_disk(services: Services, monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    """While it lasts, no decision and no note can be written."""

    def refused(*_arguments: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    @contextmanager
    def full() -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(services.store, "set_decision", refused)
            patch.setattr(services.store, "set_note", refused)
            yield

    return full


@pytest.fixture
def choose(window: MainWindow, qtbot: QtBot) -> Choose:
    """Looks at a film, and waits for what is on its way to the disk."""

    def chosen(film: Row) -> None:
        look_at(window, film, qtbot)
        window.keeper.finish()

    return chosen


def test_a_note_that_was_not_saved_is_told_of_again(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot, boxes: Boxes, full_disk: FullDisk
) -> None:
    read_folder(window, folder, qtbot, 6)
    note = window.result.decision.note
    row = look_at(window, 0, qtbot)
    with full_disk():
        qtbot.keyClicks(note, "kept")
        qtbot.keyClick(note, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: bool(boxes.warned))
    assert note.text() == "kept"
    window.queue.choose(1)
    qtbot.waitUntil(lambda: kept(services.store, row.entry_id).note == "kept")


@pytest.mark.parametrize("what", ["decision", "note"])
def test_what_the_disk_refuses_at_closing_is_told_and_the_window_stays(
    what: str, window: MainWindow, elsewhere: Store, folder: Path, qtbot: QtBot, boxes: Boxes, full_disk: FullDisk
) -> None:
    read_folder(window, folder, qtbot, 6)
    boxes.closes = False
    row = look_at(window, 0, qtbot)
    with full_disk():
        if what == "note":
            qtbot.keyClicks(window.result.decision.note, "kept")
        else:
            window.review.pneumonia()
        assert not window.close()
        assert len(boxes.warned) == len(boxes.asked) == 1
        named = f"Not recorded:\n{row.entry.display_name()}: {'note' if what == 'note' else 'pneumonia'}\n\n"
        assert boxes.warned[0].startswith(named) and boxes.asked[0].startswith(named)
        assert window.isVisible() and window.review.current is not None
        if what == "note":
            assert window.result.decision.note.text() == "kept"
    look_at(window, row, qtbot)
    if what == "decision":
        window.review.pneumonia()  # there is room again
    assert window.close() and len(boxes.asked) == 1
    later = kept(elsewhere, row.entry_id)
    assert (later.note, later.decision) == (("kept", None) if what == "note" else ("", Decision.PNEUMONIA))


def test_closing_names_every_film_that_was_refused_since_the_start_and_not_saved_since(
    window: MainWindow, folder: Path, qtbot: QtBot, boxes: Boxes, full_disk: FullDisk
) -> None:
    read_folder(window, folder, qtbot, 6)
    boxes.closes = False
    names = []
    with full_disk():
        for place, decide in enumerate((window.review.pneumonia, window.review.normal), start=1):
            row = look_at(window, place, qtbot)
            names.append(row.entry.display_name())
            decide()
            qtbot.waitUntil(lambda told=place: len(boxes.warned) == told)
    assert not window.close(), "nothing new was refused, and both are still not recorded"
    assert boxes.asked[-1].split("\n\n")[0].splitlines() == [
        "Not recorded:", f"{names[0]}: pneumonia", f"{names[1]}: normal"
    ]  # fmt: skip
    look_at(window, 1, qtbot)
    window.review.cannot_tell()  # there is room again
    assert not window.close()
    assert boxes.asked[-1].startswith(f"Not recorded:\n{names[1]}: normal\n\nWhat could not be recorded is lost")
    boxes.closes = True
    assert window.close()


def test_closing_warns_of_nothing_that_is_recorded_or_no_longer_wanted(
    window: MainWindow, elsewhere: Store, folder: Path, qtbot: QtBot, boxes: Boxes, full_disk: FullDisk, choose: Choose
) -> None:
    """A decision is recorded with its image, whichever file was looked at; a note that was deleted again is no loss."""
    read_folder(window, folder, qtbot, 6)
    note, model = window.result.decision.note, window.queue.model
    boxes.closes = False
    first, twin = [row for row in model.all_rows() if len(model.same_image(row)) == 2]
    alone = next(row for row in model.all_rows() if len(model.same_image(row)) == 1 and can_agree(row.judgement))
    choose(first)
    with full_disk():
        window.review.pneumonia()
        window.keeper.finish()
        choose(alone)
        qtbot.keyClicks(note, "oops")
        window.review.finish_note()
        window.keeper.finish()
        choose(twin)
        qtbot.keyClicks(note, "wanted")
        choose(first)
        assert not window.close()
    assert boxes.asked[-1].split("\n\n")[0].splitlines() == [
        "Not recorded:", f"{first.entry.display_name()}: pneumonia", f"{alone.entry.display_name()}: note",
        f"{twin.entry.display_name()}: note",
    ], "looking at its twin drops no note"  # fmt: skip
    choose(twin)
    assert note.text() == "wanted"
    window.review.pneumonia()  # there is room again
    choose(alone)
    assert note.text() == "oops"
    note.selectAll()
    qtbot.keyClick(note, Qt.Key.Key_Delete)
    assert window.close() and len(boxes.asked) == 1
    assert [kept(elsewhere, row.entry_id).opinion[:3] for row in (first, alone)] == [
        (Decision.PNEUMONIA, None, "wanted"), (None, None, ""),
    ]  # fmt: skip


def test_a_decision_on_the_twin_leaves_it_typed_and_warned_of(
    window: MainWindow,
    services: Services,
    folder: Path,
    qtbot: QtBot,
    boxes: Boxes,
    full_disk: FullDisk,
    choose: Choose,
) -> None:
    shutil.copyfile(folder / FILM, folder / "copy.jpeg")
    read_folder(window, folder, qtbot, 7)
    film, twin, other = (named(window, name) for name in (FILM, "copy.jpeg", OTHER))
    choose(film)
    with full_disk():
        qtbot.keyClicks(window.result.decision.note, "abc")
        choose(other)
    choose(twin)
    window.review.pneumonia()
    qtbot.waitUntil(lambda: kept(services.store, twin.entry_id).decision is Decision.PNEUMONIA)
    boxes.closes = False
    assert not window.close(), "it warns of the note"
    choose(film)
    assert window.result.decision.note_text() == "abc"
    choose(other)
    qtbot.waitUntil(lambda: kept(services.store, film.entry_id).note == "abc")
    assert window.close()


def test_undoing_a_decision_leaves_what_was_typed_after_it(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot, full_disk: FullDisk, choose: Choose
) -> None:
    read_folder(window, folder, qtbot, 6)
    film, other = (named(window, name) for name in (FILM, OTHER))
    choose(film)
    window.review.pneumonia()
    qtbot.waitUntil(lambda: kept(services.store, film.entry_id).decision is Decision.PNEUMONIA)
    choose(film)
    with full_disk():
        qtbot.keyClicks(window.result.decision.note, "abc")
        choose(other)
        window.review.undo()
        qtbot.waitUntil(lambda: kept(services.store, film.entry_id).decision is None)
        choose(film)
        assert window.result.decision.note_text() == "abc"
        choose(other)


def test_it_is_not_written_on_the_image_that_the_file_holds_now(
    window: MainWindow,
    services: Services,
    folder: Path,
    qtbot: QtBot,
    boxes: Boxes,
    full_disk: FullDisk,
    choose: Choose,
) -> None:
    read_folder(window, folder, qtbot, 6)
    film, other = (named(window, name) for name in (FILM, OTHER))
    choose(film)
    with full_disk():
        qtbot.keyClicks(window.result.decision.note, "abc")
        choose(other)
    replace_file(film, "IM-0131-0001.jpeg")
    window.reading.changed_files.read_again(film)
    qtbot.waitUntil(lambda: kept(services.store, film.entry_id).sha256 != film.sha256)
    window.queue.flush()
    qtbot.waitUntil(lambda: named(window, FILM).sha256 != film.sha256)
    choose(film)
    assert window.result.decision.note_text() == ""
    choose(other)
    assert services.store.opinion(kept(services.store, film.entry_id)).note == ""
    assert window.close() and boxes.asked, "it warns of the note"
