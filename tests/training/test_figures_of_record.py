"""The figures of the bundled model's card: verdicts at an operating point, pairs of one view and file size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population
from pneumo_desktop.training.corpus import REPORT, Sample
from pneumo_desktop.training.figures_of_record import (
    Judged,
    against_rsna_normals,
    at_operating_point,
    is_same_answer,
    matched_auc,
    robustness,
)

POINT = OperatingPoint(threshold=0.5, low=0.4, high=0.6)


def _sample(patient: str, label: int, view: str = "PA", size: float = 0.0) -> Sample:
    return Sample(np.zeros((1, 1), np.uint8), label, "nih", patient, REPORT, 1.0, Path(), view, "", size)


def test_verdicts_are_counted_with_their_intervals() -> None:
    labels = [1] * 40 + [0] * 60
    scores = np.array([0.9] * 36 + [0.45] * 2 + [0.1] * 2 + [0.1] * 51 + [0.55] * 3 + [0.8] * 6)
    figures = at_operating_point([_sample(f"{n}", label) for n, label in enumerate(labels)], scores, POINT)
    assert figures["sensitivity"]["value"] == pytest.approx(36 / 40)
    assert figures["specificity"]["value"] == pytest.approx(51 / 60)
    assert figures["accuracy"]["value"] == pytest.approx(87 / 100)
    assert figures["band_share"]["value"] == pytest.approx(5 / 100)
    assert figures["error_outside_band"]["value"] == pytest.approx(8 / 95, abs=1e-4)
    assert figures["error_outside_band_half_ill"]["value"] == pytest.approx((2 / 38 + 6 / 57) / 2, abs=1e-4)
    for name in ("sensitivity", "specificity", "accuracy", "band_share", "error_outside_band"):
        assert 0 <= figures[name]["low"] < figures[name]["value"] < figures[name]["high"] <= 1


def test_the_ill_are_counted_by_the_word_that_is_shown() -> None:
    """An uncertain film above the threshold is not found; the ends of the band are those of the reader."""
    scores = np.array([0.9] * 15 + [0.6, 0.599, 0.55, 0.45, 0.4, 0.399] + [0.1] * 19 + [0.1] * 20)
    samples = [_sample(f"{n}", int(n < 40)) for n in range(60)]
    figures = at_operating_point(samples, scores, POINT)
    words = [POINT.judge(score) for score in scores[:40]]
    for name, outcome, share in (
        ("pneumonia_found", Outcome.LIKELY_PNEUMONIA, 16 / 40),
        ("pneumonia_uncertain", Outcome.UNCERTAIN, 4 / 40),
        ("pneumonia_called_normal", Outcome.LIKELY_NORMAL, 20 / 40),
    ):
        assert figures[name]["value"] == pytest.approx(share) == words.count(outcome) / 40
        assert 0 <= figures[name]["low"] < share < figures[name]["high"] <= 1
    assert figures["sensitivity"]["value"] == pytest.approx(18 / 40)


def test_normal_films_are_counted_by_the_word_that_is_shown() -> None:
    scores = np.array([0.9] * 4 + [0.9] * 2 + [0.5] * 3 + [0.1] * 5)
    samples = [_sample(f"{n}", int(n < 4)) for n in range(14)]
    refused = np.isin(np.arange(14), (13,))
    figures = at_operating_point(samples, scores, POINT, refused)
    names = ("normal_called_pneumonia", "normal_uncertain", "normal_found")
    assert [figures[name]["value"] for name in names] == pytest.approx([0.2, 0.3, 0.4])


def test_a_figure_that_nothing_stands_behind_is_left_out() -> None:
    """Every ill film is uncertain: what would be wrong if half of the sure ones were ill cannot be told."""
    scores = np.array([0.5] * 10 + [0.1] * 10)
    figures = at_operating_point([_sample(f"{n}", int(n < 10)) for n in range(20)], scores, POINT)
    assert "error_outside_band_half_ill" not in figures
    assert figures["error_outside_band"] == {"value": 0.0, "low": 0.0, "high": pytest.approx(0.2775, abs=1e-4)}
    assert np.isfinite([number for figure in figures.values() for number in figure.values()]).all()


def test_where_every_film_is_uncertain_no_verdict_is_wrong_or_right() -> None:
    figures = at_operating_point([_sample(f"{n}", n % 2) for n in range(20)], np.full(20, 0.5), POINT)
    assert figures["band_share"]["value"] == 1.0
    assert not {"error_outside_band", "error_outside_band_half_ill"} & set(figures)


def test_the_ill_that_the_gate_refuses_are_called_nothing() -> None:
    samples = [_sample(f"{n}", int(n < 10)) for n in range(20)]
    scores = np.array([0.9] * 4 + [0.5] * 3 + [0.1] * 13)
    refused = np.isin(np.arange(20), (0, 4, 7, 19))
    figures = at_operating_point(samples, scores, POINT, refused)
    names = ("pneumonia_found", "pneumonia_uncertain", "pneumonia_called_normal")
    assert [figures[name]["value"] for name in names] == pytest.approx([0.3, 0.2, 0.2])


def test_without_the_ill_there_is_no_share_of_them() -> None:
    figures = at_operating_point([_sample(f"{n}", 0) for n in range(5)], np.full(5, 0.1), POINT)
    assert not {"pneumonia_called_normal", "sensitivity"} & set(figures)
    assert figures["specificity"]["value"] == 1.0


def test_all_right_is_no_certainty() -> None:
    """Every draw of the bootstrap gives 1 there; Wilson's interval of ten patients begins at 0.72, of five at 0.57."""
    samples = [_sample(f"{label}{n // 2}", label) for label in (0, 1) for n in range(10 * (2 - label))]
    scores = np.array([0.1] * 20 + [0.9] * 10)
    figures = at_operating_point(samples, scores, POINT)
    assert figures["specificity"] == {"value": 1.0, "low": pytest.approx(0.7225, abs=1e-4), "high": 1.0}
    assert figures["sensitivity"] == {"value": 1.0, "low": pytest.approx(0.5655, abs=1e-4), "high": 1.0}
    assert figures["pneumonia_found"] == figures["sensitivity"]
    assert figures["pneumonia_called_normal"] == {"value": 0.0, "low": 0.0, "high": pytest.approx(0.4345, abs=1e-4)}


def test_images_of_one_patient_are_drawn_together() -> None:
    """Ten images of each of ten patients are worth ten independent ones, not a hundred."""
    labels = [1] * 50 + [0] * 50
    scores = np.array([0.9] * 40 + [0.1] * 60)

    def width(patients: list[str]) -> float:
        samples = [_sample(patient, label) for patient, label in zip(patients, labels, strict=True)]
        accuracy = at_operating_point(samples, scores, POINT)["accuracy"]
        return float(accuracy["high"] - accuracy["low"])

    assert width([f"{n // 10}" for n in range(100)]) > 2 * width([f"{n}" for n in range(100)])


def test_pairs_are_of_one_view_and_size() -> None:
    samples = [
        _sample("a", 1, "PA", 100.0), _sample("b", 0, "PA", 105.0), _sample("c", 0, "PA", 200.0),
        _sample("d", 0, "AP", 100.0), _sample("e", 1, "AP", 205.0), _sample("f", 0, "AP", 190.0),
    ]  # fmt: skip
    scores = np.array([0.5, 0.2, 0.9, 0.9, 0.1, 0.4])
    assert matched_auc(samples, scores)["auc"] == 0.5  # a over b is in order, e over f is not; c and d have no partner
    assert matched_auc(samples, scores, "PA")["auc"] == 1.0
    assert matched_auc(samples, scores, "AP")["auc"] == 0.0


def test_a_refused_film_is_an_error_and_neither_uncertain_nor_part_of_the_calibration() -> None:
    labels = [1] * 10 + [0] * 10
    samples = [_sample(f"{n}", label) for n, label in enumerate(labels)]
    scores = np.array([0.9] * 9 + [0.5] + [0.1] * 10)
    refused = np.array([True] + [False] * 8 + [True, True] + [False] * 9)
    plain, strict = (at_operating_point(samples, scores, POINT, mask) for mask in (None, refused))
    assert plain["sensitivity"]["value"] == 1.0
    assert strict["sensitivity"]["value"] == pytest.approx(8 / 10)
    assert strict["specificity"]["value"] == pytest.approx(9 / 10)
    assert plain["band_share"]["value"] == pytest.approx(1 / 20)
    assert strict["band_share"]["value"] == 0.0
    assert strict["error_outside_band"]["value"] == pytest.approx(3 / 20)
    assert strict["calibration_error"]["value"] == pytest.approx(0.1)


def test_a_change_is_measured_by_the_order_the_flips_and_the_refusals() -> None:
    labels = [1] * 10 + [0] * 10
    samples = [_sample(f"{n}", label) for n, label in enumerate(labels)]
    plain = Judged(np.array([0.9] * 10 + [0.1] * 10), np.zeros(20, bool))
    changed = Judged(np.array([0.9] * 8 + [0.05] * 2 + [0.1] * 10), np.array([True] + [False] * 19))
    figures = robustness(samples, plain, {"blur": changed, "none": plain}, POINT)
    assert figures["none"]["flipped"] == {"value": 0.0, "low": 0.0, "high": pytest.approx(0.1611, abs=1e-4)}
    assert figures["blur"]["flipped"]["value"] == pytest.approx(2 / 20)
    assert figures["blur"]["auc_fall"]["value"] == pytest.approx(0.2)
    assert figures["blur"]["refused"]["share"] == pytest.approx(1 / 20)
    assert figures["blur"]["flipped"]["low"] < 0.1 < figures["blur"]["flipped"]["high"]


def test_adults_are_counted_against_the_normals_that_nobody_picked() -> None:
    ill, opacity, picked = _sample("a", 1), _sample("b", 1), _sample("c", 0)
    opacity = replace(opacity, rsna_class="Lung Opacity")
    normal = replace(_sample("d", 0), source="rsna_normal")
    found = against_rsna_normals(
        [ill, opacity, picked, normal], np.arange(4.0), lambda samples, values: {"values": values.tolist()}
    )
    assert found["pneumonia_vs_rsna_normal"] == {"values": [0.0, 1.0, 3.0]}
    assert found["opacity_vs_rsna_normal"] == {"values": [1.0, 3.0]}


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ((Outcome.LIKELY_NORMAL, 0.1), (Outcome.LIKELY_NORMAL, 0.3), True),
        ((Outcome.UNCERTAIN, 0.41), (Outcome.LIKELY_NORMAL, 0.35), True),
        ((Outcome.UNCERTAIN, 0.45), (Outcome.LIKELY_NORMAL, 0.3), False),
        ((Outcome.LIKELY_PNEUMONIA, 0.61), (Outcome.LIKELY_NORMAL, 0.59), False),
        ((Outcome.NOT_ANALYSED, None), (Outcome.NOT_ANALYSED, None), False),
    ],
)
def test_what_is_the_same_answer(
    first: tuple[Outcome, float | None], second: tuple[Outcome, float | None], same: bool
) -> None:
    def judged(outcome: Outcome, score: float | None) -> Judgement:
        return Judgement(outcome, None, score, POINT, Population.NOT_KNOWN, "m", 1, "0")

    assert is_same_answer(judged(*first), judged(*second)) is same
    assert is_same_answer(judged(*second), judged(*first)) is same
