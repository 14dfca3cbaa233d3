"""The standard streams, in one encoding on every system."""

from __future__ import annotations

import contextlib
import io
import sys


def speak_utf8() -> None:
    """Write UTF-8 into standard output and error, whatever code page a Windows pipe has.

    A name that is no Unicode (a Linux file's) is shown with a question mark: what is printed never ends a run.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None in a Windows program without console
            with contextlib.suppress(ValueError):  # already closed
                stream.reconfigure(encoding="utf-8", errors="replace")
