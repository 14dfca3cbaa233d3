"""Which programs read images over a data folder: each holds a locked file there, which a kill lets go."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO, Final

from pneumo_desktop.file_lock import lock

_PREFIX: Final = "reading-"


class Presence:
    """The lock file of this process in ``folder``; another process sees by it that images are read here."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / f"{_PREFIX}{os.getpid()}.lock"
        self._stream: IO[bytes] | None = None

    def begin(self) -> None:
        """Show that this process reads until ``end``: also what it stopped is its own to go on with.

        Nothing is shown on a disk that knows no locks.
        """
        if self._stream is None:
            with contextlib.suppress(OSError):
                stream = self._path.open("a+b")
                try:
                    lock(stream)
                except OSError:
                    stream.close()
                else:
                    self._stream = stream

    def end(self) -> None:
        """Take the file away."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
            with contextlib.suppress(OSError):
                self._path.unlink()

    def others(self) -> bool:
        """Tell whether another process reads in this folder; what a killed one left is taken away."""
        return any(_held(path) for path in self._path.parent.glob(f"{_PREFIX}*.lock") if path != self._path)


def _held(path: Path) -> bool:
    try:
        with path.open("r+b") as stream:
            lock(stream)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    with contextlib.suppress(OSError):
        path.unlink()
    return False
