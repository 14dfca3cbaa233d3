"""A tiny clinic of generated chests, and the training program run on it: in this process, and as the child that it is."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.training import __main__ as program
from pneumo_desktop.training import run_job
from pneumo_desktop.training.control import Control

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
SIDE = 136
"""Just large enough to be read."""


def make_clinic(folder: Path, count: int, first: int = 0) -> Path:
    """Write ``count`` images of each class, one a patient, with a CSV that names the patients."""
    lines = ["file,label,patient"]
    for label, ill in (("NORMAL", False), ("PNEUMONIA", True)):
        (folder / label).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            name = f"{label}/{number:03d}.png"
            Image.fromarray(chest(10_000 * ill + number, ill, (SIDE, SIDE))).save(folder / name)
            lines.append(f"{name},{label.lower()},{label[0]}{number}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four images of each class."""
    return make_clinic(tmp_path_factory.mktemp("clinic"), 24)


@dataclass
class Ended:
    """How a run of the training program ended: its exit code and its events."""

    code: int
    events: list[dict[str, Any]]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    def kinds(self) -> list[str]:
        return [event["event"] for event in self.events]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]


def job_at(place: Path, **values: Any) -> Path:
    """Write a job into the folder ``place`` and return that; paths may be given as Path."""
    place.mkdir(parents=True, exist_ok=True)
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in values.items()}
    (place / "job.json").write_text(json.dumps({"out": str(place / "new.pneumo"), **plain}), "utf-8")
    return place


@contextlib.contextmanager
def child(*arguments: object) -> Iterator[subprocess.Popen[str]]:
    """The training program as a child process; it is killed at the end if it still runs."""
    command = [sys.executable, "-m", "pneumo_desktop.training", *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    ) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.kill()


def run_child(*arguments: object, on: Callable[[subprocess.Popen[str], dict[str, Any]], None] | None = None) -> Ended:
    """Run it to its end; ``on`` may stop or kill it at an event."""
    events = []
    with child(*arguments) as running:
        assert running.stdout is not None
        for line in running.stdout:
            events.append(json.loads(line))
            if on is not None:
                on(running, events[-1])
        return Ended(running.wait(), events)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Runs the program in this process, deaf to stdin and signals: for what needs no TensorFlow."""
    monkeypatch.setattr(Control, "listen", lambda self: None)
    monkeypatch.setattr(run_job, "be_polite", lambda: None)

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        code = program.main([*map(str, arguments)])
        return Ended(code, [json.loads(line) for line in capsys.readouterr().out.splitlines()])

    return run


TINY = {"architecture": "compact", "size": 64, "epochs": 3, "batch": 8, "threads": 1, "seed": 4}


@pytest.fixture(scope="session")
def compact_run(clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A tiny network trained from scratch without a break: its job's folder, and how the run ended."""
    job = job_at(tmp_path_factory.mktemp("compact") / "job", folder=clinic, csv=clinic / "labels.csv", **TINY)
    return job, run_child("train", job)


@pytest.fixture
def tiny_model() -> Path:
    """A package of that network as one such run wrote it (the job of ``compact_run``): no TensorFlow is needed for it."""
    return FIXTURES / "tiny.pneumo"
