"""RLE Lossless that keeps to the size promised."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid

from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.load import decode_here
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError
from pneumo_desktop.imaging.rle import _unpack
from tests import making


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=16, max_size=16 * 24), st.sampled_from([np.uint8, np.uint16]))
def test_what_another_encoder_packs_is_unpacked(values: bytes, kind: type) -> None:
    pixels = np.frombuffer(values[: len(values) // 16 * 16], kind).reshape(-1, 8)
    data = making.written(making.dataset(pixels, 8 * pixels.itemsize), uid.RLELossless)
    np.testing.assert_array_equal(decode_here(Entry(Path("x")), data, "").pixels, pixels)


def test_colour_planes() -> None:
    rng = np.random.default_rng(3)
    rgb = np.repeat(rng.integers(0, 256, (20, 24, 1), dtype=np.uint8), 3, axis=2)
    data = making.written(making.dataset(rgb, 8), uid.RLELossless)
    np.testing.assert_array_equal(decode_here(Entry(Path("x")), data, "").pixels, rgb[:, :, 0])


@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_segment_ends_at_the_length_or_in_an_error(segment: bytes, length: int) -> None:
    with contextlib.suppress(ValueError):
        assert len(_unpack(segment, length)) == length


def test_two_bytes_do_not_become_gigabytes() -> None:
    assert _unpack(b"\x81\x07" * 1_000_000, 200) == b"\x07" * 200


@pytest.mark.parametrize(
    "stream",
    [
        b"", b"\0" * 64, struct.pack("<16L", 2, 64, *[0] * 14), struct.pack("<16L", 99, *[64] * 15),
        struct.pack("<16L", 2, 2**31, 2**31, *[0] * 13) + b"\0" * 64, struct.pack("<16L", 2, 64, 64, *[0] * 13) + b"\x80" * 64,
    ],
)  # fmt: skip
def test_damaged_streams_are_refused(stream: bytes) -> None:
    made = making.dataset(making.film(size=(32, 32)))
    with pytest.raises(UnreadableImageError) as caught:
        decode_here(Entry(Path("x")), making.encapsulated(made, stream or b"\0\0", uid.RLELossless), "")
    assert caught.value.code in (codes.DAMAGED, codes.TRUNCATED)
