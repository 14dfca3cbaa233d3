"""What the reader looks at and decides: the chosen row, its picture, the decisions and their undoing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from pneumo_desktop.gui.decision_pane import can_agree
from pneumo_desktop.gui.keeper import Keeper
from pneumo_desktop.gui.queue_view import QueueView
from pneumo_desktop.gui.result_panel import ResultPanel
from pneumo_desktop.gui.row_words import (
    has_another_image,
    is_changed,
    what_was_replaced,
    what_was_saved,
    what_was_undone,
)
from pneumo_desktop.gui.viewer import ViewerPanel
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.reading.outcome import Outcome, Reason
from pneumo_desktop.records.rows import Decision, Opinion, Row, Saved, Undone
from pneumo_desktop.records.store import Store
from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence

if TYPE_CHECKING:
    from pneumo_desktop.gui.viewer.dialogs import TagRow
    from pneumo_desktop.gui.viewer.picture import Picture

_PATIENCE_MILLISECONDS = 200
"""So long the film before may stay on the screen while the chosen one is loaded: changing at once would flicker."""


def _picture_of(row: Row, store: Store) -> Picture:
    """Decode on a worker; the decoders are imported when the first picture is wanted."""
    from pneumo_desktop.gui.viewer.picture import prepare_picture
    from pneumo_desktop.imaging.load import load

    judged = row.judgement
    turned, inverted = (judged.turned, judged.inverted) if judged is not None else (0, False)
    return prepare_picture(load(row.entry, known=row.sha256), store.heat_map(row.entry_id), turned, inverted)


def _same_film(first: Row | None, second: Row | None) -> bool:
    """Return whether two rows are one entry, whose file was not read anew with another content in between."""
    if first is None or second is None or first.entry_id != second.entry_id:
        return False
    return None in (first.sha256, second.sha256) or first.sha256 == second.sha256


def _painted(row: Row) -> tuple[object, ...]:
    """Return what the picture of a row depends on: its file, how it was turned, and the network of its heat map."""
    judged = row.judgement
    if judged is None:
        return ()
    return (row.sha256, judged.turned, judged.inverted, judged.model_sha256, judged.model_id, judged.score)


def _as_changed(row: Row) -> Row:
    """Return a row of the list for a file that is no longer the one that was read: the verdict is of another image.

    The records keep it; the list must not show it beside this file.
    """
    if row.judgement is None:
        return row
    refused = replace(
        row.judgement, outcome=Outcome.NOT_ANALYSED, reason=Reason.UNREADABLE, detail=codes.CHANGED, score=None,
        operating_point=None,
    )  # fmt: skip
    return replace(row, judgement=refused)


def _tags_of(row: Row) -> tuple[TagRow, ...]:
    from pneumo_desktop.imaging.load import load

    return load(row.entry, all_tags=True, known=row.sha256).all_tags


class ReviewDesk(QObject):
    """Keeps queue, viewer and result on the same radiograph, and hands decisions to the keeper."""

    row_shown = Signal(object)
    """The row that was chosen, or None."""

    def __init__(
        self, store: Store, keeper: Keeper, queue: QueueView, viewer: ViewerPanel, result: ResultPanel,
        parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._store = store
        self._keeper = keeper
        self._queue, self._viewer, self._result = queue, viewer, result
        self._decision = result.decision
        self._background = Background(1, self)
        self.current: Row | None = None
        self.seen = False
        """True when the chosen row's picture, or why there is none, has come to the screen."""
        self.changed = False
        """True when the chosen row's file is no longer the one that was read: it is not shown, and never ``seen``."""
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MILLISECONDS)
        self._patience.timeout.connect(self._say_loading)
        self._instead: tuple[Row, Callable[[], str]] | None = None
        """The row and what is said in place of a picture, in the current language, while it is."""
        self._held_back = ""
        """Why a decision or letters on the chosen row were not taken, as it was said; nothing where one was taken since."""
        queue.current_changed.connect(self._show_row)
        self._decision.decided.connect(self.decide)
        self._decision.note_edited.connect(self._note_edited)
        self._decision.note_dropped.connect(self._note_dropped)
        self._decision.note.refused.connect(self._say_not_typed)
        self._decision.undo_wanted.connect(self.undo)
        viewer.tags_wanted.connect(self._show_tags)
        queue.thumbnails.changed.connect(self.changed_on_disk)
        keeper.saved.connect(self._saved)
        keeper.undone.connect(self._undone)
        keeper.failed.connect(self._decision.not_saved)
        keeper.undoable.connect(self._decision.allow_undo)

    def retranslate(self) -> None:
        """Say again in the current language why there is no picture, where that is what is shown."""
        if self._instead is not None:
            self._say_instead(*self._instead)
        if self.changed:
            self._decision.hold(sentence(codes.CHANGED))

    def finish_note(self) -> None:
        """Hand over the note that is being typed."""
        self._decision.finish_note()

    def close(self) -> None:
        """Wait for the picture that is being decoded."""
        self._patience.stop()
        self._background.close()

    # looking

    def _as_typed_on(self, row: Row) -> Row:
        """Return ``row`` with what the reader has seen of the film on which a note is being typed, whatever stands there now.

        Saving the note then keeps what another window has written meanwhile; else it would be replaced unseen.
        """
        if self.current is None or not _same_film(self.current, row) or not self._decision.is_typed():
            return row
        return row.with_opinion(self.current.opinion)

    def _show_row(self, row: Row | None) -> None:
        before, same = self.current, _same_film(self.current, row)
        if not same:
            self._decision.finish_note()
        self.current = row = self._as_typed_on(row) if row is not None else None
        if not same:
            self.seen = self.changed = False
            self._held_back = ""
            self._decision.hold("")
        if row is not None and (before is None or before.entry_id != row.entry_id):
            self._ask_the_records(row)
        elif row is not None and not same:
            self._decision.forget_row()
        twin = self._queue.model.twin_name(row) if row is not None else ""
        self._result.set_row(row, bool(row and row.example), twin)
        self.row_shown.emit(row)
        if row is None:
            self._background.forget("picture")
            self._instead = None
            self._viewer.clear("")
        elif before is None or before.entry_id != row.entry_id or _painted(before) != _painted(row):
            self._background.submit(
                lambda: _picture_of(row, self._store),
                lambda picture: self._picture_came(row, picture),
                lambda error: self._picture_failed(row, error),
                topic="picture",
            )
            if not self.seen and not self._patience.isActive():  # a third film gives the first no more time
                self._patience.start()

    def _say_loading(self) -> None:
        """Take the film before away: beside the new verdict it would be taken for the one that was judged."""
        if self.current is not None and not self.seen and not self.changed:
            self._say_instead(self.current, lambda: tr("Loading…"))

    def _picture_came(self, row: Row, picture: Picture) -> None:
        self._patience.stop()
        if self.current is not None and self.current.entry_id == row.entry_id:
            self._instead = None
            self._viewer.set_picture(picture, keep_view=self.seen)
            self.seen, self.changed = True, False
            self._decision.hold("")
            if is_changed(self.current):  # the file is what it was again
                self._queue.thumbnails.forget(row)
                self._keeper.ask(lambda: self._store.row(row.entry_id), self._take)

    def _picture_failed(self, row: Row, error: Exception) -> None:
        self._patience.stop()
        if not isinstance(error, UnreadableImageError):
            self._instead = None
            self._viewer.clear(row.entry.display_name())
            raise error
        if error.code == codes.CHANGED:
            self.changed_on_disk(row)
        elif self.current is not None and self.current.entry_id == row.entry_id:
            self.seen, self.changed = True, False
            self._decision.hold("")
            self._say_instead(row, partial(sentence, error.code))

    def _say_instead(self, row: Row, say: Callable[[], str]) -> None:
        self._instead = row, say
        self._viewer.clear(f"{row.entry.display_name()}\n\n{say()}")

    def changed_on_disk(self, row: Row) -> None:
        """Say that a row's file is no longer the one that was read, instead of the verdict on that one and of its film."""
        shown = self._queue.model.row_of(row.entry_id)
        if shown is None or shown.sha256 != row.sha256:
            return
        if self.current is not None and self.current.entry_id == row.entry_id:
            self.seen, self.changed = False, True
            self._decision.hold(sentence(codes.CHANGED))
            self._say_instead(row, partial(sentence, codes.CHANGED))
        self._queue.thumbnails.drop(row)
        self._take(_as_changed(shown))

    def as_recorded(self, row: Row) -> Row:
        """Return a row with what stands in the records of its image; to be called off this thread.

        Where the list says that its file has changed, the records know what was read.
        """
        known = self._store.row(row.entry_id) if is_changed(row) else None
        return known or row.with_opinion(self._store.opinion(row))

    def _take(self, row: Row | None) -> None:
        """Show ``row`` in its place in the list, and beside it where it is chosen; the picture stays."""
        if row is None or self._queue.model.row_of(row.entry_id) is None:
            return
        self._queue.take(row)
        if self.current is not None and self.current.entry_id == row.entry_id:
            self.current = row = self._as_typed_on(row)
            self._result.set_row(row, row.example, self._queue.model.twin_name(row))

    def _show_tags(self) -> None:
        row = self.current
        if row is None:
            return

        def failed(error: Exception) -> None:
            if not isinstance(error, UnreadableImageError):
                raise error
            self._viewer.status.emit(sentence(error.code))
            if error.code == codes.CHANGED:
                self.changed_on_disk(row)

        self._background.submit(lambda: _tags_of(row), lambda tags: self._open_tags(row, tags), failed, topic="tags")

    def _open_tags(self, row: Row, tags: tuple[TagRow, ...]) -> None:
        from pneumo_desktop.gui.viewer.dialogs import TagsDialog

        dialog = TagsDialog(row.entry.display_name(), tags, self._viewer)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # deciding

    def decide(self, decision: Decision) -> None:
        """Write the decision and move on at once; nobody decides what is not seen: a picture on its way, a changed file.

        The row says so when it is on disk.
        """
        row = self.current
        if row is None:
            return
        if not self.seen:
            not_yet = tr("Nothing was decided: this radiograph was not on the screen yet.")
            self._held_back = sentence(codes.CHANGED) if self.changed else not_yet
            self._result.set_row(row, row.example, self._queue.model.twin_name(row))  # a clicked button springs back
            self._viewer.status.emit(self._held_back)
            return
        self._held_back = ""
        self._keeper.decide(row, decision, self._decision.note_text(), self._decision.my_initials())
        self._decision.decision_told()
        place = self._queue.model.place_of(row.entry_id)
        besides = self._keeper.undecided.union(twin.entry_id for twin in self._queue.model.same_image(row))
        following = self._queue.model.next_left(place if place is not None else -1, besides)
        if following is not None:
            self._queue.choose(following)

    def agree(self) -> None:
        """Agree with the verdict, where there is one."""
        if self.current is not None and can_agree(self.current.judgement):
            self.decide(Decision.AGREE)

    def pneumonia(self) -> None:
        """The reader sees pneumonia."""
        self.decide(Decision.PNEUMONIA)

    def normal(self) -> None:
        """The reader sees a normal radiograph."""
        self.decide(Decision.NORMAL)

    def cannot_tell(self) -> None:
        """The reader cannot tell."""
        self.decide(Decision.CANNOT_TELL)

    def undo(self) -> None:
        """Take back the newest decision or note of this sitting, wherever it was made."""
        self._keeper.undo()

    def _note_edited(self) -> None:
        row, pane = self.current, self._decision
        if row is not None:
            self._held_back = ""
            self._keeper.note(row, pane.note_text(), pane.initials_text(), pane.my_initials())

    def _note_dropped(self) -> None:
        if self.current is not None:
            self._keeper.drop_note(self.current)

    def _say_not_typed(self) -> None:
        if self.current is not None:
            text = tr(
                "Not taken: {name} was read anew and holds another image. Click into the note to write on this one."
            )
            self._held_back = text.format(name=self.current.entry.display_name())
            self._viewer.status.emit(self._held_back)

    def _ask_the_records(self, row: Row) -> None:
        """Show what another window has decided or noted of a row since it was listed, unless a note is being typed on it."""

        def came(opinion: Opinion) -> None:
            listed = self._queue.model.row_of(row.entry_id)
            if _same_film(self.current, listed) and self._decision.is_typed():
                return
            if listed is not None and listed.sha256 == row.sha256 and listed.opinion != opinion:
                self._show_decided(listed.with_opinion(opinion))
                if told := what_was_replaced(listed, opinion):
                    self._viewer.status.emit(told)

        self._keeper.ask(lambda: self._store.opinion(row), came, topic="opinion")

    def _saved(self, saved: Saved, seen: Row, decision: Decision | None) -> None:
        row = saved.row
        listed = self._queue.model.row_of(row.entry_id) is not None
        self._show_decided(row)
        told = what_was_saved(seen, saved, decision)
        if listed and told:
            # What was held back was said a moment ago: not to be wiped away.
            self._viewer.status.emit(" ".join(filter(None, [told, self._held_back])))

    def _undone(self, undone: Undone) -> None:
        changed = self._show_decided(undone.row)
        if changed:
            entry_id = undone.row.entry_id
            self._queue.choose_entry(entry_id if entry_id in changed else next(iter(changed)))
        self._viewer.status.emit(what_was_undone(undone))

    def _show_decided(self, row: Row) -> dict[int, Row]:
        """Show what stands in every row of its image, and return these. ``row`` itself may be of another image by now."""
        listed = self._queue.model.row_of(row.entry_id)
        if listed is not None and has_another_image(listed, row):
            self._decision.forget_drafts([row.entry_id])  # they went to the image before
            self._queue.add_rows([row])
            self._queue.flush()
            return {row.entry_id: row}
        changed = {shown.entry_id: shown for shown in self._queue.take_decided(row)}
        self._decision.forget_drafts({row.entry_id, *changed} - self._keeper.notes_refused())
        if self.current is not None and self.current.entry_id in changed:
            self.current = current = changed[self.current.entry_id]
            self._result.set_row(current, current.example, self._queue.model.twin_name(current))
        return changed
