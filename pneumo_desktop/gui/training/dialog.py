"""The training dialog: data, training, evaluation; nothing becomes active before the user says so."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.questions import asked, box
from pneumo_desktop.gui.screen_room import resize_within_screen, scrolled
from pneumo_desktop.gui.training.data_page import DataPage
from pneumo_desktop.gui.training.decision_page import DecisionPage
from pneumo_desktop.gui.training.jobs import (
    PACKAGE,
    finish_job,
    finished_package,
    hold,
    new_job,
    write_json,
    write_reviewed,
)
from pneumo_desktop.gui.training.process import read_json
from pneumo_desktop.gui.training.train_page import TrainPage, recipe_of
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence
from pneumo_desktop.words.system_errors import refused

_TITLES = (N_("1. Data"), N_("2. Train"), N_("3. Evaluation"))
_DATA, _TRAIN, _EVALUATION = range(3)
_SETTING = "training_recipe"


class TrainingDialog(QDialog):
    """Not modal: images are read meanwhile. ``activated`` says that another model reads from now on, ``closed`` that it is closed."""

    activated = Signal()
    closed = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._jobs = services.folder / "training"
        self._job: Path | None = None
        self._held = contextlib.ExitStack()
        self._background = Background(1, self)
        self.setWindowTitle(tr("Training"))
        resize_within_screen(self, 1160, 690)
        self.train = TrainPage()
        self.data = DataPage(self._jobs / "locked-test.json", self._job_for_scan, self.model, self.train.recipe)
        self.decision = DecisionPage(services)
        self.pages = QStackedWidget()
        for page in (self.data, self.train, self.decision):
            self.pages.addWidget(scrolled(page))
        self.steps = [Label(tr(title)) for title in _TITLES]
        self.back, self.next = QPushButton(tr("Back")), QPushButton(tr("Next"))
        self.leave = QPushButton(tr("Close"))
        title, buttons = QHBoxLayout(), QHBoxLayout()
        title.setSpacing(24)
        for step in self.steps:
            title.addWidget(step)
        title.addStretch(1)
        buttons.addWidget(Label(sentence("disclaimer"), wordWrap=True), 1)
        for button in (self.back, self.next, self.leave):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addLayout(title)
        layout.addWidget(self.pages, 1)
        layout.addLayout(buttons)

        self.back.clicked.connect(lambda: self._show(self.pages.currentIndex() - 1))
        self.next.clicked.connect(self._next)
        self.leave.clicked.connect(self.close)
        self.data.ready.connect(lambda _ready: self._buttons())
        self.data.reviewed_wanted.connect(self.use_reviewed)
        self.data.failed.connect(self._say_where_seen)
        self.train.toggle_button.clicked.connect(self.toggle_training)
        self.train.busy.connect(lambda _busy: self._buttons())
        self.train.finished.connect(self._trained)
        self.train.advanced.preview_wanted.connect(self.data.start_preview)
        self.decision.changed.connect(self._buttons)
        self.decision.activated.connect(self.activated)
        stored = services.store.setting(_SETTING, {})
        if isinstance(stored, dict):
            self.train.take_recipe(stored)
        self._show(_DATA)

    def model(self) -> Path | None:
        """Return the active package: its gate looks at the images, adapting starts from it, every model is compared with it."""
        try:
            return self._services.package().path
        except NoModelError:
            return None

    # Pages

    def _show(self, number: int) -> None:
        self.pages.setCurrentIndex(number)
        for place, step in enumerate(self.steps):
            font = step.font()
            font.setBold(place == number)
            step.setFont(font)
            step.setEnabled(place <= number)
        self._buttons()

    def _buttons(self) -> None:
        number = self.pages.currentIndex()
        busy = self.train.running or self.decision.measuring
        self.back.setEnabled(number > _DATA and not busy)
        judging = self.decision.evaluation is not None or self.decision.undecided  # one that could not be measured too
        reachable = {_DATA: self.data.may_train, _TRAIN: judging, _EVALUATION: False}
        self.next.setEnabled(reachable[number] and not busy)

    def _next(self) -> None:
        if self.pages.currentIndex() == _DATA:
            if not self.data.ask_warnings():
                return
            self._check()
        self._show(self.pages.currentIndex() + 1)

    def _check(self) -> None:
        self.train.check(int(self.data.scan.get("images", 0)), self._jobs, self.model())

    # Data

    def take_folder(self, folder: Path) -> None:
        """Scan ``folder``."""
        self.data.take(folder)

    def use_reviewed(self) -> None:
        """Scan the images that were decided in this program."""
        try:
            table = self._job_for_scan() / "reviewed.csv"
        except OSError as problem:
            self._cannot_write(problem)
            return

        def written(count: int) -> None:
            if count:
                self.data.take(table)
            else:
                self.data.words.setText(tr("No image has been decided as pneumonia or normal yet."))

        def failed(error: Exception) -> None:
            if not isinstance(error, OSError):
                raise error
            self._cannot_write(error)

        self._background.submit(lambda: write_reviewed(self._services.store.rows(), table), written, failed)

    def _job_for_scan(self) -> Path:
        """Return a job whose training has not begun; raises OSError."""
        if self._job is None or (self._job / "job.json").exists():
            self._job = new_job(self._jobs)
        return self._job

    def _cannot_write(self, problem: OSError) -> None:
        page = self.train if self.pages.currentIndex() == _TRAIN else self.data
        page.words.setText(refused(problem, self._jobs.name))

    def _say_where_seen(self, words: str) -> None:
        """Say on the training page too why no augmented images came: they are asked for there as well."""
        if self.pages.currentIndex() == _TRAIN and not self.train.running:
            self.train.words.setText(words)

    # Training

    def toggle_training(self) -> None:
        """Start, go on, or stop."""
        if self.train.running:
            self.train.stop()
            return
        if self._job is None or not self.data.scan:
            return
        recipe = self.train.recipe()
        if self.data.seed is not None and recipe["seed"] != self.data.seed:
            self._show(_DATA)
            self.data.start_scan()
            self.data.words.setText(tr("Another seed parts the images anew. Please look at the parts again."))
            return
        self._background.submit(lambda: self._services.store.set_setting(_SETTING, recipe))
        try:
            job = self._job_with({**self.data.settings(), **recipe})
        except OSError as problem:
            self._cannot_write(problem)
            return
        if job is not None:
            self.decision.forget()
            self._hold(job)
            self.train.begin(job)

    def _job_with(self, settings: dict[str, Any]) -> Path | None:
        """Return the job that trains with ``settings``; None when the user does not want to give up another one."""
        assert self._job is not None
        before = read_json(self._job / "job.json")
        same = isinstance(before, dict) and all(before.get(key) == value for key, value in settings.items())
        if same and settings["architecture"] in ("adapt", "fine-tune") and isinstance(before.get("base"), str):
            same = Path(before["base"]).is_file()  # else it was removed since, and nothing goes on from it
        over = (self._job / "over").exists()
        if same and not over and finished_package(self._job) is None:
            return self._job
        if isinstance(before, dict):
            if not over and not self._agrees_to_give_up(self._job):
                return None
            old = self._job
            self._job = new_job(self._jobs)
            shutil.copyfile(old / "scan.json", self._job / "scan.json")
            finish_job(old)
        base = self.model()
        values = {**settings, "out": str(self._job / PACKAGE), **({"base": str(base)} if base else {})}
        write_json(self._job / "job.json", values)
        return self._job

    def _agrees_to_give_up(self, job: Path) -> bool:
        """Ask where something was learnt in ``job`` that a new training takes the place of."""
        if finished_package(job) is None and not any((job / "checkpoint").glob("*")):
            return True
        text = tr("The training starts anew. What was learnt before and not accepted or kept is given up. Go on?")
        return asked(self, tr("Training"), text)

    def resume(self, job: Path) -> None:
        """Go on with a job that was not finished: learning, or the decision about its model."""
        self._job = job
        self._hold(job)
        self.train.take_recipe(recipe_of(job))
        self.data.restore(read_json(job / "job.json") or {}, read_json(job / "scan.json"))
        package = finished_package(job)
        if package is not None:
            self.train.curves.begin(job)
            self._decide(job, package)
            return
        self._show(_TRAIN)
        self.train.begin(job)

    def _hold(self, job: Path) -> None:
        """Let no other window offer what is trained or decided here."""
        self._held.close()
        with contextlib.suppress(OSError):  # another window has it: the training program says so
            self._held = hold(job)

    def _trained(self, event: dict[str, Any]) -> None:
        assert self.train.job is not None  # another folder may have been scanned since: it has a job of its own
        self._decide(self.train.job, Path(event["package"]))

    def _decide(self, job: Path, package: Path) -> None:
        base = (read_json(job / "job.json") or {}).get("base")
        self.decision.begin(job, package, Path(base) if base and Path(base).is_file() else self.model())
        self._show(_EVALUATION)

    # Closing

    def may_close(self) -> bool:
        """Ask before a training that runs is stopped, or a model without a decision is left."""
        if self.train.running:
            text = tr("Training is running. It stops when you close; you can go on later from where it stopped.")
        elif self.decision.undecided:
            text = tr("You have not decided about the new model. It stays in its folder and is offered again.")
        else:
            return True
        question = box(QMessageBox.Icon.Question, tr("Training"), text, self)
        leave = question.addButton(tr("Close"), QMessageBox.ButtonRole.AcceptRole)
        stay = question.addButton(tr("Stay"), QMessageBox.ButtonRole.RejectRole)
        question.setDefaultButton(stay)
        question.setEscapeButton(stay)
        if self.train.running:  # a training that ends meanwhile answers the question: there is a model to decide about
            self.train.busy.connect(question.reject)
        question.exec()
        return question.clickedButton() is leave

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what runs, after asking."""
        if not self.may_close():
            event.ignore()
            return
        self.shut()
        event.accept()
        self.hide()
        self.closed.emit()

    def reject(self) -> None:
        """Escape closes like the button does."""
        self.close()

    def shut(self) -> None:
        """End every process and thread without asking."""
        self.data.close_process()
        self.train.close_processes()
        self._background.close()
        self.decision.close_workers()
        self._held.close()
        if self._job is not None and not (self._job / "job.json").exists():
            shutil.rmtree(self._job, ignore_errors=True)  # a scan that no training followed
