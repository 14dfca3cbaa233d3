"""One evaluation on the screen: numbers with intervals, figures, thresholds, and the images behind each cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from matplotlib.backend_bases import MouseEvent
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.evaluation import figures
from pneumo_desktop.evaluation.command import Evaluation
from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA
from pneumo_desktop.evaluation.report import Report
from pneumo_desktop.evaluation.summary import comparison_sentence, metric_name, number_text
from pneumo_desktop.evaluation.thresholds import Goal, GoalKind, ThresholdRow, choose, table
from pneumo_desktop.gui.evaluation.gallery import Gallery
from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.words import N_, tr

_SHOWN = ("accuracy", "sensitivity", "specificity", "ppv", "npv", "auc", "auc_all", "loss", "calibration_error")
_GOALS = {
    GoalKind.MISS_AT_MOST: N_("Miss at most this share of pneumonia"),
    GoalKind.FALSE_ALARMS_AT_MOST: N_("Alarm at most about this share of normals"),
    GoalKind.MOST_RIGHT: N_("Most right verdicts"),
}
_COLUMNS = (
    N_("Threshold"), N_("TP"), N_("FP"), N_("FN"), N_("TN"), N_("Sensitivity"), N_("Specificity"), N_("PPV"),
    N_("NPV"), N_("Missed per 1,000"), N_("False alarms per 1,000"),
)  # fmt: skip
AnyIndex = QModelIndex | QPersistentModelIndex


class _Thresholds(QAbstractTableModel):
    """Every threshold and what it costs."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ThresholdRow] = []

    def take(self, rows: list[ThresholdRow]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 -- Qt's signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 -- Qt's signature
        return 0 if parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> str | None:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(_COLUMNS[section])
        return None

    def data(self, index: AnyIndex, role: int = 0) -> str | Qt.AlignmentFlag | None:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        row = self.rows[index.row()]
        match index.column():
            case 0:
                return score_text(row.threshold, 3)
            case 1 | 2 | 3 | 4 as column:
                return str((row.tp, row.fp, row.fn, row.tn)[column - 1])
            case 9 | 10 as column:
                return score_text((row.missed_per_thousand, row.false_alarms_per_thousand)[column - 9], 1)
            case column:
                value = (row.sensitivity, row.specificity, row.ppv, row.npv)[column - 5]
                return "–" if math.isnan(value) else score_text(value, 3)


class _FigurePane(QWidget):
    """Figures under each other, each in a canvas of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = QWidget()
        self._layout = QHBoxLayout(self._inside)
        scroll = QScrollArea(widgetResizable=True)
        scroll.setWidget(self._inside)
        QVBoxLayout(self).addWidget(scroll)

    def take(self, drawn: dict[str, Figure]) -> list[FigureCanvasQTAgg]:
        while (item := self._layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        canvases = []
        for words, figure in drawn.items():
            canvas = FigureCanvasQTAgg(figure)
            canvas.setMinimumSize(320, 300)
            canvas.setAccessibleName(words)
            self._layout.addWidget(canvas)
            canvases.append(canvas)
        return canvases


def _short(model_id: str) -> str:
    return model_id if len(model_id) <= 24 else f"{model_id[:23]}…"


class EvaluationPage(QWidget):
    """Shows an ``Evaluation``. ``threshold_chosen`` carries a threshold the user picked from the table."""

    threshold_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._evaluation: Evaluation | None = None
        self._counted: list[ThresholdRow] | None = None
        self.verdict = QLabel(wordWrap=True)
        font = self.verdict.font()
        font.setBold(True)
        self.verdict.setFont(font)
        self.prevalence = QDoubleSpinBox(minimum=0.1, maximum=99.9, decimals=1, suffix=" %", singleStep=1.0)
        self.prevalence.valueChanged.connect(self._fill_numbers)
        self.numbers = QTableWidget()
        self.numbers.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.numbers.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.matrix = _FigurePane()
        self.hint = QLabel(tr("Click a cell to see its images."), wordWrap=True)
        self.curves, self.calibration = _FigurePane(), _FigurePane()
        self.gallery = Gallery()
        self.errors = QPushButton(tr("Show the errors, the surest first"))
        self.errors.clicked.connect(self.show_errors)

        prevalence = QFormLayout()
        prevalence.addRow(tr("Share of pneumonia among your patients"), self.prevalence)
        left, overview = QVBoxLayout(), QWidget()
        left.addLayout(prevalence)
        left.addWidget(self.numbers, 1)
        right = QVBoxLayout()
        right.addWidget(self.matrix, 1)
        right.addWidget(self.hint)
        right.addWidget(self.errors)
        both = QHBoxLayout(overview)
        both.addLayout(left, 1)
        both.addLayout(right, 1)

        self.tabs = QTabWidget()
        self.tabs.addTab(overview, tr("Numbers"))
        self.tabs.addTab(self.curves, tr("Curves"))
        self.tabs.addTab(self.calibration, tr("Calibration and scores"))
        self.tabs.addTab(self._threshold_tab(), tr("Thresholds"))
        self.tabs.addTab(self.gallery, tr("Images"))
        layout = QVBoxLayout(self)
        layout.addWidget(self.verdict)
        layout.addWidget(self.tabs, 1)

    def _threshold_tab(self) -> QWidget:
        tab = QWidget()
        self.goal = QComboBox()
        for kind, words in _GOALS.items():
            self.goal.addItem(tr(words), kind.value)
        self.share = QDoubleSpinBox(minimum=0.0, maximum=50.0, decimals=1, value=5.0, suffix=" %")
        self.goal.currentIndexChanged.connect(self._choose_row)
        self.share.valueChanged.connect(self._choose_row)
        self._thresholds = _Thresholds()
        self.table = QTableView()
        self.table.setModel(self._thresholds)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setAccessibleName(tr("Thresholds"))
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self.row_words = QLabel(wordWrap=True)
        line = QHBoxLayout()
        line.addWidget(QLabel(tr("Your goal")))
        line.addWidget(self.goal, 1)
        line.addWidget(self.share)
        layout = QVBoxLayout(tab)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.row_words)
        return tab

    def show_evaluation(self, evaluation: Evaluation, thresholds: Sequence[ThresholdRow] | None = None) -> None:
        """Show ``evaluation``; its second model is the active one where the first is new.

        ``thresholds`` were counted on other images than the evaluated ones; None counts them here.
        """
        self._evaluation = evaluation
        self._counted = list(thresholds) if thresholds is not None else None
        report, other = evaluation.report, evaluation.other
        self.verdict.setText(comparison_sentence(evaluation.comparison) if evaluation.comparison else "")
        self.verdict.setVisible(evaluation.comparison is not None)
        shown = {_short(report.model_id): report}
        if other is not None:
            name = _short(other.model_id)
            shown[name if name not in shown else f"{name} (2)"] = other
        drawn = {name: figures.confusion_matrix(each.counts) for name, each in shown.items()}
        if other is not None:
            for name, figure in drawn.items():
                figure.axes[0].set_title(name)
        for canvas, each in zip(self.matrix.take(drawn), shown.values(), strict=True):
            canvas.mpl_connect("button_press_event", partial(self._clicked, each))
        self.curves.take(
            {tr("ROC curve"): figures.roc(shown), tr("Precision-recall curve"): figures.precision_recall(shown)}
        )
        histograms = {f"{tr('Scores')} {name}": figures.score_histogram(each) for name, each in shown.items()}
        self.calibration.take({tr("Calibration"): figures.calibration(shown), **histograms})
        own = report.prevalence if math.isfinite(report.prevalence) else 0.5
        self.prevalence.blockSignals(True)
        self.prevalence.setValue(100.0 * own)
        self.prevalence.blockSignals(False)
        self._fill_numbers()
        self.gallery.show_cases(tr("Errors"), report.errors())

    def show_errors(self) -> None:
        """List the wrong images, the most confident first."""
        if self._evaluation is not None:
            self.gallery.show_cases(tr("Errors"), self._evaluation.report.errors())
            self.tabs.setCurrentWidget(self.gallery)

    def show_cell(self, report: Report, label: int, called: bool | None) -> None:
        """List the images behind one cell of the confusion matrix."""
        true = tr("Pneumonia") if label == PNEUMONIA else tr("Normal")
        told = {True: tr("Pneumonia"), False: tr("Normal"), None: tr("Not analysed")}[called]
        title = tr("Labelled {label}, called {called}").format(label=true.lower(), called=told.lower())
        self.gallery.show_cases(title, report.cell(label, called))
        self.tabs.setCurrentWidget(self.gallery)

    def close_workers(self) -> None:
        """Wait for what is being loaded."""
        self.gallery.close_workers()

    def _clicked(self, report: Report, event: MouseEvent) -> None:
        if event.xdata is None or event.ydata is None or event.inaxes is not event.canvas.figure.axes[0]:
            return
        column, row = round(event.xdata), round(event.ydata)
        if row in (NORMAL, PNEUMONIA) and 0 <= column <= 2:
            self.show_cell(report, row, (False, True, None)[column])

    def _fill_numbers(self) -> None:
        if self._evaluation is None:
            return
        prevalence = self.prevalence.value() / 100.0
        reports = [self._evaluation.report, *([self._evaluation.other] if self._evaluation.other else [])]
        self.numbers.clear()
        self.numbers.setColumnCount(len(reports))
        self.numbers.setRowCount(len(_SHOWN) + 2)
        self.numbers.setHorizontalHeaderLabels([_short(report.model_id) for report in reports])
        self.numbers.setVerticalHeaderLabels(
            [*(metric_name(name) for name in _SHOWN), tr("Uncertain"), tr("Wrong outside the uncertain band")]
        )
        for column, report in enumerate(reports):
            ppv, npv = report.predictive_values(prevalence)
            numbers = {**report.numbers, "ppv": ppv, "npv": npv}
            texts = [number_text(numbers[name]) for name in _SHOWN]
            texts += [f"{report.band.share:.1%}", f"{report.band.error_outside:.1%}" if report.band.outside else "–"]
            for row, text in enumerate(texts):
                self.numbers.setItem(row, column, QTableWidgetItem(text))
        self.numbers.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        if self._counted is not None:
            self._thresholds.take([row.at(prevalence) for row in self._counted])
        else:
            labels, scores = self._evaluation.report.judged()
            both = 0 < int(labels.sum()) < len(labels)
            self._thresholds.take(table(labels, scores, prevalence) if both else [])
        self._choose_row()

    def _choose_row(self) -> None:
        kind = GoalKind(self.goal.currentData())
        self.share.setEnabled(kind is not GoalKind.MOST_RIGHT)
        rows = self._thresholds.rows
        if rows:
            row = choose(rows, Goal(kind, self.share.value() / 100.0))
            place = rows.index(row)
            self.table.selectRow(place)
            self.table.scrollTo(self._thresholds.index(place, 0), QAbstractItemView.ScrollHint.PositionAtCenter)

    def _row_chosen(self, index: QModelIndex) -> None:
        if not index.isValid() or index.row() >= len(self._thresholds.rows):
            return
        row = self._thresholds.rows[index.row()]
        text = tr(
            "Of 1,000 of your patients, at this threshold {missed} with pneumonia would be missed and {alarms} "
            "without it would be called pneumonia."
        )
        missed, alarms = (score_text(v, 1) for v in (row.missed_per_thousand, row.false_alarms_per_thousand))
        self.row_words.setText(text.format(missed=missed, alarms=alarms))
        self.threshold_chosen.emit(row.threshold)
