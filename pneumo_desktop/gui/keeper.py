"""The records, asked and written on one thread of their own: a slow disk never holds the window up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from pneumo_desktop.gui.workers import Background
from pneumo_desktop.records.rows import Decision, Row, Saved

if TYPE_CHECKING:
    from pneumo_desktop.records.store import Store


_DECISION, _NOTE = "decision", "note"


class Keeper(QObject):
    """Calls a ``Store`` in the order they were asked for and tells the answers on this object's thread.

    ``saved`` carries (Saved, the Row as the reader saw it, the Decision or None for a note) of what is on disk, ``undone`` an
    Undone, ``failed`` what could not be written.
    Only decisions made through this ``Store`` are undone; ``undoable`` says whether there is one.
    """

    saved = Signal(object, object, object)
    undone = Signal(object)
    failed = Signal(object)
    undoable = Signal(bool)

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._background = Background(1, self)
        self.undecided: set[int] = set()
        """Entries whose decision is on its way to the disk."""
        self.unrecorded: dict[tuple[str | int, str], tuple[Row, Decision | None]] = {}
        """The decisions, and the notes (None), that the disk refused and that were not saved since on any file of the image."""
        self._refused = False
        self.failed.connect(self._remember)

    def _remember(self) -> None:
        self._refused = True

    def ask(self, work: Callable[[], Any], done: Callable[[Any], None] | None = None, topic: str | None = None) -> None:
        """Run ``work`` after everything asked before; its errors go to ``failed``."""
        self._background.submit(work, done, self.failed.emit, topic)

    def decide(self, row: Row, decision: Decision, note: str, initials: str) -> None:
        """Write a decision on ``row`` as the reader saw it: on its image and its verdict, not on later ones."""
        entry_id = row.entry_id
        agreed_with = row.judgement.outcome if decision is Decision.AGREE and row.judgement is not None else None
        self.undecided.add(entry_id)

        def written(saved: Saved) -> None:
            self.undecided.discard(entry_id)
            self._recorded(row, _DECISION, _NOTE)
            self._saved(saved, row, decision)

        def lost(error: Exception) -> None:
            self.undecided.discard(entry_id)
            self.unrecorded[row.image or entry_id, _DECISION] = (row, decision)
            if note != (row.note or ""):
                self.unrecorded[row.image or entry_id, _NOTE] = (row, None)
            self._look_for_undoable()
            self.failed.emit(error)

        self.undoable.emit(True)  # at once: a quick Ctrl+Z waits for its turn
        self._background.submit(
            lambda: self._store.set_decision(entry_id, decision, note, initials, agreed_with, row), written, lost
        )

    def note(self, row: Row, note: str, initials: str, writer: str) -> None:
        """Write a note on ``row`` as the reader saw it, beside the decision that stands then, if any."""
        entry_id = row.entry_id

        def written(saved: Saved | None) -> None:
            self._recorded(row, _NOTE)
            if saved is not None:
                self._saved(saved, row, None)

        def lost(error: Exception) -> None:
            self.unrecorded[row.image or entry_id, _NOTE] = (row, None)
            self.failed.emit(error)

        self._background.submit(lambda: self._store.set_note(entry_id, note, initials, writer, row), written, lost)

    def drop_note(self, row: Row) -> None:
        """Take it that the note which the disk refused of ``row`` is no longer wanted; one typed on its twin still is."""
        self._recorded(row, _NOTE)

    def notes_refused(self) -> set[int]:
        """Return the entries whose typed note the disk refused."""
        return {row.entry_id for (_image, what), (row, _decision) in self.unrecorded.items() if what == _NOTE}

    def _recorded(self, row: Row, *what: str) -> None:
        for name in (row.image, row.entry_id):  # refused before its content was known
            for one in what:
                refused, _decision = self.unrecorded.get((name, one), (None, None))
                if one == _DECISION or (refused is not None and refused.entry_id == row.entry_id):
                    self.unrecorded.pop((name, one), None)

    def _saved(self, saved: Saved, seen: Row, decision: Decision | None) -> None:
        if saved.written:
            self.undoable.emit(True)
        self.saved.emit(saved, seen, decision)

    def undo(self) -> None:
        """Take the newest decision or note back."""
        self.ask(
            self._store.undo_decision,
            lambda undone: self.undone.emit(undone) if undone is not None else None,
        )
        self._look_for_undoable()

    def _look_for_undoable(self) -> None:
        self.ask(self._store.can_undo, self.undoable.emit)

    def set_setting(self, key: str, value: Any) -> None:
        """Write a setting."""
        self.ask(lambda: self._store.set_setting(key, value))

    def finish(self) -> bool:
        """Wait for everything that was asked for and tell of it; return whether all is recorded, of earlier decisions too."""
        self._refused = False
        self._background.finish()
        return not self._refused and not self.unrecorded

    def close(self) -> None:
        """Write everything that was asked for, then end the thread."""
        self._background.wait()
        self._background.close()
