"""The figure a list of models shows of each: its AUC, named by the population that it was measured on."""

from __future__ import annotations

from collections.abc import Mapping

from pneumo_desktop.models.card import Card
from pneumo_desktop.words import decimal
from pneumo_desktop.words.sentences import title

_PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("children", ("children",)),
    ("adults", ("adults", "pneumonia_vs_rsna_normal")),
    ("", ("locked_test", "metrics")),
)
"""Where ``Card.metrics`` holds an AUC: the bundled model's two populations, a local model's locked test part."""


def headline_auc(card: Card) -> str:
    """Return ``Children 0.997, Adults 0.832`` in the reader's language; empty for a card without an AUC."""
    found = ((population, _auc(card, place)) for population, place in _PLACES)
    return ", ".join(
        f"{title(population)} {decimal(auc, 3)}" if population else decimal(auc, 3)
        for population, auc in found
        if auc is not None
    )


def _auc(card: Card, place: tuple[str, ...]) -> float | None:
    """Return the AUC under ``place``; None where the card, which is untrusted, holds something else there."""
    values: object = card.metrics
    for key in (*place, "auc"):
        values = values.get(key) if isinstance(values, Mapping) else None
    value = values.get("value") if isinstance(values, Mapping) else values
    return float(value) if isinstance(value, int | float) else None
