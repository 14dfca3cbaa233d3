"""What the tests of the records share: a judgement, and a list of two images."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.records.store import Store

TOLD = Population.NOT_KNOWN


def judged(score: float | None = 0.7, model: str = "m1", package: str = "") -> Judgement:
    if score is None:
        return Judgement(Outcome.NOT_ANALYSED, Reason.UNREADABLE, None, None, TOLD, model, 1, "0.1", detail="truncated",
                         model_sha256=f"{model} v1")  # fmt: skip
    point = OperatingPoint(0.5, 0.4, 0.6)
    return Judgement(point.judge(score), None, score, point, TOLD, model, 1, "0.1", turned=90, notes=("a", "b"),
                     model_sha256=package or f"{model} v1")  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.sqlite"


def filled(path: Path) -> tuple[Store, int, list[int]]:
    store = Store(path)
    queue = store.new_queue("folder", TOLD)
    ids = store.add_entries(queue, [Entry(Path("/x/one.png")), Entry(Path("/x/cd.zip"), "dir/two.dcm", 1)])
    return store, queue, ids
