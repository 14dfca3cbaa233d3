"""What a DICOM header says in words and numbers. A malformed value is None, never an exception."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from pneumo_desktop.imaging import limits

WHITELIST = (
    "PatientName",
    "PatientID",
    "PatientAge",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "SeriesDescription",
    "AccessionNumber",
    "Modality",
    "BodyPartExamined",
    "ViewPosition",
    "PatientPosition",
    "PatientOrientation",
    "ImageLaterality",
    "PhotometricInterpretation",
    "PresentationLUTShape",
    "PresentationIntentType",
    "ImageType",
    "SOPClassUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "InstitutionName",
    "Manufacturer",
    "ManufacturerModelName",
    "BurnedInAnnotation",
    "ConversionType",
)
"""The keywords that ``Radiograph.tags`` may have, beside TransferSyntaxUID."""

MAX_TEXT = 200
MAX_ROWS = 5_000

_AGE = re.compile(r"(\d{3})([DWMY])")
_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")
_DAYS = {"D": 1.0, "W": 7.0, "M": 365.25 / 12.0, "Y": 365.25}


def fits(dataset: Dataset, key: str | int) -> bool:
    """Tell whether a value is small enough to be taken apart; True as well where there is none."""
    element = dataset.get_item(key)
    if not isinstance(element, RawDataElement) or element.value is None:
        return True
    kind = element.VR if element.VR not in (None, "UN") else "UN"
    if kind == "UN" and dictionary_has_tag(element.tag):
        kind = dictionary_VR(element.tag)
    return len(element.value) <= (limits.MAX_SEQUENCE_BYTES if kind == "SQ" else limits.MAX_VALUE_BYTES)


def sequence(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence, [] where it is absent, malformed or too large."""
    try:
        return list(dataset.get(keyword) or ()) if fits(dataset, keyword) else []
    except Exception:  # pydicom decodes on access, and raises whatever the bytes lead to
        return []


def text(dataset: Dataset, keyword: str) -> str:
    """Return a value as one clean line, several values joined by a backslash; "" where there is none."""
    try:
        value = dataset.get(keyword) if fits(dataset, keyword) else None
        if value is None:
            return ""
        if isinstance(value, PersonName):
            return _person(value)
        if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
            return _clean(value)
        return _clean("\\".join(str(part) for part in value))
    except Exception:  # pydicom decodes on access, and raises whatever the bytes lead to
        return ""


def texts(dataset: Dataset, keyword: str) -> list[str]:
    """Return the values of a multi-valued text."""
    joined = text(dataset, keyword)
    return joined.split("\\") if joined else []


def numbers(dataset: Dataset, keyword: str) -> list[float]:
    """Return the finite numbers of a value, [] where it is absent or malformed."""
    try:
        value = dataset.get(keyword) if fits(dataset, keyword) else None
        if value is None or value == "":
            return []
        parts = value if hasattr(value, "__iter__") and not isinstance(value, str | bytes) else [value]
        result = [float(part) for part in parts]
    except Exception:  # as above
        return []
    return result if all(math.isfinite(part) for part in result) else []


def number(dataset: Dataset, keyword: str, default: float) -> float:
    """Return the first number of a value."""
    found = numbers(dataset, keyword)
    return found[0] if found else default


def integer(dataset: Dataset, keyword: str, default: int) -> int:
    """Return the first number of a value as an integer."""
    return int(number(dataset, keyword, float(default)))


def functional(dataset: Dataset, name: str, frame: int) -> Dataset:
    """Return the item that holds a functional group of an enhanced multi-frame, the dataset itself otherwise."""
    for groups, index in (
        (sequence(dataset, "PerFrameFunctionalGroupsSequence"), frame),
        (sequence(dataset, "SharedFunctionalGroupsSequence"), 0),
    ):
        items = sequence(groups[index], name) if index < len(groups) else []
        if items:
            return items[0]
    return dataset


def tags(dataset: Dataset) -> dict[str, str]:
    """Return the whitelisted values that are there."""
    found = {keyword: text(dataset, keyword) for keyword in WHITELIST}
    found["TransferSyntaxUID"] = str(getattr(dataset, "file_meta", {}).get("TransferSyntaxUID", ""))
    return {keyword: value for keyword, value in found.items() if value}


def age_years(dataset: Dataset) -> tuple[float | None, bool]:
    """Return the age at the study in years, and whether the header tried to tell it and failed.

    PatientAge goes first and is taken only in the standard's form (``004Y``); without it the birth date and
    the study date tell.
    """
    written = text(dataset, "PatientAge")
    match = _AGE.fullmatch(written)
    if match is not None:
        return int(match[1]) * _DAYS[match[2]] / 365.25, False
    born, studied = _date(text(dataset, "PatientBirthDate")), _date(text(dataset, "StudyDate"))
    if born is not None and studied is not None:
        years = (studied - born).days / 365.25
        if 0.0 <= years <= 130.0:
            return years, False
        return None, True
    return None, bool(written)


def spacing_mm(dataset: Dataset, frame: int = 0) -> tuple[float, float] | None:
    """Return (row, column) millimetres a pixel: PixelSpacing, or else ImagerPixelSpacing (at the detector)."""
    measures = functional(dataset, "PixelMeasuresSequence", frame)
    for source, keyword in (
        (measures, "PixelSpacing"),
        (dataset, "PixelSpacing"),
        (dataset, "ImagerPixelSpacing"),
        (dataset, "NominalScannedPixelSpacing"),
    ):
        found = numbers(source, keyword)
        if len(found) == 2 and all(0.0 < part < 100.0 for part in found):
            return found[0], found[1]
    return None


def at_detector(dataset: Dataset, spacing: tuple[float, float] | None) -> bool:
    """Tell whether a spacing is that at the detector or on the scanned film: lengths there are larger than in the patient.

    A PixelSpacing equal to it is not calibrated (DICOM PS3.3 10.7.1.3).
    """
    planes = (numbers(dataset, keyword) for keyword in ("ImagerPixelSpacing", "NominalScannedPixelSpacing"))
    return spacing is not None and any(tuple(plane) == spacing for plane in planes)


def all_rows(dataset: Dataset) -> tuple[tuple[str, str, str, str], ...]:
    """Return (tag, keyword, VR, value) for every element, at most ``MAX_ROWS``; nested ones begin with ``>``."""
    rows: list[tuple[str, str, str, str]] = []
    for part in (getattr(dataset, "file_meta", Dataset()), dataset):
        for row in _rows(part, 0):
            if len(rows) >= MAX_ROWS:
                return tuple(rows)
            rows.append(row)
    return tuple(rows)


def _rows(dataset: Dataset, depth: int) -> Iterator[tuple[str, str, str, str]]:
    for tag in sorted(dataset.keys()):
        label = f"{'>' * depth}({tag.group:04X},{tag.element:04X})"
        try:
            if not fits(dataset, tag):
                yield label, keyword_for_tag(tag), "", f"[{len(dataset.get_item(tag).value)} B]"
                continue
            element: DataElement = dataset[tag]
            name = element.keyword or element.name
            if element.VR == "SQ":
                yield label, name, "SQ", f"[{len(element.value)}]"
                if depth < 8:
                    for item in element.value:
                        yield from _rows(item, depth + 1)
            else:
                yield label, name, element.VR, _value(element.value)
        except Exception:  # an element that cannot be decoded still has its row
            yield label, "", "UN", "?"


def _value(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return f"[{len(value)} B]"
    if isinstance(value, PersonName):
        return _clean(str(value))
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return _clean("\\".join(str(part) for part in list(value)[:64]))
    return _clean(value)


def _person(name: PersonName) -> str:
    """Return the alphabetic group of a name as "Family, Given", or the first group that has anything."""
    groups = [group for group in str(name).split("=") if group.strip("^ ")]
    if not groups:
        return ""
    family, *rest = (part.strip() for part in groups[0].split("^"))
    given = " ".join(part for part in rest if part)
    return _clean(", ".join(part for part in (family, given) if part))


def _clean(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    line = "".join(sign if sign.isprintable() else " " for sign in str(value)).strip()
    return line if len(line) <= MAX_TEXT else line[:MAX_TEXT] + "…"


def _date(value: str) -> date | None:
    match = _DATE.fullmatch(value)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
