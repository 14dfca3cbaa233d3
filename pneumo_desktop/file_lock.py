"""A lock on a file that the system lets go when its process ends, however it ends."""

from __future__ import annotations

import errno
import sys
import time
from typing import IO


def lock(stream: IO[bytes], patience: float = 0.0) -> None:
    """Lock an open file for this process; ``patience`` is for how many seconds to wait for another one that holds it.

    Raises BlockingIOError where another one still holds it, and another OSError where the disk knows no locks.
    """
    until = time.monotonic() + patience
    while True:
        try:
            _lock(stream)
            return
        except OSError as problem:
            if problem.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            if time.monotonic() >= until:
                raise BlockingIOError(errno.EAGAIN, problem.strerror) from problem
        time.sleep(0.02)


def _lock(stream: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
