"""Every threshold and what it costs, and the row that meets the user's goal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import logit, sigmoid
from pneumo_desktop.evaluation.metrics import Counts, as_labels, as_scores, cumulative, ratio
from pneumo_desktop.reading.outcome import OperatingPoint


@dataclass(frozen=True)
class ThresholdRow:
    """One threshold: a score at or above it is called pneumonia. Shares are 0..1, at ``prevalence``."""

    threshold: float
    tp: int
    fp: int
    fn: int
    tn: int
    sensitivity: float
    specificity: float
    ppv: float
    npv: float
    prevalence: float
    missed_per_thousand: float
    false_alarms_per_thousand: float

    def at(self, prevalence: float) -> ThresholdRow:
        """Return the same row at another prevalence in 0..1."""
        return _row(self.threshold, self.tp, self.fp, self.tp + self.fn, self.fp + self.tn, prevalence)


class GoalKind(StrEnum):
    """What the user wants of the operating point."""

    MISS_AT_MOST = "miss_at_most"
    FALSE_ALARMS_AT_MOST = "false_alarms_at_most"
    MOST_RIGHT = "most_right"


@dataclass(frozen=True)
class Goal:
    """A goal and its share in 0..1: of the pneumonia images missed, or of the normal images alarmed about."""

    kind: GoalKind
    share: float = 0.05


def table(labels: npt.ArrayLike, scores: npt.ArrayLike, prevalence: float | None = None) -> list[ThresholdRow]:
    """Return a row for every cut that changes a verdict, lowest threshold first.

    Thresholds lie half-way between neighbouring scores, so that rounding does not move an image across; the
    first row calls every image pneumonia, the last none. ``prevalence`` is the set's own share when None.
    Raises ValueError when a class is missing or ``prevalence`` is not within 0..1.
    """
    truth = as_labels(labels)
    values = as_scores(scores, len(truth))
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        raise ValueError("a threshold needs images of both classes")
    share = positives / len(truth) if prevalence is None else prevalence
    if not 0.0 <= share <= 1.0:
        raise ValueError("the prevalence must lie between 0 and 1")
    distinct, tp, fp = cumulative(truth, values)
    rows = [_row(float(np.nextafter(distinct[0], np.inf)), 0, 0, positives, negatives, share)]
    for index, score in enumerate(distinct):
        if index + 1 == len(distinct):
            cut = min(0.0, float(score))
        else:
            below = float(distinct[index + 1])
            middle = below + (float(score) - below) / 2.0
            cut = middle if middle > below else float(score)
        rows.append(_row(cut, int(tp[index]), int(fp[index]), positives, negatives, share))
    rows.reverse()
    return rows


def row_at(labels: npt.ArrayLike, scores: npt.ArrayLike, threshold: float) -> ThresholdRow:
    """Return the row of any threshold, at the set's own share of pneumonia; scores (n,) in 0..1."""
    truth = as_labels(labels)
    called = as_scores(scores, len(truth)) >= threshold
    positives, negatives = int(truth.sum()), int((truth == 0).sum())
    tp, fp = int((called & (truth == 1)).sum()), int((called & (truth == 0)).sum())
    return _row(threshold, tp, fp, positives, negatives, positives / len(truth))


def _row(threshold: float, tp: int, fp: int, positives: int, negatives: int, prevalence: float) -> ThresholdRow:
    counts = Counts(tp=tp, fp=fp, fn=positives - tp, tn=negatives - fp)
    return ThresholdRow(
        threshold=threshold,
        tp=tp,
        fp=fp,
        fn=counts.fn,
        tn=counts.tn,
        sensitivity=counts.sensitivity,
        specificity=counts.specificity,
        ppv=counts.ppv(prevalence),
        npv=counts.npv(prevalence),
        prevalence=prevalence,
        missed_per_thousand=1000.0 * prevalence * (1.0 - counts.sensitivity),
        false_alarms_per_thousand=1000.0 * (1.0 - prevalence) * (1.0 - counts.specificity),
    )


def choose(rows: Sequence[ThresholdRow], goal: Goal) -> ThresholdRow:
    """Return the row that meets ``goal`` and costs least on the other side.

    *Miss at most*: the highest threshold that misses no more. *False alarms at most*: the lowest that alarms no
    more. *Most right*: most right verdicts at the prevalence, the lower threshold when equal.
    Raises ValueError for an empty table.
    """
    if not rows:
        raise ValueError("the table of thresholds is empty")
    tolerance = 1e-12
    if goal.kind is GoalKind.MISS_AT_MOST:
        fitting = [row for row in rows if 1.0 - row.sensitivity <= goal.share + tolerance]
        return max(fitting or [rows[0]], key=lambda row: row.threshold)
    if goal.kind is GoalKind.FALSE_ALARMS_AT_MOST:
        fitting = [row for row in rows if 1.0 - row.specificity <= goal.share + tolerance]
        return min(fitting or [rows[-1]], key=lambda row: row.threshold)
    return min(rows, key=lambda row: (row.missed_per_thousand + row.false_alarms_per_thousand, row.threshold))


@dataclass(frozen=True)
class BandReport:
    """What an uncertain band is worth: the share of images in it, and the share wrong in it and outside it."""

    share: float
    error_outside: float
    error_inside: float
    inside: int
    outside: int


def band_report(labels: npt.ArrayLike, scores: npt.ArrayLike, points: Sequence[OperatingPoint]) -> BandReport:
    """Measure the uncertain band; ``points`` holds each image's operating point (populations may differ)."""
    truth = as_labels(labels) == 1
    values = as_scores(scores, len(truth))
    low = np.array([point.low for point in points], dtype=np.float64)
    high = np.array([point.high for point in points], dtype=np.float64)
    threshold = np.array([point.threshold for point in points], dtype=np.float64)
    inside = (values >= low) & (values < high)
    wrong = (values >= threshold) != truth
    return BandReport(
        share=ratio(int(inside.sum()), len(truth)),
        error_outside=ratio(int((wrong & ~inside).sum()), int((~inside).sum())),
        error_inside=ratio(int((wrong & inside).sum()), int(inside.sum())),
        inside=int(inside.sum()),
        outside=int((~inside).sum()),
    )


def with_band(scores: npt.ArrayLike, threshold: float, share: float = 0.1) -> OperatingPoint:
    """Return an operating point whose band holds about ``share`` of these scores.

    The band is as wide below the threshold as above it on the logit scale. ``threshold`` is clipped to 0..1.
    """
    cut = min(max(threshold, 0.0), 1.0)
    values = np.asarray(scores, dtype=np.float64)
    if not len(values) or share <= 0.0:
        return OperatingPoint(cut, cut, cut)
    centre = float(logit(np.array([cut]))[0])
    half = float(np.quantile(np.abs(logit(values) - centre), min(share, 1.0)))
    return _round_centre(cut, half)


def _round_centre(cut: float, half: float) -> OperatingPoint:
    """Return the point at ``cut`` (0..1) whose band reaches ``half`` to either side on the logit scale."""
    centre = float(logit(np.array([cut]))[0])
    low, high = sigmoid(np.array([centre - half, centre + half]))
    return OperatingPoint(cut, min(float(low), cut), max(float(high), cut))


def with_sure_verdicts(
    labels: npt.ArrayLike, scores: npt.ArrayLike, threshold: float, error: float, widest: float
) -> OperatingPoint:
    """Return an operating point with the narrowest band outside which at most ``error`` of the verdicts are wrong.

    Counted as if half of the films were ill: the mean of the missed among the ill outside the band and of the false
    alarms among the normals outside it. The band holds at most the share ``widest`` of these scores, and is as wide
    below the threshold as above it on the logit scale. ``threshold`` is clipped to 0..1.
    """
    cut = min(max(threshold, 0.0), 1.0)
    truth = as_labels(labels) == 1
    values = as_scores(scores, len(truth))
    away = np.abs(logit(values) - float(logit(np.array([cut]))[0]))
    order = np.argsort(-away, kind="stable")
    ill, wrong = truth[order], ((values >= cut) != truth)[order]
    # With the k films that lie furthest away outside the band, in one go for every k.
    missed = np.cumsum(wrong & ill) / np.maximum(1, np.cumsum(ill))
    alarms = np.cumsum(wrong & ~ill) / np.maximum(1, np.cumsum(~ill))
    fewest = max(1, math.ceil((1.0 - widest) * len(values)))
    outside = [k for k in range(len(values), fewest - 1, -1) if missed[k - 1] + alarms[k - 1] <= 2 * error]
    kept = outside[0] if outside else fewest
    return _round_centre(cut, 0.0 if kept == len(values) else float(away[order][kept - 1]))


def point_at(threshold: float, like: OperatingPoint) -> OperatingPoint:
    """Return an operating point at ``threshold`` (0..1) with a band as wide as that of ``like`` on the logit scale."""
    cut = min(max(threshold, 0.0), 1.0)
    old = logit(np.array([like.low, like.threshold, like.high]))
    centre = float(logit(np.array([cut]))[0])
    low, high = sigmoid(np.array([centre - float(old[1] - old[0]), centre + float(old[2] - old[1])]))
    return OperatingPoint(cut, min(float(low), cut), max(float(high), cut))
