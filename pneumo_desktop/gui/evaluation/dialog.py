"""Measuring a model on a labelled folder, without training."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.evaluation.cases import ReadOne
from pneumo_desktop.evaluation.command import Evaluation, EvaluationError, measure, reading_with
from pneumo_desktop.gui.evaluation.page import EvaluationPage
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.outcomes import population_word
from pneumo_desktop.gui.screen_room import resize_within_screen, scrolled
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.registry import ModelInfo
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import ntr, tr
from pneumo_desktop.words.sentences import sentence
from pneumo_desktop.words.system_errors import no_unicode


def _read_words(evaluation: Evaluation) -> str:
    """Return how many images were read, and how many files were not: the figures are of fewer than the folder holds."""
    count, left_out = len(evaluation.report.cases), evaluation.report.files_left_out
    words = [ntr("{count} image was read.", "{count} images were read.", count).format(count=count)]
    if left_out:
        words.append(ntr("{n} file was left out.", "{n} files were left out.", left_out).format(n=left_out))
    return " ".join(words)


class EvaluationDialog(QDialog):
    """Choose a folder and one model or two, watch the progress, look at the page, write it out."""

    _reading = Signal(int, int)

    def __init__(self, services: Services, folder: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._evaluation: Evaluation | None = None
        self._stop = threading.Event()
        self._background = Background(1, self)
        self._reading.connect(self._moved)
        self.setWindowTitle(tr("Evaluate on a labelled folder"))
        resize_within_screen(self, 1100, 680)

        self.folder = QLineEdit(str(folder or ""))
        self.choose, self.choose_file = QPushButton(tr("Folder…")), QPushButton(tr("ZIP or CSV…"))
        self.choose.clicked.connect(self._choose_folder)
        self.choose_file.clicked.connect(self._choose_file)
        self.model, self.other, self.population = QComboBox(), QComboBox(), QComboBox()
        self.other.addItem(tr("None"), None)
        for known in (Population.NOT_KNOWN, Population.CHILDREN, Population.ADULTS):
            self.population.addItem(population_word(known), known.value)
        line = QHBoxLayout()
        line.addWidget(self.folder, 1)
        for button in (self.choose, self.choose_file):
            button.setAutoDefault(False)
            line.addWidget(button)
        form = QFormLayout()
        form.addRow(tr("Folder with NORMAL and PNEUMONIA inside, or a CSV"), line)
        form.addRow(tr("Model"), self.model)
        form.addRow(tr("Compared with"), self.other)
        form.addRow(tr("Whose images are these?"), self.population)
        for widget, words in (
            (self.folder, tr("Labelled folder")),
            (self.model, tr("Model")),
            (self.other, tr("Compared with")),
            (self.population, tr("Whose images are these?")),
        ):
            widget.setAccessibleName(words)

        self.progress = QProgressBar()
        self.progress.hide()
        self.start = QPushButton(tr("Evaluate"))
        self.start.setDefault(True)
        self.start.clicked.connect(self.toggle)
        self.words = Label(wordWrap=True)
        self.hint = Label(
            tr(
                "Choose a folder of images whose diagnosis is known, and press Evaluate. The model reads them and is measured: "
                "what it got right and wrong, with a gallery of its errors, curves and thresholds. The images and the worklist "
                "stay as they are."
            ),
            wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter,
        )  # fmt: skip
        self.close_button = QPushButton(tr("Close"))
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.reject)
        self.page = EvaluationPage()
        self.page.hide()
        buttons = QHBoxLayout()
        buttons.addWidget(self.words, 1)
        buttons.addWidget(self.start)
        buttons.addWidget(self.close_button)
        inside = QWidget()
        inner = QVBoxLayout(inside)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(form)
        inner.addWidget(self.progress)
        inner.addWidget(self.hint, 1)
        inner.addWidget(self.page, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(scrolled(inside, self.windowTitle()), 1)
        layout.addLayout(buttons)
        self.folder.setFocus()
        self._background.submit(services.registry.list, self._models_came)

    def _models_came(self, models: Sequence[ModelInfo]) -> None:
        for info in models:
            card, path = info.card, info.path
            words = f"{card.name} ({card.model_id})"
            self.model.addItem(words, str(path))
            self.other.addItem(words, str(path))
            if info.active:
                self.model.setCurrentIndex(self.model.count() - 1)

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Choose a labelled folder"), self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _choose_file(self) -> None:
        kinds = tr("ZIP or CSV (*.zip *.csv *.tsv *.txt)")
        chosen, _kind = QFileDialog.getOpenFileName(self, tr("Choose a ZIP or a CSV"), self.folder.text(), kinds)
        if chosen:
            self.folder.setText(chosen)

    def toggle(self) -> None:
        """Start measuring, or stop and show what was measured by then."""
        if self.progress.isVisible():
            self._stop.set()
            return
        folder = Path(self.folder.text().strip())
        # Unlike Path.exists this is False for a name that is too long for the disk.
        if not self.folder.text().strip() or not os.path.exists(folder):
            self.words.setText(no_unicode(self.folder.text().strip()) or tr("Please choose a folder first."))
            return
        paths = [self.model.currentData(), self.other.currentData()]
        population = Population(self.population.currentData())
        self._stop.clear()
        self.progress.setRange(0, 0)
        self.progress.show()
        self.start.setText(tr("Stop"))
        self.words.setText(tr("Reading the labelled images…"))

        def reader_of(path: str) -> ReadOne:
            from pneumo_desktop.reading.reader import Reader

            return reading_with(Reader(self._services.open_model(Path(path))), population)

        def work() -> Evaluation:
            if paths[0] is None:
                raise NoModelError
            other = reader_of(paths[1]) if paths[1] else None
            return measure(
                reader_of(paths[0]), folder, other, on_progress=self._reading.emit, stopped=self._stop.is_set
            )

        self._background.submit(work, self._measured, self._failed)

    def _moved(self, done: int, total: int) -> None:
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)

    def _ended(self) -> None:
        self.progress.hide()
        self.start.setText(tr("Evaluate"))

    def _measured(self, evaluation: Evaluation) -> None:
        self._ended()
        self._evaluation = evaluation
        self.words.setText(_read_words(evaluation))
        self.hint.hide()
        self.page.show_evaluation(evaluation, by_name=True)
        self.page.show()

    def _failed(self, error: Exception) -> None:
        self._ended()
        if isinstance(error, EvaluationError):
            self.words.setText(str(error))
        elif isinstance(error, NoModelError):
            self.words.setText(sentence("no_model"))
        elif isinstance(error, BadPackageError):
            self.words.setText(sentence(error.code))
        else:
            raise error

    def done(self, result: int) -> None:
        """Stop what runs, whichever way the dialog is closed."""
        self._shut()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop what runs and close."""
        self._shut()
        super().closeEvent(event)

    def _shut(self) -> None:
        self._stop.set()
        self._background.close()
        self.page.close_workers()
