"""McNemar's test, the paired bootstrap, and the verdict words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumo_desktop.evaluation.compare import McNemar, Verdict, compare, judge, mcnemar, mcnemar_p


def test_mcnemar_by_hand() -> None:
    # 1 against 6: exact 2 * (1 + 7) / 128; mid-p takes the point probability 7/128 off once.
    assert mcnemar_p(1, 6) == (pytest.approx(16 / 128), pytest.approx(9 / 128))
    assert mcnemar_p(0, 0) == (1.0, 1.0)
    assert mcnemar_p(0, 5)[0] == pytest.approx(2 / 32)
    assert mcnemar_p(4, 4) == (1.0, pytest.approx(1.0))


def test_mcnemar_copes_with_many_images() -> None:
    exact, mid = mcnemar_p(1000, 1200)
    # The normal distribution with the correction for continuity comes near the exact test at such numbers.
    assert exact == pytest.approx(math.erfc((1200 - 1000 - 1) / math.sqrt(2 * 2200)), rel=0.1)
    assert 0 < mid < exact


@given(st.integers(0, 60), st.integers(0, 60))
def test_p_values_are_symmetric_and_ordered(a: int, b: int) -> None:
    exact, mid = mcnemar_p(a, b)
    assert (exact, mid) == mcnemar_p(b, a)
    assert 0 < mid <= exact <= 1


def test_counts_of_discordant_images() -> None:
    test = mcnemar([True, True, False, False], [True, False, True, False])
    assert (test.only_new, test.only_old) == (1, 1)
    with pytest.raises(ValueError, match="same images"):
        mcnemar([True], [True, False])


@pytest.mark.parametrize(
    ("low", "high", "new", "old", "verdict"),
    [
        (0.01, 0.05, 3, 3, Verdict.BETTER),
        (-0.05, -0.01, 3, 3, Verdict.WORSE),
        (-0.01, 0.02, 3, 3, Verdict.NO_WORSE),
        (-0.10, 0.10, 3, 3, Verdict.TOO_FEW),
        (-0.01, 0.02, 20, 2, Verdict.BETTER),
        (-0.10, 0.10, 20, 2, Verdict.TOO_FEW),
        (0.01, 0.05, 2, 20, Verdict.WORSE),
        (float("nan"), float("nan"), 0, 0, Verdict.TOO_FEW),
    ],
)
def test_verdicts(low: float, high: float, new: int, old: int, verdict: Verdict) -> None:
    assert judge(low, high, McNemar(new, old, *mcnemar_p(new, old))) is verdict


def scores(generator: np.random.Generator, labels: np.ndarray, shift: float) -> np.ndarray:
    return labels * shift + generator.normal(size=len(labels))


def test_a_clearly_better_model_is_better_and_the_reverse_is_worse() -> None:
    generator = np.random.default_rng(5)
    labels = np.arange(400) % 2
    good, bad = scores(generator, labels, 3.0), scores(generator, labels, 0.5)
    right_good, right_bad = (good > 1.5) == labels, (bad > 0.25) == labels
    groups = list(range(400))
    forward = compare(labels, good, bad, right_good, right_bad, groups, repeats=200)
    assert forward.verdict is Verdict.BETTER
    assert 0 < forward.low < forward.difference < forward.high
    backward = compare(labels, bad, good, right_bad, right_good, groups, repeats=200)
    assert backward.verdict is Verdict.WORSE


def test_no_model_that_cannot_be_told_from_guessing_is_praised() -> None:
    generator = np.random.default_rng(7)
    labels = np.arange(400) % 2
    guess, groups = generator.normal(size=400), list(range(400))
    refused = np.where(labels == 1, -np.inf, np.inf)  # without a verdict: on the wrong side
    right, none = (guess > 0) == labels, np.zeros(400, bool)
    against_a_silent_one = compare(labels, guess, refused, right, none, groups, repeats=200)
    assert against_a_silent_one.low > 0
    assert against_a_silent_one.mcnemar.p_mid < 0.05
    assert against_a_silent_one.verdict is Verdict.NEITHER
    assert compare(labels, guess, guess, right, right, groups, repeats=200).verdict is Verdict.NEITHER
    assert compare(labels, refused, guess, none, right, groups, repeats=200).verdict is Verdict.WORSE
    good = scores(generator, labels, 1.0)
    assert compare(labels, good, refused, (good > 0.5) == labels, none, groups, repeats=200).verdict is Verdict.BETTER


def test_the_same_model_is_no_worse_and_a_handful_tells_nothing() -> None:
    generator = np.random.default_rng(6)
    labels = np.arange(100) % 2
    same = scores(generator, labels, 2.0)
    right = (same > 1) == labels
    assert compare(labels, same, same, right, right, range(100), repeats=50).verdict is Verdict.NO_WORSE
    few, other = scores(generator, labels[:12], 1.0), scores(generator, labels[:12], 1.0)
    result = compare(labels[:12], few, other, [True] * 12, [True] * 12, range(12), repeats=200)
    assert result.verdict is Verdict.TOO_FEW


def test_a_dozen_images_that_both_read_perfectly_prove_nothing() -> None:
    labels = np.arange(12) % 2
    perfect = labels.astype(float)
    result = compare(labels, perfect, perfect, [True] * 12, [True] * 12, range(12), repeats=50)
    assert math.isnan(result.low)
    assert math.isnan(result.high)
    assert result.verdict is Verdict.TOO_FEW


@pytest.mark.parametrize("patients", [1, 2, 19])
def test_many_images_of_few_patients_prove_nothing(patients: int) -> None:
    generator = np.random.default_rng(8)
    labels = np.arange(200) % 2
    good, bad = scores(generator, labels, 2.0), scores(generator, labels, 1.0)
    right_good, right_bad = (good > 1) == labels, (bad > 0.5) == labels
    result = compare(labels, good, bad, right_good, right_bad, [n * patients // 200 for n in range(200)], repeats=100)
    assert result.mcnemar.p_mid < 0.05, "if each image were a patient"
    assert result.verdict is Verdict.TOO_FEW
    assert math.isnan(result.low) == (patients == 1)
    assert compare(labels, good, bad, right_good, right_bad, range(200), repeats=100).verdict is Verdict.BETTER


def test_a_class_without_images_is_compared_by_the_images_that_are_right() -> None:
    labels, none = np.ones(40, int), np.zeros(40)
    result = compare(labels, none, none, [False] * 40, [True] * 40, range(40), repeats=20)
    assert math.isnan(result.difference)
    assert result.verdict is Verdict.WORSE
