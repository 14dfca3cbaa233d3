"""The viewer: canvas (and a twin for comparison), actions, heat-map controls and legend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QAction, QColor, QImage, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from pneumo_desktop.gui.viewer.canvas import Canvas, Tool, image_of
from pneumo_desktop.gui.viewer.dialogs import CheatSheet, TagsDialog
from pneumo_desktop.gui.viewer.view_state import ViewState, arrange, length_mm, presets, shown, source_place
from pneumo_desktop.imaging.radiograph import Radiograph, Window
from pneumo_desktop.reading.heatmap import legend, overlay
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence


class Legend(QWidget):
    """The colours of the heat map from strong to none, with words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strip = image_of(np.ascontiguousarray(legend(256).transpose(1, 0, 2)[:, ::-1]))
        self.setMinimumSize(150, self.fontMetrics().height() + 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        bar = self.rect().adjusted(0, 2, 0, -self.fontMetrics().height() - 2)
        painter.drawImage(bar, self._strip)
        painter.setPen(self.palette().windowText().color())
        below = self.rect().adjusted(0, bar.height() + 2, 0, 0)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, tr("none"))
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, tr("strong"))
        painter.end()


class ViewerPanel(QWidget):
    """Shows one radiograph. ``status`` tells the value under the pointer; ``tags_wanted`` asks for the tag dialog."""

    status = Signal(str)
    tags_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("viewer")
        self._radiograph: Radiograph | None = None
        self._heat_map: npt.NDArray[np.float32] | None = None
        self._state: ViewState | None = None
        self._presets: list[tuple[str, Window]] = []
        self._preset = 0
        self.canvas = Canvas()
        self.twin = Canvas()
        self.twin.hide()
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setRange(0, 100)
        self._opacity.setValue(55)
        self._opacity.setMaximumWidth(140)
        self._opacity_label = QLabel()
        self._caption = QLabel()
        self._caption.setWordWrap(True)
        self._legend = Legend()
        self._bottom = QWidget()
        bottom = QHBoxLayout(self._bottom)
        bottom.setContentsMargins(6, 2, 6, 2)
        for widget in (self._legend, self._opacity_label, self._opacity):
            bottom.addWidget(widget)
        bottom.addWidget(self._caption, 1)
        pictures = QHBoxLayout()
        pictures.setSpacing(2)
        pictures.addWidget(self.canvas, 1)
        pictures.addWidget(self.twin, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(pictures, 1)
        layout.addWidget(self._bottom)
        self._actions = self._make_actions()
        for action in self._actions:
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            self.addAction(action)
        self._opacity.valueChanged.connect(self._redraw)
        for canvas in (self.canvas, self.twin):
            canvas.window_dragged.connect(self._drag_window)
            canvas.pointer_moved.connect(self._tell_value)
            canvas.measured.connect(self._measure)
        self.canvas.view_changed.connect(lambda: self.twin.copy_view(self.canvas))
        self.retranslate()
        self.clear("")

    def _make_actions(self) -> list[QAction]:
        table: tuple[tuple[str, str, str, Callable[[], None] | None], ...] = (
            ("fit", N_("Fit to window"), "F", self.canvas.fit),
            ("actual_size", N_("Actual size"), "Ctrl+1", self.canvas.actual_size),
            ("zoom_in", N_("Zoom in"), "+", lambda: self.canvas.zoom_step(1)),
            ("zoom_out", N_("Zoom out"), "-", lambda: self.canvas.zoom_step(-1)),
            ("window_tool", N_("Window and level tool"), "W", lambda: self._use(Tool.WINDOW)),
            ("measure_tool", N_("Measure"), "M", lambda: self._use(Tool.MEASURE)),
            ("next_window", N_("Next window preset"), "P", self.next_preset),
            ("reset", N_("Reset the view"), "R", self.reset),
            ("invert", N_("Invert"), "I", lambda: self._change(inverted=not self._view().inverted)),
            ("turn_right", N_("Turn right"), "]", lambda: self._turn(1)),
            ("turn_left", N_("Turn left"), "[", lambda: self._turn(-1)),
            (
                "flip_horizontal", N_("Mirror left and right"), "H",
                lambda: self._change(flip_horizontal=not self._view().flip_horizontal),
            ),
            (
                "flip_vertical", N_("Mirror top and bottom"), "V",
                lambda: self._change(flip_vertical=not self._view().flip_vertical),
            ),
            ("heat_map", N_("Show the heat map"), "O", None),
            ("side_by_side", N_("Side by side with the original"), "S", None),
            ("tags", N_("DICOM tags"), "T", self.tags_wanted.emit),
            ("keys", N_("Keys"), "?", self.show_keys),
        )  # fmt: skip
        made = []
        for name, text, key, run in table:
            action = QAction(self)
            action.setObjectName(name)
            action.setData(text)
            action.setShortcut(QKeySequence(key))
            if run is None:
                action.setCheckable(True)
                action.toggled.connect(self._redraw)
            else:
                action.triggered.connect(lambda _checked=False, call=run: self._run(call))
            made.append(action)
        made[13].setChecked(True)
        return made

    def _run(self, call: Callable[[], None]) -> None:
        """Actions of the picture do nothing while there is none; the sheet of keys always opens."""
        if self._radiograph is not None or call == self.show_keys:
            call()

    def actions(self) -> list[QAction]:
        """Return the viewer's actions, for menus and the toolbar."""
        return list(self._actions)

    def action(self, name: str) -> QAction:
        """Return one action by its object name."""
        return next(action for action in self._actions if action.objectName() == name)

    def retranslate(self) -> None:
        """Say every word again in the language in use."""
        for action in self._actions:
            action.setText(tr(action.data()))
            action.setToolTip(f"{tr(action.data())} ({action.shortcut().toString()})")
        self._opacity_label.setText(tr("Opacity"))
        self._opacity.setAccessibleName(tr("Opacity of the heat map"))
        self._caption.setText(sentence("heat_map"))
        self._legend.setAccessibleName(tr("Legend of the heat map: from none to strong"))
        self.canvas.retranslate()
        self.twin.retranslate()
        self._legend.update()

    def set_radiograph(
        self,
        radiograph: Radiograph | None,
        heat_map: npt.NDArray[np.float32] | None = None,
        turned: int = 0,
        inverted: bool = False,
    ) -> None:
        """Show a radiograph the way it was judged: turned and inverted first, then its heat map over it."""
        if radiograph is None:
            self.clear("")
            return
        from pneumo_desktop.imaging.load import invert, turn

        if turned:
            radiograph = turn(radiograph, turned)
        if inverted:
            radiograph = invert(radiograph)
        self._radiograph, self._heat_map = radiograph, heat_map
        self._state = ViewState(radiograph.window)
        self._presets = [("", radiograph.window), *presets(radiograph)]
        self._preset = 0
        self._redraw(keep_view=False)

    def set_heat_map(self, heat_map: npt.NDArray[np.float32] | None) -> None:
        """Put another heat map over the picture that is shown."""
        self._heat_map = heat_map
        self._redraw()

    def clear(self, message: str) -> None:
        """Show no picture but a message."""
        self._radiograph = self._heat_map = self._state = None
        for canvas in (self.canvas, self.twin):
            canvas.message = message
            canvas.set_image(None)
        self.twin.hide()
        self._bottom.hide()

    def _view(self) -> ViewState:
        assert self._state is not None
        return self._state

    def _change(self, **changes: object) -> None:
        self._state = replace(self._view(), **changes)  # type: ignore[arg-type]
        self._redraw(keep_view="quarter_turns" not in changes)

    def _turn(self, quarters: int) -> None:
        state = self._view()
        # A mirrored picture turns the other way round under the same screen turn.
        mirrored = state.flip_horizontal != state.flip_vertical
        self._change(quarter_turns=(state.quarter_turns + (-quarters if mirrored else quarters)) % 4)

    def reset(self) -> None:
        """Go back to the picture as it was opened."""
        if self._radiograph is not None:
            self._state = ViewState(self._radiograph.window)
            self._preset = 0
            self._use(Tool.PAN)
            self._redraw(keep_view=False)

    def next_preset(self) -> None:
        """Look through the next window: the file's own, then ranges of the picture."""
        self._preset = (self._preset + 1) % len(self._presets)
        name, window = self._presets[self._preset]
        self._change(window=window)
        self.status.emit(tr("Window: {name}").format(name=tr(name) if name else tr("as in the file")))

    def _use(self, tool: Tool) -> None:
        chosen = Tool.PAN if self.canvas.tool is tool else tool
        self.canvas.tool = self.twin.tool = chosen
        names = {Tool.PAN: tr("Move"), Tool.WINDOW: tr("Window and level"), Tool.MEASURE: tr("Measure")}
        self.status.emit(tr("Left button: {tool}").format(tool=names[chosen]))

    def _drag_window(self, right: float, down: float) -> None:
        """Right widens the window, down makes the picture darker, as radiology viewers do."""
        window = self._view().window
        width = max(1.0, window.width * (1.0 + 2.0 * right))
        self._change(window=Window(window.center + down * window.width, width))
        self.status.emit(
            tr("Window centre {center}, width {width}").format(center=round(window.center), width=round(width))
        )

    def _tell_value(self, x: int, y: int) -> None:
        if self._radiograph is None:
            return
        state, shape = self._view(), self._radiograph.pixels.shape
        row, column = source_place(x, y, (shape[0], shape[1]), state)
        if 0 <= row < shape[0] and 0 <= column < shape[1]:
            value = int(self._radiograph.pixels[row, column])
            self.status.emit(tr("x {x}, y {y}: {value}").format(x=column, y=row, value=value))

    def _measure(self, first: QPointF, second: QPointF) -> None:
        if self._radiograph is None:
            return
        points = (first.x(), first.y()), (second.x(), second.y())
        spacing = self._radiograph.spacing_mm
        if spacing is None:
            text = tr("{length:.0f} pixels").format(length=length_mm(*points, (1.0, 1.0), self._view()))
        else:
            text = tr("{length:.1f} mm").format(length=length_mm(*points, spacing, self._view()))
        self.canvas.measure_text = self.twin.measure_text = text

    def _redraw(self, *_: object, keep_view: bool = True) -> None:
        if self._radiograph is None:
            return
        state = self._view()
        plain = shown(self._radiograph, state)
        side_by_side = self.action("side_by_side").isChecked()
        self._bottom.setVisible(self._heat_map is not None)
        picture = image_of(plain)
        if self._heat_map is not None and self.action("heat_map").isChecked():
            heat = np.ascontiguousarray(arrange(self._heat_map, state)).astype(np.float32, copy=False)
            self.canvas.set_image(image_of(overlay(plain, heat, self._opacity.value() / 100)), keep_view)
        else:
            self.canvas.set_image(picture, keep_view)
        self.twin.setVisible(side_by_side)
        if side_by_side:
            self.twin.set_image(picture, keep_view)

    def picture(self) -> QImage:
        """Return what is shown, in the picture's own size, with the caption burnt in below where a map is laid over."""
        image = self.canvas._image
        if image is None:
            return QImage()
        if self._heat_map is None or not self.action("heat_map").isChecked():
            return image
        band = max(20, image.height() // 24)
        whole = QImage(image.width(), image.height() + band, QImage.Format.Format_RGB888)
        whole.fill(QColor(0, 0, 0))
        painter = QPainter(whole)
        painter.drawImage(0, 0, image)
        font = painter.font()
        font.setPixelSize(max(9, band // 2))
        painter.setFont(font)
        painter.setPen(QColor(255, 255, 255))
        text = f"{sentence('heat_map')} {sentence('disclaimer')}"
        painter.drawText(4, image.height(), image.width() - 8, band, Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
        return whole

    def save_png(self, path: Path) -> bool:
        """Write ``picture`` as PNG; False when it could not be written."""
        return self._radiograph is not None and self.picture().save(str(path), "PNG")  # type: ignore[call-overload]

    def show_tags(self, rows: tuple[tuple[str, str, str, str], ...]) -> None:
        """Open the tag dialog with rows of (tag, keyword, VR, value)."""
        TagsDialog(rows, self).exec()

    def show_keys(self) -> None:
        """Open the sheet of keys of the whole window."""
        window = self.window()
        everything: list[QAction] = list(filter(QAction.text, window.findChildren(QAction)))
        CheatSheet(everything or self._actions, self).exec()
