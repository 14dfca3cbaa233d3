"""What the training program tells its parent: one JSON object a line (docs/training-events.md)."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import threading
import time
from typing import Any, TextIO

PROGRESS_EVERY = 0.2
"""Seconds between two progress events."""


def _plain(value: Any) -> Any:
    """Return ``value`` as strict JSON can hold it: numbers that are not finite become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class Events:
    """Writes events to one stream, from any thread. After the last event (``end``) nothing more is written."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout
        self._lock = threading.Lock()
        self._ended = False
        self._last_progress = 0.0

    def _write(self, event: str, values: dict[str, Any], last: bool) -> None:
        # In ASCII: a file's name may be no Unicode.
        line = json.dumps(_plain({"event": event, **values}), allow_nan=False)
        with self._lock:
            if self._ended:
                return
            self._ended = last
            # A parent that has gone is told apart by its end of the other pipe.
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(line + "\n")
                self._stream.flush()

    def tell(self, event: str, **values: Any) -> None:
        """Write one event."""
        self._write(event, values, last=False)

    def end(self, event: str, **values: Any) -> None:
        """Write the last event; a second one is dropped."""
        self._write(event, values, last=True)

    def progress(self, phase: str, done: int, of: int) -> None:
        """Write a progress event, unless the last one is younger than ``PROGRESS_EVERY``."""
        now = time.monotonic()
        if done < of and now - self._last_progress < PROGRESS_EVERY:
            return
        self._last_progress = now
        self.tell("progress", phase=phase, done=done, of=of)
