"""Files that have changed since they were read: read anew in their rows, one after the other, until something else is read."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from pneumo_desktop.app import Services
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError
from pneumo_desktop.records.rows import Row
from pneumo_desktop.words import ntr
from pneumo_desktop.words.sentences import sentence


def at_odds(rows: Sequence[Row]) -> list[list[Row]]:
    """Return, by file, the rows of those listed more than once with another content each time: they changed in between."""
    by_file: dict[Entry, list[Row]] = {}
    for row in rows:
        if row.sha256 is not None:
            by_file.setdefault(row.entry, []).append(row)
    return [listed for listed in by_file.values() if len({row.sha256 for row in listed}) > 1]


def _not_read_again(count: int, first: Entry, why: UnreadableImageError) -> str:
    text = ntr(
        "{name} could not be read again. {why}",
        "{name} and others, {count} files together, could not be read again. {why}",
        count,
    )
    return text.format(name=first.display_name(), count=count, why=sentence(why.code))


class ChangedFiles(QObject):
    """Reads on a thread of its own: what is wished meanwhile does not wait for all of them, nor does the end."""

    rows = Signal(object)
    progress = Signal(int, int)
    """How many of how many files ``catch_up`` has tried."""
    ended = Signal()
    not_read = Signal(str)
    """The sentence for files that could not be read; their rows stay as they are."""
    failed = Signal(object)

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._background = Background(1, self)
        self._waiting: list[list[Row]] = []
        self._total = 0
        self._unread: list[tuple[Entry, UnreadableImageError]] = []
        self.active = False
        """True while ``catch_up`` has something to read."""

    def read_again(self, row: Row) -> None:
        """Read one file as it is now, in its row; where it cannot be read the row stays as it is."""

        def failed(error: Exception) -> None:
            if isinstance(error, UnreadableImageError):
                self.not_read.emit(_not_read_again(1, row.entry, error))
            else:
                self.failed.emit(error)

        self._background.submit(lambda: self._services.read_anew([row]), self.rows.emit, failed)

    def catch_up(self, rows: Sequence[Row]) -> None:
        """Read each file of ``at_odds`` anew, in those of its rows that do not hold its content."""
        self._waiting = at_odds(rows)
        self._total = len(self._waiting)
        if self._waiting and not self.active:
            self.active = True
            self._next()

    def stop(self) -> None:
        """Begin no other file."""
        self._waiting.clear()

    def close(self) -> None:
        """Wait for the file that is being read, and tell nothing more."""
        self._background.close()

    def _next(self) -> None:
        if not self._waiting:
            unread, self._unread = self._unread, []
            if unread:
                self.not_read.emit(_not_read_again(len(unread), *unread[0]))
            self.active = False
            self.ended.emit()
            return
        self.progress.emit(self._total - len(self._waiting), self._total)
        listed = self._waiting.pop(0)

        def read(rows: Sequence[Row]) -> None:
            self.rows.emit(rows)
            self._next()

        def failed(error: Exception) -> None:
            if isinstance(error, UnreadableImageError):
                self._unread.append((listed[0].entry, error))
            else:  # the next one would fail like this one
                self.stop()
                self.failed.emit(error)
            self._next()

        self._background.submit(lambda: self._services.read_anew(listed, only_changed=True), read, failed)
