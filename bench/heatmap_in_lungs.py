"""How much of the heat map lies inside the lung fields, on images that the model has not learnt from.

    .venv/bin/python bench/heatmap_in_lungs.py [--model FILE] [--sheet masks.png] [--overlays overlays.png]

Fifty images of the report part (half children, half adults; pneumonia with a logit over 0, whatever its point), chosen by seed. The lung
mask is a simple one (dark regions inside the chest, closed and made convex, one a side): look at ``--sheet`` before the
figure is believed. ``--overlays`` draws some of the maps.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from measuring import show

from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.heatmap import overlay, strength
from pneumo_desktop.training.corpus import REPORT, Sample, load_corpus
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.lungs import lung_mask

SIDE = 256
Picture = npt.NDArray[np.uint8]


def share_in_lungs(picture: Picture, heat: npt.NDArray[np.float32]) -> float:
    """Return how much of the heat map (h, w) lies inside the lungs of ``picture`` (S, S) uint8, 0 to 1; NaN where there is no heat."""
    amount = strength(heat, *picture.shape)
    return float(amount[lung_mask(picture)].sum() / amount.sum()) if amount.any() else np.nan


def _sheet(pictures: Sequence[npt.NDArray[np.uint8]], path: Path, columns: int = 10) -> None:
    """Write (SIDE, SIDE, 3) RGB pictures side by side."""
    blank = np.zeros_like(pictures[0])
    rows = [
        np.hstack([*pictures[at : at + columns], *[blank] * (columns - len(pictures[at : at + columns]))])
        for at in range(0, len(pictures), columns)
    ]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


def _outlined(picture: Picture, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.asarray(cv2.drawContours(colour, outlines, -1, (80, 220, 255), 1))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("models/bundled.pneumo"))
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--overlays", type=Path)
    parser.add_argument("--drawn", type=int, default=30, help="so many overlays, half of them children")
    chosen = parser.parse_args()
    judge = Judge(ModelPackage.open(chosen.model))
    ill = [s for s in load_corpus(chosen.data) if s.part == REPORT and s.label == 1 and s.weight > 0]
    rng = np.random.default_rng(chosen.seed)

    def called_so(samples: Sequence[Sample]) -> list[tuple[Picture, npt.NDArray[np.float32]]]:
        found: list[tuple[Picture, npt.NDArray[np.float32]]] = []
        for place in rng.permutation(len(samples)):
            output = judge.look(samples[place].picture)
            if output.logit > 0 and len(found) < chosen.images // 2:
                found.append((squash(samples[place].picture, SIDE), output.map))
        return found

    drawn = [*called_so([s for s in ill if s.is_child]), *called_so([s for s in ill if s.source == "nih"])]
    inside, areas, outlined = [], [], []
    for picture, heat in drawn:
        mask = lung_mask(picture)
        inside.append(share_in_lungs(picture, heat))
        areas.append(float(mask.mean()))
        outlined.append(_outlined(picture, mask))
    half = chosen.images // 2
    show(
        "heat map inside the lung fields",
        [
            ("mean share of the map", float(np.nanmean(inside)), ""),
            ("share of the picture that is lung", float(np.mean(areas)), ""),
            ("children", float(np.nanmean(inside[:half])), ""),
            ("adults", float(np.nanmean(inside[half:])), ""),
            ("least of an image", float(np.nanmin(inside)), ""),
        ],
        images=len(drawn), seed=chosen.seed,
    )  # fmt: skip
    if chosen.sheet:
        _sheet(outlined, chosen.sheet)
    if chosen.overlays:
        few = [*drawn[: chosen.drawn // 2], *drawn[half : half + chosen.drawn // 2]]
        _sheet([overlay(picture, heat, 0.5) for picture, heat in few], chosen.overlays, min(10, len(few)))


if __name__ == "__main__":
    main()
