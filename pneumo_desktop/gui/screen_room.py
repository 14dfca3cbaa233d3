"""No window opens larger than its screen: at 200 % a small laptop's screen has 683 x 384 points."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

_FRAME = QSize(8, 40)
"""What a window manager puts round a window; it is known only when the window is there."""


def room_for(window: QWidget) -> QSize:
    """Return the size that a window may have on its screen, beside task bar and frame."""
    return window.screen().availableSize() - _FRAME


class _Area(QScrollArea):
    """Gives its content the room there is, and never less than its least size.

    ``widgetResizable`` would give a content with wrapped words the height that it likes best, and scroll without need.
    """

    def _fit(self) -> None:
        content = self.widget()
        content.resize(content.minimumSizeHint().expandedTo(self.viewport().size()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        handled = super().eventFilter(watched, event)
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return handled


def scrolled(content: QWidget, name: str = "") -> QScrollArea:
    """Return a frameless area that shows ``content`` at its least size where the screen has no room for it.

    With a ``name`` for screen readers the area takes the keyboard, to be scrolled by it; else what is inside has it.
    """
    area = _Area()
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(content)
    area.setAccessibleName(name)
    if not name:
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def resize_within_screen(window: QWidget, width: int, height: int) -> None:
    """Give a window that is not yet shown a size, as far as its screen has room for it."""
    window.resize(QSize(width, height).boundedTo(room_for(window)))
