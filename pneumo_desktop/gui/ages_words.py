"""The ages that a model's figures hold for, in words."""

from __future__ import annotations

import math

from pneumo_desktop.gui.outcomes import population_word
from pneumo_desktop.models.card import Card
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence


def _years(ages: tuple[float, float]) -> tuple[int, int]:
    """Return the first and the last age in whole years of ``ages``, whose end is not in it."""
    youngest, end = ages
    return math.floor(youngest), max(math.floor(youngest), math.ceil(end) - 1)


def population_with_ages(population: Population, card: Card | None) -> str:
    """Return ``Children (1 to 5 years)`` where the card tells the ages, else ``Children``."""
    ages = card.ages.get(population) if card is not None else None
    if ages is None:
        return population_word(population)
    low, high = _years(ages)
    return tr("{population} ({low} to {high} years)").format(population=population_word(population), low=low, high=high)


def outside_ages(card: Card | None) -> str:
    """Return why nothing is said of a patient of another age, and for which ages the model has figures."""
    children, adults = ((card.ages if card is not None else {}).get(known) for known in (
        Population.CHILDREN, Population.ADULTS,
    ))  # fmt: skip
    if children is None or adults is None:
        return sentence("age")
    (youngest, grown), (adult, oldest) = _years(children), _years(adults)
    told = tr(
        "This model has figures for patients from {youngest} to {grown} years and from {adult} to {oldest} years, and for "
        "no other age. You can adapt it to your own images."
    )
    return told.format(youngest=youngest, grown=grown, adult=adult, oldest=oldest)
