"""The training dialog with generated images and a real child process, from a folder to an activated model and back."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import cv2
import psutil
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QDialog, QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop import places, training_program
from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.compare import Comparison, McNemar, Verdict
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.models_dialog import ModelsDialog
from pneumo_desktop.gui.training.decision_page import ReasonDialog
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.gui.training.jobs import unfinished_jobs, write_json
from pneumo_desktop.gui.training.preview import PreviewDialog
from pneumo_desktop.gui.training.process import read_json
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.training.augment import Augmentation
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.problems import sentence as problem_sentence
from pneumo_desktop.words.sentences import sentence

EACH = 22
LONG = 120_000
"""Milliseconds that a child process may take on a busy computer."""

pytestmark = pytest.mark.timeout(600)


def _write(path: Path, seed: int, pneumonia: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), chest(seed, pneumonia, (128, 128)))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """22 generated films of each class, of 21 patients each."""
    folder = tmp_path_factory.mktemp("clinic")
    for number in range(EACH):
        patient = max(1, number)
        _write(folder / "NORMAL" / f"IM-{patient:04d}-{number:04d}.png", number, pneumonia=False)
        _write(folder / "PNEUMONIA" / f"person{patient}_virus_{number}.png", 500 + number, pneumonia=True)
    return folder


def scan(dialog: TrainingDialog, folder: Path, qtbot: QtBot) -> None:
    dialog.take_folder(folder)
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)


def findings(dialog: TrainingDialog) -> dict[str, str]:
    return {finding["code"]: finding["severity"] for finding in dialog.data.scan.get("findings", [])}


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
    assert dialog.pages.currentWidget() is decision
    validated = sum(part == "val" for part in parts.values())
    rows = decision.page.thresholds.rows()
    assert {row.tp + row.fp + row.fn + row.tn for row in rows} == {2 * validated}  # plain and changed


@pytest.fixture(scope="module")
def trained(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a job that a child process has finished."""
    job = tmp_path_factory.mktemp("finished") / "job-1"
    job.mkdir()
    out = str(job / "model.pneumo")
    write_json(job / "job.json", {"folder": str(images), "out": out, "epochs": 1, "base": str(places.bundled_model())})
    command = training_program.command()
    assert command is not None
    with subprocess.Popen([*command, "train", str(job)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.wait(LONG / 1000) == 0
    return job


@pytest.fixture
def waiting(trained: Path, services: Services) -> Path:
    """A job that waits for a decision among the jobs of ``services``."""
    job = services.folder / "training" / "job-1"
    shutil.copytree(trained, job)
    shutil.copyfile(trained / "locked-test.json", job.parent / "locked-test.json")
    write_json(job / "job.json", {**read_json(job / "job.json"), "out": str(job / "model.pneumo")})
    return job


def test_the_operating_point_is_chosen_and_the_model_accepted_then_left_again(
    dialog: TrainingDialog, services: Services, images: Path, waiting: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    bundled = services.package().card.model_id
    decision, parts = dialog.decision, read_json(waiting / "scan.json")["parts"]
    test_names = {name for name, part in parts.items() if part == "test"}
    dialog.resume(waiting)
    wait_for_model(dialog, qtbot)
    package = decision._package
    assert package is not None
    own = ModelPackage.open(package).card.operating_points[Population.NOT_KNOWN].threshold
    thresholds, first = decision.page.thresholds, decision.evaluation
    assert first is not None

    def in_use() -> float:
        (index,) = thresholds.table.selectionModel().selectedRows()
        return thresholds.rows()[index.row()].threshold

    assert in_use() == pytest.approx(own)  # the row that stands is the one that is used
    assert not decision.undo_point.isVisible()
    thresholds.share.setValue(50.0)
    thresholds.goal.setCurrentIndex(thresholds.goal.findData("false_alarms_at_most"))
    qtbot.waitUntil(lambda: decision._picked is not None, timeout=LONG)
    assert decision.undo_point.isVisible()
    decision.undo_point.click()
    assert in_use() == pytest.approx(own)
    assert "as the training chose it" in decision.point_words.text()
    thresholds.table.selectRow(len(thresholds.rows()) // 2 + 1)
    qtbot.waitUntil(lambda: decision.accept_button.isEnabled(), timeout=LONG)
    chosen = decision._picked
    assert chosen is not None
    assert in_use() == chosen
    assert f"{chosen:.3f}" in decision.point_words.text()
    # what the picked point does on the locked part is not shown before the decision
    assert decision.evaluation is first
    assert decision.page.reports()[0] is first.report
    decision.page.write(out=tmp_path / "numbers.json", figures=tmp_path / "figures")
    qtbot.waitUntil((tmp_path / "figures" / "score_histogram_other.svg").exists, timeout=LONG)
    assert json.loads((tmp_path / "numbers.json").read_text("utf-8"))["compared"]["model_id"] == bundled

    # Accepted, then one click back
    with qtbot.waitSignal(dialog.activated, timeout=LONG):
        decision.accept_button.click()
    accepted = services.package().card
    assert accepted.parent == bundled
    for point in accepted.operating_points.values():
        assert point.threshold == pytest.approx(chosen)
    shown = decision.evaluation
    assert shown is not None
    assert shown is not first
    assert decision.page.reports()[0] is shown.report
    told = accepted.training["operating_point"]
    assert (told["picked_by"], told["goal"]) == ("reader", None)  # a row that was clicked
    assert told["instead_of"]["not_known"] == pytest.approx(own)
    assert told["locked_test_before"]["locked_test"]["confusion"]["tp"] == first.report.counts.tp
    assert accepted.metrics["locked_test"]["confusion"]["tp"] == shown.report.counts.tp
    assert accepted.metrics["locked_test"]["images"] == len(test_names)
    assert not decision.accept_button.isEnabled()
    assert unfinished_jobs(services.folder / "training") == []
    models = ModelsDialog(services)
    qtbot.addWidget(models)
    models.show()
    qtbot.waitUntil(lambda: models.table.rowCount() == 2 and models.back.isEnabled(), timeout=LONG)
    with qtbot.waitSignal(models.activated, timeout=LONG):
        models.go_back()
    assert services.package().card.model_id == bundled
    models.close()

    # A later training keeps the locked part
    scan(dialog, images, qtbot)
    assert {name for name, part in dialog.data.scan["parts"].items() if part == "test"} == test_names
    assert dialog.data.scan["locked"]["kept"] is True


def test_a_model_without_a_decision_is_offered_again(services: Services, waiting: Path, qtbot: QtBot) -> None:
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(window.training_offer.isVisible, timeout=LONG)
    window.training_offer.accepted.emit()
    again = window.doors._training
    assert again is not None
    qtbot.waitUntil(lambda: again.decision.evaluation is not None, timeout=LONG)
    assert not again.train.running
    again.decision.discard_button.click()
    qtbot.waitUntil(lambda: "Nothing has changed" in again.decision.words.text(), timeout=LONG)
    assert not (waiting / "model.pneumo").exists()
    assert len(services.registry.list()) == 1
    window.close()


def _comparison(verdict: Verdict) -> Comparison:
    return Comparison(40, 0.8, 0.9, -0.1, -0.2, -0.05, McNemar(1, 12, 0.003, 0.002), verdict)


def test_a_worse_model_needs_a_typed_reason(
    dialog: TrainingDialog, services: Services, waiting: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pneumo_desktop.evaluation.command.compare_reports", lambda _new, _old: _comparison(Verdict.WORSE)
    )
    dialog.resume(waiting)
    wait_for_model(dialog, qtbot)
    assert dialog.decision.page.verdict.text().startswith("The new model is worse.")

    monkeypatch.setattr(ReasonDialog, "exec", lambda _self: QDialog.DialogCode.Rejected)
    dialog.decision.accept_button.click()
    assert dialog.decision.undecided
    asking = ReasonDialog()
    qtbot.addWidget(asking)
    asking.reason.setText("because")
    assert not asking.use.isEnabled()
    asking.reason.setText("Made for the new detector, old films are not read any more")
    assert asking.use.isEnabled()

    def typed(self: ReasonDialog) -> QDialog.DialogCode:
        self.reason.setText(asking.reason.text())
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(ReasonDialog, "exec", typed)
    with qtbot.waitSignal(dialog.activated, timeout=LONG):
        dialog.decision.accept_button.click()
    assert services.package().card.training["accepted_although_worse"] == asking.reason.text()


def test_a_point_where_the_model_is_no_longer_worse_needs_the_reason_too_and_stays(
    dialog: TrainingDialog, services: Services, waiting: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts = [Verdict.WORSE, Verdict.NO_WORSE]
    monkeypatch.setattr(
        "pneumo_desktop.evaluation.command.compare_reports", lambda _new, _old: _comparison(verdicts.pop(0))
    )
    asked: list[ReasonDialog] = []

    def cancelled(self: ReasonDialog) -> QDialog.DialogCode:
        asked.append(self)
        return QDialog.DialogCode.Rejected

    monkeypatch.setattr(ReasonDialog, "exec", cancelled)
    dialog.resume(waiting)
    wait_for_model(dialog, qtbot)
    decision, package = dialog.decision, waiting / "model.pneumo"
    made, thresholds = package.read_bytes(), decision.page.thresholds
    for row in (1, 3, 2):
        thresholds.table.selectRow(row)
    assert verdicts == [Verdict.NO_WORSE]  # picking measured nothing
    picked = decision._picked
    decision.accept_button.click()
    qtbot.waitUntil(lambda: bool(asked), timeout=LONG)
    assert decision.undecided
    assert not thresholds.isEnabled()  # measured once: there is no other point any more
    assert not decision.undo_point.isVisible()

    # Nor after the dialog was opened again; an installation that fails leaves the package as training made it
    verdicts += [Verdict.WORSE, Verdict.NO_WORSE]
    dialog.resume(waiting)
    qtbot.waitUntil(lambda: not verdicts and not decision.measuring, timeout=LONG)
    assert decision._picked == picked
    assert not thresholds.isEnabled()

    def refused(*_arguments: object) -> None:
        raise BadPackageError("id_taken")

    monkeypatch.setattr(services.registry, "install", refused)
    decision.keep_button.click()
    qtbot.waitUntil(lambda: decision.keep_button.isEnabled() and not decision.judged, timeout=LONG)
    assert decision.undecided
    assert decision.words.text() == sentence("id_taken")
    assert package.read_bytes() == made
    assert not list(waiting.glob("install-*"))


def test_class_folders_with_other_names_are_mapped_by_hand(
    dialog: TrainingDialog, images: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / "hospital"
    folder.mkdir()
    (folder / "controles 2023").symlink_to(images / "NORMAL", target_is_directory=True)
    (folder / "grupo B").symlink_to(images / "PNEUMONIA", target_is_directory=True)
    scan(dialog, folder, qtbot)
    assert "has no NORMAL and PNEUMONIA folders" in dialog.data.words.text()
    mapping = dialog.data.mapping
    assert mapping.isVisible()
    assert set(mapping.boxes) == {"controles 2023", "grupo B"}
    for name, value in (("controles 2023", "normal"), ("grupo B", "pneumonia")):
        mapping.boxes[name].setCurrentIndex(mapping.boxes[name].findData(value))
    mapping.apply.click()
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)
    assert dialog.data.scan["images"] == 2 * EACH
    assert dialog.next.isEnabled()
    assert dialog.data.settings()["mapping"] == {"controles 2023": "normal", "grupo B": "pneumonia"}


def test_errors_block_and_each_finding_shows_its_files(
    dialog: TrainingDialog, images: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    table = tmp_path / "labels.csv"
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes((images / "NORMAL" / "IM-0002-0002.png").read_bytes()[:900])
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "label"])
        writer.writerow([str(damaged), "normal"])
        for name, label in (("NORMAL", "normal"), ("PNEUMONIA", "pneumonia")):
            writer.writerows([str(path), label] for path in sorted((images / name).iterdir()))
        writer.writerow([str(images / "NORMAL" / "IM-0003-0003.png"), "pneumonia"])
    scan(dialog, table, qtbot)
    assert findings(dialog)["both_labels"] == "error"
    assert findings(dialog)["unreadable"] == "warning"
    assert not dialog.next.isEnabled()
    assert "must be mended" in dialog.data.words.text()
    shown = [dialog.data.findings.list.item(row).text() for row in range(dialog.data.findings.list.count())]
    dialog.data.findings.list.setCurrentRow(next(row for row, text in enumerate(shown) if "cannot be read" in text))
    assert "damaged.png: The file ends too early" in dialog.data.findings.files.toPlainText()


def test_fewer_than_twenty_of_a_class_stop(dialog: TrainingDialog, tmp_path: Path, qtbot: QtBot) -> None:
    for number in range(3):
        for name in ("normales", "neumonías"):
            _write(tmp_path / "few" / name / f"{number}.png", number, name != "normales")
    scan(dialog, tmp_path / "few", qtbot)
    assert findings(dialog)["too_few_stop"] == "error"
    assert not dialog.next.isEnabled()


def test_a_folder_that_cannot_be_written_is_a_sentence(
    services: Services, images: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    (services.folder / "training").write_text("no folder", "utf-8")
    dialog = TrainingDialog(services)
    qtbot.addWidget(dialog)
    dialog.take_folder(images)
    assert "could not be read or written" in dialog.data.words.text()
    assert not dialog.data.scanning
    dialog.close()


def test_without_the_training_component_a_sentence_says_so(
    dialog: TrainingDialog, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumo_desktop.training_program.command", lambda: None)
    dialog.take_folder(images)
    assert dialog.data.words.text().startswith("The training component is not installed: run “make training”")


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


def test_reviewed_images_are_trained_from(
    dialog: TrainingDialog, services: Services, images: Path, qtbot: QtBot
) -> None:
    from pneumo_desktop.imaging.radiograph import Entry
    from pneumo_desktop.records.store import Decision

    dialog.data.reviewed.click()
    qtbot.waitUntil(lambda: "No image has been decided" in dialog.data.words.text(), timeout=LONG)
    paths = sorted(images.rglob("*.png"))
    queue = services.store.new_queue("films", Population.NOT_KNOWN)
    services.store.add_entries(queue, [Entry(path) for path in paths])
    for row in services.store.rows(queue):
        pneumonia = row.entry.path.parent.name == "PNEUMONIA"
        services.store.set_decision(row.entry_id, Decision.PNEUMONIA if pneumonia else Decision.NORMAL)
    dialog.data.reviewed.click()
    qtbot.waitUntil(lambda: bool(dialog.data.scan), timeout=LONG)
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)
    assert dialog.data.scan["images"] == 2 * EACH
    assert dialog.next.isEnabled()
