"""Paints the worklist's first column (thumbnail and name) and the outcome (shape, colour and word)."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from pneumo_desktop.gui.outcomes import outcome_colour, outcome_word, paint_outcome, score_text
from pneumo_desktop.gui.queue_model import ROW_ROLE, AnyIndex
from pneumo_desktop.gui.queue_order import Column
from pneumo_desktop.gui.row_words import below_outcome, second_line
from pneumo_desktop.gui.theme import is_dark
from pneumo_desktop.gui.thumbnails import SIDE, Thumbnails
from pneumo_desktop.records.store import Row

_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


class QueueDelegate(QStyledItemDelegate):
    """Draws what the style cannot; text and selection stay the style's."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self.compact = False
        """True where only the first column fits: it says outcome and score then, instead of the patient."""

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
        text = option.text  # type: ignore[attr-defined]
        option.text = ""  # type: ignore[attr-defined]
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, widget)
        rect = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        palette = option.palette  # type: ignore[attr-defined]
        selected = bool(state & QStyle.StateFlag.State_Selected)
        ink = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        left = rect.left() + 4
        painter.save()
        if index.column() == Column.NAME:
            box = QRectF(left, rect.center().y() - SIDE / 2, SIDE, SIDE)
            scale = widget.devicePixelRatioF() if widget is not None else 1.0
            pixmap = self._thumbnails.get(row, scale)
            if pixmap is not None:
                size = pixmap.deviceIndependentSize()
                painter.drawPixmap(
                    int(box.center().x() - size.width() / 2), int(box.center().y() - size.height() / 2), pixmap
                )
            else:
                painter.fillRect(box.adjusted(2, 2, -2, -2), palette.color(QPalette.ColorRole.Mid))
            left = box.right() + 6
        elif row.judgement is not None:
            colour = ink if selected else outcome_colour(row.judgement.outcome, is_dark(palette))
            box = QRectF(left, rect.center().y() - 8, 16, 16)
            paint_outcome(painter, box, row.judgement.outcome, colour)
            left = box.right() + 6
            ink = colour
        metrics = option.fontMetrics  # type: ignore[attr-defined]
        room = QRectF(left, rect.top(), rect.right() - left - 2, rect.height())
        below = second_line(row) if index.column() == Column.NAME else below_outcome(row)
        compact = self.compact and index.column() == Column.NAME and row.judgement is not None
        if compact and row.judgement is not None:
            score, word = score_text(row.judgement.score), outcome_word(row.judgement.outcome)
            below = f"{score} · {word}" if score else word
        if below:
            middle, line = room.center().y(), metrics.height()
            lower_ink = ink if selected else palette.color(QPalette.ColorRole.PlaceholderText)
            if compact and row.judgement is not None:
                lower_ink = ink if selected else outcome_colour(row.judgement.outcome, is_dark(palette))
                paint_outcome(painter, QRectF(left, middle + 3, 12, 12), row.judgement.outcome, lower_ink)
                room.setLeft(left + 16)
            painter.setPen(lower_ink)
            lower = QRectF(room.left(), middle + 1, room.width(), line)
            painter.drawText(lower, _LEFT, metrics.elidedText(below, Qt.TextElideMode.ElideRight, int(room.width())))
            room = QRectF(left, middle - line - 1, rect.right() - left - 2, line)
        painter.setPen(ink)
        mode = Qt.TextElideMode.ElideMiddle if index.column() == Column.NAME else Qt.TextElideMode.ElideRight
        painter.drawText(room, _LEFT, metrics.elidedText(text, mode, int(room.width())))
        painter.restore()
