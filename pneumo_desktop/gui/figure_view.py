"""Figures of ``evaluation.figures`` in a window: drawn by matplotlib off the GUI thread, in the window's colours."""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QWidget

from pneumo_desktop.gui.workers import Background

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Make = Callable[[Any], "Figure"]
"""Gets the module ``evaluation.figures`` and returns a figure; runs on a worker, so that matplotlib is imported there."""

_DOTS_PER_INCH = 96.0


@dataclass(frozen=True, eq=False)
class _Picture:
    """A drawn figure; ``box`` is the first axes (left, top, right, bottom) and ``to_data`` takes pixels to its numbers."""

    image: QImage
    box: tuple[float, float, float, float]
    to_data: npt.NDArray[np.float64]


def _colours(palette: QPalette) -> dict[str, str | float]:
    roles = QPalette.ColorRole
    ink = palette.color(roles.WindowText).name()
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "axes.titlecolor", "xtick.color", "ytick.color")
    grounds = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
    return {**dict.fromkeys(inked, ink), **dict.fromkeys(grounds, "none"), "font.size": 9.0, "axes.titlesize": 10.0}


@functools.cache
def _module() -> Any:
    """Return the module of the figures; the first time takes it in, and matplotlib, on the worker that draws.

    What they brought stays. Without the freeze a whole garbage collection went through it again and again while the
    curves of a training were drawn, and the window waited for that (bench/training_gui.py).
    """
    from pneumo_desktop.evaluation import figures

    gc.freeze()
    return figures


@contextmanager
def _swept() -> Iterator[None]:
    """Throw away what a figure leaves while it is young.

    A figure is some 7,000 objects in circles. Left to Python they outlive the small collections that drawing itself sets
    off, and ten figures later one whole collection holds every thread up for a tenth of a second.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if collecting:
            gc.enable()


def _render(make: Make, width: int, height: int, ratio: float, colours: dict[str, str | float]) -> _Picture:
    figures = _module()
    with figures.drawing(colours), _swept():  # one thread draws at a time
        return _drawn(make(figures), width, height, ratio)


def _drawn(figure: Figure, width: int, height: int, ratio: float) -> _Picture:
    figure.set_dpi(_DOTS_PER_INCH * ratio)
    figure.set_size_inches(width / _DOTS_PER_INCH, height / _DOTS_PER_INCH)
    canvas: Any = figure.canvas
    canvas.draw()
    pixels = np.ascontiguousarray(canvas.buffer_rgba())
    axes: Any = figure.axes[0]
    box = axes.get_window_extent().extents / ratio
    scale = np.diag([ratio, ratio, 1.0])
    to_data = axes.transData.inverted().frozen().get_matrix() @ scale
    rows, columns = pixels.shape[:2]
    image = QImage(pixels.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()
    image.setDevicePixelRatio(ratio)
    left, bottom, right, top = (float(value) for value in box)
    return _Picture(image, (left, height - top, right, height - bottom), to_data)


class FigureView(QWidget):
    """Shows one figure at the size it has; ``clicked`` carries the place in the numbers of its first axes.

    ``worker`` draws; its owner closes it.
    """

    clicked = Signal(float, float)

    def __init__(self, worker: Background, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._worker = worker
        self._make: Make | None = None
        self._picture: _Picture | None = None
        self._topic = f"figure {id(self)}"
        self.setAccessibleName(name)
        self.setMinimumSize(260, 200)

    def draw(self, make: Make | None) -> None:
        """Show what ``make`` makes; None shows nothing."""
        self._make = make
        if make is None:
            self._worker.forget(self._topic)
            self._picture = None
            self.update()
        elif self.isVisible():
            self._start()

    @property
    def drawn(self) -> bool:
        """True when the figure is shown at the size that the widget has."""
        shown = self._picture
        return shown is not None and shown.image.deviceIndependentSize().toSize() == self.size()

    def _start(self) -> None:
        make, width, height, ratio = self._make, self.width(), self.height(), self.devicePixelRatioF()
        if make is not None and min(width, height) > 40:
            colours = _colours(self.palette())
            self._worker.submit(lambda: _render(make, width, height, ratio, colours), self._came, topic=self._topic)

    def _came(self, picture: _Picture) -> None:
        self._picture = picture
        self.update()

    def showEvent(self, event: Any) -> None:
        """Draw what was asked for while nobody looked."""
        super().showEvent(event)
        self._start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw again at the new size; until then the old picture is stretched."""
        super().resizeEvent(event)
        self._start()

    def changeEvent(self, event: QEvent) -> None:
        """Follow light and dark."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self.isVisible():
            self._start()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the newest picture."""
        if self._picture is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self.rect(), self._picture.image)
            painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell where in the first axes was clicked."""
        picture, place = self._picture, event.position()
        if picture is None or event.button() is not Qt.MouseButton.LeftButton:
            return
        left, top, right, bottom = picture.box
        if left <= place.x() <= right and top <= place.y() <= bottom:
            x, y, _one = picture.to_data @ np.array([place.x(), self.height() - place.y(), 1.0])
            self.clicked.emit(float(x), float(y))
