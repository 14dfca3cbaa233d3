"""Random changes that must not change the answer. OpenCV on 8-bit grey pictures.

Besides geometry and brightness they attack the shortcut of the data: files of one class were stored sharper
and larger than the other's, so blur, resampling, noise and re-encoding are drawn for every class alike, and a film
borrows the sharpness and the grey levels of another one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.opencv import cv2
from pneumo_desktop.training.look import borrow_levels, borrow_sharpness
from pneumo_desktop.training.lungs import with_other_surroundings

_KERNELS = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_NEAREST)


@dataclass(frozen=True)
class Augmentation:
    """Strengths, each the largest change (or the chance) of one kind; 0 switches it off.

    ``crop_area`` is the smallest share of the picture that a crop keeps; 1 switches it off.
    """

    crop_area: float = 0.45
    aspect: float = 0.20
    rotation_degrees: float = 12.0
    flip: float = 0.5
    gamma: float = 0.4
    contrast: float = 0.3
    brightness: float = 0.12
    blur: float = 0.35
    resample: float = 0.5
    noise: float = 0.35
    jpeg: float = 0.5
    equalise: float = 0.15
    cut_out: float = 0.3
    border: float = 0.1
    borrow: float = 0.5
    surroundings: float = 0.0
    sharpen: float = 0.15

    def calmed(self) -> Augmentation:
        """Return half of every strength but the borrowed look and the sharpening, for the end of a training.

        The sharpening stays whole since the bundled model was trained so: its recipe gives the same films bit for bit.
        What the network meets in the clinic is changed less than what it learns from; without a calm end its logits
        are those of the strongly changed films (Touvron et al., NeurIPS 2019, on the same effect of crops).
        """
        halved = {name: value / 2 for name, value in asdict(self).items()}
        return Augmentation(
            **{
                **halved, "crop_area": (1.0 + self.crop_area) / 2, "flip": self.flip, "borrow": self.borrow,
                "sharpen": self.sharpen,
            }
        )  # fmt: skip


def _crop_and_rotate(
    picture: npt.NDArray[np.uint8], size: int, strength: Augmentation, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    height, width = picture.shape
    area = rng.uniform(strength.crop_area, 1.0)
    aspect = float(np.exp(rng.uniform(-1.0, 1.0) * np.log1p(strength.aspect)))
    crop_w = min(1.0, np.sqrt(area * aspect)) * width
    crop_h = min(1.0, np.sqrt(area / aspect)) * height
    # A chest film is cropped a little off its middle, never to a corner alone.
    centre_x = width / 2 + rng.uniform(-0.5, 0.5) * (width - crop_w)
    centre_y = height / 2 + rng.uniform(-0.5, 0.5) * (height - crop_h)
    angle = np.deg2rad(rng.uniform(-1.0, 1.0) * strength.rotation_degrees)
    mirror = -1.0 if rng.random() < strength.flip else 1.0
    scale_x, scale_y = crop_w / size, crop_h / size
    cos, sin = np.cos(angle), np.sin(angle)
    # Maps output to input (WARP_INVERSE_MAP); shrinking more than twofold never happens at these sizes.
    matrix = np.array([[cos * scale_x * mirror, -sin * scale_y, 0.0], [sin * scale_x * mirror, cos * scale_y, 0.0]])
    matrix[:, 2] = np.array([centre_x, centre_y]) - matrix[:, :2] @ np.array([size / 2, size / 2])
    if max(scale_x, scale_y) > 1.0:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.35 * max(scale_x, scale_y))
    return cv2.warpAffine(
        picture, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT
    )


def _grey_levels(
    picture: npt.NDArray[np.uint8], strength: Augmentation, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    levels = np.arange(256, dtype=np.float32) / 255.0
    levels = levels ** np.float32(np.exp(rng.uniform(-1.0, 1.0) * strength.gamma))
    contrast = np.exp(rng.uniform(-1.0, 1.0) * strength.contrast)
    levels = (levels - 0.5) * contrast + 0.5 + rng.uniform(-1.0, 1.0) * strength.brightness
    table = np.clip(levels * 255.0, 0, 255).astype(np.uint8)
    return cv2.LUT(picture, table)


def _resample(picture: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    size = picture.shape[0]
    small = int(size * rng.uniform(0.45, 1.0))
    down, up = rng.choice(_KERNELS[:4]), rng.choice(_KERNELS[1:4])
    return cv2.resize(cv2.resize(picture, (small, small), interpolation=int(down)), (size, size), interpolation=int(up))


def augment(
    picture: npt.NDArray[np.uint8],
    size: int,
    strength: Augmentation,
    rng: np.random.Generator,
    donor: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Return one random variant of ``picture`` (H, W) uint8 as (size, size) uint8.

    ``donor`` (H', W') uint8: another film, whose look, or what is around its lungs, may be borrowed.
    """
    if strength.surroundings and rng.random() < strength.surroundings:
        picture = with_other_surroundings(picture, donor, rng)
    if rng.random() < strength.resample * 0.5:
        shrink = rng.uniform(0.5, 1.0)
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=int(rng.choice(_KERNELS[:4])))
    out = _crop_and_rotate(picture, size, strength, rng)
    if donor is not None and rng.random() < strength.borrow:
        look = squash(donor, size)
        out = borrow_sharpness(out, look, float(rng.uniform(0.0, 1.0)))
        out = borrow_levels(out, look, float(rng.uniform(0.0, 0.8)))
    if rng.random() < strength.equalise:
        clahe = cv2.createCLAHE(clipLimit=float(rng.uniform(1.0, 3.0)), tileGridSize=(8, 8))
        out = clahe.apply(out)
    if strength.gamma or strength.contrast or strength.brightness:  # even unchanged levels are rounded down
        out = _grey_levels(out, strength, rng)
    if rng.random() < strength.resample * 0.5:
        out = _resample(out, rng)
    kind = rng.random()
    if kind < strength.blur:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.3, 1.6)))
    elif kind < strength.blur + strength.sharpen:
        soft = cv2.GaussianBlur(out, (0, 0), 1.5)
        amount = float(rng.uniform(0.2, 1.2))
        out = cv2.addWeighted(out, 1.0 + amount, soft, -amount, 0.0)
    if rng.random() < strength.noise:
        noise = rng.standard_normal(out.shape, dtype=np.float32) * np.float32(rng.uniform(1.0, 10.0))
        out = np.clip(out.astype(np.float32) + noise, 0, 255).astype(np.uint8)
    if rng.random() < strength.border:
        edge = int(size * rng.uniform(0.01, 0.08))
        value = int(rng.choice([0, 0, 255]))
        inner = cv2.resize(out, (size - 2 * edge, size - 2 * edge), interpolation=cv2.INTER_AREA)
        out = cv2.copyMakeBorder(inner, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=value)
    if rng.random() < strength.cut_out:
        side = int(size * rng.uniform(0.08, 0.22))
        top, left = rng.integers(0, size - side, 2)
        out = out.copy()
        out[top : top + side, left : left + side] = int(rng.integers(0, 256))
    if rng.random() < strength.jpeg:
        quality = int(rng.integers(30, 96))
        _, encoded = cv2.imencode(".jpg", out, (cv2.IMWRITE_JPEG_QUALITY, quality))
        out = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    return squash(out, size)
