"""The training program as a child process: arguments in, one JSON event a line out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QTimer, Signal

from pneumo_desktop import training_program
from pneumo_desktop.words import language

_LONGEST_LINE = 4 * 1024 * 1024
_STOP_MILLISECONDS = 2000
"""The program ends by itself within this; then it is ended, which its checkpoints bear."""

_CLOSE_MILLISECONDS = 5000
EXIT_STOPPED = 3


class TrainingProcess(QObject):
    """One run of the training program. ``told`` carries each event, ``ended`` the exit code (-1 after a crash)."""

    told = Signal(dict)
    ended = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)
        self._process.setStandardErrorFile(QProcess.nullDevice())
        self._patience = QTimer(self, singleShot=True, interval=_STOP_MILLISECONDS)
        self._patience.timeout.connect(self._end)
        self._rest = b""
        self._over = False
        self._asked = False

    @property
    def running(self) -> bool:
        """True while the program runs."""
        return self._process.state() is not QProcess.ProcessState.NotRunning

    def start(self, arguments: Sequence[str]) -> bool:
        """Start the program; False where it cannot be (``training_program.missing`` says why)."""
        command = training_program.command()
        if command is None:
            return False
        self._rest, self._over, self._asked = b"", False, False
        self._process.start(command[0], [*command[1:], "--language", language(), *arguments])
        return True

    def stop(self) -> None:
        """Ask to stop; what was trained is kept. A program that does not answer is ended."""
        if self.running:
            self._asked = True
            self._process.write(b"stop\n")
            self._patience.start()

    def close(self) -> None:
        """Stop and wait."""
        self.blockSignals(True)
        self._patience.stop()
        if self.running:
            self._process.write(b"stop\n")
            self._process.closeWriteChannel()
            if not self._process.waitForFinished(_CLOSE_MILLISECONDS):
                self._process.kill()
                self._process.waitForFinished(_CLOSE_MILLISECONDS)

    def process_id(self) -> int:
        """Return the number of the running process, or 0."""
        return int(self._process.processId())

    def _end(self) -> None:
        if self.running:
            self._process.kill()

    def _read(self) -> None:
        data = self._rest + bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = data.split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            self._rest = b""
        for line in lines:
            event = _event(line)
            if event is not None:
                self.told.emit(event)

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        ended = EXIT_STOPPED if self._asked else -1
        self._over_with(code if status is QProcess.ExitStatus.NormalExit else ended)

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._over_with(-1)

    def _over_with(self, code: int) -> None:
        self._patience.stop()
        if not self._over:
            self._over = True
            self.ended.emit(code)


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and isinstance(told.get("event"), str) else None


def read_json(path: Path) -> Any:
    """Return what a JSON file of a job holds; None where it is missing or damaged."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
