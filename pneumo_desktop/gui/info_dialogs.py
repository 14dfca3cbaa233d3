"""What the window tells when it is asked: keys, help, the check of the computer, and what the program is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMessageBox, QWidget

from pneumo_desktop import __version__
from pneumo_desktop.app import Services
from pneumo_desktop.gui.model_words import model_text
from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence


def show_keys(groups: Sequence[tuple[str, Sequence[QAction]]], parent: QWidget) -> None:
    """Show the sheet of keys."""
    from pneumo_desktop.gui.viewer.dialogs import CheatSheet

    CheatSheet(groups, parent).exec()


def show_help(services: Services, parent: QWidget) -> None:
    """Show the help page."""
    from pneumo_desktop.gui.help_dialog import HelpDialog

    HelpDialog(services.bundled_card(), parent).exec()


def show_checkup(services: Services, parent: QWidget) -> None:
    """Look at this computer and this installation, and tell what was seen."""
    from pneumo_desktop.gui.checkup import CheckupDialog

    dialog = CheckupDialog(services, parent)
    dialog.begin()
    dialog.exec()


def show_about(services: Services, parent: QWidget) -> None:
    """Say what the program is, and what it is not."""
    lines = [f"Pneumo Desktop {__version__}", sentence("disclaimer"), model_text(services.card()), "Apache-2.0"]
    QMessageBox.about(parent, tr("About Pneumo Desktop"), "\n\n".join(lines))
