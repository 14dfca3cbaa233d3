"""The images that every installed program is tried with, and how two runs over them are compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from identity import ROOT
from seen import expect

SOURCE = Path(os.environ.get("SOURCE", ROOT))
"""The checkout that the bundle was made from."""

DATA = ROOT.parent / "shared" / "data"
FOLDER = "Radiografías de María"
TOLERANCE = 1e-4
DAMAGED_INSIDE = "dañado por dentro.jpg"
"""A film that lacks 512 bytes of its compressed data: its decoder returns a picture all the same."""

_OF_ONE_RUN = ("time", "decision", "note", "initials")


def images(target: Path) -> None:
    """Fill ``target`` with photographs of films, DICOM files good and bad, and names that are not ASCII."""
    target.mkdir(parents=True)
    for path in sorted((ROOT / "tests" / "fixtures").glob("*.jpeg")):
        shutil.copy(path, target / f"niño {path.name}")
    for path in sorted((ROOT / "resources" / "examples").glob("*.png")):
        shutil.copy(path, target)
    if DATA.is_dir():
        for path in sorted((DATA / "kermany" / "train_original").rglob("*.jpeg"))[:20]:
            shutil.copy(path, target)
        shutil.copytree(DATA / "dicom", target / "DICOM")
    (target / "dañado.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    film = (ROOT / "tests/fixtures/person1_bacteria_1.jpeg").read_bytes()
    (target / DAMAGED_INSIDE).write_bytes(film[: len(film) // 2] + film[len(film) // 2 + 512 :])


def half_film(target: Path) -> None:
    """Fill ``target`` with a film, and the same one with 512 zeros in the middle of its compressed data."""
    target.mkdir(parents=True)
    film = min((ROOT / "tests" / "fixtures").glob("*.jpeg")).read_bytes()
    middle = len(film) // 2
    (target / "whole.jpeg").write_bytes(film)
    (target / "half.jpeg").write_bytes(film[:middle] + bytes(512) + film[middle + 512 :])


def labelled(target: Path) -> None:
    """Fill ``target`` with 40 normal and 40 pneumonia images of different patients."""
    for name in ("NORMAL", "PNEUMONIA"):
        seen: set[str] = set()
        (target / name).mkdir(parents=True)
        for path in sorted((DATA / "kermany" / "train_224" / name).glob("*.jpeg")):
            patient = path.name.split("_")[0] if name == "PNEUMONIA" else path.name.rsplit("-", 1)[0]
            if patient not in seen and len(seen) < 40:
                seen.add(patient)
                shutil.copy(path, target / name)


def read_by_source(folder: Path, out: Path) -> None:
    """Read ``folder`` with the source, in Spanish, into the JSON ``out``; records go beside it."""
    command = [str(ROOT / ".venv/bin/python"), "-m", "pneumo_desktop", "predict", str(folder), "--out", str(out)]
    subprocess.run(
        [*command, "--data-dir", str(out.with_suffix(".data"))], check=False, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd=SOURCE, env={**os.environ, "LANG": "es_ES.UTF-8", "PYTHONPATH": str(SOURCE)},
    )  # fmt: skip


def comparable(document: Path) -> list[dict[str, Any]]:
    """Return the results of an exported JSON without what differs between two runs: place, time, the reader's decision.

    Paths of Windows are told as Linux tells them.
    """
    found = []
    for result in json.loads(document.read_text("utf-8"))["results"]:
        result = {key: value for key, value in result.items() if key not in _OF_ONE_RUN}
        result["file"] = str(result["file"]).replace("\\", "/").split(FOLDER, 1)[-1]
        found.append(result)
    return sorted(found, key=lambda result: str(result["file"]))


def same(got: list[dict[str, Any]], want: list[dict[str, Any]]) -> float:
    """Return the largest difference of a score between two runs that are otherwise equal; raises Broken where not."""
    expect([one["file"] for one in got] == [one["file"] for one in want], "Other files than in the source run.")
    largest = 0.0
    for one, other in zip(got, want, strict=True):
        a, b = ({key: value for key, value in run.items() if key != "score"} for run in (one, other))
        expect(a == b, f"{one} is not {other}")
        if (one["score"] is None) != (other["score"] is None):
            expect(False, f"{one} is not {other}")
        if one["score"] is not None:
            largest = max(largest, abs(float(one["score"]) - float(other["score"])))
    expect(largest <= TOLERANCE, f"A score differs by {largest}.")
    return largest
