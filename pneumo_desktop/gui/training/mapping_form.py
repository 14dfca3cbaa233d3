"""Which folder, or which label of a table, is which class: asked where no word of it is known."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.words import ntr, tr

_MOST_ROWS = 40


class MappingForm(QWidget):
    """A row a folder. ``wanted`` asks for a new scan with what was chosen; ``changed`` says that it was chosen."""

    wanted = Signal()
    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.boxes: dict[str, QComboBox] = {}
        inside = QWidget()
        self._form = QFormLayout(inside)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        self.apply = QPushButton(tr("Scan again with these classes"))
        self.apply.setAutoDefault(False)
        self.apply.clicked.connect(self.wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        question = Label(tr("The program does not know these names. Which class is which?"), wordWrap=True)
        scroll.setAccessibleName(question.text())
        layout.addWidget(question)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.apply)
        self.hide()

    def mapping(self) -> dict[str, str]:
        """Return name -> ``normal`` or ``pneumonia`` of what was chosen."""
        return {name: box.currentData() for name, box in self.boxes.items() if box.currentData()}

    def take(self, mapping: Mapping[str, str]) -> None:
        """Show what was chosen before."""
        for name, value in mapping.items():
            self._add(name, None, value)

    def offer(self, folders: Mapping[str, int]) -> None:
        """Ask for names that are not asked for yet, with how many images each holds."""
        for name, number in folders.items():
            if name not in self.boxes and len(self.boxes) < _MOST_ROWS:
                self._add(name, number, "")
        self.setVisible(bool(self.boxes))

    def clear(self) -> None:
        """Forget every name."""
        self.boxes.clear()
        while self._form.rowCount():
            self._form.removeRow(0)
        self.hide()

    def _add(self, name: str, number: int | None, value: str) -> None:
        box = QComboBox()
        for words, class_value in ((tr("Leave out"), ""), (tr("Normal"), "normal"), (tr("Pneumonia"), "pneumonia")):
            box.addItem(words, class_value)
        box.setCurrentIndex(max(0, box.findData(value)))
        box.currentIndexChanged.connect(self.changed)
        box.setAccessibleName(name)
        self.boxes[name] = box
        count = (
            "" if number is None else " (" + ntr("{count} image", "{count} images", number).format(count=number) + ")"
        )
        label = Label(tr("“{name}”").format(name=name) + count)
        label.setBuddy(box)
        self._form.addRow(label, box)
