"""How to learn: three ways, sensible defaults, live curves, a stop that keeps the best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.evaluation import figures
from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.gui.training.jobs import RECIPE_KEYS, write_json
from pneumo_desktop.gui.training.process import EXIT_STOPPED, TrainingProcess, read_json
from pneumo_desktop.words import N_, tr

_WAYS = (
    (
        "adapt",
        N_("Adapt the current model"),
        N_("Only its last layer learns, from what the network already sees. Best for fifty to some hundred images."),
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
_NETWORKS = (("compact", N_("Compact CNN")), ("classic", N_("Classic CNN")))
_STAGES = {
    "preparing": N_("Preparing the images…"),
    "features": N_("Looking at the images with the current network…"),
    "fitting": N_("Learning…"),
    "calibrating": N_("Calibrating the score…"),
    "gate": N_("Learning which images to refuse…"),
    "testing": N_("Reading the locked test part…"),
    "writing": N_("Writing the model…"),
}
_STRENGTHS = (("normal", N_("Normal"), 1.0), ("weak", N_("Weak"), 0.5), ("none", N_("None"), 0.0))


def time_text(seconds: float) -> str:
    """Return a length of time as a person would say it."""
    if seconds < 90:
        return tr("about a minute")
    if seconds < 90 * 60:
        return tr("about {count} minutes").format(count=round(seconds / 60))
    return tr("about {count} hours").format(count=score_text(seconds / 3600, 1))


class TrainPage(QWidget):
    """Trains what ``begin`` is given. ``finished`` carries the ``done`` event; ``busy`` says when training runs."""

    finished = Signal(dict)
    busy = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._job: Path | None = None
        self._history: dict[str, list[float]] = {}
        self._problem = ""
        self._estimates: Mapping[str, float] = {}
        self._possible: Mapping[str, bool] = {}
        self._stopped: dict[str, Any] = {}
        self._strengths: dict[str, float] = {}
        self._process = TrainingProcess(self)
        self._process.told.connect(self._told)
        self._process.ended.connect(self._ended)
        self._checker = TrainingProcess(self)
        self._checker.told.connect(self._checked)
        self._buttons: dict[str, QRadioButton] = {}
        self._ways = QButtonGroup(self)
        ways = QVBoxLayout()
        self.network = QComboBox()
        for value, words in _NETWORKS:
            self.network.addItem(tr(words), value)
        self.network.currentIndexChanged.connect(self._say_times)
        self._way_words: dict[str, QLabel] = {}
        for value, title, _words in _WAYS:
            button = QRadioButton(tr(title))
            self._buttons[value] = button
            self._ways.addButton(button)
            label = QLabel(wordWrap=True)
            label.setIndent(24)
            self._way_words[value] = label
            ways.addWidget(button)
            ways.addWidget(label)
        self._buttons["adapt"].setChecked(True)
        self._ways.buttonToggled.connect(lambda: self.network.setEnabled(self.architecture() in dict(_NETWORKS)))
        self.network.setEnabled(False)
        ways.addWidget(self.network)
        self.advanced = QGroupBox(tr("Advanced"))
        self.advanced.setCheckable(True)
        self.advanced.setChecked(False)
        self._advanced_inside = self._advanced_form()
        self._advanced_inside.setVisible(False)
        self.advanced.toggled.connect(self._advanced_inside.setVisible)
        QVBoxLayout(self.advanced).addWidget(self._advanced_inside)
        ways.addWidget(self.advanced)
        ways.addStretch(1)

        self.check_words = QLabel(wordWrap=True)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress of the training"))
        self.words = QLabel(wordWrap=True)
        self.numbers = QLabel(wordWrap=True)
        self._curves_place = QVBoxLayout()
        self.toggle_button = QPushButton(tr("Start"))
        self.finish_button = QPushButton(tr("Use the best so far"))
        self.finish_button.hide()
        right, buttons, both = QVBoxLayout(), QHBoxLayout(), QHBoxLayout(self)
        right.addWidget(self.check_words)
        right.addLayout(self._curves_place, 1)
        right.addWidget(self.progress)
        right.addWidget(self.words)
        right.addWidget(self.numbers)
        buttons.addStretch(1)
        buttons.addWidget(self.finish_button)
        buttons.addWidget(self.toggle_button)
        right.addLayout(buttons)
        both.addLayout(ways, 2)
        both.addLayout(right, 3)
        self.finish_button.clicked.connect(self.finish_best)
        self._say_times()
        self._draw()

    def _advanced_form(self) -> QWidget:
        self.image_size = QSpinBox(minimum=0, maximum=384, singleStep=32)
        self.epochs = QSpinBox(minimum=0, maximum=500)
        self.batch = QSpinBox(minimum=0, maximum=128)
        self.learning_rate = QDoubleSpinBox(minimum=0.0, maximum=0.1, decimals=6, singleStep=0.0001)
        self.early_stopping = QSpinBox(minimum=0, maximum=100, value=4)
        self.early_stopping.setSpecialValueText(tr("Never"))
        self.image_size.setSpecialValueText(tr("As the model"))
        for box in (self.epochs, self.batch, self.learning_rate):
            box.setSpecialValueText(tr("As recommended"))
        self.class_weighting = QCheckBox(tr("Both classes count the same"))
        self.class_weighting.setChecked(True)
        self.strength = QComboBox()
        for value, words, _factor in _STRENGTHS:
            self.strength.addItem(tr(words), value)
        self.miss = QDoubleSpinBox(minimum=0.0, maximum=50.0, decimals=1, value=5.0, suffix=" %")
        self.seed = QSpinBox(minimum=0, maximum=2_000_000_000, value=1)
        self.exact = QCheckBox(tr("One thread: two runs give identical models"))
        self.save_recipe, self.load_recipe = QPushButton(tr("Save these settings…")), QPushButton(tr("Load settings…"))
        self.save_recipe.clicked.connect(self._ask_save)
        self.load_recipe.clicked.connect(self._ask_load)
        inside = QWidget()
        form = QFormLayout(inside)
        for words, widget in (
            (tr("Image size"), self.image_size), (tr("Epochs"), self.epochs), (tr("Batch"), self.batch),
            (tr("Learning rate"), self.learning_rate), (tr("Stop after epochs without gain"), self.early_stopping),
            (tr("Augmentation"), self.strength), (tr("Miss at most"), self.miss), (tr("Seed"), self.seed),
        ):  # fmt: skip
            form.addRow(words, widget)
        form.addRow(self.class_weighting)
        form.addRow(self.exact)
        line = QHBoxLayout()
        line.addWidget(self.save_recipe)
        line.addWidget(self.load_recipe)
        form.addRow(line)
        return inside

    # Settings

    def architecture(self) -> str:
        """Return the chosen way as job.json names it."""
        way = next(value for value, button in self._buttons.items() if button.isChecked())
        return str(self.network.currentData()) if way == "scratch" else way

    def recipe(self) -> dict[str, Any]:
        """Return the settings as job.json and a recipe file hold them."""
        factor = {value: number for value, _words, number in _STRENGTHS}[self.strength.currentData()]
        strengths = dict(self._strengths)
        if factor < 1.0:
            strengths.update(_weaker(factor))
        return {
            "architecture": self.architecture(), "epochs": self.epochs.value() or None,
            "size": self.image_size.value() or None, "batch": self.batch.value() or None,
            "learning_rate": self.learning_rate.value() or None, "early_stopping": self.early_stopping.value(),
            "class_weighting": self.class_weighting.isChecked(), "augmentation": strengths,
            "goal": {"kind": "miss_at_most", "share": self.miss.value() / 100.0}, "seed": self.seed.value(),
            "threads": 1 if self.exact.isChecked() else 0,
        }  # fmt: skip

    def take_recipe(self, recipe: Mapping[str, Any]) -> None:
        """Show the settings of a recipe; unknown and unfit values are left as they are."""
        architecture = recipe.get("architecture")
        if architecture in self._buttons:
            self._buttons[str(architecture)].setChecked(True)
        elif architecture in dict(_NETWORKS):
            self._buttons["scratch"].setChecked(True)
            self.network.setCurrentIndex(self.network.findData(architecture))
        for key, box in (
            ("epochs", self.epochs), ("size", self.image_size), ("batch", self.batch), ("seed", self.seed),
            ("early_stopping", self.early_stopping),
        ):  # fmt: skip
            value = recipe.get(key)
            if isinstance(value, int):
                box.setValue(value)
        rate = recipe.get("learning_rate")
        if isinstance(rate, int | float):
            self.learning_rate.setValue(float(rate))
        if isinstance(recipe.get("class_weighting"), bool):
            self.class_weighting.setChecked(recipe["class_weighting"])
        if isinstance(recipe.get("threads"), int):
            self.exact.setChecked(recipe["threads"] == 1)
        goal = recipe.get("goal")
        if isinstance(goal, Mapping) and isinstance(goal.get("share"), int | float):
            self.miss.setValue(100.0 * float(goal["share"]))
        strengths = recipe.get("augmentation")
        if isinstance(strengths, Mapping):
            self._strengths = {str(k): float(v) for k, v in strengths.items() if isinstance(v, int | float)}

    def save_recipe_to(self, path: Path) -> None:
        """Write the settings; raises OSError."""
        write_json(path, {key: value for key, value in self.recipe().items() if key in RECIPE_KEYS})

    def _ask_save(self) -> None:
        name, _kind = QFileDialog.getSaveFileName(self, self.save_recipe.text(), "recipe.json", "JSON (*.json)")
        if name:
            try:
                self.save_recipe_to(Path(name))
            except OSError as problem:
                text = tr("{name} could not be read or written: {why}.")
                QMessageBox.warning(self, tr("Training"), text.format(name=Path(name).name, why=problem.strerror))

    def _ask_load(self) -> None:
        name, _kind = QFileDialog.getOpenFileName(self, self.load_recipe.text(), "", "JSON (*.json)")
        recipe = read_json(Path(name)) if name else None
        if isinstance(recipe, dict):
            self.take_recipe(recipe)
        elif name:
            QMessageBox.warning(self, tr("Training"), tr("{name} holds no settings.").format(name=Path(name).name))

    # The computer

    def check(self, images: int, folder: Path) -> None:
        """Ask what this computer can do, and how long it would take with ``images`` images."""
        if not self._checker.running:
            self._checker.start(["check", "--images", str(images), "--folder", str(folder)])

    def _checked(self, event: dict[str, Any]) -> None:
        if event["event"] != "check":
            return
        self.check_words.setText("\n".join(event.get("sentences", [])))
        self._estimates, self._possible = event.get("estimated_seconds", {}), event.get("possible", {})
        for value, button in self._buttons.items():
            names = [name for name, _words in _NETWORKS] if value == "scratch" else [value]
            button.setEnabled(any(self._possible.get(name, True) for name in names))
        self._say_times()

    def _say_times(self) -> None:
        for value, _title, words in _WAYS:
            name = str(self.network.currentData()) if value == "scratch" else value
            seconds = self._estimates.get(name)
            text = tr(words)
            if isinstance(seconds, int | float):
                text += " " + tr("On this computer {time}.").format(time=time_text(float(seconds)))
            self._way_words[value].setText(text)

    # Training

    @property
    def running(self) -> bool:
        """True while the training program runs."""
        return self._process.running

    def begin(self, job: Path, finish: bool = False) -> None:
        """Train what ``job``'s job.json says, from its checkpoint where there is one."""
        self._job, self._problem, self._stopped = job, "", {}
        if not finish:
            self._history = {}
            self._draw()
        self.finish_button.hide()
        self.progress.setRange(0, 0)
        self.words.setText(tr("Starting…"))
        self.numbers.clear()
        self._process.start(["train", str(job), *(["--finish"] if finish else [])])
        self.toggle_button.setText(tr("Stop"))
        self.busy.emit(True)

    def stop(self) -> None:
        """Stop before the next batch; the best so far is kept."""
        self.words.setText(tr("Stopping…"))
        self._process.stop()

    def finish_best(self) -> None:
        """Make a model of the best so far."""
        if self._job is not None and not self._process.running:
            self.begin(self._job, finish=True)

    def process_id(self) -> int:
        """Return the number of the training program's process, or 0."""
        return self._process.process_id()

    def _told(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "stage":
                self.words.setText(tr(_STAGES.get(event.get("stage", ""), "")))
                self.progress.setRange(0, 0)
            case "progress":
                self.progress.setRange(0, max(1, int(event.get("of", 0))))
                self.progress.setValue(int(event.get("done", 0)))
            case "step":
                self._step(event)
            case "epoch":
                for key in ("loss", "accuracy", "val_loss", "val_accuracy"):
                    value = event.get(key)
                    if isinstance(value, int | float):
                        self._history.setdefault(key, []).append(float(value))
                self._draw()
            case "early_stop":
                text = tr("The validation got no better, so the training ended early; epoch {epoch} is kept.")
                self.words.setText(text.format(epoch=event.get("best_epoch", "")))
            case "resumed":
                self.words.setText(tr("Going on from epoch {epoch}.").format(epoch=event.get("epoch", "")))
            case "warning":
                self.check_words.setText(str(event.get("sentence", "")))
            case "error":
                self._problem = str(event.get("sentence", ""))
            case "stopped":
                self._stopped = event
            case "done":
                self.finished.emit(event)

    def _step(self, event: Mapping[str, Any]) -> None:
        self.progress.setRange(0, max(1, int(event.get("steps", 1))))
        self.progress.setValue(int(event.get("step", 0)))
        text = tr("Epoch {epoch} of {epochs}, loss {loss}, {rate} images a second, {time} left, {memory} MB of memory")
        left = int(event.get("seconds_left") or 0)
        self.numbers.setText(
            text.format(
                epoch=event.get("epoch", ""), epochs=event.get("epochs", ""),
                loss=score_text(event.get("loss"), 3), rate=score_text(event.get("images_per_second"), 1),
                time=f"{left // 60}:{left % 60:02d}", memory=round(float(event.get("memory_mb") or 0)),
            )
        )  # fmt: skip

    def _ended(self, code: int) -> None:
        self.toggle_button.setText(tr("Go on") if code != 0 else tr("Start"))
        self.progress.setRange(0, 1)
        self.progress.setValue(1 if code == 0 else 0)
        if self._problem:
            self.words.setText(self._problem)
        elif code == EXIT_STOPPED:
            self.words.setText(tr("Stopped. What was learnt is kept: go on, or use the best so far."))
            self.finish_button.setVisible(bool(self._stopped.get("can_finish")))
        elif code != 0:
            text = tr("The training program ended unexpectedly. What was learnt until the last epoch is kept: go on.")
            self.words.setText(text)
        self.busy.emit(False)

    def _draw(self) -> None:
        while (item := self._curves_place.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        canvas = FigureCanvasQTAgg(figures.training_curves(self._history))
        canvas.setMinimumSize(320, 200)
        canvas.setAccessibleName(tr("Loss and accuracy"))
        self._curves_place.addWidget(canvas)

    def close_processes(self) -> None:
        """End what runs; a training keeps its checkpoint."""
        self._process.close()
        self._checker.close()


def _weaker(factor: float) -> dict[str, float]:
    """Return augmentation strengths at ``factor`` of the usual ones (training.augment, written out: no import here)."""
    usual = {
        "rotation_degrees": 12.0, "aspect": 0.20, "gamma": 0.4, "contrast": 0.3, "brightness": 0.12, "blur": 0.35,
        "resample": 0.5, "noise": 0.35, "jpeg": 0.5, "equalise": 0.15, "cut_out": 0.3, "border": 0.1,
    }  # fmt: skip
    values = {name: factor * value for name, value in usual.items()}
    values["crop_area"] = 1.0 - factor * (1.0 - 0.45)
    values["flip"] = 0.5 if factor > 0.0 else 0.0
    return values


def recipe_of(job: Path) -> dict[str, Any]:
    """Return the recipe part of a job.json; empty where it cannot be read."""
    values = read_json(job / "job.json")
    return {key: values[key] for key in RECIPE_KEYS if key in values} if isinstance(values, dict) else {}
