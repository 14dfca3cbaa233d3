"""The look of another film: its sharpness and its grey levels, without its content.

In the training data the look tells the class: one class was stored sharper, smaller and darker than the other. A film
that has borrowed the look of any other film, of whichever class and hospital, no longer carries that shortcut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.training.corpus import Sample

Picture = npt.NDArray[np.uint8]

_SHAPE_CYCLES = 4
"""Up to so many cycles a picture the amplitudes are the shape of the chest itself, and are left alone."""

_LARGEST_GAIN = 4.0


@lru_cache(maxsize=4)
def _rings(size: int) -> npt.NDArray[np.int64]:
    """Return the frequency ring (cycles a picture, rounded) of each place of ``rfft2``, (S, S // 2 + 1)."""
    rows = np.fft.fftfreq(size, 1 / size)
    columns = np.arange(size // 2 + 1)
    return np.rint(np.hypot(rows[:, None], columns)).astype(np.int64)


def _profile(
    spectrum: npt.NDArray[np.complexfloating[Any, Any]], rings: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return the root mean square amplitude of each ring."""
    power = np.bincount(rings.ravel(), weights=(np.abs(spectrum) ** 2).ravel())
    return np.sqrt(power / np.bincount(rings.ravel())) + 1e-3


def borrow_sharpness(picture: Picture, donor: Picture, share: float) -> Picture:
    """Return ``picture`` (S, S) uint8 with the radial amplitude spectrum moved towards the one of ``donor`` (S, S).

    ``share``: 0 leaves it, 1 takes the donor's amplitudes ring by ring; the phases, that is the content, stay.
    """
    rings = _rings(picture.shape[0])
    own = np.fft.rfft2(picture.astype(np.float32))
    gains = _profile(np.fft.rfft2(donor.astype(np.float32)), rings) / _profile(own, rings)
    gains = np.clip(gains, 1 / _LARGEST_GAIN, _LARGEST_GAIN) ** share
    gains[: _SHAPE_CYCLES + 1] = 1.0
    changed = np.fft.irfft2(own * gains[rings], picture.shape)
    return np.clip(np.rint(changed), 0, 255).astype(np.uint8)


def borrow_levels(picture: Picture, donor: Picture, share: float) -> Picture:
    """Return ``picture`` uint8 with its histogram moved towards the one of ``donor`` by ``share`` (0 to 1)."""
    own = np.cumsum(np.bincount(picture.ravel(), minlength=256)) / picture.size
    theirs = np.cumsum(np.bincount(donor.ravel(), minlength=256)) / donor.size
    target = np.interp(own, theirs, np.arange(256))
    table = (1.0 - share) * np.arange(256) + share * target
    return np.rint(table).astype(np.uint8)[picture]


def in_looks_of(
    samples: Sequence[Sample], donors: Mapping[int, Sequence[Sample]], size: int, seed: int = 3
) -> list[Picture]:
    """Return each picture as (size, size) uint8 with half the look of a random one of ``donors`` for its label."""
    rng = np.random.default_rng(seed)
    pictures = []
    for sample in samples:
        pool = donors[sample.label]
        look = squash(pool[int(rng.integers(len(pool)))].picture, size)
        pictures.append(borrow_levels(borrow_sharpness(squash(sample.picture, size), look, 0.5), look, 0.5))
    return pictures


def other_look(samples: Sequence[Sample], size: int) -> list[Picture]:
    """Return each picture as (size, size) uint8 with half the look of a film of the other class.

    A validation that does not share the data's shortcut: where sharpness and grey levels told the class they now
    tell the opposite.
    """
    return in_looks_of(samples, {label: [s for s in samples if s.label != label] for label in (0, 1)}, size)
