"""What is displayed: modality LUT, VOI LUT, windows, polarity, padding, and odd bits. The formulas are DICOM PS3.3 C.11."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import dcmread, uid
from pydicom.dataset import Dataset

from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.dicom import read
from pneumo_desktop.imaging.dicom_display import Shown, show_grey
from pneumo_desktop.imaging.load import decode_here
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError, as_display
from tests import making

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def shown(pixels: npt.NDArray[Any] = RAMP, bits: int = 12, **elements: Any) -> Radiograph:
    data = making.written(making.dataset(pixels, bits, **elements))
    return decode_here(Entry(Path("x")), data, "")


def screen(pixels: npt.NDArray[Any] = RAMP, bits: int = 12, **elements: Any) -> npt.NDArray[np.int64]:
    return as_display(shown(pixels, bits, **elements)).astype(np.int64)


def linear(values: npt.NDArray[Any], centre: float, width: float) -> npt.NDArray[np.float64]:
    """C.11.2.1.2.1, to 0..255."""
    return np.clip(((values - (centre - 0.5)) / (width - 1) + 0.5) * 255.0, 0.0, 255.0)


@settings(max_examples=60, deadline=None)
@given(centre=st.integers(500, 3500), width=st.integers(400, 4000), slope=st.sampled_from([0.5, 1.0, 2.0]),
       intercept=st.sampled_from([-1024.0, 0.0, 100.5]))  # fmt: skip
def test_the_window_is_the_standards(centre: int, width: int, slope: float, intercept: float) -> None:
    at = centre * slope + intercept
    found = screen(WindowCenter=at, WindowWidth=width * slope, RescaleSlope=slope, RescaleIntercept=intercept)
    expected = linear(RAMP * slope + intercept, at, width * slope)
    assert np.abs(found - expected).max() <= 0.51


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_sixteen_signed_bits_in_either_byte_order(syntax: str) -> None:
    film = making.film(16)
    signed = (film.astype(np.int32) - 32768).astype(np.int16)
    radiograph = decode_here(Entry(Path("x")), making.written(making.dataset(signed, 16), syntax), "")
    np.testing.assert_array_equal(radiograph.pixels, film)


def test_linear_exact() -> None:
    found = screen(WindowCenter=2048, WindowWidth=1000, VOILUTFunction="LINEAR_EXACT")
    assert np.abs(found - np.clip(((RAMP - 2048.0) / 1000 + 0.5) * 255, 0, 255)).max() <= 0.51


def test_sigmoid() -> None:
    found = screen(WindowCenter=2048, WindowWidth=1200, VOILUTFunction="SIGMOID")
    assert np.abs(found - 255.0 / (1.0 + np.exp(-4.0 * (RAMP - 2048.0) / 1200))).max() <= 0.6


def test_a_falling_slope_is_a_negative() -> None:
    np.testing.assert_array_equal(screen(RescaleSlope=-1, RescaleIntercept=4095), 255 - screen())


def test_the_first_window_is_used_and_the_others_are_offered() -> None:
    radiograph = shown(
        WindowCenter=[2048, 1000], WindowWidth=[4096, 500], WindowCenterWidthExplanation=["WIDE", "BONE"]
    )
    assert [window.name for window in radiograph.windows] == ["WIDE", "BONE"]
    assert radiograph.window == radiograph.windows[0]


@pytest.mark.parametrize(("centre", "width"), [(0, 1), (-5000, 100), (2048, 0), (2048, -7), (1e30, 1e30)])
def test_a_window_that_shows_nothing_is_not_used_and_said_so(centre: float, width: float) -> None:
    radiograph = shown(WindowCenter=centre, WindowWidth=width)
    assert codes.WINDOW_IGNORED in radiograph.notes
    assert as_display(radiograph).std() > 50


def test_a_sigmoid_or_a_voi_lut_that_shows_nothing_is_not_used_either() -> None:
    flat = np.full(256, 4000)
    flat[-1] = 4095  # above every value of the film
    for curve in (
        {"WindowCenter": -9999, "WindowWidth": 100, "VOILUTFunction": "SIGMOID"},
        {"VOILUTSequence": [_lut(flat, 6000, 12)]},
    ):
        radiograph = shown(**curve)
        assert radiograph.notes == (codes.WINDOW_IGNORED,)
        np.testing.assert_array_equal(as_display(radiograph), as_display(shown()))


def test_monochrome1_and_its_twin_look_the_same() -> None:
    twin = shown(4095 - RAMP, PhotometricInterpretation="MONOCHROME1", WindowCenter=2048, WindowWidth=1000)
    plain = shown(WindowCenter=2048, WindowWidth=1000)
    assert np.abs(as_display(twin).astype(int) - as_display(plain)).max() <= 1
    assert as_display(twin)[-1, -1] == 255


def _lut(entries: npt.NDArray[Any], first: int, bits: int) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    item.add_new(0x00283006, "OW", entries.astype("<u2").tobytes())
    return item


def test_a_modality_lut_is_looked_up() -> None:
    found = shown(ModalityLUTSequence=[_lut(np.arange(4096)[::-1], 0, 12)])
    np.testing.assert_array_equal(found.pixels, 4095 - RAMP)


def test_a_voi_lut_is_looked_up_and_clamped_at_its_ends() -> None:
    table = np.round(np.linspace(0, 1, 1024) ** 0.7 * 4095)
    found = shown(VOILUTSequence=[_lut(table, 1000, 12)])
    expected = table[np.clip(RAMP.astype(int) - 1000, 0, 1023)]
    np.testing.assert_array_equal(found.pixels, expected)


def test_a_voi_lut_over_signed_values() -> None:
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    found = shown(signed, VOILUTSequence=[_lut(np.arange(4096), -2048, 12)])
    np.testing.assert_array_equal(found.pixels, RAMP)


@pytest.mark.parametrize("item", [Dataset(), _lut(np.zeros(1), 0, 12)])
def test_a_lut_without_its_parts_is_damaged_and_no_crash(item: Dataset) -> None:
    with pytest.raises(UnreadableImageError):
        shown(VOILUTSequence=[item])


def test_signed_values_keep_their_order() -> None:
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    np.testing.assert_array_equal(shown(signed).pixels, RAMP)
    np.testing.assert_array_equal(
        screen(signed, WindowCenter=0, WindowWidth=4096), screen(WindowCenter=2048, WindowWidth=4096)
    )


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_any_number_of_stored_bits(bits: int) -> None:
    pixels = making.film(bits)
    radiograph = shown(pixels, bits, WindowCenter=1 << (bits - 1), WindowWidth=1 << bits)
    np.testing.assert_array_equal(radiograph.pixels, pixels)
    assert np.abs(as_display(radiograph) - making.film(8).astype(int)).max() <= 1


def test_litter_above_the_stored_bits_is_cut_off() -> None:
    np.testing.assert_array_equal(shown(RAMP | 0xF000).pixels, RAMP)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEGLSLossless])
def test_values_that_need_more_bits_than_the_header_declares_are_told(syntax: str) -> None:
    """Some of the picture is lost or wraps: PS3.5 8.1.1 gives those bits no part in the value."""
    made = dcmread(io.BytesIO(making.written(making.dataset(making.film(12)), syntax)))
    made.BitsStored, made.HighBit = 10, 9
    stream = io.BytesIO()
    made.save_as(stream)
    assert codes.BITS_BEYOND in decode_here(Entry(Path("x")), stream.getvalue(), "").notes


def test_signs_overlays_and_padding_above_the_stored_bits_are_no_lost_values() -> None:
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    overlay = RAMP | np.where(np.eye(64), 0x2000, 0).astype(np.uint16)
    padded = RAMP.copy()
    padded[:20] = 0x8000
    inside = Dataset()
    inside.add_new(0x60000100, "US", 16)
    inside.add_new(0x60000102, "US", 13)
    made = making.dataset(overlay)
    made.update(inside)
    for radiograph in (
        shown(signed),
        shown(RAMP | 0xF000),
        shown(padded, PixelPaddingValue=0x8000),
        decode_here(Entry(Path("x")), making.written(made), ""),
    ):
        assert codes.BITS_BEYOND not in radiograph.notes
    assert codes.BITS_BEYOND in shown(overlay).notes


def test_looking_for_lost_values_takes_no_eight_bytes_a_value() -> None:
    signed = np.tile((RAMP.astype(np.int32) - 2048).astype(np.int16), (32, 32))
    header = making.dataset(signed)
    tracemalloc.start()
    show_grey(signed, header, 0, exact=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * signed.size


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless])
def test_a_high_bit_at_the_top(syntax: str) -> None:
    made = dcmread(io.BytesIO(making.written(making.dataset((RAMP << 4).astype(np.uint16), 16), syntax)))
    made.BitsStored = 12
    stream = io.BytesIO()
    made.save_as(stream)
    np.testing.assert_array_equal(decode_here(Entry(Path("x")), stream.getvalue(), "").pixels, RAMP)


def test_thirty_two_bits_are_brought_to_sixteen() -> None:
    wide = (RAMP.astype(np.uint32) * 65_537) + 5
    radiograph = shown(wide, 32, WindowCenter=float(wide.mean()), WindowWidth=float(np.ptp(wide)))
    assert radiograph.pixels.dtype == np.uint16
    assert np.corrcoef(radiograph.pixels.ravel(), RAMP.ravel())[0, 1] > 0.9999
    assert np.abs(as_display(radiograph).astype(int) - screen()).max() <= 2


def test_a_padding_collar_is_cut_off_and_said_so() -> None:
    collar = np.full((100, 90), 4095, np.uint16)
    collar[20:84, 10:74] = RAMP.clip(0, 4000)
    radiograph = shown(collar, PixelPaddingValue=4095)
    np.testing.assert_array_equal(radiograph.pixels, RAMP.clip(0, 4000))
    assert codes.PADDING_CUT in radiograph.notes


def test_padding_inside_the_picture_is_black_and_does_not_set_the_scale() -> None:
    pixels = RAMP.clip(100, 1000)
    pixels[30:34, 30:34] = 4095
    radiograph = shown(pixels, PixelPaddingValue=4095)
    assert as_display(radiograph)[31, 31] == 0
    assert as_display(radiograph)[-1, -1] == 255
    assert radiograph.pixels.shape == RAMP.shape
    ranged = shown(pixels, PixelPaddingValue=4000, PixelPaddingRangeLimit=4095)
    np.testing.assert_array_equal(ranged.pixels, radiograph.pixels)


def test_padding_everywhere_or_nowhere_changes_nothing() -> None:
    for value in (5000, 77):
        np.testing.assert_array_equal(shown(np.full((64, 64), 77, np.uint16), PixelPaddingValue=value).pixels, 77)


def test_negative_padding_of_signed_values() -> None:
    signed = (RAMP.astype(np.int32) - 2000).astype(np.int16)
    signed[:8] = -2048
    radiograph = shown(signed, 16, PixelPaddingValue=-2048)
    assert radiograph.pixels.shape == (56, 64)


def test_a_lossy_decoders_overshoot_is_clipped_not_wrapped() -> None:
    made = read(making.written(making.dataset(RAMP)))
    lossy = show_grey(RAMP.astype(np.int32) + 30, made, 0, exact=False)
    assert isinstance(lossy, Shown)
    assert int(lossy.pixels[-1, -1]) == 4095


def test_windows_of_an_enhanced_multiframe_are_found_frame_by_frame() -> None:
    frames = np.stack([RAMP, RAMP])
    groups = []
    for centre in (1000, 3000):
        window, group = Dataset(), Dataset()
        window.WindowCenter, window.WindowWidth = centre, 500
        group.FrameVOILUTSequence = [window]
        groups.append(group)
    data = making.written(making.dataset(frames, PerFrameFunctionalGroupsSequence=groups), uid.ExplicitVRLittleEndian)
    centres = [decode_here(Entry(Path("x"), frame=number), data, "").window.center for number in (0, 1)]
    assert centres == [999.5, 2999.5]
