"""From what was dropped on the window to single images: folders, files, ZIP archives, DICOMDIR.

Nothing is silent: what is no image is a ``LeftOut`` with a code. Nothing is decoded here; of each file only
the first few kilobytes are read. Links are followed once; devices and pipes are never opened.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pneumo_desktop.imaging import codes, limits
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError
from pneumo_desktop.imaging.sniff import HEAD_BYTES, IMAGE_KINDS, Kind, kind_of
from pneumo_desktop.imaging.zip_directory import ArchiveFile, DirectoryTooLargeError, directory_of, member

IMAGE_SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".webp",
        ".dcm",
        ".dicom",
        ".dic",
        ".ima",
        ".gif",
        ".heic",
        ".heif",
        ".avif",
        ".jp2",
        ".j2k",
        ".jxl",
    ]
)
"""A file so named that is no readable image is shown as unreadable instead of being left out."""

_DOCUMENT_SUFFIXES = frozenset(
    [
        ".docx",
        ".xlsx",
        ".pptx",
        ".odt",
        ".ods",
        ".odp",
        ".epub",
        ".jar",
        ".apk",
        ".whl",
        ".npz",
        ".keras",
        ".pneumo",
        ".pt",
        ".pth",
        ".kmz",
    ]
)
_SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})


@dataclass(frozen=True)
class LeftOut:
    """Something that was found and is not read. ``code`` is one of ``codes.LEFT_OUT_CODES``."""

    path: Path
    member: str | None
    code: str


def find(paths: Iterable[Path]) -> Iterator[Entry | LeftOut]:
    """Walk ``paths`` and yield each image once, in a stable order, and each thing left out.

    Folders are walked depth first, sorted by name. A multi-frame file is one entry (frame 0). A file that was
    named, or whose suffix says image, is an Entry whatever its content: it will be told ``unreadable``.
    """
    walk = _Walk()
    for path in paths:
        yield from walk.start(Path(path))


class _Walk:
    """One call of ``find``: what has been seen already."""

    def __init__(self) -> None:
        self._folders: set[tuple[int, int]] = set()
        self._files: set[str] = set()

    def start(self, path: Path) -> Iterator[Entry | LeftOut]:
        try:
            mode = os.stat(_long(path))
        except (FileNotFoundError, NotADirectoryError):
            yield LeftOut(path, None, codes.MISSING)
        except OSError as error:
            yield LeftOut(path, None, _os_code(error))
        else:
            if stat.S_ISDIR(mode.st_mode):
                yield from self._folder(path, 0)
            else:
                yield from self._file(path, named=True)

    def _folder(self, folder: Path, depth: int) -> Iterator[Entry | LeftOut]:
        if depth > limits.MAX_FOLDER_DEPTH:
            yield LeftOut(folder, None, codes.TOO_DEEP)
            return
        try:
            status = os.stat(_long(folder))
            names = sorted(os.listdir(_long(folder)))
        except OSError as error:
            yield LeftOut(folder, None, _os_code(error))
            return
        identity = (status.st_dev, status.st_ino)
        if identity in self._folders:
            yield LeftOut(folder, None, codes.LINK_LOOP)
            return
        self._folders.add(identity)
        for name in names:
            path = folder / name
            if os.path.isdir(_long(path)):
                yield from self._folder(path, depth + 1)
            else:
                yield from self._file(path, named=False)

    def _file(self, path: Path, named: bool) -> Iterator[Entry | LeftOut]:
        key = os.path.abspath(path)
        if key in self._files:
            return
        self._files.add(key)
        try:
            status = os.stat(_long(path))
            if not stat.S_ISREG(status.st_mode):
                yield LeftOut(path, None, codes.NOT_AN_IMAGE)
                return
            with open(_long(path), "rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError as error:
            yield LeftOut(path, None, _os_code(error))
            return
        kind = kind_of(head)
        suffix = path.suffix.lower()
        if kind is Kind.DICOMDIR:
            yield from self._dicomdir(path)
        elif kind is Kind.ZIP and (named or suffix not in _DOCUMENT_SUFFIXES):
            yield from _archive(path)
        elif suffix == ".zip":
            yield LeftOut(path, None, codes.ZIP_DAMAGED)
        elif kind in IMAGE_KINDS or named or (suffix in IMAGE_SUFFIXES and not _is_system(path.name)):
            yield Entry(path, kind=kind)
        else:
            yield LeftOut(path, None, codes.NOT_AN_IMAGE)

    def _dicomdir(self, index: Path) -> Iterator[Entry | LeftOut]:
        """Yield what a DICOMDIR lists, wherever the medium spells it a little differently."""
        from pneumo_desktop.imaging.dicom import referenced_files

        try:
            listed = referenced_files(read_bytes(Entry(index)))
        except UnreadableImageError as error:
            code = error.code if error.code in codes.LEFT_OUT_CODES else codes.NOT_AN_IMAGE
            yield LeftOut(index, None, code)
            return
        yield LeftOut(index, None, codes.CD_INDEX if listed else codes.NOT_AN_IMAGE)
        for parts in listed:
            path = _resolve(index.parent, parts)
            if path is None:
                yield LeftOut(index.parent.joinpath(*parts), None, codes.MISSING)
            else:
                yield from self._file(path, named=True)


def _resolve(folder: Path, parts: tuple[str, ...]) -> Path | None:
    """Find ``parts`` under ``folder`` ignoring case and ISO 9660 version suffixes; None when it is not there."""
    here = folder
    for part in parts:
        if part in ("", ".", "..") or "/" in part or "\\" in part or "\0" in part or ":" in part:
            return None
        if os.path.exists(_long(here / part)):
            here = here / part
            continue
        try:
            names = sorted(os.listdir(_long(here)))
        except OSError:
            return None
        wanted = part.lower()
        found = next((n for n in names if n.lower().split(";")[0].rstrip(".") == wanted), None)
        if found is None:
            return None
        here = here / found
    return here if os.path.isfile(_long(here)) else None


def _archive(path: Path) -> Iterator[Entry | LeftOut]:
    """Yield the images of a ZIP archive; archives inside it are left out (``too_deep``)."""
    try:
        with _open_archive(path) as file:
            members = [info for info in directory_of(file, str(path)).infolist() if not info.is_dir()]
            total = sum(info.file_size for info in members)
            on_disk = max(1, os.fstat(file.fileno()).st_size)
            if (
                len(members) > limits.MAX_ARCHIVE_MEMBERS
                or total > limits.MAX_ARCHIVE_BYTES
                or (total > limits.ARCHIVE_RATIO_FROM_BYTES and total > limits.MAX_ARCHIVE_RATIO * on_disk)
            ):
                yield LeftOut(path, None, codes.ZIP_BOMB)
                return
            for info in sorted(members, key=lambda info: info.filename):
                yield _member(file, path, info)
    except DirectoryTooLargeError:
        yield LeftOut(path, None, codes.ZIP_BOMB)
    except UnreadableImageError as error:
        yield LeftOut(path, None, error.code)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        blocked = isinstance(error, PermissionError)
        yield LeftOut(path, None, codes.NO_PERMISSION if blocked else codes.ZIP_DAMAGED)


def _member(file: ArchiveFile, path: Path, info: zipfile.ZipInfo) -> Entry | LeftOut:
    name = info.filename
    base = name.rsplit("/", 1)[-1]
    suffix = os.path.splitext(base)[1].lower()
    if _is_system(base):
        return LeftOut(path, name, codes.NOT_AN_IMAGE)
    if info.flag_bits & 0x1:
        return LeftOut(path, name, codes.ZIP_ENCRYPTED)
    if _is_bomb(info):
        return LeftOut(path, name, codes.ZIP_BOMB)
    try:
        with member(file, info) as opened:
            kind = kind_of(opened.read(HEAD_BYTES))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        kind = Kind.UNKNOWN
    if kind is Kind.ZIP and suffix not in _DOCUMENT_SUFFIXES:
        return LeftOut(path, name, codes.TOO_DEEP)
    if kind in IMAGE_KINDS or suffix in IMAGE_SUFFIXES:
        return Entry(path, name, kind=kind)
    return LeftOut(path, name, codes.CD_INDEX if kind is Kind.DICOMDIR else codes.NOT_AN_IMAGE)


def _is_bomb(info: zipfile.ZipInfo) -> bool:
    """Tell whether a member unpacks to far more than it is, by its own account."""
    return info.file_size > limits.ARCHIVE_RATIO_FROM_BYTES and info.file_size > limits.MAX_ARCHIVE_RATIO * max(
        1, info.compress_size
    )


def read_bytes(entry: Entry, limit: int = limits.MAX_FILE_BYTES) -> bytes:
    """Return the bytes of a file or archive member, at most ``limit`` of them.

    Raises UnreadableImageError: ``missing``, ``no_permission``, ``io``, ``not_a_file``, ``empty``, ``too_large``, ``bomb``,
    ``encrypted``, ``damaged``.
    """
    try:
        if entry.member is None:
            data = _read_file(entry.path, limit)
        else:
            data = _read_member(entry.path, entry.member, limit)
    except UnreadableImageError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UnreadableImageError(codes.MISSING) from error
    except PermissionError as error:
        raise UnreadableImageError(codes.NO_PERMISSION) from error
    except OSError as error:
        code = codes.NOT_A_FILE if error.errno == errno.ENAMETOOLONG else codes.IO
        raise UnreadableImageError(code, f"{type(error).__name__} {error.errno}") from error
    except MemoryError as error:
        raise UnreadableImageError(codes.TOO_LARGE, "not enough memory") from error
    except ValueError as error:  # a NUL in a path
        raise UnreadableImageError(codes.NOT_A_FILE, "not a file name") from error
    if not data:
        raise UnreadableImageError(codes.EMPTY)
    return data


def _read_file(path: Path, limit: int) -> bytes:
    with open(_long(path), "rb", opener=_open_regular) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise UnreadableImageError(codes.TOO_LARGE, f"{size} bytes")
        data = file.read(size + 1)  # as much is taken at once: no more than the file needs
        if len(data) > size:  # it grows meanwhile
            data += file.read(limit + 1 - len(data))
    if len(data) > limit:
        raise UnreadableImageError(codes.TOO_LARGE, f"more than {limit} bytes")
    return data


def _open_regular(path: str, flags: int) -> int:
    """Open without waiting on a pipe that nobody writes to, and refuse everything that is no plain file."""
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreadableImageError(codes.NOT_A_FILE, "not a plain file")
    return descriptor


def _open_archive(path: Path) -> ArchiveFile:
    return ArchiveFile(io.FileIO(_long(path), opener=_open_regular))


def _read_member(path: Path, name: str, limit: int) -> bytes:
    try:
        with _open_archive(path) as file:
            info = directory_of(file, str(path)).getinfo(name)
            if info.flag_bits & 0x1:
                raise UnreadableImageError(codes.ENCRYPTED, "archive member")
            if info.file_size > limit:
                raise UnreadableImageError(codes.TOO_LARGE, f"{info.file_size} bytes")
            if _is_bomb(info):
                raise UnreadableImageError(codes.BOMB, "archive member")
            with member(file, info) as opened:
                data = opened.read(limit + 1)
    except DirectoryTooLargeError as error:
        raise UnreadableImageError(codes.BOMB, "archive directory") from error
    except KeyError as error:
        raise UnreadableImageError(codes.MISSING, "archive member") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        unsupported = isinstance(error, NotImplementedError)
        code = codes.UNSUPPORTED_ENCODING if unsupported else codes.DAMAGED
        raise UnreadableImageError(code, f"archive member: {type(error).__name__}") from error
    if len(data) > limit:
        raise UnreadableImageError(codes.BOMB, "archive member larger than it said")
    return data


def _is_system(name: str) -> bool:
    """Tell whether a name is a file manager's own litter (macOS resource forks, thumbnails caches)."""
    return name.startswith("._") or name.lower() in _SYSTEM_NAMES


def _os_code(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return codes.NO_PERMISSION
    if isinstance(error, FileNotFoundError):
        return codes.MISSING
    return {errno.ELOOP: codes.LINK_LOOP, errno.ENAMETOOLONG: codes.NOT_A_FILE}.get(error.errno or 0, codes.IO)


def _long(path: Path) -> str:
    """Return a path that the system opens even where it is longer than Windows' 260 characters."""
    text = str(path)
    if os.name != "nt" or len(text) < 240 or text.startswith("\\\\?\\"):
        return text
    text = os.path.abspath(text)
    return "\\\\?\\UNC\\" + text[2:] if text.startswith("\\\\") else "\\\\?\\" + text
