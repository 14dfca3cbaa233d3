"""Work off the GUI thread: a call goes to a pool, its result comes back to the GUI thread by one queued signal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThreadPool, Signal, Slot

SWITCH_SECONDS = 0.0005
"""So long a thread keeps Python's lock while another one wants it; Python's own 5 ms is for throughput."""


def answer_first() -> None:
    """Let the window's thread in at once where a worker computes in Python.

    Each call into Qt may give the lock back and wait for it again: at 5 ms each, one event of some twenty calls held the
    window up for a tenth of a second while a worker drew a figure (bench/training_gui.py).
    """
    sys.setswitchinterval(SWITCH_SECONDS)


@dataclass(frozen=True, eq=False)
class _Job:
    work: Callable[[], Any]
    done: Callable[[Any], None] | None
    failed: Callable[[Exception], None] | None
    topic: str | None
    ticket: int


class Background(QObject):
    """A small pool whose answers arrive on the thread that made this object.

    Within one ``topic`` only the newest call counts: results of older ones are dropped, and an older call
    that has not begun is never begun. ``close`` waits for what runs; nothing is delivered after it.
    """

    _answered = Signal(object, object, object)

    def __init__(self, threads: int = 1, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._newest: dict[str, int] = {}
        self._ticket = 0
        self._closed = threading.Event()
        self._answered.connect(self._deliver)

    def submit(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        topic: str | None = None,
    ) -> None:
        """Run ``work`` on the pool, then ``done(result)`` or ``failed(error)`` on this object's thread.

        An error without ``failed`` goes to ``sys.excepthook``, that is, to the one error dialog.
        """
        if self._closed.is_set():
            return
        self._ticket += 1
        if topic is not None:
            self._newest[topic] = self._ticket
        job = _Job(work, done, failed, topic, self._ticket)
        self._pool.start(lambda: self._run(job))

    def forget(self, topic: str) -> None:
        """Drop whatever is still under way for ``topic``."""
        self._ticket += 1
        self._newest[topic] = self._ticket

    def close(self) -> None:
        """Wait for the calls that run and deliver nothing more."""
        self._closed.set()
        self._pool.clear()
        self._pool.waitForDone()

    def finish(self) -> None:
        """Wait until every call so far has run, and deliver their results now; to be called on this object's thread."""
        self._pool.waitForDone()
        QCoreApplication.sendPostedEvents(self, QEvent.Type.MetaCall.value)

    def wait(self) -> None:
        """Wait until every call so far has run (their results arrive with the next events)."""
        self._pool.waitForDone()

    def _stale(self, job: _Job) -> bool:
        return job.topic is not None and self._newest.get(job.topic) != job.ticket

    def _run(self, job: _Job) -> None:
        if self._closed.is_set() or self._stale(job):
            return
        result: Any = None
        error: Exception | None = None
        try:
            result = job.work()
        except Exception as problem:  # handed to the GUI thread, which decides
            error = problem
        if not self._closed.is_set():
            self._answered.emit(job, result, error)

    @Slot(object, object, object)
    def _deliver(self, job: _Job, result: Any, error: Exception | None) -> None:
        if self._closed.is_set() or self._stale(job):
            return
        if error is None:
            if job.done is not None:
                job.done(result)
        elif job.failed is not None:
            job.failed(error)
        else:
            sys.excepthook(type(error), error, error.__traceback__)
