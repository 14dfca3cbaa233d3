"""Every threshold and what it costs; a goal picks the row."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QHeaderView,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.evaluation.thresholds import Goal, GoalKind, ThresholdRow, choose
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.words import N_, tr

_GOALS = {
    GoalKind.MISS_AT_MOST: N_("Miss at most this share of pneumonia"),
    GoalKind.FALSE_ALARMS_AT_MOST: N_("Alarm at most about this share of normals"),
    GoalKind.MOST_RIGHT: N_("Most right verdicts"),
}
_COLUMNS = (
    N_("Threshold"), N_("TP"), N_("FP"), N_("FN"), N_("TN"), N_("Sensitivity"), N_("Specificity"), N_("PPV"),
    N_("NPV"), N_("Missed per 1,000"), N_("False alarms per 1,000"),
)  # fmt: skip
_LONG = {
    1: N_("Pneumonia, called pneumonia"), 2: N_("Normal, called pneumonia"), 3: N_("Pneumonia, called normal"),
    4: N_("Normal, called normal"), 7: N_("Positive predictive value"), 8: N_("Negative predictive value"),
}  # fmt: skip
SAME_THRESHOLD = 1e-9
"""Thresholds nearer than this are one."""

AnyIndex = QModelIndex | QPersistentModelIndex


class _Thresholds(QAbstractTableModel):
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
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            what, *per_thousand = tr(_COLUMNS[section]).rsplit(" ", 2)
            return "\n".join((what, " ".join(per_thousand))) if per_thousand else what
        return tr(_LONG[section]) if role == Qt.ItemDataRole.ToolTipRole and section in _LONG else None

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


class ThresholdTab(QWidget):
    """A table of thresholds. ``chosen`` carries the row that the user picked, by a click or by a goal."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._threshold: float | None = None  # where the table stands; None goes by the goal
        self._quiet = False  # what changes is not the user's doing
        self._picked = False  # by the user: a row, or a goal
        self.source = Label(wordWrap=True)
        self.goal = QComboBox()
        for kind, words in _GOALS.items():
            self.goal.addItem(tr(words), kind.value)
        self.share = QDoubleSpinBox(minimum=0.0, maximum=50.0, decimals=1, value=5.0, suffix=" %")
        self.goal.setAccessibleName(tr("Your goal"))
        self.share.setAccessibleName(tr("Share"))
        self.goal.currentIndexChanged.connect(self._goal_changed)
        self.share.valueChanged.connect(self._goal_changed)
        self._model = _Thresholds()
        self.table = QTableView()
        self.table.setModel(self._model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setHighlightSections(False)  # bold words need more room than is kept for them
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setAccessibleName(tr("Thresholds"))
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self.table.clicked.connect(self._row_clicked)
        self.words = Label(wordWrap=True)
        line = QHBoxLayout()
        label = Label(tr("Your goal"))
        label.setBuddy(self.goal)
        line.addWidget(label)
        line.addWidget(self.goal, 1)
        line.addWidget(self.share)
        layout = QVBoxLayout(self)
        layout.addWidget(self.source)
        layout.addLayout(line)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.words)

    def rows(self) -> list[ThresholdRow]:
        """Return the rows that are shown, the lowest threshold first."""
        return self._model.rows

    def goal_in_use(self) -> Goal | None:
        """Return the goal that picked the row, or None where the row itself was picked."""
        if self._threshold is not None:
            return None
        return Goal(GoalKind(self.goal.currentData()), self.share.value() / 100.0)

    def set_goal(self, goal: Goal) -> None:
        """Show ``goal``; it picks a row when the user changes it."""
        self._quiet = True
        self.goal.setCurrentIndex(self.goal.findData(goal.kind.value))
        self.share.setValue(100.0 * goal.share)
        self._quiet = False

    def stand_on(self, threshold: float | None) -> None:
        """Select the row of ``threshold``, or the goal's without one; nothing is picked by that."""
        self._threshold = threshold
        self._picked = False
        self._select()

    def take(self, rows: Sequence[ThresholdRow], source: str) -> None:
        """Show ``rows``; ``source`` says on which images they were counted."""
        self.source.setText(source)
        before = self._chosen_row()
        self._quiet = True
        self._model.take(list(rows))
        self._quiet = False
        self.words.clear()
        row = self._select()
        # At another prevalence a goal may pick another row.
        if row is not None and self._picked and self._threshold is None and row.threshold != before:
            self.chosen.emit(row)

    def _chosen_row(self) -> float | None:
        index = self.table.selectionModel().currentIndex()
        return self._model.rows[index.row()].threshold if index.isValid() else None

    def _goal_changed(self) -> None:
        if self._quiet:
            return
        self._threshold = None
        row = self._select()
        if row is not None:
            self._picked = True
            self.chosen.emit(row)

    def _select(self) -> ThresholdRow | None:
        """Select the row that is stood on, or the goal's, and return it; None where there is none."""
        kind = GoalKind(self.goal.currentData())
        self.share.setEnabled(kind is not GoalKind.MOST_RIGHT)
        rows = self._model.rows
        if not rows:
            return None
        if self._threshold is None:
            place = rows.index(choose(rows, Goal(kind, self.share.value() / 100.0)))
        else:
            near = [abs(row.threshold - self._threshold) for row in rows]
            place = near.index(min(near)) if min(near) < SAME_THRESHOLD else -1
        self._quiet = True
        if place < 0:
            self.table.selectionModel().clear()
            self.words.clear()
        else:
            self.table.selectRow(place)
            self._say(rows[place])
            self.table.scrollTo(self._model.index(place, 0), QAbstractItemView.ScrollHint.PositionAtCenter)
        self._quiet = False
        return rows[place] if place >= 0 else None

    def _row_chosen(self, index: QModelIndex) -> None:
        if not self._quiet and index.isValid():
            self._pick(self._model.rows[index.row()])

    def _row_clicked(self, index: QModelIndex) -> None:
        """Pick a row that was selected before it was clicked."""
        row = self._model.rows[index.row()]
        if not self._picked or (self._threshold is not None and self._threshold != row.threshold):
            self._pick(row)

    def _pick(self, row: ThresholdRow) -> None:
        self._threshold, self._picked = row.threshold, True
        self._say(row)
        self.chosen.emit(row)

    def _say(self, row: ThresholdRow) -> None:
        text = tr(
            "Of 1,000 of your patients, at this threshold {missed} with pneumonia would be missed and {alarms} "
            "without it would be called pneumonia."
        )
        missed, alarms = (score_text(v, 1) for v in (row.missed_per_thousand, row.false_alarms_per_thousand))
        self.words.setText(text.format(missed=missed, alarms=alarms))
