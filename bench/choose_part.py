"""What finished runs of the bundled recipe are worth on the choose part: each, and their means.

    .venv/bin/python bench/choose_part.py --run runs/A runs/B ... [--logits] [--flips] [--size 224] [--data ../shared/data]

AUC of children / the same in the look of the other class (seed 3) / NIH pneumonia / radiologists' opacities, the adults against
RSNA normals: of each run, and of the mean of their weights. ``--logits``: of the mean of their logits too, what a distillation would
learn from. ``--flips``: each once more with the logits of the film and of its mirror image averaged. ``--size``: looked at with
another input size than the run was trained at (a fully convolutional network only).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from pneumo_desktop.training.average import mean_weights
from pneumo_desktop.training.bundled import logits
from pneumo_desktop.training.choose_part import ChoosePart
from pneumo_desktop.training.corpus import load_corpus
from pneumo_desktop.training.fit import FINAL
from pneumo_desktop.training.networks import build

Logits = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Looked:
    """A network's logits of the choose part's pictures, and of their mirror images where they were asked for."""

    plain: Logits
    mirrored: Logits | None

    def rows(self, name: str, part: ChoosePart) -> list[tuple[str, dict[str, float]]]:
        """Return its figures, each with the name that stands before them."""
        rows = [(name, part.figures(self.plain))]
        if self.mirrored is not None:
            rows.append((f"{name}, flips averaged", part.figures((self.plain + self.mirrored) / 2)))
        return rows


def network_of(runs: Sequence[Path], size: int | None) -> tuple[keras.Model, int]:
    """Return the mean of the weights of ``runs`` as a network for ``size`` pixels a side, by default the first run's."""
    settings: list[dict[str, Any]] = [json.loads((run / "settings.json").read_text()) for run in runs]
    if len({one["architecture"] for one in settings}) > 1:
        raise SystemExit("The runs have different networks: their weights cannot be averaged.")
    size = size or int(settings[0]["size"])
    model = build(settings[0]["architecture"], size, settings[0]["dropout"])
    model.set_weights(mean_weights([run / FINAL for run in runs]))
    return model, size


def look_at(model: keras.Model, part: ChoosePart, size: int, flips: bool) -> Looked:
    """Let ``model`` look at every picture of ``part``."""
    mirrored = logits(model, [cv2.flip(picture, 1) for picture in part.pictures], size) if flips else None
    return Looked(logits(model, part.pictures, size), mirrored)


def mean_of(every: Sequence[Looked]) -> Looked:
    """Return the means of the logits of several networks."""
    mirrored = [looked.mirrored for looked in every if looked.mirrored is not None]
    return Looked(np.mean([looked.plain for looked in every], axis=0), np.mean(mirrored, axis=0) if mirrored else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, nargs="+", required=True, help="folders with settings.json and final.npz")
    parser.add_argument("--logits", action="store_true", help="the mean of their logits as well")
    parser.add_argument("--flips", action="store_true", help="film and mirror image averaged as well")
    parser.add_argument("--size", type=int, help="pixels a side to look at, if not those of the training")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    corpus = load_corpus(options.data)
    part_at = cache(partial(ChoosePart.of, corpus))

    def looked_at_by(runs: Sequence[Path]) -> tuple[Looked, ChoosePart]:
        model, size = network_of(runs, options.size)
        part = part_at(size)
        return look_at(model, part, size, options.flips), part

    rows, every = [], []
    for run in options.run:
        looked, part = looked_at_by([run])
        every.append(looked)
        rows += looked.rows(run.name, part)
    if len(options.run) > 1:
        looked, part = looked_at_by(options.run)
        rows += looked.rows("mean of the weights", part)
        if options.logits:
            rows += mean_of(every).rows("mean of the logits", part)
    print("| network | children / other look / adults / opacity |\n|---|---|")
    for name, figures in rows:
        print(f"| {name} | {' / '.join(f'{value:.4f}' for value in figures.values())} |")
    print(json.dumps({"size": options.size, **dict(rows)}))


if __name__ == "__main__":
    main()
