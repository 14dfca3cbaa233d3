"""The viewer's actions as data: name, words, key, and the method of the panel that they call."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from pneumo_desktop.words import N_, tr


@dataclass(frozen=True)
class ViewerAction:
    """``slot`` is the name of a method; ``kind`` is once, switch (on or off) or tool (one of several)."""

    name: str
    text: str
    key: str
    slot: str
    kind: str = "once"


ACTIONS = (
    ViewerAction("fit", N_("Fit to window"), "F", "fit"),
    ViewerAction("actual_size", N_("Actual size, 1:1"), "Ctrl+1", "actual_size"),
    ViewerAction("zoom_in", N_("Zoom in"), "+", "zoom_in"),
    ViewerAction("zoom_out", N_("Zoom out"), "-", "zoom_out"),
    ViewerAction("pan_tool", N_("Move"), "G", "use_pan", "tool"),
    ViewerAction("window_tool", N_("Window and level"), "W", "use_window", "tool"),
    ViewerAction("measure_tool", N_("Measure a length"), "M", "use_measure", "tool"),
    ViewerAction("next_window", N_("Next window preset"), "P", "next_preset"),
    ViewerAction("invert", N_("Invert"), "I", "invert"),
    ViewerAction("turn_left", N_("Turn left"), "[", "turn_left"),
    ViewerAction("turn_right", N_("Turn right"), "]", "turn_right"),
    ViewerAction("flip_horizontal", N_("Mirror left and right"), "H", "flip_horizontal"),
    ViewerAction("flip_vertical", N_("Mirror top and bottom"), "V", "flip_vertical"),
    ViewerAction("reset", N_("Reset the view"), "R", "reset"),
    ViewerAction("heat_map", N_("Show the heat map"), "O", "redraw", "switch"),
    ViewerAction("stronger", N_("Heat map stronger"), ".", "stronger"),
    ViewerAction("weaker", N_("Heat map weaker"), ",", "weaker"),
    ViewerAction("side_by_side", N_("Side by side with and without the heat map"), "S", "redraw", "switch"),
    ViewerAction("tags", N_("DICOM tags…"), "T", "ask_for_tags"),
)


def make_actions(panel: QWidget) -> dict[str, QAction]:
    """Return the actions by name; they work wherever the focus is in the panel's window."""
    tools = QActionGroup(panel)
    made: dict[str, QAction] = {}
    for spec in ACTIONS:
        action = QAction(panel)
        action.setObjectName(spec.name)
        action.setData(spec.text)
        action.setShortcut(QKeySequence(spec.key))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(spec.kind != "once")
        if spec.kind == "tool":
            tools.addAction(action)
        signal = action.toggled if spec.kind == "switch" else action.triggered
        signal.connect(lambda _checked=False, slot=spec.slot: getattr(panel, slot)())
        panel.addAction(action)
        made[spec.name] = action
    made["pan_tool"].setChecked(True)
    return made


def retranslate(actions: dict[str, QAction]) -> None:
    """Say every action again in the language in use."""
    for action in actions.values():
        action.setText(tr(action.data()))
