"""What the window says while there is nothing to look at, and the bars that ask one thing each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMargins, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.population_words import population_with_ages
from pneumo_desktop.models.card import Card
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import ntr, tr
from pneumo_desktop.words.sentences import sentence


class Welcome(QScrollArea):
    """Invites: drop a folder, choose one, or try the examples."""

    folder_wanted = Signal()
    files_wanted = Signal()
    examples_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._title = Label(alignment=Qt.AlignmentFlag.AlignCenter)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.6)
        self._title.setFont(font)
        self._title.setWordWrap(True)
        self._text = Label(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.folder, self.files, self.examples = QPushButton(), QPushButton(), QPushButton()
        self.folder.clicked.connect(self.folder_wanted)
        self.files.clicked.connect(self.files_wanted)
        self.examples.clicked.connect(self.examples_wanted)
        buttons = QVBoxLayout()
        buttons.setSpacing(8)
        for button in (self.folder, self.files, self.examples):
            button.setMinimumHeight(36)
            buttons.addWidget(button)
        column = QHBoxLayout()
        column.addStretch(1)
        column.addLayout(buttons)
        column.addStretch(1)
        self._disclaimer = Label(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.addStretch(2)
        layout.addWidget(self._title)
        layout.addWidget(self._text)
        layout.addSpacing(16)
        layout.addLayout(column)
        layout.addStretch(2)
        layout.addWidget(self._disclaimer)
        self.setWidget(inside)
        self.retranslate()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self._title.setText(tr("Drop a folder of chest radiographs here"))
        self._text.setText(tr("JPEG, PNG, TIFF, DICOM, ZIP archives and CDs are read. The most suspicious come first."))
        self.folder.setText(tr("Open a folder…"))
        self.files.setText(tr("Open files…"))
        self.examples.setText(tr("Try it with generated examples"))
        self._disclaimer.setText(sentence("disclaimer"))
        self.setAccessibleName(self._title.text())
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """Return room for the widest button: only what is below may be scrolled to."""
        width = self.widget().minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, super().minimumSizeHint().height())


class DropCue(Label):
    """Lies over the window while files are dragged over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent=parent, alignment=Qt.AlignmentFlag.AlignCenter)
        self.setAutoFillBackground(True)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 1.8)
        self.setFont(font)
        self.setForegroundRole(QPalette.ColorRole.HighlightedText)
        self.setBackgroundRole(QPalette.ColorRole.Highlight)
        self.hide()

    def show_over(self, room: QRect) -> None:
        """Show over the middle of ``room``."""
        size = self.sizeHint().grownBy(QMargins(48, 32, 48, 32))
        self.setGeometry(QRect(room.center() - QPoint(size.width() // 2, size.height() // 2), size))
        self.raise_()
        self.show()

    def retranslate(self) -> None:
        """Say it again in the current language."""
        self.setText(tr("Let go to read the images"))


class Offer(QWidget):
    """A bar with a sentence and two answers; hidden when there is nothing to ask."""

    accepted = Signal()
    declined = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._words: Callable[[], tuple[str, str, str]] | None = None
        self._label = Label(wordWrap=True)
        self.yes, self.no = QPushButton(), QPushButton()
        self.yes.clicked.connect(self.accepted)
        self.no.clicked.connect(self.declined)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._label, 1)
        layout.addWidget(self.yes)
        layout.addWidget(self.no)
        self.hide()

    def ask(self, words: Callable[[], tuple[str, str, str]]) -> None:
        """Show the bar; ``words`` returns sentence, yes and no in the current language."""
        self._words = words
        self.retranslate()
        self.show()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        if self._words is not None:
            text, yes, no = self._words()
            self._label.setText(text)
            self.yes.setText(yes)
            self.no.setText(no)


class PopulationQuestion(QWidget):
    """Asks once for some folders whose images they hold; the reading goes on meanwhile. ``told`` carries folders, answer."""

    told = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._asked: list[tuple[Path, ...]] = []
        self._card: Card | None = None
        self._label = Label(wordWrap=True)
        self.answers = {
            known: QPushButton() for known in (Population.CHILDREN, Population.ADULTS, Population.NOT_KNOWN)
        }
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._label, 1)
        for known, button in self.answers.items():
            button.clicked.connect(lambda _checked=False, known=known: self._answered(known))
            layout.addWidget(button)
        self.hide()

    def ask(self, folders: tuple[Path, ...]) -> None:
        """Ask for ``folders`` together, after those that are asked for already."""
        if folders not in self._asked:
            self._asked.append(folders)
        self.retranslate()
        self.show()

    def show_card(self, card: Card | None) -> None:
        """Say in each answer for which ages the model in use has figures."""
        self._card = card
        self.retranslate()

    def forget(self) -> None:
        """Ask nothing any more."""
        self._asked.clear()
        self.hide()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        for known, button in self.answers.items():
            button.setText(population_with_ages(known, self._card))
        if self._asked:
            text = tr(
                "Whose images are in {names}? The operating point depends on it, where a file does not tell the age."
            )
            self._label.setText(text.format(names=_names(self._asked[0])))

    def _answered(self, known: Population) -> None:
        folders = self._asked.pop(0)
        self.setVisible(bool(self._asked))
        self.retranslate()
        self.told.emit(folders, known)


def _names(folders: Sequence[Path]) -> str:
    """Return the folders' names in quotes: all of up to three, else two and how many more."""
    names = [tr("“{name}”").format(name=folder.name or folder) for folder in folders]
    if len(names) > 3:
        names[2:] = [ntr("{count} more folder", "{count} more folders", len(names) - 2).format(count=len(names) - 2)]
    if len(names) == 1:
        return names[0]
    return tr("{first} and {last}").format(first=", ".join(names[:-1]), last=names[-1])
