"""Fixed changes for measuring: what other scanners, exports and cameras do to the same film.

Unlike ``augment`` each is one named change of known strength, the same for every image of a seed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pneumo_desktop.opencv import cv2

Picture = npt.NDArray[np.uint8]
Change = Callable[[Picture, np.random.Generator], Picture]


def jpeg(picture: Picture, rng: np.random.Generator) -> Picture:
    """Re-encode at quality 40 to 95."""
    _, encoded = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))))
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def rescale(picture: Picture, rng: np.random.Generator) -> Picture:
    """Shrink to 60-90 % and grow back with other kernels."""
    height, width = picture.shape
    factor = float(rng.uniform(0.6, 0.9))
    kernels = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_AREA)
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=int(rng.choice(kernels)))
    return cv2.resize(small, (width, height), interpolation=int(rng.choice(kernels[:3])))


def rotate(picture: Picture, rng: np.random.Generator) -> Picture:
    """Turn by up to 6 degrees."""
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-6, 6)), 1.0)
    return cv2.warpAffine(picture, matrix, (width, height))


def crop(picture: Picture, rng: np.random.Generator) -> Picture:
    """Cut off up to 6 % at each side."""
    height, width = picture.shape
    top, bottom = (rng.uniform(0, 0.06, 2) * height).astype(int)
    left, right = (rng.uniform(0, 0.06, 2) * width).astype(int)
    return np.ascontiguousarray(picture[top : height - bottom, left : width - right])


def blur(picture: Picture, rng: np.random.Generator) -> Picture:
    """Gaussian blur, sigma 0.5 to 1.2 pixels."""
    return cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 1.2)))


def brighten(picture: Picture, rng: np.random.Generator) -> Picture:
    """Gamma 0.75 to 1.35 and an offset of up to 15 grey levels."""
    levels = np.arange(256, dtype=np.float64) / 255.0
    levels = levels ** float(rng.uniform(0.75, 1.35)) * 255.0 + float(rng.uniform(-15, 15))
    return cv2.LUT(picture, np.clip(levels, 0, 255).astype(np.uint8))


def border(picture: Picture, rng: np.random.Generator) -> Picture:
    """A black border of 2 to 5 %."""
    edge = int(min(picture.shape) * rng.uniform(0.02, 0.05))
    return cv2.copyMakeBorder(picture, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=0)


def side_marker(picture: Picture, rng: np.random.Generator) -> Picture:
    """A white side marker in an upper corner."""
    height, width = picture.shape
    place = (int(width * rng.choice([0.05, 0.85])), int(height * rng.uniform(0.08, 0.2)))
    letter = str(rng.choice(["L", "R"]))
    return cv2.putText(picture.copy(), letter, place, cv2.FONT_HERSHEY_SIMPLEX, width / 300, 255, 2)


def border_and_text(picture: Picture, rng: np.random.Generator) -> Picture:
    """A black border of 2 to 5 % and a white side marker."""
    return side_marker(border(picture, rng), rng)


CHANGES: dict[str, Change] = {
    "jpeg": jpeg,
    "rescale": rescale,
    "rotate": rotate,
    "crop": crop,
    "blur": blur,
    "brighten": brighten,
    "border_and_text": border_and_text,
}


def perturbed(picture: Picture, change: str, seed: int) -> Picture:
    """Return ``picture`` (H, W) uint8 after the named change; the same seed gives the same bytes."""
    return CHANGES[change](picture, np.random.default_rng((seed, list(CHANGES).index(change))))


def photograph_film(picture: Picture, rng: np.random.Generator) -> Picture:
    """Imitate a phone's photo of a film: perspective, surroundings, uneven light, glare, noise, soft focus."""
    side = 256
    film = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    margin = rng.uniform(0.03, 0.22, (4, 2)) * side
    source = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    target = (source + signs * margin).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    background = np.full((side, side), float(rng.choice([20, 60, 110, 170, 225, 245])), np.float32)
    background += cv2.GaussianBlur(rng.standard_normal((side, side)).astype(np.float32) * 60, (0, 0), 9)
    mask = cv2.warpPerspective(np.ones((side, side), np.float32), matrix, (side, side))
    scene = cv2.warpPerspective(film.astype(np.float32), matrix, (side, side)) * mask + background * (1 - mask)
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side
    light = 1.0 + rng.uniform(-0.4, 0.4) * (rows - 0.5) + rng.uniform(-0.4, 0.4) * (columns - 0.5)
    scene = scene * light.astype(np.float32) * float(rng.uniform(0.7, 1.1)) + float(rng.uniform(0, 40))
    for _glare in range(int(rng.integers(0, 4))):
        centre = rng.uniform(0.1, 0.9, 2)
        spread = rng.uniform(0.03, 0.15)
        spot = np.exp(-(((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2) / (2 * spread**2)))
        scene += (spot * rng.uniform(40, 180)).astype(np.float32)
    scene = cv2.GaussianBlur(scene, (0, 0), float(rng.uniform(0.4, 1.4)))
    scene += rng.standard_normal(scene.shape).astype(np.float32) * float(rng.uniform(1, 8))
    return np.clip(scene, 0, 255).astype(np.uint8)
