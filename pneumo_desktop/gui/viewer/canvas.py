"""The surface a radiograph is painted on: zoom to the pointer, pan, window by dragging, measure."""

from __future__ import annotations

from enum import Enum, auto

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from pneumo_desktop.words import tr

_ZOOM_STEP = 1.2
_SMALLEST, _LARGEST = 0.02, 40.0


class Tool(Enum):
    """What the left button does."""

    PAN = auto()
    WINDOW = auto()
    MEASURE = auto()


def image_of(pixels: npt.NDArray[np.uint8]) -> QImage:
    """Return a QImage that owns a copy of (H, W) grey or (H, W, 3) RGB pixels."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, pixels.strides[0], kind).copy()


class Canvas(QWidget):
    """Shows one QImage. ``scale`` is screen pixels an image pixel; ``offset`` the image's corner in the widget."""

    window_dragged = Signal(float, float)
    pointer_moved = Signal(int, int)
    measured = Signal(QPointF, QPointF)
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 160)
        self.tool = Tool.PAN
        self.scale = 1.0
        self.offset = QPointF(0, 0)
        self.message = ""
        self.measure_text = ""
        self._image: QImage | None = None
        self._fitted = True
        self._pressed: QPointF | None = None
        self._dragging: Tool | None = None
        self._line: tuple[QPointF, QPointF] | None = None

    def set_image(self, image: QImage | None, keep_view: bool = False) -> None:
        """Show ``image``; a new picture is fitted, the same one in another dress keeps its place."""
        self._image = image
        if not keep_view:
            self._line = None
            self.measure_text = ""
            self._fitted = True
        if self._fitted:
            self.fit()
        self.update()

    def fit(self) -> None:
        """Show the whole picture."""
        self._fitted = True
        if self._image is None or self._image.isNull():
            return
        self.scale = min(self.width() / self._image.width(), self.height() / self._image.height())
        size = QPointF(self._image.width(), self._image.height()) * self.scale
        self.offset = (QPointF(self.width(), self.height()) - size) * 0.5
        self.view_changed.emit()
        self.update()

    def actual_size(self) -> None:
        """Show one image pixel as one screen pixel, about the middle of the widget."""
        self.zoom_at(QPointF(self.width() / 2, self.height() / 2), 1.0 / self.devicePixelRatioF() / self.scale)

    def zoom_at(self, point: QPointF, factor: float) -> None:
        """Zoom so that the image point under ``point`` stays under it."""
        new = min(_LARGEST, max(_SMALLEST, self.scale * factor))
        self.offset = point - (point - self.offset) * (new / self.scale)
        self.scale = new
        self._fitted = False
        self.view_changed.emit()
        self.update()

    def zoom_step(self, steps: float) -> None:
        """Zoom about the middle."""
        self.zoom_at(QPointF(self.width() / 2, self.height() / 2), _ZOOM_STEP**steps)

    def copy_view(self, other: Canvas) -> None:
        """Look at the same place as ``other``."""
        self.scale, self.offset, self._fitted = other.scale, QPointF(other.offset), False
        self.update()

    def image_point(self, point: QPointF) -> QPointF:
        """Return where a point of the widget lies in the image, in image pixels."""
        return (point - self.offset) * (1.0 / self.scale)

    def clear_measure(self) -> None:
        """Take the measured line away."""
        self._line = None
        self.measure_text = ""
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(12, 12, 14))
        if self._image is None:
            painter.setPen(QColor(200, 200, 205))
            area = self.rect().adjusted(24, 24, -24, -24)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.scale < 4)
            size = QPointF(self._image.width(), self._image.height()) * self.scale
            painter.drawImage(QRectF(self.offset, self.offset + size), self._image)
            self._paint_line(painter)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().highlight().color(), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _paint_line(self, painter: QPainter) -> None:
        if self._line is None:
            return
        first, second = (self.offset + point * self.scale for point in self._line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((QColor(0, 0, 0), 4), (QColor(255, 214, 60), 2)):
            painter.setPen(QPen(colour, width))
            painter.drawLine(first, second)
        if self.measure_text:
            box = painter.fontMetrics().boundingRect(self.measure_text).adjusted(-4, -2, 4, 2)
            box.moveCenter((second + QPointF(0, -16)).toPoint())
            painter.fillRect(box, QColor(0, 0, 0, 190))
            painter.setPen(QColor(255, 214, 60))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.measure_text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._image is not None:
            self.zoom_at(event.position(), _ZOOM_STEP ** (event.angleDelta().y() / 120.0))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._image is None:
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

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self.image_point(event.position())
        self.pointer_moved.emit(int(np.floor(place.x())), int(np.floor(place.y())))
        if self._pressed is None:
            return
        moved = event.position() - self._pressed
        if self._dragging is Tool.PAN:
            self.offset += moved
            self._fitted = False
            self._pressed = event.position()
            self.view_changed.emit()
            self.update()
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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: QPointF(40, 0), Qt.Key.Key_Right: QPointF(-40, 0),
            Qt.Key.Key_Up: QPointF(0, 40), Qt.Key.Key_Down: QPointF(0, -40),
        }  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._image is None:
            super().keyPressEvent(event)
            return
        self.offset += step
        self._fitted = False
        self.view_changed.emit()
        self.update()

    def retranslate(self) -> None:
        """Say the accessible name in the language in use."""
        self.setAccessibleName(tr("Radiograph"))
