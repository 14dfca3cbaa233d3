"""How far the reading is, and the buttons that pause, stop and take it up again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.words import decimal, ntr, tr

if TYPE_CHECKING:
    from pneumo_desktop.gui.reading_run import EndOfReading
    from pneumo_desktop.reading.pipeline import Progress


def duration_text(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds: 1:05:09, or 5:09."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def progress_text(progress: Progress) -> str:
    """Return count, rate and time left; while the folder is looked through, how many were found so far."""
    if progress.walking:
        text = tr("{done} read, {total} found so far").format(done=progress.done, total=progress.total)
    else:
        text = tr("{done} of {total} read").format(done=progress.done, total=progress.total)
    rate = progress.images_per_second
    text += " · " + tr("{rate} a second").format(rate=decimal(rate, 0 if rate >= 10 else 1))
    if progress.seconds_left is not None:
        text += " · " + tr("{time} left").format(time=duration_text(progress.seconds_left))
    return text


def end_text(end: EndOfReading) -> str:
    """Return what was stopped, else how many files could not be reached."""
    if end.unread:
        text = ntr("Stopped; {count} file was not read.", "Stopped; {count} files were not read.", end.unread)
        return text.format(count=end.unread)
    if end.out_of_reach:
        text = ntr(
            "{count} file could not be reached. Is the stick out, or was it deleted?",
            "{count} files could not be reached. Is the stick out, or were they deleted?",
            end.out_of_reach,
        )
        return text.format(count=end.out_of_reach)
    return tr("Stopped.")


class ReadingBar(QWidget):
    """Hidden while nothing is read; after a stop it offers to go on, and to read what could not be reached."""

    pause_wanted = Signal()
    stop_wanted = Signal()
    go_on_wanted = Signal()
    shown = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setFixedHeight(8)
        self.text = Label(wordWrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.pause, self.stop, self.go_on = QPushButton(), QPushButton(), QPushButton()
        self.pause.clicked.connect(self.pause_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.go_on.clicked.connect(self.go_on_wanted)
        buttons = QHBoxLayout()
        for button in (self.pause, self.stop, self.go_on):
            buttons.addWidget(button)
        self._line = line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        line.addWidget(self.text, 1)
        line.addLayout(buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.bar)
        layout.addLayout(line)
        self._progress: Progress | None = None
        self._end: EndOfReading | None = None
        self._catching_up: tuple[int, int] | None = None
        self._paused = self._still = False
        self.retranslate()
        self.hide()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.shown.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.shown.emit(False)

    def set_compact(self, compact: bool) -> None:
        """Put the buttons under the words, where both have no room side by side."""
        self._line.setDirection(QBoxLayout.Direction.TopToBottom if compact else QBoxLayout.Direction.LeftToRight)

    def begin(self) -> None:
        """Say that the images are being looked for."""
        self._progress = self._end = self._catching_up = None
        self.bar.setRange(0, 0)
        self._offer_to_stop(True)
        self.set_paused(False, False)
        self.show()

    def tell(self, progress: Progress) -> None:
        """Show how far the reading is; the bar never runs backwards while the folder is still looked through."""
        self._progress = progress
        self.bar.setRange(0, 0 if progress.walking else max(1, progress.total))
        if not progress.walking:
            self.bar.setValue(progress.done)
        self._say()

    def set_paused(self, some: bool, all_of_it: bool) -> None:
        """Say whether the reading stands still; where ``some`` of it does, the button lets it go on."""
        self._paused, self._still = some, all_of_it
        self._say()

    def end(self, end: EndOfReading) -> None:
        """Hide; after a stop offer to go on, and to read what could not be reached."""
        self._end = end
        if not (end.stopped or end.out_of_reach):
            self.hide()
            return
        self._offer_to_stop(False)
        self.bar.setRange(0, max(1, end.total))
        self.bar.setValue(end.done)
        self._say()

    def catch_up(self, done: int, total: int) -> None:
        """Show how many changed files have been read anew after the end of a reading; that can be stopped."""
        self._catching_up = done, total
        for button in (self.pause, self.go_on):
            button.hide()
        self.stop.show()
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self._say()
        self.show()

    def caught_up(self) -> None:
        """Show the end of the reading again, unless another one has begun or the list was cleared."""
        if self._catching_up is not None and self._end is not None and not self.isHidden():
            self._catching_up = None
            self.end(self._end)

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self.bar.setAccessibleName(tr("Progress of the reading"))
        self.stop.setText(tr("Stop"))
        self._say()

    def _offer_to_stop(self, running: bool) -> None:
        self.pause.setVisible(running)
        self.stop.setVisible(running)
        self.go_on.setVisible(not running)

    def _say(self) -> None:
        self.pause.setText(tr("Continue") if self._paused else tr("Pause"))
        lost = self._end is not None and not self._end.stopped
        self.go_on.setText(tr("Read what is missing") if lost else tr("Go on reading"))
        if self._catching_up is not None:
            done, total = self._catching_up
            self.text.setText(tr("Changed files: {done} of {total} read again").format(done=done, total=total))
        elif self._end is not None:
            self.text.setText(end_text(self._end))
        elif self._progress is None:
            self.text.setText(tr("Looking for images…"))
        else:
            text = progress_text(self._progress)
            self.text.setText(tr("Paused · {progress}").format(progress=text) if self._still else text)
