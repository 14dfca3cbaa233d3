"""Words on the screen as they are: a name, a note or a card that looks like HTML would have Qt load pictures from anywhere."""

from __future__ import annotations

import html
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtGui import Qt as Text
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


class Label(QLabel):
    """A label that shows its text as it is, unless another format is set."""

    def __init__(self, text: str = "", parent: QWidget | None = None, **properties: Any) -> None:
        super().__init__(text, parent, textFormat=Qt.TextFormat.PlainText, **properties)


def as_it_is(text: str) -> str:
    """Return ``text`` for a tool tip or a message box, where Qt decides what is HTML, so that it is shown as it is."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>") if Text.mightBeRichText(text) else text


def wrapped(name: str = "") -> Label:
    """Return a label that breaks its lines and whose text can be selected; ``name`` is its object name."""
    label = Label(wordWrap=True)
    label.setObjectName(name)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    return label


def make_bold(label: QLabel) -> None:
    """Give a label a bold font."""
    bold = QFont(label.font())
    bold.setBold(True)
    label.setFont(bold)
