"""What does not fit a small screen scrolls, and what fits does not."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.screen_room import scrolled


class Tall(QWidget):
    """Likes to be tall, and can do with less."""

    def sizeHint(self) -> QSize:
        return QSize(300, 900)

    def minimumSizeHint(self) -> QSize:
        return QSize(300, 200)


def test_a_content_with_wrapped_words_scrolls_only_where_it_needs_more_than_there_is(qtbot: QtBot) -> None:
    content = QWidget()
    layout = QVBoxLayout(content)
    layout.addWidget(QLabel("some words " * 30, wordWrap=True))
    layout.addWidget(Tall(), 1)
    area = scrolled(content)
    qtbot.addWidget(area)
    area.resize(500, 500)
    area.show()
    qtbot.waitUntil(lambda: not area.verticalScrollBar().isVisible())
    assert content.size() == area.viewport().size()
    area.resize(250, 150)
    qtbot.waitUntil(area.verticalScrollBar().isVisible)
    assert area.horizontalScrollBar().isVisible()
    assert content.size() == content.minimumSizeHint()
    area.resize(500, 500)
    qtbot.waitUntil(lambda: not area.verticalScrollBar().isVisible())
    layout.addWidget(QLabel("more\n" * 40))  # the area follows what comes into it
    qtbot.waitUntil(area.verticalScrollBar().isVisible)
