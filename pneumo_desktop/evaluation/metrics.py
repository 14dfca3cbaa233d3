"""Numbers that say how good a set of scores is. NumPy only.

Everywhere: ``labels`` (n,) of 0 (normal) and 1 (pneumonia); ``scores`` (n,) float, larger means more suspicious.
A number that cannot be computed (one class only, no images) is NaN, never an exception.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NAN = float("nan")
ECE_BINS = 15


def ratio(part: float, whole: float) -> float:
    """Return ``part / whole``, or NaN when ``whole`` is 0."""
    return part / whole if whole else NAN


def as_labels(labels: npt.ArrayLike) -> IntArray:
    """Return labels as (n,) int64; raises ValueError when one is neither 0 nor 1."""
    array = np.asarray(labels, dtype=np.int64)
    if array.ndim != 1 or not np.isin(array, (0, 1)).all():
        raise ValueError("labels must be one row of 0 (normal) and 1 (pneumonia)")
    return array


def as_scores(scores: npt.ArrayLike, count: int) -> FloatArray:
    """Return scores as (count,) float64; raises ValueError for another shape or NaN."""
    array = np.asarray(scores, dtype=np.float64)
    if array.shape != (count,) or np.isnan(array).any():
        raise ValueError(f"expected {count} scores, each a number")
    return array


@dataclass(frozen=True)
class Counts:
    """A confusion matrix, with the images that got no verdict counted by class beside it.

    ``silent_positive`` and ``silent_negative`` are pneumonia and normal images that were refused, withheld or
    unreadable. They count as wrong in accuracy, sensitivity and specificity.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0
    silent_positive: int = 0
    silent_negative: int = 0

    @property
    def positives(self) -> int:
        """Pneumonia images, with and without a verdict."""
        return self.tp + self.fn + self.silent_positive

    @property
    def negatives(self) -> int:
        """Normal images, with and without a verdict."""
        return self.tn + self.fp + self.silent_negative

    @property
    def total(self) -> int:
        """All images."""
        return self.positives + self.negatives

    @property
    def accuracy(self) -> float:
        """Right verdicts over all images."""
        return ratio(self.tp + self.tn, self.total)

    @property
    def sensitivity(self) -> float:
        """Pneumonia images called pneumonia, over all pneumonia images."""
        return ratio(self.tp, self.positives)

    @property
    def specificity(self) -> float:
        """Normal images called normal, over all normal images."""
        return ratio(self.tn, self.negatives)

    def ppv(self, prevalence: float | None = None) -> float:
        """Return how many of those called pneumonia have it.

        At ``prevalence`` (0..1), or at the set's own share when None. Silent images are called nothing.
        """
        if prevalence is None:
            return ratio(self.tp, self.tp + self.fp)
        right = prevalence * ratio(self.tp, self.positives)
        return ratio(right, right + (1.0 - prevalence) * ratio(self.fp, self.negatives))

    def npv(self, prevalence: float | None = None) -> float:
        """Return how many of those called normal are normal, at ``prevalence`` or at the set's own share."""
        if prevalence is None:
            return ratio(self.tn, self.tn + self.fn)
        right = (1.0 - prevalence) * ratio(self.tn, self.negatives)
        return ratio(right, right + prevalence * ratio(self.fn, self.positives))


def count(labels: npt.ArrayLike, called: npt.ArrayLike, silent: npt.ArrayLike | None = None) -> Counts:
    """Count a confusion matrix.

    ``called`` (n,) bool: called pneumonia. ``silent`` (n,) bool: no verdict, whatever ``called`` says.
    """
    truth = as_labels(labels) == 1
    positive = np.asarray(called, dtype=bool)
    quiet = np.zeros_like(truth) if silent is None else np.asarray(silent, dtype=bool)
    if positive.shape != truth.shape or quiet.shape != truth.shape:
        raise ValueError("labels, called and silent must have the same length")
    heard = ~quiet
    return Counts(
        tp=int((truth & positive & heard).sum()),
        fp=int((~truth & positive & heard).sum()),
        fn=int((truth & ~positive & heard).sum()),
        tn=int((~truth & ~positive & heard).sum()),
        silent_positive=int((truth & quiet).sum()),
        silent_negative=int((~truth & quiet).sum()),
    )


def auc(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the area under the ROC curve: the chance that a pneumonia image scores above a normal one.

    Mann-Whitney, ties count one half. Infinite scores are allowed (they rank first or last).
    """
    truth = as_labels(labels)
    values = as_scores(scores, len(truth))
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if positives == 0 or negatives == 0:
        return NAN
    _, place, tied = np.unique(values, return_inverse=True, return_counts=True)
    mid_rank = np.cumsum(tied) - (tied - 1) / 2.0
    rank_sum = float(mid_rank[place][truth == 1].sum())
    return (rank_sum - positives * (positives + 1) / 2.0) / (positives * negatives)


def cumulative(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[FloatArray, IntArray, IntArray]:
    """Return (score, tp, fp) for each distinct score, highest first: calling that score and above pneumonia."""
    truth = as_labels(labels)
    values = as_scores(scores, len(truth))
    order = np.argsort(-values, kind="stable")
    ordered, hit = values[order], truth[order]
    if not len(ordered):
        empty = np.zeros(0, dtype=np.int64)
        return np.zeros(0), empty, empty
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    return ordered[last], np.cumsum(hit)[last], np.cumsum(1 - hit)[last]


def roc_curve(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return (false positive rate, true positive rate), both from 0 to 1, one point a distinct score."""
    _, tp, fp = cumulative(labels, scores)
    truth = as_labels(labels)
    positives, negatives = int(truth.sum()), int(len(truth) - truth.sum())
    if not positives or not negatives:
        return np.array([0.0, 1.0]), np.array([NAN, NAN])
    return np.append(0.0, fp / negatives), np.append(0.0, tp / positives)


def precision_recall_curve(labels: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return (recall, precision), one point a distinct score, highest score first."""
    _, tp, fp = cumulative(labels, scores)
    positives = int(as_labels(labels).sum())
    if not positives:
        return np.zeros(0), np.zeros(0)
    return tp / positives, tp / np.maximum(tp + fp, 1)


def average_precision(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the step-wise area under the precision-recall curve (no interpolation), ties taken together."""
    recall, precision = precision_recall_curve(labels, scores)
    if not len(recall):
        return NAN
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def log_loss(labels: npt.ArrayLike, scores: npt.ArrayLike, tiny: float = 1e-7) -> float:
    """Return the mean binary cross-entropy (natural logarithm) of scores in 0..1, clipped by ``tiny``.

    Keras clips by the same 1e-7, so this is the loss that ``model.evaluate`` shows.
    """
    truth = as_labels(labels)
    if not len(truth):
        return NAN
    p = np.clip(as_scores(scores, len(truth)), tiny, 1.0 - tiny)
    return float(-(truth * np.log(p) + (1 - truth) * np.log1p(-p)).mean())


def brier(labels: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Return the mean squared distance between score and label."""
    truth = as_labels(labels)
    return float(np.square(as_scores(scores, len(truth)) - truth).mean()) if len(truth) else NAN


def bin_of(scores: npt.ArrayLike, bins: int) -> IntArray:
    """Return the equal-width bin (0..bins-1) of each score in 0..1; 1.0 belongs to the last."""
    places = np.floor(np.asarray(scores, dtype=np.float64) * bins).astype(np.int64)
    return np.clip(places, 0, bins - 1)


def expected_calibration_error(labels: npt.ArrayLike, scores: npt.ArrayLike, bins: int = ECE_BINS) -> float:
    """Return the expected calibration error: |mean score - observed share|, weighted by the bin's images.

    Equal-width bins over the score of the positive class, 15 as in Guo et al., "On Calibration of Modern Neural
    Networks", ICML 2017; the binary form is that of Naeini et al., AAAI 2015.
    """
    truth = as_labels(labels)
    values = as_scores(scores, len(truth))
    if not len(truth):
        return NAN
    place = bin_of(values, bins)
    gap = np.bincount(place, weights=values - truth, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


def finite(value: float) -> float | None:
    """Return ``value`` as JSON can hold it: None for NaN and infinities."""
    return float(value) if math.isfinite(value) else None
