"""A generated, chest-like picture: no patient's. NumPy only and deterministic, for reference scores and tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float64]


def _ellipse(x: Plane, y: Plane, centre: tuple[float, float], radii: tuple[float, float], soft: float) -> Plane:
    """Return 1 inside an ellipse and 0 outside, with a soft edge."""
    distance = np.sqrt(((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2)
    return 1.0 / (1.0 + np.exp(np.clip((distance - 1.0) / soft, -50, 50)))


def chest(seed: int, pneumonia: bool, size: tuple[int, int] = (512, 512)) -> npt.NDArray[np.uint8]:
    """Return (H, W) uint8: thorax, dark lungs, ribs, heart, diaphragm; an opacity in one lung with ``pneumonia``."""
    rng = np.random.default_rng(seed)
    height, width = size
    rows, columns = np.mgrid[0:height, 0:width]
    x, y = columns / width * 2 - 1, rows / height * 2 - 1
    picture = 0.05 + 0.62 * _ellipse(x, y, (0.0, 0.15), (0.88, 1.15), 0.05)
    lungs = _ellipse(x, y, (-0.42, -0.05), (0.30, 0.62), 0.05) + _ellipse(x, y, (0.42, -0.05), (0.28, 0.60), 0.05)
    lungs *= 1.0 / (1.0 + np.exp((y - 0.42 - 0.12 * np.cos(x * 5)) * 30))
    picture -= 0.42 * np.clip(lungs, 0, 1)
    for rib in range(8):
        middle = -0.62 + rib * 0.15 + rng.normal(0, 0.008)
        curve = middle + 0.22 * np.abs(x) ** 1.6
        inside = np.clip(lungs, 0.15, 1) * (np.abs(x) > 0.1)
        picture += 0.09 * np.exp(-(((y - curve) / 0.022) ** 2)) * inside
    spine = np.exp(-((x / 0.08) ** 2)) * 0.16
    heart = _ellipse(x, y, (0.12 + rng.normal(0, 0.01), 0.2), (0.30, 0.34), 0.06) * 0.33
    picture += spine + heart
    if pneumonia:
        side = -0.42 if rng.random() < 0.5 else 0.45
        centre = (side + rng.normal(0, 0.03), 0.12 + rng.normal(0, 0.05))
        picture += 0.3 * _ellipse(x, y, centre, (0.2, 0.22), 0.25) * np.clip(lungs, 0.3, 1)
    picture += rng.normal(0, 0.012, picture.shape)
    return (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
