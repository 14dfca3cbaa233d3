"""A small corpus of generated chests in the layout of the real one, with every kind of row that the recipe knows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pneumo_desktop.imaging.phantom import chest

SIDE = 136


def save(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


def table(path: Path, columns: str, rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns.split(","))
        writer.writerows(rows)


def small_corpus(data: Path) -> Path:
    """Write a corpus with every kind of row that the recipe knows."""
    kermany, nih, rsna, wrong = (data / name for name in ("kermany", "adult_nih", "adult_rsna_normal", "not_cxr"))
    rows: list[tuple[Any, ...]] = []
    for number in range(120):
        kind, ill = ("PNEUMONIA", True) if number % 2 else ("NORMAL", False)
        name = f"{number:03d}.png"
        save(kermany / "train_224" / kind / name, chest(number, ill, (SIDE, SIDE)))
        if number < 4:
            save(kermany / "train_original" / kind / name, chest(number, ill, (2 * SIDE, 2 * SIDE)))
        rows.append((kind, name, "virus" if ill else "normal", f"p{number}", ""))
    table(kermany / "train_224.csv", "class,file,subtype,patient_key,duplicate_of", rows)
    rows = []
    for number in range(80):
        ill, opinion = bool(number % 2), ("Lung Opacity", "", "Normal")[number % 3]
        save(nih / "images" / f"{number}.png", chest(1000 + number, ill, (SIDE, SIDE)))
        label = "pneumonia" if ill else "normal"
        rows.append((f"{number}.png", f"n{number}", "PA" if number % 4 < 2 else "AP", label, opinion, 1000.0 + number))
    table(nih / "labels.csv", "file,patient,view,label,rsna_class,src_png_bytes", rows)
    rows = []
    for number in range(60):
        save(rsna / "images" / f"{number}.png", chest(2000 + number, False, (SIDE, SIDE)))
        rows.append((f"{number}.png",))
    table(rsna / "labels.csv", "file", rows)
    rng, rows = np.random.default_rng(5), []
    for number in range(24):
        licence, source = ("CC0", "generated") if number % 3 == 0 else ("GPL-2+", f"source {number % 4}")
        name = f"texture/{number}.png"
        save(wrong / name, rng.integers(0, 256, (SIDE, SIDE), np.uint8))
        rows.append((name, "texture", source, licence))
    table(wrong / "labels.csv", "file,kind,source,licence", rows)
    return data
