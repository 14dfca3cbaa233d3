"""Calibration and operating points of a new model, on the choose part under perturbation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import fit as fit_calibration
from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.evaluation.thresholds import Goal, choose, table, with_band
from pneumo_desktop.models.card import Calibration, Card
from pneumo_desktop.reading.outcome import OperatingPoint, Population

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

BAND_SHARE = 0.08
FEWEST = 10
"""A population gets an operating point of its own from so many images of each class in the choose part."""

_FLATTEST, _STEEPEST = 1e-3, 1e3


@dataclass(frozen=True, eq=False)
class Before:
    """The rehearsal images under the old and the new network: how the old operating points carry over.

    old, new: logits (n,); card: the old model's. No image in ``new`` is judged by a head that was fitted on it: its score
    would be too good, and a threshold at the old sensitivity too high. In ``old`` some are, which only lowers it.
    """

    labels: Labels
    old: Values
    new: Values
    card: Card


def calibration_of(logits: Values, labels: Labels, before: Before | None) -> Calibration:
    """Fit the calibration on the choose part, and on the rehearsal with the same total weight where there is one."""
    values, truth, weights = logits, labels, np.ones(len(logits))
    if before is not None and len(before.labels):
        values, truth = np.concatenate((logits, before.new)), np.concatenate((labels, before.labels))
        weights = np.concatenate((weights, np.full(len(before.labels), len(logits) / len(before.labels))))
    fitted = fit_calibration(values, truth, weights)
    # A card refuses a flat calibration: a network that has learnt nothing still has an order.
    return Calibration(
        slope=float(np.clip(fitted.slope, _FLATTEST, _STEEPEST)), intercept=float(np.clip(fitted.intercept, -1e3, 1e3))
    )


def operating_points(
    goal: Goal,
    populations: Sequence[Population],
    labels: Labels,
    scores: Values,
    calibration: Calibration,
    before: Before | None,
) -> dict[Population, OperatingPoint]:
    """Return the operating points that the data support.

    ``populations``, ``labels`` and ``scores`` are of the choose part (plain and changed). A population with enough
    images gets the row of the table that meets the goal. One that only the old model knew keeps the sensitivity that
    it had on the rehearsal. The point for *not known* misses no more than either.
    """
    points: dict[Population, OperatingPoint] = {}
    kinds = np.array([population.value for population in populations])
    for population in (Population.CHILDREN, Population.ADULTS):
        inside = kinds == population.value
        # each image is there plain and changed
        if min(int((labels[inside] == label).sum()) for label in (0, 1)) >= 2 * FEWEST:
            points[population] = _by_goal(goal, labels[inside], scores[inside])
    everyone = _by_goal(goal, labels, scores)
    if before is None or not len(before.labels):
        return {**points, Population.NOT_KNOWN: everyone}
    matched = _matched(calibration, before)
    for population, point in matched.items():
        points.setdefault(population, point)
    lower = min(everyone, matched.get(Population.NOT_KNOWN, everyone), key=lambda point: point.threshold)
    return {**points, Population.NOT_KNOWN: lower}


def _by_goal(goal: Goal, labels: Labels, scores: Values) -> OperatingPoint:
    return with_band(scores, choose(table(labels, scores), goal).threshold, BAND_SHARE)


def _matched(calibration: Calibration, before: Before) -> dict[Population, OperatingPoint]:
    """Return, for each operating point of the old model, the one with the same sensitivity on the rehearsal."""
    old, new = scores_of(before.card.calibration, before.old), scores_of(calibration, before.new)
    ill = before.labels == 1
    if not ill.any():
        return {}
    points = {}
    for population, point in before.card.operating_points.items():
        sensitivity = float((old[ill] >= point.threshold).mean())
        points[population] = with_band(new, float(np.quantile(new[ill], 1.0 - sensitivity)), BAND_SHARE)
    return points
