"""Labelled folders with tiny pictures, and a reader that answers from a table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumo_desktop.evaluation.cases import Answer, ReadOne
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason

POINT = OperatingPoint(threshold=0.5, low=0.4, high=0.6)


def judgement(score: float | None, reason: Reason | None = None, model_id: str = "model-a") -> Judgement:
    """Return what a reader would say of a score, or of no score."""
    refused = reason is not None or score is None
    return Judgement(
        outcome=Outcome.NOT_ANALYSED if refused or score is None else POINT.judge(score),
        reason=reason,
        score=score,
        operating_point=None if refused else POINT,
        population=Population.NOT_KNOWN,
        model_id=model_id,
        preprocessing_version=1,
        app_version="0.1.0",
    )


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (24, 20)) -> Path:
    """Write a small noisy picture in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three normals and three pneumonias, Kaggle's names, and a text beside them."""
    root = tmp_path / "clinic"
    names = ("NORMAL/IM-0001-0001", "NORMAL/IM-0002-0001", "NORMAL/NORMAL2-IM-0003-0001")
    names += ("PNEUMONIA/person1_bacteria_1", "PNEUMONIA/person1_bacteria_2", "PNEUMONIA/person1_virus_3")
    for seed, name in enumerate(names):
        picture(root / f"{name}.png", seed)
    (root / "leeme.txt").write_text("hola", encoding="utf-8")
    return root


@pytest.fixture
def answers() -> Callable[[dict[str, float | Reason | None]], ReadOne]:
    """Return a function that makes a reader out of {part of a file's name: score or reason}."""

    def make(table: dict[str, float | Reason | None], model_id: str = "model-a") -> ReadOne:
        def read_one(entry: Entry) -> Answer:
            value = next(value for part, value in table.items() if part in entry.path.as_posix())
            if isinstance(value, Reason):
                score = 0.9 if value is Reason.OUTSIDE_POPULATION else None
                return Answer(judgement(score, value, model_id))
            return Answer(judgement(value, None, model_id))

        return read_one

    return make
