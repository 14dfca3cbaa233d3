"""From a network's logit to a score that means what it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.intervals import wilson
from pneumo_desktop.evaluation.metrics import ECE_BINS, FloatArray, as_labels, as_scores, bin_of
from pneumo_desktop.models.card import Calibration

TINY = 1e-12


def sigmoid(values: npt.ArrayLike) -> FloatArray:
    """Return 1 / (1 + exp(-x)) as float64, without overflow."""
    x = np.asarray(values, dtype=np.float64)
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def logit(scores: npt.ArrayLike) -> FloatArray:
    """Return log(p / (1 - p)) as float64; scores are kept ``1e-12`` away from 0 and 1."""
    p = np.clip(np.asarray(scores, dtype=np.float64), TINY, 1.0 - TINY)
    return np.log(p) - np.log1p(-p)


def scores_of(calibration: Calibration, logits: npt.ArrayLike) -> FloatArray:
    """Return the calibrated scores in 0..1 of ``logits``, in their shape."""
    return sigmoid(calibration.slope * np.asarray(logits, dtype=np.float64) + calibration.intercept)


def fit(logits: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> Calibration:
    """Fit slope and intercept (Platt scaling) by Newton's method.

    ``logits`` (n,), ``labels`` (n,) of 0 and 1, ``weights`` (n,) non-negative or None. The targets are Platt's
    smoothed ones, (N+ + 1) / (N+ + 2) and 1 / (N- + 2), so that separable data give a finite slope (Platt 1999; Lin,
    Lin and Weng 2007). The slope is never negative: a calibration must not turn the order round.
    Raises ValueError when a class is missing.
    """
    truth = as_labels(labels)
    x = as_scores(logits, len(truth))
    weight = np.ones(len(truth)) if weights is None else as_scores(weights, len(truth))
    positive = float(weight[truth == 1].sum())
    negative = float(weight[truth == 0].sum())
    if positive <= 0.0 or negative <= 0.0:
        raise ValueError("calibration needs images of both classes")
    target = np.where(truth == 1, (positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0))
    columns = np.column_stack((x, np.ones_like(x)))
    scale = float(np.abs(x).max()) or 1.0
    columns = columns / np.array([scale, 1.0])
    beta = np.zeros(columns.shape[1])

    def loss(candidate: FloatArray) -> float:
        z = columns @ candidate
        return float((weight * (np.logaddexp(0.0, z) - target * z)).sum())

    current = loss(beta)
    for _ in range(200):
        p = sigmoid(columns @ beta)
        gradient = columns.T @ (weight * (p - target))
        hessian = (columns * (weight * p * (1.0 - p))[:, None]).T @ columns
        step = np.linalg.solve(hessian + 1e-10 * np.eye(len(beta)), gradient)
        length = 1.0
        while length > 1e-10 and loss(beta - length * step) > current - 1e-4 * length * float(gradient @ step):
            length /= 2.0
        if length <= 1e-10:
            break
        beta = beta - length * step
        previous, current = current, loss(beta)
        if previous - current < 1e-13 * (1.0 + abs(current)):
            break
    slope = float(beta[0]) / scale
    intercept = float(beta[1])
    if slope < 0.0:
        mean = float((weight * target).sum() / weight.sum())
        return Calibration(0.0, float(logit(mean)))
    return Calibration(slope, intercept)


@dataclass(frozen=True)
class ReliabilityBin:
    """One bin of a reliability curve: mean score, observed share of pneumonia with its Wilson interval."""

    left: float
    right: float
    images: int
    mean_score: float
    observed: float
    low: float
    high: float


def reliability(labels: npt.ArrayLike, scores: npt.ArrayLike, bins: int = ECE_BINS) -> list[ReliabilityBin]:
    """Return the filled equal-width bins of a reliability curve, lowest score first."""
    truth = as_labels(labels)
    values = as_scores(scores, len(truth))
    place = bin_of(values, bins)
    rows = []
    for index in range(bins):
        inside = place == index
        images = int(inside.sum())
        if not images:
            continue
        hits = int(truth[inside].sum())
        interval = wilson(hits, images)
        rows.append(
            ReliabilityBin(
                left=index / bins,
                right=(index + 1) / bins,
                images=images,
                mean_score=float(values[inside].mean()),
                observed=hits / images,
                low=interval.low,
                high=interval.high,
            )
        )
    return rows
