"""Every file of the shared DICOM corpus does what its manifest says."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError, as_display

MANIFEST = Path(__file__).resolve().parents[3] / "shared" / "data" / "dicom" / "manifest.csv"
ROWS = list(csv.DictReader(MANIFEST.open(newline="", encoding="utf-8"))) if MANIFEST.is_file() else []
FILES = [row for row in ROWS if row["kind"] != "container" or row["file"].startswith("dicomdir_tree/IMAGES")]
EXACT = [row for row in FILES if row["kind"] == "transfer syntax" and row["note"].startswith("identical")]
NEAR = [row for row in FILES if row["kind"] == "transfer syntax" and row["note"].startswith("near")]


@pytest.mark.parametrize("row", [r for r in FILES if r["expect"] == "readable"], ids=lambda row: row["file"])
def test_readable(row: dict[str, str], shared: Path) -> None:
    radiograph = load(Entry(shared / "dicom" / row["file"]))
    assert radiograph.pixels.ndim == 2
    assert as_display(radiograph).std() > 5


@pytest.mark.parametrize("row", [r for r in FILES if r["expect"] == "unreadable"], ids=lambda row: row["file"])
def test_unreadable(row: dict[str, str], shared: Path) -> None:
    with pytest.raises(UnreadableImageError):
        load(Entry(shared / "dicom" / row["file"]))


@pytest.mark.parametrize("row", EXACT, ids=lambda row: row["file"])
def test_lossless_syntaxes_give_the_same_pixels(row: dict[str, str], shared: Path) -> None:
    found = load(Entry(shared / "dicom" / row["file"]))
    reference = load(Entry(shared / "dicom" / row["same_pixels_as"]))
    np.testing.assert_array_equal(found.pixels, reference.pixels)


@pytest.mark.parametrize("row", NEAR, ids=lambda row: row["file"])
def test_lossy_syntaxes_look_the_same(row: dict[str, str], shared: Path) -> None:
    found = as_display(load(Entry(shared / "dicom" / row["file"]))).astype(int)
    reference = as_display(load(Entry(shared / "dicom" / row["same_pixels_as"]))).astype(int)
    assert np.abs(found - reference).mean() < 2.0


@pytest.mark.parametrize(
    "name", ["var_monochrome1.dcm", "var_dx_monochrome1.dcm", "var_signed.dcm", "var_highbit15.dcm"]
)
def test_twins_look_the_same(name: str, shared: Path) -> None:
    found = as_display(load(Entry(shared / "dicom" / name))).astype(int)
    base = as_display(load(Entry(shared / "dicom" / "var_base.dcm"))).astype(int)
    assert np.abs(found - base).max() <= 1


@pytest.mark.parametrize(("name", "age"), [("var_age067Y.dcm", 67), ("var_age018M.dcm", 1.5), ("var_age_none.dcm", 4)])
def test_ages(name: str, age: float, shared: Path) -> None:
    found = load(Entry(shared / "dicom" / name)).age_years
    assert found == pytest.approx(age, abs=0.35)
