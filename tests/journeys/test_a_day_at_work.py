"""A nurse's day on the real window: asked once, stopped and taken up again, killed and found again, all by keyboard."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.gui.errors import ErrorCatcher
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.queue_order import Show
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population, Reason
from pneumo_desktop.records.rows import Decision
from tests.using_the_window import FIXTURES, open_window

from .conftest import many_films


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Clínica"
    made.mkdir()
    for path in FIXTURES.glob("*.jpeg"):
        shutil.copyfile(path, made / path.name)
    return made


def wait(window: MainWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not window.active_runs(), timeout=90_000)
    window.queue.flush()


def judged(window: MainWindow, name: str) -> Judgement:
    row = next(row for row in window.queue.model.all_rows() if row.entry.display_name() == name)
    assert row.judgement is not None
    return row.judgement


def test_whose_images_is_asked_once_a_folder_and_remembered(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    window.start([folder])
    qtbot.waitUntil(window.population_question.isVisible)
    wait(window, qtbot)
    assert {row.judgement.population for row in window.queue.model.all_rows() if row.judgement} == {
        Population.NOT_KNOWN
    }
    window.population_question.answers[Population.CHILDREN].click()
    assert not window.population_question.isVisible()
    wait(window, qtbot)
    rows = window.queue.model.all_rows()
    assert {row.judgement.population for row in rows if row.judgement} == {Population.CHILDREN}
    assert len(rows) == 4
    assert services.store.folder_population(folder) is Population.CHILDREN
    window.clear_list()
    window.start([folder])
    wait(window, qtbot)
    assert not window.population_question.isVisible()
    assert judged(window, rows[0].entry.display_name()).population is Population.CHILDREN
    assert len(services.store.queues()) == 2  # the reading that the answer replaced is gone


@pytest.mark.usefixtures("unhurried")
def test_a_stopped_reading_goes_on_in_the_same_sitting(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    more = 36
    window.start([many_films(folder, more)])
    qtbot.waitUntil(lambda: window.queue.model.has_rows())
    bar = window.queue.reading_bar
    bar.pause.click()
    assert bar.pause.text() == "Continue"
    assert window.reading.paused
    bar.pause.click()
    assert not window.reading.paused
    bar.stop.click()
    wait(window, qtbot)
    read = {row.entry_id for row in window.queue.model.all_rows()}
    if len(read) == 4 + more:
        pytest.fail("the reading ended before it could be stopped")
    assert bar.go_on.isVisible()
    assert services.store.unfinished() != []
    bar.go_on.click()
    wait(window, qtbot)
    rows = window.queue.model.all_rows()
    assert len(rows) == len({row.entry.path for row in rows}) == 4 + more
    assert read <= {row.entry_id for row in rows}
    assert not bar.isVisible()
    assert services.store.unfinished() == []


CHILD = """
import sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication, QMessageBox
from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.reading import pipeline
load = pipeline.decode
def decode(*rest, **named):
    time.sleep(0.05)  # a quick computer must not be done before it can be killed
    return load(*rest, **named)
pipeline.decode = decode
application = QApplication([])
services = Services.create(Path(sys.argv[1]))
window = MainWindow(services)
window.show()
told = set()
def tell(*_):
    for row in window.queue.model.all_rows():
        if row.entry_id not in told:
            told.add(row.entry_id)
            print(row.entry_id, row.judgement.outcome.value, row.judgement.score, flush=True)
window.queue.model.rowsInserted.connect(tell)
window.start([Path(sys.argv[2])])
application.exec()
"""


def test_killing_the_program_loses_nothing_that_was_shown(tmp_path: Path, folder: Path, qtbot: QtBot) -> None:
    for number in range(60):
        (folder / f"more-{number}.jpeg").write_bytes((folder / "IM-0131-0001.jpeg").read_bytes() + bytes([number]))
    command = [sys.executable, "-c", CHILD, str(tmp_path / "data"), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(3)]
        child.kill()
        lines += child.stdout.readlines()
    assert child.returncode != 0
    shown = {int(line.split()[0]): line.split()[1:] for line in lines if line.endswith("\n") and line.strip()}
    assert 3 <= len(shown) < 64
    services = Services.create(tmp_path / "data")
    for entry_id, (outcome, score) in shown.items():
        row = services.store.row(entry_id)
        assert row is not None and row.judgement is not None
        assert (row.judgement.outcome.value, str(row.judgement.score)) == (outcome, score)
    window = open_window(services, qtbot)
    qtbot.waitUntil(window.offer.isVisible)
    window.offer.yes.click()
    rows = window.queue.model.all_rows
    qtbot.waitUntil(lambda: len(rows()) == 64 and all(row.judgement for row in rows()))
    wait(window, qtbot)
    assert len({row.entry.path for row in rows()}) == 64
    assert services.store.unfinished() == []
    window.close()
    services.close()


def test_a_negative_film_has_the_score_of_its_positive(
    window: MainWindow, folder: Path, dicom_of: Callable[..., bytes], qtbot: QtBot
) -> None:
    for name, negative in (("positive", False), ("negative", True)):
        (folder / f"{name}.dcm").write_bytes(dicom_of(FIXTURES / "IM-0131-0001.jpeg", "003Y", negative))
    window.start([folder])
    wait(window, qtbot)
    first, second = judged(window, "positive.dcm"), judged(window, "negative.dcm")
    assert first.score is not None
    assert first.score == second.score
    assert first.outcome is second.outcome


def png(width: int, height: int, rest: bytes) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + rest


def test_hostile_files_each_have_a_row_and_a_reason(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    noise = bytes(range(256)) * 16
    magics = {
        "jpeg": b"\xff\xd8\xff\xe0", "png": b"\x89PNG\r\n\x1a\n", "tiff": b"II*\0", "bmp": b"BM", "webp": b"RIFF0000WEBP",
        "dicom": b"\0" * 128 + b"DICM",
    }  # fmt: skip
    for name, magic in magics.items():
        (folder / f"random-{name}.bin").write_bytes(magic + noise)
        (folder / f"short-{name}.bin").write_bytes(magic)
    (folder / "huge.png").write_bytes(png(200_000, 200_000, b""))
    (folder / "bomb.png").write_bytes(
        png(30_000, 30_000, struct.pack(">I", 8) + b"IDAT" + zlib.compress(b"\0" * 10**6))
    )
    (folder / "zero.jpg").write_bytes(b"")
    window.start([folder])
    wait(window, qtbot)
    rows = {row.entry.path.name: row.judgement for row in window.queue.model.all_rows()}
    hostile = {name: judgement for name, judgement in rows.items() if not name.endswith(".jpeg")}
    left_out = {item.path.name for item in window.reading.left_out}
    assert len(hostile) + len(left_out) == 15
    for judgement in hostile.values():
        assert judgement is not None
        assert (judgement.outcome, judgement.reason, judgement.score) == (
            Outcome.NOT_ANALYSED, Reason.UNREADABLE, None,
        )  # fmt: skip
    assert sum(judgement.score is not None for judgement in rows.values() if judgement) == 4


def test_every_transfer_syntax_has_a_score_in_the_window(
    window: MainWindow, shared: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    films = sorted((shared / "dicom").glob("ts_*.dcm"))
    window.reading.start(films, population=Population.CHILDREN)
    wait(window, qtbot)
    scores = {row.entry.path.name: row.judgement.score for row in window.queue.model.all_rows() if row.judgement}
    assert len(scores) == len(films) >= 18
    assert None not in scores.values()


def test_everything_by_keyboard(window: MainWindow, services: Services, folder: Path, qtbot: QtBot) -> None:
    window.start([folder])
    wait(window, qtbot)
    window.activateWindow()
    table = window.queue.table
    qtbot.keyClick(table, Qt.Key.Key_Home)
    ids = [row.entry_id for row in window.queue.model.shown_rows()]
    for key in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3):
        qtbot.waitUntil(lambda: window.review.seen)
        qtbot.keyClick(table, key)
    qtbot.waitUntil(lambda: window.queue.model.left_count() == 1)

    def decisions() -> list[Decision | None]:
        return [row.decision if (row := services.store.row(entry_id)) else None for entry_id in ids]

    assert decisions() == [Decision.PNEUMONIA, Decision.NORMAL, Decision.CANNOT_TELL, None]
    qtbot.keyClick(table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.queue.model.left_count() == 2)
    assert decisions()[2] is None
    qtbot.keyClick(table, Qt.Key.Key_L)
    assert window.queue.show_box.currentData() == Show.LEFT
    assert window.queue.model.rowCount() == 2
    qtbot.keyClick(table, Qt.Key.Key_L)
    qtbot.keyClick(table, Qt.Key.Key_Home)
    qtbot.keyClick(table, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert window.focusWidget() is window.result.decision.note
    for letter in "opacity 1":
        qtbot.keyClick(window.result.decision.note, letter)
    qtbot.keyClick(window.result.decision.note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: services.store.row(ids[0]).note == "opacity 1")  # type: ignore[union-attr]
    assert decisions()[0] is Decision.PNEUMONIA  # the 1 of the note decided nothing
    assert window.focusWidget() is table
    qtbot.keyClick(table, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert window.focusWidget() is window.queue.filter_box
    qtbot.keyClick(window.queue.filter_box, Qt.Key.Key_Return)
    parts = []
    for _press in range(3):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_F6)
        parts.append(window.focusWidget())
    assert parts == [window.viewer.canvas, window.result.decision.buttons[Decision.PNEUMONIA], table]


def test_files_can_be_dropped_on_any_part_of_the_window(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    handle = window.windowHandle()
    for part in (
        window.queue.filter_box,
        window.result.decision.note,
        window.result.decision.initials,
        window.queue.table,
    ):
        place = QPointF(part.mapTo(window, QPoint(5, 5)))
        more = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(place.toPoint(), *more)
        QGuiApplication.sendEvent(handle, enter)
        assert window._drop_cue.isVisible()
        QGuiApplication.sendEvent(handle, QDropEvent(place, *more))
        assert not window._drop_cue.isVisible()
        assert window.active_runs(), type(part).__name__
        wait(window, qtbot)
        assert window.queue.model.rowCount() == 4
        assert window.result.decision.note.text() == window.queue.filter_box.text() == ""
        window.clear_list()


def test_the_examples_are_marked_as_such_and_no_recent_folder(window: MainWindow, qtbot: QtBot) -> None:
    window.welcome.examples.click()
    wait(window, qtbot)
    assert window.queue.model.rowCount() == 4
    assert window.result.example.isVisible()
    assert "Generated example" in window.result.example.text()
    assert not window.population_question.isVisible()
    assert window.preferences.get("recent", []) == []


def test_left_out_files_are_counted_on_the_screen_until_the_list_is_cleared(
    window: MainWindow, folder: Path, qtbot: QtBot
) -> None:
    (folder / "notes.txt").write_text("no image")
    with zipfile.ZipFile(folder / "empty.zip", "w"):
        pass
    window.start([folder])
    wait(window, qtbot)
    assert window._left_out.isVisible()
    window.appearance.choose_language("es")
    assert "omitido" in window._left_out.text()
    window.appearance.choose_language("en")
    window.clear_list()
    assert not window._left_out.isVisible()


def test_an_unexpected_error_has_one_dialog_and_a_report_without_names(window: MainWindow, qtbot: QtBot) -> None:
    catcher = ErrorCatcher()
    for _again in range(2):
        try:
            raise ValueError("could not open '/clinic/Muñoz Ana.dcm' of 'Muñoz^Ana'")
        except ValueError as error:
            catcher.handle(type(error), error, error.__traceback__)
    assert catcher.dialog is not None
    qtbot.addWidget(catcher.dialog)
    catcher.dialog.copy.click()
    copied = QApplication.clipboard().text()
    assert copied.count("ValueError") == 2
    assert "Muñoz" not in copied
    assert "test_a_day_at_work.py" in copied
    catcher.dialog.close()


def test_a_population_chosen_while_reading_replaces_the_reading(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    window.start([folder])
    window.reading.tell(Population.ADULTS)
    wait(window, qtbot)
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 4)
    assert {row.judgement.population for row in window.queue.model.all_rows() if row.judgement} == {Population.ADULTS}
    window.reading._background.wait()
    assert [queue[3] for queue in services.store.queues()] == [4]
    assert services.store.unfinished() == []


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("stopped", [False, True])
def test_a_reading_that_cannot_begin_anew_is_not_forgotten(
    stopped: bool, window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    films = 40 if stopped else 4
    window.start([many_films(folder, films - 4)])
    qtbot.waitUntil(lambda: window.queue.model.has_rows() and (stopped or not window.active_runs()))
    with pytest.MonkeyPatch.context() as broken:
        said: list[str] = []

        def package() -> ModelPackage:
            raise NoModelError("missing")

        broken.setattr(services, "package", package)
        broken.setattr(QMessageBox, "warning", lambda *words: said.append(words[2]))
        window.reading.read_again()
        window.reading.tell(Population.ADULTS)  # before the first one has failed
        qtbot.waitUntil(lambda: len(said) == 2)
        wait(window, qtbot)
        assert [run.population for run in window.reading._runs] == [Population.NOT_KNOWN]
        assert window.population.currentData() == Population.NOT_KNOWN
        assert window.queue.reading_bar.go_on.isVisible() is stopped
        if stopped:
            window.queue.reading_bar.go_on.click()  # no better, and not forgotten either
            qtbot.waitUntil(lambda: len(said) == 3)
            wait(window, qtbot)
            window.reading._background.wait()
            qtbot.waitUntil(lambda: window.queue.reading_bar.go_on.isVisible())
    if stopped:
        assert services.store.unfinished() != []
        window.queue.reading_bar.go_on.click()
        wait(window, qtbot)
        window.queue.flush()
        assert len(window.queue.model.all_rows()) == films
    window.reading.tell(Population.CHILDREN)
    wait(window, qtbot)
    window.queue.flush()
    rows = window.queue.model.all_rows()
    assert [row.judgement.population for row in rows if row.judgement] == [Population.CHILDREN] * films
    assert [queue[3] for queue in services.store.queues()] == [films]
    assert services.store.unfinished() == []


def test_an_answer_holds_for_the_runs_whose_folders_it_names_all(
    window: MainWindow, services: Services, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    other = tmp_path / "Otra"
    other.mkdir()
    shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", other / "film.jpeg")
    window.start([folder, other])
    wait(window, qtbot)
    read = window.queue.model.all_rows()
    window.reading.tell(Population.ADULTS, [folder])
    assert not window.active_runs()
    window.reading._background.wait()
    assert window.queue.model.all_rows() == read
    assert services.store.folder_population(folder) is Population.ADULTS
    window.reading.tell(Population.CHILDREN, [other, folder, tmp_path])
    wait(window, qtbot)
    rows = window.queue.model.all_rows()
    assert [row.judgement.population for row in rows if row.judgement] == [Population.CHILDREN] * 5


def test_stopped_before_the_first_queue_began_starts_no_other(
    window: MainWindow, services: Services, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    known = tmp_path / "Adultos"
    known.mkdir()
    shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", known / "film.jpeg")
    services.store.set_folder_population(known, Population.ADULTS)
    window.start([folder, known])
    window.reading.cancel()
    wait(window, qtbot)
    window.reading._background.wait()
    wait(window, qtbot)
    assert len(window.reading._runs) == 1
    assert {row.entry.path.parent for row in services.store.rows()} <= {folder}
    window.queue.reading_bar.go_on.click()  # both
    qtbot.waitUntil(lambda: len(window.reading._runs) == 2)
    wait(window, qtbot)
    told = {row.entry.path.parent: row.judgement.population for row in window.queue.model.all_rows() if row.judgement}
    assert told == {folder: Population.NOT_KNOWN, known: Population.ADULTS}
    assert window.queue.model.rowCount() == 5


def test_nothing_of_the_originals_changes(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    window.start([folder])
    wait(window, qtbot)
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.pneumonia()
    qtbot.waitUntil(lambda: window.queue.model.left_count() == 3)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
