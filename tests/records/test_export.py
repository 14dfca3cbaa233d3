"""Exports are safe to open and hold what the screen showed."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.imaging.sources import LeftOut
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population
from pneumo_desktop.records.export import COLUMNS, write_csv, write_json
from pneumo_desktop.records.rows import Decision, Row

JUDGED = Judgement(
    Outcome.LIKELY_PNEUMONIA, None, 0.987654, OperatingPoint(0.5, 0.4, 0.6), Population.CHILDREN, "m", 1, "0.1"
)


def row(name: str = "/x/a.png", note: str = "") -> Row:
    return Row(1, 1, Entry(Path(name)), "ab", "done", JUDGED, decision=Decision.AGREE, note=note, time="2026-11-23")


def read(path: Path, separator: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig")), delimiter=separator))


@pytest.mark.parametrize("start", [" =", "=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str, tmp_path: Path) -> None:
    write_csv([row(f"{start}cmd|' /C calc'!A0.png", f"{start}1+1")], tmp_path / "a.csv")
    (cells,) = read(tmp_path / "a.csv")
    assert cells["file"].startswith("'")
    assert cells["note"].startswith("'")


def test_a_spanish_spreadsheet_reads_the_numbers(tmp_path: Path) -> None:
    write_csv([row()], tmp_path / "a.csv", ";", ",")
    (cells,) = read(tmp_path / "a.csv", ";")
    assert (cells["score"], cells["operating_point"], cells["outcome"]) == ("0,987654", "0,5", "likely_pneumonia")
    with pytest.raises(ValueError, match="the same"):
        write_csv([row()], tmp_path / "b.csv", ",", ",")


def test_json_has_every_column(tmp_path: Path) -> None:
    write_json([row(note="ñ")], tmp_path / "a.json")
    (values,) = json.loads((tmp_path / "a.json").read_text("utf-8"))["results"]
    assert tuple(values) == (*COLUMNS, "heatmap")
    assert values["score"] == 0.987654
    assert values["note"] == "ñ"


def test_what_was_left_out_and_the_heat_maps_are_named(tmp_path: Path) -> None:
    beside = [LeftOut(Path("/x/a.zip"), "in/notes.txt", "not_an_image"), LeftOut(Path("/x/b.zip"), None, "zip_bomb")]
    write_json([row()], tmp_path / "a.json", heat_maps={1: "00001-a.png"}, left_out=beside)
    told = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert told["left_out"] == [
        {"file": "/x/a.zip/in/notes.txt", "reason": "not_an_image"},
        {"file": "/x/b.zip", "reason": "zip_bomb"},
    ]
    assert told["results"][0]["heatmap"] == "00001-a.png"
    write_csv([row()], tmp_path / "a.csv", heat_maps={1: "00001-a.png"}, patient=True)
    (cells,) = read(tmp_path / "a.csv")
    assert (list(cells)[-1], cells["heatmap"]) == ("heatmap", "00001-a.png")


@given(note=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_notes_survive_csv_and_json(note: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("export")
    write_csv([row(note=note)], folder / "a.csv")
    write_json([row(note=note)], folder / "a.json")
    (cells,) = csv.DictReader(io.StringIO((folder / "a.csv").read_bytes().decode("utf-8-sig"), newline=""))
    assert cells["note"] in (note, f"'{note}")
    (values,) = json.loads((folder / "a.json").read_text("utf-8"))["results"]
    assert (values["note"] or "") == note


def test_what_was_there_before_stays_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.csv"
    target.write_text("before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pneumo_desktop.whole_file.os.fsync", full)
    with pytest.raises(OSError, match="No space") as caught:
        write_csv([row()], target)
    assert caught.value.filename == str(target), "a full disk names no file of its own"
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such mask")
def test_an_export_may_hold_names_and_is_no_more_open_than_the_user_wants(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_csv([], tmp_path / "results.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "results.csv").stat().st_mode) == 0o600


def test_a_repaired_film_is_marked(tmp_path: Path) -> None:
    straight = row()
    assert straight.judgement is not None
    repaired = replace(straight, judgement=replace(straight.judgement, turned=90, inverted=True))
    write_json([repaired], tmp_path / "a.json")
    (values,) = json.loads((tmp_path / "a.json").read_text("utf-8"))["results"]
    assert values["remarks"].split()[-2:] == ["turned", "was_inverted"]


def test_the_second_file_of_an_image_is_marked(tmp_path: Path) -> None:
    write_json([row(), replace(row(), duplicate=True)], tmp_path / "a.json")
    results = json.loads((tmp_path / "a.json").read_text("utf-8"))["results"]
    assert [values["remarks"] for values in results] == [None, "duplicate"]
