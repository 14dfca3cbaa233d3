"""The ways of files into the window and out of it: the dialogs that ask which to read and where to write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from pneumo_desktop import places
from pneumo_desktop.gui.preferences import Preferences
from pneumo_desktop.gui.queue_model import QueueModel
from pneumo_desktop.gui.reading_desk import ReadingDesk
from pneumo_desktop.gui.review_desk import ReviewDesk
from pneumo_desktop.gui.viewer import ViewerPanel
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.words import tr

MOST_RECENT = 8


class FileDoors(QObject):
    """Asks for files and folders (``wanted`` carries paths, and whether they are the generated examples) and writes some."""

    wanted = Signal(object, bool)

    def __init__(
        self, rows: QueueModel, viewer: ViewerPanel, reading: ReadingDesk, review: ReviewDesk, preferences: Preferences,
        background: Background, window: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._rows, self._viewer, self._reading, self._review = rows, viewer, reading, review
        self._preferences, self._background, self._window = preferences, background, window

    def open_folder(self) -> None:
        """Ask for a folder and read it."""
        start = self._preferences.get("last_folder", "")
        chosen = QFileDialog.getExistingDirectory(self._window, tr("Open a folder of radiographs"), start)
        if chosen:
            self._preferences.set("last_folder", chosen)
            self.wanted.emit([Path(chosen)], False)

    def open_files(self) -> None:
        """Ask for files and read them."""
        start = self._preferences.get("last_folder", "")
        chosen, _filter = QFileDialog.getOpenFileNames(self._window, tr("Open radiographs"), start)
        if chosen:
            self._preferences.set("last_folder", str(Path(chosen[0]).parent))
            self.wanted.emit([Path(name) for name in chosen], False)

    def try_examples(self) -> None:
        """Read the generated examples."""
        self.wanted.emit([places.resource("examples")], True)

    def remember(self, paths: Sequence[Path]) -> None:
        """Put paths in front of the recent ones."""
        names = [str(path.absolute()) for path in paths][:MOST_RECENT]
        before = [name for name in self.recent() if name not in names]
        self._preferences.set("recent", (names + before)[:MOST_RECENT])

    def recent(self) -> list[str]:
        """Return the files and folders that were read before, the newest first."""
        return [name for name in self._preferences.get("recent", []) if isinstance(name, str)]

    def export_results(self) -> None:
        """Ask how and where to, and write the list."""
        from pneumo_desktop.gui.export_dialog import ask_and_export

        ask_and_export(
            self._window, self._rows, self._preferences, self._background, self._reading.left_out,
            self._review.as_recorded,
        )  # fmt: skip

    def save_viewed_picture(self) -> None:
        """Ask for a file and save the picture as it is shown; until the chosen row's has come, do nothing.

        The picture of the row before is still on the screen then, and would be saved under the name of the chosen one.
        """
        from pneumo_desktop.gui.export_dialog import ask_and_save_picture

        row, make = self._review.current, self._viewer.snapshot()
        if row is not None and make is not None and self._review.seen:
            ask_and_save_picture(self._window, row.entry.stem(), make, self._rows, self._preferences, self._background)

    def show_left_out(self) -> None:
        """Say what was left out, counted by reason, with the names."""
        from pneumo_desktop.gui.left_out_dialog import LeftOutDialog

        LeftOutDialog(self._reading.left_out, self._window).exec()
