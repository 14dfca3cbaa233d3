"""Makes the README's pictures from the running program: ``.venv/bin/python docs/screenshots.py``.

The images are those of ``tests/fixtures`` (CC BY 4.0) and one file that is no radiograph.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from pneumo_desktop.app import Services
from pneumo_desktop.cli.worklist import read
from pneumo_desktop.gui import save_picture
from pneumo_desktop.gui.theme import Theme
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import set_language

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Write docs/images/window-LANGUAGE-THEME.png for both languages, light and dark."""
    target = ROOT / "docs" / "images"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        shutil.copytree(ROOT / "tests" / "fixtures", images, ignore=shutil.ignore_patterns("*.md", "*.pneumo"))
        noise = np.random.default_rng(1).integers(0, 256, (300, 300), dtype=np.uint8)
        Image.fromarray(noise).save(images / "not-a-film.png")
        services = Services.create(Path(folder) / "data")
        rows = read(services, [images], Population.CHILDREN).rows
        for language, theme in (("en", Theme.LIGHT), ("es", Theme.DARK), ("es", Theme.LIGHT), ("en", Theme.DARK)):
            set_language(language)
            save_picture(services, rows[0].queue_id, target / f"window-{language}-{theme.value}.png", theme)
        services.close()


if __name__ == "__main__":
    main()
