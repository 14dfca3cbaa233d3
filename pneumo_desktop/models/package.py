"""The single file a model travels in: a ZIP of JSON, arrays and one LiteRT network. Nothing in it is executed.

Sizes, names, hashes, shapes and dtypes are checked before memory is taken for them.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import math
import os
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION
from pneumo_desktop.models.card import BadPackageError, Card

MAX_PACKAGE_BYTES = 25_000_000
_LIMITS = {
    "card.json": 1_000_000,
    "reference.json": 100_000,
    "manifest.json": 20_000,
    "network.tflite": 24_000_000,
    "features.npz": 12_000_000,
    "weights.npz": 14_000_000,
}
_REQUIRED = ("card.json", "reference.json", "manifest.json", "network.tflite", "features.npz")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The others have errors and a hunger for memory of their own."""
_MAX_ELEMENTS = 8_000_000
_DTYPES = {"<f2", "<f4", "|u1", "|i1"}


@dataclass(frozen=True)
class ReferenceScore:
    """The known logit of one generated picture (``imaging.phantom.chest(seed, pneumonia)``)."""

    seed: int
    pneumonia: bool
    logit: float


@dataclass(frozen=True, eq=False)
class ModelPackage:
    """One verified package.

    arrays: gate statistics and rehearsal features of ``features.npz``, float32 (stored as float16 or float32).
    sha256: hex digest of the whole file.
    """

    path: Path
    card: Card
    network_bytes: bytes
    arrays: Mapping[str, npt.NDArray[np.float32]]
    reference: tuple[ReferenceScore, ...]
    sha256: str

    @staticmethod
    def open(path: Path) -> ModelPackage:
        """Read and verify the package at ``path``.

        Raises BadPackageError with code ``missing``, ``not_a_package``, ``too_large``, ``member``, ``hash``,
        ``card``, ``arrays``, ``reference`` or ``preprocessing``.
        """
        parts, digest = _read_members(path)
        _check_hashes(parts)
        card = Card.from_json(_json(parts["card.json"], "card"))
        if card.preprocessing_version != PREPROCESSING_VERSION:
            raise BadPackageError("preprocessing", str(card.preprocessing_version))
        return ModelPackage(
            path=path,
            card=card,
            network_bytes=parts["network.tflite"],
            arrays=read_arrays(parts["features.npz"]),
            reference=_references(_json(parts["reference.json"], "reference")),
            sha256=digest,
        )


def _read_members(path: Path) -> tuple[dict[str, bytes], str]:
    try:
        if path.stat().st_size > MAX_PACKAGE_BYTES:
            raise BadPackageError("too_large", f"{path.stat().st_size} bytes")
        data = path.read_bytes()
    except OSError as problem:
        raise BadPackageError("missing", problem.strerror or "") from problem
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _members(archive), hashlib.sha256(data).hexdigest()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as problem:
        raise BadPackageError("not_a_package", str(problem)) from problem
    except (OSError, ValueError, struct.error, zlib.error) as problem:
        raise BadPackageError("not_a_package", str(problem)) from problem


def _members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if len(infos) > len(_LIMITS) or len(set(names)) != len(names):
        raise BadPackageError("member", "too many members")
    for info in infos:
        limit = _LIMITS.get(info.filename)
        if limit is None:
            raise BadPackageError("member", "a member with an unknown name")
        if info.file_size > limit:
            raise BadPackageError("too_large", info.filename)
        if info.compress_type not in _METHODS:
            raise BadPackageError("not_a_package", "a member packed by a method that is not used here")
    for name in _REQUIRED:
        if name not in names:
            raise BadPackageError("member", f"{name} is missing")
    parts = {}
    for info in infos:
        with archive.open(info) as stream:
            part = stream.read(_LIMITS[info.filename] + 1)
        if len(part) > _LIMITS[info.filename]:
            raise BadPackageError("too_large", info.filename)
        parts[info.filename] = part
    return parts


def _json(data: bytes, code: str) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as problem:
        raise BadPackageError(code, str(problem)) from problem


def _check_hashes(parts: Mapping[str, bytes]) -> None:
    manifest = _json(parts["manifest.json"], "hash")
    hashed = {name: hashlib.sha256(part).hexdigest() for name, part in parts.items() if name != "manifest.json"}
    if not isinstance(manifest, dict) or manifest.get("sha256") != hashed:
        raise BadPackageError("hash", "a part differs from the manifest")


def _npy_header(stream: io.BytesIO) -> tuple[tuple[int, ...], str]:
    """Return (shape, dtype) of an .npy stream without allocating; only plain C-ordered numbers pass."""
    magic = stream.read(8)
    if magic[:6] != b"\x93NUMPY" or magic[6] not in (1, 2):
        raise ValueError("not an array")
    length = struct.unpack("<H", stream.read(2))[0] if magic[6] == 1 else struct.unpack("<I", stream.read(4))[0]
    if length > 1000:
        raise ValueError("a header of unusual length")
    header = ast.literal_eval(stream.read(length).decode("latin-1").strip())
    shape, dtype = header["shape"], header["descr"]
    if dtype not in _DTYPES or header["fortran_order"] or len(shape) > 4:
        raise ValueError("an array of a type that is not used here")
    if not all(isinstance(side, int) and side >= 0 for side in shape):
        raise ValueError("an array with an impossible shape")
    return shape, dtype


def read_arrays(data: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """Return the arrays of an .npz as float32, each header checked before memory is taken; never unpickles.

    Raises BadPackageError(code='arrays').
    """
    arrays = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > 32 or sum(info.file_size for info in infos) > 4 * _MAX_ELEMENTS:
                raise ValueError("too many arrays")
            for info in infos:
                with archive.open(info) as member:
                    stream = io.BytesIO(member.read(info.file_size))
                shape, dtype = _npy_header(stream)
                count = int(np.prod(shape, dtype=object)) if shape else 1
                if count > _MAX_ELEMENTS:
                    raise ValueError("an array that is too large")
                raw = stream.read()
                if len(raw) != count * np.dtype(dtype).itemsize:
                    raise ValueError("an array whose length is not its shape")
                values = np.frombuffer(raw, dtype=dtype).reshape(shape).astype(np.float32)
                if not np.isfinite(values).all():
                    raise ValueError("an array with numbers that are not finite")
                arrays[info.filename.removesuffix(".npy")] = values
    except BadPackageError:
        raise
    except Exception as problem:
        raise BadPackageError("arrays", str(problem)) from problem
    return arrays


def _references(values: Any) -> tuple[ReferenceScore, ...]:
    try:
        found = tuple(
            ReferenceScore(seed=int(row["seed"]), pneumonia=bool(row["pneumonia"]), logit=float(row["logit"]))
            for row in values["references"][:16]
        )
        if not all(math.isfinite(known.logit) for known in found):
            raise ValueError("a reference score is not finite")
        return found
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        raise BadPackageError("reference", str(problem)) from problem


def write_package(
    path: Path,
    card: Card,
    network_bytes: bytes,
    arrays: Mapping[str, npt.NDArray[Any]],
    reference: tuple[ReferenceScore, ...],
) -> None:
    """Write a package beside ``path`` and move it into place; the same content gives the same bytes."""
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **dict(arrays))  # type: ignore[arg-type]
    references = [{"seed": r.seed, "pneumonia": r.pneumonia, "logit": r.logit} for r in reference]
    parts = {
        "card.json": json.dumps(card.to_json(), indent=1, ensure_ascii=False, sort_keys=True).encode(),
        "reference.json": json.dumps({"references": references}, indent=1).encode(),
        "network.tflite": network_bytes,
        "features.npz": stream.getvalue(),
    }
    hashes = {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()}
    parts["manifest.json"] = json.dumps({"sha256": hashes}, indent=1, sort_keys=True).encode()
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
            for name, part in parts.items():
                info = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, part)
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
