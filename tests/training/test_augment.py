"""Augmentation keeps the shape and the type, and is the same for the same seed."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pneumo_desktop.gui.training.augmentation import scaled
from pneumo_desktop.training.augment import Augmentation, augment
from pneumo_desktop.training.job import augmentation_of
from pneumo_desktop.training.perturb import CHANGES, perturbed, photograph_film


@pytest.fixture
def picture() -> np.ndarray:
    rows, columns = np.mgrid[0:200, 0:240]
    return ((np.sin(rows / 9) + np.cos(columns / 13) + 2) * 60).astype(np.uint8)


def test_augment_is_seeded_and_keeps_the_size(picture: np.ndarray) -> None:
    for seed in range(40):
        first = augment(picture, 96, Augmentation(), np.random.default_rng(seed))
        again = augment(picture, 96, Augmentation(), np.random.default_rng(seed))
        assert first.shape == (96, 96) and first.dtype == np.uint8
        np.testing.assert_array_equal(first, again)


def test_augment_changes_the_picture(picture: np.ndarray) -> None:
    variants = {augment(picture, 96, Augmentation(), np.random.default_rng(seed)).tobytes() for seed in range(10)}
    assert len(variants) == 10


@pytest.mark.parametrize("change", list(CHANGES))
def test_a_perturbation_is_small_and_repeatable(picture: np.ndarray, change: str) -> None:
    changed = perturbed(picture, change, 7)
    np.testing.assert_array_equal(changed, perturbed(picture, change, 7))
    assert changed.dtype == np.uint8
    assert all(0.85 < new / old < 1.15 for new, old in zip(changed.shape, picture.shape, strict=True))
    assert not np.array_equal(changed, picture)


def test_a_photographed_film_is_a_picture(picture: np.ndarray) -> None:
    photo = photograph_film(picture, np.random.default_rng(1))
    assert photo.dtype == np.uint8 and photo.shape == (256, 256) and photo.std() > 5


def test_a_calm_end_changes_less(picture: np.ndarray) -> None:
    def moved(strength: Augmentation) -> float:
        variants = [augment(picture, 96, strength, np.random.default_rng(seed)) for seed in range(30)]
        plain = cv2.resize(picture, (96, 96), interpolation=cv2.INTER_AREA).astype(float)
        return float(np.mean([np.abs(variant - plain).mean() for variant in variants]))

    full = Augmentation(flip=0.0)
    assert moved(full.calmed()) < 0.8 * moved(full)
    assert full.calmed().borrow == full.borrow
    assert full.calmed().sharpen == full.sharpen


def _film(size: int) -> np.ndarray:
    """A film of noise: every change shows."""
    return np.random.default_rng(8).integers(0, 256, (size, size), np.uint8)


def test_none_changes_nothing() -> None:
    film, none = _film(96), Augmentation(**scaled(0.0))
    for seed in range(60):
        changed = augment(film, 96, none, np.random.default_rng(seed), donor=film[::-1])
        np.testing.assert_array_equal(changed, film)


def test_one_strength_alone_changes_what_it_says() -> None:
    film, none = _film(96), Augmentation(**scaled(0.0))
    for seed in range(20):
        # the axis of the mirror lies half a pixel beside the middle
        mirrored = augment(film, 96, replace(none, flip=1.0), np.random.default_rng(seed))
        np.testing.assert_array_equal(mirrored[:, 1:], film[:, ::-1][:, :-1])
        sharper = augment(film, 96, replace(none, sharpen=1.0), np.random.default_rng(seed))
        assert sharper.std() > film.std()


def test_settings_from_before_there_was_sharpening_are_read_as_they_trained() -> None:
    old = {name: value for name, value in scaled(0.0).items() if name != "sharpen"}
    assert augmentation_of(old) == replace(Augmentation(**scaled(0.0)), sharpen=0.15)
