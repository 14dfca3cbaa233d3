"""What a Linux binary asks for, read from its own header: libraries and symbol versions. Needs no tool."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DYNAMIC, _VERSION_NEEDS = 6, 0x6FFFFFFE
_NEEDED = 1


@dataclass(frozen=True)
class Binary:
    """One ELF file: the libraries it is linked to and the symbol versions (``GLIBC_2.34``) it needs of each."""

    path: Path
    needed: frozenset[str]
    versions: frozenset[tuple[str, str]]


def _text(data: bytes, start: int) -> str:
    return data[start : data.index(b"\0", start)].decode("ascii", "replace")


def read(path: Path) -> Binary | None:
    """Return what ``path`` asks for, or None where it is no 64-bit little-endian ELF file.

    Raises ValueError for one whose tables lie outside the file.
    """
    with path.open("rb") as stream:
        if stream.read(6) != b"\x7fELF\x02\x01":
            return None
    data = path.read_bytes()
    try:
        return _parse(path, data)
    except (struct.error, IndexError, ValueError) as problem:
        raise ValueError(f"{path} is a damaged ELF file.") from problem


def _parse(path: Path, data: bytes) -> Binary:
    (offset,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + place * size) for place in range(count)]
    needed: set[str] = set()
    versions: set[tuple[str, str]] = set()
    for section in sections:
        kind, start, length, link, entries = section[1], section[4], section[5], section[6], section[7]
        if kind == _DYNAMIC:
            names = sections[link][4]
            for place in range(start, start + length, 16):
                tag, value = struct.unpack_from("<QQ", data, place)
                if tag == _NEEDED:
                    needed.add(_text(data, names + value))
        elif kind == _VERSION_NEEDS:
            names = sections[link][4]
            place = start
            for _ in range(entries):
                _version, kinds, file, first, following = struct.unpack_from("<HHIII", data, place)
                at = place + first
                for _ in range(kinds):
                    _hash, _flags, _other, name, step = struct.unpack_from("<IHHII", data, at)
                    versions.add((_text(data, names + file), _text(data, names + name)))
                    at += step
                place += following
    return Binary(path, frozenset(needed), frozenset(versions))


def binaries(folder: Path) -> Iterator[Binary]:
    """Yield every ELF file below ``folder``, links left out."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            found = read(path)
            if found is not None:
                yield found
