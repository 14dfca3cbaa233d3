"""What the export of another hospital costs adults: those of the report part in the looks of films of Guangzhou.

    .venv/bin/python bench/third_hospital.py [--model FILE] [--data ../shared/data]

Films of a third hospital cannot be had here. What a network takes from its own hospitals, and finds nowhere else, is in part
the look of their exports: sharpness and grey levels. Three trials on the NIH's pneumonia and opacities against the RSNA normals,
at the operating point for *not known*, with 95 % intervals (bootstrap by patient, RSNA normals by image):

- *as they are*: the hospital that the network knows;
- *look of Guangzhou*: every film, ill or well, takes half the look of any film of Guangzhou's report part;
- *look of the other class*: ill films half the look of a normal one of Guangzhou, normals that of an ill one.

No prediction of a third hospital: the bundled model borrowed looks by the same functions while it learnt, so that the figures show
whether it has learnt to ignore them; anatomy, patients and labels stay those of the NIH.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from measuring import show

from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.training.corpus import REPORT, Sample, load_corpus
from pneumo_desktop.training.figures_of_record import against_rsna_normals, at_operating_point, auc_with_interval
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.look import in_looks_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/bundled.pneumo"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    package = ModelPackage.open(options.model)
    judge, card = Judge(package), package.card
    size, point = card.input_size, card.operating_points[Population.NOT_KNOWN]
    report = [sample for sample in load_corpus(options.data) if sample.part == REPORT]
    children = [sample for sample in report if sample.is_child]
    adults = [sample for sample in report if not sample.is_child]
    by_label = {label: [child for child in children if child.label == label] for label in (0, 1)}
    trials = {
        "as they are": [squash(sample.picture, size) for sample in adults],
        "look of Guangzhou": in_looks_of(adults, {0: children, 1: children}, size),
        "look of the other class": in_looks_of(adults, {0: by_label[1], 1: by_label[0]}, size),
    }
    rows = []
    for name, pictures in trials.items():
        scores = scores_of(card.calibration, judge.logits(pictures))

        def measured(part: Sequence[Sample], values: npt.NDArray[np.float64]) -> dict[str, Any]:
            return {"auc": auc_with_interval(part, values), **at_operating_point(part, values, point)}

        for against, figures in against_rsna_normals(adults, scores, measured).items():
            for key in ("auc", "accuracy", "sensitivity", "specificity", "error_outside_band"):
                one = figures[key]
                value = one.get("auc", one.get("value"))
                interval = f"({one['low']:.3f}-{one['high']:.3f})"
                rows.append((f"{name}, {against.removesuffix('_vs_rsna_normal')}: {key}", value, interval))
    show(f"{card.model_id}: adults in other hospitals' looks", rows)


if __name__ == "__main__":
    main()
