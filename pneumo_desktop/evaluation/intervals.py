"""95 % intervals: bootstrap by patient, and Wilson's for a plain proportion."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from pneumo_desktop.evaluation.metrics import NAN, FloatArray, IntArray

Z95 = 1.959963984540054
REPEATS = 1000


@dataclass(frozen=True)
class Interval:
    """A 95 % interval; both ends are NaN where there is none."""

    low: float
    high: float


def wilson(successes: int, total: int) -> Interval:
    """Return Wilson's score interval for ``successes`` of ``total`` (JASA 22, 1927); NaN for a total of 0."""
    if total <= 0:
        return Interval(NAN, NAN)
    share = successes / total
    spread = Z95 * Z95 / total
    centre = (share + spread / 2.0) / (1.0 + spread)
    half = Z95 / (1.0 + spread) * math.sqrt(share * (1.0 - share) / total + spread / (4.0 * total))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == total else min(1.0, centre + half)
    return Interval(low, high)


def certain_share(share: float, patients: int) -> Interval | None:
    """Return Wilson's interval of a share that is 0 or 1 for all of ``patients`` behind it, None for any other share.

    Every draw of a bootstrap says the same there, which is no certainty.
    """
    return wilson(round(share * patients), patients) if share in (0.0, 1.0) else None


def group_codes(groups: Sequence[Hashable]) -> IntArray:
    """Return a number 0..k-1 for each group, in the order in which the groups first appear."""
    seen: dict[Hashable, int] = {}
    return np.array([seen.setdefault(group, len(seen)) for group in groups], dtype=np.int64)


def bootstrap_replicates(
    statistic: Callable[[IntArray], FloatArray], groups: Sequence[Hashable], repeats: int = REPEATS, seed: int = 0
) -> FloatArray:
    """Draw whole groups (patients) with replacement and compute ``statistic`` on each draw.

    ``statistic`` gets the drawn image indices, (m,) int64, and returns (k,) float64. Returns (repeats, k).
    """
    codes = group_codes(groups)
    if not len(codes):
        return np.zeros((0, len(statistic(np.zeros(0, dtype=np.int64)))))
    sizes = np.bincount(codes)
    members = np.argsort(codes, kind="stable")
    starts = np.cumsum(sizes) - sizes
    generator = np.random.default_rng(seed)
    rows = []
    for _ in range(repeats):
        drawn = generator.integers(0, len(sizes), len(sizes))
        lengths = sizes[drawn]
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows.append(statistic(members[np.repeat(starts[drawn], lengths) + within]))
    return np.array(rows, dtype=np.float64)


def percentile_interval(replicates: FloatArray) -> Interval:
    """Return the ``percentiles`` as an interval that can be told: NaN where both are the same.

    Draws that all say the same, as those of a single patient do, show no certainty but that nothing could be drawn.
    """
    interval = percentiles(replicates)
    return Interval(NAN, NAN) if interval.low == interval.high else interval


def percentiles(replicates: FloatArray) -> Interval:
    """Return the 2.5 and 97.5 percentiles of (repeats,) replicates: what a verdict, or a figure of many patients, goes by.

    Draws in which the statistic was undefined are left out; NaN when more than half of them were.
    """
    known = replicates[np.isfinite(replicates)]
    if len(known) * 2 < len(replicates) or not len(known):
        return Interval(NAN, NAN)
    low, high = np.percentile(known, (2.5, 97.5))
    return Interval(float(low), float(high))
