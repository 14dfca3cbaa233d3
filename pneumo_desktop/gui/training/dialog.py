"""The training dialog: data, training, evaluation; nothing becomes active before the user says so."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop import training_program
from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.command import Evaluation, EvaluationError, measure, reading_with
from pneumo_desktop.evaluation.compare import Verdict
from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA, LabelledFolder, LabelsError, find
from pneumo_desktop.evaluation.summary import labels_sentence
from pneumo_desktop.evaluation.thresholds import ThresholdRow, point_at
from pneumo_desktop.gui.evaluation import EvaluationPage
from pneumo_desktop.gui.training.data_page import DataPage
from pneumo_desktop.gui.training.jobs import finish_job, new_job, write_json, write_reviewed
from pneumo_desktop.gui.training.process import MissingTrainingError, read_json
from pneumo_desktop.gui.training.train_page import TrainPage, recipe_of
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence

_TITLES = (N_("1. Data"), N_("2. Train"), N_("3. Evaluation"))
_CLASSES = {"normal": NORMAL, "pneumonia": PNEUMONIA}
_SETTING = "training_recipe"


def locked_images(job: Path) -> LabelledFolder:
    """Return the locked test part of a job as labelled images; raises LabelsError, OSError."""
    settings, scan = read_json(job / "job.json"), read_json(job / "scan.json")
    if not isinstance(settings, dict) or not isinstance(scan, dict):
        raise LabelsError("missing", job.name)
    mapping = {name: _CLASSES[value] for name, value in (settings.get("mapping") or {}).items()}
    found = find(Path(settings.get("csv") or settings["folder"]), mapping)
    parts = scan.get("parts") or {}
    return dataclasses.replace(found, images=tuple(i for i in found.images if parts.get(i.name) == "test"))


def threshold_rows(job: Path) -> list[ThresholdRow]:
    """Return the table of thresholds on the choose part; empty where there is none."""
    values = read_json(job / "thresholds.json")
    names = {field.name for field in dataclasses.fields(ThresholdRow)}
    rows = values if isinstance(values, list) else []
    return [ThresholdRow(**row) for row in rows if isinstance(row, dict) and set(row) == names]


class TrainingDialog(QDialog):
    """Not modal: images are read meanwhile. ``activated`` says that another model reads from now on."""

    activated = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._jobs = services.folder / "training"
        self._job: Path | None = None
        self._package: Path | None = None
        self._evaluation: Evaluation | None = None
        self._background = Background(1, self)
        self.setWindowTitle(tr("Training"))
        self.resize(1160, 700)
        try:
            model: Path | None = services.package().path
        except Exception:  # the dialog opens without a model too: training from scratch needs none
            model = None
        self._model = model
        self.title = QLabel()
        font = self.title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.title.setFont(font)
        self.data = DataPage(self._jobs / "locked-test.json", model)
        self.train = TrainPage()
        self.page = EvaluationPage()
        self.measuring = QProgressBar()
        self.measuring.hide()
        self.evaluation_words = QLabel(wordWrap=True)
        self.use_threshold = QPushButton(tr("Use this operating point"))
        self.accept_model = QPushButton(tr("Accept: read with the new model"))
        self.keep_model = QPushButton(tr("Keep for later"))
        self.discard_model = QPushButton(tr("Discard"))
        evaluation = QWidget()
        inner = QVBoxLayout(evaluation)
        inner.addWidget(self.measuring)
        inner.addWidget(self.page, 1)
        inner.addWidget(self.evaluation_words)
        line = QHBoxLayout()
        line.addWidget(self.use_threshold)
        line.addStretch(1)
        for button in (self.discard_model, self.keep_model, self.accept_model):
            line.addWidget(button)
        inner.addLayout(line)
        self.pages = QStackedWidget()
        for page in (self.data, self.train, evaluation):
            self.pages.addWidget(page)
        self.back, self.next = QPushButton(tr("Back")), QPushButton(tr("Next"))
        self.leave = QPushButton(tr("Close"))
        buttons = QHBoxLayout()
        buttons.addWidget(QLabel(sentence("disclaimer")))
        buttons.addStretch(1)
        for button in (self.back, self.next, self.leave):
            buttons.addWidget(button)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.title)
        layout.addWidget(self.pages, 1)
        layout.addLayout(buttons)

        self.back.clicked.connect(lambda: self._show(self.pages.currentIndex() - 1))
        self.next.clicked.connect(self._next)
        self.leave.clicked.connect(self.close)
        self.data.ready.connect(lambda _ready: self._buttons())
        self.data.reviewed_wanted.connect(self._use_reviewed)
        self.train.toggle_button.clicked.connect(self.toggle_training)
        self.train.busy.connect(lambda _busy: self._buttons())
        self.train.finished.connect(self._trained)
        self.use_threshold.clicked.connect(self._use_threshold)
        self.accept_model.clicked.connect(self.accept_new)
        self.keep_model.clicked.connect(self.keep_new)
        self.discard_model.clicked.connect(self.discard_new)
        self._threshold: float | None = None
        self.page.threshold_chosen.connect(self._threshold_picked)
        self._judged = False
        stored = services.store.setting(_SETTING, {})
        if isinstance(stored, dict):
            self.train.take_recipe(stored)
        self._show(0)
        self.data.use_job(new_job(self._jobs) if self._job is None else self._job)

    # Pages

    def _show(self, number: int) -> None:
        self.pages.setCurrentIndex(number)
        self.title.setText(tr(_TITLES[number]))
        self._buttons()

    def _buttons(self) -> None:
        number = self.pages.currentIndex()
        busy = self.train.running
        self.back.setEnabled(number == 1 and not busy)
        ready = bool(self.data.scan) and not self.data.scan.get("blocked", True)
        self.next.setEnabled((number == 0 and ready) or (number == 1 and self._evaluation is not None and not busy))
        undecided = self._package is not None and not self._judged
        for button in (self.accept_model, self.keep_model, self.discard_model):
            button.setEnabled(undecided)

    def _next(self) -> None:
        if self.pages.currentIndex() == 0:
            if not self.data.ask_warnings():
                return
            if self._job is not None:
                self.train.check(int(self.data.scan.get("images", 0)), self._job)
        self._show(self.pages.currentIndex() + 1)

    # Data

    def take_folder(self, folder: Path) -> None:
        """Scan ``folder``."""
        self.data.take(folder)

    def _use_reviewed(self) -> None:
        table = self._new_job() / "reviewed.csv"

        def written(count: int) -> None:
            if count:
                self.data.take(table)
            else:
                self.data.words.setText(tr("No image has been decided as pneumonia or normal yet."))

        self._background.submit(lambda: write_reviewed(self._services.store.rows(), table), written, self._broken)

    def _new_job(self) -> Path:
        if self._job is None or (self._job / "job.json").exists():
            self._job = new_job(self._jobs)
            self.data.use_job(self._job)
        return self._job

    # Training

    def toggle_training(self) -> None:
        """Start, go on, or stop."""
        if self.train.running:
            self.train.stop()
            return
        job = self._new_job() if self._package is not None else self._job
        if job is None:
            return
        recipe = self.train.recipe()
        self._services.store.set_setting(_SETTING, recipe)
        before = read_json(job / "job.json")
        same = isinstance(before, dict) and all(before.get(key) == value for key, value in recipe.items())
        try:
            if not same:
                if before is not None:
                    job = self._fresh_copy()
                values = {**self.data.settings(), **recipe, "out": str(job / "model.pneumo")}
                if self._model is not None:
                    values["base"] = str(self._model)
                write_json(job / "job.json", values)
            self.train.begin(job)
        except MissingTrainingError:
            self._missing()
        except OSError as problem:
            text = tr("{name} could not be read or written: {why}.")
            self.train.words.setText(text.format(name=job.name, why=problem.strerror))

    def _fresh_copy(self) -> Path:
        """Return a new job with this one's scan: other settings must not go on from its checkpoint."""
        assert self._job is not None
        scan = (self._job / "scan.json").read_bytes()
        self._job = new_job(self._jobs)
        (self._job / "scan.json").write_bytes(scan)
        self.data.use_job(self._job)
        return self._job

    def resume(self, job: Path) -> None:
        """Go on with a job that was not finished."""
        self._job = job
        self.data.use_job(job)
        self.data.scan = read_json(job / "scan.json") or {}
        settings = read_json(job / "job.json") or {}
        self.data.folder.setText(str(settings.get("folder", "")))
        self.train.take_recipe(recipe_of(job))
        self._show(1)
        try:
            self.train.begin(job)
        except MissingTrainingError:
            self._missing()

    def _missing(self) -> None:
        self.train.words.setText(training_program.missing())

    def _trained(self, event: dict[str, Any]) -> None:
        self._package = Path(event["package"])
        self._judged = False
        self._show(2)
        self._measure()

    # Evaluation

    def _measure(self) -> None:
        job, package, model = self._job, self._package, self._model
        if job is None or package is None:
            return
        population = Population((read_json(job / "job.json") or {}).get("population", "not_known"))
        self.measuring.setRange(0, 0)
        self.measuring.show()
        self.evaluation_words.setText(tr("Both models read the locked test part…"))

        def work() -> Evaluation:
            from pneumo_desktop.reading.reader import Reader

            readers = [
                reading_with(Reader(ModelPackage.open(path)), population)
                for path in (package, model)
                if path is not None
            ]
            return measure(readers[0], locked_images(job), readers[1] if len(readers) > 1 else None)

        self._background.submit(work, self._measured, self._broken, topic="measure")

    def _measured(self, evaluation: Evaluation) -> None:
        self.measuring.hide()
        self._evaluation = evaluation
        self._threshold = None
        rows = threshold_rows(self._job) if self._job is not None else []
        self.page.show_evaluation(evaluation, rows or None)
        self.evaluation_words.setText(
            tr("The locked test part was never learnt from. The thresholds were counted on the validation part.")
        )
        self.use_threshold.setEnabled(bool(rows))
        self._buttons()

    def _broken(self, error: Exception) -> None:
        self.measuring.hide()
        if isinstance(error, LabelsError):
            self.evaluation_words.setText(labels_sentence(error))
        elif isinstance(error, EvaluationError):
            self.evaluation_words.setText(str(error))
        elif isinstance(error, BadPackageError):
            self.evaluation_words.setText(sentence(error.code))
        elif isinstance(error, OSError):
            text = tr("{name} could not be read or written: {why}.")
            self.evaluation_words.setText(text.format(name=Path(error.filename or "").name, why=error.strerror))
        else:
            raise error

    def _threshold_picked(self, threshold: float) -> None:
        self._threshold = threshold

    def _use_threshold(self) -> None:
        """Write the package again with the chosen operating point for every population it has, and measure again."""
        package, threshold = self._package, self._threshold
        if package is None or threshold is None or self._judged:
            return

        def work() -> None:
            opened = ModelPackage.open(package)
            points = {known: point_at(threshold, point) for known, point in opened.card.operating_points.items()}
            _rewrite(opened, operating_points=points)

        self._background.submit(work, lambda _nothing: self._measure(), self._broken)

    def accept_new(self) -> None:
        """Install the new model and read with it; a worse one asks for a reason first."""
        comparison = self._evaluation.comparison if self._evaluation else None
        reason = ""
        if comparison is not None and comparison.verdict is Verdict.WORSE:
            text = tr("The new model is worse on the locked test part. Why do you want to use it?")
            reason, agreed = QInputDialog.getText(self, tr("Training"), text)
            if not agreed or len(reason.strip()) < 3:
                return
        self._install(activate=True, reason=reason.strip())

    def keep_new(self) -> None:
        """Install the new model without using it."""
        self._install(activate=False)

    def discard_new(self) -> None:
        """Delete the new model."""
        package, job = self._package, self._job
        if package is None or job is None:
            return

        def work() -> None:
            package.unlink(missing_ok=True)
            finish_job(job)

        self._judge(work, tr("The new model was discarded. Nothing has changed."), activated=False)

    def _install(self, activate: bool, reason: str = "") -> None:
        package, job = self._package, self._job
        if package is None or job is None:
            return

        def work() -> None:
            if reason:
                opened = ModelPackage.open(package)
                _rewrite(opened, training={**opened.card.training, "accepted_although_worse": reason[:500]})
            info = self._services.install_model(package)
            if activate:
                self._services.activate_model(info.model_id)
            finish_job(job)

        kept = tr("The new model is installed. You find it under Models; it is not used yet.")
        used = tr("New images are read with the new model. Under Models you go back to the one before.")
        self._judge(work, used if activate else kept, activated=activate)

    def _judge(self, work: Callable[[], None], words: str, activated: bool) -> None:
        self._judged = True
        self._buttons()

        def done(_nothing: None) -> None:
            self.evaluation_words.setText(words)
            self.use_threshold.setEnabled(False)
            if activated:
                self.activated.emit()

        def failed(error: Exception) -> None:
            self._judged = False
            self._buttons()
            self._broken(error)

        self._background.submit(work, done, failed)

    # Closing

    def may_close(self) -> bool:
        """Ask before a training that runs is stopped, or a model without a decision is left."""
        if self.train.running:
            text = tr("Training is running. It stops when you close; you can go on later from where it stopped.")
        elif self._package is not None and not self._judged:
            text = tr("You have not decided about the new model. It stays in its folder and is offered again.")
        else:
            return True
        box = QMessageBox(QMessageBox.Icon.Question, tr("Training"), text, parent=self)
        box.addButton(tr("Close"), QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton(tr("Stay"), QMessageBox.ButtonRole.RejectRole)
        box.exec()
        return box.clickedButton() is not stay

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what runs, after asking."""
        if not self.may_close():
            event.ignore()
            return
        self.shut()
        event.accept()

    def reject(self) -> None:
        """Escape closes like the button does."""
        self.close()

    def shut(self) -> None:
        """End every process and thread without asking."""
        self.data.close_process()
        self.train.close_processes()
        self._background.close()
        self.page.close_workers()
        if self._job is not None and not (self._job / "job.json").exists():
            _remove_empty(self._job)


def _rewrite(package: ModelPackage, **changes: Any) -> None:
    """Write a package again with a changed card."""
    card = dataclasses.replace(package.card, **changes)
    write_package(package.path, card, package.network_bytes, package.arrays, package.reference)


def _remove_empty(job: Path) -> None:
    for name in ("scan.json", "reviewed.csv"):
        (job / name).unlink(missing_ok=True)
    try:
        job.rmdir()
    except OSError:  # a preview or a cache lies there: it is found and removed with the next job
        return
