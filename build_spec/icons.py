"""Draws the program's icons from the SVG: PNGs for Linux, one .ico for Windows. ``python build_spec/icons.py``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ICONS = Path(__file__).resolve().parents[1] / "resources" / "icons"
PNG_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICO_SIZES = (16, 24, 32, 48, 64, 256)


def main() -> int:
    """Write every size beside the SVG."""
    application = QGuiApplication(sys.argv[:1])
    renderer = QSvgRenderer(str(ICONS / "pneumo-desktop.svg"))
    pictures = {}
    for size in PNG_SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        path = ICONS / f"pneumo-desktop-{size}.png"
        image.save(str(path))
        pictures[size] = Image.open(path)
        pictures[size].save(path, optimize=True)
    pictures[256].save(
        ICONS / "pneumo-desktop.ico",
        sizes=[(size, size) for size in ICO_SIZES],
        append_images=[pictures[size] for size in ICO_SIZES if size != 256],
    )
    application.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
