"""The one preprocessing, used by training, reading and evaluation alike.

Version 1: look through the radiograph's window, then squash to a square. Area averaging when the picture shrinks
(the training copies were made by an anti-aliased squash as well), bilinear when it grows. A picture at least three times
as large as the square is first halved by exact 2 x 2 means: nearly the same averages at a quarter of the time.
No letter-boxing: bars would paint the original's aspect ratio, which tells the class, into the picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.radiograph import Radiograph, as_display

PREPROCESSING_VERSION = 1
"""Written into every card and every result; a model package made for another version is refused."""


def squash(pixels: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Return ``pixels`` (H, W) uint8 as (size, size) uint8, anti-aliased, aspect not kept."""
    from pneumo_desktop.opencv import cv2  # not at start-up: the window is shown before the first picture needs it

    while min(pixels.shape) >= 3 * size:
        rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
        pixels = cv2.resize(pixels[: 2 * rows, : 2 * columns], (columns, rows), interpolation=cv2.INTER_AREA)
    height, width = pixels.shape
    # INTER_AREA turns into INTER_LINEAR for both axes as soon as one of them grows: one axis at a time then.
    shrunk = cv2.resize(pixels, (min(width, size), min(height, size)), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (size, size), interpolation=cv2.INTER_LINEAR)


def prepare(radiograph: Radiograph, size: int) -> npt.NDArray[np.float32]:
    """Return the network's input: (size, size) float32 in 0..1, larger is brighter."""
    return squash(as_display(radiograph), size).astype(np.float32) / np.float32(255.0)
