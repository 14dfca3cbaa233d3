"""Windows, turning and inverting: what must hold for any picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pneumo_desktop.imaging.load import invert, turn
from pneumo_desktop.imaging.prepare import prepare
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError, Window, as_display
from pneumo_desktop.imaging.thumbnail import thumbnail

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24)
PIXELS = st.one_of(arrays.arrays(np.uint8, SHAPES), arrays.arrays(np.uint16, SHAPES))
WINDOWS = st.builds(Window, st.floats(-1e6, 1e6), st.floats(0, 1e6))


def of(pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16], window: Window | None = None) -> Radiograph:
    bits = pixels.dtype.itemsize * 8
    top = (1 << bits) - 1
    return Radiograph(
        entry=Entry(Path("x.png")), pixels=pixels, window=window or Window(top / 2, float(top)), sha256="", format="PNG",
        bits_stored=bits, spacing_mm=(0.1, 0.2),
    )  # fmt: skip


@given(PIXELS, WINDOWS)
def test_a_window_is_the_formula(pixels: npt.NDArray[np.uint16], window: Window) -> None:
    found = as_display(of(pixels), window).astype(float)
    width = max(window.width, 1e-6)
    expected = np.clip((pixels.astype(float) - (window.center - window.width / 2)) / width * 255, 0, 255)
    assert np.abs(found - expected).max() <= 0.51


@given(PIXELS, WINDOWS)
def test_a_window_never_turns_darker_into_brighter(pixels: npt.NDArray[np.uint16], window: Window) -> None:
    order = np.argsort(pixels.ravel(), kind="stable")
    assert (np.diff(as_display(of(pixels), window).ravel()[order].astype(int)) >= 0).all()


@given(PIXELS)
def test_the_full_window_of_eight_bits_is_the_picture(pixels: npt.NDArray[np.uint8]) -> None:
    shown = as_display(of(pixels))
    expected = pixels if pixels.dtype == np.uint8 else np.round(pixels / 257.0)
    assert np.abs(shown.astype(int) - expected).max() <= 1


@given(PIXELS, st.sampled_from([-270, -180, -90, 0, 90, 180, 270, 360, 450]), st.sampled_from([0, 90, 180, 270]))
def test_turns_add_up(pixels: npt.NDArray[np.uint16], first: int, second: int) -> None:
    twice = turn(turn(of(pixels), first), second)
    once = turn(of(pixels), first + second)
    np.testing.assert_array_equal(twice.pixels, once.pixels)
    assert twice.spacing_mm == once.spacing_mm
    np.testing.assert_array_equal(once.pixels, np.rot90(pixels, -((first + second) // 90)))


@given(PIXELS)
def test_a_whole_turn_and_two_negatives_are_the_original(pixels: npt.NDArray[np.uint16]) -> None:
    original = of(pixels)
    for back in (turn(turn(original, 90), 270), turn(original, 360), invert(invert(original))):
        np.testing.assert_array_equal(back.pixels, pixels)
        assert (back.window, back.spacing_mm, back.pixels.dtype) == (original.window, original.spacing_mm, pixels.dtype)


@given(PIXELS, WINDOWS)
def test_a_negative_looks_like_one(pixels: npt.NDArray[np.uint16], window: Window) -> None:
    shown, negative = as_display(of(pixels, window)), as_display(invert(of(pixels, window)))
    if window.width > 1e-3:  # at a step the middle may fall on either side
        assert np.abs(negative.astype(int) - (255 - shown.astype(int))).max() <= 1


def test_other_angles_are_refused() -> None:
    with pytest.raises(ValueError, match="45"):
        turn(of(np.zeros((4, 4), np.uint8)), 45)


@settings(max_examples=40, deadline=None)
@given(PIXELS, st.sampled_from([16, 64]))
def test_the_networks_input_is_a_square_of_zero_to_one(pixels: npt.NDArray[np.uint16], size: int) -> None:
    made = prepare(of(pixels), size)
    assert (made.shape, made.dtype) == ((size, size), np.float32)
    assert 0.0 <= made.min() <= made.max() <= 1.0


@given(PIXELS, st.integers(1, 64))
def test_a_thumbnail_keeps_the_aspect(pixels: npt.NDArray[np.uint16], side: int) -> None:
    small = thumbnail(of(pixels), side)
    assert max(small.shape) == side
    assert min(small.shape) == max(1, round(side * min(pixels.shape) / max(pixels.shape)))


def test_names_on_the_worklist() -> None:
    assert Entry(Path("/a/b.dcm")).display_name() == "b.dcm"
    assert Entry(Path("/a/cd.zip"), "dir/b.dcm").display_name() == "cd.zip/dir/b.dcm"
    assert Entry(Path("/a/b.tif"), frame=2).display_name() == "b.tif #3"
    assert of(np.zeros((4, 4), np.uint8)).modality is None
    assert str(UnreadableImageError("empty")) == "empty"
    assert str(UnreadableImageError("io", "5")) == "io: 5"


def test_names_for_files_to_be_written() -> None:
    assert Entry(Path("a/film 03.05.dcm")).stem() == "film 03.05"
    assert Entry(Path("cd.zip"), "ward/Ana.jpeg").stem() == "Ana"
    assert Entry(Path("lang.tif"), frame=1).stem() == "lang-2"
    assert Entry(Path("cd.zip"), 'Röntgen: "x" <1>?.png').stem() == "Röntgen_ _x_ _1__"
