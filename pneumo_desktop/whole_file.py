"""A file that is there as a whole, or as it was before: a full disk or a killed program leaves no half one in its place."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
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
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a file in a folder of the user's, by way of one beside it that nobody has; raises OSError that names ``path``."""
    with written_by_way_of(path.with_name(f"{uuid.uuid4().hex}.part"), path) as stream:
        stream.write(data)
