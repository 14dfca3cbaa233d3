"""Leading the process' standard error elsewhere for a moment: libraries write to it past Python."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

STANDARD_ERROR = 2

_one_at_a_time = threading.Lock()
"""Whoever led it elsewhere meanwhile would put back what was not there before."""


@contextlib.contextmanager
def led_to(descriptor: int) -> Iterator[None]:
    """Lead standard error to the open file ``descriptor`` in the block; where there is none, as in a window without a
    console, nothing is led anywhere. Every other block waits.
    """
    with _one_at_a_time, contextlib.ExitStack() as undo:
        with contextlib.suppress(OSError):
            kept = os.dup(STANDARD_ERROR)
            undo.callback(os.close, kept)
            os.dup2(descriptor, STANDARD_ERROR)
            undo.callback(os.dup2, kept, STANDARD_ERROR)
        yield


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Lead standard error nowhere in the block."""
    with open(os.devnull, "wb") as nowhere, led_to(nowhere.fileno()):
        yield
