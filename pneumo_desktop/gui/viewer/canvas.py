"""The surface a radiograph is painted on: zoom to the pointer, pan, window by dragging, measure."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from pneumo_desktop.words import tr

if TYPE_CHECKING:
    from pneumo_desktop.gui.viewer.picture import Picture
    from pneumo_desktop.gui.viewer.view_state import ViewState

_ZOOM_STEP = 1.2
_SMALLEST, _LARGEST = 0.02, 40.0
_SHARP_FROM = 4.0
"""From this many screen pixels an image pixel on, single pixels are shown as squares."""
_GROUND, _WORDS, _MARK = QColor(12, 12, 14), QColor(200, 200, 205), QColor(255, 214, 60)


class Tool(Enum):
    """What the left button does."""

    PAN = auto()
    WINDOW = auto()
    MEASURE = auto()


_CURSORS = {
    Tool.PAN: Qt.CursorShape.OpenHandCursor,
    Tool.WINDOW: Qt.CursorShape.SizeAllCursor,
    Tool.MEASURE: Qt.CursorShape.CrossCursor,
}


class Canvas(QWidget):
    """Shows one Picture. ``scale`` is screen units an image pixel; ``offset`` the picture's corner in the widget.

    Only what is visible is made, in as many pixels as the screen has: a repaint takes as long for 15 megapixels as for
    one.
    """

    window_dragged = Signal(float, float)
    pointer_moved = Signal(int, int)
    pointer_left = Signal()
    measured = Signal(QPointF, QPointF)
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 120)
        self.tool = Tool.PAN
        self.scale = 1.0
        self.offset = QPointF(0, 0)
        self.message = ""
        self.measure_text = ""
        self.corner_text = ""
        self._picture: Picture | None = None
        self._state: ViewState | None = None
        self._opacity: float | None = None
        self._heat: tuple[ViewState, QImage | None] | None = None
        self._grey: tuple[object, QImage, tuple[float, float, float, float]] | None = None
        self._fitted = True
        self._pressed: QPointF | None = None
        self._dragging: Tool | None = None
        self._line: tuple[QPointF, QPointF] | None = None

    # what is shown

    def show_picture(
        self, picture: Picture | None, state: ViewState | None, opacity: float | None, keep_view: bool = False
    ) -> None:
        """Show ``picture``; a new one is fitted, the same one in another dress keeps its place.

        ``opacity`` is that of the heat map in 0..1, None leaves the map out.
        """
        if picture is not self._picture:
            self._heat = None
            self._grey = None
        self._picture, self._state, self._opacity = picture, state, opacity
        if not keep_view:
            self.clear_measure()
            self._fitted = True
        if self._fitted:
            self.fit()
        self.setCursor(_CURSORS[self.tool] if picture is not None else Qt.CursorShape.ArrowCursor)
        self.update()

    def use(self, tool: Tool) -> None:
        """Give the left button another task."""
        self.tool = tool
        if self._picture is not None:
            self.setCursor(_CURSORS[tool])

    def picture_size(self) -> tuple[int, int]:
        """Return (width, height) of the picture as it is turned, in image pixels; (0, 0) without one."""
        if self._picture is None or self._state is None:
            return 0, 0
        height, width = self._picture.levels[0].shape
        return (width, height) if self._state.quarter_turns % 2 == 0 else (height, width)

    # zoom and place

    def fit(self) -> None:
        """Show the whole picture."""
        self._fitted = True
        width, height = self.picture_size()
        if not width:
            return
        self.scale = min(self.width() / width, self.height() / height)
        size = QPointF(width, height) * self.scale
        self.offset = (QPointF(self.width(), self.height()) - size) * 0.5
        self.view_changed.emit()
        self.update()

    def actual_size(self) -> None:
        """Show one image pixel as one screen pixel, about the middle of the widget."""
        self.zoom_at(self._middle(), 1.0 / self.devicePixelRatioF() / self.scale)

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Zoom so that the image point under ``point`` stays under it."""
        new = min(_LARGEST, max(_SMALLEST, self.scale * factor))
        self.offset = point - (point - self.offset) * (new / self.scale)
        self.scale = new
        self._moved()

    def zoom_step(self, steps: float) -> None:
        """Zoom about the middle."""
        self.zoom_at(self._middle(), _ZOOM_STEP**steps)

    def pan(self, by: QPointF) -> None:
        """Move the picture; a part of it always stays in sight."""
        width, height = (side * self.scale for side in self.picture_size())
        place = self.offset + by
        self.offset = QPointF(
            min(max(place.x(), 40 - width), self.width() - 40), min(max(place.y(), 40 - height), self.height() - 40)
        )
        self._moved()

    def copy_view(self, other: Canvas) -> None:
        """Look at the same place as ``other``."""
        self.scale, self.offset, self._fitted = other.scale, QPointF(other.offset), other._fitted
        self.update()

    def image_point(self, point: QPointF) -> QPointF:
        """Return where a point of the widget lies in the image, in image pixels."""
        return (point - self.offset) * (1.0 / self.scale)

    def zoom_percent(self) -> int:
        """Return screen pixels an image pixel, in per cent."""
        return round(self.scale * self.devicePixelRatioF() * 100)

    def _middle(self) -> QPointF:
        return QPointF(self.width() / 2, self.height() / 2)

    def _moved(self) -> None:
        self._fitted = False
        self.view_changed.emit()
        self.update()

    def clear_measure(self) -> None:
        """Take the measured line away."""
        self._line = None
        self.measure_text = ""
        self.update()

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        if self._picture is None or self._state is None:
            painter.setPen(_WORDS)
            area = self.rect().adjusted(24, 24, -24, -24)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
        else:
            self._paint_picture(painter, self._picture, self._state)
            self._paint_line(painter)
            self._paint_corner(painter)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().accent().color(), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_picture(self, painter: QPainter, picture: Picture, state: ViewState) -> None:
        from pneumo_desktop.gui.viewer.picture import heat_region, image_of, region

        width, height = self.picture_size()
        whole = QRectF(self.offset, self.offset + QPointF(width, height) * self.scale)
        seen = whole.intersected(QRectF(self.rect()))
        if seen.isEmpty():
            return
        first, last = self.image_point(seen.topLeft()), self.image_point(seen.bottomRight())
        box = (math.floor(first.x()), math.floor(first.y()), math.ceil(last.x()), math.ceil(last.y()))
        pixels = self.scale * self.devicePixelRatioF()
        key = (state, box, pixels)
        if self._grey is None or self._grey[0] != key:
            grey, covered = region(picture, state, box, pixels)
            self._grey = (key, image_of(grey), covered)
        _key, image, covered = self._grey
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, pixels < _SHARP_FROM)
        corner, opposite = QPointF(*covered[:2]), QPointF(*covered[2:])
        painter.drawImage(QRectF(self.offset + corner * self.scale, self.offset + opposite * self.scale), image)
        if self._opacity is not None:
            arrangement = state.arrangement()
            if self._heat is None or self._heat[0] != arrangement:
                self._heat = (arrangement, heat_region(picture, state))
            if self._heat[1] is not None:
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.setOpacity(self._opacity)
                painter.drawImage(whole, self._heat[1])
                painter.setOpacity(1.0)

    def _paint_line(self, painter: QPainter) -> None:
        if self._line is None:
            return
        first, second = (self.offset + point * self.scale for point in self._line)
        along = second - first
        length = math.hypot(along.x(), along.y())
        across = QPointF(-along.y(), along.x()) * (6.0 / length) if length > 1 else QPointF(0, 6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((QColor(0, 0, 0), 4), (_MARK, 2)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(first, second)
            for end in (first, second):
                painter.drawLine(end - across, end + across)
        if self.measure_text:
            box = painter.fontMetrics().boundingRect(self.measure_text).adjusted(-6, -3, 6, 3)
            box.moveCenter((second + QPointF(0, -18 if second.y() <= first.y() else 18)).toPoint())
            box.moveLeft(min(max(box.left(), 2), self.width() - box.width() - 2))
            box.moveTop(min(max(box.top(), 2), self.height() - box.height() - 2))
            painter.fillRect(box, QColor(0, 0, 0, 200))
            painter.setPen(_MARK)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.measure_text)

    def _paint_corner(self, painter: QPainter) -> None:
        if not self.corner_text:
            return
        room = self.rect().adjusted(8, 6, -8, -6)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap
        box = painter.boundingRect(room, flags, self.corner_text)
        painter.fillRect(box.adjusted(-4, -2, 4, 2), QColor(0, 0, 0, 150))
        painter.setPen(QColor(235, 235, 240))
        painter.drawText(room, flags, self.corner_text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()

    # mouse and keys

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._picture is not None:
            self.zoom_at(event.position(), _ZOOM_STEP ** (event.angleDelta().y() / 120.0))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._picture is None:
            return
        self._pressed = event.position()
        button = event.button()
        if button == Qt.MouseButton.RightButton:
            self._dragging = Tool.WINDOW
        elif button == Qt.MouseButton.MiddleButton:
            self._dragging = Tool.PAN
        else:
            self._dragging = self.tool
        if self._dragging is Tool.MEASURE:
            start = self.image_point(event.position())
            self._line = (start, start)
            self.measure_text = ""
            self.update()
        elif self._dragging is Tool.PAN:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self.image_point(event.position())
        self.pointer_moved.emit(math.floor(place.x()), math.floor(place.y()))
        if self._pressed is None:
            return
        moved = event.position() - self._pressed
        if self._dragging is Tool.PAN:
            self._pressed = event.position()
            self.pan(moved)
        elif self._dragging is Tool.WINDOW:
            self._pressed = event.position()
            self.window_dragged.emit(moved.x() / max(1, self.width()), moved.y() / max(1, self.height()))
        elif self._line is not None:
            self._line = (self._line[0], place)
            self.measured.emit(*self._line)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        self._dragging = None
        if self._picture is not None:
            self.setCursor(_CURSORS[self.tool])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole picture again."""
        if self.tool is not Tool.MEASURE:
            self.fit()

    def leaveEvent(self, event: object) -> None:
        self.pointer_left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: QPointF(40, 0), Qt.Key.Key_Right: QPointF(-40, 0),
            Qt.Key.Key_Up: QPointF(0, 40), Qt.Key.Key_Down: QPointF(0, -40),
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if self._picture is None or (step is None and event.key() != Qt.Key.Key_Escape):
            super().keyPressEvent(event)
            return
        if step is None:
            self.clear_measure()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.window_dragged.emit(-step.x() / 800, -step.y() / 800)
        else:
            self.pan(step)

    def retranslate(self) -> None:
        """Say the accessible name in the language in use."""
        self.setAccessibleName(tr("Radiograph"))
