"""The one preprocessing: size, range, averages kept, and what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(16, 900), width=st.integers(16, 900), size=st.sampled_from([64, 192]), level=st.integers(0, 255)
)
def test_an_even_picture_stays_even(height: int, width: int, size: int, level: int) -> None:
    out = squash(np.full((height, width), level, np.uint8), size)
    assert out.shape == (size, size)
    assert out.dtype == np.uint8
    assert np.abs(out.astype(int) - level).max() <= 1


@pytest.mark.parametrize("size", [(1024, 1024), (1500, 1201), (700, 1400), (250, 1000)])
def test_brightness_is_kept_when_shrinking(size: tuple[int, int]) -> None:
    picture = chest(1, True, size)
    assert squash(picture, 192).mean() == pytest.approx(picture.mean(), abs=1.0)


def test_a_large_and_a_small_copy_come_out_alike() -> None:
    large = chest(3, False, (1536, 1536))
    small = squash(large, 224)
    assert np.abs(squash(large, 192).astype(int) - squash(small, 192)).mean() < 2.0


def test_the_right_size_is_left_alone() -> None:
    picture = chest(2, True, (192, 192))
    np.testing.assert_array_equal(squash(picture, 192), picture)
