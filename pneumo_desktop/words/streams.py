"""The standard streams, in one encoding on every system."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from typing import TextIO


def speak_utf8() -> None:
    """Write UTF-8 into standard output and error, whatever code page a Windows pipe has.

    A name that is no Unicode (a Linux file's) is shown with a question mark: what is printed never ends a run.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None in a Windows program without console
            with contextlib.suppress(ValueError):  # already closed
                stream.reconfigure(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def printing_to(stream: TextIO | None) -> Iterator[None]:
    """Print to ``stream`` in the block and write it out; where its reader has gone, as ``head`` goes, that is no error.

    None: a Windows program without console, where nothing is printed. Raises OSError that names the stream, as for a file on
    a full disk. After either error the stream leads nowhere: what is printed later, or still waits when the program ends,
    is no error again.
    """
    try:
        yield
        if stream is not None:
            stream.flush()
    except OSError as problem:
        if stream is None:
            raise
        lead_nowhere(stream)
        if not isinstance(problem, BrokenPipeError):
            problem.filename = stream.name
            raise


def on_a_terminal(stream: TextIO | None) -> bool:
    """Return whether a person sees what is printed to ``stream``; None, where there is no such stream, is nobody."""
    return stream is not None and stream.isatty()


def lead_nowhere(stream: TextIO) -> None:
    """Let what is printed to ``stream`` from now on, and what waits in it, go nowhere (Python's own note on SIGPIPE)."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def printable(text: str) -> str:
    """Return a text from outside as a part of one line: U+FFFD for what moves the cursor or cannot be seen or encoded.

    A file's name may hold a new line, or a terminal's order to wipe one: it would forge what the program prints.
    """
    return "".join(sign if sign.isprintable() or unicodedata.category(sign) == "Zs" else "\ufffd" for sign in text)
