"""The last page of the training dialog: the new model beside the old one, its operating point, and what becomes of it."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from pneumo_desktop import places, training_program
from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.cases import Answer
from pneumo_desktop.evaluation.command import measure
from pneumo_desktop.evaluation.compare import Comparison, McNemar, Verdict
from pneumo_desktop.evaluation.thresholds import Goal, GoalKind, choose
from pneumo_desktop.gui.models_dialog import ModelsDialog
from pneumo_desktop.gui.reason_dialog import ReasonDialog
from pneumo_desktop.gui.training.decision_page import locked_images
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.gui.training.jobs import unfinished_jobs, write_json
from pneumo_desktop.gui.training.process import read_json
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.reading.reader import Reader
from pneumo_desktop.words.sentences import sentence
from tests.using_the_window import open_window

LONG = 120_000
"""Milliseconds that a child process may take on a busy computer."""

pytestmark = pytest.mark.timeout(600)


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
    qtbot.waitUntil(lambda: dialog.decision.evaluation is not None, timeout=LONG)
    package = decision._package
    assert package is not None
    own = ModelPackage.open(package).card.operating_points[Population.NOT_KNOWN].threshold
    thresholds, first = decision.page.thresholds, decision.evaluation
    assert first is not None
    wanted = choose(thresholds.rows(), Goal(GoalKind.MISS_AT_MOST, 0.05)).threshold

    def in_use() -> float:
        (index,) = thresholds.table.selectionModel().selectedRows()
        return thresholds.rows()[index.row()].threshold

    assert decision.page.numbers.columnWidth(0) >= 100  # the names of the numbers are words, on this small screen too
    assert in_use() == wanted  # the goal of the training picks the row that is shown first
    assert decision._picked is None
    assert ("lies elsewhere" in decision.point_words.text()) == (abs(wanted - own) > 1e-9)
    assert not decision.undo_point.isVisible()
    thresholds.share.setValue(50.0)
    thresholds.goal.setCurrentIndex(thresholds.goal.findData("false_alarms_at_most"))
    qtbot.waitUntil(lambda: decision._picked is not None, timeout=LONG)
    assert decision.undo_point.isVisible()
    decision.undo_point.click()
    assert in_use() == wanted
    assert "as the training chose it" in decision.point_words.text()
    rows = thresholds.rows()
    thresholds.table.selectRow(
        next(n for n in range(len(rows) // 2, len(rows)) if rows[n].threshold not in (wanted, own))
    )
    qtbot.waitUntil(lambda: decision._picked is not None and decision.accept_button.isEnabled(), timeout=LONG)
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
    dialog.take_folder(images)
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)
    assert {name for name, part in dialog.data.scan["parts"].items() if part == "test"} == test_names
    assert dialog.data.scan["locked"]["kept"] is True


def test_every_image_of_the_locked_part_is_measured_whatever_part_the_folder_put_it_in(
    images: Path, tmp_path: Path
) -> None:
    folder, job = tmp_path / "kaggle", tmp_path / "job"
    for number, path in enumerate(sorted(images.rglob("*.png"))):
        copy = folder / ("train", "test")[number % 2] / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*.png")]
    job.mkdir()
    write_json(job / "job.json", {"folder": str(folder)})
    write_json(job / "scan.json", {"parts": dict.fromkeys(names, "test")})
    reader = Reader(ModelPackage.open(places.bundled_model()))
    answer = Answer(reader.unreadable(UnreadableImageError("damaged"), Population.NOT_KNOWN))
    measured = measure(lambda _entry: answer, locked_images(job))
    assert sorted(case.name for case in measured.report.cases) == sorted(names)
    assert "Only the test part of the folder" not in measured.text


def test_a_model_without_a_decision_is_offered_again(services: Services, waiting: Path, qtbot: QtBot) -> None:
    window = open_window(services, qtbot)
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
    qtbot.waitUntil(lambda: dialog.decision.evaluation is not None, timeout=LONG)
    assert dialog.decision.page.verdict.text().startswith("The new model is worse.")

    monkeypatch.setattr(ReasonDialog, "exec", lambda _self: QDialog.DialogCode.Rejected)
    dialog.decision.accept_button.click()
    assert dialog.decision.undecided
    asking = ReasonDialog("Worse", "Why?")
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
    qtbot.waitUntil(lambda: dialog.decision.evaluation is not None, timeout=LONG)
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


def test_what_failed_after_the_installation_is_accepted_at_the_next_try(
    dialog: TrainingDialog, services: Services, waiting: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pneumo_desktop.evaluation.command.compare_reports", lambda _new, _old: _comparison(Verdict.WORSE)
    )
    reasons = ["The first reason that was typed", "The second reason that was typed"]

    def typed(self: ReasonDialog) -> QDialog.DialogCode:
        self.reason.setText(reasons.pop(0))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(ReasonDialog, "exec", typed)
    dialog.resume(waiting)
    qtbot.waitUntil(lambda: dialog.decision.evaluation is not None, timeout=LONG)
    save = services.registry._save

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "active.json")

    monkeypatch.setattr(services.registry, "_save", full)
    dialog.decision.accept_button.click()
    qtbot.waitUntil(lambda: "active.json" in dialog.decision.words.text(), timeout=LONG)
    qtbot.waitUntil(dialog.decision.accept_button.isEnabled, timeout=LONG)
    assert [info.bundled for info in services.registry.list() if info.active] == [True]

    monkeypatch.setattr(services.registry, "_save", save)
    with qtbot.waitSignal(dialog.activated, timeout=LONG):
        dialog.decision.accept_button.click()
    assert services.package().card.training["accepted_although_worse"] == "The second reason that was typed"
    assert len(services.registry.list()) == 2


def test_a_worse_model_that_was_kept_needs_its_reason_when_it_is_used_later(
    services: Services, waiting: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = ModelPackage.open(waiting / "model.pneumo")
    card = replace(made.card, metrics={**made.card.metrics, "comparison": {"verdict": "worse"}})
    path = tmp_path / "worse.pneumo"
    write_package(path, card, made.network_bytes, made.arrays, made.reference)
    services.install_model(path)
    models = ModelsDialog(services)
    qtbot.addWidget(models)
    models.show()
    qtbot.waitUntil(lambda: models.table.rowCount() == 2, timeout=LONG)
    models.table.selectRow(1)
    monkeypatch.setattr(ReasonDialog, "exec", lambda _self: QDialog.DialogCode.Rejected)
    models.activate.click()
    assert services.package().card.model_id != card.model_id

    def typed(self: ReasonDialog) -> QDialog.DialogCode:
        self.reason.setText("The old model reads films of the new detector worse still")
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(ReasonDialog, "exec", typed)
    with qtbot.waitSignal(models.activated, timeout=LONG):
        models.activate.click()
    assert services.package().card.model_id == card.model_id
    qtbot.waitUntil(lambda: "worse still" in models.card.toPlainText(), timeout=LONG)
    models.close()


def _second_job(services: Services, folder: Path) -> Path:
    """A job whose model its own card calls worse than the bundled one, learnt from ``folder``."""
    made = ModelPackage.open(places.bundled_model())
    metrics = {**made.card.metrics, "compared_with": made.card.model_id, "comparison": {"verdict": "worse"}}
    job = services.folder / "training" / "job-2"
    job.mkdir(parents=True)
    package = job / "model.pneumo"
    card = replace(made.card, model_id="local-worse", metrics=metrics)
    write_package(package, card, made.network_bytes, made.arrays, made.reference)
    write_json(job / "job.json", {"folder": str(folder), "out": str(package), "base": str(places.bundled_model())})
    write_json(job / "scan.json", {"parts": {}})
    write_json(job / "evaluation.json", {})
    return job


def test_a_model_that_cannot_be_measured_is_neither_accepted_nor_kept(
    dialog: TrainingDialog, services: Services, tmp_path: Path, qtbot: QtBot
) -> None:
    bundled, decision = services.package().card.model_id, dialog.decision
    job = _second_job(services, tmp_path / "unplugged")
    dialog.resume(job)
    qtbot.waitUntil(lambda: "unplugged does not exist" in decision.words.text(), timeout=LONG)
    assert "can only be discarded now" in decision.words.text()
    assert not decision.accept_button.isEnabled()
    assert not decision.keep_button.isEnabled()
    assert unfinished_jobs(job.parent) == [job]  # offered again
    dialog.back.click()
    dialog.next.click()  # the way back to the decision that is still to be made
    assert decision.discard_button.isVisible()
    assert decision.discard_button.isEnabled()
    decision.discard_button.click()
    qtbot.waitUntil(lambda: "Nothing has changed" in decision.words.text(), timeout=LONG)
    dialog.back.click()
    assert not dialog.next.isEnabled()
    assert [info.model_id for info in services.registry.list()] == [bundled]


def test_what_was_measured_of_another_model_decides_nothing(
    dialog: TrainingDialog, services: Services, waiting: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    decision = dialog.decision
    dialog.resume(waiting)
    qtbot.waitUntil(decision.accept_button.isEnabled, timeout=LONG)
    dialog.resume(_second_job(services, tmp_path / "unplugged"))
    qtbot.waitUntil(lambda: "unplugged does not exist" in decision.words.text(), timeout=LONG)
    assert not decision.accept_button.isEnabled()
    assert not decision.keep_button.isEnabled()
