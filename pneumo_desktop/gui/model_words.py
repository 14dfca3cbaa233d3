"""What the window says of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.words import tr

if TYPE_CHECKING:
    from pneumo_desktop.models.card import Card


def _interval(figures: Mapping[str, float]) -> dict[str, str]:
    """Return an AUC and its interval with three decimals and the language's decimal sign."""
    return {name: score_text(figures[name], 3) for name in ("auc", "low", "high")}


def model_text(card: Card | None) -> str:
    """Return what the model is, for whom it was made and how good it was; empty without a model."""
    if card is None:
        return ""
    lines = [
        tr("{name}, made on {date} ({model}).").format(name=card.name, date=card.created, model=card.model_id),
        tr("For children of 1 to 5 years (Guangzhou) and adults (NIH), frontal views."),
    ]
    children = card.metrics.get("children", {})
    if "auc" in children:
        text = tr("Children held back: AUC {auc} (95 % interval {low} to {high}).")
        lines.append(text.format(**_interval(children)))
    adults = card.metrics.get("adults", {}).get("pneumonia_vs_rsna_normal", {})
    if adults:
        text = tr("Adults held back: AUC {auc} ({low} to {high}); their labels are uncertain.")
        lines.append(text.format(**_interval(adults)))
    return "\n".join(lines)
