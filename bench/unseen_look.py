"""What the bundled model reads of films that other X-ray rooms would have made: a look that no training has lent.

    .venv/bin/python bench/unseen_look.py --decide                  # the strength, from the fit part's global numbers; no network
    .venv/bin/python bench/unseen_look.py [--package FILE ...]       # what each package reads of the report part

The report part's films go through the chains of ``detector_chain``, in three trials: *with the shortcut* (ill films in the soft
room, normal ones in the hard one, as the files of Guangzhou are), *label-blind* (a coin for each film) and *against the
shortcut* (normal films in the soft room, ill ones in the hard one). A network that does not look at the look reads the three alike.

``STRENGTH`` was decided before a network saw any of it: the smallest tenth at which a logistic regression on the seven global numbers
of a picture (mean, spread, Laplacian, fine detail, border, black and white share), fitted on plain children of the fit part,
reads them against the shortcut at least as far below one half as it reads the plain ones above it.

Read through the program's own ``Reader``: a film that the gate refuses counts as a wrong answer that is sure, in every figure.
95 % intervals by bootstrap over patients (RSNA normals by image), 500 draws, seed 0; the rooms' draws have seed 7.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from detector_chain import TRIALS, Picture, in_other_rooms

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, Window
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Judgement, Population
from pneumo_desktop.training.corpus import CHOOSE, FIT, REPORT, Sample, load_corpus
from pneumo_desktop.training.figures_of_record import (
    OF_THE_ILL,
    OF_THE_WELL,
    against_rsna_normals,
    at_operating_point,
    auc_with_interval,
    read_all,
)
from pneumo_desktop.training.head import Head, HeadFit, balanced_weights
from pneumo_desktop.training.traits import look_of

STRENGTH = 0.8
SEED = 7
NUMBERS = ("mean", "spread", "Laplacian", "fine detail", "border", "black share", "white share")
POPULATIONS = ("children", "adults")
PLAIN = "as they are"
Values = npt.NDArray[np.float64]
Trials = dict[tuple[str, str], list[Picture]]
"""The pictures of a population in a trial."""


def films(corpus: Sequence[Sample], part: str) -> dict[str, list[Sample]]:
    """Return the children of a part, and its adults: the NIH's pneumonia and the RSNA normals."""
    of_part = [sample for sample in corpus if sample.part == part]
    return {
        "children": [sample for sample in of_part if sample.is_child],
        "adults": [
            sample for sample in of_part if sample.source == "rsna_normal" or (sample.source == "nih" and sample.label)
        ],
    }


def in_trial(samples: Sequence[Sample], trial: str, strength: float) -> list[Picture]:
    """Return the pictures of ``samples`` in one of the trials, or as they are."""
    pictures = [sample.picture for sample in samples]
    if trial == PLAIN:
        return pictures
    return in_other_rooms(pictures, [sample.label for sample in samples], trial, strength, SEED)


def looks(pictures: Sequence[Picture]) -> Values:
    """Return the seven global numbers of each picture, (n, 7)."""
    return np.stack([look_of(picture) for picture in pictures])


class Shortcut:
    """What tells the label of plain films without a look at the lungs: a logistic regression on their global numbers."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        labels, numbers = np.array([sample.label for sample in samples]), looks([sample.picture for sample in samples])
        nothing = Head(np.zeros(numbers.shape[1]), 0.0)
        self._head = HeadFit(numbers, labels, balanced_weights(labels, 1.0), nothing).fit(1e-3)

    def areas(self, samples: Sequence[Sample], numbers: Values) -> list[float]:
        """Return its AUC on (n, 7) numbers, and that of each number alone."""
        labels = [sample.label for sample in samples]
        return [auc(labels, self._head.logits(numbers)), *(auc(labels, column) for column in numbers.T)]


def print_decision(children: Sequence[Sample]) -> None:
    """Print how the shortcut, learnt from plain films, reads the same ones against it, by strength."""
    shortcut = Shortcut(children)
    print(f"| AUC of the look alone, children of the fit part | logistic | {' | '.join(NUMBERS)} |")
    print(f"|{'---|' * 9}")
    for strength in np.arange(5, 11) / 10:
        numbers = looks(in_trial(children, "against the shortcut", float(strength)))
        print(f"| strength {strength} | {_cells(shortcut.areas(children, numbers))} |", flush=True)
    plain = looks([child.picture for child in children])
    print(f"| {PLAIN} | {_cells(shortcut.areas(children, plain))} |")


def print_shortcuts(fitting: dict[str, list[Sample]], report: dict[str, list[Sample]], trials: Trials) -> None:
    """Print how well the shortcut, learnt from plain films ``fitting``, tells those of ``report`` in each trial."""
    print(f"| AUC of the look alone | logistic | {' | '.join(NUMBERS)} |\n|{'---|' * 9}")
    shortcuts = {population: Shortcut(fitting[population]) for population in POPULATIONS}
    for (population, trial), pictures in trials.items():
        areas = shortcuts[population].areas(report[population], looks(pictures))
        print(f"| {population}, {trial} | {_cells(areas)} |", flush=True)


def _cells(areas: Sequence[float]) -> str:
    return " | ".join(f"{area:.3f}" for area in areas)


def read_by(package: ModelPackage, pictures: Sequence[Picture]) -> list[Judgement]:
    """Return what the program says of each picture; there is no score where its gate refuses it."""
    window = Window(127.5, 255.0)
    return read_all(package, [partial(Radiograph, Entry(Path("film.png")), one, window, "", "PNG") for one in pictures])


def refused_as_wrong(samples: Sequence[Sample], scores: Sequence[float | None]) -> Values:
    """Return the scores, (n,), of a refused film the one that is as wrong as can be."""
    return np.array([1.0 - s.label if score is None else score for s, score in zip(samples, scores, strict=True)])


def _written(figure: dict[str, float], percent: bool = False) -> str:
    value = figure.get("auc", figure.get("value", np.nan))
    if percent:
        return f"{100 * value:.1f} % ({100 * figure['low']:.1f}-{100 * figure['high']:.1f})"
    return f"{value:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"


def measured(
    package: ModelPackage, point: Population, samples: Sequence[Sample], scores: Values
) -> dict[str, dict[str, Any]]:
    """Return AUC and what the verdicts at the point are worth, with intervals; the scores of refused films are no probabilities."""
    figures = at_operating_point(samples, scores, package.card.operating_points[point])
    for name in ("calibration_error", *OF_THE_ILL, *OF_THE_WELL):  # a refused film has no word and no probability here
        figures.pop(name, None)
    return {"auc": auc_with_interval(samples, scores), **figures}


def refusals(judgements: Sequence[Judgement]) -> Values:
    """Return (n,): 0 for a film that was read, 1 for one refused by its kind, 2 by its distance from what was learnt."""
    return np.array(
        [0.0 if j.score is not None else 2.0 if (j.gate_distance or 0.0) > 1.0 else 1.0 for j in judgements]
    )


def refused_by_label(samples: Sequence[Sample], refused: Values) -> dict[str, int]:
    """Return how many pneumonia and normal films were refused, and how many of both by distance, from ``refusals``."""
    labels = np.array([sample.label for sample in samples])
    return {
        "pneumonia": int((refused[labels == 1] > 0).sum()),
        "normal": int((refused[labels == 0] > 0).sum()),
        "by_distance": int((refused == 2).sum()),
    }


def by_part(
    population: str,
    samples: Sequence[Sample],
    values: Values,
    measure: Callable[[Sequence[Sample], Values], dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Return ``measure`` of the children, or of the adults' pneumonia and opacities, each with the RSNA normals."""
    if population == "children":
        return {population: measure(samples, values)}
    found = against_rsna_normals(samples, values, measure)
    return {name.removesuffix("_vs_rsna_normal"): figures for name, figures in found.items()}


def print_figures(package: ModelPackage, report: dict[str, list[Sample]], trials: Trials) -> dict[str, Any]:
    """Print, and return, what ``package`` reads in each trial, by population and operating point."""
    every: dict[str, Any] = {}
    names = "AUC | AUC of those read | accuracy | sensitivity | specificity | uncertain | wrong outside the band"
    print(
        f"\n{package.card.model_id}\n\n| films | point | {names} | refused: pneumonia, normal, of both by distance |\n|{'---|' * 10}"
    )
    for (population, trial), pictures in trials.items():
        samples = report[population]
        judgements = read_by(package, pictures)
        values = refused_as_wrong(samples, [judgement.score for judgement in judgements])
        refused = refusals(judgements)
        read = np.flatnonzero(refused == 0)
        counts = by_part(population, samples, refused, refused_by_label)
        order = by_part(population, [samples[place] for place in read], values[read], auc_with_interval)
        for point in (Population(population), Population.NOT_KNOWN):
            for part, figures in by_part(population, samples, values, partial(measured, package, point)).items():
                figures |= {"auc_read": order[part], "refused": counts[part]}
                cells = [
                    _written(figures[key]) for key in ("auc", "auc_read", "accuracy", "sensitivity", "specificity")
                ]
                cells += [_written(figures[key], percent=True) for key in ("band_share", "error_outside_band")]
                cells.append(", ".join(str(number) for number in counts[part].values()))
                print(f"| {part}, {trial} | {point.value} | {' | '.join(cells)} |", flush=True)
                every[f"{part}, {trial}, {point.value}"] = figures
    return every


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, nargs="+", default=[Path("models/bundled.pneumo")])
    parser.add_argument("--strength", type=float, default=STRENGTH, help="0 (nothing) to 1")
    parser.add_argument(
        "--decide", action="store_true", help="how the look alone reads children of the fit part, by strength"
    )
    parser.add_argument("--part", choices=(CHOOSE, REPORT), default=REPORT, help="whose films are read")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    corpus = load_corpus(options.data)
    fitting, report = films(corpus, FIT), films(corpus, options.part)
    if options.decide:
        print_decision(fitting["children"])
        return
    trials = {
        (population, trial): in_trial(report[population], trial, options.strength)
        for population in POPULATIONS
        for trial in (PLAIN, *TRIALS)
    }
    print(f"strength {options.strength}, seed {SEED}\n")
    print_shortcuts(fitting, report, trials)
    packages = [ModelPackage.open(path) for path in options.package]
    every = {package.card.model_id: print_figures(package, report, trials) for package in packages}
    print(json.dumps({"strength": options.strength, "seed": SEED, **every}))


if __name__ == "__main__":
    main()
