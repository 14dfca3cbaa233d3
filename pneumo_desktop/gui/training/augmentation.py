"""How strongly images are changed while a network learns: three words, or every strength by itself."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QDoubleSpinBox, QFormLayout, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.screen_room import resize_within_screen, scrolled
from pneumo_desktop.words import tr
from pneumo_desktop.words.card import STRENGTHS

USUAL: Mapping[str, float] = {
    "crop_area": 0.45, "aspect": 0.20, "rotation_degrees": 12.0, "flip": 0.5, "gamma": 0.4, "contrast": 0.3,
    "brightness": 0.12, "blur": 0.35, "resample": 0.5, "noise": 0.35, "jpeg": 0.5, "equalise": 0.15, "cut_out": 0.3,
    "border": 0.1, "borrow": 0.5, "surroundings": 0.0, "sharpen": 0.15,
}  # fmt: skip
"""The strengths of ``training.augment.Augmentation``, which nobody may import; a test holds them together."""


def scaled(factor: float) -> dict[str, float]:
    """Return the usual strengths at ``factor`` (0 changes nothing, 1 is usual)."""
    values = {name: factor * value for name, value in USUAL.items()}
    values["crop_area"] = 1.0 - factor * (1.0 - USUAL["crop_area"])
    return values


class AugmentationDialog(QDialog):
    """Every strength in a box of its own."""

    def __init__(self, values: Mapping[str, float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Augmentation"))
        strengths = QWidget()
        form = QFormLayout(strengths)
        self.boxes: dict[str, QDoubleSpinBox] = {}
        for name, words in STRENGTHS.items():
            degrees = name == "rotation_degrees"
            box = QDoubleSpinBox(
                minimum=0.05 if name == "crop_area" else 0.0, maximum=45.0 if degrees else 1.0,
                decimals=1 if degrees else 2, singleStep=1.0 if degrees else 0.05,
            )  # fmt: skip
            box.setValue(values.get(name, USUAL[name]))
            self.boxes[name] = box
            form.addRow(tr(words), box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(Label(tr("0 switches a change off. They must not change what is to be seen."), wordWrap=True))
        layout.addWidget(scrolled(strengths), 1)
        layout.addWidget(buttons)
        resize_within_screen(self, 400, strengths.sizeHint().height() + 120)

    def values(self) -> dict[str, float]:
        """Return the strengths as they are shown."""
        return {name: round(box.value(), 4) for name, box in self.boxes.items()}
