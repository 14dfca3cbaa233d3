"""What a person does in the window, for the journeys."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QTextDocument
from PySide6.QtGui import Qt as Text
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.training.data_page import DataPage
from pneumo_desktop.reading.outcome import Outcome
from pneumo_desktop.records.rows import Row
from pneumo_desktop.records.store import Store

FIXTURES = Path(__file__).resolve().parent / "fixtures"
FILM, OTHER = "person1_bacteria_1.jpeg", "IM-0152-0001.jpeg"
"""Two films of the journeys' folder: one likely pneumonia, one likely normal."""


def open_window(services: Services, qtbot: QtBot) -> MainWindow:
    """Show a window over ``services``; who opened it closes it."""
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def drop(
    window: MainWindow | DataPage, path: Path, possible: Qt.DropAction = Qt.DropAction.CopyAction, shift: bool = False
) -> Qt.DropAction | None:
    """Drop a file or folder onto the window; return what the file manager is told was done, None where it is refused."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(QPoint(400, 300), possible, data, Qt.MouseButton.LeftButton, keys)
    window.dragEnterEvent(entered)
    if not entered.isAccepted():
        return None
    event = QDropEvent(QPointF(400, 300), possible, data, Qt.MouseButton.LeftButton, keys)
    window.dropEvent(event)
    return event.dropAction() if event.isAccepted() else None


def read_folder(window: MainWindow, path: Path, qtbot: QtBot, rows: int) -> None:
    """Drop a folder and wait until all its ``rows`` are read and shown."""
    drop(window, path)
    qtbot.waitUntil(lambda: not window.active_runs(), timeout=60_000)
    window.queue.flush()
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == rows)


def look_at(window: MainWindow, film: int | Row, qtbot: QtBot) -> Row:
    """Choose a row, named by its place in the list or as itself; wait for its picture and return it."""
    if isinstance(film, int):
        window.queue.choose(film)
    else:
        window.queue.choose_entry(film.entry_id)
    qtbot.waitUntil(lambda: window.review.seen)
    row = window.queue.current_row()
    assert row is not None
    return row


def named(window: MainWindow, name: str) -> Row:
    """Return the row of the list whose file is called ``name``."""
    (row,) = [row for row in window.queue.model.all_rows() if row.entry.path.name == name]
    return row


def look_at_film(window: MainWindow, folder: Path, qtbot: QtBot) -> Row:
    """Read the journeys' folder, look at FILM and return its row."""
    read_folder(window, folder, qtbot, 6)
    qtbot.waitUntil(window.queue.thumbnails.idle)
    return look_at(window, named(window, FILM), qtbot)


def outcome_shown(window: MainWindow, row: Row) -> Outcome | None:
    """Return the outcome that the list shows in a row now."""
    listed = window.queue.model.row_of(row.entry_id)
    return listed.judgement.outcome if listed is not None and listed.judgement is not None else None


def replace_file(row: Row, film: str = "person1000_bacteria_2931.jpeg") -> None:
    """Put another film of the fixtures into the place of a row's file."""
    shutil.copyfile(FIXTURES / film, row.entry.path)


def kept(store: Store, entry_id: int) -> Row:
    """Return a row as the records have it."""
    row = store.row(entry_id)
    assert row is not None
    return row


def picture(window: MainWindow, qtbot: QtBot) -> QImage:
    """The picture as it is shown, when it has come."""
    qtbot.waitUntil(lambda: window.viewer.snapshot() is not None)
    make = window.viewer.snapshot()
    assert make is not None
    return make()


def as_a_tool_tip(text: str) -> str:
    """What Qt shows of a text in a tool tip or a message box, where it decides by the text whether that is HTML."""
    document = QTextDocument()
    (document.setHtml if Text.mightBeRichText(text) else document.setPlainText)(text)
    return document.toPlainText()
