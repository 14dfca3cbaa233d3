"""The images of the bundled model's recipe: three sources, patients apart, with a weight for what a label is worth."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pneumo_desktop.opencv import cv2

SPLIT_SEED = 20261123
"""Of the bundled model's parts. Another one would put films that it learnt from into its report part."""

FIT, CHOOSE, REPORT = "fit", "choose", "report"
CHILDREN_SOURCE, ADULT_SOURCE, ADULT_NORMALS = "kermany", "nih", "rsna_normal"
SOURCES = (CHILDREN_SOURCE, ADULT_SOURCE, ADULT_NORMALS)
_SHARES = {CHILDREN_SOURCE: (0.82, 0.08), ADULT_SOURCE: (0.60, 0.10), ADULT_NORMALS: (0.70, 0.10)}
"""Shares of the fit and choose parts by source; the rest is the report part."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled picture: (H, W) uint8, ``label`` 1 for pneumonia, ``group`` the patient, ``weight`` of its label."""

    picture: npt.NDArray[np.uint8]
    label: int
    source: str
    group: str
    part: str
    weight: float
    path: Path
    view: str = ""
    rsna_class: str = ""
    source_bytes: float = 0.0

    @property
    def is_child(self) -> bool:
        """Tell whether it is a film of the children of Guangzhou; all others are the adult hospital's."""
        return self.source == CHILDREN_SOURCE


def cell_weights(samples: Sequence[Sample]) -> npt.NDArray[np.float64]:
    """Return weights (n,) by which ill and well children, ill and well adults each count for a quarter.

    With them neither a population nor its share of pneumonia tells anything of the label.
    """
    cells = [(sample.is_child, sample.label) for sample in samples]
    sizes = Counter(cells)
    return np.array([1.0 / sizes[cell] for cell in cells])


def part_of(source: str, group: str, seed: int) -> str:
    """Return the part a patient belongs to, by a hash of its key, so that it never depends on order or count."""
    digest = hashlib.sha256(f"{seed}:{source}:{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    fit, choose = _SHARES[source]
    return FIT if place < fit else CHOOSE if place < fit + choose else REPORT


def read_grey(path: Path) -> npt.NDArray[np.uint8]:
    """Return a file as (H, W) uint8; raises FileNotFoundError."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if picture is None:
        raise FileNotFoundError(path)
    return picture


def _kermany(folder: Path, seed: int) -> list[Sample]:
    samples = []
    with (folder / "train_224.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            if row["duplicate_of"]:
                continue
            path = folder / "train_224" / row["class"] / row["file"]
            group = f"{row['subtype']}:{row['patient_key']}"
            samples.append(
                Sample(
                    read_grey(path), int(row["class"] == "PNEUMONIA"), CHILDREN_SOURCE, group,
                    part_of(CHILDREN_SOURCE, group, seed), 1.0, path,
                )
            )  # fmt: skip
    return samples


def _nih(folder: Path, seed: int) -> list[Sample]:
    """Pneumonia that radiologists called normal, and normals that they called opacity, are dropped from the fit.

    They keep weight 0, so that the report part can still be counted with and without them.
    """
    samples = []
    with (folder / "labels.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            path = folder / "images" / row["file"]
            label = int(row["label"] == "pneumonia")
            opinion = row["rsna_class"]
            weight = 1.0
            if label:
                weight = {"Lung Opacity": 2.0, "Normal": 0.0}.get(opinion, 1.0)
            elif opinion == "Lung Opacity":
                weight = 0.0
            samples.append(
                Sample(
                    read_grey(path), label, ADULT_SOURCE, row["patient"],
                    part_of(ADULT_SOURCE, row["patient"], seed), weight, path, row["view"], opinion, float(row["src_png_bytes"] or 0),
                )
            )  # fmt: skip
    return samples


def _rsna(folder: Path, seed: int) -> list[Sample]:
    samples = []
    with (folder / "labels.csv").open(newline="") as stream:
        for row in csv.DictReader(stream):
            path = folder / "images" / row["file"]
            samples.append(
                Sample(
                    read_grey(path), 0, ADULT_NORMALS, row["file"], part_of(ADULT_NORMALS, row["file"], seed), 1.0, path,
                    rsna_class="Normal",
                )
            )  # fmt: skip
    return samples


def load_corpus(data: Path, seed: int = SPLIT_SEED) -> list[Sample]:
    """Return every sample of the recipe from the folder ``data`` (the layout of its SOURCES.md).

    Exact duplicates of the Kermany part are left out.
    """
    return _kermany(data / "kermany", seed) + _nih(data / "adult_nih", seed) + _rsna(data / "adult_rsna_normal", seed)


def pixels_fingerprint(samples: Iterable[Sample]) -> str:
    """Return the SHA-256 (hex) of what is learnt from: source, label, weight and every pixel, whatever the order."""
    rows = sorted(
        f"{s.source} {s.label} {s.weight:g} {s.picture.shape} {hashlib.sha256(s.picture.tobytes()).hexdigest()}"
        for s in samples
    )
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
