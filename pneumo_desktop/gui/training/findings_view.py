"""What a scan found: a line a finding, and below it the files that the chosen one is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSplitter,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence

_ICONS = {
    "error": QStyle.StandardPixmap.SP_MessageBoxCritical,
    "warning": QStyle.StandardPixmap.SP_MessageBoxWarning,
    "note": QStyle.StandardPixmap.SP_MessageBoxInformation,
}
_SEVERITIES = {"error": N_("Must be mended"), "warning": N_("Warning"), "note": N_("Note")}


class FindingsView(QWidget):
    """Shows the ``findings`` of scan.json."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: list[list[str]] = []
        title = Label(tr("What the scan found"))
        self.list = QListWidget()
        self.list.setWordWrap(True)
        self.list.setAccessibleName(title.text())
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._chosen)
        self.files = QPlainTextEdit(readOnly=True)
        self.files.setAccessibleName(tr("The files that the finding is about"))
        self.files.hide()
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.list)
        splitter.addWidget(self.files)
        splitter.setSizes([300, 110])
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(title)
        layout.addWidget(splitter, 1)

    def take(self, findings: Sequence[Mapping[str, Any]], unreadable: Sequence[Mapping[str, str]] = ()) -> None:
        """Show ``findings``; ``unreadable`` says for each file that cannot be read why."""
        why = {item.get("file", ""): sentence(item.get("code", "")) for item in unreadable}
        self.list.clear()
        self._names = []
        for finding in findings:
            severity = finding.get("severity", "note")
            item = QListWidgetItem(self.style().standardIcon(_ICONS[severity]), finding.get("sentence", ""))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{tr(_SEVERITIES[severity])}: {item.text()}")
            self.list.addItem(item)
            names = [str(name) for name in finding.get("names", [])]
            self._names.append([f"{name}: {why[name]}" if name in why else name for name in names])
        if not findings:
            self.list.addItem(tr("Nothing is wrong."))
        self.files.hide()

    def clear(self) -> None:
        """Show nothing."""
        self.list.clear()
        self.files.hide()

    def _chosen(self, row: int) -> None:
        names = self._names[row] if 0 <= row < len(self._names) else []
        self.files.setPlainText("\n".join(names))
        self.files.setVisible(bool(names))
