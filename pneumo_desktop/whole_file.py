"""Files that are there as a whole, or as they were before: a full disk or a killed program leaves no half one in its place."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from pneumo_desktop.words.system_errors import about


@contextlib.contextmanager
def written_by_way_of(temporary: Path, path: Path) -> Iterator[BinaryIO]:
    """Write to ``temporary`` and move it to ``path``, on the same disk, when all is there; after an error it is removed.

    Raises OSError that names ``path``.
    """
    with about(path):
        try:
            with temporary.open("wb") as stream:  # so that the user's umask holds
                yield stream
                _to_disk(stream)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in a folder of the user's, by way of one beside it that nobody has; raises OSError that names ``path``."""
    write_together({path: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write files that belong together as ``write_whole`` does one: none takes its place before all are on the disk."""
    beside = {path: path.with_name(f"{uuid.uuid4().hex}.part") for path in files}
    try:
        for path, data in files.items():
            with about(path), beside[path].open("wb") as stream:
                stream.write(data)
                _to_disk(stream)
        for path, temporary in beside.items():
            with about(path):
                os.replace(temporary, path)
    finally:
        for temporary in beside.values():
            temporary.unlink(missing_ok=True)


def _to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())
