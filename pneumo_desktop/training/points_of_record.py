"""The bundled model's calibration and operating points, chosen on the choose part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import fit as fit_calibration
from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.evaluation.metrics import expected_calibration_error
from pneumo_desktop.evaluation.thresholds import with_band, with_sure_verdicts
from pneumo_desktop.models.card import Calibration
from pneumo_desktop.reading.outcome import OperatingPoint, Population
from pneumo_desktop.training.corpus import Sample

BAND_SHARE = 0.06
"""Of the children's films, which lie round their point."""

SURE_ERROR, WIDEST_BAND = 0.05, 0.2
"""Of adults' verdicts outside the band, with half of them ill; and how many adults may lie in it for that. The choose
part is read too well (its adults have an AUC eight hundredths above the report part's): what is wanted of films from
elsewhere is at most 20 %. Of the bundled model the width binds, the error is not reached (models/experiments.md)."""

CHILDREN_SENSITIVITY = 0.975
"""Of children's films plain, changed and with the look of the other class."""

ADULT_SPECIFICITY = 0.92
CHILDREN_WEIGHTS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def calibrated(logits: npt.NDArray[np.float64], labels: npt.NDArray[Any], young: npt.NDArray[np.bool_]) -> Calibration:
    """Fit one calibration for children and adults alike.

    Their films have different shares of pneumonia, and no line suits both: the children's weight is the one of
    ``CHILDREN_WEIGHTS`` with the smallest calibration error of children and of all, whichever is worse.
    """
    tried = []
    for weight in CHILDREN_WEIGHTS:
        fitted = fit_calibration(logits, labels, np.where(young, weight, 1.0))
        scores = scores_of(fitted, logits)
        errors = [expected_calibration_error(labels[part], scores[part]) for part in (young, young | True)]
        tried.append((max(errors), fitted))
    return min(tried, key=lambda one: one[0])[1]


def _highest_with_sensitivity(labels: npt.NDArray[Any], scores: npt.NDArray[np.float64], wanted: float) -> float:
    return float(np.quantile(scores[labels == 1], 1 - wanted))


def _lowest_with_specificity(labels: npt.NDArray[Any], scores: npt.NDArray[np.float64], wanted: float) -> float:
    return float(np.quantile(scores[labels == 0], wanted))


def operating_points(choosing: Sequence[Sample], scores: npt.NDArray[np.float64]) -> dict[Population, OperatingPoint]:
    """Choose on the choose part under perturbation: children by sensitivity, adults by specificity; both for not known.

    Where nothing is known of the patient the point lies midway: below the adults' point a false alarm in an adult is
    the commoner error, above the children's a missed child. The uncertain band is there what adults need, whom the
    network reads worse: a word that is wrong and sure is the worst that it can say.
    """
    labels = np.array([s.label for s in choosing])
    young = np.array([s.is_child for s in choosing])
    child = _highest_with_sensitivity(labels[young], scores[young], CHILDREN_SENSITIVITY)
    adult = _lowest_with_specificity(labels[~young], scores[~young], ADULT_SPECIFICITY)

    def sure(threshold: float) -> OperatingPoint:
        return with_sure_verdicts(labels[~young], scores[~young], threshold, SURE_ERROR, WIDEST_BAND)

    return {
        Population.CHILDREN: with_band(scores[young], child, BAND_SHARE),
        Population.ADULTS: sure(adult),
        Population.NOT_KNOWN: sure((child + max(child, adult)) / 2),
    }
