"""What the window tells when it is asked: keys, help, the check of the computer, and what the program is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from pneumo_desktop import __version__
from pneumo_desktop.app import Services
from pneumo_desktop.gui.model_words import model_text
from pneumo_desktop.gui.questions import about
from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence


class InfoDoors(QObject):
    """Opens the dialogs of the help menu over ``window``; ``groups`` returns (title, actions) of every menu."""

    def __init__(
        self, services: Services, groups: Callable[[], Sequence[tuple[str, Sequence[QAction]]]], window: QWidget
    ) -> None:
        super().__init__(window)
        self._services, self._groups, self._window = services, groups, window

    def show_keys(self) -> None:
        """Show the sheet of keys."""
        from pneumo_desktop.gui.viewer.dialogs import CheatSheet

        CheatSheet(self._groups(), self._window).exec()

    def show_help(self) -> None:
        """Show the help page."""
        from pneumo_desktop.gui.help_dialog import HelpDialog

        HelpDialog(self._services.bundled_card(), self._window).exec()

    def show_checkup(self) -> None:
        """Look at this computer and this installation, and tell what was seen."""
        from pneumo_desktop.gui.checkup import CheckupDialog

        dialog = CheckupDialog(self._services, self._window)
        dialog.begin()
        dialog.exec()

    def show_about(self) -> None:
        """Say what the program is, and what it is not."""
        lines = [
            f"Pneumo Desktop {__version__}",
            sentence("disclaimer"),
            model_text(self._services.card()),
            "Apache-2.0",
        ]
        about(self._window, tr("About Pneumo Desktop"), "\n\n".join(filter(None, lines)))
