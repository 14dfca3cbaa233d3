"""Other X-ray rooms change a film's look against its label, and not what is on it."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import cv2
import numpy as np
import pytest

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.training.traits import look_of

from .conftest import bench_module

LAPLACIAN = 2


@pytest.fixture(scope="module")
def chain() -> Iterator[ModuleType]:
    with bench_module("detector_chain") as module:
        yield module


def _films(each: int) -> tuple[list[np.ndarray], list[int]]:
    """Return generated films whose normals are the sharper ones, as those of Guangzhou are."""
    labels = [0] * each + [1] * each
    pictures = [squash(chest(seed, bool(label)), 224) for seed, label in enumerate(labels)]
    soft = [
        cv2.GaussianBlur(picture, (0, 0), 0.6) if label else picture
        for picture, label in zip(pictures, labels, strict=True)
    ]
    return soft, labels


def _detail(pictures: list[np.ndarray], labels: list[int]) -> float:
    return auc(labels, [look_of(picture)[LAPLACIAN] for picture in pictures])


@pytest.mark.parametrize("room", ["SOFT", "HARD"])
def test_a_room_gives_a_film_of_the_same_kind_and_the_same_seed_the_same_film(chain: ModuleType, room: str) -> None:
    picture = squash(chest(1, True), 150)[:, :131]
    first, again = (chain.through_room(picture, getattr(chain, room), 0.7, np.random.default_rng(3)) for _ in range(2))
    assert first.dtype == np.uint8 and first.shape == (150, 131)
    np.testing.assert_array_equal(first, again)
    other = chain.through_room(picture, getattr(chain, room), 0.7, np.random.default_rng(4))
    assert np.abs(first.astype(int) - other).mean() > 2
    inner = (slice(15, -15), slice(15, -15))
    assert np.corrcoef(first[inner].ravel(), picture[inner].ravel())[0, 1] > 0.85


@pytest.mark.parametrize("room", ["SOFT", "HARD"])
def test_no_strength_is_no_change(chain: ModuleType, room: str) -> None:
    picture = squash(chest(2, False), 224)
    changed = chain.through_room(picture, getattr(chain, room), 0.0, np.random.default_rng(0))
    assert np.abs(changed.astype(int) - picture).max() <= 1


def test_the_heel_lies_where_a_borrowed_look_changes_nothing(chain: ModuleType) -> None:
    flat = np.full((224, 224), 128, np.uint8)
    changed = chain.through_room(flat, chain.SOFT, 1.0, np.random.default_rng(0))[20:-20, 20:-20].astype(float)
    rows, columns = changed.mean(axis=1), changed.mean(axis=0)
    assert abs(rows[0] - rows[-1]) > 10 and abs(rows[0] - rows[-1]) > 2 * abs(columns[0] - columns[-1])


def test_noise_is_largest_where_the_fewest_quanta_arrive(chain: ModuleType) -> None:
    halves = np.repeat(np.array([[20, 220]], np.uint8), 112, axis=1).repeat(224, axis=0)
    changed = chain.through_room(halves, chain.HARD, 1.0, np.random.default_rng(1)).astype(np.float32)
    rough = np.abs(changed - cv2.GaussianBlur(changed, (0, 0), 2.0))
    assert rough[40:-40, 150:200].mean() > 2 * rough[40:-40, 24:74].mean()


def test_the_trials_leave_turn_and_hide_the_shortcut(chain: ModuleType) -> None:
    pictures, labels = _films(12)
    areas = {trial: _detail(chain.in_other_rooms(pictures, labels, trial, 0.7, 7), labels) for trial in chain.TRIALS}
    assert _detail(pictures, labels) < 0.2
    assert areas["with the shortcut"] < 0.1 < areas["label-blind"] < 0.5 < 0.9 < areas["against the shortcut"]
