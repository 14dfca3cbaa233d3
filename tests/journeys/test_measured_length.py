"""What the status bar says of a film goes with the film; anything else that it says stays."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.main_window import MainWindow
from tests.using_the_window import look_at, read_folder


def test_a_measured_length_is_not_said_of_the_next_film(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    canvas, told = window.viewer.canvas, window.statusBar().currentMessage
    look_at(window, 0, qtbot)
    window.viewer.action("measure_tool").trigger()
    for choose_next in (window.next_row, window.review.normal):
        look_at(window, 0, qtbot)
        middle = canvas.rect().center()
        qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
        qtbot.mouseMove(canvas, middle + QPoint(40, 0))
        qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
        assert "pixels" in told()
        choose_next()
        qtbot.waitUntil(lambda: window.review.seen)
        window.keeper.finish()
        assert "pixels" not in told()
    assert told().endswith("normal. Ctrl+Z takes it back."), "what is not of a film stays"
