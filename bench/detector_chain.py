"""What another X-ray room would have made of the same film: beam, scatter, grid, detector, film curve, processing, shutters.

For measuring what the bundled model reads on the unseen. Nothing here is drawn by ``training.augment``, borrowed by
``training.look`` or measured by ``training.perturb``: those change sharpness alike in every direction and place, leave the
lowest frequencies (up to four cycles a picture) alone, map grey levels by gamma, straight lines and other films' histograms, and
add white noise that does not know the signal. A room differs from another in what depends on place, direction and exposure.

A picture is taken for the logarithm of the exposure, ``DECADES`` from air (black) to the densest shadow (white), and goes through:

1. *heel*: the beam is weaker towards the anode; at a short distance or a steep anode by a third and more from edge to edge
   (Bushberg et al., The Essential Physics of Medical Imaging, 2012; Behiels et al., Medical Image Analysis 6, 2002).
2. *scatter*: a veil, the exposure blurred with a kernel of 15 to 30 % of the width. Behind the mediastinum nine tenths of the
   radiation are scattered without a grid, and half of the contrast is lost even with one of 12:1 (Niklason, Sorenson and
   Nelson, Medical Physics 8, 1981). A negative share is the software that takes the veil out.
3. *lag*: an exponential tail along one axis: a storage phosphor afterglows along the laser's line (Rowlands, Physics in Medicine and
   Biology 47, 2002), and a child that is not held still moves along one axis.
4. *glare*: light that spreads in the phosphor, some pixels far (6.5 % in a computed-radiography system: Fujita et al., SPIE 1090, 1989;
   older screens more): mid-range contrast falls, edges stay.
5. *grid*: the lines of a grid that stands still.
6. *quanta*: noise of counted quanta, so that the densest places are the noisiest, correlated by the detector. Few quanta a pixel
   are those of a viewer that leaves out pixels to make the small copy.
7. *film curve*: density is a sigmoid of log exposure with toe and shoulder (Hurter and Driffield, 1890; Sprawls, Physical Principles of
   Medical Imaging, "Film contrast characteristics"). ``gradient`` is its slope in the middle, 1 that of the picture; it is
   not stretched to black and white afterwards: fog and under-exposure stay. ``speed`` moves the middle.
8. *detail*: multi-scale processing: what is finer than 4 to 12 pixels (of 224) is multiplied (Vuylsteke and Schoeters, MUSICA,
   SPIE 2167, 1994), and what is coarser is compressed (``latitude``).
9. *shutters*: the collimator's edges, never quite parallel to the film's, left unexposed (white) or blacked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float32]

DECADES = 1.5
SIDE = 224
"""Lengths in pixels are those of a picture so wide."""

PENUMBRA = 1.0
"""Pixels over which a shutter's shadow falls: the focus is no point."""


class Range(NamedTuple):
    """Least and largest value of one part of a chain."""

    low: float
    high: float


@dataclass(frozen=True)
class Room:
    """From where each film's own chain is drawn, uniformly.

    heel: fall of the exposure from edge to edge, share of its largest. scatter: share of the exposure (negative: taken out).
    lag, glare radius: pixels of 224. glare: share. grid: amplitude, share of the exposure. quanta: a pixel in air.
    gradient: slope of the film curve. speed: shift of its middle, share of ``DECADES``. detail: what is added of the
    fine structure (times itself). latitude: what is left of the coarse one. shutters: how far they reach in, share of the
    side. black_shutters: blacked out instead of unexposed.
    """

    heel: Range
    scatter: Range
    lag: Range
    glare: Range
    grid: Range
    quanta: Range
    gradient: Range
    speed: Range
    detail: Range
    latitude: Range
    shutters: Range
    black_shutters: bool


SOFT = Room(
    heel=Range(0.2, 0.5), scatter=Range(0.05, 0.2), lag=Range(0.5, 1.5), glare=Range(0.1, 0.3), grid=Range(0.0, 0.0),
    quanta=Range(20000, 80000), gradient=Range(0.8, 1.2), speed=Range(-0.1, 0.1), detail=Range(0.0, 0.0),
    latitude=Range(1.0, 1.0), shutters=Range(0.0, 0.05), black_shutters=False,
)  # fmt: skip
"""A bedside cassette: no grid, much scatter, slow phosphor, film of wide latitude, edges unexposed. Looks as ill children's files do."""

HARD = Room(
    heel=Range(0.2, 0.5), scatter=Range(-0.03, 0.0), lag=Range(0.0, 0.0), glare=Range(0.0, 0.0), grid=Range(0.003, 0.015),
    quanta=Range(2000, 8000), gradient=Range(1.2, 1.8), speed=Range(-0.1, 0.1), detail=Range(0.2, 0.8),
    latitude=Range(0.75, 1.0), shutters=Range(0.0, 0.05), black_shutters=True,
)  # fmt: skip
"""A bucky stand: grid, multi-scale processing, a steep curve, few quanta, edges blacked out. Looks as normal children's files do."""


def _drawn(room: Room, rng: np.random.Generator) -> dict[str, float]:
    return {
        field.name: float(rng.uniform(*getattr(room, field.name)))
        for field in fields(room)
        if field.name != "black_shutters"
    }


def _blurred(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)


def _veil(exposure: Plane, sigma: float) -> Plane:
    """Return ``exposure`` blurred very widely, at a quarter of its size."""
    height, width = exposure.shape
    small = cv2.resize(exposure, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(_blurred(small, sigma / 4), (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )


def _across(shape: tuple[int, int], angle: float) -> Plane:
    """Return the place (H, W) along a direction, 0 at one end of the picture and 1 at the other."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    place = rows / shape[0] * np.cos(angle) + columns / shape[1] * np.sin(angle)
    return np.asarray((place - place.min()) / (place.max() - place.min()), np.float32)


def _tail(exposure: Plane, length: float, along_rows: bool) -> Plane:
    """Return the exposure with an exponential tail of ``length`` pixels along one axis."""
    if length < 0.05:
        return exposure
    steps = np.arange(int(np.ceil(6 * length)) + 1)
    weights = np.exp(-steps / length).astype(np.float32)
    kernel = np.concatenate((np.zeros(len(steps) - 1, np.float32), weights / weights.sum()))[None, ::-1]
    return np.asarray(
        cv2.filter2D(exposure, -1, kernel.T if along_rows else kernel, borderType=cv2.BORDER_REFLECT), np.float32
    )


def _field(shape: tuple[int, int], reach: float, penumbra: float, rng: np.random.Generator) -> Plane:
    """Return 1 in a quadrilateral whose corners are up to ``reach`` of the side within the picture's, 0 outside."""
    height, width = shape
    inset = rng.uniform(0.0, reach, (4, 2)) * (width, height)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) + inset * [
        [1, 1],
        [-1, 1],
        [-1, -1],
        [1, -1],
    ]
    field = np.zeros(shape, np.float32)
    cv2.fillConvexPoly(field, np.rint(corners).astype(np.int32), 1.0)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), penumbra), np.float32)


def through_room(picture: Picture, room: Room, strength: float, rng: np.random.Generator) -> Picture:
    """Return ``picture`` (H, W) uint8 as ``room`` would have made it, (H, W) uint8.

    ``strength`` 0 to 1: how far each part of the chain is from doing nothing.
    """
    drawn = _drawn(room, rng)
    width = picture.shape[1]
    scale = width / SIDE
    level = picture.astype(np.float32) / np.float32(255)

    exposure = np.power(np.float32(10), -DECADES * level)
    angle = float(rng.choice([0.0, np.pi])) + float(rng.normal(0.0, 0.15))
    exposure = exposure * (1 - np.float32(strength * drawn["heel"]) * _across(picture.shape, angle))
    share = np.float32(strength * drawn["scatter"])
    veil = _veil(exposure, float(rng.uniform(0.15, 0.30)) * width)
    exposure = np.maximum((1 - abs(share)) * exposure + share * veil, np.float32(0.4) * exposure)
    exposure = _tail(exposure, strength * drawn["lag"] * scale, bool(rng.random() < 0.5))
    glare = np.float32(strength * drawn["glare"])
    exposure = (1 - glare) * exposure + glare * _blurred(exposure, float(rng.uniform(4.0, 12.0)) * scale)
    lines = _across(picture.shape, np.pi / 2 + float(rng.normal(0.0, 0.05))) * np.float32(width)
    period = float(rng.uniform(2.5, 6.0))
    exposure = exposure * (1 + np.float32(strength * drawn["grid"]) * np.sin(2 * np.pi / period * lines))
    noise = _blurred(rng.standard_normal(picture.shape, dtype=np.float32), float(rng.uniform(0.5, 0.9)))
    exposure = exposure + np.float32(strength) * noise / noise.std() * np.sqrt(exposure / np.float32(drawn["quanta"]))
    logarithm = -np.log10(np.maximum(exposure, np.float32(1e-3))) / np.float32(DECADES)
    level = logarithm + (level.mean() - logarithm.mean())

    slope = 4 * drawn["gradient"]
    curved = 1 / (1 + np.exp(-slope * (level - 0.5 - drawn["speed"])))
    level = np.asarray((1 - strength) * level + strength * curved, np.float32)

    coarse = _blurred(level, float(rng.uniform(4.0, 12.0)) * scale)
    middle = coarse.mean()
    left = 1 - strength * (1 - drawn["latitude"])
    level = middle + left * (coarse - middle) + (1 + strength * drawn["detail"]) * (level - coarse)

    field = _field(picture.shape, strength * drawn["shutters"], PENUMBRA * scale, rng)
    level = field * level + (1 - field) * np.float32(0.0 if room.black_shutters else 0.95)
    return np.clip(np.rint(level * 255), 0, 255).astype(np.uint8)


TRIALS: dict[str, tuple[Room, Room] | None] = {
    "with the shortcut": (HARD, SOFT),
    "label-blind": None,
    "against the shortcut": (SOFT, HARD),
}
"""The rooms of normal and of pneumonia films; None: a coin for each film."""


def in_other_rooms(
    pictures: Sequence[Picture], labels: Sequence[int], trial: str, strength: float, seed: int
) -> list[Picture]:
    """Return each picture (H, W) uint8 as the room of its label in ``TRIALS`` would have made it.

    The same seed gives the same bytes, and a film's draws are the same in every trial.
    """
    rooms = TRIALS[trial]
    changed = []
    for place, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        rng = np.random.default_rng((seed, place))
        coin = int(rng.random() < 0.5)
        room = rooms[label] if rooms is not None else (SOFT, HARD)[coin]
        changed.append(through_room(picture, room, strength, rng))
    return changed
