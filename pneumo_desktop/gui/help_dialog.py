"""The help page: a few words on reading, on the answers, on two radiographs, and on how good the model is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from pneumo_desktop import places
from pneumo_desktop.gui.screen_room import resize_within_screen
from pneumo_desktop.models.card import Card
from pneumo_desktop.words import decimal, language, percent, tr

_PLACES = {
    "children": ("children",),
    "adults": ("adults", "pneumonia_vs_rsna_normal"),
    "opacity": ("adults", "opacity_vs_rsna_normal"),
}  # fmt: skip
"""Where ``Card.metrics`` of the bundled model holds what the page says of each group of images."""


def _auc(figures: Mapping[str, Any]) -> str:
    auc, low, high = (decimal(figures[name], 3) for name in ("auc", "low", "high"))
    return f"{auc} ({low}–{high})"


def _share(figures: Mapping[str, float]) -> str:
    value, low, high = (percent(figures[name], 0) for name in ("value", "low", "high"))
    return f"{value} ({low.removesuffix(' %')}–{high})"


def _figures(bundled: Card | None) -> dict[str, str]:
    """Return what stands for each ``{name}`` of the page; a dash for what the card does not hold."""
    found: dict[str, str] = {}
    for name, place in _PLACES.items():
        values: Any = bundled.metrics if bundled is not None else {}
        for key in place:
            values = values.get(key, {})
        found[f"{name}_auc"] = _auc(values) if "auc" in values else "–"
        for count in ("pneumonia", "normal"):
            found[f"{name}_{count}"] = str(values.get(count, "–"))
        for share in ("sensitivity", "specificity"):
            found[f"{name}_{share}"] = _share(values[share]) if isinstance(values.get(share), Mapping) else "–"
        for called in ("found", "uncertain", "called_normal"):
            share = values.get(f"pneumonia_{called}")
            known = isinstance(share, Mapping) and "pneumonia" in values
            found[f"{name}_{called}"] = str(round(share["value"] * values["pneumonia"])) if known else "–"
    return found


def help_text(bundled: Card | None) -> str:
    """Return the page in the language in use, with the figures of the bundled model's card."""
    page = places.resource("help") / f"{language()}.html"
    if not page.is_file():
        page = places.resource("help") / "en.html"
    text = page.read_text("utf-8")
    for name, figure in _figures(bundled).items():
        text = text.replace(f"{{{name}}}", figure)
    return text


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
