"""The gate's limits, how far out a film may lie, and what it may learn from."""

from __future__ import annotations

import numpy as np
import pytest

from pneumo_desktop.reading.gate import KINDS, Gate
from pneumo_desktop.training.fit_gate import (
    PIECES,
    WIDEST,
    halved,
    may_be_fitted,
    passing_as_one_film,
    pieces_of,
    with_limits,
    with_one_film,
)


def plain_gate() -> dict[str, np.ndarray]:
    """A gate of two features round one centre that takes everything for a chest film."""
    bias = np.array([9.0 if kind == "chest" else 0.0 for kind in KINDS], np.float32)
    return {
        "gate_mean": np.zeros(2, np.float32), "gate_basis": np.eye(2, dtype=np.float32),
        "gate_scale": np.ones(2, np.float32), "gate_centres": np.zeros((1, 2), np.float32),
        "gate_kind_weights": np.zeros((2, len(KINDS)), np.float32), "gate_kind_bias": bias,
        "gate_limits": np.array([1.0, 0.5], np.float32),
    }  # fmt: skip


def gate_by_degrees() -> dict[str, np.ndarray]:
    """Along its second feature this gate takes a picture for a chest film by degrees, or else for no upright one."""
    weights = np.zeros((2, len(KINDS)), np.float32)
    weights[1, KINDS.index("chest")] = 1.0
    bias = np.array([-99.0 if kind in ("inverted", "photo_of_film") else 0.0 for kind in KINDS], np.float32)
    return plain_gate() | {"gate_kind_weights": weights, "gate_kind_bias": bias}


def like_a_chest(share: float) -> list[np.ndarray]:
    """Fifty pictures that ``gate_by_degrees`` takes for a chest film with this probability; four kinds share the rest."""
    return [np.array([0.0, np.log(share / (1 - share) * 4)], np.float32)] * 50


def at(radius: float, count: int = 50) -> list[np.ndarray]:
    return [np.array([radius, 0.0], np.float32)] * count


def limit(**more: object) -> float:
    return float(with_limits(plain_gate(), [*at(1.0), *at(2.0)], **more)["gate_limits"][0])  # type: ignore[arg-type]


def test_the_limit_suits_the_source_that_lies_furthest_out() -> None:
    assert limit() == limit(sources=["near"] * 50 + ["far"] * 50) == 2.0


def test_it_is_let_out_only_as_far_as_wrong_images_stay_refused() -> None:
    np.testing.assert_allclose(limit(wrong=at(9.0)), WIDEST * 2.0, rtol=1e-6)
    assert 2.0 < limit(wrong=at(2.35)) < 2.35
    assert limit(wrong=at(1.5)) == 2.0


def test_less_of_a_chest_is_asked_for_only_as_far_as_wrong_images_stay_refused() -> None:
    gate = gate_by_degrees()

    def floor(wrong: list[np.ndarray]) -> float:
        return 1 - float(with_limits(gate, like_a_chest(0.99), wrong=wrong)["gate_limits"][1])

    assert floor(like_a_chest(0.95)) == pytest.approx(0.9)
    assert floor(like_a_chest(0.77)) == pytest.approx(0.8)
    assert floor(like_a_chest(0.72)) == pytest.approx(0.75)
    assert floor(like_a_chest(0.05)) == pytest.approx(0.1)


def test_lateral_films_count_by_themselves_however_few_they_are() -> None:
    gate, many, one = gate_by_degrees(), like_a_chest(0.05), like_a_chest(0.77)[:1]
    plain = with_limits(gate, like_a_chest(0.99), wrong=[*many, *one], wrong_kinds=["photo"] * 51)
    lateral = with_limits(
        gate, like_a_chest(0.99), wrong=[*many, *one], wrong_kinds=["photo"] * 50 + ["xray_chest_lateral"]
    )
    assert 1 - float(plain["gate_limits"][1]) == pytest.approx(0.1)
    assert 1 - float(lateral["gate_limits"][1]) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("licence", "may"),
    [
        ("CC BY 4.0", True), ("CC0", True), ("NASA, not copyrighted (package copyright file)", True), ("MIT", True),
        ("CC BY-SA 4.0", False), ("CC BY 4.0 / CC BY-SA 3.0-4.0 (package copyright file)", False),
        ("CC BY-NC-SA", False), ("GPL-2+", False), ("UNCERTAIN: stated CC BY 4.0", False),
    ],
)  # fmt: skip
def test_only_free_and_certain_pictures_are_learnt_from(licence: str, may: bool) -> None:
    assert may_be_fitted(licence) is may


def test_a_source_is_in_one_part_and_the_parts_are_of_a_size() -> None:
    sources = ["large"] * 50 + ["middle"] * 30 + ["small"] * 15 + ["tiny"] * 4
    placed = halved(sources)
    assert placed == {"large": "choose", "middle": "report", "small": "report", "tiny": "report"}
    assert halved(list(reversed(sources))) == placed


def test_pieces_are_two_films_in_one_picture_or_half_of_one() -> None:
    films = [np.full((40, 30), 50, np.uint8), np.full((40, 30), 200, np.uint8)]
    pieces = pieces_of(films, 8, seed=1)
    assert [name for name, _ in pieces] == [*PIECES, *PIECES]
    shapes = {name: picture.shape for name, picture in pieces}
    assert shapes == {
        "side_by_side": (40, 60), "above_each_other": (80, 30), "left_or_right_half": (40, 15), "upper_or_lower_half": (20, 30),
    }  # fmt: skip
    uneven = pieces_of([np.zeros((40, 30), np.uint8), np.zeros((10, 20), np.uint8)], 40, seed=1)
    assert {picture.shape for name, picture in uneven if name == "side_by_side"} == {
        (40, 60),
        (40, 110),
        (10, 28),
        (10, 40),
    }


def test_what_was_learnt_of_pieces_refuses_them_and_lets_whole_films_pass() -> None:
    rng = np.random.default_rng(3)
    whole, pieces = (rng.normal((middle, 0.0), 1.0, (400, 2)).astype(np.float32) for middle in (3.0, -3.0))
    gate = Gate(with_one_film(plain_gate(), whole, pieces, list(whole)))
    assert np.mean([gate.answer(one).one_film >= 0 for one in whole]) >= 0.995
    assert np.mean([gate.answer(one).one_film < 0 for one in pieces]) > 0.97
    strict = with_one_film(plain_gate(), whole, pieces, list(whole))
    suited = Gate(passing_as_one_film(strict, list(pieces), 0.98))
    assert 0.98 <= np.mean([suited.answer(one).one_film >= 0 for one in pieces]) < 1.0
    assert passing_as_one_film(strict, list(whole), 0.98)["gate_one_film"][-1] == strict["gate_one_film"][-1]
    assert "gate_one_film" not in passing_as_one_film(plain_gate(), list(pieces), 0.98), "it was never learnt"
    # Where the films that were held out look like pieces, these let them pass all the same.
    shy = Gate(with_one_film(plain_gate(), whole, pieces, list(pieces)))
    assert np.mean([shy.answer(one).one_film >= 0 for one in pieces]) >= 0.99
