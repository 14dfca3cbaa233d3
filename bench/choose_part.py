"""What finished runs of the bundled recipe are worth on the choose part: each, and their means.

    .venv/bin/python bench/choose_part.py --run runs/A runs/B ... [--logits] [--flips] [--beyond] [--size 224]

AUC of children / the same in the look of the other class (seed 3) / NIH pneumonia / radiologists' opacities, the adults against
RSNA normals: of each run, and of the mean of their weights. ``--logits``: of the mean of their logits too, what a distillation would
learn from. ``--flips``: each once more with the logits of the film and of its mirror image averaged. ``--size``: looked at with
another input size than the run was trained at (a fully convolutional network only).

``--beyond``: of each run and of the mean, the AUC of children and of adults in the rooms of ``detector_chain`` (with the shortcut /
label-blind / against it, strength 0.8, mean of seeds 7 and 8) and on changed copies (seed 1000), and how much of the heat map lies in
the lungs of sixty ill children and of the ill adults; ``--package``: the same of packages. With ``--logits`` the packages' AUCs, and
the means of their logits, each network's divided by their standard deviation. Films of weight 0 are left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt
from detector_chain import TRIALS, in_other_rooms
from heatmap_in_lungs import SIDE, share_in_lungs
from unseen_look import STRENGTH, films

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.average import mean_weights
from pneumo_desktop.training.bundled import logits
from pneumo_desktop.training.choose_part import ChoosePart
from pneumo_desktop.training.corpus import ADULT_SOURCE, CHOOSE, Sample, load_corpus
from pneumo_desktop.training.fit import FINAL, SETTINGS
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.networks import build
from pneumo_desktop.training.publish import changed_copies

Logits = npt.NDArray[np.float32]
Maps = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


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
    settings: list[dict[str, Any]] = [json.loads((run / SETTINGS).read_text()) for run in runs]
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


def seen_by(network: tuple[keras.Model, int], pictures: Sequence[Picture]) -> tuple[Logits, Maps]:
    """Return the logits (n,) of ``pictures`` and their heat maps (n, h, w), of a run."""
    model, size = network
    batch = np.stack([squash(picture, size) for picture in pictures])[..., None].astype(np.float32) / 255.0
    seen = model.predict(batch, batch_size=64, verbose=0)
    return np.asarray(seen["logit"])[:, 0], np.asarray(seen["map"])


def seen_by_package(judge: Judge, pictures: Sequence[Picture]) -> tuple[Logits, Maps]:
    """Return the same, of a package."""
    outputs = judge.look_at_all(pictures)
    return np.array([output.logit for output in outputs], np.float32), np.stack([output.map for output in outputs])


def of_packages(paths: Sequence[Path], part: ChoosePart) -> list[tuple[str, dict[str, float]]]:
    """Return the figures of packages, of each two and of all of them: the mean of their logits, brought to one scale."""
    seen = {}
    for path in paths:
        package = ModelPackage.open(path)
        values = seen_by_package(Judge(package), part.pictures)[0]
        seen[path.stem] = values / values.std()
    groups = [*((name,) for name in seen), *combinations(seen, 2)] + ([tuple(seen)] if len(seen) > 2 else [])
    return [(" + ".join(group), part.figures(np.mean([seen[name] for name in group], axis=0))) for group in groups]


def beyond(look: Callable[[Sequence[Picture]], tuple[Logits, Maps]], corpus: Sequence[Sample]) -> str:
    """Return as cells of a table how a network orders films of other rooms and changed ones, and where it looks."""
    every = [sample for sample in corpus if sample.part == CHOOSE and sample.weight > 0]

    def area(samples: Sequence[Sample], pictures: Sequence[Picture]) -> float:
        return auc([sample.label for sample in samples], look(pictures)[0])

    cells = []
    for samples in films(every, CHOOSE).values():
        pictures, labels = [sample.picture for sample in samples], [sample.label for sample in samples]
        rooms = [
            np.mean([area(samples, in_other_rooms(pictures, labels, trial, STRENGTH, seed)) for seed in (7, 8)])
            for trial in TRIALS
        ]
        cells += [" / ".join(f"{one:.3f}" for one in rooms), f"{area(samples, changed_copies(samples, 1000)):.3f}"]
    ill = [sample for sample in every if sample.label == 1]
    for samples in ([s for s in ill if s.is_child][:60], [s for s in ill if s.source == ADULT_SOURCE]):
        pictures = [sample.picture for sample in samples]
        shares = [
            share_in_lungs(squash(picture, SIDE), heat)
            for picture, heat in zip(pictures, look(pictures)[1], strict=True)
        ]
        cells.append(f"{100 * np.nanmean(shares):.0f} %")
    return " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, nargs="+", required=True, help="folders with settings.json and final.npz")
    parser.add_argument("--logits", action="store_true", help="the mean of their logits as well")
    parser.add_argument(
        "--beyond", action="store_true", help="other rooms, changed copies, heat map in the lungs as well"
    )
    parser.add_argument(
        "--package",
        type=Path,
        nargs="+",
        default=[],
        help="packages to stand beside the runs, with --beyond or --logits",
    )
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
    if options.logits:
        rows += of_packages(options.package, part)
    print("| network | children / other look / adults / opacity |\n|---|---|")
    for name, figures in rows:
        print(f"| {name} | {' / '.join(f'{value:.4f}' for value in figures.values())} |")
    if options.beyond:
        names = "in other rooms | on changed copies"
        print(
            f"\n| network | children {names} | adults {names} | heat in the lungs: children | adults |\n|{'---|' * 7}"
        )
        means = [("mean of the weights", options.run)] if len(options.run) > 1 else []
        for name, runs in [*((run.name, [run]) for run in options.run), *means]:
            print(f"| {name} | {beyond(partial(seen_by, network_of(runs, options.size)), corpus)} |", flush=True)
        for path in options.package:
            package = ModelPackage.open(path)
            print(
                f"| {package.card.model_id} | {beyond(partial(seen_by_package, Judge(package)), corpus)} |", flush=True
            )
    print(json.dumps({"size": options.size, **dict(rows)}))


if __name__ == "__main__":
    main()
