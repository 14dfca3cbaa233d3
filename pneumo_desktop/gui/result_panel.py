"""The right side: what the program says of a radiograph, why, and what the reader decides."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.gui.outcomes import (
    outcome_colour,
    outcome_icon,
    outcome_word,
    population_word,
)
from pneumo_desktop.gui.row_words import DECISION_WORDS
from pneumo_desktop.gui.score_scale import ScoreScale
from pneumo_desktop.gui.theme import is_dark
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population, Reason
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence

DISCLAIMER = N_("Assists a reader and never replaces one.")

_MEANINGS = {
    Outcome.LIKELY_PNEUMONIA: N_("The score is above the operating point. Look at this radiograph first."),
    Outcome.UNCERTAIN: N_(
        "The score lies inside the uncertain band: the program gives no verdict. Your reading counts."
    ),
    Outcome.LIKELY_NORMAL: N_("The score is below the operating point. That does not rule pneumonia out."),
    Outcome.NOT_ANALYSED: N_("The program gives no verdict on this file."),
}
_BUTTONS: tuple[tuple[Decision, str, str], ...] = (
    (Decision.AGREE, N_("Agree"), "A"),
    (Decision.PNEUMONIA, N_("Pneumonia"), "1"),
    (Decision.NORMAL, N_("Normal"), "2"),
    (Decision.CANNOT_TELL, N_("Cannot tell"), "3"),
)


_LOW = 26
"""Lines of text in the panel's height, below which the decision's title and what was saved are left out (the buttons and
the status bar say it too), and the note shares its line with the initials."""


def _wrapped(name: str = "") -> QLabel:
    label = QLabel(wordWrap=True)
    label.setObjectName(name)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    return label


def can_agree(judgement: Judgement | None) -> bool:
    """Return whether there is a verdict to agree with."""
    return judgement is not None and judgement.outcome in (Outcome.LIKELY_PNEUMONIA, Outcome.LIKELY_NORMAL)


def may_show_verdict(judgement: Judgement | None) -> bool:
    """Return whether a verdict is withheld that the reader may choose to see."""
    return (
        judgement is not None
        and judgement.reason is Reason.OUTSIDE_POPULATION
        and judgement.score is not None
        and judgement.operating_point is not None
    )


class ResultPanel(QWidget):
    """Shows one ``Row`` and tells of the reader's wishes by signals; it stores nothing itself."""

    decided = Signal(object)
    note_edited = Signal()
    undo_wanted = Signal()
    verdict_wanted = Signal()
    verdict_unwanted = Signal()
    read_again_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: Row | None = None
        self._example = False
        self._twin = ""
        self._model_text: str | None = None  # nobody has looked yet
        self._other_model = ""
        self._drafts: dict[int, str] = {}

        self.example = _wrapped("example")
        self.icon = QLabel()
        self.word = QLabel(wordWrap=True)
        head = QHBoxLayout()
        head.addWidget(self.icon)
        head.addWidget(self.word, 1)
        self.meaning = _wrapped("meaning")
        self.scale = ScoreScale()
        self.scale_words = _wrapped("scale_words")
        self.why = _wrapped("why")
        self.show_verdict = QPushButton()
        self.show_verdict.clicked.connect(self.verdict_wanted)
        self.withhold = QPushButton()
        self.withhold.clicked.connect(self.verdict_unwanted)
        self.notes = _wrapped("notes")

        self.decision_title = QLabel()
        self.buttons: dict[Decision, QPushButton] = {}
        self._grid = QGridLayout()
        for decision, _, _ in _BUTTONS:
            button = QPushButton()
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, chosen=decision: self.decided.emit(chosen))
            self.buttons[decision] = button
        self.note = QLineEdit()
        self.note.setMaxLength(1000)
        self.note.setAcceptDrops(False)
        self.note.textEdited.connect(self._drafted)
        self.note.editingFinished.connect(self._note_done)
        self.initials = QLineEdit()
        self.initials.setMaxLength(8)
        self.initials.setAcceptDrops(False)
        self.initials.editingFinished.connect(self._note_done)
        self.undo = QToolButton()
        self.undo.setEnabled(False)
        self.undo.clicked.connect(self.undo_wanted)
        self.saved = _wrapped("saved")
        self.note_label, self.initials_label = QLabel(), QLabel()
        self._fields = QGridLayout()
        self._fields.setColumnStretch(2, 1)

        self.model_title = QLabel()
        self.model = _wrapped("model")
        self.other_model = _wrapped("other_model")
        self.read_again = QPushButton()
        self.read_again.clicked.connect(self.read_again_wanted)
        for title in (self.decision_title, self.model_title, self.other_model):
            bold = QFont(title.font())
            bold.setBold(True)
            title.setFont(bold)

        inside = QWidget()
        inner = QVBoxLayout(inside)
        inner.setSpacing(7)
        inner.setContentsMargins(8, 8, 8, 8)
        inner.addWidget(self.example)
        inner.addLayout(head)
        for widget in (
            self.meaning,
            self.scale,
            self.scale_words,
            self.why,
            self.show_verdict,
            self.notes,
            self.withhold,
        ):
            inner.addWidget(widget)
        inner.addWidget(self._rule())
        inner.addWidget(self.model_title)
        inner.addWidget(self.model)
        inner.addWidget(self.other_model)
        inner.addWidget(self.read_again)
        inner.addStretch(1)
        # What is pinned stands still, whatever is said above it: the keys' buttons are always in reach.
        self._pinned = pinned = QVBoxLayout()
        pinned.addWidget(self.decision_title)
        pinned.addLayout(self._grid)
        pinned.addLayout(self._fields)
        pinned.addWidget(self.saved)
        self._scroll = scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        self.disclaimer = QLabel(wordWrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self._rule())
        layout.addLayout(pinned)
        layout.addWidget(self._rule())
        layout.addWidget(self.disclaimer)
        self.setMinimumWidth(220)
        self._initials_wanted = True
        self._low = False
        self._arrange()
        self.retranslate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the buttons below each other where two do not fit side by side, and leave out titles where it is low."""
        super().resizeEvent(event)
        self._low = self.height() < _LOW * self.fontMetrics().height()
        self._arrange()

    def _arrange(self) -> None:
        """Lay out what is pinned below, for the room there is."""
        low = self._low
        widest = max(button.sizeHint().width() for button in self.buttons.values())
        columns = 2 if 2 * widest + 40 <= self.width() else 1
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
        for widget in (self.decision_title, self.saved, self.note_label):
            widget.setVisible(not low)
        self.initials.setVisible(self._initials_wanted)
        self.initials_label.setVisible(self._initials_wanted and not low)
        for field, label in ((self.note, self.note_label), (self.initials, self.initials_label)):
            field.setPlaceholderText(label.text() if low else "")
        self._pinned.setSpacing(3 if low else 6)
        self._pinned.setContentsMargins(8, 3 if low else 6, 8, 3 if low else 6)
        self.disclaimer.setContentsMargins(10, 2 if low else 6, 10, 2 if low else 8)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * (1.2 if low else 1.5))
        font.setBold(True)
        self.word.setFont(font)

    def sizeHint(self) -> QSize:
        """Return a width that holds the four buttons and the scale."""
        return QSize(330, 600)

    def set_row(self, row: Row | None, example: bool = False, twin: str = "") -> None:
        """Show ``row``; ``twin`` is the name of another file with the same image."""
        changed = (row.entry_id if row else None) != (self._row.entry_id if self._row else None)
        self._row, self._example, self._twin = row, example, twin
        if changed:
            self.note.setText("" if row is None else self._drafts.get(row.entry_id, row.note or ""))
            if row is not None and row.initials:
                self.initials.setText(row.initials)
        self._fill()

    def set_model_text(self, text: str, other: str = "") -> None:
        """Show what the model is and for whom it was made; ``other`` says that it is not the one in use now."""
        self._model_text, self._other_model = text, other
        self._fill()

    def show_initials(self, wanted: bool) -> None:
        """Show or hide the field for the reader's initials."""
        self._initials_wanted = wanted
        self._arrange()

    def allow_undo(self, possible: bool) -> None:
        """Enable the button that takes the last decision or note back, or say why it does nothing."""
        self.undo.setEnabled(possible)
        can, cannot = tr("Take the last decision back (Ctrl+Z)"), tr("Nothing has been decided in this sitting.")
        self.undo.setToolTip(can if possible else cannot)

    def finish_note(self) -> None:
        """Tell of a note that was typed and not yet told of, before another row is shown or the window closes."""
        if self.note.isModified():
            self._note_done()

    def note_text(self) -> str:
        """Return the note as it is typed."""
        return self.note.text().strip()

    def initials_text(self) -> str:
        """Return the reader's initials."""
        return self.initials.text().strip()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self.setAccessibleName(tr("Result"))
        self._scroll.setAccessibleName(tr("Result"))
        self.disclaimer.setText(tr(DISCLAIMER))
        self.decision_title.setText(tr("Your decision"))
        self.note_label.setText(tr("Note"))
        self.initials_label.setText(tr("Initials"))
        self.note.setAccessibleName(tr("Note"))
        self.initials.setAccessibleName(tr("Initials"))
        self.undo.setText(tr("Undo"))
        self.allow_undo(self.undo.isEnabled())
        self.show_verdict.setText(tr("Show the verdict anyway"))
        self.show_verdict.setToolTip(tr("It is recorded that you asked for it."))
        self.withhold.setText(tr("Withhold the verdict again"))
        self.read_again.setText(tr("Read again with the model in use"))
        self.read_again.setToolTip(
            tr("The whole list is read again; the results of the other model stay in the records.")
        )
        for decision, words, key in _BUTTONS:
            self.buttons[decision].setText(f"{tr(words)}  [{key}]")
            self.buttons[decision].setAccessibleName(tr(words))
        self.scale.retranslate()
        self._arrange()
        self.updateGeometry()
        self._fill()

    def changeEvent(self, event: QEvent) -> None:
        """Draw in the new colours after the theme changed."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._fill()

    def _fill(self) -> None:
        row = self._row
        judgement = row.judgement if row else None
        was_read = judgement is not None and judgement.reason is not Reason.UNREADABLE
        self.example.setVisible(self._example)
        self.example.setText(tr("Generated example: not a picture of a person."))
        self.model_title.setText(tr("The model that read it") if was_read else tr("The model in use"))
        self.model.setText("" if self._model_text is None else self._model_text or tr("No model is loaded."))
        self.other_model.setText(self._other_model)
        for widget in (self.other_model, self.read_again):
            widget.setVisible(bool(self._other_model))
        why = "" if row is not None else tr("Choose a radiograph in the list first.")
        for field in (*self.buttons.values(), self.note, self.initials):
            field.setEnabled(row is not None)
            field.setToolTip(why)
        for label in (self.decision_title, self.note_label, self.initials_label):
            label.setEnabled(row is not None)
        if row is not None and not can_agree(judgement):
            self.buttons[Decision.AGREE].setEnabled(False)
            self.buttons[Decision.AGREE].setToolTip(tr("There is no verdict to agree with."))
        for decision, button in self.buttons.items():
            button.setChecked(row is not None and row.decision == decision)
        if row is None:
            self._head(None, tr("No radiograph chosen"))
            self.meaning.setText("")
        elif judgement is None:
            self._head(None, tr("Waiting"))
            self.meaning.setText(tr("This radiograph has not been read yet."))
        else:
            self._head(judgement.outcome, outcome_word(judgement.outcome))
            self.meaning.setText(tr(_MEANINGS[judgement.outcome]))
        self._fill_score(judgement)
        self._fill_why(judgement)
        self.notes.setText("\n".join(f"• {line}" for line in self._note_lines(judgement)))
        self.notes.setVisible(bool(self.notes.text()))
        self._fill_saved(row)

    def _head(self, outcome: Outcome | None, text: str) -> None:
        dark = is_dark(self.palette())
        self.word.setText(text)
        palette = QPalette(self.palette())
        self.icon.setVisible(outcome is not None)
        if outcome is not None:
            ratio = self.devicePixelRatioF()
            pixmap = outcome_icon(outcome, dark, round(28 * ratio)).pixmap(QSize(28, 28), ratio)
            self.icon.setPixmap(pixmap)
            palette.setColor(QPalette.ColorRole.WindowText, outcome_colour(outcome, dark))
        self.word.setPalette(palette)

    def _fill_score(self, judgement: Judgement | None) -> None:
        scored = judgement is not None and judgement.score is not None
        self.scale.setVisible(scored)
        self.scale_words.setVisible(scored)
        if judgement is None or judgement.score is None:
            return
        self.scale.set_score(judgement.score, judgement.operating_point)
        lines = [self.scale.sentence()]
        if judgement.population is Population.NOT_KNOWN:
            lines.append(tr("Read without knowing whether it is a child or an adult."))
        else:
            lines.append(tr("Read as: {population}.").format(population=population_word(judgement.population).lower()))
        lines.append(tr("The score is not the probability of a disease."))
        self.scale_words.setText(" ".join(lines))

    def _fill_why(self, judgement: Judgement | None) -> None:
        self.show_verdict.setVisible(may_show_verdict(judgement))
        self.withhold.setVisible(judgement is not None and "analysed_outside" in judgement.notes)
        lines: list[str] = []
        if judgement is not None and judgement.reason is not None:
            lines.append(sentence(judgement.reason.value))
            if judgement.detail and judgement.detail != judgement.reason.value:
                lines.append(sentence(judgement.detail))
        self.why.setText("\n\n".join(line for line in lines if line))
        self.why.setVisible(bool(lines))

    def _note_lines(self, judgement: Judgement | None) -> list[str]:
        if judgement is None:
            return []
        lines: list[str] = []
        if judgement.turned:
            lines.append(tr("Turned by {degrees} degrees before it was read.").format(degrees=judgement.turned))
        if judgement.inverted and judgement.reason is not Reason.INVERTED:
            lines.append(tr("A negative: repaired before it was read."))
        lines.extend(sentence(code) for code in judgement.notes)
        if self._twin:
            lines.append(tr("The same image as {name}; it was read once.").format(name=self._twin))
        return [line for line in lines if line]

    def _fill_saved(self, row: Row | None) -> None:
        if row is None or row.decision is None:
            self.saved.setText("" if row is None else tr("Not decided yet."))
            return
        words = tr(DECISION_WORDS[row.decision])
        self.saved.setText(
            tr("Saved: {decision} {initials}").format(decision=words, initials=row.initials or "").strip()
        )

    def _drafted(self, text: str) -> None:
        if self._row is not None:
            self._drafts[self._row.entry_id] = text

    def _note_done(self) -> None:
        row = self._row
        if row is None:
            return
        # The field keeps the last reader's initials: alone they say nothing of a radiograph that is not decided.
        anything = row.decision is not None or (row.note or "") != self.note_text()
        if anything and (row.note or "", row.initials or "") != (self.note_text(), self.initials_text()):
            self.note_edited.emit()

    @staticmethod
    def _rule() -> QFrame:
        rule = QFrame()
        rule.setFrameShape(QFrame.Shape.HLine)
        rule.setFrameShadow(QFrame.Shadow.Plain)
        rule.setForegroundRole(QPalette.ColorRole.Mid)
        return rule
