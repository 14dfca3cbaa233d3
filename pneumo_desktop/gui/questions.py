"""Message boxes, which show their words as they are: what went wrong, and questions before something is given up."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from pneumo_desktop.gui.labels import as_it_is

_YES, _NO = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No


def warn(parent: QWidget, title: str, text: str) -> None:
    """Tell what went wrong, and wait until that is closed."""
    QMessageBox.warning(parent, title, as_it_is(text))


def asked(parent: QWidget, title: str, text: str) -> bool:
    """Ask a question and return whether the answer was yes; Enter and Escape take the safe answer, no."""
    return QMessageBox.question(parent, title, as_it_is(text), _YES | _NO, _NO) == _YES
