"""Metrics against values worked out by hand, and properties that must always hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumo_desktop.evaluation import metrics
from pneumo_desktop.evaluation.metrics import Counts

labelled = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 8)), min_size=2, max_size=40).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def unzip(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=float) / 8.0


def test_counts_by_hand() -> None:
    counts = Counts(tp=90, fp=20, fn=10, tn=80)
    assert counts.accuracy == pytest.approx(0.85)
    assert counts.sensitivity == pytest.approx(0.9)
    assert counts.specificity == pytest.approx(0.8)
    assert counts.ppv() == pytest.approx(90 / 110)
    assert counts.npv() == pytest.approx(80 / 90)
    # At 10 %: 0.09 true alarms against 0.18 false ones.
    assert counts.ppv(0.1) == pytest.approx(1 / 3)
    assert counts.npv(0.1) == pytest.approx(0.72 / 0.73)


def test_predictive_values_of_the_design_paper() -> None:
    counts = Counts(tp=93, fn=7, tn=90, fp=10)
    assert counts.ppv(0.62) == pytest.approx(0.94, abs=0.005)
    assert counts.ppv(0.10) == pytest.approx(0.51, abs=0.005)


def test_images_without_a_verdict_count_as_wrong() -> None:
    counts = metrics.count([1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [0, 1, 0, 0, 1])
    assert counts == Counts(tp=1, fp=0, fn=1, tn=1, silent_positive=1, silent_negative=1)
    assert counts.accuracy == pytest.approx(2 / 5)
    assert counts.sensitivity == pytest.approx(1 / 3)
    assert counts.specificity == pytest.approx(1 / 2)
    assert counts.ppv(0.5) == pytest.approx(1.0)


def test_empty_and_one_sided_sets_give_nan_not_an_exception() -> None:
    assert math.isnan(Counts().accuracy)
    assert math.isnan(Counts(tp=3).specificity)
    assert math.isnan(metrics.auc([1, 1], [0.1, 0.2]))
    assert math.isnan(metrics.auc([], []))
    assert math.isnan(metrics.average_precision([0, 0], [0.1, 0.2]))
    assert math.isnan(metrics.log_loss([], []))
    assert math.isnan(metrics.brier([], []))
    assert math.isnan(metrics.expected_calibration_error([], []))
    assert metrics.finite(float("nan")) is None


def test_wrong_input_is_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        metrics.auc([0, 2], [0.1, 0.2])
    with pytest.raises(ValueError, match="scores"):
        metrics.auc([0, 1], [0.1])
    with pytest.raises(ValueError, match="scores"):
        metrics.auc([0, 1], [0.1, float("nan")])


def test_auc_by_hand() -> None:
    # pairs: (0.35 > 0.1), (0.35 < 0.4), (0.8 > 0.1), (0.8 > 0.4): three of four.
    assert metrics.auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) == pytest.approx(0.75)
    # one of the four pairs is tied.
    assert metrics.auc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8]) == pytest.approx(0.875)
    assert metrics.auc([0, 1, 1], [0.5, -np.inf, 0.9]) == pytest.approx(0.5)


@given(labelled)
def test_auc_is_the_share_of_ordered_pairs(rows: list[tuple[int, int]]) -> None:
    labels, scores = unzip(rows)
    pairs = np.sign(scores[labels == 1][:, None] - scores[labels == 0][None, :])
    assert metrics.auc(labels, scores) == pytest.approx((pairs.mean() + 1) / 2)
    assert metrics.auc(labels, -scores) == pytest.approx(1 - metrics.auc(labels, scores))
    assert metrics.auc(labels, np.exp(3 * scores)) == pytest.approx(metrics.auc(labels, scores))


@given(labelled)
def test_auc_is_the_area_under_the_roc_curve(rows: list[tuple[int, int]]) -> None:
    labels, scores = unzip(rows)
    across, up = metrics.roc_curve(labels, scores)
    assert (across[0], up[0], across[-1], up[-1]) == (0, 0, 1, 1)
    assert (np.diff(across) >= 0).all()
    assert (np.diff(up) >= 0).all()
    assert float(np.trapezoid(up, across)) == pytest.approx(metrics.auc(labels, scores))


def test_average_precision_by_hand() -> None:
    # ranks: 1 (p 1/1), 0, 1 (p 2/3)
    assert metrics.average_precision([1, 0, 1], [0.9, 0.8, 0.7]) == pytest.approx((1 + 2 / 3) / 2)
    # all tied: the share of positives
    assert metrics.average_precision([1, 0, 1, 0], [0.5] * 4) == pytest.approx(0.5)


@given(labelled)
def test_average_precision_lies_between_0_and_1(rows: list[tuple[int, int]]) -> None:
    labels, scores = unzip(rows)
    value = metrics.average_precision(labels, scores)
    assert 0 < value <= 1 + 1e-12
    if metrics.auc(labels, scores) == 1:
        assert value == pytest.approx(1)


def test_losses_by_hand() -> None:
    assert metrics.log_loss([1, 0], [0.8, 0.4]) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert metrics.log_loss([1], [0.0]) == pytest.approx(-math.log(1e-7))
    assert metrics.brier([1, 0], [0.8, 0.4]) == pytest.approx((0.04 + 0.16) / 2)


def test_calibration_error_by_hand() -> None:
    # two bins of ten: mean 0.15 with observed 1/2 (two images), mean 0.95 with observed 1 (two images)
    value = metrics.expected_calibration_error([0, 1, 1, 1], [0.15, 0.15, 0.95, 0.95], bins=10)
    assert value == pytest.approx(0.5 * 0.35 + 0.5 * 0.05)
    assert metrics.expected_calibration_error([0, 1], [0.0, 1.0]) == 0


@given(labelled)
def test_calibration_error_is_the_weighted_gap(rows: list[tuple[int, int]]) -> None:
    labels, scores = unzip(rows)
    place = metrics.bin_of(scores, 15)
    slow = sum(
        (place == index).mean() * abs(scores[place == index].mean() - labels[place == index].mean())
        for index in set(place.tolist())
    )
    assert metrics.expected_calibration_error(labels, scores) == pytest.approx(slow)
