"""From stored DICOM values to what is displayed: modality LUT, VOI LUT, window, polarity, padding.

``pixels`` keep the stored depth: a rescale slope and intercept move the window, not the pixels. What is not a
straight line (modality LUT, VOI LUT, SIGMOID) is folded into the pixels. MONOCHROME1 is turned round, so that
larger is always brighter. Where PresentationLUTShape contradicts PhotometricInterpretation, the latter holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.dicom_tags import functional, integer, number, numbers, sequence, text, texts
from pneumo_desktop.imaging.radiograph import UnreadableImageError, Window
from pneumo_desktop.imaging.raster import Pixels, full_window, rgb_to_grey

MIN_INSIDE = 0.02
"""A window that shows less than this share of the pixels between black and white is not used."""

MIN_SPREAD = 0.02
"""A window in which all pixels together fill less than this share is not used either."""

MANY_BEYOND = 0.001
"""From this share of the pixels on, values that the stored bits do not hold are told."""


@dataclass(frozen=True)
class Shown:
    """Pixels (H, W) uint8 or uint16 as MONOCHROME2, and how to look at them; as in ``Radiograph``."""

    pixels: Pixels
    window: Window
    windows: tuple[Window, ...]
    bits_stored: int
    colour: float = 0.0
    notes: tuple[str, ...] = ()


def show_colour(channels: npt.NDArray[Any]) -> Shown:
    """Make grey of an RGB frame (H, W, 3), uint8 or uint16."""
    if channels.ndim != 3 or channels.dtype not in (np.uint8, np.uint16):
        raise UnreadableImageError(codes.UNSUPPORTED_ENCODING, f"colour as {channels.dtype}")
    notes: list[str] = []
    pixels, colour = rgb_to_grey(np.ascontiguousarray(channels), notes)
    window, bits = full_window(pixels)
    return Shown(pixels, window, (window,), bits, colour, tuple(notes))


def show_grey(stored: npt.NDArray[Any], dataset: Dataset, frame: int, exact: bool) -> Shown:
    """Display one frame (H, W) of stored values.

    ``exact``: the values come as they stood in the file, so that bits above the stored ones are overlays or
    litter and are cut off; a lossy decoder's overshoot is clipped instead.
    """
    padding = _padding(stored, dataset)
    bits = min(integer(dataset, "BitsStored", 16), integer(dataset, "BitsAllocated", 16))
    signed = integer(dataset, "PixelRepresentation", 0) == 1
    notes: list[str] = []
    if bits < 1:
        raise UnreadableImageError(codes.DAMAGED, "no stored bits")
    if bits > 16:
        shifted, rescale = _squeeze(stored)
        bits, lowest = 16, 0
    else:
        stored = stored.astype(stored.dtype.newbyteorder("="), copy=False)
        high_bit = max(bits - 1, min(integer(dataset, "HighBit", bits - 1), stored.dtype.itemsize * 8 - 1))
        counts = stored if padding is None else stored[~padding]
        if _beyond(counts, bits, signed, high_bit, exact, dataset) > MANY_BEYOND:
            notes.append(codes.BITS_BEYOND)
        shifted = _unsigned(stored, bits, signed, high_bit, exact)
        rescale = (1.0, 0.0)
        lowest = -(1 << (bits - 1)) if signed else 0
    levels = (np.arange(1 << bits, dtype=np.float64) + lowest) * rescale[0] + rescale[1]

    transformation = functional(dataset, "PixelValueTransformationSequence", frame)
    values = _modality(levels, transformation, signed)
    voi = functional(dataset, "FrameVOILUTSequence", frame)
    centres, widths = numbers(voi, "WindowCenter"), numbers(voi, "WindowWidth")
    luts = sequence(voi, "VOILUTSequence")
    function = text(voi, "VOILUTFunction") or "LINEAR"
    rounding = np.round(values)

    curve: tuple[npt.NDArray[np.float64], int] | None = None
    if luts:
        data, first, top_bits = _lut(luts[0], bool(rounding.min() < 0))
        curve = data[np.clip(rounding - first, 0, len(data) - 1).astype(np.int64)], top_bits
    elif function == "SIGMOID" and centres and widths and widths[0] > 0:
        slope = np.clip(-4.0 * (values - centres[0]) / widths[0], -700.0, 700.0)
        curve = np.round(65535.0 / (1.0 + np.exp(slope))), 16
    if curve is not None and not _tells_apart(*curve, shifted if padding is None else shifted[~padding]):
        curve, centres = None, []
        notes.append(codes.WINDOW_IGNORED)

    windows: tuple[Window, ...]
    if curve is not None:
        shifted, bits = _apply(curve[0], shifted, curve[1])
        windows = (_full(bits),)
    else:
        straight = not sequence(transformation, "ModalityLUTSequence")
        if not straight:
            shifted, bits = _apply(rounding, shifted, max(1, int(rounding.max())).bit_length())
            first_value, step = 0.0, 1.0
        else:
            first_value, step = float(values[0]), float(values[-1] - values[0]) / max(1, len(values) - 1)
        if step < 0:
            shifted = _negative(shifted, bits)
            first_value, step = float(values[-1]), -step
        names = texts(voi, "WindowCenterWidthExplanation")
        windows = tuple(
            _window(centre, width, function, first_value, step, names[index] if index < len(names) else "")
            for index, (centre, width) in enumerate(zip(centres, widths, strict=False))
            if width >= 1 or (width > 0 and function == "LINEAR_EXACT")
        )
        if centres and not windows:
            notes.append(codes.WINDOW_IGNORED)

    if text(dataset, "PhotometricInterpretation") == "MONOCHROME1":
        shifted = _negative(shifted, bits)
        top = (1 << bits) - 1
        windows = tuple(Window(top - window.center, window.width, window.name) for window in windows)
    return _choose(shifted, padding, windows, bits, notes)


def _choose(
    pixels: Pixels,
    padding: npt.NDArray[np.bool_] | None,
    windows: tuple[Window, ...],
    bits: int,
    notes: list[str],
) -> Shown:
    """Pick the first window when it shows anything, the range of the values otherwise; the padding is cut off or blackened."""
    if padding is not None:
        pixels, padding = _without_margin(pixels, padding, notes)
    inside = pixels if padding is None else pixels[~padding]
    low, high = int(inside.min()), int(inside.max())
    if padding is not None:
        pixels[padding] = 0
    if windows and (low == high or _shows(inside, windows[0], low, high)):
        return Shown(pixels, windows[0], windows, bits, notes=tuple(notes))
    if windows:
        notes.append(codes.WINDOW_IGNORED)
    whole = _full(bits) if bits <= 8 or low == high else Window((low + high) / 2.0, float(high - low))
    return Shown(pixels, whole, (whole, *windows), bits, notes=tuple(notes))


def _without_margin(
    pixels: Pixels, padding: npt.NDArray[np.bool_], notes: list[str]
) -> tuple[Pixels, npt.NDArray[np.bool_]]:
    """Cut off the rows and columns at the border that hold padding only: they are no part of the picture.

    Squashed together with it they would change the shape of the chest that the network sees.
    """
    rows, columns = np.flatnonzero(~padding.all(axis=1)), np.flatnonzero(~padding.all(axis=0))
    inner = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if pixels[inner].shape != pixels.shape:
        notes.append(codes.PADDING_CUT)
    cut: Any = np.ascontiguousarray(pixels[inner])
    return cut, padding[inner]


def _shows(pixels: npt.NDArray[Any], window: Window, low: int, high: int) -> bool:
    """Tell whether a window shows a picture rather than one grey."""
    bottom, top = window.center - window.width / 2.0, window.center + window.width / 2.0
    if min(high, top) - max(low, bottom) < MIN_SPREAD * max(window.width, 1e-6):
        return False
    if bottom <= low and top >= high:
        return True
    within = np.count_nonzero((pixels > bottom) & (pixels < top))
    return bool(within >= MIN_INSIDE * pixels.size)


def _tells_apart(table: npt.NDArray[np.float64], bits: int, pixels: Pixels) -> bool:
    """Tell whether a curve shows a picture rather than one grey; of a picture of one value nothing is asked."""
    present = np.zeros(len(table), bool)
    present[pixels.reshape(-1)] = True
    values = table[present]
    return len(values) < 2 or bool(np.ptp(values) >= MIN_SPREAD * ((1 << bits) - 1))


def _unsigned(stored: npt.NDArray[Any], bits: int, signed: bool, high_bit: int, exact: bool) -> Pixels:
    """Return stored values as 0 .. 2**bits - 1; signed ones are moved up by half of that."""
    kind: Any = np.uint8 if bits <= 8 else np.uint16
    top, half = (1 << bits) - 1, 1 << (bits - 1)
    if not exact:
        lowest = -half if signed else 0
        return (np.clip(stored.astype(np.int32), lowest, lowest + top) - lowest).astype(kind)
    plain = (_raw(stored) >> (high_bit + 1 - bits)) & top
    return (plain ^ half if signed else plain).astype(kind)


def _raw(stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return stored.view(np.dtype(f"u{stored.dtype.itemsize}"))


def _beyond(stored: npt.NDArray[Any], bits: int, signed: bool, high_bit: int, exact: bool, dataset: Dataset) -> float:
    """Return the share of the values that need more than the stored bits; signs, overlays and the same litter everywhere need none."""
    if not exact:
        lowest = -(1 << (bits - 1)) if signed else 0
        return float(np.mean((stored < lowest) | (stored > lowest + (1 << bits) - 1)))
    above = _raw(stored) >> high_bit  # with the sign, or the highest bit
    width = stored.dtype.itemsize * 8 - high_bit
    kept = (1 << width) - 2
    for group in range(0x6000, 0x6020, 2):
        place = dataset.get((group, 0x0102))
        if place is not None and place.value and int(place.value) > high_bit:
            kept &= ~(1 << (int(place.value) - high_bit))
    litter = above & kept
    kind = above.dtype.type  # else numpy makes eight bytes of each value
    expected = np.where(above & 1, kind(kept), kind(0)) if signed else litter.flat[0]
    return float(np.mean((litter != expected) & (litter != litter.flat[0])))


def _squeeze(stored: npt.NDArray[Any]) -> tuple[Pixels, tuple[float, float]]:
    """Bring 32-bit values to 16 bits; returns them with the slope and intercept that lead back."""
    low, high = float(stored.min()), float(stored.max())
    step = max((high - low) / 65535.0, 1.0)
    return np.round((stored.astype(np.float64) - low) / step).astype(np.uint16), (step, low)


def _modality(levels: npt.NDArray[np.float64], item: Dataset, signed: bool) -> npt.NDArray[np.float64]:
    """Apply the modality LUT, or slope and intercept, to every level there can be."""
    luts = sequence(item, "ModalityLUTSequence")
    if luts:
        data, first, _ = _lut(luts[0], signed)
        return data[np.clip(levels - first, 0, len(data) - 1).astype(np.int64)]
    slope = number(item, "RescaleSlope", 1.0) or 1.0
    return levels * slope + number(item, "RescaleIntercept", 0.0)


def _lut(item: Dataset, signed: bool) -> tuple[npt.NDArray[np.float64], int, int]:
    """Read a LUT item: its entries as float64, the first value mapped, and the bits that its output fills."""
    descriptor = numbers(item, "LUTDescriptor")
    raw: Any = item.get("LUTData")
    if len(descriptor) != 3 or raw is None:
        raise UnreadableImageError(codes.DAMAGED, "LUT without descriptor or data")
    count, first = int(descriptor[0]) & 0xFFFF or 65536, int(descriptor[1])
    if isinstance(raw, bytes):
        order = "<" if item.is_little_endian is not False else ">"
        raw = np.frombuffer(raw, np.uint8 if len(raw) < 2 * count else np.dtype(order + "u2"))
    entries = np.atleast_1d(np.asarray(raw, dtype=np.float64))[:count]
    if entries.size < 2:
        raise UnreadableImageError(codes.DAMAGED, "LUT without entries")
    entries = np.where(entries < 0, entries + 65536.0, entries)
    if signed and first >= 32768:
        first -= 65536
    elif not signed and first < 0:
        first += 65536
    top = int(np.clip(entries.max(), 1, 65535))
    return np.clip(entries, 0.0, 65535.0), first, top.bit_length()


def _apply(table: npt.NDArray[np.float64], shifted: Pixels, bits: int) -> tuple[Pixels, int]:
    bits = min(16, max(8, bits))
    values = np.clip(table, 0, (1 << bits) - 1)
    return (values.astype(np.uint8) if bits == 8 else values.astype(np.uint16))[shifted], bits


def _window(centre: float, width: float, function: str, first: float, step: float, name: str) -> Window:
    """Bring a window from rescaled values to pixels; LINEAR is centred half a value lower and one narrower."""
    if function != "LINEAR_EXACT":
        centre, width = centre - 0.5, width - 1.0
    return Window((centre - first) / step, max(width / step, 1e-3), name)


def _full(bits: int) -> Window:
    top = (1 << bits) - 1
    return Window(top / 2.0, float(top))


def _negative(pixels: Pixels, bits: int) -> Pixels:
    return pixels.dtype.type((1 << bits) - 1) - pixels


def _padding(stored: npt.NDArray[Any], dataset: Dataset) -> npt.NDArray[np.bool_] | None:
    """Return where the padding is (H, W), None where there is none or nothing else."""
    value = number(dataset, "PixelPaddingValue", float("nan"))
    if value != value:
        return None
    limit = number(dataset, "PixelPaddingRangeLimit", value)
    values = [value, limit]
    if integer(dataset, "PixelRepresentation", 0) == 1:
        values = [v - 65536 if v >= 32768 and stored.dtype.itemsize == 2 else v for v in values]
    else:
        values = [v + 65536 if v < 0 else v for v in values]
    mask: npt.NDArray[np.bool_] = (stored >= min(values)) & (stored <= max(values))
    return mask if mask.any() and not mask.all() else None
