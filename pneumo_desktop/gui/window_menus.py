"""The main window's actions as data, and the menus and the toolbar that are built from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton, QWidget

from pneumo_desktop.gui.icons import icon
from pneumo_desktop.gui.row_words import local_time
from pneumo_desktop.gui.settings_dialog import LANGUAGE_NAMES, THEME_WORDS
from pneumo_desktop.gui.theme import Theme
from pneumo_desktop.words import N_, available_languages, ntr, tr


@dataclass(frozen=True)
class ActionSpec:
    """One action: ``slot`` names the method that it calls, of the window or of a part of it (``review.undo``).

    A held key repeats it where ``repeats``.
    """

    name: str
    text: str
    key: str
    slot: str
    repeats: bool = True


MENUS: tuple[tuple[str, tuple[ActionSpec | str | None, ...]], ...] = (
    (
        N_("&File"),
        (
            ActionSpec("open_folder", N_("Open a folder…"), "Ctrl+O", "files.open_folder"),
            ActionSpec("open_files", N_("Open files…"), "Ctrl+Shift+O", "files.open_files"),
            ActionSpec("examples", N_("Try it with generated examples"), "", "files.try_examples"),
            "recent",
            "earlier",
            None,
            ActionSpec("export", N_("Export the results…"), "Ctrl+E", "files.export_results"),
            ActionSpec("save_picture", N_("Save the picture…"), "Ctrl+S", "files.save_viewed_picture"),
            None,
            ActionSpec("clear", N_("Clear the list"), "Ctrl+W", "clear_list"),
            ActionSpec("settings", N_("Settings…"), "Ctrl+,", "appearance.show_settings"),
            ActionSpec("quit", N_("Quit"), "Ctrl+Q", "close"),
        ),
    ),
    (
        N_("&Worklist"),
        (
            ActionSpec("next", N_("Next radiograph"), "N", "next_row"),
            ActionSpec("previous", N_("Previous radiograph"), "B", "previous_row"),
            ActionSpec("left", N_("Show only what is left"), "L", "queue.show_left"),
            ActionSpec("find", N_("Filter"), "Ctrl+F", "queue.focus_filter"),
            None,
            ActionSpec("agree", N_("Decision: agree"), "A", "review.agree", repeats=False),
            ActionSpec("pneumonia", N_("Decision: pneumonia"), "1", "review.pneumonia", repeats=False),
            ActionSpec("normal", N_("Decision: normal"), "2", "review.normal", repeats=False),
            ActionSpec("cannot_tell", N_("Decision: cannot tell"), "3", "review.cannot_tell", repeats=False),
            ActionSpec("note", N_("Write a note"), "Ctrl+N", "focus_note"),
            ActionSpec("undo", N_("Undo the last decision or note"), "Ctrl+Z", "review.undo", repeats=False),
            None,
            ActionSpec("pause", N_("Pause or continue reading"), "Ctrl+P", "reading.toggle_pause"),
            ActionSpec("cancel", N_("Stop reading"), "Ctrl+.", "reading.cancel"),
            ActionSpec("read_file", N_("Read this file again"), "F5", "read_file_again", repeats=False),
            ActionSpec("left_out", N_("Files that were left out…"), "", "files.show_left_out"),
        ),
    ),
    (N_("&View"), ("viewer", None, "theme", "language")),
    (
        N_("&Model"),
        (
            ActionSpec("evaluate", N_("Evaluate on a labelled folder…"), "Ctrl+L", "doors.show_evaluation"),
            ActionSpec("train", N_("Train with your own images…"), "Ctrl+T", "doors.show_training"),
            ActionSpec("models", N_("Models…"), "Ctrl+M", "doors.show_models"),
        ),
    ),
    (
        N_("&Help"),
        (
            ActionSpec("help", N_("How to use it, and how to read the answers"), "F1", "info.show_help"),
            ActionSpec("keys", N_("Keys"), "?", "info.show_keys"),
            ActionSpec("checkup", N_("Check this computer…"), "", "info.show_checkup"),
            ActionSpec("about", N_("About Pneumo Desktop"), "", "info.show_about"),
        ),
    ),
)
_SUBMENUS = {
    "recent": N_("Recent folders and files"),
    "earlier": N_("Earlier lists"),
    "theme": N_("Colours"),
    "language": N_("Language"),
}
TOOLS = (
    "open_folder", "export", None, "fit", "actual_size", "zoom_in", "zoom_out", None, "pan_tool", "window_tool",
    "next_window", "measure_tool", None, "invert", "turn_left", "turn_right", "flip_horizontal", "flip_vertical", None,
    "heat_map", "side_by_side", "tags", "reset",
)  # fmt: skip


class WindowMenus(QObject):
    """Builds the menu bar of a window. Sub-menus tell what was chosen by signals."""

    recent_chosen = Signal(object)  # a name that is no Unicode does not pass as text of Qt
    earlier_chosen = Signal(int)
    earlier_wanted = Signal()
    theme_chosen = Signal(Theme)
    language_chosen = Signal(str)

    def __init__(
        self, window: QMainWindow, viewer_actions: Mapping[str, QAction], recent: Callable[[], Sequence[str]]
    ) -> None:
        super().__init__(window)
        self.actions: dict[str, QAction] = {}
        self.submenus: dict[str, QMenu] = {}
        self._menus: list[tuple[QMenu, str]] = []
        self._viewer_actions = viewer_actions
        self._recent = recent
        for title, parts in MENUS:
            menu = window.menuBar().addMenu("")
            self._menus.append((menu, title))
            for part in parts:
                self._add(window, menu, part)
        self.submenus["recent"].aboutToShow.connect(self._fill_recent)
        self.submenus["earlier"].aboutToShow.connect(self.earlier_wanted)
        self._themes = QActionGroup(self)
        for theme in Theme:
            self._choice("theme", self._themes, theme)
        self._languages = QActionGroup(self)
        for code in available_languages():
            self._choice("language", self._languages, code)
        self._themes.triggered.connect(lambda action: self.theme_chosen.emit(Theme(action.data())))
        self._languages.triggered.connect(lambda action: self.language_chosen.emit(action.data()))

    def _add(self, window: QMainWindow, menu: QMenu, part: ActionSpec | str | None) -> None:
        if part is None:
            menu.addSeparator()
        elif part == "viewer":
            menu.addActions(list(self._viewer_actions.values()))
        elif isinstance(part, str):
            self.submenus[part] = menu.addMenu("")
        else:
            action = QAction(window)
            action.setObjectName(part.name)
            action.setData(part.text)
            if part.key:
                action.setShortcut(QKeySequence(part.key))
            action.setAutoRepeat(part.repeats)
            slot = attrgetter(part.slot)(window)
            action.triggered.connect(lambda _checked=False: slot())
            menu.addAction(action)
            self.actions[part.name] = action

    def _choice(self, submenu: str, group: QActionGroup, value: str) -> None:
        action = self.submenus[submenu].addAction("")
        action.setCheckable(True)
        action.setData(value)
        group.addAction(action)

    def tick(self, theme: Theme, language: str) -> None:
        """Mark the theme and the language in use."""
        for group, value in ((self._themes, theme), (self._languages, language)):
            for action in group.actions():
                action.setChecked(action.data() == value)

    def groups(self) -> list[tuple[str, list[QAction]]]:
        """Return (title, actions) of every menu, for the sheet of keys."""
        return [(menu.title(), menu.actions()) for menu, _title in self._menus]

    def retranslate(self) -> None:
        """Say every action and menu again in the language in use."""
        for action in self.actions.values():
            action.setText(tr(action.data()))
        for menu, title in self._menus:
            menu.setTitle(tr(title))
        for name, title in _SUBMENUS.items():
            self.submenus[name].setTitle(tr(title))
        for action in self._themes.actions():
            action.setText(tr(THEME_WORDS[Theme(action.data())]))
        for action in self._languages.actions():
            action.setText(LANGUAGE_NAMES.get(action.data(), action.data()))

    def _fill_recent(self) -> None:
        menu = self.submenus["recent"]
        menu.clear()
        for name in self._recent():
            action = menu.addAction(name.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, name=name: self.recent_chosen.emit(name))
        self._none_yet(menu)

    def show_earlier(self, queues: Sequence[tuple[int, str, str, int]]) -> None:
        """Fill the sub-menu of earlier lists with (queue id, label, time it was begun, number of files)."""
        menu = self.submenus["earlier"]
        menu.clear()
        for queue_id, label, created, count in queues:
            text = ntr("{label}, {count} file, {date}", "{label}, {count} files, {date}", count)
            text = text.format(label=label.replace("&", "&&"), count=count, date=local_time(created))
            action = menu.addAction(text)
            action.triggered.connect(lambda _checked=False, queue_id=queue_id: self.earlier_chosen.emit(queue_id))
        self._none_yet(menu)

    @staticmethod
    def _none_yet(menu: QMenu) -> None:
        if menu.isEmpty():
            menu.addAction(tr("None yet")).setEnabled(False)


class WindowToolbar(QToolBar):
    """The one toolbar: what is used most, as icons with their words and keys as tool tips; ``last`` stands at its end."""

    def __init__(self, actions: Mapping[str, QAction], presets: QMenu, last: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMovable(False)
        self.setFloatable(False)
        self.setObjectName("toolbar")
        self.setIconSize(QSize(22, 22))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._actions = actions
        self._buttons: dict[str, QToolButton] = {}
        for name in TOOLS:
            if name is None:
                self.addSeparator()
                continue
            button = self._buttons[name] = QToolButton()
            button.setDefaultAction(actions[name])
            button.setAutoRaise(True)
            button.setIconSize(self.iconSize())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.addWidget(button)
            if name == "next_window":
                button.setMenu(presets)
                button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.addSeparator()
        self.addWidget(last)
        self.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icons in the new colours after the theme changed."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_icons()

    def _draw_icons(self) -> None:
        for name in filter(None, TOOLS):
            self._actions[name].setIcon(icon(name, self.palette()))
        more = self.findChild(QToolButton, "qt_toolbar_ext_button")  # Qt's own arrow is black on every ground
        if more is not None:
            more.setIcon(icon("more", self.palette()))

    def retranslate(self) -> None:
        """Say the tool bar again, and draw its icons in the colours in use."""
        self.setWindowTitle(tr("Tools"))
        self.setAccessibleName(tr("Tools"))
        self._draw_icons()
        for name, button in self._buttons.items():
            action = self._actions[name]
            key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(f"{action.text().rstrip('…')} ({key})" if key else action.text())
            button.setAccessibleName(action.text().rstrip("…"))
