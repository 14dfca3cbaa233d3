"""Message boxes, which show their words as they are: what went wrong, and questions before something is given up."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from pneumo_desktop.gui.labels import as_it_is

_YES, _NO = QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.No


def box(icon: QMessageBox.Icon, title: str, text: str, parent: QWidget | None = None) -> QMessageBox:
    """Return a box that is not shown yet: to be given buttons of its own, or not to be waited for."""
    made = QMessageBox(icon, title, text, parent=parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    return made


def about(parent: QWidget, title: str, text: str) -> None:
    """Say what the program is, and wait until that is closed."""
    QMessageBox.about(parent, title, as_it_is(text))


def warn(parent: QWidget, title: str, text: str) -> None:
    """Tell what went wrong, and wait until that is closed."""
    QMessageBox.warning(parent, title, as_it_is(text))


def asked(parent: QWidget, title: str, text: str) -> bool:
    """Ask a question and return whether the answer was yes; Enter and Escape take the safe answer, no."""
    return QMessageBox.question(parent, title, as_it_is(text), _YES | _NO, _NO) == _YES
