"""An unexpected error reaches one dialog with 'copy report', and a log without names of patients or files."""

from __future__ import annotations

import logging
import logging.handlers
import platform
import re
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

import PySide6
from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from pneumo_desktop import __version__
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.screen_room import resize_within_screen
from pneumo_desktop.words import tr

log = logging.getLogger("pneumo_desktop")
_QUOTED = re.compile(r"(['\"]).*?\1", re.DOTALL)
_PATH = re.compile(r"(?:[A-Za-z]:)?[\\/][^\n]*")  # to the end of the line: a file's name may hold any sign
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def redact(message: str) -> str:
    """Return ``message`` without what may name a patient: quoted values and paths."""
    return _PATH.sub("<path>", _QUOTED.sub("<value>", message))


def report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> str:
    """Return what an engineer needs of an error: versions, where it happened, its kind; no values."""
    frames = traceback.extract_tb(trace)
    places = [f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join(
        (
            f"Pneumo Desktop {__version__}, Python {platform.python_version()}, PySide6 {PySide6.__version__}",
            platform.platform(),
            "",
            *places,
            f"{kind.__name__}: {redact(str(error))}",
        )
    )


def open_log(folder: Path) -> None:
    """Write the log to ``folder``: 1 MB a file, three files kept. Where it cannot be made nothing is logged: no start fails."""
    log.setLevel(logging.INFO)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        log.addHandler(logging.NullHandler())
        return
    handler = logging.handlers.RotatingFileHandler(
        folder / "pneumo-desktop.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.addHandler(handler)


def close_log() -> None:
    """Close the log's files."""
    for handler in list(log.handlers):
        log.removeHandler(handler)
        handler.close()


class ErrorDialog(QDialog):
    """Says that something went wrong, that nothing stored is lost, and offers the report."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Something went wrong"))
        words = Label(
            tr(
                "An unexpected error happened. What was shown as read or decided is stored. "
                "You can go on; if it happens again, send this report to whoever looks after the program. "
                "It holds no names of patients or files."
            ),
            wordWrap=True,
        )
        self._text = QPlainTextEdit(text, readOnly=True)
        self._text.setAccessibleName(tr("Report"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton(tr("Copy report"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.clicked.connect(self.copy_report)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addWidget(self._text, 1)
        layout.addWidget(buttons)
        resize_within_screen(self, 620, 380)

    def add(self, text: str) -> None:
        """Add a further error to the report that is shown."""
        if self._text.document().blockCount() < 2000:
            self._text.appendPlainText("\n" + text)

    def copy_report(self) -> None:
        """Put the report on the clipboard."""
        QApplication.clipboard().setText(self._text.toPlainText())


class ErrorCatcher(QObject):
    """Takes every unhandled error of every thread, logs it and shows the one dialog."""

    _caught = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.dialog: ErrorDialog | None = None
        self._caught.connect(self._show)
        self._hooks = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Become the process's handler for errors and Qt's messages."""
        sys.excepthook = self.handle
        threading.excepthook = self._handle_thread
        qInstallMessageHandler(self._qt_message)

    def remove(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._hooks
        qInstallMessageHandler(None)

    def handle(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Log the error and show it; Ctrl+C ends the program as usual."""
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        text = report(kind, error, trace)
        log.error("unexpected error\n%s", text)
        self._caught.emit(text)

    def _handle_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self.handle(args.exc_type, args.exc_value, args.exc_traceback)

    def _show(self, text: str) -> None:
        if self.dialog is not None:
            self.dialog.add(text)
            return
        parent = QApplication.activeWindow()
        self.dialog = ErrorDialog(text, parent)
        self.dialog.finished.connect(self._closed)
        self.dialog.open()

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = None

    @staticmethod
    def _qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        log.log(_LEVELS.get(kind, logging.INFO), "qt: %s", redact(message))
