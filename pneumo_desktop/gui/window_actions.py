"""The main window's actions as data; menus are built from them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from pneumo_desktop.words import N_, tr


@dataclass(frozen=True)
class ActionSpec:
    """One action: ``slot`` is the name of the window's method that it calls."""

    name: str
    text: str
    key: str
    slot: str


MENUS: tuple[tuple[str, tuple[ActionSpec | None, ...]], ...] = (
    (
        N_("&File"),
        (
            ActionSpec("open_folder", N_("Open a folder…"), "Ctrl+O", "open_folder"),
            ActionSpec("open_files", N_("Open files…"), "Ctrl+Shift+O", "open_files"),
            ActionSpec("examples", N_("Try it with generated examples"), "", "try_examples"),
            None,
            ActionSpec("export", N_("Export the results…"), "Ctrl+E", "export_results"),
            ActionSpec("save_picture", N_("Save the picture…"), "Ctrl+S", "save_viewed_picture"),
            None,
            ActionSpec("clear", N_("Clear the list"), "Ctrl+W", "clear_list"),
            ActionSpec("settings", N_("Settings…"), "Ctrl+,", "show_settings"),
            ActionSpec("quit", N_("Quit"), "Ctrl+Q", "close"),
        ),
    ),
    (
        N_("&Worklist"),
        (
            ActionSpec("next", N_("Next radiograph"), "N", "next_row"),
            ActionSpec("previous", N_("Previous radiograph"), "B", "previous_row"),
            ActionSpec("left", N_("Show only what is left"), "L", "toggle_left"),
            ActionSpec("find", N_("Filter"), "Ctrl+F", "focus_filter"),
            None,
            ActionSpec("agree", N_("Decision: agree"), "A", "decide_agree"),
            ActionSpec("pneumonia", N_("Decision: pneumonia"), "1", "decide_pneumonia"),
            ActionSpec("normal", N_("Decision: normal"), "2", "decide_normal"),
            ActionSpec("cannot_tell", N_("Decision: cannot tell"), "3", "decide_cannot_tell"),
            ActionSpec("undo", N_("Undo the last decision"), "Ctrl+Z", "undo_decision"),
            None,
            ActionSpec("pause", N_("Pause or go on reading"), "Ctrl+P", "toggle_pause"),
            ActionSpec("cancel", N_("Stop reading"), "Esc", "cancel_reading"),
            ActionSpec("left_out", N_("Files that were left out…"), "", "show_left_out"),
        ),
    ),
    (
        N_("&Model"),
        (
            ActionSpec("evaluate", N_("Evaluate on a labelled folder…"), "Ctrl+L", "show_evaluation"),
            ActionSpec("train", N_("Train with your own images…"), "Ctrl+T", "show_training"),
            ActionSpec("models", N_("Models…"), "Ctrl+M", "show_models"),
        ),
    ),
)


def make_menus(window: QObject, menu_bar: QMenuBar) -> tuple[dict[str, QAction], list[tuple[QMenu, str]]]:
    """Fill ``menu_bar`` from ``MENUS`` and return the actions by name and (menu, its message id) pairs."""
    actions: dict[str, QAction] = {}
    menus: list[tuple[QMenu, str]] = []
    for title, specs in MENUS:
        menu = menu_bar.addMenu("")
        menus.append((menu, title))
        for spec in specs:
            if spec is None:
                menu.addSeparator()
                continue
            action = QAction(window)
            action.setObjectName(spec.name)
            action.setData(spec.text)
            if spec.key:
                action.setShortcut(QKeySequence(spec.key))
            action.triggered.connect(lambda _checked=False, slot=spec.slot: getattr(window, slot)())
            menu.addAction(action)
            actions[spec.name] = action
    return actions, menus


def retranslate(actions: dict[str, QAction], menus: list[tuple[QMenu, str]]) -> None:
    """Say every action and menu again in the language in use."""
    for action in actions.values():
        action.setText(tr(action.data()))
    for menu, title in menus:
        menu.setTitle(tr(title))
