"""What augmentation makes of the images: originals and random variants as PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.labelled import LabelledFolder
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.imaging.radiograph import UnreadableImageError, as_display
from pneumo_desktop.opencv import cv2
from pneumo_desktop.training.augment import Augmentation, augment

VARIANTS = 3


def write_preview(
    found: LabelledFolder, out: Path, count: int, size: int, strength: Augmentation, seed: int
) -> list[list[str]]:
    """Write ``count`` images, each as it is read and in ``VARIANTS`` variants; return their paths, a list an image.

    Both classes take turns; unreadable images are passed over. Raises OSError.
    """
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    order = [found.images[place] for place in rng.permutation(len(found.images))]
    classes = [[image for image in order if image.label == label] for label in (0, 1)]
    mixed = [image for pair in zip(*classes, strict=False) for image in pair] or order
    files: list[list[str]] = []
    donor: npt.NDArray[np.uint8] | None = None
    for image in mixed:
        if len(files) == count:
            break
        try:
            picture = squash(as_display(load(image.entry)), size)
        except UnreadableImageError:
            continue
        pictures = [picture, *(augment(picture, size, strength, rng, donor) for _ in range(VARIANTS))]
        donor = picture
        names = []
        for number, one in enumerate(pictures):
            path = out / f"{len(files):02d}-{number}.png"
            path.write_bytes(cv2.imencode(".png", one)[1].tobytes())
            names.append(str(path))
        files.append(names)
    return files
