"""An entry becomes a Radiograph: read once, hashed once, decoded once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np

from pneumo_desktop.imaging import apart, codes, libjpeg, raster
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError, Window
from pneumo_desktop.imaging.sniff import HEAD_BYTES, Kind, kind_of
from pneumo_desktop.imaging.sources import read_bytes
from pneumo_desktop.opencv import cv2

_ROTATIONS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def load(entry: Entry, all_tags: bool = False, careful: bool = False, known: str | None = None) -> Radiograph:
    """Read, hash and decode one entry.

    ``all_tags`` also fills ``Radiograph.all_tags`` (slow; for the tag viewer). ``careful`` decodes every kind of file in
    a helper process, not only those whose decoders have been seen to crash. ``known`` is the digest of an earlier
    reading: other bytes are refused as ``changed``. Raises UnreadableImageError and nothing else.
    """
    data = read_bytes(entry)
    sha256 = sha256_of(data)
    if known is not None and sha256 != known:
        raise UnreadableImageError(codes.CHANGED)
    return decode(entry, data, sha256, all_tags, careful)


def sha256_of(data: bytes) -> str:
    """Return the hex digest that stands in ``Radiograph.sha256``."""
    return hashlib.sha256(data).hexdigest()


def decode(entry: Entry, data: bytes, sha256: str, all_tags: bool = False, careful: bool = False) -> Radiograph:
    """Decode the bytes of an entry, in a helper or here; as ``load``."""
    kind = kind_of(data[:HEAD_BYTES])
    if careful or kind in apart.KINDS or (kind is Kind.JPEG and not libjpeg.is_heard()):
        return apart.decode(entry, data, sha256, all_tags)
    return decode_here(entry, data, sha256, all_tags)


def decode_here(entry: Entry, data: bytes, sha256: str, all_tags: bool = False) -> Radiograph:
    """Decode the bytes of an entry in this process: what a helper does.

    Raises UnreadableImageError and nothing else: whatever a decoder throws is the file's fault and becomes ``damaged``.
    """
    try:
        return _decode(entry, data, sha256, all_tags)
    except UnreadableImageError:
        raise
    except MemoryError as error:
        raise UnreadableImageError(codes.TOO_LARGE, "not enough memory") from error
    except Exception as error:
        raise UnreadableImageError(codes.DAMAGED, type(error).__name__) from error


def _decode(entry: Entry, data: bytes, sha256: str, all_tags: bool) -> Radiograph:
    kind = kind_of(data[:HEAD_BYTES])
    if kind is Kind.DICOM:
        # pydicom takes as long to import as a picture takes to read: only those who have DICOM pay.
        from pneumo_desktop.imaging import dicom

        return dicom.decode(entry, data, sha256, all_tags)
    if kind is Kind.DICOMDIR:
        raise UnreadableImageError(codes.NO_PIXELS, "DICOMDIR")
    if kind in (Kind.ZIP, Kind.UNKNOWN):
        raise UnreadableImageError(codes.UNKNOWN_FORMAT, kind.value)
    picture = raster.decode(kind, data, entry.frame)
    return Radiograph(
        entry=entry,
        pixels=picture.pixels,
        window=picture.window,
        windows=(picture.window,),
        sha256=sha256,
        format=kind.value,
        bits_stored=picture.bits_stored,
        frame_count=picture.frame_count,
        colour=picture.colour,
        notes=picture.notes,
    )


def turn(radiograph: Radiograph, degrees: int) -> Radiograph:
    """Return the radiograph turned clockwise by a multiple of 90 degrees; ValueError for anything else."""
    if degrees % 90:
        raise ValueError(f"{degrees} is not a multiple of 90")
    quarter = degrees % 360
    if quarter == 0:
        return radiograph
    spacing = radiograph.spacing_mm
    if spacing is not None and quarter != 180:
        spacing = (spacing[1], spacing[0])
    return replace(radiograph, pixels=cv2.rotate(radiograph.pixels, _ROTATIONS[quarter]), spacing_mm=spacing)


def invert(radiograph: Radiograph) -> Radiograph:
    """Return the negative: values and windows are mirrored within ``bits_stored``. Twice is the original."""
    top = (1 << radiograph.bits_stored) - 1
    pixels: Any = (top - radiograph.pixels.astype(np.int32)).astype(radiograph.pixels.dtype)
    return replace(
        radiograph,
        pixels=pixels,
        window=_mirror(radiograph.window, top),
        windows=tuple(_mirror(window, top) for window in radiograph.windows),
    )


def _mirror(window: Window, top: int) -> Window:
    return Window(top - window.center, window.width, window.name)
