"""Every row of the shared DICOM corpus does what its manifest says, and looks as it did when somebody looked at it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from pneumo_desktop import places
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError, as_display
from pneumo_desktop.imaging.sources import LeftOut, find
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Outcome
from pneumo_desktop.reading.reader import Reader
from tests.imaging.golden import GOLDEN, SIDE, looks

MANIFEST = Path(__file__).resolve().parents[3] / "shared" / "data" / "dicom" / "manifest.csv"
ROWS = list(csv.DictReader(MANIFEST.open(newline="", encoding="utf-8"))) if MANIFEST.is_file() else []
LOOKS = json.loads(GOLDEN.read_text("utf-8"))
LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81", "1.2.840.10008.1.2.4.91",
         "1.2.840.10008.1.2.4.203", "1.2.840.10008.1.2.4.90")  # fmt: skip
"""Their decoders may round differently on another computer. The corpus has a 4.90 that holds 4.91."""

NO_PICTURE = ("two_dicoms.zip", "dicomdir_tree/DICOMDIR")
FILES = [row for row in ROWS if row["file"] not in NO_PICTURE]
EXACT = [row for row in FILES if row["kind"] == "transfer syntax" and row["note"].startswith("identical")]
NEAR = [row for row in FILES if row["kind"] == "transfer syntax" and row["note"].startswith("near")]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(ModelPackage.open(places.bundled_model()))


def test_the_golden_file_knows_every_row(shared: Path) -> None:
    assert {row["file"] for row in ROWS} <= LOOKS.keys()
    assert len(ROWS) == 97


@pytest.mark.parametrize("row", FILES, ids=lambda row: row["file"])
def test_golden_pixels(row: dict[str, str], shared: Path) -> None:
    golden = LOOKS[row["file"]]
    try:
        radiograph = load(Entry(shared / "dicom" / row["file"]))
    except UnreadableImageError as problem:
        found = {"unreadable": problem.code}
    else:
        found = looks(radiograph)
        if row["transfer_syntax"] in LOSSY:
            then, now = (np.frombuffer(bytes.fromhex(look["tiny"]), np.uint8).astype(int) for look in (golden, found))
            assert np.abs(then - now).max() <= 1
            assert len(then) == SIDE * SIDE
            golden, found = ({k: v for k, v in look.items() if k not in ("tiny", "sha256")} for look in (golden, found))
    assert found == golden


@pytest.mark.parametrize("row", FILES, ids=lambda row: row["file"])
def test_what_the_manifest_expects(row: dict[str, str], shared: Path, reader: Reader) -> None:
    entry = Entry(shared / "dicom" / row["file"])
    if row["expect"] == "unreadable":
        with pytest.raises(UnreadableImageError):
            load(entry)
        return
    if (
        (row["kind"] == "other modality" and "no picture" in row["note"])
        or "waveform" in row["note"]
        or "dose" in row["note"]
    ):
        with pytest.raises(UnreadableImageError, match="no_pixels"):
            load(entry)
        return
    radiograph = load(entry)
    judged = reader.read(radiograph).judgement
    if row["expect"] == "refused":
        assert (judged.outcome, judged.score) == (Outcome.NOT_ANALYSED, None)
    else:
        assert as_display(radiograph).std() > 5


def test_containers_are_opened(shared: Path) -> None:
    found = list(find([shared / "dicom" / name for name in NO_PICTURE]))
    members = [item.member for item in found if isinstance(item, Entry) and item.member]
    assert members == ["var_base.dcm", "var_monochrome1.dcm"]
    listed = [item.path.name for item in found if isinstance(item, Entry) and not item.member]
    assert sorted(listed) == ["IM1", "IM2", "IM3"]
    assert [item.path.name for item in found if isinstance(item, LeftOut)] == ["DICOMDIR"]


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


TWINS = ["var_monochrome1.dcm", "var_dx_monochrome1.dcm", "var_signed.dcm", "var_signed_rescale.dcm", "var_highbit15.dcm",
         "var_rescale.dcm", "var_window_multi.dcm", "var_multiframe2.dcm", "var_nometa_implicit.dcm",
         "var_nometa_explicit.dcm", "IM000001", "var_dicom_named.jpg", "var_overlay.dcm"]  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_twins_look_the_same_and_have_the_same_score(name: str, shared: Path, reader: Reader) -> None:
    found, base = (load(Entry(shared / "dicom" / file)) for file in (name, "var_base.dcm"))
    assert np.abs(as_display(found).astype(int) - as_display(base)).max() <= 1
    scores = [reader.read(radiograph).judgement.score for radiograph in (found, base)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3 if name == "var_rescale.dcm" else 1e-4)
    assert scores[0] is not None


def test_padding_leaves_the_film_as_it_is_without(shared: Path, reader: Reader) -> None:
    base = load(Entry(shared / "dicom" / "var_base.dcm")).pixels
    for name, part in (("var_padding0.dcm", np.s_[:, 24:-24]), ("var_padding4095.dcm", np.s_[20:-20, :])):
        padded = load(Entry(shared / "dicom" / name))
        assert np.abs(padded.pixels.astype(int) - base[part]).max() <= 1
        assert reader.read(padded).judgement.score is not None


@pytest.mark.parametrize(("name", "age"), [("var_age067Y.dcm", 67), ("var_age018M.dcm", 1.5), ("var_age_none.dcm", 4)])
def test_ages(name: str, age: float, shared: Path) -> None:
    found = load(Entry(shared / "dicom" / name)).age_years
    assert found == pytest.approx(age, abs=0.35)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("latin1", "Müller, Jörg Åse"),
        ("utf8", "Łukasiewicz, Żaneta"),
        ("iso2022", "Yamada, Tarou"),
        ("undeclared", None),
    ],
)
def test_names(name: str, shown: str | None, shared: Path) -> None:
    found = load(Entry(shared / "dicom" / f"var_name_{name}.dcm")).tags["PatientName"]
    assert found.isprintable()
    assert shown is None or found == shown


def test_a_jpeg_by_the_name_of_dicom_is_the_very_jpeg(shared: Path) -> None:
    """A picture that its decoder turned or halved would still look like one."""
    original = cv2.imread(str(shared / "dicom" / "var_jpeg_named.dcm"), cv2.IMREAD_GRAYSCALE)
    np.testing.assert_array_equal(load(Entry(shared / "dicom" / "var_jpeg_named.dcm")).pixels, original)
