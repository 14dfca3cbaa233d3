"""Thumbnails made off the GUI thread, newest wish first, kept within a bound."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from pneumo_desktop.gui.workers import Background
from pneumo_desktop.imaging import codes
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


def make_thumbnail(entry: Entry, side: int, known: str | None = None) -> QImage:
    """Read an entry and return its thumbnail; raises UnreadableImageError, also where its digest is not ``known``."""
    from pneumo_desktop.imaging.load import load
    from pneumo_desktop.imaging.thumbnail import thumbnail

    return to_image(thumbnail(load(entry, known=known), side))


_Key = tuple[int, str | None]
"""An entry, and what its file was when it was read: read again with another content it has another thumbnail."""


class Thumbnails(QObject):
    """``get`` answers at once with what is there and makes the rest later; ``ready`` names the entry id.

    ``changed`` carries the Row whose file is no longer the one that was read.
    """

    ready = Signal(int)
    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(1, self)
        self._kept: OrderedDict[_Key, QPixmap | None] = OrderedDict()
        self._wishes: OrderedDict[_Key, Row] = OrderedDict()
        self._making: _Key | None = None
        self._scale = 1.0

    def get(self, row: Row, scale: float = 1.0) -> QPixmap | None:
        """Return the row's thumbnail if it is made; ``scale`` is the screen's device pixel ratio."""
        self._scale = scale
        key = (row.entry_id, row.sha256)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key == self._making:
            return None
        self._wishes[key] = row
        self._wishes.move_to_end(key)
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
        key, row = self._wishes.popitem(last=True)
        self._making = key
        scale = self._scale
        self._background.submit(
            lambda: make_thumbnail(row.entry, round(SIDE * scale), row.sha256),
            lambda image: self._made(key, image, scale),
            lambda error: self._failed(key, row, error),
        )

    def _made(self, key: _Key, image: QImage, scale: float) -> None:
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(scale)
        self._keep(key, pixmap)

    def _failed(self, key: _Key, row: Row, error: Exception) -> None:
        self._keep(key, None)
        if not isinstance(error, UnreadableImageError):
            raise error
        if error.code == codes.CHANGED:
            self.changed.emit(row)

    def drop(self, row: Row) -> None:
        """Show no thumbnail of the row, and make none until it is forgotten."""
        key = (row.entry_id, row.sha256)
        self._wishes.pop(key, None)
        self._kept[key] = None

    def forget(self, row: Row) -> None:
        """Make the row's thumbnail anew when it is wished for again."""
        self._kept.pop((row.entry_id, row.sha256), None)

    def _keep(self, key: _Key, pixmap: QPixmap | None) -> None:
        self._making = None
        self._kept[key] = pixmap
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(key[0])
        self._next()
