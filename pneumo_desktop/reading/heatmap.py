"""The evidence map made visible: a colour map that is perceptually even and safe for colour-blind readers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FULL_SCALE_LOGIT = 10.0
"""Evidence, in logits, that is drawn in the strongest colour; the same for every image, so that maps compare."""

FAINTEST = 0.05
"""Below this part of the full scale a colour is nearly black and covers less than a quarter of the film under it."""

_INFERNO = (
    (0, 0, 4), (31, 12, 72), (85, 15, 109), (136, 34, 106), (186, 54, 85), (227, 89, 51), (249, 140, 10),
    (249, 201, 50), (252, 255, 164),
)  # fmt: skip
"""Nine anchors of inferno (S. van der Walt, N. Smith 2015, CC0)."""


def _table() -> npt.NDArray[np.uint8]:
    anchors = np.array(_INFERNO, dtype=np.float64)
    places = np.linspace(0, 255, len(anchors))
    levels = np.arange(256)
    return np.stack([np.interp(levels, places, anchors[:, c]) for c in range(3)], axis=1).round().astype(np.uint8)


COLOUR_MAP: npt.NDArray[np.uint8] = _table()
"""(256, 3) uint8 RGB; lightness grows evenly from the first to the last."""


def strength(heat_map: npt.NDArray[np.float32], height: int, width: int) -> npt.NDArray[np.float32]:
    """Return evidence for pneumonia, (height, width) float32 in 0..1, smoothly enlarged; evidence against it is 0."""
    positive = np.clip(heat_map / np.float32(FULL_SCALE_LOGIT), 0.0, 1.0).astype(np.float32)
    from pneumo_desktop.opencv import cv2  # not at start-up: the window is shown before the first picture needs it

    grown = cv2.resize(positive, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(grown, 0.0, 1.0)


def is_empty(heat_map: npt.NDArray[np.float32]) -> bool:
    """Return whether nothing in the map speaks for pneumonia strongly enough to be seen in colour."""
    return float(heat_map.max(initial=0.0)) < FAINTEST * FULL_SCALE_LOGIT


def overlay(display: npt.NDArray[np.uint8], heat_map: npt.NDArray[np.float32], opacity: float) -> npt.NDArray[np.uint8]:
    """Lay the map over ``display`` (H, W) uint8 and return (H, W, 3) uint8 RGB. ``opacity`` in 0..1."""
    height, width = display.shape
    amount = strength(heat_map, height, width)
    colour = COLOUR_MAP[(amount * 255).astype(np.uint8)].astype(np.float32)
    alpha = (np.sqrt(amount) * np.float32(opacity))[..., None]
    grey = display[..., None].astype(np.float32)
    return (grey * (1 - alpha) + colour * alpha).round().astype(np.uint8)


def legend(length: int) -> npt.NDArray[np.uint8]:
    """Return the colours from strong (top) to none (bottom), (length, 1, 3) uint8 RGB."""
    return COLOUR_MAP[np.linspace(255, 0, length).astype(np.uint8)][:, None, :]
