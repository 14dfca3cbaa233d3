"""The figures that stand in the bundled model's card: by source, with intervals by patient, and under perturbation."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.evaluation.intervals import (
    REPEATS,
    bootstrap_replicates,
    certain_share,
    percentiles,
    wilson,
)
from pneumo_desktop.evaluation.metrics import auc, count, expected_calibration_error
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, Window
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.gate import Gate
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population
from pneumo_desktop.reading.reader import Reader
from pneumo_desktop.training.corpus import ADULT_NORMALS, ADULT_SOURCE, REPORT, SPLIT_SEED, Sample
from pneumo_desktop.training.fit_gate import LATERAL, WrongImage, pieces_of, side_by_side
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.look import other_look
from pneumo_desktop.training.perturb import CHANGES, perturbed

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Judged:
    """Films as the package judged them: calibrated ``scores`` (n,) in 0..1, whatever the gate said, and ``refused`` (n,)."""

    scores: Values
    refused: Mask

    def __getitem__(self, chosen: Mask) -> Judged:
        """Return the films where ``chosen`` (n,) is true."""
        return Judged(self.scores[chosen], self.refused[chosen])


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
    interval = percentiles(replicates)
    return {
        "auc": _rounded(auc(labels, scores)), "low": _rounded(interval.low), "high": _rounded(interval.high),
        "pneumonia": int(labels.sum()), "normal": int((1 - labels).sum()),
    }  # fmt: skip


def _with_interval(value: float, replicates: Values, patients: int = 0) -> dict[str, float]:
    """Return a figure with its 95 % interval; ``patients``: so many stand behind it, where it is a share.

    Where none or all are right every draw is the same, which is no certainty: there the interval is Wilson's.
    """
    interval = (certain_share(value, patients) if patients else None) or percentiles(replicates)
    return {"value": _rounded(value), "low": _rounded(interval.low), "high": _rounded(interval.high)}


def _share(hits: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return a share with Wilson's 95 % interval and the count that it is of."""
    interval = wilson(int(hits.sum()), len(hits))
    return {
        "share": _rounded(float(hits.mean())), "low": _rounded(interval.low), "high": _rounded(interval.high),
        "images": len(hits),
    }  # fmt: skip


_PIECES = 400
"""So many pictures of several films and of parts of one are read."""

OF_THE_ILL = ("pneumonia_found", "pneumonia_uncertain", "pneumonia_called_normal")
OF_THE_WELL = ("normal_called_pneumonia", "normal_uncertain", "normal_found")
"""Figures of ``at_operating_point``: what films with pneumonia, and normal ones, are called, by the word that is shown."""


def at_operating_point(
    samples: Sequence[Sample], scores: Values, point: OperatingPoint, refused: Mask | None = None
) -> dict[str, Any]:
    """Return what the verdicts at ``point`` are worth, each with its 95 % interval (bootstrap by patient, seed 0).

    Accuracy, sensitivity and specificity at the threshold, the share of uncertain images, the errors outside the
    band, the same if half of the films there were ill (the mean of missed and false alarms), and the calibration error
    of the scores. Of the films with pneumonia, and of the normal ones, the shares that are called likely pneumonia, uncertain
    and likely normal (``OF_THE_ILL``, ``OF_THE_WELL``). ``refused`` (n,): what the gate refused; a film without a verdict counts
    as an error, and is neither uncertain nor part of the calibration nor in any of the three shares, which then sum to less
    than 1. A figure that nothing stands behind, here or in most draws, is left out: where no ill film has a sure verdict, what
    if half were ill.
    """
    labels = np.array([sample.label for sample in samples])
    read = np.ones(len(samples), bool) if refused is None else ~refused
    called = np.where(read, scores >= point.threshold, labels != 1)
    inside = (scores >= point.low) & (scores < point.high) & read
    wrong = (called != (labels == 1)) & ~inside
    words = np.stack((read & (scores >= point.high), inside, read & (scores < point.low)))

    def numbers(at: npt.NDArray[np.int64]) -> Values:
        counts = count(labels[at], called[at])
        sure = at[~inside[at]]
        errors = wrong[sure].mean() if len(sure) else np.nan
        missed, alarms = (wrong[sure[labels[sure] == label]] for label in (1, 0))
        halved = (missed.mean() + alarms.mean()) / 2 if len(missed) and len(alarms) else np.nan
        of_scores = at[read[at]]
        calibration = expected_calibration_error(labels[of_scores], scores[of_scores])
        called_so = [
            words[:, some].mean(axis=1) if len(some) else np.full(len(words), np.nan)
            for some in (at[labels[at] == label] for label in (1, 0))
        ]
        verdicts = (counts.accuracy, counts.sensitivity, counts.specificity, inside[at].mean(), errors, halved)
        return np.array([*verdicts, calibration, *called_so[0], *called_so[1]])

    names = (
        "accuracy", "sensitivity", "specificity", "band_share", "error_outside_band", "error_outside_band_half_ill",
        "calibration_error", *OF_THE_ILL, *OF_THE_WELL,
    )  # fmt: skip
    values = numbers(np.arange(len(samples), dtype=np.int64))
    patients = np.array(_patients(samples))
    replicates = bootstrap_replicates(numbers, patients.tolist(), REPEATS, 0)

    def of(films: npt.NDArray[np.bool_]) -> int:
        return len(set(patients[films]))

    behind = dict.fromkeys(names, len(set(patients)))
    behind |= dict.fromkeys(("sensitivity", *OF_THE_ILL), of(labels == 1))
    behind |= dict.fromkeys(("specificity", *OF_THE_WELL), of(labels == 0))
    behind["error_outside_band"] = of(~inside)
    behind["error_outside_band_half_ill"] = min(of(~inside & (labels == label)) for label in (0, 1))
    figures = {
        name: _with_interval(value, drawn, behind[name])
        for name, value, drawn in zip(names, values, replicates.T, strict=True)
    }
    return {name: figure for name, figure in figures.items() if np.isfinite(list(figure.values())).all()}


MATCHED = 0.12
"""Pairs of one view are matched whose sources' file sizes differ by less than this share of the smaller."""


def pairs_in_order(values: Values, labels: npt.NDArray[np.int64], views: npt.NDArray[Any], size: Values) -> float:
    """Return in what share of the matched pairs pneumonia has the higher value (a tie counts half); NaN without a pair.

    A pair is a film with pneumonia and a normal one, of one view and, by ``size`` (n,) in bytes, about one file size.
    """
    ill, well = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    near = np.abs(size[ill][:, None] - size[well]) < MATCHED * np.minimum(size[ill][:, None], size[well])
    near &= views[ill][:, None] == views[well]
    order = values[ill][:, None] - values[well]
    total = int(near.sum())
    right = float(((order > 0) & near).sum() + 0.5 * ((order == 0) & near).sum())
    return right / total if total else np.nan


def matched_auc(samples: Sequence[Sample], scores: Values, view: str | None = None) -> dict[str, Any]:
    """Return the share of pneumonia-normal pairs in order: one view and about one ``src_png_bytes``."""
    chosen = [i for i, s in enumerate(samples) if s.source == ADULT_SOURCE and (view is None or s.view == view)]
    part = [samples[i] for i in chosen]
    values = scores[chosen]
    labels = np.array([s.label for s in part])
    views = np.array([s.view for s in part])
    size = np.array([s.source_bytes for s in part])

    def pairs(at: npt.NDArray[np.int64]) -> Values:
        return np.array([pairs_in_order(values[at], labels[at], views[at], size[at])])

    everyone = np.arange(len(part), dtype=np.int64)
    interval = percentiles(bootstrap_replicates(pairs, [s.group for s in part], REPEATS, 0)[:, 0])
    return {
        "auc": _rounded(pairs(everyone)[0]), "low": _rounded(interval.low), "high": _rounded(interval.high),
        "pneumonia": int(labels.sum()), "normal": int((1 - labels).sum()),
    }  # fmt: skip


def _is_pneumonia_of_nih(sample: Sample) -> bool:
    return sample.source == ADULT_SOURCE and sample.label == 1


def _is_opacity(sample: Sample) -> bool:
    return _is_pneumonia_of_nih(sample) and sample.rsna_class == "Lung Opacity"


V = TypeVar("V", Values, Judged)


def against_rsna_normals(
    samples: Sequence[Sample], values: V, measure: Callable[[Sequence[Sample], V], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return ``measure`` of the NIH's pneumonia films, and of those with an opacity, each with the RSNA normals."""

    def part(is_ill: Callable[[Sample], bool]) -> dict[str, Any]:
        chosen = np.array([is_ill(sample) or sample.source == ADULT_NORMALS for sample in samples])
        return measure([sample for sample, one in zip(samples, chosen, strict=True) if one], values[chosen])

    return {"pneumonia_vs_rsna_normal": part(_is_pneumonia_of_nih), "opacity_vs_rsna_normal": part(_is_opacity)}


def pairs_and_raw(samples: Sequence[Sample], scores: Values) -> dict[str, Any]:
    """Return the AUCs within the NIH's own films: pairs of one view and file size, and all of a view."""

    def raw(view: str) -> dict[str, Any]:
        chosen = [i for i, s in enumerate(samples) if s.source == ADULT_SOURCE and s.view == view]
        return auc_with_interval([samples[i] for i in chosen], scores[chosen])

    return {
        "matched_pairs": matched_auc(samples, scores),
        "matched_pairs_ap": matched_auc(samples, scores, "AP"),
        "matched_pairs_pa": matched_auc(samples, scores, "PA"),
        "raw_vs_nih_normal_ap": raw("AP"),
        "raw_vs_nih_normal_pa": raw("PA"),
    }


def robustness(
    samples: Sequence[Sample], plain: Judged, changed: Mapping[str, Judged], point: OperatingPoint
) -> dict[str, Any]:
    """Return for each change the fall of the AUC, the share of verdicts that flipped, and the calibration error.

    Each with its 95 % interval (bootstrap by patient, seed 0); and the share of the changed films that the gate refuses.
    """
    labels = np.array([sample.label for sample in samples])
    patients = _patients(samples)
    sure = plain.scores >= point.threshold

    def of(change: Judged) -> dict[str, Any]:
        flipped = (change.scores >= point.threshold) != sure

        def numbers(at: npt.NDArray[np.int64]) -> Values:
            fall = auc(labels[at], plain.scores[at]) - auc(labels[at], change.scores[at])
            error = expected_calibration_error(labels[at], change.scores[at])
            return np.array([fall, flipped[at].mean(), error])

        names = ("auc_fall", "flipped", "calibration_error")
        values = numbers(np.arange(len(samples), dtype=np.int64))
        replicates = bootstrap_replicates(numbers, patients, REPEATS, 0)
        behind = {"flipped": len(set(patients))}
        figures = {
            name: _with_interval(value, drawn, behind.get(name, 0))
            for name, value, drawn in zip(names, values, replicates.T, strict=True)
        }
        return figures | {"refused": _share(change.refused)}

    return {name: of(change) for name, change in changed.items()}


def all_figures(package: ModelPackage, judge: Judge, reporting: Sequence[Sample]) -> dict[str, Any]:
    """Return the figures of the report part by source: children, adults and everyone, plain, changed and disguised.

    Everyone is every film with the label that it came with; *agreed* leaves out those whose label radiologists
    contradict. The plain films are refused or not as the program itself reads their files, the changed ones by the
    gate's answer to the picture as it is.
    """
    card, gate = package.card, Gate(package.arrays)
    points = card.operating_points
    unknown = points[Population.NOT_KNOWN]

    def judged(pictures: Sequence[npt.NDArray[np.uint8]]) -> Judged:
        outputs = judge.look_at_all(pictures)
        scores = scores_of(card.calibration, np.array([output.logit for output in outputs]))
        refused = [gate.refusal(gate.answer(output.features)) is not None for output in outputs]
        return Judged(scores, np.array(refused))

    def figures_of(population: Population) -> Callable[[Sequence[Sample], Judged], dict[str, Any]]:
        def measure(samples: Sequence[Sample], one: Judged) -> dict[str, Any]:
            return {
                **auc_with_interval(samples, one.scores),
                **at_operating_point(samples, one.scores, points[population], one.refused),
                "refused": _share(one.refused),
                "at_not_known": at_operating_point(samples, one.scores, unknown, one.refused),
            }

        return measure

    read = read_files(package, [sample.path for sample in reporting])
    plain = Judged(
        judged([sample.picture for sample in reporting]).scores,
        np.array([judgement.outcome is Outcome.NOT_ANALYSED for judgement in read]),
    )
    changed = {
        name: judged([perturbed(sample.picture, name, 9000 + place) for place, sample in enumerate(reporting)])
        for name in CHANGES
    }

    def robust(samples: Mask) -> dict[str, Any]:
        members = [sample for sample, is_member in zip(reporting, samples, strict=True) if is_member]
        return robustness(members, plain[samples], {name: one[samples] for name, one in changed.items()}, unknown)

    def at_unknown(chosen: Mask) -> dict[str, Any]:
        members = [sample for sample, is_member in zip(reporting, chosen, strict=True) if is_member]
        one = plain[chosen]
        return {**at_operating_point(members, one.scores, unknown, one.refused), "images": len(members)}

    everyone = np.ones(len(reporting), bool)
    young = np.array([sample.is_child for sample in reporting])
    agreed = np.array([sample.weight > 0 for sample in reporting])
    matter = np.array([_is_pneumonia_of_nih(sample) or sample.source == ADULT_NORMALS for sample in reporting])
    children = [sample for sample in reporting if sample.is_child]
    of_children = figures_of(Population.CHILDREN)
    return {
        "children": {
            **of_children(children, plain[young]),
            "perturbed": robust(young),
            "other_look": of_children(children, judged(other_look(children, card.input_size))),
        },
        "adults": {
            **against_rsna_normals(reporting, plain, figures_of(Population.ADULTS)),
            **pairs_and_raw(reporting, plain.scores),
            "perturbed": robust(matter),
        },
        "everyone": {**at_unknown(everyone), "perturbed": robust(everyone), "agreed": at_unknown(agreed)},
    }


def read_files(package: ModelPackage, paths: Sequence[Path]) -> list[Judgement]:
    """Read files as the program does, repairs and header checks included; nothing is told of the patients."""
    return read_all(package, [partial(load, Entry(path)) for path in paths])


def read_all(package: ModelPackage, makers: Sequence[Callable[[], Radiograph]]) -> list[Judgement]:
    """Return what the program says of the radiographs that ``makers`` return, each made and read by one of all cores."""
    of_thread = threading.local()

    def judgement(make: Callable[[], Radiograph]) -> Judgement:
        reader: Reader | None = getattr(of_thread, "reader", None)
        if reader is None:
            reader = of_thread.reader = Reader(package)
        return reader.read(make()).judgement

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(judgement, makers))


def _as_read(picture: npt.NDArray[np.uint8]) -> Radiograph:
    return Radiograph(Entry(Path("film.png")), picture, Window(127.5, 255.0), "", "PNG")


def gate_figures(package: ModelPackage, reporting: Sequence[Sample], wrong: Sequence[WrongImage]) -> dict[str, Any]:
    """Return what the program itself refuses: chest films by source, the wrong images of the report part by kind, and pictures
    of several films or of a part of one.
    """

    def refused(paths: Sequence[Path]) -> Mask:
        return np.array([one.outcome is Outcome.NOT_ANALYSED for one in read_files(package, paths)])

    chest, sources = refused([s.path for s in reporting]), np.array([s.source for s in reporting])
    strange = [image for image in wrong if image.part == REPORT]
    caught, kinds = refused([image.path for image in strange]), np.array([image.kind for image in strange])
    films = [s.picture for s in reporting]
    pieces = pieces_of(films, _PIECES, SPLIT_SEED)
    laterals = [image.picture for image in strange if image.kind == LATERAL]
    pieces += [("beside_a_lateral", side_by_side(*both)) for both in zip(films, laterals, strict=False)]
    told = read_all(package, [partial(_as_read, picture) for _, picture in pieces])
    unread = np.array([one.outcome is Outcome.NOT_ANALYSED for one in told])
    names = np.array([name for name, _ in pieces])
    return {
        "chest_refused": {source: _share(chest[sources == source]) for source in sorted(set(sources.tolist()))},
        "wrong_refused": _share(caught),
        "wrong_refused_by_kind": {
            kind: f"{caught[kinds == kind].sum()}/{(kinds == kind).sum()}" for kind in sorted(set(kinds.tolist()))
        },
        "pieces_refused": {name: _share(unread[names == name]) for name in sorted(set(names.tolist()))},
    }


LARGEST_HARMLESS_MOVE = 0.1
"""Of a score, between *uncertain* and a sure verdict, for the two to count as the same answer."""


def is_same_answer(first: Judgement, second: Judgement) -> bool:
    """Tell whether two readings of one film say the same; a film that either refuses has no answer."""
    if first.score is None or second.score is None or Outcome.NOT_ANALYSED in {first.outcome, second.outcome}:
        return False
    near = abs(first.score - second.score) < LARGEST_HARMLESS_MOVE
    return first.outcome is second.outcome or (Outcome.UNCERTAIN in {first.outcome, second.outcome} and near)


def same_answer(package: ModelPackage, folder: Path) -> dict[str, Any]:
    """Compare full-size originals with their 224 px copies (``folder`` of SOURCES.md), both read from their files."""
    pairs = [
        (path, copy)
        for path in sorted((folder / "train_original").glob("*/*"))
        if (copy := folder / "train_224" / path.parent.name / path.name).is_file()
    ]
    originals, copies = (read_files(package, paths) for paths in zip(*pairs, strict=True))
    both = list(zip(originals, copies, strict=True))
    moves = [abs(a.score - b.score) for a, b in both if a.score is not None and b.score is not None]
    return _share(np.array([is_same_answer(a, b) for a, b in both])) | {"largest_move": _rounded(max(moves))}
