"""How a picture is shown: turned, mirrored, inverted, windowed. Pure arrays, no widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.radiograph import Radiograph, Window, as_display
from pneumo_desktop.words import N_


@dataclass(frozen=True)
class ViewState:
    """What the reader has done to the view. ``quarter_turns`` clockwise, after them the flips."""

    window: Window
    quarter_turns: int = 0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    inverted: bool = False

    def arrangement(self) -> ViewState:
        """Return this state with nothing but its turns and flips, for what does not depend on grey values."""
        return replace(self, window=_ANY_WINDOW, inverted=False)


_ANY_WINDOW = Window(0.0, 1.0)


def arrange(pixels: npt.NDArray[np.generic], state: ViewState) -> npt.NDArray[np.generic]:
    """Turn and mirror (H, W, ...) as ``state`` says."""
    turned = np.rot90(pixels, -state.quarter_turns)
    if state.flip_horizontal:
        turned = turned[:, ::-1]
    if state.flip_vertical:
        turned = turned[::-1]
    return turned


def shown(radiograph: Radiograph, state: ViewState) -> npt.NDArray[np.uint8]:
    """Return the picture on the screen, (H, W) uint8."""
    picture = as_display(radiograph, state.window)
    if state.inverted:
        picture = 255 - picture
    return np.ascontiguousarray(arrange(picture, state)).astype(np.uint8, copy=False)


def source_place(x: int, y: int, shape: tuple[int, int], state: ViewState) -> tuple[int, int]:
    """Return (row, column) of the original for column ``x`` and row ``y`` of the shown picture; ``shape`` is (H, W)."""
    height, width = shape
    shown_height, shown_width = (height, width) if state.quarter_turns % 2 == 0 else (width, height)
    if state.flip_horizontal:
        x = shown_width - 1 - x
    if state.flip_vertical:
        y = shown_height - 1 - y
    turns = state.quarter_turns % 4
    if turns == 1:
        return height - 1 - x, y
    if turns == 2:
        return height - 1 - y, width - 1 - x
    if turns == 3:
        return x, width - 1 - y
    return y, x


def length_mm(
    first: tuple[float, float], second: tuple[float, float], spacing: tuple[float, float], state: ViewState
) -> float:
    """Return the distance of two shown points (x, y) in millimetres; ``spacing`` is (row, column) of the original."""
    row_mm, column_mm = spacing if state.quarter_turns % 2 == 0 else (spacing[1], spacing[0])
    return float(np.hypot((first[0] - second[0]) * column_mm, (first[1] - second[1]) * row_mm))


def presets(radiograph: Radiograph) -> list[tuple[str, Window]]:
    """Return the file's windows and two of the picture's own range; names of the latter are message ids."""
    found = [(window.name or f"{window.center:g} / {window.width:g}", window) for window in radiograph.windows]
    step = max(1, min(radiograph.pixels.shape) // 512)
    sample = radiograph.pixels[::step, ::step]
    for name, (low, high) in (
        (N_("Full range"), (float(sample.min()), float(sample.max()))),
        (N_("Middle 98 %"), tuple(float(v) for v in np.percentile(sample, (1, 99)))),
    ):
        found.append((name, Window((low + high) / 2, max(1.0, high - low))))
    return found
