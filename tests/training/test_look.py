"""A film that borrows another one's look keeps its content."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.training.corpus import REPORT, Sample
from pneumo_desktop.training.look import borrow_levels, borrow_sharpness, other_look


@pytest.fixture
def picture() -> np.ndarray:
    return squash(chest(1, False), 128)


def _detail(picture: np.ndarray) -> float:
    return float(np.abs(cv2.Laplacian(picture, cv2.CV_32F)).mean())


def test_its_own_look_changes_nothing(picture: np.ndarray) -> None:
    assert np.abs(borrow_sharpness(picture, picture, 1.0).astype(int) - picture).max() <= 1
    np.testing.assert_array_equal(borrow_levels(picture, cv2.blur(picture, (5, 5)), 0.0), picture)


def test_sharpness_follows_the_donor_and_the_content_stays(picture: np.ndarray) -> None:
    soft = cv2.GaussianBlur(picture, (0, 0), 2.0)
    borrowed = borrow_sharpness(picture, soft, 1.0)
    assert _detail(soft) < _detail(borrowed) < 0.9 * _detail(picture)
    assert np.corrcoef(borrowed.ravel(), picture.ravel())[0, 1] > 0.97


def test_levels_follow_the_donor_in_order(picture: np.ndarray) -> None:
    dark = (squash(chest(2, True), 128) // 3).astype(np.uint8)
    borrowed = borrow_levels(picture, dark, 1.0)
    assert abs(float(borrowed.mean()) - float(dark.mean())) < 6
    order = np.argsort(picture.ravel(), kind="stable")
    assert (np.diff(borrowed.ravel()[order].astype(int)) >= 0).all()


def test_the_other_look_is_of_the_other_class(picture: np.ndarray) -> None:
    shades = {0: picture // 3, 1: 255 - (255 - picture) // 3}
    samples = [Sample(shades[i % 2], i % 2, "kermany", str(i), REPORT, 1.0, Path()) for i in range(4)]
    looks = other_look(samples, 128)
    for sample, look in zip(samples, looks, strict=True):
        change = float(look.mean()) - float(sample.picture.mean())
        assert change > 20 if sample.label == 0 else change < -20
