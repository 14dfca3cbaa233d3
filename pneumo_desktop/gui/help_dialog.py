"""The help page: a few words on reading, on the answers, on two radiographs, and on how good the model is."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from pneumo_desktop import places
from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.gui.screen_room import resize_within_screen
from pneumo_desktop.models.card import Card
from pneumo_desktop.words import language, tr


def _auc(figures: Mapping[str, float]) -> str:
    if not {"auc", "low", "high"} <= set(figures):
        return "–"
    auc, low, high = (score_text(figures[name], 3) for name in ("auc", "low", "high"))
    return f"{auc} ({low}–{high})"


def help_text(bundled: Card | None) -> str:
    """Return the page in the language in use, with the figures of the bundled model's card."""
    page = places.resource("help") / f"{language()}.html"
    if not page.is_file():
        page = places.resource("help") / "en.html"
    metrics = bundled.metrics if bundled is not None else {}
    adults = metrics.get("adults", {})
    return (
        page.read_text("utf-8")
        .replace("{children}", _auc(metrics.get("children", {})))
        .replace("{adults}", _auc(adults.get("pneumonia_vs_rsna_normal", {})))
        .replace("{opacity}", _auc(adults.get("opacity_vs_rsna_normal", {})))
    )


class HelpDialog(QDialog):
    """Shows the page; its pictures lie beside it, nothing is fetched."""

    def __init__(self, bundled: Card | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Help"))
        resize_within_screen(self, 760, 640)
        self.text = QTextBrowser()
        self.text.setOpenLinks(False)
        self.text.setSearchPaths([str(places.resource("help"))])
        self.text.setHtml(help_text(bundled))
        self.text.setAccessibleName(tr("Help"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
