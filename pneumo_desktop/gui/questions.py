"""Questions before something is given up: Enter and Escape take the safe answer."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

_YES, _NO = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No


def asked(parent: QWidget, title: str, text: str) -> bool:
    """Ask a question and return whether the answer was yes; no is the default."""
    return QMessageBox.question(parent, title, text, _YES | _NO, _NO) == _YES
