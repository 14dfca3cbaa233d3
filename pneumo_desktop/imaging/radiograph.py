"""The picture as a reader sees it, whatever file it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # NumPy and OpenCV are not imported at start-up: the window is shown before a picture needs them
    import numpy as np
    import numpy.typing as npt

    from pneumo_desktop.imaging.sniff import Kind

_LONGEST_STEM = 80


@dataclass(frozen=True, order=True)
class Entry:
    """One place an image can be read from.

    ``path`` is a file on disk; ``member`` the name inside it when that file is a ZIP archive;
    ``frame`` counts from 0 in a multi-frame DICOM or a multi-page TIFF. ``kind`` is what its first bytes said when it
    was found, or None where nobody looked: it does not belong to the place.
    """

    path: Path
    member: str | None = None
    frame: int = 0
    kind: Kind | None = field(default=None, compare=False)

    def display_name(self) -> str:
        """Return what the worklist shows: the file's own name, with member and frame where there are any."""
        name = self.path.name if self.member is None else f"{self.path.name}/{self.member}"
        return name if self.frame == 0 else f"{name} #{self.frame + 1}"

    def stem(self) -> str:
        """Return the image's own name for a file to be written: without suffix and what a file system refuses, with the frame."""
        own = PurePosixPath(self.member).stem if self.member is not None else self.path.stem
        plain = re.sub(r"[^\w .()+-]", "_", own.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        frame = f"-{self.frame + 1}" if self.frame else ""
        return f"{plain[:_LONGEST_STEM].strip(' .')}{frame}"


@dataclass(frozen=True)
class Window:
    """A DICOM window: ``center`` and ``width`` in the units of ``Radiograph.pixels``."""

    center: float
    width: float
    name: str = ""


class UnreadableImageError(Exception):
    """A file that cannot become a Radiograph.

    ``code`` names a sentence in ``words`` (for example ``truncated``, ``too_large``, ``empty``,
    ``unknown_format``, ``no_pixels``, ``unsupported_encoding``, ``encrypted``, ``io``); ``detail`` is for
    the log and carries no patient data.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A decoded image, displayed as MONOCHROME2, with its orientation applied.

    pixels: (H, W) uint8 or uint16; a larger value is brighter on the screen. 16-bit data keep their depth.
    window: the window the file asks for, in units of ``pixels``; it is also what ``prepare`` looks through.
    windows: all that the file offers; ``window`` is the first unless that shows nothing.
    bits_stored: ``pixels`` lie in 0 .. 2**bits_stored - 1.
    spacing_mm: (row, column) millimetres a pixel, or None where the file does not know.
    spacing_at_detector: True where they are those of the detector or the scanned film, on which the patient is magnified.
    sha256: hex digest of the file's (or archive member's) bytes.
    frame_count: frames in the file; this is frame ``entry.frame``.
    tags: DICOM keyword -> value as text, a whitelist, for the worklist and for the gate
        (PatientName, PatientID, PatientAge, PatientBirthDate, StudyDate, Modality, BodyPartExamined,
        ViewPosition, PhotometricInterpretation, ...). Never logged.
    all_tags: (tag, keyword, VR, value) rows for the tag viewer, filled only on request.
    age_years: the patient's age at the study, or None.
    notes: codes of what was done on the way (``exif_orientation``, ``first_frame_shown``,
        ``window_ignored``, ...), each with a sentence in ``words``.
    colour: what the gate wants to know of the original before it became grey: the mean absolute difference
        between channels on a 0..255 scale (0 for grey files).
    """

    entry: Entry
    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    window: Window
    sha256: str
    format: str
    windows: tuple[Window, ...] = ()
    spacing_mm: tuple[float, float] | None = None
    spacing_at_detector: bool = False
    bits_stored: int = 8
    frame_count: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    all_tags: tuple[tuple[str, str, str, str], ...] = ()
    age_years: float | None = None
    colour: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def modality(self) -> str | None:
        """The DICOM modality (CR, DX, CT, ...) or None for a picture file."""
        return self.tags.get("Modality") or None


def as_display(radiograph: Radiograph, window: Window | None = None) -> npt.NDArray[np.uint8]:
    """Look at a radiograph through a window.

    Returns (H, W) uint8, linear between ``center - width / 2`` and ``center + width / 2`` (DICOM PS3.3
    C.11.2.1.3.2, LINEAR_EXACT). The radiograph's own window is used when none is given. The result may be the
    radiograph's own array: do not write into it.
    """
    import numpy as np

    from pneumo_desktop.opencv import cv2

    chosen = window or radiograph.window
    low = chosen.center - chosen.width / 2.0
    if radiograph.pixels.dtype == np.uint8 and low == 0.0 and chosen.width == 255.0:
        return radiograph.pixels.astype(np.uint8, copy=False)  # what nearly every JPEG asks for
    scale = 255.0 / max(chosen.width, 1e-6)
    levels = np.arange(65536 if radiograph.pixels.dtype == np.uint16 else 256, dtype=np.float64)
    table = np.clip((levels - low) * scale, 0.0, 255.0).round().astype(np.uint8)
    return cv2.LUT(radiograph.pixels, table).astype(np.uint8, copy=False)


def describe_value(value: Any) -> str:
    """Return a DICOM value as one short line of text."""
    text = str(value)
    return text if len(text) <= 200 else text[:200] + "…"
