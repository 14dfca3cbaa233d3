"""The DICOM tags with a search, and the sheet of keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.words import tr


class TagsDialog(QDialog):
    """Rows of (tag, keyword, VR, value); typing in the search field leaves the rows that hold the text."""

    def __init__(self, rows: Sequence[tuple[str, str, str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("DICOM tags"))
        self.resize(720, 520)
        self._search = QLineEdit()
        self._search.setPlaceholderText(tr("Search tags"))
        self._search.setAccessibleName(tr("Search tags"))
        self._search.setClearButtonEnabled(True)
        self.table = QTableWidget(len(rows), 4)
        self.table.setHorizontalHeaderLabels([tr("Tag"), tr("Keyword"), "VR", tr("Value")])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                self.table.setItem(number, column, QTableWidgetItem(text))
        self.table.resizeColumnsToContents()
        self.table.horizontalHeader().setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self._search.textChanged.connect(self.search)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        if not rows:
            layout.addWidget(QLabel(tr("This file has no DICOM tags.")))
        for widget in (self._search, self.table, buttons):
            layout.addWidget(widget)

    def search(self, text: str) -> None:
        """Hide the rows that do not hold ``text``, whatever its case."""
        wanted = text.casefold()
        for row in range(self.table.rowCount()):
            cells = (self.table.item(row, column) for column in range(4))
            held = any(wanted in cell.text().casefold() for cell in cells if cell is not None)
            self.table.setRowHidden(row, not held)


class CheatSheet(QDialog):
    """The keys of ``actions`` and of the mouse, made from the actions themselves."""

    def __init__(self, actions: Sequence[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keys"))
        lines = [
            (action.shortcut().toString(action.shortcut().SequenceFormat.NativeText), action.text().replace("&", ""))
            for action in actions
            if not action.shortcut().isEmpty()
        ]
        lines += [
            (tr("Mouse wheel"), tr("Zoom to the pointer")),
            (tr("Right button, dragging"), tr("Window and level")),
            (tr("Middle button, dragging"), tr("Move the picture")),
            (tr("Arrow keys"), tr("Move the picture")),
        ]
        rows = "".join(f"<tr><td><b>{key}</b>&nbsp;&nbsp;</td><td>{text}</td></tr>" for key, text in lines)
        label = QLabel(f"<table cellspacing='4'>{rows}</table>")
        label.setTextFormat(Qt.TextFormat.RichText)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(label)
        layout.addWidget(buttons)
