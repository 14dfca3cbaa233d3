"""The toolbar's icons: line drawings on a 24 x 24 grid, drawn in the text colour of the palette in use."""

from __future__ import annotations

import re

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPalette, QPen, QPixmap

SIDE = 24
_PART = re.compile(r"([MLCZO])([^MLCZO]*)")

# M x y: move; L x y ...: lines; C x1 y1 x2 y2 x y: a curve; O x y r: a circle; Z: close.
_DRAWINGS = {
    "open_folder": "M3 19L3 6L9 6L11 8L20 8L20 11M3 19L6 11L22 11L19 19Z",
    "export": "M12 15L12 3M8 7L12 3L16 7M4 14L4 20L20 20L20 14",
    "fit": "M4 9L4 4L9 4M15 4L20 4L20 9M20 15L20 20L15 20M9 20L4 20L4 15M8 8L16 8L16 16L8 16Z",
    "actual_size": "M3 8L6 6L6 18M12 9.5L12 10M12 14.5L12 15M16 8L19 6L19 18",
    "zoom_in": "O10.5 10.5 6.5M15.2 15.2L21 21M10.5 7.5L10.5 13.5M7.5 10.5L13.5 10.5",
    "zoom_out": "O10.5 10.5 6.5M15.2 15.2L21 21M7.5 10.5L13.5 10.5",
    "pan_tool": "M12 3L12 21M3 12L21 12M9.5 5.5L12 3L14.5 5.5M9.5 18.5L12 21L14.5 18.5M5.5 9.5L3 12L5.5 14.5"
    "M18.5 9.5L21 12L18.5 14.5",
    "window_tool": "O12 12 8M12 4L12 20M12 6.5L17.5 6.5M12 9.2L19.3 9.2M12 12L20 12M12 14.8L19.3 14.8M12 17.5L17.5 17.5",
    "measure_tool": "M3 16L16 3L21 8L8 21ZM6.5 12.5L8.5 14.5M9.5 9.5L12.5 12.5M12.5 6.5L14.5 8.5",
    "invert": "M4 4L20 4L20 20L4 20ZM20 4L4 20M14 10L20 10M11 13L20 13M8 16L20 16",
    "turn_right": "M19 11C19 2 5 3 5 12C5 21 16 21 18.5 16M19 5L19 11L13 11",
    "turn_left": "M5 11C5 2 19 3 19 12C19 21 8 21 5.5 16M5 5L5 11L11 11",
    "flip_horizontal": "M12 3L12 21M9 7L9 17L3 17ZM15 7L15 17L21 17Z",
    "flip_vertical": "M3 12L21 12M7 9L17 9L17 3ZM7 15L17 15L17 21Z",
    "heat_map": "O12 12 8.5O12 12 5O12 12 1.5",
    "side_by_side": "M3 5L21 5L21 19L3 19ZM12 5L12 19M6 15L7.5 12L9 15M15 15L16.5 12L18 15",
    "reset": "M4 12C4 2 20 2 20 12C20 22 4 22 4 14M4 6L4 12L10 12M12 8L12 12.5L15 14.5",
    "tags": "M4 6L20 6M4 10.5L20 10.5M4 15L14 15M4 19.5L11 19.5",
    "more": "M5 6L11 12L5 18M13 6L19 12L13 18",
    "next_window": "M3 20C9 20 9 5 13 5L21 5M3 4L3 20L21 20",
}


def _path(drawing: str) -> QPainterPath:
    path = QPainterPath()
    for command, numbers in _PART.findall(drawing):
        values = [float(number) for number in numbers.split()]
        match command:
            case "M":
                path.moveTo(*values)
            case "L":
                for x, y in zip(values[::2], values[1::2], strict=True):
                    path.lineTo(x, y)
            case "C":
                path.cubicTo(*values)
            case "O":
                path.addEllipse(QPointF(*values[:2]), values[2], values[2])
            case _:
                path.closeSubpath()
    return path


def _pixmap(path: QPainterPath, colour: QColor, scale: int) -> QPixmap:
    pixmap = QPixmap(SIDE * scale, SIDE * scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(scale, scale)
    painter.setPen(QPen(colour, 1.7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.drawPath(path)
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def icon(name: str, palette: QPalette) -> QIcon:
    """Return an icon for screens of ordinary and of double density; an unknown name gives an empty one."""
    drawing = _DRAWINGS.get(name)
    made = QIcon()
    if drawing is None:
        return made
    path = _path(drawing)
    groups = {QIcon.Mode.Normal: QPalette.ColorGroup.Active, QIcon.Mode.Disabled: QPalette.ColorGroup.Disabled}
    for mode, group in groups.items():
        for scale in (1, 2):
            made.addPixmap(_pixmap(path, palette.color(group, QPalette.ColorRole.ButtonText), scale), mode)
    return made
