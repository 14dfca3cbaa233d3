"""The DICOM tags with a search, and the sheet of keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.gui.labels import Label, as_it_is
from pneumo_desktop.gui.screen_room import resize_within_screen, scrolled
from pneumo_desktop.words import N_, tr

TagRow = tuple[str, str, str, str]
"""Tag, keyword, value representation and value."""

_HEADERS = (N_("Tag"), N_("Keyword"), "VR", N_("Value"))
_WIDTHS = (120, 220, 44, 320)
AnyIndex = QModelIndex | QPersistentModelIndex


class TagModel(QAbstractTableModel):
    """The rows that hold the searched text; thousands of them are no burden."""

    def __init__(self, rows: Sequence[TagRow]) -> None:
        super().__init__()
        self._rows = list(rows)
        self._shown = self._rows

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 -- Qt's signature
        """Return how many rows hold the searched text."""
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 -- Qt's signature
        """Return the number of columns."""
        return 0 if parent.isValid() else len(_HEADERS)

    def data(self, index: AnyIndex, role: int = 0) -> Any:
        """Return a cell's text."""
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole) or not index.isValid():
            return None
        text = self._shown[index.row()][index.column()]
        return as_it_is(text) if role == Qt.ItemDataRole.ToolTipRole else text

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return a column's title."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return tr(_HEADERS[section])
        return None

    def search(self, text: str) -> None:
        """Leave the rows that hold every word of ``text``, whatever its case."""
        words = text.casefold().split()
        self.beginResetModel()
        self._shown = [row for row in self._rows if all(word in " ".join(row).casefold() for word in words)]
        self.endResetModel()


class TagsDialog(QDialog):
    """The tags of one file and a search field."""

    def __init__(self, name: str, rows: Sequence[TagRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("DICOM tags of {name}").format(name=name))
        resize_within_screen(self, 760, 520)
        self.search_box = QLineEdit(clearButtonEnabled=True)
        self.search_box.setPlaceholderText(tr("Search tags, keywords and values"))
        self.search_box.setAccessibleName(tr("Search tags, keywords and values"))
        self.model = TagModel(rows)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName(tr("DICOM tags"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 6)
        for column, width in enumerate(_WIDTHS):
            self.table.setColumnWidth(column, width)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.search_box.textChanged.connect(self.model.search)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        if rows:
            layout.addWidget(self.search_box)
            layout.addWidget(self.table)
        else:
            layout.addWidget(Label(tr("This file has no DICOM tags.")))
            resize_within_screen(self, 360, 120)
        layout.addWidget(buttons)


class CheatSheet(QDialog):
    """The keys of the window, made from its actions, and what the mouse does; columns side by side."""

    def __init__(self, groups: Sequence[tuple[str, Sequence[QAction]]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keys"))
        blocks = [
            (title.replace("&", ""), [(_key(action), action.text()) for action in actions if _key(action)])
            for title, actions in groups
        ]
        blocks.append(
            (
                tr("Mouse and arrow keys in the picture"),
                [
                    (tr("Wheel"), tr("Zoom to the pointer")),
                    (tr("Left button"), tr("Move, window or measure")),
                    (tr("Right button"), tr("Window and level")),
                    (tr("Middle button"), tr("Move")),
                    (tr("Double click"), tr("Fit to window")),
                    (tr("Arrows"), tr("Move")),
                    (tr("Shift and arrows"), tr("Window and level")),
                    ("Esc", tr("Take the measured line away")),
                    ("F6", tr("Next part of the window")),
                ],
            )
        )
        inside = QWidget()
        columns = QHBoxLayout(inside)
        columns.setSpacing(28)
        for column in _columns([block for block in blocks if block[1]]):
            label = Label("".join(_table(title, lines) for title, lines in column))
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByKeyboard)
            columns.addWidget(label)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(scrolled(inside, self.windowTitle()))
        layout.addWidget(buttons)
        wanted = inside.sizeHint()
        resize_within_screen(self, wanted.width() + 48, wanted.height() + 72)


def _key(action: QAction) -> str:
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)


def _table(title: str, lines: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td><b>{key}</b>&nbsp;&nbsp;&nbsp;</td><td>{text.replace('&', '').rstrip('…')}</td></tr>"
        for key, text in lines
    )
    return f"<h4>{title}</h4><table cellspacing='2'>{rows}</table>"


def _columns(blocks: Sequence[tuple[str, list[tuple[str, str]]]]) -> list[list[tuple[str, list[tuple[str, str]]]]]:
    """Share the blocks among three columns of about the same height, in their order."""
    height = sum(len(lines) + 3 for _title, lines in blocks) / 3
    columns: list[list[tuple[str, list[tuple[str, str]]]]] = [[]]
    filled = 0.0
    for block in blocks:
        size = len(block[1]) + 3
        if columns[-1] and filled + size / 2 > height and len(columns) < 3:
            columns.append([])
            filled = 0.0
        columns[-1].append(block)
        filled += size
    return columns
