"""The score on its scale: the operating point, the uncertain band round it and where this radiograph lies."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from pneumo_desktop.gui.outcomes import outcome_colour, score_text
from pneumo_desktop.gui.theme import is_dark
from pneumo_desktop.reading.outcome import OperatingPoint, Outcome
from pneumo_desktop.words import tr


class ScoreScale(QWidget):
    """A horizontal scale from 0 to 1. What it draws it also says: see ``accessibleDescription``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._score: float | None = None
        self._point: OperatingPoint | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.retranslate()

    def set_score(self, score: float | None, point: OperatingPoint | None) -> None:
        """Show ``score`` (0..1) against ``point``; either may be missing."""
        self._score, self._point = score, point
        self.retranslate()
        self.update()

    def retranslate(self) -> None:
        """Say the scale again in the current language."""
        self.setAccessibleName(tr("Score on its scale"))
        text = self.sentence()
        self.setAccessibleDescription(text)
        self.setToolTip(text)
        self.update()

    def sentence(self) -> str:
        """Return what the picture of the scale says."""
        if self._score is None:
            return tr("No score.")
        if self._point is None:
            return tr("Score {score} on a scale from 0 to 1.").format(score=score_text(self._score))
        return tr("Score {score}; operating point {point}; uncertain between {low} and {high}.").format(
            score=score_text(self._score),
            point=score_text(self._point.threshold),
            low=score_text(self._point.low),
            high=score_text(self._point.high),
        )

    def sizeHint(self) -> QSize:
        """Return room for the marker, the bar and one line of words under it."""
        return QSize(220, 30 + 2 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return the least that can be read."""
        return QSize(160, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw normal, uncertain and pneumonia zones, the operating point's line and the score's marker."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dark = is_dark(self.palette())
        metrics = QFontMetrics(self.font())
        text_height = metrics.height()
        bar = QRectF(10, 14 + text_height, self.width() - 20, 10)

        def at(value: float) -> float:
            return bar.left() + bar.width() * min(max(value, 0.0), 1.0)

        ink = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(Qt.PenStyle.NoPen)
        if self._point is None:
            painter.setBrush(self.palette().color(QPalette.ColorRole.Mid))
            painter.drawRoundedRect(bar, 4, 4)
        else:
            zones = (
                (0.0, self._point.low, Outcome.LIKELY_NORMAL),
                (self._point.low, self._point.high, Outcome.UNCERTAIN),
                (self._point.high, 1.0, Outcome.LIKELY_PNEUMONIA),
            )
            for start, end, outcome in zones:
                colour = outcome_colour(outcome, dark)
                colour.setAlphaF(0.75)
                painter.setBrush(colour)
                painter.drawRect(QRectF(QPointF(at(start), bar.top()), QPointF(at(end), bar.bottom())))
            painter.setPen(QPen(ink, 2))
            line = at(self._point.threshold)
            painter.drawLine(QPointF(line, bar.top() - 3), QPointF(line, bar.bottom() + 4))
        painter.setPen(ink)
        below = QRectF(bar.left() - 8, bar.bottom() + 4, bar.width() + 16, text_height)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, "0")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, "1")
        if self._point is not None:
            label = tr("operating point {point}").format(point=score_text(self._point.threshold))
            self._centred(painter, label, at(self._point.threshold), below.top(), metrics, margin=14)
        if self._score is not None:
            x = at(self._score)
            painter.setBrush(ink)
            painter.setPen(Qt.PenStyle.NoPen)
            tip = bar.top() - 1
            painter.drawPolygon(QPolygonF([QPointF(x, tip), QPointF(x - 6, tip - 9), QPointF(x + 6, tip - 9)]))
            font = self.font()
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(ink)
            self._centred(painter, score_text(self._score), x, 0, QFontMetrics(font), margin=0)
        painter.end()

    def _centred(self, painter: QPainter, text: str, x: float, top: float, metrics: QFontMetrics, margin: int) -> None:
        """Write ``text`` centred on ``x``, kept inside the widget."""
        width = metrics.horizontalAdvance(text)
        left = min(max(x - width / 2, margin), self.width() - width - margin)
        painter.drawText(QPointF(left, top + metrics.ascent()), text)
