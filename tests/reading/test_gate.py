"""What the gate refuses once its answer is there."""

from __future__ import annotations

import numpy as np
import pytest

from pneumo_desktop.reading.gate import KINDS, Gate, GateAnswer
from pneumo_desktop.reading.outcome import Reason

LIMIT = 0.2
"""A frontal chest is asked for with a probability of 0.8."""


def plain_gate() -> Gate:
    return Gate(
        {
            "gate_mean": np.zeros(1, np.float32), "gate_basis": np.ones((1, 1), np.float32),
            "gate_scale": np.ones(1, np.float32), "gate_centres": np.zeros((1, 1), np.float32),
            "gate_kind_weights": np.zeros((1, len(KINDS)), np.float32),
            "gate_kind_bias": np.zeros(len(KINDS), np.float32), "gate_limits": np.array([1.0, LIMIT], np.float32),
        }
    )  # fmt: skip


def refused(distance: float = 0.5, one_film: float = 1.0, **probabilities: float) -> Reason | None:
    shares = {kind: probabilities.get(kind, 0.0) for kind in KINDS}
    assert sum(shares.values()) == pytest.approx(1.0)
    kind = max(shares, key=lambda name: shares[name])
    refusal = plain_gate().refusal(GateAnswer(kind, shares, distance, one_film))
    return refusal.reason if refusal else None


def test_an_unusual_film_that_looks_a_little_like_a_photo_or_a_negative_is_read() -> None:
    assert refused(chest=0.5, photo_of_film=0.3, inverted=0.1, not_chest=0.1) is None


def test_doubt_about_what_it_shows_or_how_it_stands_is_not() -> None:
    assert refused(chest=0.7, not_chest=0.3) is Reason.NOT_CHEST_FRONTAL
    assert refused(chest=0.7, turned_90=0.2, turned_270=0.1) is Reason.NOT_CHEST_FRONTAL
    assert refused(chest=0.6, photo_of_film=0.15, not_chest=0.25) is Reason.NOT_CHEST_FRONTAL


def test_a_photo_is_refused_as_one_and_a_negative_that_no_repair_helped_too() -> None:
    assert refused(photo_of_film=0.5, chest=0.45, not_chest=0.05) is Reason.PHOTO_OF_FILM
    assert refused(inverted=0.6, chest=0.4) is Reason.NOT_CHEST_FRONTAL


def test_what_lies_far_from_all_that_was_learnt_is_refused_whatever_its_kind() -> None:
    assert refused(distance=1.01, chest=1.0) is Reason.NOT_CHEST_FRONTAL
    assert refused(distance=0.99, chest=1.0) is None


def test_several_films_in_one_picture_are_refused_although_they_show_a_chest() -> None:
    assert refused(one_film=0.01, chest=1.0) is None
    assert refused(one_film=-0.01, chest=1.0) is Reason.NOT_CHEST_FRONTAL


def test_a_package_that_has_not_learnt_what_one_film_is_refuses_none_for_it() -> None:
    gate = plain_gate()
    assert gate.answer(np.zeros(1, np.float32)).one_film == np.inf
