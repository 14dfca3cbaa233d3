"""A dropped folder becomes a list; it fills without stealing the choice, is gone on with later and shown again."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from PySide6.QtCore import QByteArray, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Outcome, Population, Reason
from tests.using_the_window import FIXTURES, drop, open_window, read_folder

from .conftest import many_films


def test_a_dropped_folder_becomes_a_worklist(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    rows = window.queue.model.shown_rows()
    assert [row.judgement.outcome for row in rows[:2] if row.judgement] == [Outcome.LIKELY_PNEUMONIA] * 2
    broken = next(row for row in rows if row.entry.path.name == "broken.png")
    assert broken.judgement is not None
    assert (broken.judgement.reason, broken.judgement.score) == (Reason.UNREADABLE, None)
    twins = [row for row in rows if row.entry.path.name in ("twin.jpg", "IM-0131-0001.jpeg")]
    assert len({row.judgement.score for row in twins if row.judgement}) == 1
    assert sorted(row.duplicate for row in twins) == [False, True]
    assert [item.path.name for item in window.reading.left_out] == ["notes.txt"]
    assert window._left_out.text() == "1 file left out…"


def test_a_folder_dropped_with_shift_is_not_said_to_have_been_moved(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    """The file manager proposes to move then, and deletes what it is told was moved."""
    copy, move = Qt.DropAction.CopyAction, Qt.DropAction.MoveAction
    assert drop(window, folder, copy | move, shift=True) is copy
    qtbot.waitUntil(lambda: not window.active_runs())
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 6)
    assert drop(window, folder, move) is None
    assert not window.active_runs()


def test_the_selection_is_not_stolen_while_the_list_fills(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.choose(3)
    chosen = window.queue.current_row()
    assert chosen is not None
    drop(window, FIXTURES)
    qtbot.waitUntil(lambda: not window.active_runs())
    qtbot.waitUntil(lambda: len(window.queue.model.all_rows()) == 10)
    still = window.queue.current_row()
    assert still is not None
    assert still.entry_id == chosen.entry_id


def test_the_picture_stays_when_all_is_read(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    looked_at: list[int] = []
    window.queue.current_changed.connect(lambda row: looked_at.append(row.entry_id))
    read_folder(window, folder, qtbot, 6)
    drop(window, FIXTURES)
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    assert len(set(looked_at)) == 1


def test_what_does_not_exist_is_told(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.start([tmp_path / "gone"])
    qtbot.waitUntil(lambda: [item.code for item in window.reading.left_out] == ["missing"])
    qtbot.waitUntil(lambda: not window.active_runs())


def dropped(window: MainWindow, *urls: QUrl) -> None:
    data = QMimeData()
    data.setUrls(list(urls))
    more = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(QDropEvent(QPointF(400, 300), *more))


def test_what_is_dropped_and_is_no_file_of_this_computer_is_told(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    dropped(window, QUrl("smb://server/films"))
    assert not window.active_runs()
    said = window.statusBar().currentMessage()
    assert said == "smb://server/films is no file of this computer. Please copy it here first."
    film = tmp_path / "film.jpeg"
    shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", film)
    dropped(window, QUrl("https://example.org/a.png"), QUrl.fromLocalFile(str(film)), QUrl("mtp://phone/b.png"))
    said = window.statusBar().currentMessage()
    assert said == "https://example.org/a.png and 1 more are no files of this computer. Please copy them here first."
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    assert [row.entry.path for row in window.queue.model.all_rows()] == [film]


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be no text")
def test_a_dropped_folder_whose_name_is_no_text_is_read(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Radiograf\xedas 100%"))
    folder.mkdir()
    shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", folder / "film.jpeg")
    dropped(window, QUrl.fromEncoded(QByteArray(b"file://" + quote(os.fsencode(folder)).encode())))
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    assert [row.entry.path for row in window.queue.model.all_rows()] == [folder / "film.jpeg"]
    assert window.reading.left_out == []
    recent = window.menus.submenus["recent"]
    recent.aboutToShow.emit()
    window.clear_list()
    recent.actions()[0].trigger()
    qtbot.waitUntil(lambda: window.queue.model.has_rows() and not window.active_runs())


def test_a_cancelled_queue_is_offered_and_finished_later(services: Services, folder: Path, qtbot: QtBot) -> None:
    queue = services.store.new_queue("folder", Population.NOT_KNOWN)
    services.store.add_entries(queue, [Entry(path) for path in sorted(folder.glob("*.jpeg"))])
    window = open_window(services, qtbot)
    qtbot.waitUntil(window.offer.isVisible)
    window.offer.yes.click()
    qtbot.waitUntil(lambda: services.store.waiting(queue) == [] and not window.active_runs())
    assert services.store.unfinished() == []
    read = window.queue.model.all_rows
    qtbot.waitUntil(lambda: len([row for row in read() if row.judgement]) == 4)
    window.close()


@pytest.mark.usefixtures("unhurried")
def test_what_two_stopped_lists_have_not_read_is_counted_together(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    for name in ("one", "two"):
        drop(window, many_films(tmp_path / name, 60))
    store = window._services.store
    qtbot.waitUntil(lambda: len({row.queue_id for row in window.queue.model.all_rows()}) == 2)
    window.reading.cancel()
    qtbot.waitUntil(lambda: not window.active_runs())
    left = sum(len(store.waiting(queue)) for queue, *_ in store.queues())
    assert window.queue.reading_bar.text.text() == f"Stopped; {left} files were not read."
    assert window.statusBar().currentMessage() == f"{120 - left} files read. {left} files were not read."


@pytest.mark.usefixtures("unhurried")
def test_a_stick_that_is_pulled_out_is_told_in_numbers_and_read_when_it_is_back(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    stick, out = many_films(tmp_path / "stick", 60), tmp_path / "out"
    drop(window, stick)
    store, bar = window._services.store, window.queue.reading_bar
    qtbot.waitUntil(window.queue.model.has_rows)
    stick.rename(out)
    qtbot.waitUntil(lambda: not window.active_runs())
    rows = window.queue.model.all_rows
    lost = sum(row.judgement.out_of_reach for row in rows() if row.judgement is not None)
    assert 0 < lost < 60
    assert window.statusBar().currentMessage() == f"{60 - lost} files read. {lost} files could not be read."
    asked = "files could not be reached. Is the stick out, or were they deleted?"
    assert (bar.isVisible(), bar.text.text()) == (True, f"{lost} {asked}")
    assert (bar.go_on.isVisible(), bar.go_on.text()) == (True, "Read what is missing")
    assert [(queue.waiting, queue.again) for queue in store.unfinished()] == [(lost, 0)], "asked at the next start, too"
    bar.go_on.click()  # it is not back yet
    qtbot.waitUntil(lambda: not window.active_runs())
    assert (bar.isVisible(), bar.text.text()) == (True, f"{lost} {asked}")
    window.appearance.choose_language("es")
    assert bar.text.text() == f"No se llegó a {lost} archivos. ¿Falta la USB o se borraron?"
    assert bar.go_on.text() == "Leer lo que falta"
    window.appearance.choose_language("en")

    out.rename(stick)
    bar.go_on.click()
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    assert [row.judgement is not None and row.judgement.score is not None for row in rows()] == [True] * 60
    assert window.statusBar().currentMessage() == "60 files read."
    assert not bar.isVisible()
    assert store.unfinished() == []


@pytest.mark.usefixtures("unhurried")
def test_the_button_says_what_stands_still_where_one_list_is_paused_and_another_read(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    """The ward's list waits while one urgent film is read."""
    bar, rows = window.queue.reading_bar, window.queue.model.all_rows
    drop(window, many_films(tmp_path / "ward", 60))
    qtbot.waitUntil(window.queue.model.has_rows)
    bar.pause.click()
    assert (bar.pause.text(), bar.text.text().startswith("Paused")) == ("Continue", True)
    drop(window, many_films(tmp_path / "urgent", 1))
    assert (bar.pause.text(), bar.text.text().startswith("Paused")) == ("Continue", False)
    qtbot.waitUntil(lambda: len(window.active_runs()) == 1)
    window.queue.flush()
    assert "urgent" in {row.entry.path.parent.name for row in rows()}
    assert (bar.pause.text(), bar.text.text().startswith("Paused")) == ("Continue", True)
    bar.pause.click()
    assert (bar.pause.text(), window.reading.paused) == ("Pause", False)
    window.reading.cancel()
    qtbot.waitUntil(lambda: not window.active_runs())


@pytest.mark.usefixtures("unhurried")
def test_a_list_that_was_gone_on_with_and_stopped_tells_what_was_read_of_it(
    services: Services, folder: Path, qtbot: QtBot
) -> None:
    shutil.copyfile(folder / "broken.png", folder / "a-broken.png")  # it comes first
    queue = services.store.new_queue("folder", Population.NOT_KNOWN)
    services.store.add_entries(queue, [Entry(path) for path in sorted(many_films(folder, 60).glob("*.*g"))])
    window = open_window(services, qtbot)
    qtbot.waitUntil(window.offer.isVisible)
    window.offer.yes.click()
    rows = window.queue.model.all_rows
    qtbot.waitUntil(lambda: sum(row.judgement is not None for row in rows()) > 3)
    window.reading.cancel()
    qtbot.waitUntil(lambda: not window.active_runs())
    judged = [row.judgement for row in rows() if row.judgement is not None]
    broken = sum(made.reason is Reason.UNREADABLE for made in judged)
    files = f"{broken} file" if broken == 1 else f"{broken} files"
    told = f"{len(judged) - broken} files read. {files} could not be read. {len(rows()) - len(judged)} files were not read."
    assert window.statusBar().currentMessage() == told
    window.close()


def test_an_earlier_list_is_shown_again_without_reading(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    window.clear_list()
    assert window.queue.model.rowCount() == 0
    window.menus.submenus["earlier"].aboutToShow.emit()
    qtbot.waitUntil(lambda: bool(window.menus.submenus["earlier"].actions()))
    window.menus.submenus["earlier"].actions()[0].trigger()
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 6)
    assert not window.active_runs()
    assert window._left_out.text() == "1 file left out…"
    assert window._left_out.isVisible()
    assert [(item.path.name, item.code) for item in window.reading.left_out] == [("notes.txt", "not_an_image")]
    recent = window.menus.submenus["recent"]
    recent.aboutToShow.emit()
    assert recent.actions()[0].text() == str(folder)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows sets no time zone for one program")
def test_earlier_lists_tell_the_time_of_the_clock_on_the_wall(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/Lima")
        time.tzset()
        window.menus.show_earlier([(1, "films", "2026-05-04T02:30:00+00:00", 6), (2, "old", "no time", 1)])
    time.tzset()
    told = [action.text() for action in window.menus.submenus["earlier"].actions()]
    assert told == ["films, 6 files, 2026-05-03 21:30", "old, 1 file, no time"]
