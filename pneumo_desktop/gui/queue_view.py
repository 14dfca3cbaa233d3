"""The left side: filter, order, table and the progress of what is being read."""

from __future__ import annotations

from PySide6.QtCore import QItemSelection, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.gui.queue_delegate import QueueDelegate
from pneumo_desktop.gui.queue_model import Column, QueueModel, Show, patient_text
from pneumo_desktop.gui.thumbnails import SIDE, Thumbnails
from pneumo_desktop.records.store import Row
from pneumo_desktop.words import N_, tr

_SHOWS = {
    Show.ALL: N_("All"),
    Show.LEFT: N_("What is left"),
    Show.LIKELY_PNEUMONIA: N_("Likely pneumonia"),
    Show.UNCERTAIN: N_("Uncertain"),
    Show.LIKELY_NORMAL: N_("Likely normal"),
    Show.NOT_ANALYSED: N_("Not analysed"),
}
_ORDERS: tuple[tuple[int, Qt.SortOrder, str], ...] = (
    (-1, Qt.SortOrder.AscendingOrder, N_("Most suspicious first")),
    (-1, Qt.SortOrder.DescendingOrder, N_("Least suspicious first")),
    (Column.NAME, Qt.SortOrder.AscendingOrder, N_("By name")),
    (Column.PATIENT, Qt.SortOrder.AscendingOrder, N_("By patient")),
    (Column.DATE, Qt.SortOrder.DescendingOrder, N_("Newest study first")),
    (Column.OUTCOME, Qt.SortOrder.AscendingOrder, N_("By outcome")),
    (Column.STATUS, Qt.SortOrder.AscendingOrder, N_("By status")),
)


class _Table(QTableView):
    """A table whose Home and End go to the first and the last row."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows = self.model().rowCount()
        if rows and event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.selectRow(0 if event.key() == Qt.Key.Key_Home else rows - 1)
            return
        super().keyPressEvent(event)


class QueueView(QWidget):
    """The worklist. ``current_changed`` carries the Row that was chosen, or None."""

    current_changed = Signal(object)

    def __init__(self, model: QueueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.thumbnails = Thumbnails(self)
        self.thumbnails.ready.connect(self._thumbnail_ready)
        self._chosen: int | None = None
        self._quiet = False
        self._pending: list[Row] = []
        self._flush = QTimer(self, singleShot=True, interval=80)
        self._flush.timeout.connect(self._take)

        self.filter_box = QLineEdit(clearButtonEnabled=True)
        self._typing = QTimer(self, singleShot=True, interval=150)
        self._typing.timeout.connect(self._refilter)
        self.filter_box.textChanged.connect(lambda: self._typing.start())
        self.show_box = QComboBox()
        self.order_box = QComboBox()
        for show in _SHOWS:
            self.show_box.addItem("", show)
        for _ in _ORDERS:
            self.order_box.addItem("")
        self.show_box.currentIndexChanged.connect(self._refilter)
        self.order_box.currentIndexChanged.connect(self._reorder)
        for box in (self.show_box, self.order_box):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(10)

        self.table = _Table()
        table = self.table
        table.setModel(model)
        table.setItemDelegate(QueueDelegate(self.thumbnails, table))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.setAlternatingRowColors(True)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = table.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(SIDE + 8)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(40)
        header.sectionClicked.connect(self._header_clicked)
        for column, width in ((0, 168), (1, 92), (2, 84), (3, 130), (4, 66), (5, 78)):
            table.setColumnWidth(column, width)
        table.setColumnHidden(Column.PATIENT, True)
        table.setColumnHidden(Column.DATE, True)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().selectionChanged.connect(self._selected)
        model.modelReset.connect(self._restore)

        self.counts = QLabel()
        self.counts.setObjectName("counts")
        line = QHBoxLayout()
        line.addWidget(self.show_box, 1)
        line.addWidget(self.order_box, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 4, 4)
        layout.addWidget(self.filter_box)
        layout.addLayout(line)
        layout.addWidget(table, 1)
        layout.addWidget(self.counts)
        self.setMinimumWidth(300)
        self.retranslate()

    def add_rows(self, rows: list[Row]) -> None:
        """Take rows as they come; they are shown a few times a second, in one step each."""
        self._pending.extend(rows)
        if not self._flush.isActive():
            self._flush.start()

    def flush(self) -> None:
        """Show what is pending now."""
        self._flush.stop()
        self._take()

    def clear(self) -> None:
        """Empty the list."""
        self._pending.clear()
        self._chosen = None
        self.thumbnails.clear()
        self.model.clear()
        self.table.setColumnHidden(Column.PATIENT, True)
        self.table.setColumnHidden(Column.DATE, True)
        self._count()
        self.current_changed.emit(None)

    def take_decided(self, row: Row) -> None:
        """Show a row whose decision changed; the chosen row stays chosen."""
        self.model.add_rows([row])
        self._count()

    def current_row(self) -> Row | None:
        """Return the chosen row."""
        return None if self._chosen is None else self.model.row_of(self._chosen)

    def choose(self, place: int) -> None:
        """Select the row shown at ``place`` and make it visible."""
        self.table.selectRow(place)
        self.table.scrollTo(self.model.index(place, 0))

    def choose_entry(self, entry_id: int) -> None:
        """Select an entry if it is shown."""
        place = self.model.place_of(entry_id)
        if place is not None:
            self.choose(place)

    def step(self, by: int) -> None:
        """Select the row ``by`` places further down, as far as there are any."""
        count = self.model.rowCount()
        if count:
            place = self.model.place_of(self._chosen) if self._chosen is not None else None
            self.choose(0 if place is None else min(max(place + by, 0), count - 1))

    def show_left(self) -> None:
        """Show what is left to decide, or everything again."""
        left = self.show_box.findData(Show.LEFT)
        self.show_box.setCurrentIndex(0 if self.show_box.currentIndex() == left else left)

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self.filter_box.setPlaceholderText(tr("Filter by name or patient"))
        self.filter_box.setAccessibleName(tr("Filter the worklist"))
        self.show_box.setAccessibleName(tr("Which radiographs to show"))
        self.order_box.setAccessibleName(tr("Order of the worklist"))
        self.table.setAccessibleName(tr("Worklist"))
        for number, words in enumerate(_SHOWS.values()):
            self.show_box.setItemText(number, tr(words))
        for number, (_, _, words) in enumerate(_ORDERS):
            self.order_box.setItemText(number, tr(words))
        self.model.retranslate()
        self._count()

    def close_workers(self) -> None:
        """Wait for the thumbnail that is being made."""
        self._flush.stop()
        self._typing.stop()
        self.thumbnails.close()

    def _take(self) -> None:
        rows, self._pending = self._pending, []
        if not rows:
            return
        first = not self.model.all_rows()
        self.model.add_rows(rows)
        if any(patient_text(row) for row in rows):
            self.table.setColumnHidden(Column.PATIENT, False)
        if any(row.study_date for row in rows):
            self.table.setColumnHidden(Column.DATE, False)
        self._count()
        if first and self._chosen is None and self.model.rowCount():
            self.choose(0)
        elif self._chosen is not None and any(row.entry_id == self._chosen for row in rows):
            self.current_changed.emit(self.current_row())

    def _count(self) -> None:
        total = len(self.model.all_rows())
        shown = self.model.rowCount()
        self.counts.setText(
            tr("{shown} of {total} shown, {left} left to review").format(
                shown=shown, total=total, left=self.model.left_count()
            )
            if total
            else ""
        )

    def _refilter(self) -> None:
        self._typing.stop()
        self._quiet = True
        self.model.set_filter(self.filter_box.text(), Show(self.show_box.currentData()))
        self._quiet = False
        self._count()

    def _reorder(self, number: int) -> None:
        column, order, _ = _ORDERS[number]
        self.table.horizontalHeader().setSortIndicatorShown(False)
        self.model.sort(column, order)
        self._follow()

    def _header_clicked(self, section: int) -> None:
        header = self.table.horizontalHeader()
        down = header.isSortIndicatorShown() and header.sortIndicatorSection() == section
        order = header.sortIndicatorOrder()
        flipped = Qt.SortOrder.AscendingOrder
        if down and order is Qt.SortOrder.AscendingOrder:
            flipped = Qt.SortOrder.DescendingOrder
        header.setSortIndicatorShown(True)
        header.setSortIndicator(section, flipped)
        self.model.sort(section, flipped)
        self._follow()

    def _follow(self) -> None:
        """After the reader changed the order, keep the chosen row in sight."""
        place = self.model.place_of(self._chosen) if self._chosen is not None else None
        if place is not None:
            self.table.scrollTo(self.model.index(place, 0))

    def _restore(self) -> None:
        """After a filter, choose again what was chosen, if it is still shown."""
        place = self.model.place_of(self._chosen) if self._chosen is not None else None
        if place is not None:
            self.choose(place)

    def _selected(self, chosen: QItemSelection, _old: QItemSelection) -> None:
        indexes = chosen.indexes()
        if not indexes:
            return
        row = self.model.row_at(indexes[0].row())
        if row.entry_id != self._chosen:
            self._chosen = row.entry_id
            self.current_changed.emit(row)

    def _thumbnail_ready(self, entry_id: int) -> None:
        place = self.model.place_of(entry_id)
        if place is not None:
            self.table.update(self.model.index(place, 0))

    def root(self) -> QModelIndex:
        """Return the table's root index."""
        return self.table.rootIndex()
