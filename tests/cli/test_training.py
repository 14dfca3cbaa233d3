"""``train`` and ``models`` as a person types them, over a stand-in for the training program that tells the same events."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pneumo_desktop import places, training_program, whole_file
from pneumo_desktop.cli import main
from pneumo_desktop.cli.training import job_folder
from pneumo_desktop.file_lock import lock
from pneumo_desktop.models.package import ModelPackage

STAND_IN = """
import json, os, pathlib, signal, sys
command, target = sys.argv[3], pathlib.Path(sys.argv[4])
def tell(event, **values):
    print(json.dumps({"event": event, **values}), flush=True)
if command == "export":
    if sys.argv[5].endswith(".onnx"):
        tell("error", code="no_converter", sentence="No converter.", detail="")
        sys.exit(2)
    pathlib.Path(sys.argv[5]).write_text("network")
    tell("exported", file=sys.argv[5])
    sys.exit(0)
job = json.loads((target / "job.json").read_text())
(target / "checkpoint").mkdir(exist_ok=True)
(target / "scan.json").write_text(json.dumps({"findings": [{"sentence": "Few images."}]}))
tell("stage", stage="preparing")
tell("progress", phase="images", done=3, of=9)
tell("stage", stage="fitting")
how = os.environ.get("HOW", "done")
epoch = dict(epoch=1, epochs=2, loss=0.5, accuracy=0.75, val_loss=0.25, val_accuracy=0.9, val_auc=0.875, best=True)
tell("epoch", **epoch, learning_rate=0.1, seconds=1.0)
if how == "pressed":  # Ctrl+C on a terminal goes to both; this one dies of it, as while its libraries are loaded
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.killpg(0, signal.SIGINT)
if how == "killed":
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
if how == "stopped":
    tell("stopped", why="asked", can_finish=True, can_resume=True)
    sys.exit(3)
if how == "blocked":
    tell("error", code="blocked", sentence="Cannot be trained from.", detail="", findings=[{"sentence": "Both labels."}])
    sys.exit(2)
if "--finish" in sys.argv:
    tell("warning", code="x", sentence="Finished early.")
pathlib.Path(job["out"]).write_text("package")
metric = {"value": 0.91, "low": 0.85, "high": 0.95}
figures = {name: metric for name in ("auc", "accuracy", "sensitivity", "specificity")}
old = {**figures, "auc": {"value": None, "low": None, "high": None}}
tell("done", package=job["out"], model_id="m", architecture="adapt", seconds=1.0, evaluation="e", figures={
    "test": {"normal": 30, "pneumonia": 40}, "new": figures, "old": old, "difference": None, "verdict": "no_worse"})
"""


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments of a training whose program is the stand-in."""
    program = tmp_path / "program.py"
    program.write_text(STAND_IN, "utf-8")
    monkeypatch.setattr(training_program, "command", lambda: [sys.executable, str(program)])
    (tmp_path / "images").mkdir()
    return [
        "train", str(tmp_path / "images"), "--out", str(tmp_path / "new.pneumo"),
        "--data-dir", str(tmp_path / "data"), "--language", "en",
    ]  # fmt: skip


def job_of(typed: list[str]) -> dict[str, object]:
    return dict(json.loads((job_folder(Path(typed[3])) / "job.json").read_text("utf-8")))


def test_text_says_what_is_going_on_and_how_it_ended(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(typed) == 0
    told = capsys.readouterr()
    assert "Epoch 1 of 2: loss 0.500, accuracy 0.750; validation: loss 0.250, AUC 0.875 *" in told.out
    assert "30 normal, 40 pneumonia" in told.out
    assert "0.910 (0.850 to 0.950)   before: –" in told.out
    assert "The new model is no worse." in told.out
    assert "Few images." in told.err
    assert "\r" not in told.out
    folder = job_folder(Path(typed[3]))
    assert not (folder / "checkpoint").exists(), "what only training needs is deleted at the end"
    assert (folder / "scan.json").is_file()


def test_in_spanish_its_numbers_have_a_comma(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*typed[:-1], "es"]) == 0
    assert "0,875 *" in capsys.readouterr().out


def test_jsonl_hands_every_event_on(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*typed, "--progress", "jsonl"]) == 0
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events == ["stage", "progress", "stage", "epoch", "done"]


def test_options_go_before_the_recipe_and_the_test_part_is_the_windows(typed: list[str], tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text('{"epochs": 7, "seed": 5, "augmentation": {"flip": 0.0}, "population": "children"}', "utf-8")
    given = ["--recipe", str(recipe), "--seed", "9", "--architecture", "compact", "--size", "64", "--threads", "1"]
    assert main([*typed, *given]) == 0
    job = job_of(typed)
    assert {key: job[key] for key in ("epochs", "seed", "architecture", "size", "threads", "population")} == {
        "epochs": 7, "seed": 9, "architecture": "compact", "size": 64, "threads": 1, "population": "children",
    }  # fmt: skip
    assert job["augmentation"] == {"flip": 0.0}
    assert job["locked_test"] == str((tmp_path / "data" / "training" / "locked-test.json").resolve())
    assert str(job["base"]).endswith("bundled.pneumo")


def test_settings_that_a_full_disk_refuses_leave_nothing_half(
    typed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(whole_file.os, "fsync", full)
    assert main([*typed, "--epochs", "3"]) == 2
    assert "job.json" in capsys.readouterr().err
    assert list(job_folder(Path(typed[3])).iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[" * 200_000, "[]", '{"out": "elsewhere.pneumo"}'])
def test_a_file_that_is_no_recipe_is_a_sentence(
    typed: list[str], tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.json"
    recipe.write_text(text, "utf-8")
    assert main([*typed, "--recipe", str(recipe)]) == 2
    assert "is not a recipe" in capsys.readouterr().err
    assert not job_folder(Path(typed[3])).exists()


def test_stopped_and_killed_trainings_go_on_by_resume(
    typed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*typed, "--resume"]) == 2
    assert "There is no training for new.pneumo" in capsys.readouterr().err
    job_folder(Path(typed[3])).mkdir()
    (job_folder(Path(typed[3])) / "job.json").write_text("[" * 200_000, "utf-8")
    assert main([*typed, "--resume"]) == 2
    assert "There is no training for new.pneumo" in capsys.readouterr().err
    monkeypatch.setenv("HOW", "stopped")
    assert main([*typed, "--epochs", "3"]) == 3
    assert "--finish" in capsys.readouterr().out
    monkeypatch.setenv("HOW", "killed")
    assert main([*typed, "--resume"]) == 2
    assert "go on with --resume" in capsys.readouterr().err
    assert main(typed) == 2, "a training that was begun is not begun anew unasked"
    assert "was begun before" in capsys.readouterr().err
    assert main([*typed, "--resume", "--epochs", "4"]) == 2
    assert "--epochs" in capsys.readouterr().err
    elsewhere = [*typed[:1], str(Path(typed[1]).parent), *typed[2:]]
    assert main([*elsewhere, "--resume"]) == 2
    assert "images" in capsys.readouterr().err
    monkeypatch.setenv("HOW", "done")
    assert main([*typed, "--finish"]) == 0
    assert "Finished early." in capsys.readouterr().err
    assert job_of(typed)["epochs"] == 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups of signals")
def test_ctrl_c_before_the_training_program_can_say_so_is_no_lack_of_memory(typed: list[str], tmp_path: Path) -> None:
    command = [sys.executable, str(tmp_path / "program.py")]
    program = (
        f"import sys; from pneumo_desktop import training_program; training_program.command = lambda: {command!r}; "
        "from pneumo_desktop.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *typed], capture_output=True, text=True, check=False, start_new_session=True,
        cwd=Path(__file__).resolve().parents[2], env={**os.environ, "HOW": "pressed"},
    )  # fmt: skip
    assert ended.returncode == 3, ended.stderr
    assert ended.stderr.splitlines()[-1] == "Stopped."


def test_a_problem_is_told_with_its_findings(
    typed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOW", "blocked")
    assert main(typed) == 2
    told = capsys.readouterr().err
    assert "Cannot be trained from." in told
    assert "- Both labels." in told


def test_without_the_training_component_it_says_so(
    typed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(training_program, "command", lambda: None)
    assert main(typed) == 2
    assert "training component is not installed" in capsys.readouterr().err
    options = ["--data-dir", typed[5], "--language", "en"]
    bundled = ModelPackage.open(places.bundled_model()).card.model_id
    assert main(["models", "export", bundled, str(Path(typed[5]) / "n.keras"), *options]) == 2
    assert "training component is not installed" in capsys.readouterr().err


def test_the_ending_must_be_that_of_a_package(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*typed[:3], typed[3].replace(".pneumo", ".keras"), *typed[4:]]) == 2
    assert ".pneumo" in capsys.readouterr().err


def test_models_export_by_ending(typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = typed[4:]
    main(["models", "list", *options])
    model_id = capsys.readouterr().out.split()[1]
    for name in ("usb.pneumo", "n.tflite"):
        assert main(["models", "export", model_id, str(tmp_path / name), *options]) == 0
        assert (tmp_path / name).is_file()
    assert main(["models", "export", model_id, str(tmp_path / "n.onnx"), *options]) == 2
    assert "No converter." in capsys.readouterr().err


def test_a_training_without_a_checkpoint_is_begun_anew(typed: list[str]) -> None:
    cache = job_folder(Path(typed[3])) / "cache"
    cache.mkdir(parents=True)
    (cache / "pictures.rows").write_bytes(b"of images as they were")
    assert main(typed) == 0
    assert not cache.exists()


def test_a_training_that_runs_keeps_its_settings(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*typed, "--epochs", "3"]) == 0
    folder = job_folder(Path(typed[3]))
    (folder / "cache").mkdir()
    with (folder / "lock").open("a+b") as stream:
        lock(stream)
        assert main([*typed, "--epochs", "9"]) == 2
    assert "already running" in capsys.readouterr().err
    assert job_of(typed)["epochs"] == 3
    assert (folder / "cache").is_dir()


def test_whose_images_is_not_changed_by_going_on(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*typed, "--population", "adults"]) == 0
    assert main([*typed, "--resume", "--population", "children"]) == 2
    assert "leave out --population" in capsys.readouterr().err
    assert main([*typed, "--resume", "--population", "adults"]) == 0


def test_a_folder_whose_name_is_no_unicode_is_handed_on(typed: list[str], tmp_path: Path) -> None:
    typed[1] = str(tmp_path / "ni\udcf1os")
    assert main(typed) == 0
    assert job_of(typed)["folder"] == typed[1]
