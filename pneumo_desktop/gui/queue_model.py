"""The worklist as a table model that sorts and filters itself, quick at 10,000 rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from pneumo_desktop.gui.outcomes import outcome_word, score_text
from pneumo_desktop.gui.queue_order import SUSPICION, Column, Folded, Show, filter_of, folded, key_of
from pneumo_desktop.gui.row_words import date_text, is_changed, patient_text, spoken, status_text, tool_tip
from pneumo_desktop.records.rows import Row
from pneumo_desktop.words import N_, tr

AnyIndex = QModelIndex | QPersistentModelIndex
ROW_ROLE = int(Qt.ItemDataRole.UserRole) + 1
"""The role under which an index gives its whole ``Row``."""
TWIN_ROLE = ROW_ROLE + 1
"""The role under which an index gives the name of another file with the same image, or nothing."""


HEADERS = {
    Column.NAME: N_("Radiograph"),
    Column.PATIENT: N_("Patient"),
    Column.DATE: N_("Date"),
    Column.OUTCOME: N_("Outcome"),
    Column.SCORE: N_("Score"),
    Column.STATUS: N_("Status"),
}


def is_same_image(first: Row, second: Row) -> bool:
    """Return whether two rows are one entry, or entries with the same content: what is decided holds for both."""
    return first.entry_id == second.entry_id or (first.image != "" and first.image == second.image)


def decided_as(decided: Row, row: Row) -> Row:
    """Return ``row`` with the decision, note and initials of ``decided``, a row of the same image.

    One that says that its file has changed goes on saying so: the records know nothing of that.
    """
    if row.entry_id == decided.entry_id and not (is_changed(row) and row.sha256 == decided.sha256):
        return decided
    return row.with_opinion(decided.opinion)


class QueueModel(QAbstractTableModel):
    """Rows by entry id; the shown ones in order.

    ``add_rows`` may be called as often as rows come: known entries are replaced, new ones are put where the
    order has them. Persistent indexes, and with them the view's selection, follow their rows.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[int, Row] = {}
        self._texts: dict[int, Folded] = {}
        self._keys: dict[int, Any] = {}
        self._shown: list[int] = []
        self._place: dict[int, int] = {}
        self._kept: int | None = None
        self._misfits: set[int] = set()
        """Entries that are shown although they have left the filter: the one that is kept, and any kept before it."""
        self._first: dict[str, int] = {}
        self._twins: dict[str, list[int]] = {}
        """By image: the entry that came first, and those that came after it with the same image."""
        self._column = SUSPICION
        self._descending = False
        self._key = key_of(SUSPICION)
        self._filter = ("", Show.ALL)
        self._fits = filter_of(*self._filter)

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
        if role == TWIN_ROLE:
            return self.twin_name(row)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, Column(index.column()))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            if index.column() == Column.NAME:
                return spoken(row, self.twin_name(row))
            return self._text(row, Column(index.column()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(row, self.twin_name(row))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == Column.SCORE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

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

    def counts(self) -> tuple[int, int]:
        """Return how many rows are shown and how many there are."""
        return len(self._shown), len(self._rows)

    def all_rows(self) -> list[Row]:
        """Return every row, shown or not, in the order they came."""
        return list(self._rows.values())

    def shown_rows(self) -> list[Row]:
        """Return the shown rows in their order."""
        return [self._rows[entry_id] for entry_id in self._shown]

    def twin_name(self, row: Row) -> str:
        """Return the name of another file in the list with the same image, or nothing."""
        image = row.image
        first = self._first.get(image, row.entry_id)
        twins = self._twins.get(image, ())
        other = first if first != row.entry_id else next(iter(twins), row.entry_id)
        return "" if other == row.entry_id else self._rows[other].entry.display_name()

    def same_image(self, row: Row) -> list[Row]:
        """Return the rows of the list with the image of ``row``, shown or not; itself too where it is listed."""
        image = row.image
        found = dict.fromkeys([row.entry_id, *([self._first[image]] if image in self._first else ())])
        found.update(dict.fromkeys(self._twins.get(image, ())))
        return [self._rows[entry_id] for entry_id in found if entry_id in self._rows]

    def twin_count(self) -> int:
        """Return how many files have an image that stands in the list already."""
        return sum(len(twins) for twins in self._twins.values())

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
        self._first.clear()
        self._twins.clear()
        self._shown.clear()
        self._place.clear()
        self._kept = None
        self._misfits.clear()
        self.endResetModel()

    def keep(self, entry_id: int) -> None:
        """Go on showing an entry that is shown, also when it no longer fits the filter: somebody looks at it."""
        self._kept = entry_id

    def drop_misfits(self) -> None:
        """Stop showing what is shown only because it was kept before something else was."""
        self._take_out(self._misfits - {self._kept})

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Take new and changed rows; the order and the selection are kept."""
        fresh: dict[int, None] = {}
        gone: dict[int, None] = {}
        moved = False
        for row in rows:
            entry_id = row.entry_id
            self._know_image(self._rows.get(entry_id), row)
            self._rows[entry_id] = row
            self._texts[entry_id] = texts = folded(row)
            place, fits = self._place.get(entry_id), self._fits(row, texts)
            before, self._keys[entry_id] = self._keys.get(entry_id), self._key(row, texts)
            if place is None:
                if fits:
                    fresh[entry_id] = None
                else:
                    fresh.pop(entry_id, None)
            elif not fits and entry_id != self._kept:
                gone[entry_id] = None
            else:
                gone.pop(entry_id, None)
                (self._misfits.discard if fits else self._misfits.add)(entry_id)
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

    def _know_image(self, before: Row | None, row: Row) -> None:
        image, old = row.image, before.image if before is not None else ""
        if image == old:
            return
        if old:  # the file has another content now
            if self._first[old] != row.entry_id:
                self._twins[old].remove(row.entry_id)
            elif twins := self._twins.get(old):
                self._first[old] = twins.pop(0)
            else:
                del self._first[old]
        if image and self._first.setdefault(image, row.entry_id) != row.entry_id:
            self._twins.setdefault(image, []).append(row.entry_id)

    def _take_out(self, entry_ids: Collection[int]) -> None:
        """Stop showing some rows: one by one, or all at once where that would take long."""
        self._misfits.difference_update(entry_ids)
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
        if (text, show) == self._filter:
            return
        self._filter = (text, show)
        self._fits = fits = filter_of(text, show)
        texts = self._texts
        self.beginResetModel()
        self._misfits.clear()
        self._shown = [entry_id for entry_id, row in self._rows.items() if fits(row, texts[entry_id])]
        self._sort_shown()
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column, or by ``SUSPICION``."""
        self._column, self._descending = column, order is Qt.SortOrder.DescendingOrder
        self._make_keys()
        self._resort()

    def retranslate(self) -> None:
        """Say every word again in the current language; where words are what sorts, the order is theirs too."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(Column) - 1)
        if self._column in (Column.OUTCOME, Column.STATUS):
            self._make_keys()
            self._resort()
        if self._shown:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._shown) - 1, len(Column) - 1))

    def _make_keys(self) -> None:
        self._key = key = key_of(self._column)
        texts = self._texts
        self._keys = {entry_id: key(row, texts[entry_id]) for entry_id, row in self._rows.items()}

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
