"""Figures in the window: what drawing them leaves behind, and how often they are drawn."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.figure_view import FigureView
from pneumo_desktop.gui.training.curves import KEYS, LiveCurves
from pneumo_desktop.gui.workers import SWITCH_SECONDS, Background, answer_first


def test_a_drawn_figure_leaves_nothing_for_a_whole_garbage_collection(qtbot: QtBot) -> None:
    worker = Background()
    view = FigureView(worker, "curves")
    qtbot.addWidget(view)
    view.resize(400, 300)
    view.show()
    history = {key: [0.5, 0.4] for key in KEYS}
    view.draw(lambda figures: figures.training_curves(history))
    worker.wait()  # the first one brings matplotlib, and what it freezes is not counted any more
    gc.collect()
    before = sum(isinstance(one, Figure) for one in gc.get_objects())
    for _figure in range(3):
        view.draw(lambda figures: figures.training_curves(history))
        worker.wait()
    assert sum(isinstance(one, Figure) for one in gc.get_objects()) == before
    assert gc.isenabled()
    qtbot.waitUntil(lambda: view.drawn)
    worker.close()


def test_an_epoch_is_drawn_once(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Background()
    curves = LiveCurves(worker)
    qtbot.addWidget(curves)
    curves.begin(tmp_path)
    drawn = []
    monkeypatch.setattr(curves, "draw", lambda make: drawn.append(make))
    curves.add({"epoch": 1, "loss": 0.7, "val_loss": 0.8})
    assert len(drawn) == 1
    assert curves.history["loss"] == [0.7]
    worker.close()


def test_workers_give_way_to_the_window() -> None:
    known = sys.getswitchinterval()
    try:
        answer_first()
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    finally:
        sys.setswitchinterval(known)
