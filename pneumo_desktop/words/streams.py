"""The standard streams, in one encoding on every system."""

from __future__ import annotations

import contextlib
import io
import sys
import unicodedata


def speak_utf8() -> None:
    """Write UTF-8 into standard output and error, whatever code page a Windows pipe has.

    A name that is no Unicode (a Linux file's) is shown with a question mark: what is printed never ends a run.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None in a Windows program without console
            with contextlib.suppress(ValueError):  # already closed
                stream.reconfigure(encoding="utf-8", errors="replace")


def printable(text: str) -> str:
    """Return a text from outside as a part of one line: U+FFFD for what moves the cursor or cannot be seen or encoded.

    A file's name may hold a new line, or a terminal's order to wipe one: it would forge what the program prints.
    """
    return "".join(sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else "\ufffd" for sign in text)
