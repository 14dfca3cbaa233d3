"""The bench measures the adapting that the program does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training import adapt as adapting
from pneumo_desktop.training.adapt import HELD_OUT, STRONGEST, VIEWS, WEAKEST
from pneumo_desktop.training.head import HeadFit

from .conftest import BENCH, bench_module

TINY = BENCH.parent / "tests" / "fixtures" / "tiny.pneumo"


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    with bench_module("training_speed") as module:
        yield module


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    found = []
    for place in range(60):
        path = tmp_path / ("NORMAL", "PNEUMONIA")[place % 2] / f"{place}.png"
        path.parent.mkdir(exist_ok=True)
        assert cv2.imwrite(str(path), chest(place, bool(place % 2), (136, 136)))
        found.append(path)
    return found


def test_adapting_is_measured_with_every_head_that_the_program_fits(
    bench: ModuleType, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, rng = ModelPackage.open(TINY), np.random.default_rng(1)
    labels = np.arange(100) % 2
    known = rng.normal(labels[:, None] - 0.5, 1.0, (100, base.arrays["rehearsal_features"].shape[1]))
    rehearsal = {"rehearsal_features": known.astype(np.float32), "rehearsal_labels": labels.astype(np.float32)}
    base = replace(base, arrays={**base.arrays, **rehearsal})
    pulls, fitted = list[float](), list[int]()

    class Counted(HeadFit):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            fitted.append(len(arguments[1]))

        def fit(self, pull: float) -> Any:
            pulls.append(pull)
            return super().fit(pull)

    monkeypatch.setattr(adapting, "HeadFit", Counted)
    local = bench.dealt(paths, 40, base.card.input_size)
    assert [len(local.part(part)) for part in ("train", "val", "test")] == [40, 10, 10]
    adapted, looked, heads, processor = bench.adapting_of(base, local, 6)
    np.testing.assert_allclose(pulls[:6], np.geomspace(STRONGEST, WEAKEST, 6))
    assert adapted.best_epoch > 0
    assert pulls[6:] == [pulls[adapted.best_epoch - 1]] * (HELD_OUT - 1), "the rehearsal's own heads"
    assert fitted == [VIEWS * 40 + 80] * HELD_OUT, "a fifth of the rehearsal is held out each time"
    assert min(looked, heads, processor) > 0
