"""The check of this computer and this installation: by itself at the first start, and whenever it is asked."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QProgressBar, QStyle, QVBoxLayout, QWidget

from pneumo_desktop import __version__
from pneumo_desktop.app import Services
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.screen_room import resize_within_screen
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.words import tr

if TYPE_CHECKING:  # the network's library is imported when the check begins
    from pneumo_desktop.self_test import Check, Report

_SETTING = "checked_version"
_WAIT_MILLISECONDS = 3000
"""The first picture comes before the check; a folder that is being read is read first."""


class CheckupDialog(QDialog):
    """Looks at processor, memory, disk, data folder, model and scores, and tells each in a sentence."""

    examined = Signal(object)

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Check of this computer"))
        self.setMinimumWidth(560)
        self._services = services
        self._background = Background(1, self)
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.words = Label(wordWrap=True)
        self._lines = QGridLayout()
        self._lines.setColumnStretch(1, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        self._page = layout = QVBoxLayout(self)
        layout.addWidget(self.progress)
        layout.addLayout(self._lines)
        layout.addWidget(self.words)
        layout.addStretch(1)
        layout.addWidget(buttons)

    def begin(self) -> None:
        """Look, off the GUI thread; ``examined`` carries the report."""
        from pneumo_desktop.self_test import examine

        self.progress.show()
        self.words.setText(tr("Looking at this computer and this installation…"))
        self._background.submit(lambda: examine(self._services), self._tell)

    def finish(self) -> None:
        """Wait for a check that runs, begin none any more; nothing is told."""
        for timer in list[QTimer](self.findChildren(QTimer)):
            timer.stop()
        self._background.close()

    def done(self, result: int) -> None:
        """Close, after waiting for a check that runs."""
        self.finish()
        super().done(result)

    def _tell(self, report: Report) -> None:
        self.progress.hide()
        for line, check in enumerate(report.checks):
            self._add(line, check)
        if report.passed:
            self.words.setText(tr("All is as it should be."))
        else:
            self.words.setText(tr("Something is not as it should be: see above."))
        self._page.activate()
        tall = self._page.totalHeightForWidth(self.width())
        resize_within_screen(self, self.width(), max(self.height(), tall))
        self.examined.emit(report)

    def _add(self, line: int, check: Check) -> None:
        kind = QStyle.StandardPixmap
        icon = self.style().standardIcon(kind.SP_DialogApplyButton if check.fine else kind.SP_MessageBoxWarning)
        mark = Label()
        mark.setPixmap(icon.pixmap(20, 20))
        mark.setAccessibleName(tr("as it should be") if check.fine else tr("not as it should be"))
        text = Label(check.sentence, wordWrap=True)
        for column, label in enumerate((mark, text)):
            self._lines.addWidget(label, line, column)
            label.show()  # what is hidden yet has no height in the layout


def check_first_start(services: Services, window: QWidget, wait: int = _WAIT_MILLISECONDS) -> CheckupDialog | None:
    """Check once a version, ``wait`` milliseconds from now; only what is wrong opens a dialog.

    Returns the dialog that will look, or None where this version has looked already. Call its ``finish`` at the end.
    """
    if services.store.setting(_SETTING) == __version__:
        return None
    dialog = CheckupDialog(services, window)

    def looked(report: Report) -> None:
        if not report.passed:
            dialog.show()
            return
        try:
            services.store.set_setting(_SETTING, __version__)
        except sqlite3.Error:  # it is checked again next time
            return

    timer = QTimer(dialog)

    def look_when_idle() -> None:
        if not services.reading:
            timer.stop()
            dialog.begin()

    dialog.examined.connect(looked)
    timer.timeout.connect(look_when_idle)
    timer.start(wait)
    return dialog
