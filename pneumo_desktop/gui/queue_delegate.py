"""Paints the worklist: thumbnail, name and patient on the left; outcome, score and decision on the right."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPalette, QPen
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from pneumo_desktop.gui.outcomes import outcome_colour, outcome_word, paint_outcome, score_text
from pneumo_desktop.gui.queue_model import ROW_ROLE, TWIN_ROLE, AnyIndex
from pneumo_desktop.gui.queue_order import Column
from pneumo_desktop.gui.row_words import below_outcome, date_text, patient_text, second_line, twin_text
from pneumo_desktop.gui.theme import is_dark
from pneumo_desktop.gui.thumbnails import SIDE, Thumbnails
from pneumo_desktop.records.rows import Row

LINES = 3
"""Lines of text in a row."""
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
_BREAKS = " _-.·/()"
_MARK = 14
"""Room for the outcome's shape or the mark of a note, in device-independent pixels."""
_COMPACT_SIDE = 34
"""Of a thumbnail where the outcome stands beside it, so that the outcome is written out."""


def broken(text: str, metrics: QFontMetrics, width: int, most: int) -> list[str]:
    """Return ``text`` in up to ``most`` lines of ``width`` pixels, broken behind spaces and the signs that file names are
    made of; what does not fit the last line loses its middle."""
    lines: list[str] = []
    while len(lines) < most - 1 and metrics.horizontalAdvance(text) > width:
        fitting = bisect_right(range(len(text)), width, key=lambda end: metrics.horizontalAdvance(text[: end + 1]))
        end = max((at + 1 for at in range(fitting // 2, fitting) if text[at] in _BREAKS), default=max(1, fitting))
        lines.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*lines, metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, width)]


def name_lines(row: Row, twin: str, metrics: QFontMetrics, width: int) -> tuple[list[str], list[str]]:
    """Return the lines of the name, and those under it: patient, date of the study, and the twin, as far as there is room."""
    below = [second_line(row)] if second_line(row) else []
    if below and metrics.horizontalAdvance(below[0]) > width:
        below = [text for text in (patient_text(row), date_text(row.study_date or "")) if text]
    if twin:
        below.append(twin_text(twin))
    name = broken(row.entry.display_name(), metrics, width, max(1, LINES - max(1, len(below))))
    room = LINES - len(name)
    below = [*below[: room - 1], " · ".join(below[room - 1 :])] if len(below) > room else below
    return name, [metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, width) for text in below]


class QueueDelegate(QStyledItemDelegate):
    """Draws what the style cannot; ground and selection stay the style's."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self.compact = False
        """True where only the first column fits: it says outcome and decision then, instead of the patient."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:
        """Return room for a thumbnail."""
        hint = super().sizeHint(option, index)
        return QSize(hint.width() + (SIDE + 10 if index.column() == Column.NAME else 0), max(hint.height(), SIDE + 6))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Paint one cell."""
        if index.column() not in (Column.NAME, Column.OUTCOME):
            super().paint(painter, option, index)
            return
        row: Row = index.data(ROW_ROLE)
        self.initStyleOption(option, index)
        widget = option.widget  # type: ignore[attr-defined]
        style = widget.style() if widget is not None else QApplication.style()
        option.text = ""  # type: ignore[attr-defined]
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        rect = QRectF(option.rect).adjusted(4, 0, -3, 0)  # type: ignore[attr-defined]
        palette: QPalette = option.palette  # type: ignore[attr-defined]
        selected = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
        ink = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        faint = ink if selected else palette.color(QPalette.ColorRole.PlaceholderText)
        colour = ink
        if row.judgement is not None and not selected:
            colour = outcome_colour(row.judgement.outcome, is_dark(palette))
        metrics: QFontMetrics = option.fontMetrics  # type: ignore[attr-defined]
        painter.save()
        if index.column() == Column.OUTCOME:
            self._paint_outcome(painter, rect, row, metrics, colour, faint)
        else:
            scale = widget.devicePixelRatioF() if widget is not None else 1.0
            side = _COMPACT_SIDE if self.compact else SIDE
            self._paint_thumbnail(painter, rect, row, side, scale, palette)
            rect.setLeft(rect.left() + side + 6)
            if row.note:
                _paint_note(painter, QRectF(rect.right() - 10, rect.top() + 6, 10, 11), faint)
            if self.compact:
                self._paint_compact(painter, rect, row, metrics, ink, colour, faint)
            else:
                width = int(rect.width()) - (_MARK if row.note else 0)
                name, below = name_lines(row, index.data(TWIN_ROLE), metrics, width)
                inks = [ink] * len(name) + [faint] * len(below)
                _write(painter, rect, metrics, [*name, *below], inks)
        painter.restore()

    def _paint_thumbnail(
        self, painter: QPainter, rect: QRectF, row: Row, side: int, scale: float, palette: QPalette
    ) -> None:
        box = QRectF(rect.left(), rect.center().y() - side / 2, side, side)
        pixmap = self._thumbnails.get(row, scale)
        if pixmap is None:
            painter.fillRect(box.adjusted(2, 2, -2, -2), palette.color(QPalette.ColorRole.Mid))
            return
        size = pixmap.deviceIndependentSize() * (side / SIDE)
        place = QRectF(box.center() - QPointF(size.width() / 2, size.height() / 2), size)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(place.toAlignedRect(), pixmap)

    def _paint_outcome(
        self, painter: QPainter, rect: QRectF, row: Row, metrics: QFontMetrics, colour: QColor, faint: QColor
    ) -> None:
        if row.judgement is None:
            return
        left = rect.left() + _MARK + 6
        below = broken(below_outcome(row), metrics, int(rect.right() - left), LINES - 1)
        first = _first_line(rect, metrics, 1 + len(below))
        paint_outcome(painter, QRectF(rect.left(), first.center().y() - 7, _MARK, _MARK), row.judgement.outcome, colour)
        painter.setPen(colour)
        painter.drawText(first, _RIGHT, score_text(row.judgement.score))
        rect = QRectF(left, rect.top(), rect.right() - left, rect.height())
        lines = [outcome_word(row.judgement.outcome), *below]
        _write(painter, rect, metrics, lines, [colour] + [faint] * len(below))

    def _paint_compact(
        self,
        painter: QPainter,
        rect: QRectF,
        row: Row,
        metrics: QFontMetrics,
        ink: QColor,
        colour: QColor,
        faint: QColor,
    ) -> None:
        width = int(rect.width())
        name = metrics.elidedText(
            row.entry.display_name(), Qt.TextElideMode.ElideMiddle, width - (_MARK if row.note else 0)
        )
        if row.judgement is None:
            _write(painter, rect, metrics, [name], [ink])
            return
        word, score = outcome_word(row.judgement.outcome), score_text(row.judgement.score)
        room = width - _MARK - 4
        verdict = metrics.elidedText(word, Qt.TextElideMode.ElideRight, room)
        below = f"{score} · {below_outcome(row)}" if score else below_outcome(row)
        below = metrics.elidedText(below, Qt.TextElideMode.ElideRight, width)
        _write(painter, rect, metrics, [name, "", below], [ink, colour, faint])
        second = _first_line(rect, metrics, LINES).translated(0, metrics.height())
        paint_outcome(painter, QRectF(rect.left(), second.center().y() - 6, 12, 12), row.judgement.outcome, colour)
        painter.setPen(colour)
        painter.drawText(second.adjusted(_MARK + 4, 0, 0, 0), _LEFT, verdict)


def _first_line(rect: QRectF, metrics: QFontMetrics, count: int) -> QRectF:
    """Return the place of the first of ``count`` lines that stand in the middle of ``rect``."""
    return QRectF(rect.left(), rect.center().y() - count * metrics.height() / 2, rect.width(), metrics.height())


def _write(
    painter: QPainter, rect: QRectF, metrics: QFontMetrics, lines: Sequence[str], inks: Sequence[QColor]
) -> None:
    place = _first_line(rect, metrics, len(lines))
    for text, ink in zip(lines, inks, strict=True):
        painter.setPen(ink)
        painter.drawText(place, _LEFT, text)
        place.translate(0, metrics.height())


def _paint_note(painter: QPainter, box: QRectF, ink: QColor) -> None:
    """Draw a sheet with lines: the row has a note."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    for share in (0.3, 0.55, 0.8):
        y = box.top() + box.height() * share
        painter.drawLine(QPointF(box.left() + 2, y), QPointF(box.right() - 2, y))
