"""Files that are dropped: taken as a copy, and never said to have been moved."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDropEvent


def taken_as_copy(event: QDropEvent) -> bool:
    """Take what is dragged or dropped as a copy and return whether that may be.

    With Shift held a file manager proposes to move, and deletes what it is told was moved. Whoever will do nothing but
    move is refused: then he deletes nothing.
    """
    possible = bool(event.possibleActions() & Qt.DropAction.CopyAction)
    event.setDropAction(Qt.DropAction.CopyAction if possible else Qt.DropAction.IgnoreAction)
    event.setAccepted(possible)
    return possible


def local_paths(event: QDropEvent) -> list[Path]:
    """Return the files and folders of this computer that an event carries."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
