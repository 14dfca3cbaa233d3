"""The training dialog with generated images and a real child process, from a folder to an activated model and back."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.gui.training.jobs import unfinished_jobs
from pneumo_desktop.gui.training.preview import PreviewDialog
from pneumo_desktop.gui.training.process import EXIT_STOPPED, TrainingProcess
from pneumo_desktop.training.augment import Augmentation
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.problems import sentence as problem_sentence

from .conftest import LONG, findings, scan

pytestmark = pytest.mark.timeout(600)


def to_training(dialog: TrainingDialog, folder: Path, qtbot: QtBot) -> None:
    scan(dialog, folder, qtbot)
    assert dialog.next.isEnabled()
    dialog.next.click()
    qtbot.waitUntil(lambda: bool(dialog.train._possible), timeout=LONG)


def wait_for_model(dialog: TrainingDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog.train.running, timeout=LONG)
    qtbot.waitUntil(lambda: dialog.decision.evaluation is not None, timeout=LONG)


def test_from_a_folder_through_a_stop_and_a_kill_to_two_models_side_by_side(
    dialog: TrainingDialog, services: Services, images: Path, qtbot: QtBot
) -> None:
    # Data: dropped, scanned, parted by patient, shown before it is used
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(images))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dialog.data.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, left, none))
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)
    assert findings(dialog)["too_few_warn"] == "warning"
    parts = dialog.data.scan["parts"]
    assert {part: sum(own == part for own in parts.values()) > 0 for part in ("train", "val", "test")}
    assert parts["NORMAL/IM-0001-0000.png"] == parts["NORMAL/IM-0001-0001.png"]
    assert len(dialog.data.split.text().splitlines()) == 4
    qtbot.waitUntil(lambda: dialog.data.chart.drawn, timeout=LONG)

    # A preview of augmented images
    dialog.data.preview.click()
    qtbot.waitUntil(lambda: bool(dialog.findChildren(PreviewDialog)), timeout=LONG)
    dialog.findChildren(PreviewDialog)[0].close()
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)

    # Training: estimated times, stopped in the middle, gone on, killed, gone on
    dialog.next.click()
    qtbot.waitUntil(lambda: bool(dialog.train._estimates), timeout=LONG)
    assert all("On this computer" in words.text() for words in dialog.train._way_words.values())
    dialog.train.advanced.epochs.setValue(5)
    dialog.train.advanced.early_stopping.setValue(0)
    toggle = dialog.train.toggle_button
    toggle.click()
    assert toggle.text() == "Stop"
    assert not dialog.back.isEnabled()
    qtbot.waitUntil(lambda: dialog.train.progress.maximum() > 1, timeout=LONG)
    toggle.click()
    qtbot.waitUntil(lambda: not dialog.train.running, timeout=LONG)
    assert toggle.text() == "Go on"
    assert dialog.train.words.text().startswith("Stopped")

    told: list[dict[str, Any]] = []
    dialog.train._process.told.connect(told.append)
    toggle.click()
    curves = dialog.train.curves
    qtbot.waitUntil(lambda: len(curves.history.get("val_loss", [])) >= 2 or not dialog.train.running, timeout=LONG)
    if dialog.train.running:
        os.kill(dialog.train.process_id(), getattr(signal, "SIGKILL", signal.SIGTERM))  # on Windows SIGTERM kills
        qtbot.waitUntil(lambda: not dialog.train.running, timeout=LONG)
        assert "ended unexpectedly" in dialog.train.words.text()
        learnt = list(curves.history["loss"])
        assert unfinished_jobs(services.folder / "training") == [dialog._job]
        toggle.click()
        qtbot.waitUntil(lambda: any(event["event"] == "resumed" for event in told), timeout=LONG)
        wait_for_model(dialog, qtbot)
        assert curves.history["loss"][: len(learnt)] == pytest.approx(learnt)
    wait_for_model(dialog, qtbot)
    assert len(curves.history["loss"]) == len(curves.history["val_accuracy"]) == 5
    assert {"stage", "progress", "step", "epoch", "done"} <= {event["event"] for event in told}

    # Evaluation: both models on the locked part, thresholds of the validation part
    decision = dialog.decision
    evaluation = decision.evaluation
    assert evaluation is not None
    assert evaluation.other is not None
    test_names = {name for name, part in parts.items() if part == "test"}
    assert {case.name for case in evaluation.report.cases} == test_names
    assert {case.name for case in evaluation.other.cases} == test_names
    assert decision.isVisible()
    validated = sum(part == "val" for part in parts.values())
    rows = decision.page.thresholds.rows()
    assert {row.tp + row.fp + row.fn + row.tn for row in rows} == {2 * validated}  # plain and changed


def test_without_the_training_component_a_sentence_says_so(
    dialog: TrainingDialog, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumo_desktop.training_program.command", lambda: None)
    dialog.take_folder(images)
    assert dialog.data.words.text().startswith("The training component is not installed: run “make training”")


@pytest.mark.parametrize("can_finish", [True, False])
def test_a_stopped_training_offers_the_best_so_far_only_where_there_is_one(
    dialog: TrainingDialog, can_finish: bool
) -> None:
    dialog.train._told({"event": "stopped", "can_finish": can_finish})
    dialog.train._ended(EXIT_STOPPED)
    assert dialog.train.finish_button.isHidden() is not can_finish
    assert ("use the best so far" in dialog.train.words.text()) is can_finish
    assert dialog.train.words.text().startswith("Stopped")


@pytest.mark.parametrize(
    ("left", "offered"), [("settings.json", False), ("checkpoint.npz", False), ("head.json", True)]
)
def test_a_killed_training_offers_the_best_so_far_only_where_there_is_one(
    dialog: TrainingDialog, tmp_path: Path, left: str, offered: bool
) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / left).touch()
    dialog.train.job = tmp_path
    dialog.train._ended(-1)
    assert dialog.train.finish_button.isHidden() is not offered


def test_what_the_computer_lacks_is_said_before_anything_starts(dialog: TrainingDialog) -> None:
    ways = ("adapt", "fine-tune", "transfer", "compact", "classic")
    sentence = "2300 MB of memory are needed and 900 MB are free."
    dialog.train._checked(
        {"event": "check", "possible": {way: way == "adapt" for way in ways}, "sentences": [sentence],
         "estimated_seconds": dict.fromkeys(ways, 600.0)}
    )  # fmt: skip
    assert dialog.train.check_words.text() == sentence
    assert not dialog.train._buttons["fine-tune"].isEnabled()
    assert "Not possible on this computer." in dialog.train._way_words["scratch"].text()
    assert dialog.train.toggle_button.isEnabled()
    dialog.train.take_recipe({"architecture": "classic"})
    assert not dialog.train.toggle_button.isEnabled()


def test_the_promised_time_is_asked_anew_when_the_settings_change(
    dialog: TrainingDialog, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    busy = [False]
    monkeypatch.setattr(TrainingProcess, "running", property(lambda process: busy[0]))
    monkeypatch.setattr(TrainingProcess, "start", lambda _process, arguments: asked.append(list(arguments)) or True)
    page = dialog.train
    page.advanced.epochs.setValue(7)
    qtbot.waitUntil(lambda: not page._pause.isActive())
    assert not asked, "there are no images yet"
    page.check(100, tmp_path, None)
    question = ["check", "--images", "100", "--folder", str(tmp_path), "--epochs=7"]
    assert asked == [question]
    page.advanced.epochs.setValue(30)
    page.advanced.image_size.setCurrentIndex(page.advanced.image_size.findData(256))
    qtbot.waitUntil(lambda: len(asked) == 2)
    assert asked[1] == [*question[:-1], "--epochs=30", "--size=256"]
    busy[0] = True  # it is being answered
    page.advanced.batch.setValue(8)
    qtbot.waitUntil(lambda: not page._pause.isActive())
    assert len(asked) == 2
    busy[0] = False
    page._checker.ended.emit(0)
    page._checker.ended.emit(0)
    assert asked[2:] == [[*question[:-1], "--epochs=30", "--size=256", "--batch=8"]]


def test_a_missing_training_component_is_named_with_how_to_get_it(dialog: TrainingDialog) -> None:
    ways = ("adapt", "fine-tune", "transfer", "compact", "classic")
    missing = {way: [] if way == "adapt" else ["no_tensorflow"] for way in ways}
    dialog.train._checked(
        {"event": "check", "possible": {way: way == "adapt" for way in ways}, "missing": missing,
         "sentences": [problem_sentence(Problem("no_tensorflow"))], "estimated_seconds": dict.fromkeys(ways, 600.0)}
    )  # fmt: skip
    assert "make training" in dialog.train.check_words.text()
    for way in ("fine-tune", "scratch"):
        assert dialog.train._way_words[way].text().endswith("Needs the training component, which is not installed.")
    assert "On this computer" in dialog.train._way_words["adapt"].text()


def test_curves_keep_every_learnt_epoch_where_only_the_rest_is_left_to_do(dialog: TrainingDialog) -> None:
    page = dialog.train
    for epoch in (1, 2, 3):
        page._told({"event": "epoch", "epoch": epoch, "epochs": 3, "loss": 1.0 / epoch, "val_loss": 2.0 / epoch})
    page._told({"event": "resumed", "epoch": 3, "step": 3, "learnt": 3})
    assert page.curves.history["loss"] == [1.0, 0.5, 1 / 3]
    page._told({"event": "resumed", "epoch": 3, "step": 2, "learnt": 2})
    assert page.curves.history["loss"] == [1.0, 0.5]


def test_settings_come_back_as_they_were_saved(dialog: TrainingDialog, tmp_path: Path) -> None:
    train = dialog.train
    recipe = {
        "architecture": "classic", "epochs": 7, "size": 128, "batch": 8, "learning_rate": 0.002, "early_stopping": 0,
        "class_weighting": False, "augmentation": {"flip": 0.0, "rotation_degrees": 5.0}, "seed": 11, "threads": 1,
        "goal": {"kind": "miss_at_most", "share": 0.02},
    }  # fmt: skip
    train.take_recipe(recipe)
    assert train.recipe() == recipe
    train.advanced.save_to(tmp_path / "recipe.json", train.recipe())
    train.take_recipe({"architecture": "adapt", "epochs": None, "batch": None, "size": None, "augmentation": {}})
    assert train.recipe()["epochs"] is None
    train.advanced.load_from(tmp_path / "recipe.json")
    assert train.recipe() == recipe


def test_a_number_that_no_box_holds_is_left_as_it_is(dialog: TrainingDialog) -> None:
    before = dialog.train.recipe()
    dialog.train.take_recipe({"epochs": 10**12, "seed": 2**31, "batch": -3})
    assert dialog.train.recipe() == before


def test_the_usual_strengths_are_those_of_the_training_program() -> None:
    from pneumo_desktop.gui.training.augmentation import USUAL

    assert {name: getattr(Augmentation(), name) for name in USUAL} == USUAL
    assert set(USUAL) == set(vars(Augmentation()))


def test_closing_while_training_runs_asks_and_ends_the_child(
    services: Services, images: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = TrainingDialog(services)
    qtbot.addWidget(dialog)
    monkeypatch.setattr(QMessageBox, "question", lambda *_arguments: QMessageBox.StandardButton.Yes)
    dialog.show()
    to_training(dialog, images, qtbot)
    dialog.train.toggle_button.click()
    qtbot.waitUntil(lambda: dialog.train.process_id() > 0, timeout=LONG)
    child = dialog.train.process_id()
    asked: list[str] = []

    def stay(box: QMessageBox) -> int:
        asked.append(box.text())
        return 0

    monkeypatch.setattr(QMessageBox, "exec", stay)
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[-1])
    dialog.close()
    assert dialog.isVisible()
    assert dialog.train.running
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[0])
    dialog.close()
    assert not dialog.isVisible()
    assert len(asked) == 2
    assert all("Training is running" in text for text in asked)
    assert not psutil.pid_exists(child)
    assert unfinished_jobs(services.folder / "training") == [dialog._job]
