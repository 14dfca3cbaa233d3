"""A picture as a PNG on the disk, whole or not there."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

from pneumo_desktop.whole_file import write_whole


def write_picture(picture: QImage, path: Path) -> None:
    """Write a picture as PNG; raises OSError that names ``path``, what was there before stays then.

    Qt only encodes: its own writing of a file tells of no full disk where the picture is smaller than its buffer.
    """
    stream = QBuffer()
    stream.open(QIODevice.OpenModeFlag.WriteOnly)
    if not picture.save(stream, "PNG"):  # type: ignore[call-overload]
        raise OSError(None, "Qt made no PNG", str(path))
    write_whole(path, bytes(stream.data().data()))
