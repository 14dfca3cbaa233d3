"""The new model beside the active one on the locked test part; nothing becomes active before the user says so."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.app import RECORDS, Services
from pneumo_desktop.evaluation.command import (
    Evaluation,
    EvaluationError,
    at_threshold,
    measure,
    reading_with,
)
from pneumo_desktop.evaluation.compare import Verdict
from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA, LabelledFolder, LabelsError, find
from pneumo_desktop.evaluation.summary import labels_sentence
from pneumo_desktop.evaluation.thresholds import Goal, GoalKind, ThresholdRow, choose
from pneumo_desktop.gui.evaluation import EvaluationPage
from pneumo_desktop.gui.evaluation.threshold_tab import SAME_THRESHOLD
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.outcomes import population_word, score_text
from pneumo_desktop.gui.reason_dialog import ReasonDialog
from pneumo_desktop.gui.training.accepted import Pick, install, keep_pick, measured_threshold
from pneumo_desktop.gui.training.jobs import finish_job
from pneumo_desktop.gui.training.process import read_json
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.models.card import BadPackageError, Card
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.models.worse import called_worse
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence
from pneumo_desktop.words.system_errors import refused

_CLASSES = {"normal": NORMAL, "pneumonia": PNEUMONIA}
_TOLD_FIRST = (Population.NOT_KNOWN, Population.CHILDREN, Population.ADULTS)


def locked_images(job: Path) -> LabelledFolder:
    """Return the locked test part of a job as labelled images; raises LabelsError, OSError.

    What the folder itself called their parts is forgotten: all of them are measured, not those of its own test part.
    """
    settings, scan = read_json(job / "job.json"), read_json(job / "scan.json")
    if not isinstance(settings, dict) or not isinstance(scan, dict):
        raise LabelsError("missing", job.name)
    mapping = {name: _CLASSES[value] for name, value in (settings.get("mapping") or {}).items()}
    found = find(Path(settings.get("csv") or settings["folder"]), mapping)
    parts = scan.get("parts") or {}
    locked = (image for image in found.images if parts.get(image.name) == "test")
    return dataclasses.replace(found, images=tuple(dataclasses.replace(image, part=None) for image in locked))


def threshold_rows(job: Path) -> list[ThresholdRow]:
    """Return the table of thresholds on the choose part; empty where there is none."""
    values = read_json(job / "thresholds.json")
    table = values.get("table") if isinstance(values, dict) else None
    names = {field.name for field in dataclasses.fields(ThresholdRow)}
    rows = table if isinstance(table, list) else []
    return [ThresholdRow(**row) for row in rows if isinstance(row, dict) and set(row) == names]


def goal_of(job: Path) -> Goal:
    """Return the goal that picked the model's operating point."""
    settings = read_json(job / "job.json")
    goal = settings.get("goal") if isinstance(settings, dict) else None
    try:
        return Goal(GoalKind(goal["kind"]), float(goal["share"]))  # type: ignore[index]
    except (TypeError, KeyError, ValueError):
        return Goal(GoalKind.MISS_AT_MOST, 0.05)


class DecisionPage(QWidget):
    """Measures both models, lets the operating point be chosen, and does what the user decides.

    ``activated`` says that another model reads from now on; ``changed`` that something else about the page is new.
    """

    activated = Signal()
    changed = Signal()
    _measuring = Signal(int, int)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._job: Path | None = None
        self._package: Path | None = None
        self._base: Path | None = None
        self._own: dict[Population, float] = {}  # thresholds that training chose
        self._called_worse = False  # by its own card
        self._picked: float | None = None  # a threshold in their place
        self._rows: list[ThresholdRow] = []
        self._measured: Evaluation | None = None  # at the thresholds of training
        self._at_pick: Evaluation | None = None  # at the picked one; measured once, when there is no way back
        self._asking = False
        self.evaluation: Evaluation | None = None
        self.judged = False
        self._background = Background(1, self)
        self._measuring.connect(self._moved)
        self.page = EvaluationPage()
        self.page.thresholds.chosen.connect(self._threshold_picked)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(tr("Progress of the evaluation"))
        self.progress.hide()
        self.words = Label(wordWrap=True)
        self.point_words = Label(wordWrap=True)
        self.undo_point = QPushButton(tr("Undo"))
        self.undo_point.hide()
        self.accept_button = QPushButton(tr("Accept: read with the new model"))
        self.keep_button = QPushButton(tr("Keep for later"))
        self.discard_button = QPushButton(tr("Discard"))
        self.accept_button.setToolTip(tr("Results made before keep their model's name."))
        line = QHBoxLayout()
        line.addWidget(self.undo_point)
        line.addStretch(1)
        for button in (self.discard_button, self.keep_button, self.accept_button):
            line.addWidget(button)
        for button in (self.undo_point, self.discard_button, self.keep_button, self.accept_button):
            button.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.progress)
        layout.addWidget(self.page, 1)
        layout.addWidget(self.words)
        layout.addWidget(self.point_words)
        layout.addLayout(line)
        self.undo_point.clicked.connect(self.undo_pick)
        self.accept_button.clicked.connect(self.accept_new)
        self.keep_button.clicked.connect(self.keep_new)
        self.discard_button.clicked.connect(self.discard_new)
        self._buttons()

    @property
    def undecided(self) -> bool:
        """True while a new model waits for a decision."""
        return self._package is not None and not self.judged

    @property
    def measuring(self) -> bool:
        """True while both models read the locked test part."""
        return not self.progress.isHidden()

    def begin(self, job: Path, package: Path, base: Path | None) -> None:
        """Measure the package that ``job`` made beside ``base``."""
        self._job, self._package, self._base = job, package, base
        self.judged, self.evaluation, self._picked, self._at_pick, self._own = False, None, None, None, {}
        self._measured, self._called_worse = None, False
        self.page.hide()
        self.page.thresholds.set_goal(goal_of(job))
        self._measure()

    def forget(self) -> None:
        """Give up the new model without a decision: another training takes its place."""
        self._package, self.evaluation = None, None
        self._buttons()

    def _buttons(self) -> None:
        may_decide = self.undecided and not self.measuring and not self._asking
        self.discard_button.setEnabled(may_decide)
        for button in (self.accept_button, self.keep_button):
            button.setEnabled(may_decide and self._measured is not None)
        open_yet = self.undecided and not self._asking and self._at_pick is None
        self.page.thresholds.setEnabled(open_yet)
        self.undo_point.setVisible(open_yet and self._picked is not None)
        self.point_words.setVisible(self.undecided and bool(self._own))
        shown = ", ".join(f"{population_word(known)} {score_text(value, 3)}" for known, value in self._own.items())
        if self._picked is not None:
            text = tr("Operating point when accepted: {threshold}, as you picked it.")
            if self._at_pick is None:
                text = tr(
                    "Operating point when accepted: {threshold}, as you picked it. The locked test part is measured "
                    "with it once, when you accept or keep the model; then it stays."
                )
            shown = score_text(self._picked, 3)
        else:
            text = tr(
                "Operating point when accepted: {threshold}, as the training chose it. Pick another under Thresholds."
            )
            if not self._goal_is_own():
                text += " " + tr(
                    "The row of your goal there lies elsewhere: the training also saw to it that the patients the old "
                    "model knew are missed no more often. Click the row to take it all the same."
                )
        self.point_words.setText(text.format(threshold=shown))
        self.changed.emit()

    def _goal_is_own(self) -> bool:
        """Tell whether a point that training chose lies on the row that the user's goal picks."""
        if not self._rows:
            return True
        row = choose(self._rows, goal_of(self._job)) if self._job is not None else self._rows[0]
        return any(abs(row.threshold - value) < SAME_THRESHOLD for value in self._own.values())

    # Measuring

    def _measure(self) -> None:
        job, package, base = self._job, self._package, self._base
        if job is None or package is None:
            return
        settings = read_json(job / "job.json") or {}
        population = Population(settings.get("population", "not_known"))
        self.progress.setRange(0, 0)
        self.progress.show()
        self.words.setText(tr("Both models read the locked test part…"))
        self._buttons()

        def work() -> tuple[Evaluation, list[ThresholdRow], Card, float | None, Evaluation | None]:
            from pneumo_desktop.reading.reader import Reader

            opened = ModelPackage.open(package)
            old = reading_with(Reader(ModelPackage.open(base)), population) if base is not None else None
            new = reading_with(Reader(opened), population)
            evaluation = measure(new, locked_images(job), old, on_progress=self._measuring.emit)
            picked = measured_threshold(job)
            at_pick = _at(evaluation, picked) if picked is not None else None
            return evaluation, threshold_rows(job), opened.card, picked, at_pick

        self._background.submit(work, self._came, self._not_measured, topic="measure")

    def _moved(self, done: int, of: int) -> None:
        self.progress.setRange(0, max(1, of))
        self.progress.setValue(done)

    def _came(self, found: tuple[Evaluation, list[ThresholdRow], Card, float | None, Evaluation | None]) -> None:
        self._measured, self._rows, card, self._picked, self._at_pick = found
        self.evaluation = self._at_pick or self._measured
        points, self._called_worse = card.operating_points, called_worse(card)
        self._own = {known: points[known].threshold for known in _TOLD_FIRST if known in points}
        self.progress.hide()
        self.page.thresholds.stand_on(self._picked)
        self.page.show_evaluation(self.evaluation, self._rows)
        self.page.show()
        self.words.setText(
            tr("The locked test part was never learnt from. The thresholds were counted on the validation part.")
        )
        self._buttons()

    def _not_measured(self, error: Exception) -> None:
        self._failed(error)
        text = tr(
            "The new model could not be measured, so it can only be discarded now. To measure it when this is mended, "
            "close Training: the model stays in its folder and is offered again."
        )
        self.words.setText(f"{self.words.text()} {text}")

    def _failed(self, error: Exception) -> None:
        self.progress.hide()
        self._asking = False
        self._buttons()
        if isinstance(error, LabelsError):
            self.words.setText(labels_sentence(error))
        elif isinstance(error, EvaluationError):
            self.words.setText(str(error))
        elif isinstance(error, BadPackageError):
            self.words.setText(sentence(error.code))
        elif isinstance(error, (OSError, sqlite3.Error)):
            self.words.setText(refused(error, RECORDS if isinstance(error, sqlite3.Error) else ""))
        else:
            raise error

    # The operating point

    def _threshold_picked(self, row: ThresholdRow) -> None:
        """Take another operating point. What it does on the locked test part is not shown: nobody shall tune it there."""
        if self._measured is not None and self.undecided and self._at_pick is None:
            self._picked = row.threshold
            self._buttons()

    def undo_pick(self) -> None:
        """Go back to the operating points that training chose."""
        self._picked = None
        if self._job is not None:
            self.page.thresholds.set_goal(goal_of(self._job))
        self.page.thresholds.stand_on(None)
        self._buttons()

    # The decision

    def accept_new(self) -> None:
        """Install the new model and read with it; a worse one, at either operating point, asks for a reason first."""
        self._with_pick_measured(self._accept)

    def keep_new(self) -> None:
        """Install the new model without using it."""
        self._with_pick_measured(lambda: self._install(activate=False))

    def _with_pick_measured(self, go_on: Callable[[], None]) -> None:
        """Measure the locked test part at a picked operating point, which stays from then on; then go on."""
        measured, picked, job = self._measured, self._picked, self._job
        if measured is None or picked is None or job is None or self._at_pick is not None:
            go_on()
            return
        pick = Pick(picked, self.page.thresholds.goal_in_use())
        self._asking = True
        self._buttons()

        def work() -> Evaluation:
            keep_pick(job, pick)
            return _at(measured, picked)

        def came(evaluation: Evaluation) -> None:
            self._at_pick = self.evaluation = evaluation
            self._asking = False
            self.page.show_evaluation(evaluation, self._rows, prevalence=self.page.prevalence.value())
            self._buttons()
            go_on()

        self._background.submit(work, came, self._failed, topic="pick")

    def _accept(self) -> None:
        found = [one.comparison for one in (self._measured, self._at_pick) if one is not None]
        worse = any(comparison is not None and comparison.verdict is Verdict.WORSE for comparison in found)
        reason = ""
        if worse or self._called_worse:
            text = tr(
                "The new model is worse on the locked test part. If you want to use it all the same, say why. "
                "The reason is kept in the model's card."
            )
            dialog = ReasonDialog(tr("The new model is worse"), text, self)
            if not dialog.exec():
                return
            reason = dialog.reason.text().strip()
        self._install(activate=True, reason=reason)

    def discard_new(self) -> None:
        """Delete the new model."""
        job = self._job
        if self._package is None or job is None:
            return
        self._judge(lambda: finish_job(job), tr("The new model was discarded. Nothing has changed."), activated=False)

    def _install(self, activate: bool, reason: str = "") -> None:
        package, job, first, at_pick = self._package, self._job, self._measured, self._at_pick
        if package is None or job is None:
            return

        def work() -> None:
            info = install(self._services, package, job, first, at_pick, reason)
            if activate:
                self._services.activate_model(info.model_id)
            finish_job(job)

        kept = tr("The new model is installed. You find it under Models; it is not used yet.")
        used = tr("New images are read with the new model. Under Models you go back to the one before.")
        self._judge(work, used if activate else kept, activated=activate)

    def _judge(self, work: Callable[[], None], words: str, activated: bool) -> None:
        self.judged = True
        self._buttons()

        def done(_nothing: None) -> None:
            self.words.setText(words)
            if activated:
                self.activated.emit()

        def failed(error: Exception) -> None:
            self.judged = False
            self._failed(error)

        self._background.submit(work, done, failed)

    def close_workers(self) -> None:
        """Wait for what runs."""
        self._background.close()
        self.page.close_workers()


def _at(measured: Evaluation, threshold: float) -> Evaluation:
    return at_threshold(measured, min(max(threshold, 0.0), 1.0))
