"""A radiograph made ready for the screen, off the GUI thread: every later repaint is a matter of a millisecond or two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QTransform

from pneumo_desktop.gui.viewer.view_state import ViewState, arrange, presets, shown
from pneumo_desktop.imaging.radiograph import Radiograph, Window, as_display
from pneumo_desktop.reading.heatmap import COLOUR_MAP, is_empty, legend, overlay, strength
from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence

_SMALLEST_LEVEL = 256
_HEAT_SIDE = 512
_SMALLEST_WORDS = 12
"""Pixels."""


@dataclass(frozen=True, eq=False)
class Picture:
    """What the canvas paints.

    radiograph: as it was judged: turned and inverted first. levels: its pixels (H, W), then halved again and again.
    heat_map: (h, w) float32 evidence or None. heat: it in colours, (h, w) ARGB with the strength as alpha.
    presets: (message id or name, window), the file's own first. turned, inverted: what was done to it first.
    """

    radiograph: Radiograph
    levels: tuple[npt.NDArray[np.uint8] | npt.NDArray[np.uint16], ...]
    presets: tuple[tuple[str, Window], ...]
    heat_map: npt.NDArray[np.float32] | None = None
    heat: QImage | None = None
    turned: int = 0
    inverted: bool = False

    @property
    def without_colour(self) -> bool:
        """True where there is a heat map, but nothing in it is strong enough to be seen."""
        return self.heat_map is not None and is_empty(self.heat_map)


def prepare_picture(
    radiograph: Radiograph, heat_map: npt.NDArray[np.float32] | None = None, turned: int = 0, inverted: bool = False
) -> Picture:
    """Turn and invert a radiograph the way it was judged, and make its smaller sizes, heat map and windows."""
    from pneumo_desktop.imaging.load import invert, turn

    if turned:
        radiograph = turn(radiograph, turned)
    if inverted:
        radiograph = invert(radiograph)
    found = (("", radiograph.window), *presets(radiograph))
    heat = _heat_image(radiograph, heat_map)
    return Picture(radiograph, _levels(radiograph.pixels), found, heat_map, heat, turned, inverted)


def _levels(
    pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
) -> tuple[npt.NDArray[np.uint8] | npt.NDArray[np.uint16], ...]:
    from pneumo_desktop.opencv import cv2

    levels: list[Any] = [np.ascontiguousarray(pixels)]
    while max(levels[-1].shape) > 2 * _SMALLEST_LEVEL:
        height, width = levels[-1].shape
        half = cv2.resize(levels[-1], ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
        levels.append(half.astype(pixels.dtype, copy=False))
    return tuple(levels)


def _heat_image(radiograph: Radiograph, heat_map: npt.NDArray[np.float32] | None) -> QImage | None:
    """Return the map in colours; laid over with an opacity it is what ``reading.heatmap.overlay`` makes."""
    if heat_map is None:
        return None
    height, width = radiograph.pixels.shape
    shrink = min(1.0, _HEAT_SIDE / max(height, width))
    amount = strength(heat_map, max(1, round(height * shrink)), max(1, round(width * shrink)))
    colours = np.empty((*amount.shape, 4), dtype=np.uint8)
    colours[..., :3] = COLOUR_MAP[(amount * 255).astype(np.uint8)]
    colours[..., 3] = (np.sqrt(amount) * 255).round().astype(np.uint8)
    rows, columns = amount.shape
    made = QImage(colours.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return made.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def region(
    picture: Picture, state: ViewState, box: tuple[int, int, int, int], scale: float
) -> tuple[npt.NDArray[np.uint8], tuple[float, float, float, float]]:
    """Return the part of the shown picture that a screen of ``scale`` screen pixels an image pixel needs.

    ``box`` is (left, top, right, bottom) in pixels of the shown picture. The answer is grey (h, w) uint8 looked at
    through the state's window, about as many pixels as the screen has there, and the box that it really covers.
    """
    level = 0
    while level + 1 < len(picture.levels) and scale * 2 ** (level + 1) <= 1.0:
        level += 1
    whole = arrange(picture.levels[level], state)
    full = arrange(picture.levels[0], state)
    across, down = full.shape[1] / whole.shape[1], full.shape[0] / whole.shape[0]
    left, top = max(0, int(box[0] / across)), max(0, int(box[1] / down))
    right = min(whole.shape[1], int(np.ceil(box[2] / across)) + 1)
    bottom = min(whole.shape[0], int(np.ceil(box[3] / down)) + 1)
    part = np.ascontiguousarray(whole[top : max(bottom, top + 1), left : max(right, left + 1)])
    covered = (left * across, top * down, (left + part.shape[1]) * across, (top + part.shape[0]) * down)
    if scale * across < 1.0:
        from pneumo_desktop.opencv import cv2

        size = (
            max(1, round((covered[2] - covered[0]) * scale)),
            max(1, round((covered[3] - covered[1]) * scale)),
        )
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(part.dtype, copy=False)
    grey = as_display(replace(picture.radiograph, pixels=part), state.window)
    return (255 - grey if state.inverted else grey), covered


def heat_region(picture: Picture, state: ViewState) -> QImage | None:
    """Return the coloured map turned and mirrored as the picture is shown; it covers the whole of it."""
    if picture.heat is None:
        return None
    image = picture.heat.transformed(QTransform().rotate(90 * state.quarter_turns))
    return image.mirrored(state.flip_horizontal, state.flip_vertical)


def image_of(pixels: npt.NDArray[np.uint8]) -> QImage:
    """Return a QImage that owns a copy of (H, W) grey or (H, W, 3) RGB pixels."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, pixels.strides[0], kind).copy()


def legend_strip() -> QImage:
    """Return the heat map's colours from none (left) to strong, 256 x 1."""
    return image_of(np.ascontiguousarray(legend(256).transpose(1, 0, 2)[:, ::-1]))


def whole_image(picture: Picture, state: ViewState, opacity: float | None) -> QImage:
    """Return the picture in its own size as it is shown; with an opacity (0..1) the map is laid over.

    A band below says what the map is, and what the reader has done to the picture.
    """
    plain = shown(picture.radiograph, state)
    lines = []
    if changes := " · ".join(state.changes()):
        lines.append(tr("Changed by the reader: {changes}").format(changes=changes))
    if opacity is not None and picture.heat_map is not None:
        heat = np.ascontiguousarray(arrange(picture.heat_map, state)).astype(np.float32, copy=False)
        plain = overlay(plain, heat, opacity)
        words = "heat_map_empty" if picture.without_colour else "heat_map"
        lines.append(f"{sentence(words)} {sentence('disclaimer')}")
    image = image_of(plain)
    return _with_band(image, "\n".join(lines)) if lines else image


def _with_band(image: QImage, text: str) -> QImage:
    """Return an image with ``text`` in a band below it that is as high as the text, and as wide as its longest word."""
    font = QFont()
    font.setPixelSize(max(_SMALLEST_WORDS, min(image.width(), image.height()) // 48))
    metrics = QFontMetrics(font)
    flags = int(Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextWordWrap)
    margin = font.pixelSize() // 2
    width = max(image.width() - 2 * margin, *map(metrics.horizontalAdvance, text.split()))
    height = metrics.boundingRect(0, 0, width, 0, flags, text).height()
    whole = QImage(width + 2 * margin, image.height() + height + 2 * margin, QImage.Format.Format_RGB888)
    whole.fill(QColor(0, 0, 0))
    painter = QPainter(whole)
    painter.drawImage(0, 0, image)
    painter.setFont(font)
    painter.setPen(QColor(255, 255, 255))
    painter.drawText(margin, image.height() + margin, width, height, flags, text)
    painter.end()
    return whole
