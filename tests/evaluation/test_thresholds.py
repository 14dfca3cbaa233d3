"""The table of thresholds, the goal that picks a row, and the uncertain band."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumo_desktop.evaluation import metrics
from pneumo_desktop.evaluation.thresholds import (
    Goal,
    GoalKind,
    band_report,
    choose,
    row_at,
    table,
    with_band,
    with_sure_verdicts,
)
from pneumo_desktop.reading.outcome import OperatingPoint, Outcome

LABELS = [0, 0, 1, 0, 1, 1]
SCORES = [0.1, 0.2, 0.3, 0.5, 0.6, 0.9]

both = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1, allow_nan=False)), min_size=2, max_size=30).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def test_the_table_by_hand() -> None:
    rows = table(LABELS, SCORES, prevalence=0.1)
    assert [(row.tp, row.fp, row.fn, row.tn) for row in rows] == [
        (3, 3, 0, 0),
        (3, 2, 0, 1),
        (3, 1, 0, 2),
        (2, 1, 1, 2),
        (2, 0, 1, 3),
        (1, 0, 2, 3),
        (0, 0, 3, 3),
    ]
    row = rows[3]
    assert row.threshold == pytest.approx(0.4)
    assert row.missed_per_thousand == pytest.approx(100 / 3)
    assert row.false_alarms_per_thousand == pytest.approx(300)
    assert row.ppv == pytest.approx((0.1 * 2 / 3) / (0.1 * 2 / 3 + 0.9 / 3))


def test_any_threshold_has_a_row() -> None:
    assert [row_at(LABELS, SCORES, row.threshold) for row in table(LABELS, SCORES)] == table(LABELS, SCORES)
    between = row_at(LABELS, SCORES, 0.55)
    assert (between.threshold, between.tp, between.fp, between.fn, between.tn) == (0.55, 2, 0, 1, 3)


@given(both)
def test_every_row_counts_what_its_threshold_does(pairs: list[tuple[int, float]]) -> None:
    labels = np.array([pair[0] for pair in pairs])
    scores = np.array([pair[1] for pair in pairs])
    rows = table(labels, scores)
    assert len(rows) == len(set(scores.tolist())) + 1
    assert [row.threshold for row in rows] == sorted({row.threshold for row in rows})
    for row in rows:
        counts = metrics.count(labels, scores >= row.threshold)
        assert (counts.tp, counts.fp, counts.fn, counts.tn) == (row.tp, row.fp, row.fn, row.tn)


@given(both, st.floats(0, 1))
def test_a_goal_is_met_and_no_cheaper_row_meets_it(pairs: list[tuple[int, float]], share: float) -> None:
    rows = table([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    missing = choose(rows, Goal(GoalKind.MISS_AT_MOST, share))
    assert 1 - missing.sensitivity <= share + 1e-9
    assert all(1 - row.sensitivity > share for row in rows if row.threshold > missing.threshold)
    alarming = choose(rows, Goal(GoalKind.FALSE_ALARMS_AT_MOST, share))
    assert 1 - alarming.specificity <= share + 1e-9
    assert all(1 - row.specificity > share for row in rows if row.threshold < alarming.threshold)


def test_goals_by_hand() -> None:
    rows = table(LABELS, SCORES, prevalence=0.1)
    assert choose(rows, Goal(GoalKind.MISS_AT_MOST, 0.05)).threshold == pytest.approx(0.25)
    assert choose(rows, Goal(GoalKind.FALSE_ALARMS_AT_MOST, 0.0)).threshold == pytest.approx(0.55)
    assert choose(rows, Goal(GoalKind.MOST_RIGHT)).threshold == pytest.approx(0.55)
    assert choose(table(LABELS, SCORES, 0.9), Goal(GoalKind.MOST_RIGHT)).threshold == pytest.approx(0.25)


def test_a_table_needs_both_classes_and_a_sane_prevalence() -> None:
    with pytest.raises(ValueError, match="both classes"):
        table([1, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match="prevalence"):
        table(LABELS, SCORES, 1.5)
    with pytest.raises(ValueError, match="empty"):
        choose([], Goal(GoalKind.MOST_RIGHT))


def test_the_band_by_hand() -> None:
    point = OperatingPoint(0.4, 0.25, 0.55)
    report = band_report(LABELS, SCORES, [point] * 6)
    assert (report.inside, report.outside) == (2, 4)
    assert report.share == pytest.approx(1 / 3)
    assert report.error_inside == pytest.approx(1.0)
    assert report.error_outside == pytest.approx(0.0)


@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=50), st.floats(0.05, 0.95), st.floats(0, 1))
def test_a_band_surrounds_its_threshold(scores: list[float], threshold: float, share: float) -> None:
    point = with_band(scores, threshold, share)
    assert 0 <= point.low <= point.threshold <= point.high <= 1
    inside = sum(point.judge(score) is Outcome.UNCERTAIN for score in scores)
    assert inside <= share * len(scores) + 1 + scores.count(threshold) + len(scores) - len(set(scores))


def test_a_band_holds_the_share_it_was_asked_for() -> None:
    scores = np.random.default_rng(1).uniform(size=1000)
    point = with_band(scores, 0.5, 0.2)
    assert np.mean((scores >= point.low) & (scores < point.high)) == pytest.approx(0.2, abs=0.01)


def balanced_error(labels: np.ndarray, scores: np.ndarray, point: OperatingPoint) -> float:
    outside = (scores < point.low) | (scores >= point.high)
    missed = np.mean(scores[outside & (labels == 1)] < point.threshold)
    alarms = np.mean(scores[outside & (labels == 0)] >= point.threshold)
    return float(missed + alarms) / 2


@pytest.mark.parametrize("ill", [0.1, 0.5])
def test_sure_verdicts_are_as_seldom_wrong_as_asked_for_and_the_band_no_wider(ill: float) -> None:
    rng = np.random.default_rng(4)
    labels = (rng.random(4000) < ill).astype(int)
    scores = 1 / (1 + np.exp(-rng.normal(np.where(labels == 1, 1.0, -1.0), 1.5)))
    plain = OperatingPoint(0.5, 0.5, 0.5)
    assert balanced_error(labels, scores, plain) > 0.2
    point = with_sure_verdicts(labels, scores, 0.5, 0.15, 1.0)
    assert balanced_error(labels, scores, point) == pytest.approx(0.15, abs=0.01)
    half = OperatingPoint(0.5, (point.low + 0.5) / 2, (point.high + 0.5) / 2)
    assert balanced_error(labels, scores, half) > 0.15


def test_a_band_for_sure_verdicts_is_as_narrow_as_none_and_never_wider_than_allowed() -> None:
    scores = np.linspace(0.05, 0.95, 200)
    labels = (scores >= 0.5).astype(int)
    right = with_sure_verdicts(labels, scores, 0.5, 0.05, 0.3)
    assert right.low == right.threshold == right.high == 0.5
    wrong = with_sure_verdicts(1 - labels, scores, 0.5, 0.05, 0.3)
    assert np.mean((scores >= wrong.low) & (scores < wrong.high)) == pytest.approx(0.3, abs=0.015)
