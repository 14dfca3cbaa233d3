"""How a picture is shown: turned, mirrored, inverted, windowed. Pure arrays, no widgets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.radiograph import Radiograph, Window, as_display
from pneumo_desktop.words import N_, tr


@dataclass(frozen=True)
class ViewState:
    """What the reader has done to the view. ``quarter_turns`` clockwise, after them the flips.

    ``mirrored_first``: the reader mirrored before turning; the picture is the same as if it had been turned the other
    way round first, which is how it is kept, but not how it is told.
    """

    window: Window
    quarter_turns: int = 0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    inverted: bool = False
    mirrored_first: bool = False

    @property
    def mirrored(self) -> bool:
        """True where left and right of the patient have changed sides, whatever the turn."""
        return self.flip_horizontal != self.flip_vertical

    def turned(self, quarters: int) -> ViewState:
        """Return the state after ``quarters`` more of a turn, clockwise on the screen."""
        first = self.mirrored_first if self.quarter_turns else self.flip_horizontal or self.flip_vertical
        # A mirrored picture turns the other way round under the same screen turn.
        turns = (self.quarter_turns + (-quarters if self.mirrored else quarters)) % 4
        return replace(self, quarter_turns=turns, mirrored_first=first)

    def arrangement_words(self) -> list[str]:
        """Return what was done to the picture, in the order in which it gives the picture that is shown."""
        flips = [
            (self.flip_horizontal, tr("mirrored left and right")),
            (self.flip_vertical, tr("mirrored top and bottom")),
        ]
        words = [word for done, word in flips if done]
        if self.quarter_turns:
            first = self.mirrored_first and bool(words)
            quarters = -self.quarter_turns % 4 if first and self.mirrored else self.quarter_turns
            words.insert(len(words) if first else 0, tr("turned {degrees}°").format(degrees=90 * quarters))
        return words

    def changes(self) -> list[str]:
        """Return in words all that makes the picture another one than the film: a mirrored film must not look like one
        that is not."""
        return [*([tr("inverted")] if self.inverted else []), *self.arrangement_words()]

    def arrangement(self) -> ViewState:
        """Return this state with nothing but its turns and flips, for what does not depend on grey values."""
        return replace(self, window=_ANY_WINDOW, inverted=False, mirrored_first=False)


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


def width_and_center(window: Window) -> str:
    """Return the two numbers of a window in the order in which radiology viewers have them."""
    return f"{round(window.width)} / {round(window.center)}"


def presets(radiograph: Radiograph) -> list[tuple[str, Window]]:
    """Return the file's windows and two of the picture's own range; names of the latter are message ids."""
    found = [(window.name or width_and_center(window), window) for window in radiograph.windows]
    step = max(1, min(radiograph.pixels.shape) // 512)
    sample = radiograph.pixels[::step, ::step]
    for name, (low, high) in (
        (N_("Full range"), (float(sample.min()), float(sample.max()))),
        (N_("Middle 98 %"), tuple(float(v) for v in np.percentile(sample, (1, 99)))),
    ):
        found.append((name, Window((low + high) / 2, max(1.0, high - low))))
    return found
