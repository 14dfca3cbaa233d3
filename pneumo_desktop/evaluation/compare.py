"""Is this model better than that one, on the same images?"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.intervals import REPEATS, bootstrap_replicates, percentile_interval, percentiles
from pneumo_desktop.evaluation.metrics import FloatArray, IntArray, as_labels, as_scores, auc

MARGIN = 0.02
"""A model whose AUC is surely not lower by more than this is called no worse."""

SIGNIFICANT = 0.05

GUESS = 0.5
"""The AUC of a model that guesses."""

FEWEST_PATIENTS = 20
"""With fewer patients of either class, resampling cannot show what a few other patients would have changed; with fewer in
all McNemar's test, which takes every image for a patient, cannot either."""


class Verdict(StrEnum):
    """What can be said of a new model beside an old one. The values are stable: they stand in reports."""

    BETTER = "better"
    NO_WORSE = "no_worse"
    WORSE = "worse"
    TOO_FEW = "too_few"
    NEITHER = "neither"


@dataclass(frozen=True)
class McNemar:
    """McNemar's test. ``only_new`` images only the new model has right, ``only_old`` only the old one."""

    only_new: int
    only_old: int
    p_exact: float
    p_mid: float


@dataclass(frozen=True)
class Comparison:
    """New against old: the difference in AUC (new minus old) with its 95 % interval, McNemar, and the verdict.

    ``low`` and ``high`` are NaN where every draw of patients gave the same difference.
    """

    images: int
    auc_new: float
    auc_old: float
    difference: float
    low: float
    high: float
    mcnemar: McNemar
    verdict: Verdict


def mcnemar_p(only_new: int, only_old: int) -> tuple[float, float]:
    """Return the two-sided (exact, mid-p) p-values; both 1 when no image tells the models apart.

    Mid-p as recommended by Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13:91, 2013.
    """
    discordant = only_new + only_old
    if discordant == 0:
        return 1.0, 1.0
    term = total = 1
    for k in range(1, min(only_new, only_old) + 1):
        term = term * (discordant - k + 1) // k
        total += term
    whole = 2**discordant
    return min(1.0, 2 * total / whole), min(1.0, (2 * total - term) / whole)


def mcnemar(right_new: npt.ArrayLike, right_old: npt.ArrayLike) -> McNemar:
    """Test two (n,) bool arrays: did the new and the old model have each image right?"""
    new, old = np.asarray(right_new, dtype=bool), np.asarray(right_old, dtype=bool)
    if new.shape != old.shape:
        raise ValueError("both models must have read the same images")
    only_new, only_old = int((new & ~old).sum()), int((~new & old).sum())
    return McNemar(only_new, only_old, *mcnemar_p(only_new, only_old))


def compare(
    labels: npt.ArrayLike,
    new_scores: npt.ArrayLike,
    old_scores: npt.ArrayLike,
    new_right: npt.ArrayLike,
    old_right: npt.ArrayLike,
    groups: Sequence[Hashable],
    margin: float = MARGIN,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Comparison:
    """Compare two models on the same images, all arrays (n,), by paired bootstrap over ``groups`` (patients).

    An image without a verdict takes part: give it an infinite score on the wrong side and False in ``*_right``.
    With fewer than ``FEWEST_PATIENTS`` of a class and McNemar's test silent, or so few in all, the verdict is *too few*.
    Where the interval of neither AUC lies above 0.5, no model that is not worse is praised: the verdict is *neither*.
    """
    truth = as_labels(labels)
    new, old = as_scores(new_scores, len(truth)), as_scores(old_scores, len(truth))
    if len(groups) != len(truth):
        raise ValueError("every image needs its group")

    def areas(index: IntArray) -> FloatArray:
        return np.array([auc(truth[index], new[index]), auc(truth[index], old[index])])

    drawn = bootstrap_replicates(areas, groups, repeats, seed)
    difference = drawn[:, 0] - drawn[:, 1]
    told, ends = percentile_interval(difference), percentiles(difference)
    test = mcnemar(new_right, old_right)
    auc_new, auc_old = auc(truth, new), auc(truth, old)
    fewest = min(len({group for group, label in zip(groups, truth, strict=True) if label == side}) for side in (0, 1))
    enough = fewest >= FEWEST_PATIENTS or (len(set(groups)) >= FEWEST_PATIENTS and test.p_mid < SIGNIFICANT)
    verdict = judge(ends.low, ends.high, test, margin) if enough else Verdict.TOO_FEW
    of_use = any(percentiles(drawn[:, place]).low > GUESS for place in (0, 1))
    if verdict in (Verdict.BETTER, Verdict.NO_WORSE) and not of_use:
        verdict = Verdict.NEITHER
    return Comparison(
        images=len(truth),
        auc_new=auc_new,
        auc_old=auc_old,
        difference=auc_new - auc_old,
        low=told.low,
        high=told.high,
        mcnemar=test,
        verdict=verdict,
    )


def judge(low: float, high: float, test: McNemar, margin: float = MARGIN) -> Verdict:
    """Return the verdict; a sign of harm in either test outweighs a gain in the other.

    *Worse*: the interval of the AUC difference lies below 0, or significantly fewer images are right.
    *Better*: it lies above 0, or significantly more are right while the AUC is surely not lower by ``margin``.
    *No worse*: surely not lower by ``margin``. *Too few*: anything else, NaN included.
    """
    told_apart = test.p_mid < SIGNIFICANT
    if high < 0.0 or (told_apart and test.only_old > test.only_new):
        return Verdict.WORSE
    if low > 0.0 or (told_apart and test.only_new > test.only_old and low > -margin):
        return Verdict.BETTER
    return Verdict.NO_WORSE if low > -margin else Verdict.TOO_FEW
