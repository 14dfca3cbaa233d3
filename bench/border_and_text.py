"""Which part of ``perturb.border_and_text`` turns verdicts round, and which way the scores move, on the choose part.

    .venv/bin/python bench/border_and_text.py [--package FILE] [--data ../shared/data]

The same draws (``REPEATS`` a film, seeds from 9000 on) with the border alone, the side marker alone and both; and the border
in the grey of the film's own edge instead of black, which shrinks the chest as much and paints nothing. At the operating point for *not
known*: the share of verdicts that flip, to pneumonia and to normal, the mean move of the score and of the logit, and the scores
of the films that flip: a flip of a film that is uncertain before and after is one that no reader sees.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Outcome, Population
from pneumo_desktop.training.corpus import CHOOSE, load_corpus
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.perturb import Picture, border, border_and_text, side_marker

REPEATS = 5
SEED = 9000


def marker_alone(picture: Picture, rng: np.random.Generator) -> Picture:
    """The side marker that ``border_and_text`` draws, without its border."""
    border(picture, rng)
    return side_marker(picture, rng)


def grey_border(picture: Picture, rng: np.random.Generator) -> Picture:
    """A border as wide as that of ``border``, in the greys of the film's own edge."""
    edge = (border(picture, rng).shape[0] - picture.shape[0]) // 2
    return cv2.copyMakeBorder(picture, edge, edge, edge, edge, cv2.BORDER_REPLICATE)


CHANGES: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "border and marker": border_and_text,
    "border alone": border,
    "marker alone": marker_alone,
    "border in the edge's grey": grey_border,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, default=Path("models/bundled.pneumo"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    package = ModelPackage.open(options.package)
    judge, card = Judge(package), package.card
    point = card.operating_points[Population.NOT_KNOWN]
    choosing = [sample for sample in load_corpus(options.data) if sample.part == CHOOSE and sample.weight > 0]
    rows = {}
    head = "flipped | to pneumonia | to normal | uncertain before and after | mean move: score | logit"
    print(f"{card.model_id}\n\n| films | change | copies | {head} |\n|{'---|' * 9}")
    for name, members in (
        ("adults", [sample for sample in choosing if not sample.is_child]),
        ("children", [sample for sample in choosing if sample.is_child]),
    ):
        logits = np.tile(judge.logits([sample.picture for sample in members]), REPEATS)
        before = scores_of(card.calibration, logits)
        for change, make in CHANGES.items():
            copies = [
                make(sample.picture, np.random.default_rng((SEED + place, repeat)))
                for repeat in range(REPEATS)
                for place, sample in enumerate(members)
            ]
            moved = judge.logits(copies)
            after = scores_of(card.calibration, moved)
            up = (before < point.threshold) & (after >= point.threshold)
            down = (before >= point.threshold) & (after < point.threshold)
            unseen = [
                point.judge(old) is point.judge(new) is Outcome.UNCERTAIN
                for old, new in zip(before[up | down], after[up | down], strict=True)
            ]
            row = {
                "copies": len(copies), "flipped": float((up | down).mean()), "to_pneumonia": int(up.sum()),
                "to_normal": int(down.sum()), "uncertain_both": int(np.sum(unseen)),
                "score": float((after - before).mean()), "logit": float((moved - logits).mean()),
            }  # fmt: skip
            rows[f"{name}, {change}"] = row
            print(
                f"| {name} | {change} | {row['copies']} | {100 * row['flipped']:.1f} % | {row['to_pneumonia']} | "
                f"{row['to_normal']} | {row['uncertain_both']} | {row['score']:+.3f} | {row['logit']:+.3f} |",
                flush=True,
            )
    print(json.dumps({"package": card.model_id, **rows}))


if __name__ == "__main__":
    main()
