"""For whom a model has figures, and what it finds of them, in words."""

from __future__ import annotations

import math

from pneumo_desktop.gui.outcomes import population_word
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.headline import Share, share_of
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence

WEAK = 0.75
"""A model that finds less than this share of a population's pneumonia is better adapted to the clinic's own images."""


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


def _sensitivities(card: Card, population: Population) -> list[tuple[Population, Share]]:
    """Return what the card says of ``population`` at its operating point: of both, where it is not known."""
    at_not_known = population is Population.NOT_KNOWN
    shares = [
        (known, share_of(card, "sensitivity", known, at_not_known))
        for known in (Population.CHILDREN, Population.ADULTS)
        if at_not_known or known is population
    ]
    return [(known, share) for known, share in shares if share is not None]


def _of_hundred(share: Share) -> str:
    """Return a share as a count of 100 with the ends of its interval: ``56 (45 to 67)``."""
    found, low, high = (round(100 * value) for value in (share.value, share.low, share.high))
    return tr("{found} ({low} to {high})").format(found=found, low=low, high=high)


def what_is_found(card: Card | None, population: Population) -> str:
    """Return how much of the pneumonia of ``population`` the model finds; empty where its card does not tell."""
    shares = _sensitivities(card, population) if card is not None else []
    found = {known.value: _of_hundred(share) for known, share in shares}
    if len(found) == 2:
        told = tr("Of 100 children with pneumonia this model finds about {children}, of 100 adults {adults}.")
    elif Population.CHILDREN.value in found:
        told = tr("Of 100 children with pneumonia this model finds about {children}.")
    elif Population.ADULTS.value in found:
        told = tr("Of 100 adults with pneumonia this model finds about {adults}.")
    else:
        return ""
    return told.format(**found)


def is_weak(card: Card | None, population: Population) -> bool:
    """Return whether the model finds less than ``WEAK`` of the pneumonia of ``population``, or of one it may be."""
    return card is not None and any(share.value < WEAK for _, share in _sensitivities(card, population))
