"""Generated pictures that are no chest films, for the gate of a network that was trained at the clinic.

The clinic has chest films only; the gate also has to have seen something else. NumPy and OpenCV, from a seed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pneumo_desktop.opencv import cv2

Picture = npt.NDArray[np.uint8]


def _smooth(rng: np.random.Generator, size: int) -> Picture:
    cells = int(rng.integers(2, 12))
    coarse = rng.integers(0, 256, (cells, cells), dtype=np.uint8)
    return cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)


def _noise(rng: np.random.Generator, size: int) -> Picture:
    return np.clip(rng.normal(rng.uniform(40, 210), rng.uniform(10, 70), (size, size)), 0, 255).astype(np.uint8)


def _page(rng: np.random.Generator, size: int) -> Picture:
    """A page of text, or a screen."""
    dark = rng.random() < 0.4
    page = np.full((size, size), 20 if dark else 240, np.uint8)
    for line in range(int(rng.integers(4, 16))):
        words = "".join(chr(int(c)) for c in rng.integers(65, 122, int(rng.integers(8, 30))))
        place = (int(rng.integers(0, size // 4)), int((line + 1) * size / 17))
        cv2.putText(page, words, place, cv2.FONT_HERSHEY_SIMPLEX, float(rng.uniform(0.25, 0.6)), 230 if dark else 15, 1)
    return page


def _shapes(rng: np.random.Generator, size: int) -> Picture:
    picture = _smooth(rng, size) // int(rng.integers(1, 4))
    for _ in range(int(rng.integers(1, 9))):
        centre = tuple(int(c) for c in rng.integers(0, size, 2))
        axes = tuple(int(c) for c in rng.integers(size // 12, size // 2, 2))
        colour, width = int(rng.integers(0, 256)), int(rng.choice([-1, 1, 3]))
        cv2.ellipse(picture, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, width)
    return picture


def _limb(rng: np.random.Generator, size: int) -> Picture:
    """One or more bright shafts in a softer band, as bones of a limb."""
    columns = np.arange(size, dtype=np.float64) / size
    bands = np.zeros(size)
    for _ in range(int(rng.integers(1, 6))):
        middle, width = rng.uniform(0.2, 0.8), rng.uniform(0.01, 0.06)
        bands += 0.35 * np.exp(-(((columns - middle) / (4 * width)) ** 2))
        bands += 0.6 * np.exp(-(((columns - middle) / width) ** 2))
    picture = np.tile(np.clip(bands * rng.uniform(120, 255), 0, 255), (size, 1)).astype(np.uint8)
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), float(rng.uniform(-60, 60)), 1.0)
    return cv2.warpAffine(picture, matrix, (size, size))


def _shuffled(rng: np.random.Generator, size: int, film: Picture) -> Picture:
    """A chest film cut into tiles that change places."""
    side = size // int(rng.integers(3, 7))
    film = cv2.resize(film, (size, size), interpolation=cv2.INTER_AREA)
    tiles = [
        film[r : r + side, c : c + side]
        for r in range(0, size - side + 1, side)
        for c in range(0, size - side + 1, side)
    ]
    count = int(np.sqrt(len(tiles)))
    order = rng.permutation(len(tiles))
    rows = [np.hstack([tiles[order[r * count + c]] for c in range(count)]) for r in range(count)]
    return cv2.resize(np.vstack(rows), (size, size), interpolation=cv2.INTER_LINEAR)


def _corner(rng: np.random.Generator, size: int, film: Picture) -> Picture:
    """A small corner of a chest film, enlarged."""
    side = max(8, int(min(film.shape) * rng.uniform(0.12, 0.3)))
    top, left = (int(rng.choice([0, edge - side])) for edge in film.shape)
    return cv2.resize(film[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_CUBIC)


def wrong_pictures(films: Sequence[Picture], count: int, size: int, seed: int) -> list[Picture]:
    """Return ``count`` pictures (size, size) uint8 that are no chest films; ``films`` are cut up for some of them."""
    rng = np.random.default_rng((seed, 977))
    plain = (_smooth, _noise, _page, _shapes, _limb)
    pictures = []
    for number in range(count):
        kind = number % (len(plain) + 2)
        if kind < len(plain):
            pictures.append(plain[kind](rng, size))
        else:
            film = np.asarray(films[int(rng.integers(len(films)))])
            pictures.append((_shuffled if kind == len(plain) else _corner)(rng, size, film))
    return pictures
