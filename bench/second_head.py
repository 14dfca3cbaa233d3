"""What a second head brings on the choose part, by what it reads and how strongly it is kept small (``training.second_head``).

    .venv/bin/python bench/second_head.py --package FILE

FILE is a package whose network has no second head yet: ``pneumo-5`` is ``git show 53405ff:models/bundled.pneumo``. For it, for
second heads alone and for their means with its own: AUC of children / the same in the look of the other class (seed 3) / NIH
pneumonia / radiologists' opacities, the adults against RSNA normals; of children and adults on changed copies (seed 1000); and of
both in the rooms of ``detector_chain`` (with the shortcut / label-blind / against it, strength 0.8, mean of seeds 7 and 8). The last
column is the mean of the adults' five. Figures in models/experiments.md, "A second head".
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from detector_chain import TRIALS, Picture, in_other_rooms
from unseen_look import STRENGTH, films

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.choose_part import ChoosePart
from pneumo_desktop.training.corpus import CHOOSE, FIT, Sample, cell_weights, load_corpus
from pneumo_desktop.training.depths import with_depth_features
from pneumo_desktop.training.head import Head, HeadFit
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.litert_file import head_of
from pneumo_desktop.training.publish import changed_copies
from pneumo_desktop.training.second_head import copies_of

PULLS = (3.0, 1.0, 0.3, 0.1)
Features = npt.NDArray[np.float32]


class Judged:
    """The features of everything that is judged by, and what a head is worth on them."""

    def __init__(self, corpus: Sequence[Sample], size: int, features: Callable[[Sequence[Picture]], Features]) -> None:
        self._part = ChoosePart.of(corpus, size)
        self._plain = features(self._part.pictures)
        groups = films(corpus, CHOOSE)
        self._others: list[tuple[list[int], list[list[Features]]]] = []
        for samples in groups.values():
            pictures, labels = [sample.picture for sample in samples], [sample.label for sample in samples]
            rooms = [
                [features(in_other_rooms(pictures, labels, trial, STRENGTH, seed)) for seed in (7, 8)]
                for trial in TRIALS
            ]
            self._others.append((labels, [[features(changed_copies(samples, 1000))], *rooms]))

    def row(self, head: Head) -> str:
        """Return the figures of a head as cells of a table."""
        plain = list(self._part.figures(head.logits(self._plain)).values())
        children, adults = (
            [float(np.mean([auc(labels, head.logits(one)) for one in seen])) for seen in every]
            for labels, every in self._others
        )
        cells = [
            " / ".join(f"{one:.4f}" for one in plain),
            f"{children[0]:.4f}, {adults[0]:.4f}",
            " / ".join(f"{one:.4f}" for one in children[1:]),
            " / ".join(f"{one:.4f}" for one in adults[1:]),
            f"{np.mean([plain[2], *adults]):.4f}",
        ]
        return " | ".join(cells)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    package = ModelPackage.open(options.package)
    top, deep = head_of(package.network_bytes), with_depth_features(package.network_bytes)
    if top is None or top.bias is None or deep is None:
        raise SystemExit("This network has no head or none of the blocks.")
    judge = Judge(unwritten(package.card, deep.network))
    width, size = top.kernel.size + sum(deep.widths.values()), package.card.input_size

    def features(pictures: Sequence[Picture]) -> Features:
        return judge.features(pictures)[:, -width:]

    corpus = [sample for sample in load_corpus(options.data) if sample.weight > 0]
    fitting = [sample for sample in corpus if sample.part == FIT]
    learnt = np.concatenate([features(pictures) for pictures in copies_of(fitting, size)])
    judged = Judged(corpus, size, features)
    times = len(learnt) // len(fitting)
    labels = np.array([sample.label for sample in fitting] * times)
    weights = np.tile(cell_weights(fitting) * [sample.weight for sample in fitting], times)
    first = Head(np.concatenate((top.kernel.ravel(), np.zeros(width - top.kernel.size))), float(top.bias[0]))
    spread = first.logits(learnt[: len(fitting)]).std()
    print(f"| head | as it is | children, adults: changed | children in rooms | adults in rooms | |\n|{'---|' * 6}")
    print(f"| {package.card.model_id} | {judged.row(first)} |", flush=True)
    first_of_blocks = top.kernel.size
    parts = {"top": slice(first_of_blocks), "blocks": slice(first_of_blocks, width), "top and blocks": slice(width)}
    for name, numbers in parts.items():
        fit = HeadFit(learnt, labels, weights, Head(np.zeros(width), 0.0), numbers)
        for pull in PULLS:
            second = fit.fit(pull)
            scale = spread / second.logits(learnt[: len(fitting)]).std()
            mean = Head((first.kernel + scale * second.kernel) / 2, (first.bias + scale * second.bias) / 2)
            print(f"| over {name}, pull {pull}, alone | {judged.row(second)} |", flush=True)
            print(f"| mean of both, over {name}, pull {pull} | {judged.row(mean)} |", flush=True)


if __name__ == "__main__":
    main()
