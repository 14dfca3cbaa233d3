"""How an outcome looks: one word, one shape and one colour each, never colour alone."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from pneumo_desktop.reading.outcome import Judgement, Outcome, Population
from pneumo_desktop.words import decimal, tr
from pneumo_desktop.words.sentences import title

_LIGHT = {
    Outcome.LIKELY_PNEUMONIA: "#a63a06",
    Outcome.UNCERTAIN: "#6a3d9a",
    Outcome.LIKELY_NORMAL: "#0b6b57",
    Outcome.NOT_ANALYSED: "#555d66",
}
_DARK = {
    Outcome.LIKELY_PNEUMONIA: "#ff9a62",
    Outcome.UNCERTAIN: "#c9a7f0",
    Outcome.LIKELY_NORMAL: "#5fd0b5",
    Outcome.NOT_ANALYSED: "#b4bcc6",
}


def outcome_word(outcome: Outcome) -> str:
    """Return the outcome in the reader's language."""
    return title(outcome.value)


def population_word(population: Population) -> str:
    """Return the population in the reader's language."""
    return title(population.value)


def outcome_colour(outcome: Outcome, dark: bool) -> QColor:
    """Return the outcome's colour, at least 4.5:1 on the list's ground."""
    return QColor((_DARK if dark else _LIGHT)[outcome])


def score_text(score: float | None, decimals: int = 2) -> str:
    """Return a score of 0..1 with some decimals and the language's decimal sign, or nothing."""
    return "" if score is None else decimal(score, decimals)


def summary(judgement: Judgement | None) -> str:
    """Return outcome and score as one phrase, for lists and screen readers."""
    if judgement is None:
        return tr("Waiting")
    word = outcome_word(judgement.outcome)
    if judgement.score is None:
        return word
    return tr("{outcome}, score {score}").format(outcome=word, score=score_text(judgement.score))


def paint_outcome(painter: QPainter, box: QRectF, outcome: Outcome, colour: QColor) -> None:
    """Draw the outcome's shape inside the square ``box``: triangle, diamond, disc with a tick, barred square."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    inner = box.adjusted(0.5, 0.5, -0.5, -0.5)
    side = inner.width()
    centre = inner.center()
    mark = QPen(colour, max(1.4, side / 8), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    if outcome is Outcome.LIKELY_PNEUMONIA:
        corners = [QPointF(centre.x(), inner.top()), inner.bottomRight(), inner.bottomLeft()]
        painter.drawPolygon(QPolygonF(corners))
    elif outcome is Outcome.UNCERTAIN:
        corners = [
            QPointF(centre.x(), inner.top()),
            QPointF(inner.right(), centre.y()),
            QPointF(centre.x(), inner.bottom()),
            QPointF(inner.left(), centre.y()),
        ]
        painter.setPen(mark)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolygon(QPolygonF(corners))
        painter.drawPoint(centre)
    elif outcome is Outcome.LIKELY_NORMAL:
        painter.setPen(mark)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(inner.adjusted(1, 1, -1, -1))
        tick = QPainterPath(QPointF(inner.left() + side * 0.3, centre.y()))
        tick.lineTo(centre.x() - side * 0.04, inner.top() + side * 0.68)
        tick.lineTo(inner.left() + side * 0.72, inner.top() + side * 0.34)
        painter.drawPath(tick)
    else:
        painter.setPen(mark)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(inner.adjusted(1, 1, -1, -1))
        painter.drawLine(
            QPointF(inner.left() + side * 0.28, centre.y()), QPointF(inner.right() - side * 0.28, centre.y())
        )
    painter.restore()


def outcome_icon(outcome: Outcome, dark: bool, size: int = 32) -> QIcon:
    """Return the outcome's shape as an icon of ``size`` pixels."""
    pixmap = QPixmap(QSize(size, size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_outcome(painter, QRectF(1, 1, size - 2, size - 2), outcome, outcome_colour(outcome, dark))
    painter.end()
    return QIcon(pixmap)
