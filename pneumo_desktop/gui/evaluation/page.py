"""One evaluation on the screen: numbers with intervals, figures, thresholds, and the images behind each cell."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.evaluation.command import Evaluation, EvaluationError
from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA
from pneumo_desktop.evaluation.report import Report
from pneumo_desktop.evaluation.summary import caveats, comparison_sentence, metric_name, number_text
from pneumo_desktop.evaluation.thresholds import ThresholdRow, table
from pneumo_desktop.gui.evaluation.gallery import Gallery
from pneumo_desktop.gui.evaluation.threshold_tab import ThresholdTab
from pneumo_desktop.gui.figure_view import FigureView
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.gui.questions import warn
from pneumo_desktop.gui.where_to_save import where_to_save
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.words import tr

_SHOWN = (
    "accuracy", "sensitivity", "specificity", "ppv", "npv", "auc", "auc_all", "loss", "calibration_error",
    "uncertain_share", "error_outside_band",
)  # fmt: skip


_NARROWEST = 130
"""Pixels of a column: on a small screen the table moves sideways, and the names of the figures stay words."""

_ROOM_BESIDE = 1000
"""From this width on the figures of two models stand beside each other, else one above the other: nothing moves sideways."""


def _short(model_id: str) -> str:
    return model_id if len(model_id) <= 24 else f"{model_id[:23]}…"


class EvaluationPage(QWidget):
    """Shows an ``Evaluation`` and writes it out. ``close_workers`` before the program ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._evaluation: Evaluation | None = None
        self._counted: list[ThresholdRow] | None = None
        self._worker = Background(1, self)
        self.caveats = Label(wordWrap=True)
        self.verdict = Label(wordWrap=True)
        font = self.verdict.font()
        font.setBold(True)
        self.verdict.setFont(font)
        self.prevalence = QDoubleSpinBox(minimum=0.1, maximum=99.9, decimals=1, suffix=" %", singleStep=1.0)
        self.prevalence.setAccessibleName(tr("Share of pneumonia among your patients"))
        self.prevalence.valueChanged.connect(self._fill_numbers)
        self.numbers = QTableWidget()
        self.numbers.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.numbers.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.numbers.verticalHeader().hide()
        self.numbers.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.numbers.setWordWrap(True)
        self.numbers.horizontalHeader().setMinimumSectionSize(_NARROWEST)
        self.numbers.setTabKeyNavigation(False)
        self.numbers.setAccessibleName(tr("Figures with 95 % intervals"))
        self.matrices = [FigureView(self._worker, tr("Confusion matrix")) for _ in range(2)]
        self.roc = FigureView(self._worker, tr("ROC curve"))
        self.precision_recall = FigureView(self._worker, tr("Precision-recall curve"))
        self.calibration = FigureView(self._worker, tr("Calibration"))
        self.histograms = [FigureView(self._worker, tr("Scores")) for _ in range(2)]
        self.errors = [QPushButton() for _ in range(2)]
        self._pairs = [QBoxLayout(QBoxLayout.Direction.LeftToRight) for _ in range(2)]
        """What the two models have side by side where there is room: matrices, histograms."""
        self._lines = [QHBoxLayout() for _ in range(2)]
        """The numbers beside the matrices, the calibration beside the histograms."""
        self._click_hint = Label(tr("Click a cell to see its images."), wordWrap=True)
        self.gallery = Gallery()
        self.thresholds = ThresholdTab()
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(tr("Evaluate"))
        self.tabs.addTab(self._overview(), tr("Numbers"))
        self.tabs.addTab(_beside(self.roc, self.precision_recall), tr("Curves"))
        self.tabs.addTab(self._calibration_and_scores(), tr("Calibration and scores"))
        self.tabs.addTab(self.thresholds, tr("Thresholds"))
        self.tabs.addTab(self.gallery, tr("Images"))
        self.written = Label(wordWrap=True)
        self.save_numbers = QPushButton(tr("Save the numbers…"))
        self.save_figures = QPushButton(tr("Save the figures…"))
        self.save_numbers.clicked.connect(self._ask_numbers)
        self.save_figures.clicked.connect(self._ask_figures)
        line = QHBoxLayout()
        line.addWidget(self.written, 1)
        for button in (self.save_numbers, self.save_figures):
            button.setAutoDefault(False)
            button.setEnabled(False)
            line.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.verdict)
        layout.addWidget(self.caveats)
        layout.addWidget(self.tabs, 1)
        layout.addLayout(line)

    def _overview(self) -> QWidget:
        question = QHBoxLayout()
        question.addWidget(Label(tr("Share of pneumonia among your patients")))
        question.addWidget(self.prevalence)
        question.addStretch(1)
        left, right, matrices = QVBoxLayout(), QVBoxLayout(), self._pairs[0]
        left.addLayout(question)
        left.addWidget(self.numbers, 1)
        hint = Label(tr("In brackets the 95 % interval, by drawing patients again (bootstrap)."), wordWrap=True)
        left.addWidget(hint)
        for place, (matrix, button) in enumerate(zip(self.matrices, self.errors, strict=True)):
            matrix.clicked.connect(partial(self._clicked, place))
            button.setAutoDefault(False)
            button.clicked.connect(partial(self.show_errors, place))
            button.hide()  # until there is something to show
            one = QVBoxLayout()
            one.addWidget(matrix, 1)
            one.addWidget(button)
            matrices.addLayout(one)
        right.addWidget(self._click_hint)
        right.addLayout(matrices, 1)
        self._lines[0].addLayout(left)
        self._lines[0].addLayout(right)
        overview = QWidget()
        overview.setLayout(self._lines[0])
        return overview

    def _calibration_and_scores(self) -> QWidget:
        for histogram in self.histograms:
            self._pairs[1].addWidget(histogram)
        self._lines[1].addWidget(self.calibration)
        self._lines[1].addLayout(self._pairs[1])
        tab = QWidget()
        tab.setLayout(self._lines[1])
        return tab

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the tabs for another width."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Stand what belongs to two models beside each other, or one above the other where the page is narrow."""
        beside, two = self.width() >= _ROOM_BESIDE, len(self.reports()) == 2
        for pair in self._pairs:
            pair.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        shares = ((1, 1), (1, 2 if two else 1)) if beside else ((2, 1), (1, 1))
        for line, (left, right) in zip(self._lines, shares, strict=True):
            line.setStretch(0, left)
            line.setStretch(1, right)
            line.activate()  # a tab that is not on top would be thought to need the room that it needed before
        for label in (self.verdict, self.caveats, self._click_hint):  # else the figures give up what their lines need
            label.setMinimumHeight(0)  # it counts in the height for a width
            label.setMinimumHeight(max(0, label.heightForWidth(label.width())))

    # What is shown

    def reports(self) -> list[Report]:
        """Return the reports that are shown: the model's, and the one it is compared with."""
        evaluation = self._evaluation
        return [report for report in (evaluation.report, evaluation.other) if report] if evaluation else []

    def names(self) -> list[str]:
        """Return what the models of ``reports`` are called here: two of one name are told apart."""
        names = [_short(report.model_id) for report in self.reports()]
        return [names[0], f"{names[1]} (2)"] if len(names) == 2 and names[0] == names[1] else names

    def show_evaluation(
        self,
        evaluation: Evaluation,
        thresholds: Sequence[ThresholdRow] | None = None,
        by_name: bool = False,
        prevalence: float | None = None,
    ) -> None:
        """Show ``evaluation``; its first model is called the new one, or by its name.

        ``thresholds`` were counted on other images than the evaluated ones; None counts them here. ``prevalence`` in
        per cent; None takes that of the images.
        """
        self._evaluation = evaluation
        self._counted = list(thresholds) if thresholds is not None else None
        reports, names = self.reports(), self.names()
        if evaluation.comparison is not None:
            named = (names[0], names[1]) if by_name else None
            self.verdict.setText(comparison_sentence(evaluation.comparison, named))
        self.verdict.setVisible(evaluation.comparison is not None)
        shown = dict(zip(names, reports, strict=True))
        told = dict.fromkeys(text for name, report in shown.items() for text in caveats(report, name))  # once each
        self.caveats.setText(" ".join(told))
        self.caveats.setVisible(bool(self.caveats.text()))
        for place in range(2):
            there = place < len(reports)
            for widget in (self.matrices[place], self.histograms[place], self.errors[place]):
                widget.setVisible(there)
            if there:
                self._show_one(place, names[place], reports[place], alone=len(reports) == 1)
        self._arrange()
        self.roc.draw(lambda figures: figures.roc(shown))
        self.precision_recall.draw(lambda figures: figures.precision_recall(shown))
        self.calibration.draw(lambda figures: figures.calibration(shown))
        own = evaluation.report.prevalence
        self.prevalence.blockSignals(True)
        self.prevalence.setValue(prevalence or (100.0 * own if math.isfinite(own) else 50.0))
        self.prevalence.blockSignals(False)
        self._fill_numbers()
        self.gallery.show_cases(tr("Errors"), evaluation.report.errors())
        self.save_numbers.setEnabled(True)
        self.save_figures.setEnabled(True)
        self.written.clear()

    def _show_one(self, place: int, name: str, report: Report, alone: bool) -> None:
        def titled(figure: Any) -> Any:
            if not alone:
                figure.axes[0].set_title(name)
            return figure

        counts = report.counts
        self.matrices[place].draw(lambda figures: titled(figures.confusion_matrix(counts)))
        self.histograms[place].draw(lambda figures: titled(figures.score_histogram(report)))
        words = tr("Show the errors, the surest first") if alone else tr("Errors of {name}").format(name=name)
        self.errors[place].setText(words)

    def _share(self) -> float:
        """Return the share of pneumonia in 0..1: the images' own as it is, as long as the box shows it rounded."""
        own = self._evaluation.report.prevalence if self._evaluation is not None else math.nan
        shown = self.prevalence.value() / 100.0
        return own if abs(own - shown) < 0.000501 else shown  # half of its last decimal

    def _fill_numbers(self) -> None:
        evaluation = self._evaluation
        if evaluation is None:
            return
        prevalence = self._share()
        reports = self.reports()
        names = [metric_name(name) for name in _SHOWN]
        self.numbers.clear()
        self.numbers.setColumnCount(1 + len(reports))
        self.numbers.setRowCount(len(names))
        self.numbers.setHorizontalHeaderLabels(["", *self.names()])
        for row, name in enumerate(names):
            self.numbers.setItem(row, 0, QTableWidgetItem(name))
        for column, report in enumerate(reports, start=1):
            ppv, npv = report.predictive_values(prevalence)
            numbers = {**report.numbers, "ppv": ppv, "npv": npv}
            texts = [number_text(numbers[name]) for name in _SHOWN]
            for row, text in enumerate(texts):
                self.numbers.setItem(row, column, QTableWidgetItem(text))
        header = self.numbers.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        if self._counted is not None:
            source = tr("Counted on the validation part, which neither taught the model nor tests it.")
            self.thresholds.take([row.at(prevalence) for row in self._counted], f"{source} {self._point_in_use()}")
        else:
            labels, scores = evaluation.report.judged()
            both = 0 < int(labels.sum()) < len(labels)
            source = tr("Counted on the very images of this evaluation: to look at, not to choose from.")
            rows = table(labels, scores, prevalence) if both else []
            self.thresholds.take(rows, f"{source} {self._point_in_use()}")

    def _point_in_use(self) -> str:
        points = {case.judgement.operating_point for case in self.reports()[0].cases if case.judged}
        thresholds = sorted({point.threshold for point in points if point is not None})
        if not thresholds:
            return ""
        shown = " / ".join(score_text(value, 3) for value in thresholds[:3])
        return tr("The model's operating point now: {threshold}.").format(threshold=shown)

    # The images behind a number

    def show_errors(self, place: int = 0) -> None:
        """List the wrong images of the first or second model, the most confident first."""
        reports = self.reports()
        if place < len(reports):
            title = tr("Errors of {name}").format(name=self.names()[place])
            self.gallery.show_cases(title, reports[place].errors())
            self.tabs.setCurrentWidget(self.gallery)

    def show_cell(self, report: Report, label: int, called: bool | None) -> None:
        """List the images behind one cell of the confusion matrix."""
        true = tr("Pneumonia") if label == PNEUMONIA else tr("Normal")
        told = {True: tr("Pneumonia"), False: tr("Normal"), None: tr("Not analysed")}[called]
        title = tr("Labelled {label}, called {called}").format(label=true.lower(), called=told.lower())
        self.gallery.show_cases(title, report.cell(label, called))
        self.tabs.setCurrentWidget(self.gallery)

    def _clicked(self, place: int, x: float, y: float) -> None:
        column, row = round(x), round(y)
        if row in (NORMAL, PNEUMONIA) and 0 <= column <= 2:
            self.show_cell(self.reports()[place], row, (False, True, None)[column])

    # Writing

    def _ask_numbers(self) -> None:
        path = where_to_save(self, self.save_numbers.text(), Path("evaluation.json"), {"JSON (*.json)": ".json"})
        if path is not None:
            self.write(out=path)

    def _ask_figures(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.save_figures.text())
        if name:
            self.write(figures=Path(name))

    def write(self, out: Path | None = None, figures: Path | None = None) -> None:
        """Write the numbers (JSON and CSV) at the prevalence that is set, or the figures (PNG and SVG)."""
        evaluation = self._evaluation
        if evaluation is None:
            return
        share = self._share()
        first, second = (
            dataclasses.replace(report, prevalence=share) if report else None
            for report in (evaluation.report, evaluation.other)
        )
        assert first is not None
        shown = dataclasses.replace(evaluation, report=first, other=second)

        def failed(error: Exception) -> None:
            if not isinstance(error, EvaluationError):
                raise error
            warn(self, self.window().windowTitle(), str(error))

        def done(paths: Sequence[Path]) -> None:
            names = [figures.name] if figures is not None else [path.name for path in paths]
            self.written.setText(tr("Written to {name}.").format(name=", ".join(names)))

        self._worker.submit(lambda: shown.write(out, figures), done, failed)

    def close_workers(self) -> None:
        """Wait for what is being drawn, loaded or written."""
        self._worker.close()
        self.gallery.close_workers()


def _beside(*views: QWidget) -> QWidget:
    tab = QWidget()
    line = QHBoxLayout(tab)
    for view in views:
        line.addWidget(view)
    return tab
