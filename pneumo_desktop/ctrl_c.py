"""What Ctrl+C does: while the program is loaded, in a command, and in one that keeps what it has when it is stopped.

Where Ctrl+C was ignored from outside, as in the background of a script, it stays so.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def ends_at_once() -> None:
    """Let Ctrl+C end the program without a word from now on, as the system does: while its libraries are loaded.

    An error in their midst would be a page of Python, and some of them crash of it or swallow it.
    """
    _lead_to(signal.SIG_DFL)


def raises() -> None:
    """Let Ctrl+C raise KeyboardInterrupt from now on."""
    _lead_to(signal.default_int_handler)


@contextmanager
def asks_to_stop() -> Iterator[Callable[[], bool]]:
    """Give what tells whether Ctrl+C was pressed in the block; a second one does what it did before."""
    pressed = threading.Event()

    def press(*_: object) -> None:
        pressed.set()
        _lead_to(before)

    before = signal.getsignal(signal.SIGINT)
    _lead_to(press)
    try:
        yield pressed.is_set
    finally:
        _lead_to(before)


def _lead_to(handler: Any) -> None:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)
