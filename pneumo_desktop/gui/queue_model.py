"""The worklist as a table model that sorts and filters itself, quick at 10,000 rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import IntEnum, StrEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from pneumo_desktop.gui.outcomes import outcome_word, score_text, summary
from pneumo_desktop.reading.outcome import Outcome, Reason
from pneumo_desktop.records.store import Decision, Row
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence

AnyIndex = QModelIndex | QPersistentModelIndex
ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The role under which an index gives its whole ``Row``."""


class Column(IntEnum):
    """The columns, from left to right."""

    NAME = 0
    PATIENT = 1
    DATE = 2
    OUTCOME = 3
    SCORE = 4
    STATUS = 5


HEADERS = {
    Column.NAME: N_("Radiograph"),
    Column.PATIENT: N_("Patient"),
    Column.DATE: N_("Date"),
    Column.OUTCOME: N_("Outcome"),
    Column.SCORE: N_("Score"),
    Column.STATUS: N_("Status"),
}


class Show(StrEnum):
    """Which rows are shown."""

    ALL = "all"
    LEFT = "left"
    LIKELY_PNEUMONIA = "likely_pneumonia"
    UNCERTAIN = "uncertain"
    LIKELY_NORMAL = "likely_normal"
    NOT_ANALYSED = "not_analysed"


DECISION_WORDS = {
    Decision.AGREE: N_("Agreed"),
    Decision.PNEUMONIA: N_("Reader: pneumonia"),
    Decision.NORMAL: N_("Reader: normal"),
    Decision.CANNOT_TELL: N_("Reader: cannot tell"),
}


REASON_WORDS = {
    Reason.UNREADABLE: N_("cannot be read"),
    Reason.TOO_SMALL: N_("too small"),
    Reason.NOT_CHEST_FRONTAL: N_("no frontal chest film"),
    Reason.PHOTO_OF_FILM: N_("photo of a film"),
    Reason.INVERTED: N_("a negative"),
    Reason.OUTSIDE_POPULATION: N_("outside the model's patients"),
    Reason.QUALITY: N_("poor quality"),
}


def status_text(row: Row) -> str:
    """Return how far a row has come: waiting, read, or what the reader decided."""
    if row.decision is not None:
        return tr(DECISION_WORDS[row.decision])
    return tr("Waiting") if row.judgement is None else tr("To review")


def date_text(study_date: str) -> str:
    """Return a DICOM date (YYYYMMDD) as YYYY-MM-DD; anything else as it is."""
    if len(study_date) == 8 and study_date.isdigit():
        return f"{study_date[:4]}-{study_date[4:6]}-{study_date[6:]}"
    return study_date


def patient_text(row: Row) -> str:
    """Return the patient's name as it is written on paper, or the number where there is no name."""
    return (row.patient_name or "").replace("^", " ").strip() or (row.patient_id or "")


def second_line(row: Row) -> str:
    """Return what stands under the name: patient and date of the study, where DICOM tells."""
    return " · ".join(part for part in (patient_text(row), date_text(row.study_date or "")) if part)


def below_outcome(row: Row) -> str:
    """Return what stands under the outcome: the decision, else why there is no verdict, else that it waits for review."""
    reason = row.judgement.reason if row.judgement else None
    if row.decision is None and reason is not None:
        return tr(REASON_WORDS[reason])
    return status_text(row) if row.judgement is not None else ""


def _suspicion(row: Row) -> tuple[int, float, str]:
    """Return the key of the default order: highest score first, then those without one, then those waiting."""
    name = row.entry.display_name().casefold()
    if row.judgement is None:
        return (2, 0.0, name)
    if row.judgement.score is None:
        return (1, 0.0, name)
    return (0, -row.judgement.score, name)


class QueueModel(QAbstractTableModel):
    """Rows by entry id; the shown ones in order.

    ``add_rows`` may be called as often as rows come: known entries are replaced, new ones are put where the
    order has them. Persistent indexes, and with them the view's selection, follow their rows.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[int, Row] = {}
        self._texts: dict[int, str] = {}
        self._keys: dict[int, Any] = {}
        self._shown: list[int] = []
        self._place: dict[int, int] = {}
        self._column = -1
        self._descending = False
        self._filter_text = ""
        self._show = Show.ALL

    # what the table asks

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 -- Qt's signature
        """Return how many rows are shown."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 -- Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return a column's title."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(HEADERS[Column(section)])
        return None

    def data(self, index: AnyIndex, role: int = 0) -> Any:
        """Return text, accessible text, tool tip or the whole row."""
        if not index.isValid() or index.row() >= len(self._shown):
            return None
        row = self._rows[self._shown[index.row()]]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, Column(index.column()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() == Column.NAME:
                return ", ".join((row.entry.display_name(), summary(row.judgement), status_text(row)))
            return self._text(row, Column(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tool_tip(row)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == Column.SCORE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    @staticmethod
    def _tool_tip(row: Row) -> str:
        place = str(row.entry.path) if row.entry.member is None else f"{row.entry.path}/{row.entry.member}"
        reason = row.judgement.reason if row.judgement else None
        lines = [place, second_line(row), sentence(reason.value) if reason else ""]
        return "\n".join(line for line in lines if line)

    def _text(self, row: Row, column: Column) -> str:
        match column:
            case Column.NAME:
                return row.entry.display_name()
            case Column.PATIENT:
                return patient_text(row)
            case Column.DATE:
                return date_text(row.study_date or "")
            case Column.OUTCOME:
                return outcome_word(row.judgement.outcome) if row.judgement else tr("Waiting")
            case Column.SCORE:
                return score_text(row.judgement.score) if row.judgement else ""
            case Column.STATUS:
                return status_text(row)

    # what the window asks

    def row_at(self, place: int) -> Row:
        """Return the shown row at ``place``."""
        return self._rows[self._shown[place]]

    def row_of(self, entry_id: int) -> Row | None:
        """Return the row of an entry, shown or not."""
        return self._rows.get(entry_id)

    def place_of(self, entry_id: int) -> int | None:
        """Return where an entry is shown, or None."""
        return self._place.get(entry_id)

    def has_rows(self) -> bool:
        """Return whether there is any row, shown or not."""
        return bool(self._rows)

    def all_rows(self) -> list[Row]:
        """Return every row, shown or not, in the order they came."""
        return list(self._rows.values())

    def shown_rows(self) -> list[Row]:
        """Return the shown rows in their order."""
        return [self._rows[entry_id] for entry_id in self._shown]

    def next_left(self, after: int, besides: Collection[int] = ()) -> int | None:
        """Return the place of the next shown row to decide after ``after``, else the first one, or None.

        ``besides``: entries that are no longer to decide, although their rows do not say so yet.
        """
        count = len(self._shown)
        for step in range(1, count + 1):
            place = (after + step) % count
            row = self.row_at(place)
            to_decide = row.decision is None and row.judgement is not None and row.entry_id not in besides
            if to_decide and place != after:
                return place
        return None

    def left_count(self) -> int:
        """Return how many read rows have no decision yet."""
        return sum(1 for row in self._rows.values() if row.decision is None and row.judgement is not None)

    # what changes

    def clear(self) -> None:
        """Forget every row."""
        self.beginResetModel()
        self._rows.clear()
        self._texts.clear()
        self._keys.clear()
        self._shown.clear()
        self._place.clear()
        self.endResetModel()

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Take new and changed rows; the order and the selection are kept."""
        fresh: dict[int, None] = {}
        gone: dict[int, None] = {}
        moved = False
        for row in rows:
            entry_id = row.entry_id
            self._rows[entry_id] = row
            self._texts[entry_id] = f"{row.entry.display_name()} {patient_text(row)} {row.patient_id or ''}".casefold()
            place, fits = self._place.get(entry_id), self._fits(row)
            before, self._keys[entry_id] = self._keys.get(entry_id), self._key(row)
            if place is None:
                if fits:
                    fresh[entry_id] = None
                else:
                    fresh.pop(entry_id, None)
            elif not fits:
                gone[entry_id] = None
            else:
                gone.pop(entry_id, None)
                moved = moved or before != self._keys[entry_id]
                self.dataChanged.emit(self.index(place, 0), self.index(place, len(Column) - 1))
        self._take_out(gone)
        if fresh:
            start = len(self._shown)
            self.beginInsertRows(QModelIndex(), start, start + len(fresh) - 1)
            self._shown.extend(fresh)
            self._renumber(start)
            self.endInsertRows()
        if fresh or moved:
            self._resort()

    def remove_queue(self, queue_id: int) -> None:
        """Forget the rows of a queue."""
        going = [entry_id for entry_id, row in self._rows.items() if row.queue_id == queue_id]
        self._take_out([entry_id for entry_id in going if entry_id in self._place])
        for entry_id in going:
            for known in (self._rows, self._texts, self._keys):
                known.pop(entry_id, None)

    def _take_out(self, entry_ids: Collection[int]) -> None:
        """Stop showing some rows: one by one, or all at once where that would take long."""
        if len(entry_ids) > 50:
            self.beginResetModel()
            gone = set(entry_ids)
            self._shown = [entry_id for entry_id in self._shown if entry_id not in gone]
            self._renumber()
            self.endResetModel()
            return
        for entry_id in entry_ids:
            place = self._place[entry_id]
            self.beginRemoveRows(QModelIndex(), place, place)
            del self._shown[place]
            del self._place[entry_id]
            self._renumber(place)
            self.endRemoveRows()

    def set_filter(self, text: str, show: Show) -> None:
        """Show only rows that hold every word of ``text`` and belong to ``show``."""
        if (text.casefold(), show) == (self._filter_text, self._show):
            return
        self._filter_text, self._show = text.casefold(), show
        self.beginResetModel()
        self._shown = [entry_id for entry_id, row in self._rows.items() if self._fits(row)]
        self._sort_shown()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 is the order by suspicion."""
        self._column, self._descending = column, order is Qt.SortOrder.DescendingOrder
        self._keys = {entry_id: self._key(row) for entry_id, row in self._rows.items()}
        self._resort()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self._keys = {entry_id: self._key(row) for entry_id, row in self._rows.items()}  # words may be what sorts
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, len(Column) - 1))

    def _fits(self, row: Row) -> bool:
        text = self._texts[row.entry_id]
        if self._filter_text and not all(word in text for word in self._filter_text.split()):
            return False
        match self._show:
            case Show.ALL:
                return True
            case Show.LEFT:
                return row.decision is None
            case _:
                return row.judgement is not None and row.judgement.outcome is Outcome(self._show.value)

    def _key(self, row: Row) -> Any:
        if self._column < 0:
            return _suspicion(row)
        if self._column == Column.SCORE:
            score = row.judgement.score if row.judgement else None
            return (-1.0 if score is None else score, row.entry_id)
        return (self._text(row, Column(self._column)).casefold(), row.entry_id)

    def _sort_shown(self) -> None:
        self._shown.sort(key=self._keys.__getitem__, reverse=self._descending)
        self._renumber()

    def _resort(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        ids = [self._shown[index.row()] for index in before]
        self._sort_shown()
        after = [self.index(self._place[i], index.column()) for i, index in zip(ids, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _renumber(self, start: int = 0) -> None:
        if start == 0:
            self._place = {entry_id: place for place, entry_id in enumerate(self._shown)}
        else:
            self._place.update((self._shown[place], place) for place in range(start, len(self._shown)))
