"""The figures that stand in the bundled model's card: by source, with intervals by patient, and under perturbation."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.evaluation.intervals import bootstrap_replicates, percentile_interval
from pneumo_desktop.evaluation.metrics import auc, count, expected_calibration_error
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.models.card import Calibration
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import OperatingPoint, Outcome, Population
from pneumo_desktop.reading.reader import Reader
from pneumo_desktop.training.corpus import REPORT, Sample, read_grey
from pneumo_desktop.training.fit_gate import WrongImage
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.look import other_look
from pneumo_desktop.training.perturb import CHANGES, perturbed

Values = npt.NDArray[np.float64]
REPEATS = 500


def _rounded(value: float) -> float:
    return round(float(value), 4)


def _patients(samples: Sequence[Sample]) -> list[str]:
    return [f"{sample.source}:{sample.group}" for sample in samples]


def auc_with_interval(samples: Sequence[Sample], scores: Values) -> dict[str, Any]:
    """Return AUC, its 95 % interval (bootstrap by patient, seed 0) and the counts."""
    labels = np.array([sample.label for sample in samples])
    replicates = bootstrap_replicates(
        lambda at: np.array([auc(labels[at], scores[at])]), _patients(samples), REPEATS, 0
    )[:, 0]
    interval = percentile_interval(replicates)
    return {
        "auc": _rounded(auc(labels, scores)), "low": _rounded(interval.low), "high": _rounded(interval.high),
        "pneumonia": int(labels.sum()), "normal": int((1 - labels).sum()),
    }  # fmt: skip


def _with_interval(value: float, replicates: Values) -> dict[str, float]:
    interval = percentile_interval(replicates)
    return {"value": _rounded(value), "low": _rounded(interval.low), "high": _rounded(interval.high)}


def at_operating_point(samples: Sequence[Sample], scores: Values, point: OperatingPoint) -> dict[str, Any]:
    """Return what the verdicts at ``point`` are worth, each with its 95 % interval (bootstrap by patient, seed 0).

    Accuracy, sensitivity and specificity at the threshold, the share of uncertain images and the errors outside the
    band; the calibration error is of the scores alone.
    """
    labels = np.array([sample.label for sample in samples])
    called = scores >= point.threshold
    outside = (scores < point.low) | (scores >= point.high)
    wrong = (called != (labels == 1)) & outside

    def numbers(at: npt.NDArray[np.int64]) -> Values:
        counts = count(labels[at], called[at])
        errors = wrong[at].sum() / max(1, outside[at].sum())
        return np.array([counts.accuracy, counts.sensitivity, counts.specificity, 1.0 - outside[at].mean(), errors])

    names = ("accuracy", "sensitivity", "specificity", "band_share", "error_outside_band")
    values = numbers(np.arange(len(samples), dtype=np.int64))
    replicates = bootstrap_replicates(numbers, _patients(samples), REPEATS, 0)
    return {
        **{name: _with_interval(*pair) for name, *pair in zip(names, values, replicates.T, strict=True)},
        "calibration_error": _rounded(expected_calibration_error(labels, scores)),
    }


def matched_auc(samples: Sequence[Sample], scores: Values, view: str | None = None) -> dict[str, Any]:
    """Return the share of pneumonia-normal pairs in order: one view, ``src_png_bytes`` within 12 % of the smaller."""
    chosen = [i for i, s in enumerate(samples) if s.source == "nih" and (view is None or s.view == view)]
    part = [samples[i] for i in chosen]
    values = scores[chosen]
    labels = np.array([s.label for s in part])
    views = np.array([s.view for s in part])
    size = np.array([s.source_bytes for s in part])

    def pairs(at: npt.NDArray[np.int64]) -> Values:
        ill, well = at[labels[at] == 1], at[labels[at] == 0]
        near = np.abs(size[ill][:, None] - size[well]) < 0.12 * np.minimum(size[ill][:, None], size[well])
        near &= views[ill][:, None] == views[well]
        order = values[ill][:, None] - values[well]
        total = int(near.sum())
        right = float(((order > 0) & near).sum() + 0.5 * ((order == 0) & near).sum())
        return np.array([right / total if total else np.nan])

    everyone = np.arange(len(part), dtype=np.int64)
    interval = percentile_interval(bootstrap_replicates(pairs, [s.group for s in part], REPEATS, 0)[:, 0])
    return {
        "auc": _rounded(pairs(everyone)[0]), "low": _rounded(interval.low), "high": _rounded(interval.high),
        "pneumonia": int(labels.sum()), "normal": int((1 - labels).sum()),
    }  # fmt: skip


def _is_pneumonia_of_nih(sample: Sample) -> bool:
    return sample.source == "nih" and sample.label == 1


def _is_opacity(sample: Sample) -> bool:
    return _is_pneumonia_of_nih(sample) and sample.rsna_class == "Lung Opacity"


def against_rsna_normals(
    samples: Sequence[Sample], scores: Values, measure: Callable[[Sequence[Sample], Values], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return ``measure`` of the NIH's pneumonia films, and of those with an opacity, each with the RSNA normals."""

    def part(is_ill: Callable[[Sample], bool]) -> dict[str, Any]:
        chosen = [i for i, s in enumerate(samples) if is_ill(s) or s.source == "rsna_normal"]
        return measure([samples[i] for i in chosen], scores[chosen])

    return {"pneumonia_vs_rsna_normal": part(_is_pneumonia_of_nih), "opacity_vs_rsna_normal": part(_is_opacity)}


def pairs_and_raw(samples: Sequence[Sample], scores: Values) -> dict[str, Any]:
    """Return the AUCs within the NIH's own films: pairs of one view and file size, and all of a view."""

    def raw(view: str) -> dict[str, Any]:
        chosen = [i for i, s in enumerate(samples) if s.source == "nih" and s.view == view]
        return auc_with_interval([samples[i] for i in chosen], scores[chosen])

    return {
        "matched_pairs": matched_auc(samples, scores),
        "matched_pairs_ap": matched_auc(samples, scores, "AP"),
        "matched_pairs_pa": matched_auc(samples, scores, "PA"),
        "raw_vs_nih_normal_ap": raw("AP"),
        "raw_vs_nih_normal_pa": raw("PA"),
    }


def robustness(
    samples: Sequence[Sample], scores: Values, changed: dict[str, Values], point: OperatingPoint
) -> dict[str, Any]:
    """Return, for each change, the fall of the AUC, the share of verdicts that flipped, and the calibration error."""
    labels = np.array([sample.label for sample in samples])
    sure = scores >= point.threshold
    table = {}
    for change in CHANGES:
        values = changed[change]
        table[change] = {
            "auc_fall": _rounded(auc(labels, scores) - auc(labels, values)),
            "flipped": _rounded(float(((values >= point.threshold) != sure).mean())),
            "calibration_error": _rounded(expected_calibration_error(labels, values)),
        }
    return table


def all_figures(package: ModelPackage, judge: Judge, reporting: Sequence[Sample], size: int) -> dict[str, Any]:
    """Return the figures of the report part by source: children, adults and everyone, plain, changed and disguised."""
    points, calibration = package.card.operating_points, package.card.calibration

    def scores(pictures: Sequence[npt.NDArray[np.uint8]]) -> Values:
        return scores_of(calibration, judge.logits(pictures))

    def at(samples: Sequence[Sample], values: Values, population: Population) -> dict[str, Any]:
        return at_operating_point(samples, values, points[population])

    def figures_of(population: Population) -> Callable[[Sequence[Sample], Values], dict[str, Any]]:
        def measure(samples: Sequence[Sample], values: Values) -> dict[str, Any]:
            return {
                **auc_with_interval(samples, values),
                **at(samples, values, population),
                "at_not_known": at(samples, values, Population.NOT_KNOWN),
            }

        return measure

    of_children, of_adults = figures_of(Population.CHILDREN), figures_of(Population.ADULTS)
    plain = scores([s.picture for s in reporting])
    child = [i for i, s in enumerate(reporting) if s.source == "kermany"]
    learnable = [i for i, s in enumerate(reporting) if s.weight > 0]
    children, everyone = ([reporting[i] for i in part] for part in (child, learnable))
    changed = {name: scores([perturbed(s.picture, name, 9000 + i) for i, s in enumerate(everyone)]) for name in CHANGES}
    young = np.array([s.source == "kermany" for s in everyone])
    changed_children = {name: values[young] for name, values in changed.items()}
    disguised = scores(other_look(children, size))
    unknown = points[Population.NOT_KNOWN]
    return {
        "children": {
            **of_children(children, plain[child]),
            "perturbed": robustness(children, plain[child], changed_children, unknown),
            "other_look": of_children(children, disguised),
        },
        "adults": against_rsna_normals(reporting, plain, of_adults) | pairs_and_raw(reporting, plain),
        "everyone": {
            **at(everyone, plain[learnable], Population.NOT_KNOWN),
            "perturbed": robustness(everyone, plain[learnable], changed, unknown),
        },
    }


def gate_figures(package: ModelPackage, reporting: Sequence[Sample], wrong: Sequence[WrongImage]) -> dict[str, Any]:
    """Return what the program itself refuses, repairs and header checks included: chest films by source, wrong images."""
    of_thread = threading.local()

    def is_refused(path: Path) -> bool:
        reader: Reader | None = getattr(of_thread, "reader", None)
        if reader is None:
            reader = of_thread.reader = Reader(package)
        return reader.read(load(Entry(path))).judgement.outcome is Outcome.NOT_ANALYSED

    def refused(paths: Sequence[Path]) -> npt.NDArray[np.bool_]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return np.array(list(pool.map(is_refused, paths)))

    def share(values: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"share": _rounded(float(values.mean())), "images": len(values)}

    chest, sources = refused([s.path for s in reporting]), np.array([s.source for s in reporting])
    strange = [image for image in wrong if image.part == REPORT]
    caught, kinds = refused([image.path for image in strange]), np.array([image.kind for image in strange])
    return {
        "chest_refused": {source: share(chest[sources == source]) for source in sorted(set(sources.tolist()))},
        "wrong_refused": share(caught),
        "wrong_refused_by_kind": {
            kind: f"{caught[kinds == kind].sum()}/{(kinds == kind).sum()}" for kind in sorted(set(kinds.tolist()))
        },
    }


def same_answer(data: Path, judge: Judge, calibration: Calibration, point: OperatingPoint) -> dict[str, Any]:
    """Compare full-size originals with their 224 px copies: the share with the same verdict, and the largest move."""
    same, moves = [], []
    for path in sorted((data / "kermany" / "train_original").glob("*/*")):
        copy = data / "kermany" / "train_224" / path.parent.name / path.name
        if not copy.is_file():
            continue
        pictures = [read_grey(p) for p in (path, copy)]
        first, second = (calibration.score(judge.look(picture).logit) for picture in pictures)
        moves.append(abs(first - second))
        verdicts = {point.judge(first), point.judge(second)}
        same.append(len(verdicts) == 1 or ("uncertain" in verdicts and moves[-1] < 0.1))
    return {"share": _rounded(float(np.mean(same))), "images": len(same), "largest_move": _rounded(max(moves))}
