"""The training program as a child process: its events, and that neither a stop nor a kill changes the weights."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.reference import TOLERANCE, largest_difference

from .conftest import TINY, Ended, job_at, run_child


@pytest.mark.timeout(600)
def test_a_whole_training_tells_its_stages_and_writes_a_verified_package(compact_run: tuple[Path, Ended]) -> None:
    job, ended = compact_run
    assert (ended.code, ended.last["event"]) == (0, "done"), ended.events[-3:]
    stages = [event["stage"] for event in ended.of("stage")]
    assert stages == ["preparing", "fitting", "calibrating", "gate", "testing", "writing"]
    assert [event["epoch"] for event in ended.of("epoch")] == [1, 2, 3]
    for epoch in ended.of("epoch"):
        assert {"loss", "accuracy", "val_loss", "val_accuracy", "val_auc", "learning_rate", "best", "seconds"} <= set(
            epoch
        )
    package = ModelPackage.open(job / "new.pneumo")
    assert largest_difference(package) <= TOLERANCE
    assert package.card.architecture == "compact"
    assert package.card.training["seed"] == TINY["seed"]
    assert package.card.data["counts"]["test"] == {"normal": 4, "pneumonia": 4, "patients": 8}
    assert len(package.arrays["rehearsal_labels"]) == sum(
        package.card.data["counts"]["train"][k] for k in ("normal", "pneumonia")
    )
    evaluation = json.loads((job / "evaluation.json").read_text("utf-8"))
    assert evaluation["new"]["images"] == 8
    thresholds = json.loads((job / "thresholds.json").read_text("utf-8"))
    assert set(thresholds) == {"operating_points", "table"}
    assert {"threshold", "tp", "fp", "fn", "tn", "sensitivity", "missed_per_thousand"} <= set(thresholds["table"][0])
    assert not (job / "draft.pneumo").exists()


@pytest.mark.timeout(600)
def test_stopped_killed_and_resumed_it_ends_with_the_same_weights(
    compact_run: tuple[Path, Ended], clinic: Path, tmp_path: Path
) -> None:
    """With one thread and a seed two runs give identical weights, and so does one in three pieces."""
    job = job_at(tmp_path / "job", folder=clinic, csv=clinic / "labels.csv", **TINY)

    def stop(running: subprocess.Popen[str], event: dict[str, Any]) -> None:
        if event["event"] == "step":
            assert running.stdin is not None
            running.stdin.write("stop\n")
            running.stdin.flush()

    stopped = run_child("train", job, on=stop)
    assert stopped.code == 3
    assert stopped.last["event"] == "stopped"
    assert stopped.last["why"] == "asked"
    assert stopped.last["can_resume"] is True

    def kill(running: subprocess.Popen[str], event: dict[str, Any]) -> None:
        if event["event"] == "epoch":
            running.kill()

    killed = run_child("train", job, on=kill)
    assert killed.code != 0
    assert killed.last["event"] not in ("done", "stopped", "error"), "it had no time to say anything"
    assert not (job / "new.pneumo").exists()

    resumed = run_child("train", job)
    assert resumed.code == 0
    assert resumed.of("resumed")[0]["learnt"] >= killed.of("epoch")[-1]["epoch"], "what was told is on the disk"
    assert resumed.of("progress") == [] or resumed.of("progress")[0]["phase"] == "test", "the images are not read again"
    whole, pieces = (ModelPackage.open(folder / "new.pneumo") for folder in (compact_run[0], job))
    assert whole.network_bytes == pieces.network_bytes
    assert whole.card.operating_points == pieces.card.operating_points


def test_a_parent_that_is_gone_ends_the_training(clinic: Path, tiny_model: Path, tmp_path: Path) -> None:
    job = job_at(tmp_path / "job", folder=clinic, base=tiny_model)

    def let_go(running: subprocess.Popen[str], event: dict[str, Any]) -> None:
        if event["event"] == "stage" and running.stdin is not None and not running.stdin.closed:
            running.stdin.close()

    ended = run_child("train", job, on=let_go)
    assert (ended.code, ended.last["event"], ended.last["why"]) == (3, "stopped", "parent_gone")


def test_the_exports_of_a_package(tiny_model: Path, tmp_path: Path) -> None:
    for name in ("net.tflite", "net.keras"):
        ended = run_child("export", tiny_model, tmp_path / name)
        assert ended.last == {"event": "exported", "file": str(tmp_path / name)}
        assert (tmp_path / name).stat().st_size > 10_000
    assert (tmp_path / "net.tflite").read_bytes() == ModelPackage.open(tiny_model).network_bytes
    ended = run_child("export", tiny_model, tmp_path / "net.h5")
    assert (ended.code, ended.last["code"]) == (2, "no_converter")
    assert ".h5" in ended.last["sentence"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.keras", "net.tflite"]
