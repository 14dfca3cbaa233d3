"""The settings of a training that a nurse leaves alone: shown on demand, saved to a file and loaded from one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QWidget,
)

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.questions import warn
from pneumo_desktop.gui.training.augmentation import AugmentationDialog, scaled
from pneumo_desktop.gui.training.jobs import write_json
from pneumo_desktop.gui.training.process import read_json
from pneumo_desktop.gui.where_to_save import where_to_save
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.system_errors import refused

_SIZES = (64, 96, 128, 160, 192, 224, 256, 320, 384)
_STRENGTHS = (("normal", N_("Normal"), 1.0), ("weak", N_("Weak"), 0.5), ("none", N_("None"), 0.0))
_OWN = "own"


class Advanced(QWidget):
    """Everything of a recipe but the architecture. ``save_wanted`` and ``loaded`` go through the page, which knows it."""

    loaded = Signal(dict)
    workload_changed = Signal()
    preview_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._own: dict[str, float] = {}
        self.image_size = QComboBox()
        self.image_size.addItem(tr("As recommended"), None)
        for size in _SIZES:
            self.image_size.addItem(f"{size} × {size}", size)
        self.epochs = QSpinBox(minimum=0, maximum=500)
        self.batch = QSpinBox(minimum=1, maximum=128, value=1)
        self.learning_rate = QDoubleSpinBox(minimum=0.0, maximum=0.1, decimals=6, singleStep=0.0001)
        self.early_stopping = QSpinBox(minimum=0, maximum=100, value=4)
        self.early_stopping.setSpecialValueText(tr("Never"))
        for box in (self.epochs, self.batch, self.learning_rate):
            box.setSpecialValueText(tr("As recommended"))
        self.image_size.currentIndexChanged.connect(self.workload_changed)
        self.epochs.valueChanged.connect(self.workload_changed)
        self.batch.valueChanged.connect(self.workload_changed)
        self.class_weighting = QCheckBox(tr("Both classes count the same"))
        self.class_weighting.setChecked(True)
        self.strength = QComboBox()
        for value, words, _factor in _STRENGTHS:
            self.strength.addItem(tr(words), value)
        self.strength.addItem(tr("Each by itself…"), _OWN)
        self.strength.setAccessibleName(tr("Augmentation"))
        self.strength.activated.connect(self._ask_strengths)
        preview = QPushButton(tr("Show"))
        preview.setToolTip(tr("Show augmented images…"))
        preview.clicked.connect(self.preview_wanted)
        self.miss = QDoubleSpinBox(minimum=0.0, maximum=50.0, decimals=1, value=5.0, suffix=" %")
        self.seed = QSpinBox(minimum=0, maximum=2_000_000_000, value=1)
        self.exact = QCheckBox(tr("One thread: two runs give identical models"))
        self.save, self.load = QPushButton(tr("Save these settings…")), QPushButton(tr("Load settings…"))
        self.load.clicked.connect(self._ask_load)
        augmentation, files = QHBoxLayout(), QHBoxLayout()
        augmentation.addWidget(self.strength, 1)
        augmentation.addWidget(preview)
        form = QFormLayout(self)
        form.setContentsMargins(24, 0, 0, 0)
        for words, widget in (
            (tr("Image size"), self.image_size), (tr("Epochs"), self.epochs), (tr("Batch"), self.batch),
            (tr("Learning rate"), self.learning_rate), (tr("Stop after epochs without gain"), self.early_stopping),
        ):  # fmt: skip
            form.addRow(words, widget)
        label = Label(tr("Augmentation"))
        label.setBuddy(self.strength)
        form.addRow(label, augmentation)
        form.addRow(tr("Miss at most"), self.miss)
        form.addRow(tr("Seed"), self.seed)
        form.addRow(self.class_weighting)
        form.addRow(self.exact)
        files.addWidget(self.save)
        files.addWidget(self.load)
        form.addRow(files)
        for button in (preview, self.save, self.load):
            button.setAutoDefault(False)

    def follow(self, architecture: str) -> None:
        """Offer only what ``architecture`` asks for: who starts from the model keeps its size."""
        self.image_size.setEnabled(architecture not in ("adapt", "fine-tune"))
        for widget in (self.batch, self.learning_rate, self.strength):
            widget.setEnabled(architecture != "adapt")

    def augmentation(self) -> dict[str, float]:
        """Return the changed strengths; empty for the usual ones."""
        chosen = self.strength.currentData()
        if chosen == _OWN:
            return dict(self._own)
        factor = {value: number for value, _words, number in _STRENGTHS}[chosen]
        return {} if factor == 1.0 else scaled(factor)

    def workload(self) -> dict[str, int]:
        """Return what time and memory depend on, epochs, size and batch, where it is not as recommended.

        The size is that of a new network, whether one is chosen or not.
        """
        batch = self.batch.value() if self.batch.value() > 1 else None
        values = {"epochs": self.epochs.value(), "size": self.image_size.currentData(), "batch": batch}
        return {name: int(value) for name, value in values.items() if value}

    def recipe(self) -> dict[str, Any]:
        """Return the settings as job.json and a recipe file hold them; None is the architecture's own default."""
        return {
            "epochs": self.epochs.value() or None,
            "size": self.image_size.currentData() if self.image_size.isEnabled() else None,
            "batch": self.batch.value() if self.batch.value() > 1 else None,
            "learning_rate": self.learning_rate.value() or None, "early_stopping": self.early_stopping.value(),
            "class_weighting": self.class_weighting.isChecked(), "augmentation": self.augmentation(),
            "goal": {"kind": "miss_at_most", "share": self.miss.value() / 100.0}, "seed": self.seed.value(),
            "threads": 1 if self.exact.isChecked() else 0,
        }  # fmt: skip

    def take(self, recipe: Mapping[str, Any]) -> None:
        """Show the settings of a recipe; unknown and unfit values are left as they are, None is the default."""
        boxes = {"epochs": self.epochs, "batch": self.batch, "seed": self.seed, "early_stopping": self.early_stopping}
        for key, box in boxes.items():
            if key in recipe:
                value = recipe[key]
                if value is None:
                    box.setValue(box.minimum())
                elif _whole(value) and box.minimum() <= value <= box.maximum():
                    box.setValue(value)
        if "size" in recipe:
            self.image_size.setCurrentIndex(max(0, self.image_size.findData(recipe["size"])))
        if "learning_rate" in recipe:
            rate = recipe["learning_rate"]
            self.learning_rate.setValue(float(rate) if isinstance(rate, int | float) else 0.0)
        if isinstance(recipe.get("class_weighting"), bool):
            self.class_weighting.setChecked(recipe["class_weighting"])
        if _whole(recipe.get("threads")):
            self.exact.setChecked(recipe["threads"] == 1)
        goal = recipe.get("goal")
        if isinstance(goal, Mapping) and isinstance(goal.get("share"), int | float):
            self.miss.setValue(100.0 * float(goal["share"]))
        strengths = recipe.get("augmentation")
        if isinstance(strengths, Mapping):
            self._take_strengths({str(k): float(v) for k, v in strengths.items() if isinstance(v, int | float)})

    def _take_strengths(self, strengths: dict[str, float]) -> None:
        known = {value: {} if factor == 1.0 else scaled(factor) for value, _words, factor in _STRENGTHS}
        chosen = next((value for value, usual in known.items() if usual == strengths), _OWN)
        self._own = strengths
        self.strength.setCurrentIndex(self.strength.findData(chosen))

    def _ask_strengths(self) -> None:
        if self.strength.currentData() == _OWN:
            dialog = AugmentationDialog(self._own, self)
            if dialog.exec():
                self._own = dialog.values()

    def save_to(self, path: Path, recipe: Mapping[str, Any]) -> None:
        """Write a recipe; an error becomes a sentence."""
        try:
            write_json(path, recipe)
        except OSError as problem:
            warn(self, tr("Training"), refused(problem, path.name))

    def load_from(self, path: Path) -> None:
        """Read a recipe; what is none becomes a sentence."""
        recipe = read_json(path)
        if isinstance(recipe, dict):
            self.loaded.emit(recipe)
        else:
            warn(self, tr("Training"), tr("{name} holds no settings.").format(name=path.name))

    def ask_save(self, recipe: Mapping[str, Any]) -> None:
        """Ask for a file and write ``recipe``."""
        path = where_to_save(self, self.save.text(), Path("recipe.json"), {"JSON (*.json)": ".json"})
        if path is not None:
            self.save_to(path, recipe)

    def _ask_load(self) -> None:
        name, _kind = QFileDialog.getOpenFileName(self, self.load.text(), "", "JSON (*.json)")
        if name:
            self.load_from(Path(name))


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
