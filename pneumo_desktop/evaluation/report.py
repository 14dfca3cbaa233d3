"""The numbers of one evaluation: how they are computed, and how they are written as JSON and CSV.

Headline rules. Accuracy, sensitivity and specificity compare the score with the operating
point for every image, uncertain ones included; an image that was refused, withheld or unreadable counts as wrong.
``auc`` ranks the images that got a verdict or an uncertain; ``auc_all`` ranks all, those without a verdict on the
wrong side; ``auc_raw`` ranks every image that has a score, withheld ones by their score.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pneumo_desktop.evaluation import metrics
from pneumo_desktop.evaluation.calibration import logit
from pneumo_desktop.evaluation.cases import Case, CaseArrays, ReadOne, arrays, read_cases
from pneumo_desktop.evaluation.compare import Comparison, compare
from pneumo_desktop.evaluation.intervals import (
    REPEATS,
    bootstrap_replicates,
    certain_share,
    percentile_interval,
    percentiles,
    wilson,
)
from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA, LabelledFolder, find
from pneumo_desktop.evaluation.metrics import Counts, FloatArray, IntArray, finite
from pneumo_desktop.evaluation.thresholds import BandReport, band_report
from pneumo_desktop.records.export import no_formula

SCHEMA = "pneumo-desktop evaluation 1"
LABEL_CODES = {NORMAL: "normal", PNEUMONIA: "pneumonia"}
CASE_COLUMNS = (
    "file", "label", "outcome", "reason", "score", "operating_point", "population", "right", "model_id",
    "preprocessing_version", "app_version",
)  # fmt: skip
NUMBER_COLUMNS = ("model_id", "number", "value", "low", "high", "method")

_RATES = ("tp_rate", "fp_rate", "tn_rate", "fn_rate")
_NAMES = (
    "accuracy",
    "sensitivity",
    "specificity",
    "auc",
    "auc_all",
    "auc_raw",
    "average_precision",
    "loss",
    "brier",
    "calibration_error",
    "uncertain_share",
    "error_outside_band",
)


@dataclass(frozen=True)
class Metric:
    """A value with its 95 % interval, NaN where there is none; ``method``: ``bootstrap_by_patient`` or ``wilson_by_patient``."""

    value: float
    low: float
    high: float
    method: str = "bootstrap_by_patient"

    def as_json(self) -> dict[str, float | str | None]:
        """Return value, low, high and method; None where a number does not exist."""
        return {"value": finite(self.value), "low": finite(self.low), "high": finite(self.high), "method": self.method}


@dataclass(frozen=True, eq=False)
class Report:
    """One model on one set of labelled images.

    numbers: name -> Metric for accuracy, sensitivity, specificity, auc, auc_all, auc_raw, average_precision, loss,
    brier, calibration_error, uncertain_share and error_outside_band (these two among the images with a verdict).
    part: which part of the folder was read (None: all of it).
    """

    folder: str
    part: str | None
    cases: tuple[Case, ...]
    counts: Counts
    numbers: dict[str, Metric]
    band: BandReport
    not_analysed: dict[str, int]
    left_out: tuple[tuple[str, str], ...]
    prevalence: float
    rates: FloatArray
    seed: int
    repeats: int

    @property
    def model_id(self) -> str:
        """The model that read the images, or an empty string for no images."""
        return self.cases[0].judgement.model_id if self.cases else ""

    @property
    def patients(self) -> int:
        """How many patients (or images of unknown patient) there are."""
        return len({case.patient for case in self.cases})

    @property
    def files_left_out(self) -> int:
        """How many files were not measured; a second row of a table for one that was leaves no file out."""
        return len({name for name, code in self.left_out if code != "repeated"})

    @property
    def one_patient(self) -> bool:
        """Whether all images of a class, several, are told to be of one patient."""
        classes = ([case.patient for case in self.cases if case.label == label] for label in (NORMAL, PNEUMONIA))
        return any(len(patients) > 1 and len(set(patients)) == 1 for patients in classes)

    def arrays(self) -> CaseArrays:
        """Return the cases as arrays, for figures."""
        return arrays(self.cases)

    def judged(self) -> tuple[IntArray, FloatArray]:
        """Return (labels, scores) of the images that got a verdict or an uncertain."""
        data = self.arrays()
        return data.label[data.judged], data.score[data.judged]

    def cell(self, label: int, called: bool | None) -> list[Case]:
        """Return the images behind one cell of the confusion matrix (called None: no verdict)."""
        return [case for case in self.cases if case.label == label and case.called is called]

    def errors(self) -> list[Case]:
        """Return the wrong images, the most confident first, those without a verdict last."""
        return sorted((case for case in self.cases if not case.right), key=lambda case: (-_distance(case), case.name))

    def predictive_values(self, prevalence: float) -> tuple[Metric, Metric]:
        """Return (positive, negative) predictive value at ``prevalence`` in 0..1, with intervals; cheap."""
        tp, fp, tn, fn = self.rates.T
        counts = self.counts
        # Every draw of a bootstrap has no error here; Wilson's upper end over the patients does not pretend certainty.
        if counts.fp == 0:
            fp = np.full_like(fp, self._most_errors(NORMAL))
        if counts.fn == 0:
            fn = np.full_like(fn, self._most_errors(PNEUMONIA))
        with np.errstate(invalid="ignore", divide="ignore"):
            positive = prevalence * tp / (prevalence * tp + (1.0 - prevalence) * fp)
            negative = (1.0 - prevalence) * tn / ((1.0 - prevalence) * tn + prevalence * fn)
        return (
            _predictive(counts.ppv(prevalence), positive, counts.fp == 0),
            _predictive(counts.npv(prevalence), negative, counts.fn == 0),
        )

    def _most_errors(self, label: int) -> float:
        """Return the upper 95 % end of an error rate of which no error was seen, by patient."""
        patients = len({case.patient for case in self.cases if case.label == label})
        return wilson(0, patients).high

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON can hold it; numbers that do not exist are None. ``SCHEMA`` names these keys."""
        ppv, npv = self.predictive_values(self.prevalence)
        judgement = self.cases[0].judgement if self.cases else None
        numbers = {**self.numbers, "ppv": ppv, "npv": npv}
        return {
            "schema": SCHEMA,
            "folder": self.folder,
            "part": self.part,
            "model_id": self.model_id,
            "preprocessing_version": judgement.preprocessing_version if judgement else None,
            "app_version": judgement.app_version if judgement else None,
            "images": len(self.cases),
            "patients": self.patients,
            "pneumonia": self.counts.positives,
            "normal": self.counts.negatives,
            "prevalence": finite(self.prevalence),
            "bootstrap": {"repeats": self.repeats, "seed": self.seed, "by": "patient"},
            "confusion": {
                "tp": self.counts.tp,
                "fp": self.counts.fp,
                "fn": self.counts.fn,
                "tn": self.counts.tn,
                "pneumonia_not_analysed": self.counts.silent_positive,
                "normal_not_analysed": self.counts.silent_negative,
            },
            "metrics": {name: metric.as_json() for name, metric in numbers.items()},
            "uncertain_band": {
                "images": self.band.inside,
                "share": finite(self.band.share),
                "error_outside": finite(self.band.error_outside),
                "error_inside": finite(self.band.error_inside),
            },
            "not_analysed": self.not_analysed,
            "left_out": [{"file": name, "reason": code} for name, code in self.left_out],
            "results": [_row(case) for case in self.cases],
        }

    def card_figures(self) -> dict[str, Any]:
        """Return what a model's card keeps of this report: no image is named."""
        report = self.as_json()
        kept = ("images", "patients", "normal", "pneumonia", "confusion", "metrics", "uncertain_band", "bootstrap")
        return {key: report[key] for key in kept}

    def as_csv(self, separator: str = ",", decimal: str = ".") -> bytes:
        """Return one row an image as UTF-8 with BOM; no cell can be taken for a formula."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
        writer.writerow(CASE_COLUMNS)
        writer.writerows([_cell(value, decimal) for value in _row(case).values()] for case in self.cases)
        return text.getvalue().encode("utf-8-sig", "replace")


def numbers_as_csv(reports: Sequence[Report]) -> bytes:
    """Return one row a number and model as UTF-8 with BOM, with intervals."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(NUMBER_COLUMNS)
    for report in reports:
        values, name = report.as_json(), _cell(report.model_id, ".")
        writer.writerow([name, "prevalence", values["prevalence"], "", "", ""])
        writer.writerows([name, cell, count, "", "", ""] for cell, count in values["confusion"].items())
        for number, metric in values["metrics"].items():
            writer.writerow([name, number, *(metric[key] for key in NUMBER_COLUMNS[2:])])
    return text.getvalue().encode("utf-8-sig", "replace")


def _predictive(value: float, replicates: FloatArray, flawless: bool) -> Metric:
    if flawless:
        return Metric(value, percentiles(replicates).low, value, "wilson_by_patient")
    interval = percentile_interval(replicates)
    return Metric(value, interval.low, interval.high)


def _distance(case: Case) -> float:
    judgement = case.judgement
    if not case.judged or judgement.score is None or judgement.operating_point is None:
        return -1.0
    pair = logit(np.array([judgement.score, judgement.operating_point.threshold]))
    return abs(float(pair[0] - pair[1]))


def _row(case: Case) -> dict[str, str | float | bool | None]:
    judgement = case.judgement
    point = judgement.operating_point
    values = (
        case.name, LABEL_CODES[case.label], judgement.outcome.value, judgement.reason.value if judgement.reason else None,
        judgement.score, point.threshold if point else None, judgement.population.value, case.right, judgement.model_id,
        judgement.preprocessing_version, judgement.app_version,
    )  # fmt: skip
    return dict(zip(CASE_COLUMNS, values, strict=True))


def _cell(value: str | float | bool | None, decimal: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return no_formula(value)
    return f"{value:.9g}".replace(".", decimal)


def _statistics(data: CaseArrays) -> Callable[[IntArray], FloatArray]:
    """Return the function that computes every number, in the order of ``_NAMES`` and ``_RATES``, for some images."""
    pessimistic = data.pessimistic

    def compute(index: IntArray) -> FloatArray:
        label, judged = data.label[index], data.judged[index]
        scored = ~np.isnan(data.score[index])
        counts = metrics.count(label, data.called[index], ~judged)
        inside_label, inside_score = label[judged], data.score[index][judged]
        sure = judged & ~data.inside[index]
        wrong = sure & (data.called[index] != (label == PNEUMONIA))
        return np.array(
            [
                counts.accuracy,
                counts.sensitivity,
                counts.specificity,
                metrics.auc(inside_label, inside_score),
                metrics.auc(label, pessimistic[index]),
                metrics.auc(label[scored], data.score[index][scored]),
                metrics.average_precision(inside_label, inside_score),
                metrics.log_loss(inside_label, inside_score),
                metrics.brier(inside_label, inside_score),
                metrics.expected_calibration_error(inside_label, inside_score),
                metrics.ratio(int((judged & ~sure).sum()), int(judged.sum())),
                metrics.ratio(int(wrong.sum()), int(sure.sum())),
                metrics.ratio(counts.tp, counts.positives),
                metrics.ratio(counts.fp, counts.negatives),
                metrics.ratio(counts.tn, counts.negatives),
                metrics.ratio(counts.fn, counts.positives),
            ]
        )

    return compute


def _metric(name: str, value: float, replicates: FloatArray, data: CaseArrays) -> Metric:
    among = {
        "accuracy": np.ones(len(data.label), np.bool_),
        "sensitivity": data.label == PNEUMONIA,
        "specificity": data.label == NORMAL,
        "uncertain_share": data.judged,
        "error_outside_band": data.judged & ~data.inside,
    }
    if name in among:
        patients = len({data.patients[index] for index in np.flatnonzero(among[name])})
        if (certain := certain_share(value, patients)) is not None:
            return Metric(value, certain.low, certain.high, "wilson_by_patient")
    interval = percentile_interval(replicates)
    return Metric(value, interval.low, interval.high)


def make_report(
    cases: Sequence[Case],
    folder: str = "",
    part: str | None = None,
    prevalence: float | None = None,
    left_out: Sequence[tuple[str, str]] = (),
    repeats: int = REPEATS,
    seed: int = 0,
) -> Report:
    """Compute every number of the cases; ``prevalence`` is the set's own share when None."""
    data = arrays(cases)
    compute = _statistics(data)
    values = compute(np.arange(len(cases), dtype=np.int64))
    replicates = bootstrap_replicates(compute, data.patients, repeats, seed)
    counts = metrics.count(data.label, data.called, ~data.judged)
    judged = [case for case in cases if case.judged]
    points = [case.judgement.operating_point for case in judged]
    reasons = Counter(case.judgement.reason.value if case.judgement.reason else "" for case in cases if not case.judged)
    return Report(
        folder=folder,
        part=part,
        cases=tuple(cases),
        counts=counts,
        numbers={
            name: _metric(name, float(values[column]), replicates[:, column], data)
            for column, name in enumerate(_NAMES)
        },
        band=band_report(
            data.label[data.judged], data.score[data.judged], [point for point in points if point is not None]
        ),
        not_analysed=dict(sorted(reasons.items())),
        left_out=tuple(left_out),
        prevalence=metrics.ratio(counts.positives, counts.total) if prevalence is None else prevalence,
        rates=replicates[:, len(_NAMES) :],
        seed=seed,
        repeats=repeats,
    )


def chosen_part(found: LabelledFolder) -> str | None:
    """Return ``test`` when the folder has a test part with both classes beside other parts, else None (all images)."""
    labels = {image.label for image in found.part("test")}
    return "test" if len(labels) == 2 and len({image.part for image in found.images}) > 1 else None


def evaluate_folder(
    folder: Path | LabelledFolder,
    read_one: ReadOne,
    part: str | None = None,
    prevalence: float | None = None,
    on_progress: Callable[[int], None] | None = None,
    stopped: Callable[[], bool] | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Report:
    """Read a labelled folder (or what ``labelled.find`` found in it) and compute the report.

    ``part``: ``train``, ``val``, ``test``; None takes ``test`` where the folder has parts, else all images.
    What ``stopped`` left unread is named in ``left_out`` (``not_read``). Raises LabelsError when the folder holds no labels.
    """
    found = find(folder) if isinstance(folder, Path) else folder
    chosen = part or chosen_part(found)
    images = found.images if chosen is None else found.part(chosen)
    cases = read_cases(images, read_one, on_progress, stopped)
    left_out = (
        *found.left_out,
        *((name, "no_label") for name in found.unlabelled),
        *((image.name, "not_read") for image in images[len(cases) :]),
    )
    return make_report(cases, found.root.name, chosen, prevalence, left_out, repeats, seed)


def compare_reports(new: Report, old: Report, repeats: int = REPEATS, seed: int = 0) -> Comparison:
    """Compare two models on the images that both reports hold; images without a verdict count as wrong.

    Raises ValueError when the reports share no image.
    """
    others = {case.name: case for case in old.cases}
    pairs = [(case, others[case.name]) for case in new.cases if case.name in others]
    if not pairs:
        raise ValueError("the two reports share no image")
    first, second = (arrays([pair[0] for pair in pairs]), arrays([pair[1] for pair in pairs]))
    return compare(
        first.label,
        first.pessimistic,
        second.pessimistic,
        [pair[0].right for pair in pairs],
        [pair[1].right for pair in pairs],
        first.patients,
        repeats=repeats,
        seed=seed,
    )
