"""A training told as text: one line that renews itself on a terminal, a line an epoch in a pipe."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pneumo_desktop.evaluation.compare import Verdict
from pneumo_desktop.evaluation.report import Metric
from pneumo_desktop.evaluation.summary import metric_name, number_text, verdict_words
from pneumo_desktop.words import decimal, tr
from pneumo_desktop.words.sentences import training_stage

_FIGURES = ("auc", "accuracy", "sensitivity", "specificity")
_WIDTH = 100


class TextProgress:
    """Tells the events of one training on stdout; problems and warnings go to stderr."""

    def __init__(self, job: Path) -> None:
        self._job = job
        self._renew = sys.stdout.isatty()
        self._open = False
        self._findings_told = False

    def _line(self, text: str) -> None:
        if self._open:
            print(f"\r{'':{_WIDTH}}\r", end="")
            self._open = False
        print(text, flush=True)

    def _renewed(self, text: str) -> None:
        if self._renew:
            print(f"\r{text[:_WIDTH]:{_WIDTH}}", end="", flush=True)
            self._open = True

    def tell(self, event: Mapping[str, Any]) -> None:
        """Tell one event; those that are of no use to a reader are passed over."""
        kind = event["event"]
        if kind == "stage":
            if event["stage"] != "preparing":
                self._tell_findings()
            self._line(training_stage(event["stage"]))
        elif kind == "progress":
            self._renewed(tr("{done} of {total}").format(done=event["done"], total=event["of"]))
        elif kind == "step":
            self._renewed(
                tr("Epoch {epoch} of {epochs}, step {step} of {steps}: loss {loss}, {rate} images/s, {left} s left").format(
                    epoch=event["epoch"], epochs=event["epochs"], step=event["step"], steps=event["steps"],
                    loss=_number(event["loss"]), rate=_number(event["images_per_second"], 1),
                    left=_number(event["seconds_left"], 0),
                )
            )  # fmt: skip
        elif kind == "epoch":
            self._epoch(event)
        elif kind == "resumed":
            self._line(tr("Going on from epoch {epoch}, step {step}.").format(epoch=event["epoch"], step=event["step"]))
        elif kind == "early_stop":
            text = tr("Stopped early: epoch {best} stays the best on the validation part.")
            self._line(text.format(best=event["best_epoch"]))
        elif kind == "warning":
            self._warn(event["sentence"])

    def _epoch(self, event: Mapping[str, Any]) -> None:
        text = tr("Epoch {epoch} of {epochs}: loss {loss}, accuracy {accuracy}; validation: loss {val_loss}, AUC {auc}")
        self._line(
            text.format(
                epoch=event["epoch"], epochs=event["epochs"], loss=_number(event["loss"]),
                accuracy=_number(event["accuracy"]), val_loss=_number(event.get("val_loss")),
                auc=_number(event.get("val_auc")),
            )
            + (" *" if event.get("best") else "")
        )  # fmt: skip

    def _warn(self, sentence: str) -> None:
        if self._open:
            self._line("")
        print(sentence, file=sys.stderr, flush=True)

    def _tell_findings(self) -> None:
        """Tell what the scan found, once."""
        if self._findings_told:
            return
        self._findings_told = True
        try:
            findings = json.loads((self._job / "scan.json").read_text("utf-8"))["findings"]
        except (OSError, ValueError, KeyError):
            return
        for finding in findings:
            self._warn(f"- {finding['sentence']}")

    def end(self, last: Mapping[str, Any]) -> None:
        """Tell how it ended."""
        kind = last.get("event")
        if kind == "done":
            self._done(last)
        elif kind == "stopped":
            text = tr("Stopped. Go on with --resume.")
            if last.get("can_finish"):
                text = tr("Stopped. Go on with --resume, or make the model of the best so far with --finish.")
            self._line(text)
        elif kind == "error":
            self._warn(last["sentence"])
            for finding in last.get("findings", []):
                self._warn(f"- {finding['sentence']}")

    def _done(self, done: Mapping[str, Any]) -> None:
        figures = done["figures"]
        test = figures["test"]
        self._line(
            tr("On the locked test part ({normal} normal, {pneumonia} pneumonia images; 95 % interval):").format(**test)
        )
        for key in _FIGURES:
            line = f"  {metric_name(key):14s} {_interval(figures['new'][key])}"
            if figures["old"] is not None:
                line += "   " + tr("before: {value}").format(value=_interval(figures["old"][key]))
            self._line(line)
        if figures["verdict"] is not None:
            self._line(verdict_words(Verdict(figures["verdict"])))
        self._line(tr("Written: {name}").format(name=done["package"]))
        self._line(tr("Figures, thresholds and what the scan found: {folder}").format(folder=self._job))


def _number(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else decimal(value, digits)


def _interval(value: Mapping[str, float | None]) -> str:
    low, middle, high = (
        math.nan if value[key] is None else float(value[key] or 0.0) for key in ("low", "value", "high")
    )
    return number_text(Metric(middle, low, high))
