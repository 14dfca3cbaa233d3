"""Where the lungs are, and films whose surroundings tell nothing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.training.augment import Augmentation, augment
from pneumo_desktop.training.lungs import lung_mask, with_other_surroundings

SIZE = 256
FILM = cv2.resize(chest(3, False), (SIZE, SIZE), interpolation=cv2.INTER_AREA)
LUNG = (int(0.45 * SIZE), int(0.28 * SIZE))
"""A place (row, column) in the middle of a lung of the generated film."""


def test_both_lungs_are_found_and_nothing_else() -> None:
    mask = lung_mask(FILM)
    assert mask.shape == (SIZE, SIZE)
    assert 0.1 < mask.mean() < 0.4
    assert mask[LUNG] and mask[LUNG[0], SIZE - LUNG[1]]
    edge = np.ones_like(mask)
    edge[8:-8, 8:-8] = False
    assert not mask[edge].any()


def test_a_lung_that_is_white_is_looked_for_where_the_other_one_is() -> None:
    half_white = FILM.copy()
    half_white[:, SIZE // 2 :] = 200
    mask = lung_mask(half_white)
    assert mask[LUNG] and mask[LUNG[0], SIZE - LUNG[1]]


@pytest.mark.parametrize("donor", [None, np.full((60, 80), 255, np.uint8)])
def test_the_lungs_stay_and_what_is_around_them_goes(donor: np.ndarray | None) -> None:
    marked = cv2.putText(FILM.copy(), "R", (8, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3)
    inner = cv2.erode(lung_mask(FILM).astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    marker = marked != FILM
    for seed in range(6):
        other = with_other_surroundings(marked, donor, np.random.default_rng(seed))
        plain = with_other_surroundings(FILM, donor, np.random.default_rng(seed))
        assert other.shape == FILM.shape and other.dtype == np.uint8
        assert np.abs(other[inner].astype(int) - FILM[inner]).mean() < 1.0
        seen = np.abs(other[marker].astype(int) - plain[marker]).mean()
        assert seen < 0.35 * np.abs(marked[marker].astype(int) - FILM[marker]).mean()


def test_a_film_without_lungs_stays_as_it_is() -> None:
    blank = np.full((100, 120), 90, np.uint8)
    np.testing.assert_array_equal(with_other_surroundings(blank, None, np.random.default_rng(0)), blank)


def test_without_the_strength_nothing_else_is_drawn() -> None:
    """A run of a recipe that leaves the surroundings alone gives the same pictures as before there was the strength."""
    strength = Augmentation(surroundings=1e-9)
    plain = augment(FILM, 96, Augmentation(surroundings=0.0), np.random.default_rng(4))
    drawn = augment(FILM, 96, strength, np.random.default_rng(4))
    rng = np.random.default_rng(4)
    rng.random()
    np.testing.assert_array_equal(drawn, augment(FILM, 96, Augmentation(surroundings=0.0), rng))
    assert not np.array_equal(plain, drawn)
