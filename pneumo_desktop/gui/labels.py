"""Labels that hold whole sentences."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QSizePolicy


def wrapped(name: str = "") -> QLabel:
    """Return a label that breaks its lines and whose text can be selected; ``name`` is its object name."""
    label = QLabel(wordWrap=True)
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
