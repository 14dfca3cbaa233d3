"""A lock on a file that the system lets go when its process ends, however it ends."""

from __future__ import annotations

import sys
from typing import IO


def lock(stream: IO[bytes]) -> None:
    """Lock an open file for this process; raises OSError where another one holds it, or the disk knows no locks."""
    if sys.platform == "win32":
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
