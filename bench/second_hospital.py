"""Retraining for real: a model that has seen only Guangzhou, adapted to half of a second hospital, before and after.

The Guangzhou model is made by the program itself:
    pneumo-desktop train ../shared/data/kermany/train_224 --architecture transfer --epochs 3 --seed 1 \
        --population children --out runs/guangzhou.pneumo
Then:
    python bench/second_hospital.py runs/guangzhou.pneumo --data ../shared/data --guangzhou runs/guangzhou.pneumo.training

Pneumonia of ``adult_nih``, normals of ``adult_nih`` and of ``adult_rsna_normal``; one half of the patients is adapted to
(the program divides it once more into its own parts), the other half is read before and after. The old population is
Guangzhou's locked test part.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from measuring import show

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.prepare import prepare
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.network import Network
from pneumo_desktop.training.figures_of_record import pairs_in_order


@dataclass(frozen=True)
class Film:
    """One image of the second hospital; ``half`` 0 is adapted to, 1 is read before and after."""

    path: Path
    label: int
    source: str
    patient: str
    view: str = ""
    source_bytes: float = 0.0

    @property
    def half(self) -> int:
        """The half of the patient, by a hash of its key."""
        return hashlib.sha256(f"half {self.patient}".encode()).digest()[0] % 2


def second_hospital(data: Path, rsna: int, seed: int) -> list[Film]:
    """Return the films of both folders; of the RSNA normals a sample of ``rsna``."""
    films = []
    with (data / "adult_nih" / "labels.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            path = data / "adult_nih" / "images" / row["file"]
            label = int(row["label"] == "pneumonia")
            films.append(Film(path, label, "nih", row["patient"], row["view"], float(row["src_png_bytes"] or 0)))
    with (data / "adult_rsna_normal" / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for place in np.sort(np.random.default_rng(seed).permutation(len(rows))[:rsna]):
        name = rows[int(place)]["file"]
        films.append(Film(data / "adult_rsna_normal" / "images" / name, 0, "rsna", f"rsna {name}"))
    return films


def logits(package: Path, paths: list[Path]) -> np.ndarray:
    """Return the logits of files as the program reads them."""
    network = Network(ModelPackage.open(package))
    return np.array([network.run(prepare(load(Entry(path)), network.size)).logit for path in paths])


def figures(films: list[Film], values: np.ndarray) -> dict[str, float]:
    """Return the areas on the second hospital: either kind of normals, and pairs of one view and file size."""
    labels = np.array([film.label for film in films])
    source = np.array([film.source for film in films])
    found = {
        f"against {name} normals": auc(labels[chosen], values[chosen])
        for name in ("nih", "rsna")
        for chosen in [(labels == 1) | (source == name)]
    }
    own = [place for place, film in enumerate(films) if film.source == "nih"]
    found["pairs of one view and file size"] = pairs_in_order(
        values[own], labels[own], np.array([films[place].view for place in own]),
        np.array([films[place].source_bytes for place in own]),
    )  # fmt: skip
    return found


def adapt(base: Path, films: list[Film], folder: Path, seed: int) -> tuple[Path, dict[str, object]]:
    """Adapt ``base`` through the training program; return the package and its last event."""
    table = folder / "half.csv"
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "label", "patient"])
        writer.writerows([str(f.path.resolve()), "pneumonia" if f.label else "normal", f.patient] for f in films)
    job = {"folder": str(table), "out": str(folder / "adapted.pneumo"), "base": str(base.resolve()), "seed": seed}
    (folder / "job.json").write_text(json.dumps({**job, "population": "adults"}))
    command = [sys.executable, "-m", "pneumo_desktop.training", "train", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        events = [json.loads(line) for line in child.stdout]
    if events[-1]["event"] != "done":
        raise SystemExit(json.dumps(events[-1]))
    return folder / "adapted.pneumo", events[-1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--guangzhou", type=Path, required=True, help="folder of the training that made the base")
    parser.add_argument("--rsna", type=int, default=376, help="as many RSNA normals as NIH normals")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    films = second_hospital(options.data, options.rsna, options.seed)
    learnt, tested = ([film for film in films if film.half == half] for half in (0, 1))
    kermany = options.data / "kermany" / "train_224"
    parts = json.loads((options.guangzhou / "scan.json").read_text("utf-8"))["parts"]
    old = sorted(name for name, part in parts.items() if part == "test")
    old_labels = np.array([int(name.startswith("PNEUMONIA")) for name in old])
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        adapted, done = adapt(options.base, learnt, Path(folder), options.seed)
        for words, package in (("before", options.base), ("after", adapted)):
            found = figures(tested, logits(package, [film.path for film in tested]))
            found["Guangzhou"] = auc(old_labels, logits(package, [kermany / name for name in old]))
            rows += [(f"{words}: {name}", value, "AUC") for name, value in found.items()]
    rows.append(("images adapted to", float(len(learnt)), ""))
    rows.append(("images read before and after", float(len(tested)), ""))
    rows.append(("images of Guangzhou", float(len(old)), ""))
    rows.append(("time to adapt, test and package included", float(done["seconds"]), "s"))
    show("Guangzhou adapted to half of a second hospital", rows, seed=options.seed)


if __name__ == "__main__":
    main()
