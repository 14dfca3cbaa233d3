"""Rows on disk: prepared pictures or features, streamed, so that memory does not grow with the data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.whole_file import written_by_way_of

FLUSH_EVERY = 256


def write_json(path: Path, values: Any) -> None:
    """Write JSON beside ``path`` and move it into place; raises OSError. In ASCII: a file's name may be no Unicode."""
    with written_by_way_of(path.with_name(path.name + ".new"), path) as stream:
        stream.write(json.dumps(values).encode("ascii"))


class Rows:
    """Equal arrays in one file, filled in order; what was filled under the same ``key`` is there again after a crash.

    Raises OSError when the disk is full: the file is given its size first, with room taken for it.
    """

    def __init__(self, folder: Path, name: str, key: str, count: int, shape: tuple[int, ...], dtype: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._state = folder / f"{name}.json"
        path = folder / f"{name}.rows"
        self._shape = (max(count, 1), *shape)
        wanted = int(np.prod(self._shape)) * np.dtype(dtype).itemsize
        self._key = [key, list(self._shape), np.dtype(dtype).str]
        self.done = self._known(path, wanted)
        if not self.done:
            self._state.unlink(missing_ok=True)
            with path.open("wb") as stream:
                if hasattr(os, "posix_fallocate"):
                    # A hole in the file would only fail when it is filled, by a signal instead of an error.
                    os.posix_fallocate(stream.fileno(), 0, wanted)
                else:
                    stream.truncate(wanted)
        self._map = np.memmap(path, dtype=dtype, mode="r+", shape=self._shape)

    def _known(self, path: Path, wanted: int) -> int:
        try:
            state = json.loads(self._state.read_text("utf-8"))
            same = state["key"] == self._key and path.stat().st_size == wanted
            return int(state["done"]) if same else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def append(self, row: npt.NDArray[Any]) -> None:
        """Put the next row."""
        self._map[self.done] = row
        self.done += 1
        if self.done % FLUSH_EVERY == 0:
            self.flush()

    def restart(self) -> None:
        """Fill again from the first row."""
        self.done = 0

    def flush(self) -> None:
        """Write what was put to disk and remember how much it is."""
        self._map.flush()
        write_json(self._state, {"key": self._key, "done": self.done})

    @property
    def rows(self) -> npt.NDArray[Any]:
        """The filled rows, (done, ...), read from disk as they are used."""
        return self._map[: self.done]
