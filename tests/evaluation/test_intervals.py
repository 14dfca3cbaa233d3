"""Wilson's interval against published values; the bootstrap by patient."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumo_desktop.evaluation.intervals import (
    bootstrap_replicates,
    group_codes,
    percentile_interval,
    wilson,
)


def test_wilson_against_newcombe_1998() -> None:
    # Newcombe, Statistics in Medicine 17:857-872, 1998, table I: 81/263, 15/148, 0/20, 1/29.
    for successes, total, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        interval = wilson(successes, total)
        assert interval.low == pytest.approx(low, abs=5e-5)
        assert interval.high == pytest.approx(high, abs=5e-5)
    assert math.isnan(wilson(0, 0).low)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_stays_within_0_and_1(pair: tuple[int, int]) -> None:
    interval = wilson(*pair)
    assert 0 <= interval.low <= pair[0] / pair[1] <= interval.high <= 1
    assert interval.low < interval.high


def test_group_codes_count_in_order_of_appearance() -> None:
    assert group_codes(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]


def test_a_draw_takes_whole_patients() -> None:
    groups = ["a", "a", "a", "b", "c", "c"]
    seen: list[list[int]] = []

    def remember(index: np.ndarray) -> np.ndarray:
        seen.append(np.bincount(index, minlength=6).tolist())
        return np.array([float(len(index))])

    replicates = bootstrap_replicates(remember, groups, repeats=50, seed=3)
    assert replicates.shape == (50, 1)
    for times in seen:
        assert times[0] == times[1] == times[2]
        assert times[4] == times[5]
        assert times[0] + times[3] + times[4] == 3
    assert len({tuple(times) for times in seen}) > 3


def mean_of(values: np.ndarray, groups: list[int], seed: int = 1) -> np.ndarray:
    return bootstrap_replicates(lambda index: np.array([values[index].mean()]), groups, 500, seed)[:, 0]


def test_the_seed_decides() -> None:
    values, groups = np.arange(30.0), list(range(30))
    assert np.array_equal(mean_of(values, groups, 1), mean_of(values, groups, 1))
    assert not np.array_equal(mean_of(values, groups, 1), mean_of(values, groups, 2))


def test_bootstrap_agrees_with_the_standard_error_of_a_mean() -> None:
    values = np.random.default_rng(0).normal(size=400)
    replicates = bootstrap_replicates(lambda index: np.array([values[index].mean()]), range(400), 2000, 1)
    interval = percentile_interval(replicates[:, 0])
    expected = 1.96 * values.std() / 20
    assert (interval.high - interval.low) / 2 == pytest.approx(expected, rel=0.1)


def test_images_of_few_patients_widen_the_interval() -> None:
    values = np.repeat(np.random.default_rng(2).normal(size=20), 20)
    by_image = percentile_interval(mean_of(values, list(range(400))))
    by_patient = percentile_interval(mean_of(values, np.repeat(range(20), 20).tolist()))
    assert by_patient.high - by_patient.low > 3 * (by_image.high - by_image.low)


def test_draws_that_all_say_the_same_are_no_interval() -> None:
    values = np.random.default_rng(3).normal(size=24)
    of_one_patient = percentile_interval(mean_of(values, ["ANONYMOUS"] * 24))
    assert math.isnan(of_one_patient.low)
    assert math.isnan(of_one_patient.high)
    assert percentile_interval(mean_of(values, ["A"] * 12 + ["B"] * 12)).low < values.mean()


def test_undefined_draws_are_left_out() -> None:
    nan = float("nan")
    assert percentile_interval(np.array([1.0, 2.0, nan])).low == pytest.approx(1.025)
    assert math.isnan(percentile_interval(np.array([1.0, nan, nan])).low)
    assert math.isnan(percentile_interval(np.zeros(0)).high)
