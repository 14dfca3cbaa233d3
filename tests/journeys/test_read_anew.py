"""Files that changed, or could not be read, are read again: in the rows of before, each once, and nothing typed is lost."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.load import sha256_of
from pneumo_desktop.imaging.radiograph import Entry, Radiograph
from pneumo_desktop.reading.outcome import Outcome, Population
from pneumo_desktop.reading.pipeline import Callbacks
from pneumo_desktop.reading.reader import Reader, Reading
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.words.sentences import sentence
from tests.using_the_window import (
    FILM,
    FIXTURES,
    OTHER,
    drop,
    kept,
    look_at,
    look_at_film,
    named,
    outcome_shown,
    read_folder,
    replace_file,
)


@pytest.mark.parametrize(
    "door", [lambda window: window.result.read_file.click(), lambda window: window.menus.actions["read_file"].trigger()]
)
def test_a_file_that_changed_is_read_again_in_its_row(
    door: Callable[[MainWindow], None], window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    row, other = look_at_film(window, folder, qtbot), named(window, OTHER)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    look_at(window, other, qtbot)
    action = window.menus.actions["read_file"]
    assert (window.result.read_file.isVisible(), action.isEnabled()) == (False, False), "there is nothing to read again"
    replace_file(row)
    window.queue.choose_entry(row.entry_id)
    qtbot.waitUntil(lambda: window.review.changed)
    assert (window.result.read_file.isVisible(), action.isEnabled()) == (True, True)
    assert action.shortcut() == QKeySequence("F5")
    door(window)
    qtbot.waitUntil(lambda: window.review.seen)
    listed, recorded = window.queue.model.row_of(row.entry_id), kept(services.store, row.entry_id)
    assert listed == recorded
    assert recorded.sha256 == sha256_of(row.entry.path.read_bytes()) != row.sha256
    assert (recorded.judgement and recorded.judgement.score) is not None
    assert recorded.decision is None, "what was decided is of the image before"
    assert window.viewer.snapshot() is not None
    assert (window.result.read_file.isVisible(), action.isEnabled()) == (False, False)
    assert window.queue.model.rowCount() == 6


def test_a_file_that_is_back_is_read_again_and_one_that_is_not_stays_as_it_is(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    broken, film = folder / "broken.png", folder / "person1_bacteria_1.jpeg"
    read_folder(window, folder, qtbot, 6)
    row = next(row for row in window.queue.model.shown_rows() if row.entry.path == broken)
    look_at(window, row, qtbot)
    assert window.result.read_file.isVisible()
    broken.unlink()
    window.read_file_again()
    unread = f"broken.png could not be read again. {sentence(codes.MISSING)}"
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == unread)
    assert kept(services.store, row.entry_id).judgement == row.judgement
    shutil.copyfile(film, broken)
    window.read_file_again()
    qtbot.waitUntil(lambda: outcome_shown(window, row) is not Outcome.NOT_ANALYSED)
    assert not window.result.read_file.isVisible()


def test_a_folder_that_is_opened_anew_leaves_no_verdict_of_before_on_a_file_that_changed(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    row = look_at_film(window, folder, qtbot)
    replace_file(row)
    read_folder(window, folder, qtbot, 12)
    now = sha256_of(row.entry.path.read_bytes())

    def contents() -> list[str | None]:
        return [one.sha256 for one in window.queue.model.all_rows() if one.entry == row.entry]

    qtbot.waitUntil(lambda: contents() == [now, now])
    assert outcome_shown(window, row) not in (None, Outcome.NOT_ANALYSED)


def test_a_model_that_is_switched_while_a_file_is_read_anew_reads_it(
    window: MainWindow, folder: Path, second: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = look_at_film(window, folder, qtbot)
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
    held: _Held, window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    films = _all_changed(window, folder, qtbot)
    qtbot.waitUntil(lambda: len(held.asked) == 1)
    drop(window, FIXTURES / "IM-0131-0001.jpeg")
    qtbot.waitUntil(lambda: not window.active_runs())
    assert len(held.asked) == 1
    held.go.set()
    qtbot.waitUntil(lambda: not window.reading.changed_files.active)
    assert len(set(held.asked)) == films
    rows = services.store.rows()
    assert len({(row.entry, row.sha256) for row in rows}) == len({row.entry for row in rows})
    assert not window.queue.reading_bar.isVisible()


def test_files_that_changed_and_cannot_be_read_are_named_behind_what_was_read(
    held: _Held, window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    films = _all_changed(window, folder, qtbot)
    before = {row.entry_id: row.judgement for row in services.store.rows()}
    qtbot.waitUntil(lambda: len(held.asked) == 1)
    told = window.statusBar().currentMessage()
    folder.rename(folder.with_name("unplugged"))
    held.go.set()
    qtbot.waitUntil(lambda: not window.reading.changed_files.active)
    assert told.startswith("10 files read.")
    assert window.statusBar().currentMessage() == (
        f"{told} {held.asked[0].name} and others, {films} files together, could not be read again. {sentence(codes.MISSING)}"
    )
    assert {row.entry_id: row.judgement for row in services.store.rows()} == before


@pytest.mark.parametrize("next_list", [False, True])
def test_a_film_that_is_read_again_does_not_come_back_into_a_list_that_was_cleared(
    next_list: bool, held: _Held, window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    row = look_at_film(window, folder, qtbot)
    replace_file(row)
    window.read_file_again()
    window.clear_list()
    if next_list:
        read_folder(window, FIXTURES / "IM-0131-0001.jpeg", qtbot, 1)
    with qtbot.waitSignal(window.reading.changed_files.rows):
        held.go.set()
    window.queue.flush()
    assert window.queue.model.counts()[1] == int(next_list)
    assert kept(services.store, row.entry_id).sha256 != row.sha256, "the records know it"


def test_a_note_that_is_typed_while_its_file_is_read_anew_is_of_the_film_that_was_seen(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    """A folder is opened again while somebody types: its end reads anew what has changed, in the rows of before."""
    row = look_at_film(window, folder, qtbot)
    note = window.result.decision.note
    window.activateWindow()
    note.setFocus()
    qtbot.keyClicks(note, "nodule of the old film")
    replace_file(row, OTHER)
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
    row = named(window, FILM)
    replace_file(row, OTHER)
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


def _read_anew_elsewhere(window: MainWindow, folder: Path, tmp_path: Path, qtbot: QtBot) -> tuple[Row, Row]:
    """A film is looked at; another window reads its file anew, which is another film now. Return the row before and after."""
    row = look_at_film(window, folder, qtbot)
    replace_file(row, OTHER)
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
    look_at(window, row, qtbot)
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
