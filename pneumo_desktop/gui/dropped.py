"""Files that are dropped: taken as a copy, and never said to have been moved."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt, QUrl
from PySide6.QtGui import QDropEvent

from pneumo_desktop.words import tr


def taken_as_copy(event: QDropEvent) -> bool:
    """Take what is dragged or dropped as a copy and return whether that may be.

    With Shift held a file manager proposes to move, and deletes what it is told was moved. Whoever will do nothing but
    move is refused: then he deletes nothing.
    """
    possible = bool(event.possibleActions() & Qt.DropAction.CopyAction)
    event.setDropAction(Qt.DropAction.CopyAction if possible else Qt.DropAction.IgnoreAction)
    event.setAccepted(possible)
    return possible


def _path_of(url: QUrl) -> Path | None:
    """Return the path of a file or folder of this computer, be its name no Unicode, or None for anything else."""
    if not url.isLocalFile():
        return None
    name = url.toLocalFile()
    if "\N{REPLACEMENT CHARACTER}" in name:  # Qt has lost what the bytes were
        escaped = url.path(QUrl.ComponentFormattingOption.FullyEncoded).encode()
        name = os.fsdecode(bytes(QByteArray.fromPercentEncoding(QByteArray(escaped)).data()))
    return Path(name)


def local_paths(event: QDropEvent) -> list[Path]:
    """Return the files and folders of this computer that an event carries."""
    return [path for url in event.mimeData().urls() if (path := _path_of(url)) is not None]


def not_here(event: QDropEvent) -> str:
    """Return a sentence for what an event carries that is no file of this computer; nothing where all is."""
    names = [url.toDisplayString() for url in event.mimeData().urls() if _path_of(url) is None]
    if not names:
        return ""
    if len(names) == 1:
        return tr("{name} is no file of this computer. Please copy it here first.").format(name=names[0])
    text = tr("{name} and {count} more are no files of this computer. Please copy them here first.")
    return text.format(name=names[0], count=len(names) - 1)
