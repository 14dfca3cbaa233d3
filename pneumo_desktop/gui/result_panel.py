"""The right side: what the program says of a radiograph, and why; below it what the reader decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QStyle, QVBoxLayout, QWidget

from pneumo_desktop.gui.decision_pane import DecisionPane
from pneumo_desktop.gui.labels import Label, make_bold, wrapped
from pneumo_desktop.gui.outcomes import outcome_colour, outcome_icon, outcome_word, population_word
from pneumo_desktop.gui.population_words import is_weak, outside_ages, what_is_found
from pneumo_desktop.gui.score_scale import ScoreScale
from pneumo_desktop.gui.theme import is_dark
from pneumo_desktop.imaging import codes
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population, Reason
from pneumo_desktop.records.rows import NOT_READ_AGAIN, Row
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence

if TYPE_CHECKING:
    from pneumo_desktop.models.card import Card

DISCLAIMER = N_("Assists a reader and never replaces one.")

_MEANINGS = {
    Outcome.LIKELY_PNEUMONIA: N_("The score is above the operating point. Look at this radiograph first."),
    Outcome.UNCERTAIN: N_(
        "The score lies inside the uncertain band: the program gives no verdict. Your reading counts."
    ),
    Outcome.LIKELY_NORMAL: N_("The score is below the operating point. That does not rule pneumonia out."),
    Outcome.NOT_ANALYSED: N_("The program gives no verdict on this file."),
}


_LOW = 26
"""Lines of text in the panel's height, below which it is laid out for a low window."""
_MARGIN = 8
"""Pixels round what the panel says."""


def by_age_outside(judgement: Judgement) -> bool:
    """Return whether the patient's age is one that the model has no figures for."""
    by_age = judgement.reason is Reason.OUTSIDE_POPULATION and judgement.detail == "age"
    return by_age or "analysed_outside" in judgement.notes


def may_show_verdict(judgement: Judgement | None) -> bool:
    """Return whether a verdict is withheld that the reader may choose to see."""
    return (
        judgement is not None
        and judgement.reason is Reason.OUTSIDE_POPULATION
        and judgement.score is not None
        and judgement.operating_point is not None
    )


def may_read_file_again(judgement: Judgement | None) -> bool:
    """Return whether a file has changed or could not be read, so that reading it again may say something else."""
    return judgement is not None and (judgement.reason is Reason.UNREADABLE or NOT_READ_AGAIN in judgement.notes)


class ResultPanel(QWidget):
    """Shows one ``Row`` and tells of the reader's wishes by signals; it stores nothing itself."""

    verdict_wanted = Signal()
    verdict_unwanted = Signal()
    read_again_wanted = Signal()
    read_file_wanted = Signal()
    file_to_read = Signal(bool)
    """Whether the file of the row that is shown is to be read again: it has changed, or could not be read."""
    adapt_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: Row | None = None
        self._example = False
        self._twin = ""
        self._model_text: str | None = None  # nobody has looked yet
        self._other_model = ""
        self._card: Card | None = None

        self.example = wrapped("example")
        self.icon = Label()
        self.word = Label(wordWrap=True)
        head = QHBoxLayout()
        head.addWidget(self.icon)
        head.addWidget(self.word, 1)
        self.meaning = wrapped("meaning")
        self.found = wrapped("found")
        self.scale = ScoreScale()
        self.scale_words = wrapped("scale_words")
        self.why = wrapped("why")
        self.read_file = QPushButton()
        self.read_file.clicked.connect(self.read_file_wanted)
        self.show_verdict = QPushButton()
        self.show_verdict.clicked.connect(self.verdict_wanted)
        self.withhold = QPushButton()
        self.withhold.clicked.connect(self.verdict_unwanted)
        self.adapt = QPushButton()
        self.adapt.clicked.connect(self.adapt_wanted)
        self.notes = wrapped("notes")

        self.decision = DecisionPane()
        self.model_title = Label()
        self.model = wrapped("model")
        self.other_model = wrapped("other_model")
        self.read_again = QPushButton()
        self.read_again.clicked.connect(self.read_again_wanted)
        for title in (self.model_title, self.other_model):
            make_bold(title)

        inside = QWidget()
        inner = QVBoxLayout(inside)
        inner.setSpacing(7)
        inner.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        inner.addWidget(self.example)
        inner.addLayout(head)
        for widget in (
            self.meaning, self.found, self.scale, self.scale_words, self.why, self.read_file, self.show_verdict,
            self.notes, self.withhold, self.adapt,
        ):  # fmt: skip
            inner.addWidget(widget)
        inner.addWidget(self._rule())
        inner.addWidget(self.model_title)
        inner.addWidget(self.model)
        inner.addWidget(self.other_model)
        inner.addWidget(self.read_again)
        inner.addStretch(1)
        self._scroll = scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        self.disclaimer = Label(wordWrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(scroll, 1)
        layout.addWidget(self._rule())
        layout.addWidget(self.decision)  # stands still, whatever is said above it: its buttons are always in reach
        layout.addWidget(self._rule())
        layout.addWidget(self.disclaimer)
        self.setMinimumWidth(220)
        self._arrange()
        self.retranslate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the panel out for the room there is."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        low = self.height() < _LOW * self.fontMetrics().height()
        self.decision.arrange(self.width(), low)
        self.disclaimer.setContentsMargins(10, 2 if low else 6, 10, 2 if low else 8)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * (1.2 if low else 1.5))
        font.setBold(True)
        self.word.setFont(font)
        self.adapt.setText(tr("Adapt to your own images…"))
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        if self.adapt.sizeHint().width() > self.width() - bar - 2 * _MARGIN:
            self.adapt.setText(tr("Adapt…"))

    def sizeHint(self) -> QSize:
        """Return a width that holds the four buttons and the scale."""
        return QSize(330, 600)

    def set_row(self, row: Row | None, example: bool = False, twin: str = "") -> None:
        """Show ``row``; ``twin`` is the name of another file with the same image."""
        self._row, self._example, self._twin = row, example, twin
        self.decision.set_row(row)
        self._fill()

    def set_model_text(self, text: str, other: str = "", card: Card | None = None) -> None:
        """Show what the model is and for whom it was made; ``other`` says that it is not the one in use now.

        card: of the model that read the row, where it is known.
        """
        self._model_text, self._other_model, self._card = text, other, card
        self._fill()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self.setAccessibleName(tr("Result"))
        self._scroll.setAccessibleName(tr("Result"))
        self.disclaimer.setText(tr(DISCLAIMER))
        self.decision.retranslate()
        self.read_file.setText(tr("Read this file again"))
        self.show_verdict.setText(tr("Show the verdict anyway"))
        self.show_verdict.setToolTip(tr("It is recorded that you asked for it."))
        self.withhold.setText(tr("Withhold the verdict again"))
        self.adapt.setToolTip(tr("Train the model further with images of your own, sorted into normal and pneumonia."))
        self.read_again.setText(tr("Read again with the model in use"))
        self.read_again.setToolTip(
            tr("The whole list is read again; the results of the other model stay in the records.")
        )
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
        if row is None:
            self._head(None, tr("No radiograph chosen"))
            self.meaning.setText("")
        elif judgement is None:
            self._head(None, tr("Waiting"))
            self.meaning.setText(tr("This radiograph has not been read yet."))
        else:
            self._head(judgement.outcome, outcome_word(judgement.outcome))
            self.meaning.setText(tr(_MEANINGS[judgement.outcome]))
        self._fill_found(judgement)
        self._fill_score(judgement)
        self._fill_why(judgement)
        self.notes.setText("\n".join(f"• {line}" for line in self._note_lines(judgement)))
        self.notes.setVisible(bool(self.notes.text()))

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
        if judgement.population is not Population.NOT_KNOWN:
            lines.append(tr("Read as: {population}.").format(population=population_word(judgement.population).lower()))
        elif not by_age_outside(judgement):
            lines.append(tr("Read without knowing whether it is a child or an adult."))
        lines.append(tr("The score is not the probability of a disease."))
        self.scale_words.setText(" ".join(lines))

    def _fill_found(self, judgement: Judgement | None) -> None:
        """Say how much pneumonia the model calls normal where it does so, and offer to adapt it where that is much."""
        text, weak = "", False
        if judgement is not None and judgement.outcome is Outcome.LIKELY_NORMAL:
            if by_age_outside(judgement):
                text, weak = outside_ages(self._card), True
            else:
                text = what_is_found(self._card, judgement.population)
                weak = is_weak(self._card, judgement.population)
        self.found.setText(text)
        self.found.setVisible(bool(text))
        withheld = judgement is not None and judgement.reason is Reason.OUTSIDE_POPULATION
        self.adapt.setVisible(weak or withheld)

    def _fill_why(self, judgement: Judgement | None) -> None:
        to_read = may_read_file_again(judgement)
        self.read_file.setVisible(to_read)
        self.file_to_read.emit(to_read)
        self.show_verdict.setVisible(may_show_verdict(judgement))
        self.withhold.setVisible(judgement is not None and "analysed_outside" in judgement.notes)
        lines: list[str] = []
        if judgement is not None and judgement.reason is not None:
            if judgement.detail != codes.CHANGED:  # that file was read; this one was not tried
                lines.append(sentence(judgement.reason.value))
            if judgement.detail and judgement.detail != judgement.reason.value:
                lines.append(outside_ages(self._card) if judgement.detail == "age" else sentence(judgement.detail))
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

    @staticmethod
    def _rule() -> QFrame:
        rule = QFrame()
        rule.setFrameShape(QFrame.Shape.HLine)
        rule.setFrameShadow(QFrame.Shadow.Plain)
        rule.setForegroundRole(QPalette.ColorRole.Mid)
        return rule
