"""The directory of a ZIP archive, looked at before memory is taken and read once for all members."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from pneumo_desktop.imaging import limits

_KEPT: Final = 2
"""So many directories are kept: a folder's archives are read one after the other, two threads at the border of two."""

_ENTRY: Final = b"PK\x01\x02"
"""What each member's entry in the directory begins with."""

_EMPTY: Final = b"PK\x05\x06" + bytes(18)
"""An archive without members."""


class DirectoryTooLargeError(Exception):
    """The archive's directory has more than ``limits.MAX_ARCHIVE_DIRECTORY_BYTES`` or ``limits.MAX_ARCHIVE_MEMBERS``."""


class ArchiveFile(io.BufferedReader):
    """A file of which at most ``most`` bytes are read at once, and no directory of too many members, where that is not None."""

    most: int | None = None

    def read(self, size: int | None = -1, /) -> bytes:
        if self.most is not None and size is not None and size > self.most:
            raise DirectoryTooLargeError(f"{size} bytes")
        data = super().read(size)
        # The end of the archive may tell any number: what counts is how many entries there are to make objects of.
        if self.most is not None and (members := data.count(_ENTRY)) > limits.MAX_ARCHIVE_MEMBERS:
            raise DirectoryTooLargeError(f"{members} members")
        return data


_Key = tuple[str, int, int, int]
_directories: dict[_Key, zipfile.ZipFile] = {}
_lock = threading.Lock()


def _directory(file: ArchiveFile) -> zipfile.ZipFile:
    """Read the directory of ``file``: one piece, as long as the archive itself tells."""
    file.most = limits.MAX_ARCHIVE_DIRECTORY_BYTES
    try:
        with zipfile.ZipFile(file) as archive:
            return archive
    finally:
        file.most = None


def directory_of(file: ArchiveFile, name: str) -> zipfile.ZipFile:
    """Return the directory of the archive ``name``, open as ``file``; one that was read before is read again if it changed.

    It is closed: for ``infolist`` and ``getinfo`` alone. Members are opened by ``member``. Raises zipfile.BadZipFile,
    OSError, ValueError, NotImplementedError or DirectoryTooLargeError.
    """
    status = os.fstat(file.fileno())
    key = (name, status.st_ino, status.st_size, status.st_mtime_ns)
    with _lock:
        known = _directories.get(key)
    if known is None:
        known = _directory(file)
        with _lock:
            _directories[key] = known
            for oldest in list(_directories)[:-_KEPT]:
                del _directories[oldest]
    return known


@contextmanager
def member(file: ArchiveFile, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """Open one member of the archive that is open as ``file``. Raises as ``zipfile.ZipFile.open`` does."""
    with zipfile.ZipFile(io.BytesIO(_EMPTY)) as archive:
        archive.fp = file  # its directory is known: not read for each member again
        with archive.open(info) as opened:
            yield opened
