"""A file that another program replaces while its row is in the list: the row says so, and nothing that was typed is lost."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QImage, QKeySequence
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.export_dialog import ExportChoice, ExportDialog
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.row_words import below_outcome
from pneumo_desktop.gui.thumbnails import make_thumbnail
from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.load import sha256_of
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.reading.outcome import Outcome, Population
from pneumo_desktop.reading.pipeline import Callbacks
from pneumo_desktop.reading.reader import Reader, Reading
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.words.sentences import sentence
from tests.using_the_window import FIXTURES, drop, kept, look_at, read_folder

TOLD = "This file has changed since it was read. Read it again."


def _outcome(window: MainWindow, row: Row) -> Outcome | None:
    listed = window.queue.model.row_of(row.entry_id)
    return listed.judgement.outcome if listed is not None and listed.judgement is not None else None


def _replaced(window: MainWindow, folder: Path, qtbot: QtBot) -> tuple[Row, Row]:
    """Look at a film that has a verdict; return it and another one. Its file is still what was read."""
    read_folder(window, folder, qtbot, 6)
    qtbot.waitUntil(window.queue.thumbnails.idle)
    rows = window.queue.model.shown_rows()
    row = next(row for row in rows if row.entry.path.name == "person1_bacteria_1.jpeg")
    other = next(row for row in rows if row.entry.path.name == "IM-0152-0001.jpeg")
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    return row, other


def _replace(row: Row, folder: Path) -> None:
    shutil.copyfile(folder / "person1000_bacteria_2931.jpeg", row.entry.path)


def _look_at_thumbnails_again(window: MainWindow) -> None:
    window.queue.thumbnails.clear()
    window.queue.table.viewport().update()


def _is_held(window: MainWindow) -> bool:
    pane = window.result.decision
    fields = (*pane.buttons.values(), pane.note, pane.initials)
    return {(field.isEnabled(), field.toolTip()) for field in fields} == {(False, TOLD)}


def test_a_film_put_in_anothers_place_is_neither_shown_nor_decided(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    """A machine that names its films anew every day: yesterday's list, today's file."""
    read_folder(window, folder, qtbot, 6)
    places = range(window.queue.model.rowCount())
    rows = [look_at(window, place, qtbot) for place in places]
    row = next(row for row in rows if row.entry.path.name == "person1_bacteria_1.jpeg")
    other = next(row for row in rows if row.entry.path.name == "IM-0152-0001.jpeg")
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    shutil.copyfile(folder / "person1000_bacteria_2931.jpeg", row.entry.path)
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.changed)
    told = "This file has changed since it was read. Read it again."
    assert window.viewer.snapshot() is None, "no film and no heat map"
    assert window.viewer.canvas.message == f"{row.entry.display_name()}\n\n{told}"
    listed = window.queue.model.row_of(row.entry_id)
    assert listed is not None and listed.judgement is not None, "the list shows no verdict beside this file"
    assert (listed.judgement.outcome, listed.judgement.score) == (Outcome.NOT_ANALYSED, None)
    assert below_outcome(listed) == "changed since it was read"
    assert window.result.why.text() == told
    assert kept(window._services.store, row.entry_id).judgement == row.judgement, "the records keep it"
    fields = (*window.result.decision.buttons.values(), window.result.decision.note, window.result.decision.initials)
    assert {(field.isEnabled(), field.toolTip()) for field in fields} == {(False, told)}
    window.review.pneumonia()
    assert not window.keeper.undecided
    assert window.statusBar().currentMessage() == told
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.changed)
    window.reading.read_again()
    qtbot.waitUntil(lambda: window.review.seen and not window.active_runs())
    assert window.viewer.snapshot() is not None and not window.review.changed
    window.review.pneumonia()
    qtbot.waitUntil(lambda: kept(window._services.store, row.entry_id).decision is Decision.PNEUMONIA)
    assert kept(window._services.store, row.entry_id).sha256 != row.sha256


def test_a_file_that_is_not_chosen_and_has_changed_has_no_verdict_in_the_list_once_it_is_seen(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    qtbot.waitUntil(window.queue.thumbnails.idle)
    first, other = look_at(window, 0, qtbot), window.queue.model.row_at(3)
    was = other.entry.path.read_bytes()
    shutil.copyfile(first.entry.path, other.entry.path)
    window.queue.thumbnails.clear()  # as in another sitting
    window.queue.table.viewport().update()

    def outcome() -> Outcome | None:
        row = window.queue.model.row_of(other.entry_id)
        return row.judgement.outcome if row is not None and row.judgement is not None else None

    qtbot.waitUntil(lambda: outcome() is Outcome.NOT_ANALYSED)
    assert window.queue.thumbnails.get(other) is None
    assert window.review.current is not None and window.review.current.entry_id == first.entry_id
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: window.review.changed)
    assert not window.result.decision.note.isEnabled()
    window.queue.choose_entry(first.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    assert window.result.decision.note.isEnabled()

    other.entry.path.write_bytes(was)
    window.queue.choose_entry(other.entry_id)
    assert other.judgement is not None
    qtbot.waitUntil(lambda: outcome() is other.judgement.outcome)
    assert window.review.seen and window.result.decision.note.isEnabled()
    qtbot.waitUntil(lambda: window.queue.thumbnails.get(other) is not None)


def test_a_change_that_the_thumbnail_notices_takes_the_film_from_the_screen_and_keeps_the_typed_note(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    row, other = _replaced(window, folder, qtbot)
    qtbot.keyClicks(window.result.decision.note, "typed before")
    _replace(row, folder)
    _look_at_thumbnails_again(window)
    qtbot.waitUntil(lambda: _outcome(window, row) is Outcome.NOT_ANALYSED)
    assert window.review.changed and not window.review.seen
    assert window.viewer.snapshot() is None, "the old film does not stand beside a row that says it changed"
    assert _is_held(window)
    assert window.result.decision.note.text() == "typed before"
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: kept(window._services.store, row.entry_id).note == "typed before")
    qtbot.waitUntil(lambda: window.review.seen)
    listed = window.queue.model.row_of(row.entry_id)
    assert listed is not None and listed.note == "typed before"
    assert _outcome(window, row) is Outcome.NOT_ANALYSED, "saving the note brings no verdict back"
    assert kept(window._services.store, row.entry_id).judgement == row.judgement, "the records keep it"


@pytest.mark.parametrize(
    "door", [lambda window: window.result.read_file.click(), lambda window: window.menus.actions["read_file"].trigger()]
)
def test_a_file_that_changed_is_read_again_in_its_row(
    door: Callable[[MainWindow], None], window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    row, other = _replaced(window, folder, qtbot)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    action = window.menus.actions["read_file"]
    assert (window.result.read_file.isVisible(), action.isEnabled()) == (False, False), "there is nothing to read again"
    _replace(row, folder)
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.changed)
    assert (window.result.read_file.isVisible(), action.isEnabled()) == (True, True)
    assert action.shortcut() == QKeySequence("F5")
    door(window)
    qtbot.waitUntil(lambda: window.review.seen)
    listed, recorded = window.queue.model.row_of(row.entry_id), kept(window._services.store, row.entry_id)
    assert listed == recorded
    assert recorded.sha256 == sha256_of(row.entry.path.read_bytes()) != row.sha256
    assert (recorded.judgement and recorded.judgement.score) is not None
    assert recorded.decision is None, "what was decided is of the image before"
    assert window.viewer.snapshot() is not None
    assert (window.result.read_file.isVisible(), action.isEnabled()) == (False, False)
    assert window.queue.model.rowCount() == 6


def test_a_file_that_is_back_is_read_again_and_one_that_is_not_stays_as_it_is(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    broken, film = folder / "broken.png", folder / "person1_bacteria_1.jpeg"
    read_folder(window, folder, qtbot, 6)
    row = next(row for row in window.queue.model.shown_rows() if row.entry.path == broken)
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    assert window.result.read_file.isVisible()
    broken.unlink()
    window.read_file_again()
    unread = f"broken.png could not be read again. {sentence(codes.MISSING)}"
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == unread)
    assert kept(window._services.store, row.entry_id).judgement == row.judgement
    shutil.copyfile(film, broken)
    window.read_file_again()
    qtbot.waitUntil(lambda: _outcome(window, row) is not Outcome.NOT_ANALYSED)
    assert not window.result.read_file.isVisible()


def test_a_folder_that_is_opened_anew_leaves_no_verdict_of_before_on_a_file_that_changed(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    row, _other = _replaced(window, folder, qtbot)
    _replace(row, folder)
    read_folder(window, folder, qtbot, 12)
    now = sha256_of(row.entry.path.read_bytes())

    def contents() -> list[str | None]:
        return [one.sha256 for one in window.queue.model.all_rows() if one.entry == row.entry]

    qtbot.waitUntil(lambda: contents() == [now, now])
    assert _outcome(window, row) not in (None, Outcome.NOT_ANALYSED)


def test_a_model_that_is_switched_while_a_file_is_read_anew_reads_it(
    window: MainWindow, folder: Path, second: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, _other = _replaced(window, folder, qtbot)
    services = window._services
    services.install_model(second)
    row.entry.path.write_bytes(row.entry.path.read_bytes() + b"anew")
    real, read_with = Reader.read, list[str]()

    def read(reader: Reader, radiograph: Radiograph, told: Population) -> Reading:
        reading = real(reader, radiograph, told)
        read_with.append(reading.judgement.model_id)
        if len(read_with) == 1:
            services.activate_model("clinic-1")
        return reading

    monkeypatch.setattr(Reader, "read", read)
    (anew,) = services.read_anew([row])
    assert anew.judgement is not None and anew.judgement.model_id == "clinic-1"
    assert len(read_with) == 2
    assert kept(services.store, row.entry_id).judgement == anew.judgement


class _Held:
    """Lets ``Services.read_anew`` begin when it is told to, and knows of whose rows it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.asked = threading.Event(), list[Path]()
        real = Services.read_anew

        def held(services: Services, rows: Sequence[Row], only_changed: bool = False) -> list[Row]:
            self.asked.append(rows[0].entry.path)
            assert self.go.wait(30)
            return real(services, rows, only_changed)

        monkeypatch.setattr(Services, "read_anew", held)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Held]:
    made = _Held(monkeypatch)
    yield made
    made.go.set()


def _all_changed(window: MainWindow, folder: Path, qtbot: QtBot) -> int:
    """Read a folder, change every film in it, read it again and return how many of its files were read."""
    read_folder(window, folder, qtbot, 6)
    films = [
        row.entry.path for row in window.queue.model.all_rows() if row.judgement and row.judgement.score is not None
    ]
    for number, path in enumerate(films):  # each of another content
        path.write_bytes(path.read_bytes() + bytes([number]))
    read_folder(window, folder, qtbot, 12)
    return len(films)


def test_what_is_known_of_a_file_that_changed_is_taken_and_rows_of_now_are_left(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = Reader.read

    def counted(reader: Reader, radiograph: Radiograph, told: Population) -> Reading:
        read.append(radiograph.sha256)
        return real(reader, radiograph, told)

    monkeypatch.setattr(Reader, "read", counted)
    told: list[Row] = []
    window.reading.changed_files.rows.connect(told.extend)
    _all_changed(window, folder, qtbot)
    qtbot.waitUntil(lambda: not window.reading.changed_files.active)
    first = min(row.queue_id for row in window.queue.model.all_rows())
    assert {row.queue_id for row in told} == {first}
    assert len(read) == len(set(read)), "no network is asked twice of one content"
    window.queue.flush()
    by_file: dict[Entry, set[str | None]] = {}
    for row in window.queue.model.all_rows():
        by_file.setdefault(row.entry, set()).add(row.sha256)
    assert {len(contents) for contents in by_file.values()} == {1}


@pytest.mark.parametrize("end", ["stop", "close", "clear"])
def test_files_that_changed_are_read_anew_until_that_is_ended(
    end: str, held: _Held, window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    films = _all_changed(window, folder, qtbot)
    assert films > 1
    changed, bar = window.reading.changed_files, window.queue.reading_bar
    qtbot.waitUntil(lambda: len(held.asked) == 1)
    assert (bar.isVisible(), bar.text.text()) == (True, f"Changed files: 0 of {films} read again")
    assert (bar.pause.isVisible(), bar.stop.isVisible(), bar.go_on.isVisible()) == (False, True, False)
    assert window.menus.actions["cancel"].isEnabled()
    if end == "stop":
        bar.stop.click()
    elif end == "close":
        threading.Timer(0.2, held.go.set).start()
        window.close()
    else:
        window.clear_list()
    held.go.set()
    qtbot.waitUntil(lambda: end == "close" or not changed.active)
    assert len(held.asked) == 1, "what has not begun is not begun"
    if end != "close":
        assert not bar.isVisible() and not window.menus.actions["cancel"].isEnabled()
    if end == "clear":
        window.queue.flush()
        assert not window.queue.model.has_rows()


def test_another_reading_does_not_wait_for_files_that_changed_and_they_are_read_after_it(
    held: _Held, window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    films = _all_changed(window, folder, qtbot)
    qtbot.waitUntil(lambda: len(held.asked) == 1)
    drop(window, FIXTURES / "IM-0131-0001.jpeg")
    qtbot.waitUntil(lambda: not window.active_runs(), timeout=60_000)
    assert len(held.asked) == 1
    held.go.set()
    qtbot.waitUntil(lambda: not window.reading.changed_files.active)
    assert len(set(held.asked)) == films
    rows = window._services.store.rows()
    assert len({(row.entry, row.sha256) for row in rows}) == len({row.entry for row in rows})
    assert not window.queue.reading_bar.isVisible()


def test_files_that_changed_and_cannot_be_read_are_named_behind_what_was_read(
    held: _Held, window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    films = _all_changed(window, folder, qtbot)
    before = {row.entry_id: row.judgement for row in window._services.store.rows()}
    qtbot.waitUntil(lambda: len(held.asked) == 1)
    told = window.statusBar().currentMessage()
    folder.rename(folder.with_name("unplugged"))
    held.go.set()
    qtbot.waitUntil(lambda: not window.reading.changed_files.active)
    assert told.startswith("10 files read.")
    assert window.statusBar().currentMessage() == (
        f"{told} {held.asked[0].name} and others, {films} files together, could not be read again. {sentence(codes.MISSING)}"
    )
    assert {row.entry_id: row.judgement for row in window._services.store.rows()} == before


@pytest.mark.parametrize("next_list", [False, True])
def test_a_film_that_is_read_again_does_not_come_back_into_a_list_that_was_cleared(
    next_list: bool, held: _Held, window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    row, _other = _replaced(window, folder, qtbot)
    _replace(row, folder)
    window.read_file_again()
    window.clear_list()
    if next_list:
        read_folder(window, FIXTURES / "IM-0131-0001.jpeg", qtbot, 1)
    with qtbot.waitSignal(window.reading.changed_files.rows):
        held.go.set()
    window.queue.flush()
    assert window.queue.model.counts()[1] == int(next_list)
    assert kept(window._services.store, row.entry_id).sha256 != row.sha256, "the records know it"


def test_an_export_says_what_the_records_say_of_a_film_that_changed(
    window: MainWindow, folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is exported does not depend on which rows somebody looked at."""
    row, _other = _replaced(window, folder, qtbot)
    _replace(row, folder)
    _look_at_thumbnails_again(window)
    qtbot.waitUntil(lambda: _outcome(window, row) is Outcome.NOT_ANALYSED)
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
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    """Its letters would be keys anywhere else."""
    row, _other = _replaced(window, folder, qtbot)
    note, table = window.result.decision.note, window.queue.table
    window.activateWindow()
    note.setFocus()
    qtbot.keyClicks(note, "nodule ")
    _replace(row, folder)
    window.review.changed_on_disk(row)
    assert window.focusWidget() is note
    qtbot.keyClicks(note, "12 mm a l")
    assert not window.result.decision.buttons[Decision.NORMAL].isEnabled()
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: kept(window._services.store, row.entry_id).note == "nodule 12 mm a l")
    assert window.focusWidget() is table and _is_held(window), "then no other is begun"


def test_taking_back_what_was_decided_of_a_film_that_changed_brings_no_verdict_back(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    row, other = _replaced(window, folder, qtbot)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    _replace(row, folder)
    _look_at_thumbnails_again(window)
    qtbot.waitUntil(lambda: _outcome(window, row) is Outcome.NOT_ANALYSED)
    shown: list[Outcome | None] = []
    window.queue.model.dataChanged.connect(lambda *_: shown.append(_outcome(window, row)))
    window.review.undo()
    qtbot.waitUntil(lambda: kept(window._services.store, row.entry_id).decision is None)
    qtbot.waitUntil(lambda: window.review.changed)
    listed = window.queue.model.row_of(row.entry_id)
    assert listed is not None and listed.decision is None
    assert set(shown) == {Outcome.NOT_ANALYSED}, "not even for a moment"


def _read_anew_elsewhere(window: MainWindow, folder: Path, tmp_path: Path, qtbot: QtBot) -> tuple[Row, Row]:
    """A film is looked at; another window reads its file anew, which is another film now. Return the row before and after."""
    row, _other = _replaced(window, folder, qtbot)
    shutil.copyfile(FIXTURES / "IM-0152-0001.jpeg", row.entry.path)
    second = Services.create(tmp_path / "data")
    second.store.read_again(row.queue_id, Population.NOT_KNOWN)
    second.resume_queue(row.queue_id, Population.NOT_KNOWN, Callbacks(lambda _rows: None)).wait()
    now = kept(second.store, row.entry_id)
    second.close()
    assert now.sha256 != row.sha256 and now.judgement != row.judgement
    return row, now


def test_a_decision_on_a_film_that_another_window_has_read_anew_is_of_the_film_that_was_seen(
    window: MainWindow, services: Services, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    row, now = _read_anew_elsewhere(window, folder, tmp_path, qtbot)
    qtbot.keyClicks(window.result.decision.note, "opacity")
    window.review.agree()
    name = row.entry.display_name()
    told = f"{name}: saved for the image that you saw. Its file was read anew meanwhile and holds another one."
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == told)
    assert kept(services.store, row.entry_id) == window.queue.model.row_of(row.entry_id) == now, "nothing is said of it"
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    assert window.result.decision.note_text() == ""
    window.review.undo()
    undone = f"{name}: The decision “Agreed” was taken back. The note was taken back."
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == undone)


def test_a_note_on_a_film_that_another_window_has_read_anew_is_no_note_on_the_new_one(
    window: MainWindow, services: Services, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    row, now = _read_anew_elsewhere(window, folder, tmp_path, qtbot)
    note, shown = window.result.decision.note, list[tuple[Row | None, bool]]()
    window.review.row_shown.connect(lambda row: shown.append((row, window.review.seen)))
    qtbot.keyClicks(note, "opacity")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.review.current == now)
    assert note.text() == "" and shown == [(now, False)]
    qtbot.waitUntil(lambda: window.review.seen)
    assert window.viewer.snapshot() is not None
    window.review.normal()
    qtbot.waitUntil(lambda: kept(services.store, row.entry_id).decision is Decision.NORMAL)
    assert kept(services.store, row.entry_id).note == ""
    services.store.undo_decision()
    undone = services.store.undo_decision()
    assert undone is not None and undone.note == "opacity"


def test_a_change_that_the_tags_notice_is_told_in_the_row(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    row, _other = _replaced(window, folder, qtbot)
    _replace(row, folder)
    window.viewer.tags_wanted.emit()
    qtbot.waitUntil(lambda: _outcome(window, row) is Outcome.NOT_ANALYSED)
    assert window.review.changed and window.viewer.snapshot() is None and _is_held(window)


def test_a_changed_file_without_a_result_is_not_looked_at_for_ever(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged result is as good as none, but its file was read."""
    row, other = _replaced(window, folder, qtbot)
    window.queue.choose_entry(other.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
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
    _replace(row, folder)
    _look_at_thumbnails_again(window)
    qtbot.waitUntil(lambda: row.entry in refused)
    for _ in range(20):
        window.queue.table.viewport().repaint()
        qtbot.waitUntil(window.queue.thumbnails.idle)
        QCoreApplication.processEvents()
    assert len(refused) == 1


def test_a_note_that_is_typed_while_its_file_is_read_anew_is_of_the_film_that_was_seen(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    """A folder is opened again while somebody types: its end reads anew what has changed, in the rows of before."""
    row, _other = _replaced(window, folder, qtbot)
    note = window.result.decision.note
    window.activateWindow()
    note.setFocus()
    qtbot.keyClicks(note, "nodule of the old film")
    shutil.copyfile(FIXTURES / "IM-0152-0001.jpeg", row.entry.path)
    window.reading.changed_files.read_again(row)
    qtbot.waitUntil(lambda: window.review.current is not None and window.review.current.sha256 != row.sha256)
    assert note.text() == "" and window.focusWidget() is note, "letters that still come decide nothing"
    qtbot.waitUntil(lambda: window.review.seen)
    told = f"{row.entry.display_name()}: saved for the image that you saw. Its file was read anew meanwhile"
    qtbot.waitUntil(lambda: window.statusBar().currentMessage().startswith(told))
    qtbot.keyClick(note, Qt.Key.Key_Return)
    window.review.normal()
    qtbot.waitUntil(lambda: kept(services.store, row.entry_id).decision is Decision.NORMAL)
    assert kept(services.store, row.entry_id).note == ""
    assert services.store.opinion(row).note == "nodule of the old film"


def test_a_file_that_is_read_anew_while_its_population_is_told_is_read_as_of_that(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_folder(window, folder, qtbot, 6)
    row = next(row for row in window.queue.model.all_rows() if row.entry.path.name == "person1_bacteria_1.jpeg")
    shutil.copyfile(FIXTURES / "IM-0152-0001.jpeg", row.entry.path)
    (folder / "IM-0152-0001.jpeg").unlink()
    told: list[Population] = []

    def read(reader: Reader, radiograph: Radiograph, population: Population) -> Reading:
        reading = read_as_ever(reader, radiograph, population)
        if not told:  # somebody answers *Whose images?* while this one is under way
            services.store.read_again(row.queue_id, Population.ADULTS)
        told.append(population)
        return reading

    read_as_ever = Reader.read
    monkeypatch.setattr(Reader, "read", read)
    monkeypatch.setattr("pneumo_desktop.reading.pipeline.known_reading", lambda *_of: None)
    services.read_anew([row])
    assert told == [Population.NOT_KNOWN, Population.ADULTS]
    assert services.store.told_population(row.entry_id) is Population.ADULTS
