"""Asks why a worse model shall be used."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.models.worse import SHORTEST_REASON, is_reason
from pneumo_desktop.words import tr


class ReasonDialog(QDialog):
    """Asks for a reason; without one there is no way on. ``text`` says what is worse and where the reason is kept."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.reason = QLineEdit(maxLength=500)
        self.reason.setAccessibleName(tr("Reason"))
        self.reason.setPlaceholderText(tr("At least {count} letters").format(count=SHORTEST_REASON))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = buttons.addButton(tr("Use the worse model"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setEnabled(False)
        self.reason.textChanged.connect(lambda words: self.use.setEnabled(is_reason(words)))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(Label(text, wordWrap=True))
        layout.addWidget(self.reason)
        layout.addWidget(buttons)
        self.resize(460, self.sizeHint().height())
