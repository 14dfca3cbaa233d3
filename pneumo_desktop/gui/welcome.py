"""What the window says while there is nothing to look at, and the bar that offers to go on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence


class Welcome(QWidget):
    """Invites: drop a folder, choose one, or try the examples."""

    folder_wanted = Signal()
    files_wanted = Signal()
    examples_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.8)
        self._title.setFont(font)
        self._title.setWordWrap(True)
        self._text = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.folder, self.files, self.examples = QPushButton(), QPushButton(), QPushButton()
        self.folder.clicked.connect(self.folder_wanted)
        self.files.clicked.connect(self.files_wanted)
        self.examples.clicked.connect(self.examples_wanted)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.folder, self.files, self.examples):
            button.setMinimumHeight(36)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._disclaimer = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        layout.addSpacing(16)
        layout.addLayout(buttons)
        layout.addStretch(2)
        layout.addWidget(self._disclaimer)
        self.retranslate()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self._title.setText(tr("Drop a folder of chest radiographs here"))
        self._text.setText(tr("JPEG, PNG, TIFF, DICOM, ZIP archives and CDs are read. The most suspicious come first."))
        self.folder.setText(tr("Open a folder…"))
        self.files.setText(tr("Open files…"))
        self.examples.setText(tr("Try it with generated examples"))
        self._disclaimer.setText(sentence("disclaimer"))


class Offer(QWidget):
    """A bar with a sentence and two answers; hidden when there is nothing to ask."""

    accepted = Signal()
    declined = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._label = QLabel(wordWrap=True)
        self.yes, self.no = QPushButton(), QPushButton()
        self.yes.clicked.connect(self.accepted)
        self.no.clicked.connect(self.declined)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._label, 1)
        layout.addWidget(self.yes)
        layout.addWidget(self.no)
        self.hide()

    def ask(self, text: str, yes: str, no: str) -> None:
        """Show the bar."""
        self._label.setText(text)
        self.yes.setText(yes)
        self.no.setText(no)
        self.show()
