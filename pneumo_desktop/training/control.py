"""The wish to stop: a line on stdin, a signal, or a parent that is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

GRACE_SECONDS = 1.4
"""So long the work may take to come to a place where it can stop; then the process ends. Checkpoints are whole files."""

EXIT_STOPPED = 3
ASKED, PARENT_GONE = "asked", "parent_gone"


class Stopped(Exception):  # noqa: N818 - no error: what the user wanted
    """Raised where the work stops; ``why`` is ``asked`` or ``parent_gone``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Control:
    """Listens on threads of its own; the work asks ``check`` wherever it could stop.

    ``announce(why)`` writes the last event when the work did not stop in time.
    """

    def __init__(self, announce: Callable[[str], None], grace: float = GRACE_SECONDS) -> None:
        self._announce = announce
        self._grace = grace
        self._why: str | None = None
        self._lock = threading.RLock()

    @property
    def asked(self) -> str | None:
        """Why to stop, or None."""
        return self._why

    def check(self) -> None:
        """Raise Stopped when a stop was asked for."""
        if self._why is not None:
            raise Stopped(self._why)

    def stop(self, why: str = ASKED) -> None:
        """Ask to stop; the first reason counts. The process ends after the grace time at the latest."""
        if self._why is None:
            self._why = why
            timer = threading.Timer(self._grace, self._end)
            timer.daemon = True
            timer.start()

    def _end(self) -> None:
        with self._lock:
            self._announce(self._why or ASKED)
            os._exit(EXIT_STOPPED)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep the process from being ended while files are moved into place."""
        with self._lock:
            yield

    def listen(self) -> None:
        """Start listening to stdin and signals: to these by a pipe that Python's own handler writes to, whichever thread the
        system gives them to. NumPy and OpenCV have threads of their own by now, and the main one may be in TensorFlow for long.
        """
        if hasattr(os, "set_blocking"):  # Windows has no such pipes, and ends no program by a signal
            told, tell = os.pipe()
            os.set_blocking(tell, False)
            signal.set_wakeup_fd(tell)
            for wanted in (signal.SIGTERM, signal.SIGINT):
                if signal.getsignal(wanted) is not signal.SIG_IGN:
                    signal.signal(wanted, lambda *_: None)
            threading.Thread(target=self._wait_for_signal, args=(told,), name="signals", daemon=True).start()
        threading.Thread(target=self._read_stdin, name="stdin", daemon=True).start()

    def _wait_for_signal(self, told: int) -> None:
        os.read(told, 1)
        self.stop(ASKED)

    def _read_stdin(self) -> None:
        # The bare descriptor: a thread that waits in sys.stdin would hold its lock when the interpreter ends.
        pending = b""
        while True:
            try:
                data = os.read(0, 4096)
            except OSError:
                data = b""
            if not data:
                self.stop(PARENT_GONE)
                return
            pending += data
            *lines, pending = pending.split(b"\n")
            if any(line.strip() == b"stop" for line in lines):
                self.stop(ASKED)
