"""Whose images are read: the question in the toolbar."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.population_words import population_with_ages
from pneumo_desktop.models.card import Card
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import tr


class PopulationBox(QWidget):
    """A label and a drop-down list; ``told`` carries what the user picked, also where it stood there before."""

    told = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card: Card | None = None
        self.box = QComboBox()
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for known in (Population.NOT_KNOWN, Population.CHILDREN, Population.ADULTS):
            self.box.addItem("", known.value)
        self.box.activated.connect(lambda: self.told.emit(Population(self.box.currentData())))
        self._label = Label()
        self._label.setBuddy(self.box)
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 0, 4, 0)
        line.addWidget(self._label)
        line.addWidget(self.box)

    def show_population(self, population: Population) -> None:
        """Show what is known; nothing is told."""
        self.box.setCurrentIndex(self.box.findData(population.value))

    def show_card(self, card: Card | None) -> None:
        """Say beside each population for which ages the model in use has figures."""
        self._card = card
        self.retranslate()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self._label.setText(tr("Whose images?"))
        self.box.setAccessibleName(tr("Whose images are these?"))
        self.box.setToolTip(tr("Whose images are these? The age in a DICOM file goes before it."))
        for number in range(self.box.count()):
            self.box.setItemText(number, population_with_ages(Population(self.box.itemData(number)), self._card))
