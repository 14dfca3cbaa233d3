"""Writes ``golden.json``: what each file of the shared DICOM corpus looks like. Look at the pictures before believing it.

python -m tests.imaging.golden ../shared/data/dicom
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import cv2

from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError, as_display

GOLDEN = Path(__file__).with_name("golden.json")
SIDE = 12


def looks(radiograph: Radiograph) -> dict[str, Any]:
    """Return shape and depth, the hash of what is displayed, and a tiny copy of it (hexadecimal, SIDE x SIDE)."""
    display = as_display(radiograph)
    tiny = cv2.resize(display, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return {
        "shape": list(radiograph.pixels.shape),
        "bits": radiograph.bits_stored,
        "notes": list(radiograph.notes),
        "sha256": hashlib.sha256(display.tobytes()).hexdigest()[:16],
        "tiny": tiny.tobytes().hex(),
    }


def main(folder: Path) -> None:
    """Write the file."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.csv"):
        try:
            found[path.relative_to(folder).as_posix()] = looks(load(Entry(path)))
        except UnreadableImageError as problem:
            found[path.relative_to(folder).as_posix()] = {"unreadable": problem.code}
    GOLDEN.write_text(json.dumps(found, indent=0, sort_keys=True) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
