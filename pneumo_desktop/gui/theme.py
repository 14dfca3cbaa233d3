"""Light, dark or as the system has it, with one accent; switched while the program runs."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPalette, QPen
from PySide6.QtWidgets import QApplication, QProxyStyle, QStyle, QWidget


class Theme(StrEnum):
    """The stored values of the theme setting."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


_ROLES = QPalette.ColorRole
_INDICATORS = (
    QStyle.PrimitiveElement.PE_IndicatorCheckBox,
    QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck,
    QStyle.PrimitiveElement.PE_IndicatorRadioButton,
)
_LIGHT = {
    _ROLES.Window: "#f3f4f6",
    _ROLES.WindowText: "#1b1f24",
    _ROLES.Base: "#ffffff",
    _ROLES.AlternateBase: "#f7f8fa",
    _ROLES.Text: "#1b1f24",
    _ROLES.Button: "#e9ebef",
    _ROLES.ButtonText: "#1b1f24",
    _ROLES.BrightText: "#ffffff",
    _ROLES.ToolTipBase: "#ffffff",
    _ROLES.ToolTipText: "#1b1f24",
    _ROLES.PlaceholderText: "#5b636d",
    _ROLES.Highlight: "#0b5c8f",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.Accent: "#0b5c8f",
    _ROLES.Link: "#0b5c8f",
    _ROLES.LinkVisited: "#0b5c8f",
    _ROLES.Light: "#ffffff",
    _ROLES.Midlight: "#eef0f3",
    _ROLES.Mid: "#c3c8cf",
    _ROLES.Dark: "#9aa1aa",
    _ROLES.Shadow: "#5b636d",
}
_DARK = {
    _ROLES.Window: "#1d2126",
    _ROLES.WindowText: "#e8eaed",
    _ROLES.Base: "#272d34",
    _ROLES.AlternateBase: "#2c333b",
    _ROLES.Text: "#e8eaed",
    _ROLES.Button: "#363e47",
    _ROLES.ButtonText: "#e8eaed",
    _ROLES.BrightText: "#ffffff",
    _ROLES.ToolTipBase: "#2b3138",
    _ROLES.ToolTipText: "#e8eaed",
    _ROLES.PlaceholderText: "#a0a8b2",
    _ROLES.Highlight: "#1c6ea4",
    _ROLES.HighlightedText: "#ffffff",
    _ROLES.Accent: "#57b0e3",
    _ROLES.Link: "#57b0e3",
    _ROLES.LinkVisited: "#57b0e3",
    _ROLES.Light: "#444d57",
    _ROLES.Midlight: "#3c444d",
    _ROLES.Mid: "#4c555f",
    _ROLES.Dark: "#0f1114",
    _ROLES.Shadow: "#000000",
}


def _palette(dark: bool) -> QPalette:
    palette = QPalette()
    for role, colour in (_DARK if dark else _LIGHT).items():
        palette.setColor(role, QColor(colour))
    faded = QColor("#79818b")
    for role in (_ROLES.WindowText, _ROLES.Text, _ROLES.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, faded)
    palette.setColor(QPalette.ColorGroup.Disabled, _ROLES.Base, palette.color(_ROLES.Window))
    return palette


class _ClearFrames(QProxyStyle):
    """Fusion draws the frames of check boxes, radio buttons and text fields darker than the ground: on a dark one nobody
    sees them, nor which button is pressed; its page of tabs is grey there, and figures on it are hard to read."""

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: Any = None,
        widget: QWidget | None = None,
        returnData: Any = None,  # noqa: N803 -- Qt's name
    ) -> int:
        """Answer as Fusion does; but no button of a dialog has an icon, as the program's own have none."""
        if hint == QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons:
            return 0
        return super().styleHint(hint, option, widget, returnData)

    def drawPrimitive(
        self, element: QStyle.PrimitiveElement, option: Any, painter: QPainter, widget: QWidget | None = None
    ) -> None:
        """Draw as Fusion does; in dark colours with a frame that is brighter than the ground.

        ``option`` is a QStyleOption, whose fields PySide's own types leave out.
        """
        if element == QStyle.PrimitiveElement.PE_FrameTabWidget and is_dark(option.palette):
            painter.fillRect(option.rect, option.palette.color(_ROLES.Window))
            _frame(painter, QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), option.palette.color(_ROLES.Mid))
            return
        super().drawPrimitive(element, option, painter, widget)
        if not is_dark(option.palette):
            return
        is_field = element == QStyle.PrimitiveElement.PE_FrameLineEdit
        if element not in _INDICATORS and (not is_field or option.state & QStyle.StateFlag.State_HasFocus):
            return
        inset = 1.5 if is_field else 0.5  # Fusion leaves a pixel round a text field
        radius = option.rect.width() / 2 if element == QStyle.PrimitiveElement.PE_IndicatorRadioButton else 2.0
        frame = QRectF(option.rect).adjusted(inset, inset, -inset, -inset)
        enabled = option.state & QStyle.StateFlag.State_Enabled
        _frame(painter, frame, option.palette.color(_ROLES.PlaceholderText if enabled else _ROLES.Mid), radius)

    def drawControl(
        self, element: QStyle.ControlElement, option: Any, painter: QPainter, widget: QWidget | None = None
    ) -> None:
        """Draw as Fusion does; a button that stays pressed has a frame that is seen in every colour."""
        super().drawControl(element, option, painter, widget)
        if element == QStyle.ControlElement.CE_PushButtonBevel and option.state & QStyle.StateFlag.State_On:
            _frame(painter, QRectF(option.rect).adjusted(1, 1, -1, -1), option.palette.color(_ROLES.Accent), width=2.0)


def _frame(painter: QPainter, frame: QRectF, colour: QColor, radius: float = 2.0, width: float = 1.0) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(frame, radius, radius)
    painter.restore()


def system_is_dark() -> bool:
    """Return whether the desktop asks for dark colours."""
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Show ``theme`` in every window at once. The platform's own style is kept; off Windows and macOS it is Fusion."""
    hints = QGuiApplication.styleHints()
    if theme is Theme.SYSTEM:
        hints.unsetColorScheme()
        dark = system_is_dark()
    else:
        dark = theme is Theme.DARK
        hints.setColorScheme(Qt.ColorScheme.Dark if dark else Qt.ColorScheme.Light)
    if sys.platform not in ("win32", "darwin") and not isinstance(application.style(), _ClearFrames):
        application.setStyle(_ClearFrames("Fusion"))
    application.setPalette(_palette(dark))


def is_dark(palette: QPalette) -> bool:
    """Return whether ``palette`` is a dark one (its text is brighter than its ground)."""
    return palette.color(_ROLES.WindowText).lightness() > palette.color(_ROLES.Window).lightness()
