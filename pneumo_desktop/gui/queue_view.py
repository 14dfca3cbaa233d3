"""The left side: filter, order, table and how far the reading is."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QItemSelection, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QBoxLayout,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.naming import name_box
from pneumo_desktop.gui.outcomes import outcome_word
from pneumo_desktop.gui.queue_delegate import LINES, QueueDelegate
from pneumo_desktop.gui.queue_model import QueueModel, decided_as, is_same_image
from pneumo_desktop.gui.queue_order import SUSPICION, Column, Show
from pneumo_desktop.gui.reading_bar import ReadingBar
from pneumo_desktop.gui.thumbnails import SIDE, Thumbnails
from pneumo_desktop.reading.outcome import Outcome
from pneumo_desktop.records.rows import Row
from pneumo_desktop.words import N_, ntr, tr

_SHOWS = {
    Show.ALL: N_("All"),
    Show.LEFT: N_("What is left"),
    Show.LIKELY_PNEUMONIA: N_("Likely pneumonia"),
    Show.UNCERTAIN: N_("Uncertain"),
    Show.LIKELY_NORMAL: N_("Likely normal"),
    Show.NOT_ANALYSED: N_("Not analysed"),
}
_ORDERS: tuple[tuple[int, Qt.SortOrder, str], ...] = (
    (SUSPICION, Qt.SortOrder.AscendingOrder, N_("Most suspicious first")),
    (SUSPICION, Qt.SortOrder.DescendingOrder, N_("Least suspicious first")),
    (Column.NAME, Qt.SortOrder.AscendingOrder, N_("By name")),
    (Column.NAME, Qt.SortOrder.DescendingOrder, N_("By name, from Z to A")),
    (Column.PATIENT, Qt.SortOrder.AscendingOrder, N_("By patient")),
    (Column.DATE, Qt.SortOrder.DescendingOrder, N_("Newest study first")),
    (Column.OUTCOME, Qt.SortOrder.AscendingOrder, N_("By outcome")),
    (Column.OUTCOME, Qt.SortOrder.DescendingOrder, N_("By outcome, from Z to A")),
    (Column.STATUS, Qt.SortOrder.AscendingOrder, N_("By status")),
)
"""What the box offers: every order that the list can stand in, those of a click on a header too."""

_AT_ONCE = 1000
"""Rows that are taken in one step: a list of 10,000 from the records comes in a few, and the window answers between them."""


_STEPS = (Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class _Table(QTableView):
    """A table whose Home and End go to the first and the last row. ``touched``: the reader chooses, maybe what is chosen."""

    touched = Signal()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.touched.emit()
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _STEPS:
            self.touched.emit()
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
        self.automatic = False
        """True while a row is chosen that the reader has not chosen."""
        self._room_needed = 0
        self._pending: list[Row] = []
        self._flush = QTimer(self, singleShot=True, interval=80)
        self._flush.timeout.connect(lambda: self._take())
        self._tidy = QTimer(self, singleShot=True, interval=QApplication.doubleClickInterval())
        self._tidy.timeout.connect(self._drop_misfits)

        self.filter_box = QLineEdit(clearButtonEnabled=True)
        self.filter_box.setAcceptDrops(False)  # files dropped here are for the window
        self.filter_box.returnPressed.connect(self.focus_table)
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
            box.setMinimumContentsLength(8)

        self.table = _Table()
        table = self.table
        table.setModel(model)
        table.touched.connect(self._touched)
        self._delegate = QueueDelegate(self.thumbnails, table)
        table.setItemDelegate(self._delegate)
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
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(40)
        header.sectionClicked.connect(self._header_clicked)
        for column in (Column.PATIENT, Column.DATE, Column.SCORE, Column.STATUS):  # written beside and under the others
            table.setColumnHidden(column, True)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().selectionChanged.connect(self._selected)
        model.modelReset.connect(self._restore)

        self.counts = Label(wordWrap=True)
        self.counts.setObjectName("counts")
        self.reading_bar = ReadingBar()
        self.reading_bar.shown.connect(lambda _shown: self._fit_columns())
        self._boxes = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._boxes.addWidget(self.show_box, 1)
        self._boxes.addWidget(self.order_box, 1)
        self._column = layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 4, 4)
        layout.addWidget(self.filter_box)
        layout.addLayout(self._boxes)
        layout.addWidget(table, 1)
        layout.addWidget(self.counts)
        layout.addWidget(self.reading_bar)
        self.setMinimumWidth(224)  # an outcome and an order are written out
        self.retranslate()

    def add_rows(self, rows: list[Row]) -> None:
        """Take rows as they come; they are shown a few times a second, in one step each."""
        self._pending.extend(rows)
        if not self._flush.isActive():
            self._flush.start()

    def flush(self) -> None:
        """Show all that is pending now."""
        self._flush.stop()
        self._take(len(self._pending))

    def clear(self) -> None:
        """Empty the list."""
        self._pending.clear()
        self._chosen = None
        self.thumbnails.clear()
        self.model.clear()
        self.automatic = False
        self._count()
        self.current_changed.emit(None)

    def take(self, row: Row) -> None:
        """Show a row of the list otherwise than before, at once; the chosen row stays chosen."""
        self.model.add_rows([row])
        self._count()

    def take_decided(self, row: Row) -> list[Row]:
        """Show what was decided of an image in every row of it, and return these; the chosen row stays chosen."""
        rows = [decided_as(row, shown) for shown in self.model.same_image(row)]
        self._pending = [decided_as(row, one) if is_same_image(row, one) else one for one in self._pending]
        self.model.add_rows(rows)
        self._count()
        return rows

    def current_row(self) -> Row | None:
        """Return the chosen row."""
        return None if self._chosen is None else self.model.row_of(self._chosen)

    def choose(self, place: int) -> None:
        """Select the row shown at ``place`` and make it visible."""
        self.table.selectRow(place)
        self.automatic = False
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
        name_box(self.show_box, tr("Which radiographs to show"))
        name_box(self.order_box, tr("Order of the worklist"))
        self.table.setAccessibleName(tr("Worklist"))
        for number, words in enumerate(_SHOWS.values()):
            self.show_box.setItemText(number, tr(words))
        for number, (_, _, words) in enumerate(_ORDERS):
            self.order_box.setItemText(number, tr(words))
        self.model.retranslate()
        self.reading_bar.retranslate()
        self._size_columns()
        self._count()

    def close_workers(self) -> None:
        """Wait for the thumbnail that is being made."""
        self._flush.stop()
        self._tidy.stop()
        self._typing.stop()
        self.thumbnails.close()

    def _take(self, at_most: int = _AT_ONCE) -> None:
        rows, self._pending = self._pending[:at_most], self._pending[at_most:]
        if not rows:
            return
        if self._pending:
            self._flush.start()
        self.model.add_rows(rows)
        self._count()
        if self._chosen is None:
            if not self._pending:
                self._choose_first()
        elif any(row.entry_id == self._chosen for row in rows):
            self.current_changed.emit(self.current_row())

    def _choose_first(self) -> None:
        """While nothing is chosen, show the first picture that there is something to say of; it stays until the reader
        moves."""
        judged = self.model.row_at(0).judgement if self.model.rowCount() else None
        if judged is not None and judged.score is not None:
            self._open_at_the_top()

    def focus_filter(self) -> None:
        """Put the cursor into the filter."""
        self.filter_box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_box.selectAll()

    def focus_table(self) -> None:
        """Let the keys go to the list."""
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_at_the_top(self) -> None:
        """At the end of a reading show the first row where nothing was shown before, and choose nothing else."""
        if self._chosen is None and self.model.rowCount():
            self._open_at_the_top()

    def _open_at_the_top(self) -> None:
        self.choose(0)
        self.automatic = True

    def _size_columns(self) -> None:
        """Give each narrow column the room that its widest word needs in the language in use."""
        metrics = self.table.fontMetrics()

        def widest(words: Iterable[str]) -> int:
            return max(metrics.horizontalAdvance(word) for word in words)

        outcomes = widest(f"{outcome_word(outcome)}  0.00" for outcome in Outcome) + 36
        self._room_needed = outcomes + SIDE + 110
        self.table.setColumnHidden(Column.OUTCOME, False)
        self.table.setColumnWidth(Column.OUTCOME, outcomes)
        self.table.verticalHeader().setDefaultSectionSize(max(SIDE + 8, LINES * metrics.height() + 6))
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Where a name would not be readable any more, the outcome moves under it, and the boxes under each other; how far
        the reading is stands in place of how many are shown."""
        compact = self._delegate.compact = self.width() < self._room_needed
        self.table.setColumnHidden(Column.OUTCOME, compact)
        self.table.horizontalHeader().setHidden(compact)  # one column: the box above says by what it is sorted
        direction = QBoxLayout.Direction.TopToBottom if compact else QBoxLayout.Direction.LeftToRight
        self._boxes.setDirection(direction)
        self._column.setSpacing(3 if compact else -1)
        self.reading_bar.set_compact(compact)
        self.counts.setVisible(not (compact and self.reading_bar.isVisible()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _count(self) -> None:
        shown, total = self.model.counts()
        if not total:
            self.counts.setText("")
            return
        text = tr("{shown} of {total} shown, {left} left to review")
        words = [text.format(shown=shown, total=total, left=self.model.left_count())]
        if twins := self.model.twin_count():
            words.append(
                ntr("{count} with the same image as another", "{count} with the same image as another", twins).format(
                    count=twins
                )
            )
        self.counts.setText(", ".join(words))

    def _refilter(self) -> None:
        self._typing.stop()
        self.model.set_filter(self.filter_box.text(), Show(self.show_box.currentData()))
        self._count()

    def _reorder(self, number: int) -> None:
        column, order, _ = _ORDERS[number]
        header = self.table.horizontalHeader()
        header.setSortIndicatorShown(column != SUSPICION)
        if column != SUSPICION:
            header.setSortIndicator(column, order)
        self.model.sort(column, order)
        self._follow()

    def _header_clicked(self, section: int) -> None:
        """Choose in the box, which says what the list is sorted by, the next order of a column."""
        orders = [number for number, (column, _, _) in enumerate(_ORDERS) if column == section]
        if not orders:  # the score is in the order of suspicion
            return
        chosen = self.order_box.currentIndex()
        after = orders.index(chosen) + 1 if chosen in orders else 0
        self.order_box.setCurrentIndex(orders[after % len(orders)])

    def _follow(self) -> None:
        """After the reader changed the order, keep the chosen row in sight."""
        place = self.model.place_of(self._chosen) if self._chosen is not None else None
        if place is not None:
            self.table.scrollTo(self.model.index(place, 0))

    def _touched(self) -> None:
        self.automatic = False

    def _restore(self) -> None:
        """After a filter, choose again what was chosen, if it is still shown."""
        place = self.model.place_of(self._chosen) if self._chosen is not None else None
        if place is not None:
            automatic = self.automatic
            self.choose(place)
            self.automatic = automatic

    def _selected(self, chosen: QItemSelection, _old: QItemSelection) -> None:
        indexes = chosen.indexes()
        if not indexes:
            return
        row = self.model.row_at(indexes[0].row())
        if row.entry_id != self._chosen:
            self.automatic = False
            self._chosen = row.entry_id
            self.model.keep(row.entry_id)
            self._tidy.start()
            self.current_changed.emit(row)

    def _drop_misfits(self) -> None:
        """The reader has moved on: what was listed only to be looked at goes, but never from under a click."""
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._tidy.start()
            return
        self.model.drop_misfits()
        self._count()

    def _thumbnail_ready(self, entry_id: int) -> None:
        place = self.model.place_of(entry_id)
        if place is not None:
            self.table.update(self.model.index(place, 0))
