"""Message boxes, which show their words as they are: what went wrong, and questions before something is given up."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QMessageBox, QPlainTextEdit, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import as_it_is
from pneumo_desktop.gui.screen_room import resize_within_screen, room_for

_BOX_WORDS, _BOX_REST = 420, 100
"""How wide Qt makes the words of a long message box, and how high what is round them, in points: a little is to spare."""

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
    words = QRect(0, 0, _BOX_WORDS, 0)
    height = parent.fontMetrics().boundingRect(words, Qt.TextFlag.TextWordWrap, text).height()
    if height + _BOX_REST > room_for(parent).height():
        return LongQuestion(title, text, parent).exec() == QDialog.DialogCode.Accepted
    return QMessageBox.question(parent, title, as_it_is(text), _YES | _NO, _NO) == _YES


class LongQuestion(QDialog):
    """A question whose words scroll: a message box would be taller than the screen, with its buttons below it."""

    def __init__(self, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.words = QPlainTextEdit(text, readOnly=True, tabChangesFocus=True)
        self.words.setAccessibleName(title)
        answers = QDialogButtonBox(QDialogButtonBox.StandardButton.Yes | QDialogButtonBox.StandardButton.No)
        answers.accepted.connect(self.accept)
        answers.rejected.connect(self.reject)
        no = answers.button(QDialogButtonBox.StandardButton.No)
        answers.button(QDialogButtonBox.StandardButton.Yes).setAutoDefault(False)
        no.setDefault(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words, 1)
        layout.addWidget(answers)
        resize_within_screen(self, 640, 600)
        no.setFocus()
