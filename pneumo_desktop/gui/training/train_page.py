"""How to learn: three ways, sensible defaults, live curves, a stop that keeps the best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop import training_program
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.naming import name_box
from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.gui.training.advanced import Advanced
from pneumo_desktop.gui.training.curves import LiveCurves
from pneumo_desktop.gui.training.process import EXIT_STOPPED, TrainingProcess, read_json
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.recipe import RECIPE_KEYS
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import training_stage

_WAYS = (
    (
        "adapt",
        N_("Adapt the current model"),
        N_("The network stays; only how it weighs what it sees is learnt anew. Best for fifty to some hundred images."),
    ),
    (
        "fine-tune",
        N_("Fine-tune the whole network"),
        N_("Every layer learns on, slowly. For a thousand images and more, and an evening of time."),
    ),
    (
        "scratch",
        N_("Train from scratch"),
        N_("A new network learns from your images alone. For thousands of images, or to teach how it is done."),
    ),
)
_NETWORKS = (
    ("compact", N_("Compact CNN"), N_("Few numbers, the better choice.")),
    ("classic", N_("Classic CNN"), N_("Conv and Pool blocks, Flatten, Dense, Dropout.")),
)

_BEST = ("best.npz", "average.npz", "head.json")
"""Files of ``checkpoint/`` that a model can be made of."""

_PAUSE_MILLISECONDS = 500
"""So long a setting must stay before the computer is asked anew: numbers are typed digit by digit."""


def time_text(seconds: float) -> str:
    """Return a length of time as a person would say it."""
    if seconds < 90:
        return tr("about a minute")
    if seconds < 90 * 60:
        return tr("about {count} minutes").format(count=round(seconds / 60))
    return tr("about {count} hours").format(count=score_text(seconds / 3600, 1))


def clock(seconds: float) -> str:
    """Return a length of time as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def step_text(event: Mapping[str, Any]) -> str:
    """Return what a ``step`` event says: epoch, batch, loss, speed, time left, memory."""
    epoch, epochs = int(event.get("epoch", 1)), max(1, int(event.get("epochs", 1)))
    step, steps = int(event.get("step", 1)), int(event.get("steps", 1))
    parts = [tr("Epoch {epoch} of {epochs}").format(epoch=epoch, epochs=epochs)]
    batches = steps // epochs
    if batches > 1:
        text = tr("batch {batch} of {batches}")
        parts.append(text.format(batch=(step - 1) % batches + 1, batches=batches))
    if isinstance(event.get("loss"), int | float):
        parts.append(tr("loss {loss}").format(loss=score_text(float(event["loss"]), 3)))
    if isinstance(event.get("images_per_second"), int | float):
        rate = float(event["images_per_second"])
        parts.append(tr("{rate} images a second").format(rate=score_text(rate, 1 if rate < 100 else 0)))
    if isinstance(event.get("seconds_left"), int | float):
        parts.append(tr("{time} left").format(time=clock(float(event["seconds_left"]))))
    if isinstance(event.get("memory_mb"), int | float):
        parts.append(tr("{memory} MB of memory").format(memory=round(float(event["memory_mb"]))))
    return " · ".join(parts)


class TrainPage(QWidget):
    """Trains what ``begin`` is given. ``finished`` carries the ``done`` event; ``busy`` says when training runs."""

    finished = Signal(dict)
    busy = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job: Path | None = None  # the one that was trained last
        self._problem = ""
        self._estimates: Mapping[str, float] = {}
        self._possible: Mapping[str, bool] = {}
        self._missing: Mapping[str, list[str]] = {}
        self._stopped: Mapping[str, Any] = {}
        self._worker = Background(1, self)
        self._process = TrainingProcess(self)
        self._process.told.connect(self._told)
        self._process.ended.connect(self._ended)
        self._checker = TrainingProcess(self)
        self._checker.told.connect(self._checked)
        self._checker.ended.connect(self._ask_again)
        self._question: list[str] = []
        self._asked: list[str] = []
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MILLISECONDS)
        self._pause.timeout.connect(self._ask_again)

        self.check_words = Label(wordWrap=True)
        self.curves = LiveCurves(self._worker)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress of the training"))
        self.progress.setTextVisible(False)
        self.words, self.numbers = Label(wordWrap=True), Label(wordWrap=True)
        self.toggle_button = QPushButton(tr("Start"))
        self.finish_button = QPushButton(tr("Use the best so far"))
        self.finish_button.hide()
        self.finish_button.clicked.connect(self.finish_best)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.finish_button, self.toggle_button):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        right = QVBoxLayout()
        right.addWidget(self.check_words)
        right.addWidget(self.curves, 1)
        right.addWidget(self.progress)
        right.addWidget(self.words)
        right.addWidget(self.numbers)
        right.addLayout(buttons)
        both = QHBoxLayout(self)
        both.setContentsMargins(0, 0, 0, 0)
        both.addWidget(self._make_settings(), 2)
        both.addLayout(right, 3)
        self.check_words.hide()
        self._say_times()
        self.advanced.follow(self.architecture())

    def _make_settings(self) -> QWidget:
        """Return the left side: the ways, and everything else on demand."""
        self.settings_side = QWidget()
        layout = QVBoxLayout(self.settings_side)
        self._buttons: dict[str, QRadioButton] = {}
        self._ways = QButtonGroup(self)
        self._way_words: dict[str, Label] = {}
        for value, title, _words in _WAYS:
            button, words = QRadioButton(tr(title)), Label(wordWrap=True)
            font = button.font()
            font.setBold(True)
            button.setFont(font)
            words.setIndent(24)
            self._buttons[value], self._way_words[value] = button, words
            self._ways.addButton(button)
            layout.addWidget(button)
            layout.addWidget(words)
            layout.addSpacing(6)
        self.network = QComboBox()
        for value, name, _words in _NETWORKS:
            self.network.addItem(tr(name), value)
        self.network_words = Label(wordWrap=True)
        self.network_words.setIndent(24)
        line = QHBoxLayout()
        line.addSpacing(24)
        line.addWidget(self.network, 1)
        layout.addLayout(line)
        layout.addWidget(self.network_words)
        name_box(self.network, tr("Network"))
        self.advanced = Advanced()
        self.advanced.setVisible(False)
        self.advanced.loaded.connect(self.take_recipe)
        self.advanced.workload_changed.connect(self._pause.start)
        self.advanced.save.clicked.connect(lambda: self.advanced.ask_save(self.recipe()))
        self.more = QToolButton(autoRaise=True)
        self.more.setText(tr("Advanced"))
        self.more.setCheckable(True)
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setArrowType(Qt.ArrowType.RightArrow)
        self.more.toggled.connect(self._show_advanced)
        layout.addWidget(self.more)
        layout.addWidget(self.advanced)
        layout.addStretch(1)
        self._buttons["adapt"].setChecked(True)
        self._enable_network(False)
        self._ways.buttonToggled.connect(self._way_chosen)
        self.network.currentIndexChanged.connect(self._way_chosen)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setAccessibleName(tr("Settings"))
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.settings_side)
        self._show_advanced(False)
        return self._scroll

    def _show_advanced(self, shown: bool) -> None:
        self.advanced.setVisible(shown)
        self.more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        # Nothing scrolls sideways: the column is as wide as what stands in it.
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self._scroll.setMinimumWidth(self.settings_side.minimumSizeHint().width() + bar)

    def _way_chosen(self) -> None:
        if self._ways.checkedButton() is not None:  # between two buttons there is none
            self._enable_network(self._buttons["scratch"].isChecked())
            self.advanced.follow(self.architecture())
            self._say_times()

    def _enable_network(self, enabled: bool) -> None:
        self.network.setEnabled(enabled)
        self.network_words.setVisible(enabled)

    # Settings

    def architecture(self) -> str:
        """Return the chosen way as job.json names it."""
        way = next(value for value, button in self._buttons.items() if button.isChecked())
        return str(self.network.currentData()) if way == "scratch" else way

    def recipe(self) -> dict[str, Any]:
        """Return the settings as job.json and a recipe file hold them."""
        return {"architecture": self.architecture(), **self.advanced.recipe()}

    def take_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Show the settings of a recipe; unknown and unfit values are left as they are."""
        architecture = recipe.get("architecture")
        if architecture in self._buttons:
            self._buttons[str(architecture)].setChecked(True)
        elif self.network.findData(architecture) >= 0:
            self._buttons["scratch"].setChecked(True)
            self.network.setCurrentIndex(self.network.findData(architecture))
        self.advanced.take(recipe)

    # The computer

    def check(self, images: int, folder: Path, model: Path | None) -> None:
        """Ask what this computer can do, and how long it would take with ``images`` images and the settings."""
        base = ("--model", str(model)) if model is not None else ()
        self._question, self._asked = ["check", "--images", str(images), "--folder", str(folder), *base], []
        self._ask_again()

    def _ask_again(self) -> None:
        """Ask where the settings are others than when it was asked last; while it is being answered, afterwards."""
        workload = [f"--{name}={value}" for name, value in self.advanced.workload().items()]
        question = [*self._question, *workload]
        if not self._question or question == self._asked or self._checker.running or self.running:
            return
        self._asked = question
        if not self._checker.start(question):
            self._say_check(training_program.missing())

    def _say_check(self, words: str) -> None:
        self.check_words.setText(words)
        self.check_words.setVisible(bool(words))

    def _checked(self, event: dict[str, Any]) -> None:
        if event["event"] == "error":
            self._say_check(str(event.get("sentence", "")))
        if event["event"] != "check":
            return
        self._say_check("\n".join(event.get("sentences", [])))
        self._estimates, self._possible = event.get("estimated_seconds", {}), event.get("possible", {})
        self._missing = event.get("missing", {})
        for value, button in self._buttons.items():
            names = [name for name, _title, _words in _NETWORKS] if value == "scratch" else [value]
            button.setEnabled(any(self._possible.get(name, True) for name in names))
        self._say_times()

    def _say_times(self) -> None:
        self.network_words.setText(tr(_NETWORKS[self.network.currentIndex()][2]))
        for value, _title, words in _WAYS:
            name = str(self.network.currentData()) if value == "scratch" else value
            seconds = self._estimates.get(name)
            text = tr(words)
            if "no_tensorflow" in self._missing.get(name, ()):
                text += " " + tr("Needs the training component, which is not installed.")
            elif not self._possible.get(name, True):
                text += " " + tr("Not possible on this computer.")
            elif isinstance(seconds, int | float):
                text += " " + tr("On this computer {time}.").format(time=time_text(float(seconds)))
            self._way_words[value].setText(text)
        if not self.running:
            self.toggle_button.setEnabled(self._possible.get(self.architecture(), True))

    # Training

    @property
    def running(self) -> bool:
        """True while the training program runs."""
        return self._process.running

    def begin(self, job: Path, finish: bool = False) -> None:
        """Train what ``job``'s job.json says, from its checkpoint where there is one."""
        self.job, self._problem, self._stopped = job, "", {}
        self.curves.begin(job)
        self.finish_button.hide()
        self.numbers.clear()
        if not self._process.start(["train", str(job), *(["--finish"] if finish else [])]):
            self.words.setText(training_program.missing())
            return
        self.progress.setRange(0, 0)
        self.words.setText(tr("Starting…"))
        self.toggle_button.setText(tr("Stop"))
        self.toggle_button.setEnabled(True)
        self.settings_side.setEnabled(False)
        self.busy.emit(True)

    def stop(self) -> None:
        """Stop before the next batch; the best so far is kept."""
        self.words.setText(tr("Stopping…"))
        self.toggle_button.setEnabled(False)
        self._process.stop()

    def finish_best(self) -> None:
        """Make a model of the best so far."""
        if self.job is not None and not self._process.running:
            self.begin(self.job, finish=True)

    def process_id(self) -> int:
        """Return the number of the training program's process, or 0."""
        return self._process.process_id()

    def _told(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "stage":
                self.words.setText(training_stage(event.get("stage", "")))
                self.progress.setRange(0, 0)
            case "progress":
                self.progress.setRange(0, max(1, int(event.get("of", 0))))
                self.progress.setValue(int(event.get("done", 0)))
            case "step":
                self.progress.setRange(0, max(1, int(event.get("steps", 1))))
                self.progress.setValue(int(event.get("step", 0)))
                self.numbers.setText(step_text(event))
            case "epoch":
                self.curves.add(event)
            case "early_stop":
                text = tr("The validation got no better, so the training ended early; epoch {epoch} is kept.")
                self.numbers.setText(text.format(epoch=event.get("best_epoch", "")))
            case "resumed":
                self.curves.cut(int(event.get("learnt", 0)) + 1)
                self.words.setText(tr("Going on from epoch {epoch}.").format(epoch=event.get("epoch", "")))
            case "warning":
                self._say_check(str(event.get("sentence", "")))
            case "error":
                self._problem = "\n".join(
                    [str(event.get("sentence", "")), *(str(f.get("sentence", "")) for f in event.get("findings", ()))]
                )
            case "stopped":
                self._stopped = event
            case "done":
                self.finished.emit(event)

    def _ended(self, code: int) -> None:
        self.settings_side.setEnabled(True)
        self.toggle_button.setEnabled(True)
        self.toggle_button.setText(tr("Go on") if code != 0 else tr("Start"))
        self.progress.setRange(0, 1)
        self.progress.setValue(1 if code == 0 else 0)
        can_finish = bool(self._stopped.get("can_finish", self._has_best()))
        if self._problem:
            self.words.setText(self._problem)
        elif code == 0:
            self.words.setText(tr("The training is finished."))
        elif code == EXIT_STOPPED and can_finish:
            self.words.setText(tr("Stopped. What was learnt is kept: go on, or use the best so far."))
        elif code == EXIT_STOPPED:
            self.words.setText(tr("Stopped before the first epoch was learnt. Go on when you like."))
        else:
            text = tr("The training program ended unexpectedly. What was learnt until the last epoch is kept: go on.")
            self.words.setText(text)
        if code != 0 and not self._problem:
            self.finish_button.setVisible(can_finish)
        self.busy.emit(False)
        self._ask_again()

    def _has_best(self) -> bool:
        """Tell whether an epoch was finished, of a training that was killed and could not say so."""
        return self.job is not None and any((self.job / "checkpoint" / name).is_file() for name in _BEST)

    def close_processes(self) -> None:
        """End what runs; a training keeps its checkpoint."""
        self._pause.stop()
        self._process.close()
        self._checker.close()
        self._worker.close()


def recipe_of(job: Path) -> dict[str, Any]:
    """Return the recipe part of a job.json; empty where it cannot be read."""
    values = read_json(job / "job.json")
    return {key: values[key] for key in RECIPE_KEYS if key in values} if isinstance(values, dict) else {}
