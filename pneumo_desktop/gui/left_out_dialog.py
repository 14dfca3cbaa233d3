"""What was left out of the list, counted by reason, each with its files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.screen_room import resize_within_screen
from pneumo_desktop.words import ntr, tr
from pneumo_desktop.words.sentences import sentence

if TYPE_CHECKING:
    from pneumo_desktop.imaging.sources import LeftOut

MOST_NAMES = 2000
"""Names shown under one reason; the count is of all."""


class LeftOutDialog(QDialog):
    """A tree: reason, count, and under it the files."""

    def __init__(self, items: Sequence[LeftOut], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Files that were left out"))
        resize_within_screen(self, 640, 420)
        by_code: dict[str, list[LeftOut]] = {}
        for item in items:
            by_code.setdefault(item.code, []).append(item)
        self.tree = QTreeWidget()
        self.tree.setHeaderHidden(True)
        self.tree.setAccessibleName(tr("Files that were left out"))
        for code, found in by_code.items():
            reason = QTreeWidgetItem([f"{len(found)} × {sentence(code)}"])
            self.tree.addTopLevelItem(reason)
            for item in found[:MOST_NAMES]:
                reason.addChild(QTreeWidgetItem([f"{item.path}/{item.member}" if item.member else str(item.path)]))
            if len(found) > MOST_NAMES:
                reason.addChild(QTreeWidgetItem([f"… + {len(found) - MOST_NAMES}"]))
            reason.setExpanded(len(found) <= 20)
        count = len(items)
        text = ntr("{count} file was left out.", "{count} files were left out.", count).format(count=count)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(Label(text if items else tr("No file was left out.")))
        if items:
            layout.addWidget(self.tree)
        else:
            resize_within_screen(self, 320, 100)
        layout.addWidget(buttons)
