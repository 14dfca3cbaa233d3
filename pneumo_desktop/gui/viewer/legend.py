"""The colours of the heat map, from none to strong, with words."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from pneumo_desktop.words import tr


class Legend(QWidget):
    """A strip of the map's colours; the picture it is made of is made when it is first painted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strip: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.retranslate()

    def sizeHint(self) -> QSize:
        """Return room for the strip and both words under it."""
        metrics = self.fontMetrics()
        words = metrics.horizontalAdvance(tr("none")) + metrics.horizontalAdvance(tr("strong")) + 16
        return QSize(max(120, words), metrics.height() + 14)

    def minimumSizeHint(self) -> QSize:
        """Return the same: a legend that is cut off says nothing."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._strip is None:
            from pneumo_desktop.gui.viewer.picture import legend_strip

            self._strip = legend_strip()
        painter = QPainter(self)
        bar = self.rect().adjusted(0, 2, 0, -self.fontMetrics().height() - 2)
        painter.drawImage(bar, self._strip)
        painter.setPen(self.palette().windowText().color())
        below = self.rect().adjusted(0, bar.height() + 2, 0, 0)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, tr("none"))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, tr("strong"))
        painter.end()

    def retranslate(self) -> None:
        """Say every word again in the current language."""
        self.setAccessibleName(tr("Legend of the heat map: from none to strong"))
        self.updateGeometry()
        self.update()
