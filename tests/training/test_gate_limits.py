"""The gate's limits: how far out a film may lie."""

from __future__ import annotations

import numpy as np

from pneumo_desktop.reading.gate import KINDS
from pneumo_desktop.training.fit_gate import WIDEST, with_limits


def plain_gate() -> dict[str, np.ndarray]:
    """A gate of two features round one centre that takes everything for a chest film."""
    bias = np.array([9.0 if kind == "chest" else 0.0 for kind in KINDS], np.float32)
    return {
        "gate_mean": np.zeros(2, np.float32), "gate_basis": np.eye(2, dtype=np.float32),
        "gate_scale": np.ones(2, np.float32), "gate_centres": np.zeros((1, 2), np.float32),
        "gate_kind_weights": np.zeros((2, len(KINDS)), np.float32), "gate_kind_bias": bias,
        "gate_limits": np.array([1.0, 0.5], np.float32),
    }  # fmt: skip


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
