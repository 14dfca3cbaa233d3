"""Thumbnails made off the GUI thread, newest wish first, kept within a bound."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from pneumo_desktop.gui.workers import Background
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError
from pneumo_desktop.records.rows import Row

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SIDE = 44
"""Device-independent pixels of a thumbnail's longer side."""
_KEPT = 400
_WAITING = 40


def to_image(pixels: npt.NDArray[np.uint8]) -> QImage:
    """Return (H, W) uint8 as a QImage of its own memory."""
    import numpy as np

    height, width = pixels.shape
    packed = np.ascontiguousarray(pixels, dtype=np.uint8)
    return QImage(packed.data, width, height, width, QImage.Format.Format_Grayscale8).copy()


def make_thumbnail(entry: Entry, side: int) -> QImage:
    """Read an entry and return its thumbnail; raises UnreadableImageError."""
    from pneumo_desktop.imaging.load import load
    from pneumo_desktop.imaging.thumbnail import thumbnail

    return to_image(thumbnail(load(entry), side))


class Thumbnails(QObject):
    """``get`` answers at once with what is there and makes the rest later; ``ready`` names the entry id."""

    ready = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(1, self)
        self._kept: OrderedDict[int, QPixmap | None] = OrderedDict()
        self._wishes: OrderedDict[int, Row] = OrderedDict()
        self._making: int | None = None
        self._scale = 1.0

    def get(self, row: Row, scale: float = 1.0) -> QPixmap | None:
        """Return the row's thumbnail if it is made; ``scale`` is the screen's device pixel ratio."""
        self._scale = scale
        entry_id = row.entry_id
        if entry_id in self._kept:
            self._kept.move_to_end(entry_id)
            return self._kept[entry_id]
        if entry_id == self._making:
            return None
        self._wishes[entry_id] = row
        self._wishes.move_to_end(entry_id)
        while len(self._wishes) > _WAITING:
            self._wishes.popitem(last=False)
        self._next()
        return None

    def idle(self) -> bool:
        """Return whether nothing is being made or wished for."""
        return self._making is None and not self._wishes

    def clear(self) -> None:
        """Forget everything that was made or wished for."""
        self._kept.clear()
        self._wishes.clear()

    def close(self) -> None:
        """Wait for the one that is being made."""
        self._wishes.clear()
        self._background.close()

    def _next(self) -> None:
        if self._making is not None or not self._wishes:
            return
        entry_id, row = self._wishes.popitem(last=True)
        self._making = entry_id
        scale = self._scale
        entry = row.entry
        self._background.submit(
            lambda: make_thumbnail(entry, round(SIDE * scale)),
            lambda image: self._made(entry_id, image, scale),
            lambda error: self._failed(entry_id, error),
        )

    def _made(self, entry_id: int, image: QImage, scale: float) -> None:
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(scale)
        self._keep(entry_id, pixmap)

    def _failed(self, entry_id: int, error: Exception) -> None:
        self._keep(entry_id, None)
        if not isinstance(error, UnreadableImageError):
            raise error

    def _keep(self, entry_id: int, pixmap: QPixmap | None) -> None:
        self._making = None
        self._kept[entry_id] = pixmap
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(entry_id)
        self._next()
