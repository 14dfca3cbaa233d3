"""Loss and accuracy over the epochs, kept beside the checkpoint so that they go on where the training goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pneumo_desktop.gui.figure_view import FigureView
from pneumo_desktop.gui.training.jobs import write_json
from pneumo_desktop.gui.training.process import read_json
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.words import tr

KEYS = ("loss", "val_loss", "accuracy", "val_accuracy")
_FILE = "history.json"


class LiveCurves(FigureView):
    """Takes ``epoch`` events. ``history`` is name -> a value an epoch."""

    def __init__(self, worker: Background) -> None:
        super().__init__(worker, tr("Loss and accuracy"))
        self.history: dict[str, list[float]] = {}
        self._job: Path | None = None
        self._show()

    def begin(self, job: Path) -> None:
        """Follow ``job``, with what it has learnt so far."""
        if job != self._job:
            known = read_json(job / _FILE)
            kept = known if isinstance(known, dict) else {}
            self.history = {key: [float(value) for value in kept.get(key, ())] for key in KEYS}
        self._job = job
        self._show()

    def cut(self, epoch: int) -> None:
        """Forget the epochs from ``epoch`` (1 is the first): training goes on from there."""
        self._keep(epoch - 1)
        self._show()

    def add(self, event: Mapping[str, Any]) -> None:
        """Take the numbers of a finished epoch."""
        epoch = max(1, int(event.get("epoch", 1)))
        self._keep(epoch - 1)
        for key in KEYS:
            value, values = event.get(key), self.history.setdefault(key, [])
            # An epoch that was learnt but not told (the program was killed between the two) leaves a gap.
            values.extend([math.nan] * (epoch - 1 - len(values)))
            values.append(float(value) if isinstance(value, int | float) else math.nan)
        self._show()
        job, kept = self._job, {key: list(values) for key, values in self.history.items()}
        if job is not None:
            self._worker.submit(lambda: write_json(job / _FILE, kept), failed=lambda _error: None)

    def _keep(self, epochs: int) -> None:
        self.history = {key: values[: max(0, epochs)] for key, values in self.history.items()}

    def _show(self) -> None:
        history = {key: list(values) for key, values in self.history.items() if values}
        self.draw(lambda figures: figures.training_curves(history))
