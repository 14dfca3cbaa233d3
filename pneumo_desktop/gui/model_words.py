"""What the window says of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.models.headline import share_of
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import tr
from pneumo_desktop.words.card import text_in_words

if TYPE_CHECKING:
    from pneumo_desktop.models.card import Card


def _auc(card: Card, *place: str) -> dict[str, str] | None:
    """Return an AUC and its interval, with three decimals and the language's decimal sign; a dash where it has none.

    None where the card, which is untrusted, holds something else under ``place``.
    """
    values: object = card.metrics
    for key in place:
        values = values.get(key) if isinstance(values, Mapping) else None
    if not isinstance(values, Mapping):
        return None
    inner = values.get("auc")
    figures = {**inner, "auc": inner.get("value")} if isinstance(inner, Mapping) else values
    numbers = {name: figures.get(name, "") for name in ("auc", "low", "high")}
    if numbers["auc"] is None or not all(isinstance(number, int | float | None) for number in numbers.values()):
        return None
    return {name: "–" if number is None else score_text(number, 3) for name, number in numbers.items()}


def _shares(card: Card, population: Population) -> str:
    """Return sensitivity and specificity of a population with their intervals; empty where the card lacks one."""
    shares = [share_of(card, name, population) for name in ("sensitivity", "specificity")]
    texts = [
        f"{score_text(share.value)} ({score_text(share.low)}–{score_text(share.high)})" for share in shares if share
    ]
    if len(texts) < len(shares):
        return ""
    return " " + tr("Sensitivity {sensitivity}, specificity {specificity}.").format(
        sensitivity=texts[0], specificity=texts[1]
    )


def model_text(card: Card | None) -> str:
    """Return what the model is, for whom it was made and how good it was; empty without a model."""
    if card is None:
        return ""
    lines = [tr("{name}, made on {date} ({model}).").format(name=card.name, date=card.created, model=card.model_id)]
    if {"children", "adults"} <= set(card.populations):
        lines.append(tr("For children of 1 to 5 years (Guangzhou) and adults (NIH), frontal views."))
    if isinstance(card.populations.get("local"), str):
        lines.append(tr("Learnt from: {images}.").format(images=text_in_words(card.populations["local"])))
    for text, place, whose in (
        (tr("Children held back: AUC {auc} (95 % interval {low} to {high})."), ("children",), Population.CHILDREN),
        (tr("Adults held back: AUC {auc} ({low} to {high}); their labels are uncertain."),
         ("adults", "pneumonia_vs_rsna_normal"), Population.ADULTS),
        (tr("The clinic's images held back: AUC {auc} (95 % interval {low} to {high})."), ("locked_test", "metrics"),
         Population.NOT_KNOWN),
    ):  # fmt: skip
        auc = _auc(card, *place)
        if auc is not None:
            lines.append(text.format(**auc) + _shares(card, whose))
    return "\n".join(lines)
