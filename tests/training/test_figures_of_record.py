"""The figures of the bundled model's card: verdicts at an operating point, pairs of one view and file size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop.reading.outcome import OperatingPoint
from pneumo_desktop.training.corpus import REPORT, Sample
from pneumo_desktop.training.figures_of_record import at_operating_point, matched_auc

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
    for name in ("sensitivity", "specificity", "accuracy", "band_share", "error_outside_band"):
        assert 0 <= figures[name]["low"] < figures[name]["value"] < figures[name]["high"] <= 1


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
