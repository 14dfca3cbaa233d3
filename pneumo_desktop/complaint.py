"""Says why the program ends, also where nobody reads standard error. No Qt before it is needed."""

from __future__ import annotations

import ctypes
import os
import sys

TITLE = "Pneumo Desktop"
_ERROR_ICON = 0x10


def has_display() -> bool:
    """Tell whether a window can be opened here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def complain(text: str, window: bool = False) -> None:
    """Write ``text`` to standard error; where that is unread, show it in a message box and wait until it is closed.

    Unread it is in a Windows program without console, and, where a ``window`` was asked for, wherever standard error is
    no terminal: a program that was started from a menu.
    """
    unread = sys.stderr is None
    if sys.stderr is not None:
        print(text, file=sys.stderr)
        unread = window and has_display() and not sys.stderr.isatty()
    if unread:
        _box(text)


def complain_of(problem: BaseException, text: str, window: bool = False) -> None:
    """Complain with ``text`` and the kind of an unexpected error; the trace goes to standard error alone."""
    if sys.stderr is not None:
        import traceback

        traceback.print_exception(problem)
    complain(f"{text}\n\n{type(problem).__name__}: {problem}", window)


def _box(text: str) -> None:
    if sys.platform == "win32":
        ctypes.windll.user32.MessageBoxW(None, text, TITLE, _ERROR_ICON)
        return
    try:
        from pneumo_desktop.gui.start import refuse
    except ImportError:  # what is missing is Qt itself: standard error has the words
        return
    refuse(text)
