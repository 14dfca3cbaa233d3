"""What can be told of an image file without looking at the lungs: the things a label must not hang on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.labelled import LabelledImage
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.imaging.radiograph import Radiograph, UnreadableImageError, as_display
from pneumo_desktop.imaging.sniff import HEAD_BYTES, Kind, header_of, kind_of
from pneumo_desktop.imaging.sources import read_bytes
from pneumo_desktop.opencv import cv2
from pneumo_desktop.training.fingerprint import Fingerprints, fingerprint

LOOK_SIZE = 224


@dataclass(frozen=True, eq=False)
class Traits:
    """A readable image's file facts. ``jpeg_quantisation`` is the sum of its luminance table, or None.

    look: (7,) float64: mean, spread, |Laplacian|, fine detail, border brightness, near-black and near-white share
    of the picture at 224 x 224. patient: what a table's column told, else the DICOM patient number, else what the name
    told, or None.
    coloured: stored in colour, whether or not the picture is grey. refused: the gate's reason code, or None.
    """

    name: str
    label: int
    part: str | None
    patient: str | None
    sha256: str
    format: str
    bytes: int
    width: int
    height: int
    coloured: bool
    jpeg_quantisation: int | None
    look: npt.NDArray[np.float64]
    print: Fingerprints
    refused: str | None = None


def name_pattern(name: str) -> str:
    """Return a file name with every run of digits as ``#``: files of one source tend to share it."""
    return re.sub(r"\d+", "#", name.rsplit("/", 1)[-1].casefold())


def jpeg_quantisation(data: bytes) -> int | None:
    """Return the sum of the first (luminance) quantisation table of a JPEG, or None: low is high quality."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in (0xDA, 0xD9):
            return None
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xDB:
            wide = data[place + 4] >> 4 if place + 4 < len(data) else 0
            table = data[place + 5 : place + 5 + (128 if wide else 64)]
            values = np.frombuffer(table, dtype=">u2" if wide else "u1") if len(table) >= 64 else None
            return None if values is None else int(values.sum())
        place += 2 + max(length, 2)
    return None


def look_of(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return seven global numbers of a picture (H, W) uint8, seen at 224 x 224."""
    small = squash(picture, LOOK_SIZE).astype(np.float32)
    edge = LOOK_SIZE // 16
    border = np.concatenate(
        [small[:edge].ravel(), small[-edge:].ravel(), small[:, :edge].ravel(), small[:, -edge:].ravel()]
    )
    return np.array(
        [
            small.mean(),
            small.std(),
            np.abs(cv2.Laplacian(small, cv2.CV_32F)).mean(),
            np.abs(small - cv2.GaussianBlur(small, (0, 0), 2.0)).mean(),
            border.mean(),
            (small < 10).mean(),
            (small > 245).mean(),
        ],
        dtype=np.float64,
    )


def traits_of(image: LabelledImage, refuse: Callable[[Radiograph], str | None] | None = None) -> Traits:
    """Read one image and tell its traits; ``refuse`` is the gate. Raises UnreadableImageError."""
    radiograph = load(image.entry)
    data = read_bytes(image.entry)
    kind = kind_of(data[:HEAD_BYTES])
    coloured = radiograph.colour > 0 if kind is Kind.DICOM else header_of(kind, data).channels > 2
    picture = as_display(radiograph)
    if picture.size == 0:
        raise UnreadableImageError("no_pixels")
    return Traits(
        name=image.name,
        label=image.label,
        part=image.part,
        patient=image.patient_with(radiograph.tags.get("PatientID")),
        sha256=radiograph.sha256,
        format=radiograph.format,
        bytes=len(data),
        width=picture.shape[1],
        height=picture.shape[0],
        coloured=coloured,
        jpeg_quantisation=jpeg_quantisation(data) if kind is Kind.JPEG else None,
        look=look_of(picture),
        print=fingerprint(picture),
        refused=refuse(radiograph) if refuse is not None else None,
    )
