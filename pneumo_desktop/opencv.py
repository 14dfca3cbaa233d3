"""OpenCV, and what it says on standard error past Python: everybody imports it from here.

On Windows a C library of its own is linked into OpenCV, which asks the system once, while it is loaded, where standard
error is: nothing that Python leads elsewhere later reaches it, and a window without a console has no standard error at
all. So it is loaded while a temporary file is standard error, and talks into that file from then on. Elsewhere it shares
Python's C library, and standard error is led into memory for a moment.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator

from pneumo_desktop.standard_error import led_to

__all__ = ["cv2", "listening"]


def _nameless_file() -> int:
    """Return the descriptor of an empty file that goes when it is closed, however the process ends."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("opencv")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _written(descriptor: int) -> bytes:
    """Return what stands before the place in the file where the next word would go."""
    length = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, length)


if sys.platform == "win32":
    import ctypes
    import msvcrt

    _STANDARD_ERROR = ctypes.c_uint32(-12)
    _ROOM = 4096

    _one_at_a_time = threading.Lock()
    _words: int | None = None
    """The file that OpenCV talks into; None where there can be none."""

    with contextlib.ExitStack() as undo:
        with contextlib.suppress(OSError):
            _words = _nameless_file()
            os.write(_words, bytes(_ROOM))  # a disk that is full later takes no word away
            kernel32 = ctypes.WinDLL("kernel32")
            kernel32.GetStdHandle.restype = ctypes.c_void_p
            kept = ctypes.c_void_p(kernel32.GetStdHandle(_STANDARD_ERROR))
            undo.callback(kernel32.SetStdHandle, _STANDARD_ERROR, kept)
            kernel32.SetStdHandle(_STANDARD_ERROR, ctypes.c_void_p(msvcrt.get_osfhandle(_words)))
        import cv2
else:
    import cv2


@contextlib.contextmanager
def listening() -> Iterator[bytearray]:
    """Yield what is said in the block, which is there when the block has ended; every other block waits.

    Elsewhere than on Windows other threads' words to standard error are among it.
    """
    said = bytearray()
    if sys.platform == "win32":
        if _words is None:
            yield said
            return
        with _one_at_a_time:
            os.lseek(_words, 0, os.SEEK_SET)
            yield said
            said += _written(_words)
    else:
        # Of its own for every block: a process that is started meanwhile inherits it, and what that writes is nobody's.
        words = _nameless_file()
        try:
            with led_to(words):
                yield said
            said += _written(words)
        finally:
            os.close(words)
