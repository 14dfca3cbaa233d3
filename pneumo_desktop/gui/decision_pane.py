"""What the reader decides of a radiograph: four buttons, a note, the initials, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label, make_bold, wrapped
from pneumo_desktop.gui.row_words import agrees_no_more, note_writer, status_text
from pneumo_desktop.reading.outcome import Judgement, Outcome
from pneumo_desktop.records.opinions import BESIDE
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.words import N_, tr

_BUTTONS: tuple[tuple[Decision, str, str], ...] = (
    (Decision.AGREE, N_("Agree"), "A"),
    (Decision.PNEUMONIA, N_("Pneumonia"), "1"),
    (Decision.NORMAL, N_("Normal"), "2"),
    (Decision.CANNOT_TELL, N_("Cannot tell"), "3"),
)

_LONGEST_NOTE, _LONGEST_INITIALS = 1000, 8
"""Characters that are typed; two notes that were saved of one film are longer together."""


def can_agree(judgement: Judgement | None) -> bool:
    """Return whether there is a verdict to agree with."""
    return judgement is not None and judgement.outcome in (Outcome.LIKELY_PNEUMONIA, Outcome.LIKELY_NORMAL)


class _Field(QLineEdit):
    """A line to type into. ``left``: it has lost the focus, typed into or not. ``refused``: something typed was not taken."""

    left = Signal()
    refused = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._refuses = False

    def refuse_typing(self) -> None:
        """Take nothing from whoever is typing, until he comes to this line anew: it is of what the line held before.

        The keys stay here: anywhere else they would decide.
        """
        self._refuses = self.hasFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        writes = event.text() or event.matches(QKeySequence.StandardKey.Paste)  # Shift+Insert has no text
        if self._refuses and writes and event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.refused.emit()
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        if self._refuses:
            self.refused.emit()
        else:
            super().inputMethodEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._refuses = False
        super().mousePressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._refuses = False
        super().focusOutEvent(event)
        self.left.emit()


class DecisionPane(QWidget):
    """Shows what was decided of one ``Row`` and tells of the reader's wishes by signals; it stores nothing itself.

    ``note_dropped``: the reader has made what was typed what the row has again.
    """

    decided = Signal(object)
    note_edited = Signal()
    note_dropped = Signal()
    undo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: Row | None = None
        self._drafts: dict[int, tuple[str, str]] = {}
        """What is typed on an entry and not told of as saved, behind the image that was shown then."""
        self._handed = ("", "")
        """The note and the initials as the row has them, or as they were last told of: what differs is being typed."""
        self._mine = ""
        """The initials that were typed, whoever's the chosen row shows."""
        self._held = ""
        """Why nothing can be said of the chosen row; nothing where it can."""
        self._initials_wanted = True
        self._low = False
        self.title = Label()
        make_bold(self.title)
        self.buttons: dict[Decision, QPushButton] = {}
        self._grid = QGridLayout()
        for decision, _, _ in _BUTTONS:
            button = QPushButton()
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, chosen=decision: self.decided.emit(chosen))
            self.buttons[decision] = button
        self.note = _Field()
        self.note.setAcceptDrops(False)
        self.note.textEdited.connect(self._drafted)
        self.note.editingFinished.connect(self._note_done)
        self.initials = _Field()
        self.initials.setMaxLength(_LONGEST_INITIALS)
        self.initials.setAcceptDrops(False)
        self.initials.textEdited.connect(self._signed_as)
        self.initials.editingFinished.connect(self._note_done)
        for field in (self.note, self.initials):
            field.left.connect(self._fill)
        self.undo = QToolButton()
        self.undo.setEnabled(False)
        self.undo.clicked.connect(self.undo_wanted)
        self.saved = wrapped("saved")
        self.note_label, self.initials_label = Label(), Label()
        self._fields = QGridLayout()
        self._fields.setColumnStretch(2, 1)
        self._lines = QVBoxLayout(self)
        self._lines.addWidget(self.title)
        self._lines.addLayout(self._grid)
        self._lines.addLayout(self._fields)
        self._lines.addWidget(self.saved)

    def arrange(self, width: int, low: bool) -> None:
        """Put the buttons below each other where two do not fit into ``width``.

        low: the window is so low that the title and what was saved are left out (the buttons and the status bar say it
        too), and the note shares its line with the initials.
        """
        self._low = low
        widest = max(button.sizeHint().width() for button in self.buttons.values())
        columns = 2 if 2 * widest + 40 <= width else 1
        for number, button in enumerate(self.buttons.values()):
            self._grid.addWidget(button, number // columns, number % columns)
        self._grid.setVerticalSpacing(3 if low else 6)
        if low:
            self._fields.addWidget(self.note, 0, 0, 1, 3)
            self._fields.addWidget(self.initials, 0, 3)
            self._fields.addWidget(self.undo, 0, 4)
        else:
            self._fields.addWidget(self.note_label, 0, 0)
            self._fields.addWidget(self.note, 0, 1, 1, 4)
            self._fields.addWidget(self.initials_label, 1, 0)
            self._fields.addWidget(self.initials, 1, 1)
            self._fields.addWidget(self.undo, 1, 4)
        self.initials.setMaximumWidth(64 if low else 90)
        for widget in (self.title, self.saved, self.note_label):
            widget.setVisible(not low)
        self._show_or_hide_initials()
        for field, label in ((self.note, self.note_label), (self.initials, self.initials_label)):
            field.setPlaceholderText(label.text() if low else "")
        self._lines.setSpacing(3 if low else 6)
        self._lines.setContentsMargins(8, 3 if low else 6, 8, 3 if low else 6)

    def show_initials(self, wanted: bool) -> None:
        """Show or hide the field for the reader's initials."""
        self._initials_wanted = wanted
        self._show_or_hide_initials()

    def _show_or_hide_initials(self) -> None:
        self.initials.setVisible(self._initials_wanted)
        self.initials_label.setVisible(self._initials_wanted and not self._low)

    def set_row(self, row: Row | None) -> None:
        """Show what was decided of ``row``, and what can be."""
        before, self._row = self._row, row
        if row is None or before is None or row.entry_id != before.entry_id:
            self._show_fields("" if row is None else self._draft_of(row))
        elif (row.note, row.initials) != (before.note, before.initials):
            if row.note != before.note:
                self._keep_beside(row.note)
            self._take_fields(row)
        self._fill()

    def _draft_of(self, row: Row) -> str:
        """Return what was typed on ``row`` and is not saved, else its note; words on another image are no note on this one."""
        image, text = self._drafts.get(row.entry_id, ("", row.note))
        if image in ("", row.image):
            return text
        del self._drafts[row.entry_id]
        return row.note

    def hold(self, why: str) -> None:
        """Let nothing be decided or noted of the chosen row, and say why; "" lets it again.

        What was typed stays, and what is being typed is finished: its letters are keys anywhere else.
        """
        self._held = why
        self._fill()

    def _show_fields(self, note: str) -> None:
        """Show ``note`` and the row's initials, mine where it has none."""
        row = self._row
        kept = row.note if row is not None else ""
        self._make_room(kept, note)
        self.note.setText(kept)
        self.initials.setText((row.initials if row is not None else "") or self._mine)
        self._handed = (self.note_text(), self.initials_text())  # as the fields have them: nothing is typed yet
        if note != kept:
            self.note.setText(note)

    def _make_room(self, *notes: str) -> None:
        """Let the field hold every one of ``notes``: one that was cut would be taken for one that was typed."""
        self.note.setMaxLength(max(_LONGEST_NOTE, *(2 * len(note) for note in notes)))  # Qt counts in UTF-16

    def _take_fields(self, row: Row) -> None:
        """Show the note and the initials that were saved, or are left after an undoing; what is being typed stays."""
        saved = (row.note, row.initials or self._mine)
        typed = (self.note_text(), self.initials_text())
        self._make_room(row.note, self.note.text())
        handed = []
        for field, was, before, now in zip((self.note, self.initials), typed, self._handed, saved, strict=True):
            if was == before and was != now:
                field.setText(now)
            handed.append(field.text().strip() if was == before else now.strip())
        if typed[0] in (self._handed[0], handed[0]):
            self._drafts.pop(row.entry_id, None)
        self._handed = (handed[0], handed[1])

    def _keep_beside(self, saved: str) -> None:
        """Where another window's note was put before mine, or stands there instead, put it before what I have typed since."""
        mine = self._handed[0]
        if not self.is_typed() or (mine and not saved.endswith(BESIDE + mine)):
            return
        before, typed = saved.removesuffix(mine).removesuffix(BESIDE), self.note.text()
        if not before:
            return
        if typed.strip():
            before += BESIDE
        text, cursor = before + typed, self.note.cursorPosition()
        self._make_room(text)
        self.note.setText(text)
        self.note.setCursorPosition(len(before) + cursor)
        self._drafted(text)

    def _fill(self) -> None:
        row = self._row
        why = self._held if row is not None else tr("Choose a radiograph in the list first.")
        typing = self.window().focusWidget() if row is not None else None
        for field in (*self.buttons.values(), self.note, self.initials):
            field.setEnabled(not why or (field is typing and field in (self.note, self.initials)))
            field.setToolTip(why)
        for label in (self.title, self.note_label, self.initials_label):
            label.setEnabled(row is not None)
        if not why and row is not None and not can_agree(row.judgement):
            self.buttons[Decision.AGREE].setEnabled(False)
            self.buttons[Decision.AGREE].setToolTip(tr("There is no verdict to agree with."))
        for decision, button in self.buttons.items():
            button.setChecked(row is not None and row.decision == decision and not agrees_no_more(row))
        if row is None:
            self.saved.setText("")
            return
        told = tr("Not decided yet.")
        if row.decision is not None:
            words = tr("Saved: {decision} {initials}")
            told = words.format(decision=status_text(row), initials=row.initials or "").strip()
        writer = note_writer(row)
        self.saved.setText(" · ".join(filter(None, (told, writer))))
        if not why:
            self.note.setToolTip(writer)

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self.title.setText(tr("Your decision"))
        self.note_label.setText(tr("Note"))
        self.initials_label.setText(tr("Initials"))
        self.note.setAccessibleName(tr("Note"))
        self.initials.setAccessibleName(tr("Initials"))
        self.undo.setText(tr("Undo"))
        self.allow_undo(self.undo.isEnabled())
        for decision, words, key in _BUTTONS:
            self.buttons[decision].setText(f"{tr(words)}  [{key}]")
            self.buttons[decision].setAccessibleName(tr(words))
        self._fill()

    def allow_undo(self, possible: bool) -> None:
        """Enable the button that takes the last decision or note back, or say why it does nothing."""
        self.undo.setEnabled(possible)
        can, cannot = tr("Take the last decision back (Ctrl+Z)"), tr("Nothing has been decided in this sitting.")
        self.undo.setToolTip(can if possible else cannot)

    # The note

    def finish_note(self) -> None:
        """Tell of a note that was typed and not yet told of, before another row is shown or the window closes."""
        self._note_done()

    def is_typed(self) -> bool:
        """Return whether the note holds what was typed and not yet told of."""
        return self._row is not None and self.note_text() != self._handed[0]

    def note_text(self) -> str:
        """Return the note as it is typed."""
        return self.note.text().strip()

    def initials_text(self) -> str:
        """Return the initials that are shown: those of the chosen row, or mine where it has none."""
        return self.initials.text().strip()

    def my_initials(self) -> str:
        """Return the initials that a new decision is signed with: those that were typed, whoever's are shown."""
        return self._mine

    def decision_told(self) -> None:
        """Take it that the note and my initials are on their way to the disk with a decision."""
        self.initials.setText(self._mine)
        self._handed = (self.note_text(), self._mine)

    def not_saved(self) -> None:
        """Take it that what was told last is not on the disk: the note is told of again when the row is left."""
        self._show_fields(self.note.text())

    def forget_drafts(self, entry_ids: Iterable[int]) -> None:
        """Forget what was typed on other rows than the chosen one: the records have it, or it was taken back."""
        for entry_id in entry_ids:
            if self._row is None or entry_id != self._row.entry_id:
                self._drafts.pop(entry_id, None)

    def forget_row(self) -> None:
        """Take it that the chosen row holds another image now, whose note is shown next: what was typed was of the one before.

        The cursor stays where it is, and letters that still come are taken for neither image.
        """
        if self._row is not None:
            self._drafts.pop(self._row.entry_id, None)
        self._row = None
        self.note.refuse_typing()

    def _drafted(self, text: str) -> None:
        if self._row is not None:
            self._drafts[self._row.entry_id] = (self._row.image, text)

    def _signed_as(self, text: str) -> None:
        self._mine = text.strip()

    def _note_done(self) -> None:
        row, told = self._row, (self.note_text(), self.initials_text())
        if row is None:
            return
        # Initials alone say nothing of a radiograph that is not decided.
        if told != self._handed and (row.decision is not None or told[0] != self._handed[0]):
            self._handed = told
            self.note_edited.emit()
        elif row.entry_id in self._drafts and told[0] == row.note.strip():
            del self._drafts[row.entry_id]
            self.note_dropped.emit()
