"""The viewer: canvas (and a twin for comparison), actions, heat-map controls and legend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QImage, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QSizePolicy, QSlider, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.viewer import actions as viewer_actions
from pneumo_desktop.gui.viewer.canvas import Canvas, Tool
from pneumo_desktop.gui.viewer.legend import Legend
from pneumo_desktop.words import decimal, tr
from pneumo_desktop.words.sentences import sentence

if TYPE_CHECKING:  # NumPy and the decoders come with the first picture
    from pneumo_desktop.gui.viewer.picture import Picture
    from pneumo_desktop.gui.viewer.view_state import ViewState

_OPACITY_STEP = 10
_NARROW = 70
"""Characters."""


class ViewerPanel(QWidget):
    """Shows one ``Picture``.

    ``status`` tells the value under the pointer or a length, ``status_outdated`` that what was told last is of a picture
    that is shown no more, ``tags_wanted`` asks for the tag dialog.
    """

    status = Signal(str)
    status_outdated = Signal(str)
    tags_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("viewer")
        self._picture: Picture | None = None
        self._state: ViewState | None = None
        self._preset = 0
        self._told = ""
        self.canvas = Canvas()
        self.twin = Canvas()
        self.twin.hide()
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(55)
        self.opacity.setPageStep(_OPACITY_STEP)
        self.opacity.setMinimumWidth(40)
        self.opacity.setMaximumWidth(140)
        self._opacity_label = Label()
        self._opacity_label.setBuddy(self.opacity)
        self._caption = Label(wordWrap=True)
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._legend = Legend()
        self._bottom = QWidget()
        self._bottom_line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._bottom)
        self._bottom_line.setContentsMargins(8, 4, 8, 4)
        self._bottom_line.setSpacing(10)
        controls = QHBoxLayout()
        controls.setSpacing(10)
        for widget in (self._legend, self._opacity_label, self.opacity):
            controls.addWidget(widget)
        self._bottom_line.addLayout(controls)
        self._bottom_line.addWidget(self._caption, 1)
        pictures = QHBoxLayout()
        pictures.setSpacing(2)
        pictures.addWidget(self.canvas, 1)
        pictures.addWidget(self.twin, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(pictures, 1)
        layout.addWidget(self._bottom)
        self.actions_by_name = viewer_actions.make_actions(self)
        self.presets_menu = QMenu(self)
        self.presets_menu.aboutToShow.connect(self._fill_presets)
        self.opacity.valueChanged.connect(self.redraw)
        for canvas in (self.canvas, self.twin):
            canvas.window_dragged.connect(self._drag_window)
            canvas.pointer_moved.connect(self._tell_value)
            canvas.pointer_left.connect(lambda: self.status.emit(""))
            canvas.measured.connect(partial(self._measure, canvas))
        self.canvas.view_changed.connect(lambda: self._view_changed(self.canvas, self.twin))
        self.twin.view_changed.connect(lambda: self._view_changed(self.twin, self.canvas))
        self.actions_by_name["heat_map"].setChecked(True)
        self.retranslate()
        self.clear("")

    def action(self, name: str) -> QAction:
        """Return one action by its name."""
        return self.actions_by_name[name]

    def retranslate(self) -> None:
        """Say every word again in the language in use."""
        viewer_actions.retranslate(self.actions_by_name)
        self._opacity_label.setText(tr("Opacity"))
        self.opacity.setAccessibleName(tr("Opacity of the heat map"))
        self.twin.setAccessibleDescription(tr("The same picture without the heat map"))
        for part in (self.canvas, self.twin, self._legend):
            part.retranslate()
        self.redraw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the caption stands under the legend and not beside it."""
        narrow = self.width() < _NARROW * self.fontMetrics().averageCharWidth()
        self._bottom_line.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        self._bottom_line.setSpacing(2 if narrow else 10)
        super().resizeEvent(event)

    # what is shown

    def set_picture(self, picture: Picture, keep_view: bool = False) -> None:
        """Show a picture as it was judged, with its heat map over it; tool, map and side by side stay as chosen.

        ``keep_view``: it is the picture that is shown already, judged anew; zoom, place and window stay where they fit.
        """
        from pneumo_desktop.gui.viewer.view_state import ViewState

        before, self._picture = self._picture, picture
        keep_view = keep_view and before is not None and _dress(before) == _dress(picture)
        if not keep_view or self._state is None:
            self._state = ViewState(picture.radiograph.window)
            self._preset = 0
            self.status_outdated.emit(self._told)
        self._enable()
        self.redraw(keep_view=keep_view)

    def clear(self, message: str) -> None:
        """Show no picture but a message."""
        self._picture = self._state = None
        for canvas in (self.canvas, self.twin):
            canvas.message = message
            canvas.corner_text = ""
            canvas.show_picture(None, None, None)
        self.twin.hide()
        self._bottom.hide()
        self._enable()
        self.status_outdated.emit(self._told)

    def _enable(self) -> None:
        """Actions of a picture are there when there is one."""
        for action in self.actions_by_name.values():
            action.setEnabled(self._picture is not None)

    def redraw(self, *_: object, keep_view: bool = True) -> None:
        """Paint again what is shown."""
        picture = self._picture
        if picture is None:
            return
        with_map = picture.heat is not None and self.action("heat_map").isChecked()
        self._bottom.setVisible(picture.heat is not None)
        self._caption.setText(sentence("heat_map_empty" if picture.without_colour else "heat_map"))
        self.opacity.setEnabled(with_map)
        opacity = self.opacity.value() / 100 if with_map else None
        self.canvas.show_picture(picture, self._state, opacity, keep_view)
        side_by_side = self.action("side_by_side").isChecked()
        with QSignalBlocker(self.twin):  # it looks where the canvas does, and not the other way round
            self.twin.setVisible(side_by_side)
            self.twin.show_picture(picture, self._state, None, keep_view and side_by_side)
            self.twin.copy_view(self.canvas)
        self._say_view()

    def snapshot(self) -> Callable[[], QImage] | None:
        """Return what makes an image of what is shown now, in the picture's own size; call it on any thread."""
        from pneumo_desktop.gui.viewer.picture import whole_image

        picture, state = self._picture, self._state
        if picture is None or state is None:
            return None
        with_map = self.action("heat_map").isChecked()
        opacity = self.opacity.value() / 100 if with_map else None
        return lambda: whole_image(picture, state, opacity)

    # what the reader does to it

    def _view(self) -> ViewState:
        assert self._state is not None
        return self._state

    def _change(self, **changes: object) -> None:
        self._state = replace(self._view(), **changes)  # type: ignore[arg-type]
        if changes.keys() - {"window", "inverted"}:
            for canvas in (self.canvas, self.twin):
                canvas.clear_measure()  # its ends would lie elsewhere in the picture
        self.redraw(keep_view="quarter_turns" not in changes)

    def fit(self) -> None:
        """Show the whole picture."""
        self.canvas.fit()

    def actual_size(self) -> None:
        """Show one image pixel as one screen pixel."""
        self.canvas.actual_size()

    def zoom_in(self) -> None:
        """Zoom in about the middle."""
        self.canvas.zoom_step(1)

    def zoom_out(self) -> None:
        """Zoom out about the middle."""
        self.canvas.zoom_step(-1)

    def use_pan(self) -> None:
        """Let the left button move the picture."""
        self._use(Tool.PAN)

    def use_window(self) -> None:
        """Let the left button change window and level; the key pressed again goes back to moving."""
        self._use(Tool.PAN if self.canvas.tool is Tool.WINDOW else Tool.WINDOW)

    def use_measure(self) -> None:
        """Let the left button measure; the key pressed again goes back to moving."""
        self._use(Tool.PAN if self.canvas.tool is Tool.MEASURE else Tool.MEASURE)

    def invert(self) -> None:
        """Show dark as bright."""
        self._change(inverted=not self._view().inverted)

    def turn_left(self) -> None:
        """Turn by a quarter, anticlockwise."""
        self._turn(-1)

    def turn_right(self) -> None:
        """Turn by a quarter, clockwise."""
        self._turn(1)

    def flip_horizontal(self) -> None:
        """Mirror left and right."""
        self._change(flip_horizontal=not self._view().flip_horizontal)

    def flip_vertical(self) -> None:
        """Mirror top and bottom."""
        self._change(flip_vertical=not self._view().flip_vertical)

    def stronger(self) -> None:
        """Make the heat map more opaque."""
        self.opacity.setValue(self.opacity.value() + _OPACITY_STEP)

    def weaker(self) -> None:
        """Make the heat map less opaque."""
        self.opacity.setValue(self.opacity.value() - _OPACITY_STEP)

    def ask_for_tags(self) -> None:
        """Ask for the tags of the file."""
        self.tags_wanted.emit()

    def reset(self) -> None:
        """Go back to the picture as it was opened."""
        from pneumo_desktop.gui.viewer.view_state import ViewState

        if self._picture is not None:
            self._state = ViewState(self._picture.radiograph.window)
            self._preset = 0
            self._use(Tool.PAN)
            self.redraw(keep_view=False)

    def next_preset(self) -> None:
        """Look through the next window: the file's own, then ranges of the picture."""
        if self._picture is not None:
            self.use_preset((self._preset + 1) % len(self._picture.presets))

    def use_preset(self, number: int) -> None:
        """Look through a window by its place among the presets."""
        if self._picture is None:
            return
        self._preset = number
        name, window = self._picture.presets[number]
        self._change(window=window)
        self.status.emit(tr("Window: {name}").format(name=_preset_name(name)))

    def _fill_presets(self) -> None:
        from pneumo_desktop.gui.viewer.view_state import width_and_center

        self.presets_menu.clear()
        for number, (name, window) in enumerate(self._picture.presets if self._picture is not None else ()):
            words = f"{_preset_name(name)}   ({width_and_center(window)})"
            action = self.presets_menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(number == self._preset and window == self._view().window)
            action.triggered.connect(lambda _checked=False, number=number: self.use_preset(number))

    def _turn(self, quarters: int) -> None:
        state = self._view().turned(quarters)
        self._change(quarter_turns=state.quarter_turns, mirrored_first=state.mirrored_first)

    def _use(self, tool: Tool) -> None:
        names = {Tool.PAN: tr("Move"), Tool.WINDOW: tr("Window and level"), Tool.MEASURE: tr("Measure a length")}
        actions = {Tool.PAN: "pan_tool", Tool.WINDOW: "window_tool", Tool.MEASURE: "measure_tool"}
        self.canvas.use(tool)
        self.twin.use(tool)
        self.action(actions[tool]).setChecked(True)
        self.status.emit(tr("Left button: {tool}").format(tool=names[tool]))

    def _drag_window(self, right: float, down: float) -> None:
        """Right widens the window, down makes the picture darker, as radiology viewers do."""
        if self._picture is None:
            return
        window = self._view().window
        width = max(1.0, window.width * (1.0 + 2.0 * right))
        self._change(window=replace(window, center=window.center + down * window.width, width=width))

    # what is told of it

    def _view_changed(self, moved: Canvas, other: Canvas) -> None:
        """Both look at the same place, whichever was moved."""
        if not self.twin.isHidden():
            other.copy_view(moved)
        self._say_view()

    def _say_view(self) -> None:
        """Write window, zoom and what was done to the picture into its corner."""
        if self._picture is None or self._state is None:
            return
        from pneumo_desktop.gui.viewer.view_state import width_and_center

        changes = self._state.changes()
        window = tr("Window {numbers}").format(numbers=width_and_center(self._state.window))
        self.canvas.corner_text = " · ".join([window, f"{self.canvas.zoom_percent()} %", *changes])
        self.canvas.update()
        self.twin.corner_text = " · ".join([tr("without heat map"), *changes])
        self.twin.update()

    def _tell_value(self, x: int, y: int) -> None:
        from pneumo_desktop.gui.viewer.view_state import source_place

        if self._picture is None:
            return
        pixels = self._picture.radiograph.pixels
        height, width = pixels.shape
        row, column = source_place(x, y, (height, width), self._view())
        if 0 <= row < height and 0 <= column < width:
            value = int(pixels[row, column])
            self._tell(tr("Column {x}, row {y}: value {value}").format(x=column, y=row, value=value))
        else:
            self._tell("")

    def _measure(self, canvas: Canvas, first: QPointF, second: QPointF) -> None:
        from pneumo_desktop.gui.viewer.view_state import length_mm

        if self._picture is None:
            return
        points = (first.x(), first.y()), (second.x(), second.y())
        radiograph = self._picture.radiograph
        spacing = radiograph.spacing_mm
        if spacing is None:
            length = length_mm(*points, (1.0, 1.0), self._view())
            text = tr("{length} pixels (no scale in the file)").format(length=round(length))
        else:
            words = tr("{length} mm at the detector") if radiograph.spacing_at_detector else tr("{length} mm")
            text = words.format(length=decimal(length_mm(*points, spacing, self._view()), 1))
        canvas.measure_text = text
        self._tell(text)

    def _tell(self, text: str) -> None:
        self._told = text
        self.status.emit(text)


def _dress(picture: Picture) -> tuple[object, ...]:
    """Return what must be the same for a place or a window in one picture to mean the same in another."""
    return picture.radiograph.pixels.shape, picture.turned, picture.inverted


def _preset_name(name: str) -> str:
    return tr(name) if name else tr("as in the file")
