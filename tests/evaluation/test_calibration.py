"""Platt and temperature scaling find what was put in; the reliability curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumo_desktop.evaluation import calibration
from pneumo_desktop.evaluation.calibration import logit, scores_of, sigmoid
from pneumo_desktop.evaluation.metrics import expected_calibration_error, log_loss
from pneumo_desktop.models.card import Calibration


def drawn(slope: float, intercept: float, count: int = 40000) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(7)
    logits = generator.normal(0, 3, count)
    return logits, (generator.uniform(size=count) < sigmoid(slope * logits + intercept)).astype(int)


def test_slope_and_intercept_are_found() -> None:
    logits, labels = drawn(0.4, -0.7)
    found = calibration.fit(logits, labels)
    assert found.slope == pytest.approx(0.4, abs=0.02)
    assert found.intercept == pytest.approx(-0.7, abs=0.05)
    before, after = sigmoid(logits), scores_of(found, logits)
    assert log_loss(labels, after) < log_loss(labels, before)
    assert expected_calibration_error(labels, after) < 0.01 < expected_calibration_error(labels, before)


def test_the_fit_is_a_minimum() -> None:
    logits, labels = drawn(0.8, 0.3, 500)
    best = calibration.fit(logits, labels)
    target = np.where(labels == 1, (labels.sum() + 1) / (labels.sum() + 2), 1 / ((1 - labels).sum() + 2))

    def loss(slope: float, intercept: float) -> float:
        z = slope * logits + intercept
        return float((np.logaddexp(0, z) - target * z).sum())

    lowest = loss(best.slope, best.intercept)
    for step in (1e-3, -1e-3):
        assert loss(best.slope + step, best.intercept) > lowest
        assert loss(best.slope, best.intercept + step) > lowest


def test_separable_logits_give_a_finite_slope_and_a_reversed_order_a_flat_one() -> None:
    found = calibration.fit([-300.0, -200.0, 200.0, 300.0], [0, 0, 1, 1])
    assert 0 < found.slope < 1
    flat = calibration.fit([3.0, 2.0, -2.0, -3.0, -4.0], [0, 0, 1, 1, 1])
    assert flat.slope == 0.0
    assert 0.5 < scores_of(flat, 0.0) < 0.7
    with pytest.raises(ValueError, match="both classes"):
        calibration.fit([1.0], [1])


def test_weights_count_as_copies() -> None:
    logits, labels = drawn(0.6, 0.2, 300)
    weights = np.arange(300) % 3
    twice = calibration.fit(np.repeat(logits, weights), np.repeat(labels, weights))
    once = calibration.fit(logits, labels, weights)
    assert once.slope == pytest.approx(twice.slope, abs=1e-6)
    assert once.intercept == pytest.approx(twice.intercept, abs=1e-6)


@given(st.floats(-25, 25))
def test_logit_undoes_sigmoid(x: float) -> None:
    assert float(logit(sigmoid(x))) == pytest.approx(x, abs=1e-3)


def test_no_overflow() -> None:
    assert sigmoid([-1e5, 1e5]).tolist() == [0.0, 1.0]
    assert scores_of(Calibration(2.0, 1.0), 0.0) == pytest.approx(1 / (1 + np.exp(-1)))


def test_reliability_by_hand() -> None:
    rows = calibration.reliability([0, 1, 1], [0.12, 0.18, 1.0], bins=10)
    assert [(row.left, row.images, row.observed) for row in rows] == [(0.1, 2, 0.5), (0.9, 1, 1.0)]
    assert rows[0].mean_score == pytest.approx(0.15)
    assert rows[0].low < 0.5 < rows[0].high
