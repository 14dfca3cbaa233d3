"""The figures of a card that are shown outside it: its AUCs, and what it finds of each population at its operating point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pneumo_desktop.models.card import Card
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import decimal
from pneumo_desktop.words.sentences import title

_PLACES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("children", ("children",)),
    ("adults", ("adults", "pneumonia_vs_rsna_normal")),
    ("", ("locked_test", "metrics")),
)
"""Where ``Card.metrics`` holds an AUC: the bundled model's two populations, a local model's locked test part."""

_MEASURED: Mapping[Population, tuple[str, ...]] = {
    Population.CHILDREN: ("children",),
    Population.ADULTS: ("adults", "pneumonia_vs_rsna_normal"),
}
"""Where ``Card.metrics`` holds the shares of a population at its own operating point, as ``sensitivity``."""


@dataclass(frozen=True)
class Share:
    """A share in 0..1 with the ends of its 95 % interval, ``low <= value <= high``."""

    value: float
    low: float
    high: float


def share_of(card: Card, name: str, population: Population, at_not_known: bool = False) -> Share | None:
    """Return the card's share ``name``, as ``sensitivity``, for children or adults at their operating point.

    at_not_known: at the point for those of whom the population is not known. None where the card, which is untrusted,
    holds no such figure.
    """
    if population not in _MEASURED:
        return None
    values: object = card.metrics
    for key in (*_MEASURED[population], *(("at_not_known",) if at_not_known else ()), name):
        values = values.get(key) if isinstance(values, Mapping) else None
    numbers = [values.get(key) for key in ("value", "low", "high")] if isinstance(values, Mapping) else []
    told = [number for number in numbers if isinstance(number, int | float) and not isinstance(number, bool)]
    if len(told) < 3:
        return None
    value, low, high = told
    return Share(value, low, high) if 0.0 <= low <= value <= high <= 1.0 else None


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
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)
