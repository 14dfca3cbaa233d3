"""A small picture for the worklist."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.radiograph import Radiograph, as_display
from pneumo_desktop.opencv import cv2


def thumbnail(radiograph: Radiograph, side: int) -> npt.NDArray[np.uint8]:
    """Return the radiograph through its window, (h, w) uint8, the longer side ``side`` pixels, aspect kept."""
    display = as_display(radiograph)
    height, width = display.shape
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(display, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
