"""A header's words and numbers; what is malformed is absent, never an exception."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from pneumo_desktop.imaging import apart, limits
from pneumo_desktop.imaging.dicom import read
from pneumo_desktop.imaging.dicom_tags import (
    MAX_ROWS,
    MAX_TEXT,
    WHITELIST,
    age_years,
    all_rows,
    integer,
    number,
    numbers,
    sequence,
    spacing_mm,
    tags,
    text,
    texts,
)
from pneumo_desktop.imaging.radiograph import Entry
from tests import making


def header(**elements: Any) -> Dataset:
    return read(making.written(making.dataset(making.film(size=(16, 16)), **elements)))


def raw(keyword: str, vr: str, value: bytes) -> Dataset:
    made = Dataset()
    tag = Tag(keyword)
    made._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
    return made


@pytest.mark.parametrize(
    ("elements", "age", "unclear"),
    [
        ({"PatientAge": "004Y"}, 4.0, False), ({"PatientAge": "018M"}, 1.5, False), ({"PatientAge": "026W"}, 0.498, False),
        ({"PatientAge": "010D"}, 0.027, False), ({"PatientAge": "4Y"}, None, True), ({"PatientAge": "62"}, None, True),
        ({"PatientAge": ""}, None, False),
        ({"PatientAge": "", "PatientBirthDate": "20180312", "StudyDate": "20220615"}, 4.26, False),
        ({"PatientAge": "", "PatientBirthDate": "2018.03.12", "StudyDate": "20220615"}, 4.26, False),
        ({"PatientAge": "", "PatientBirthDate": "20300101", "StudyDate": "20220615"}, None, True),
        ({"PatientAge": "", "PatientBirthDate": "20181350", "StudyDate": "20220615"}, None, False),
        ({"PatientAge": "4Y", "PatientBirthDate": "20180312", "StudyDate": "20220615"}, 4.26, False),
    ],
)  # fmt: skip
def test_ages(elements: dict[str, str], age: float | None, unclear: bool) -> None:
    found, said = age_years(header(**elements))
    assert said is unclear
    assert found == (None if age is None else pytest.approx(age, abs=0.01))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Müller^Jörg^Åse", "Müller, Jörg Åse"), ("Only", "Only"), ("^Given", "Given"), ("", ""), ("===", ""),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
    ],
)  # fmt: skip
def test_names(value: str, shown: str) -> None:
    assert text(header(SpecificCharacterSet="ISO_IR 192", PatientName=value), "PatientName") == shown


def test_words_are_one_clean_line() -> None:
    assert text(header(StudyDescription="two\r\nlines\x1b[31m"), "StudyDescription") == "two  lines [31m"
    assert len(text(header(StudyDescription="x" * 5000), "StudyDescription")) == MAX_TEXT + 1
    assert texts(header(ImageType=["DERIVED", "PRIMARY"]), "ImageType") == ["DERIVED", "PRIMARY"]
    assert text(Dataset(), "PatientName") == ""


@pytest.mark.parametrize("value", [b"NaN", b"inf", b"one\\2", b"1e999", b"", b"\xff\xff"])
def test_malformed_numbers_are_absent(value: bytes) -> None:
    made = raw("RescaleSlope", "DS", value)
    assert numbers(made, "RescaleSlope") == []
    assert number(made, "RescaleSlope", 2.5) == 2.5
    assert integer(made, "RescaleSlope", 7) == 7


@given(st.binary(max_size=40))
def test_any_bytes_are_words_or_nothing(value: bytes) -> None:
    made = raw("PatientName", "PN", value)
    assert text(made, "PatientName").isprintable()
    assert isinstance(numbers(raw("WindowCenter", "DS", value), "WindowCenter"), list)
    age, _unclear = age_years(raw("PatientAge", "AS", value))
    assert age is None or 0.0 <= age < 1000.0


def test_large_values_are_not_taken_apart() -> None:
    much = raw("PatientName", "PN", b"A" * (limits.MAX_VALUE_BYTES + 2))
    assert text(much, "PatientName") == ""
    assert all_rows(much)[0][3] == f"[{limits.MAX_VALUE_BYTES + 2} B]"
    for vr in ("SQ", "UN", None):
        long = raw("VOILUTSequence", vr, b"\xfe\xff\x00\xe0\0\0\0\0" * (limits.MAX_SEQUENCE_BYTES // 8 + 1))  # type: ignore[arg-type]
        assert sequence(long, "VOILUTSequence") == []


def test_spacing() -> None:
    assert spacing_mm(header(PixelSpacing=[0.2, 0.1])) == (0.2, 0.1)
    assert spacing_mm(header(ImagerPixelSpacing=[0.139, 0.139])) == (0.139, 0.139)
    for value in ([0, 0], [-1, 1], [1000, 1000]):
        assert spacing_mm(header(PixelSpacing=value)) is None
    assert spacing_mm(header()) is None


@pytest.mark.parametrize(
    ("elements", "detector"),
    [
        ({"ImagerPixelSpacing": [0.2, 0.2]}, True), ({"PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]}, True),
        ({"PixelSpacing": [0.18, 0.18], "ImagerPixelSpacing": [0.2, 0.2]}, False), ({"PixelSpacing": [0.2, 0.2]}, False),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, True), ({}, False),
    ],
)  # fmt: skip
def test_a_spacing_is_that_of_the_detector_unless_it_was_calibrated(elements: dict[str, Any], detector: bool) -> None:
    """Also behind the helper process that decodes it."""
    data = making.written(making.dataset(making.film(), **elements))
    assert apart.decode(Entry(Path("x")), data, "").spacing_at_detector is detector


def test_only_the_whitelist_comes_out() -> None:
    found = tags(header(PatientAddress="a street", OtherPatientIDs="99"))
    assert set(found) <= {*WHITELIST, "TransferSyntaxUID"}
    assert "a street" not in found.values()


def test_rows_are_counted_and_nested() -> None:
    inner = Dataset()
    inner.PatientID = "inside"
    rows = all_rows(header(ReferencedImageSequence=[inner]))
    assert (">(0010,0020)", "PatientID", "LO", "inside") in rows
    many = Dataset()
    for place in range(MAX_ROWS + 50):
        many.add_new(0x00090000 + 0x1000 + place, "LO", "x")
    assert len(all_rows(many)) == MAX_ROWS
