"""For whom a model has figures, and what it calls those who are ill, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pneumo_desktop.gui.outcomes import population_word
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.headline import Share, share_of
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence

MOST_CALLED_NORMAL = 0.25
"""A model that calls more than this share of a population's pneumonia likely normal is better adapted to own images."""

_ROUNDING = 2e-4
"""Shares stand in a card with four decimals: three of them that are of all films sum to 1 within this."""

_CALLED = {
    Population.CHILDREN: N_(
        "Of 100 children with pneumonia this model finds about {found}, calls {uncertain} uncertain and {normal} likely normal."
    ),
    Population.ADULTS: N_(
        "Of 100 adults with pneumonia this model finds about {found}, calls {uncertain} uncertain and {normal} likely normal."
    ),
}


@dataclass(frozen=True)
class _Called:
    """The shares of a population's pneumonia that are called likely pneumonia, uncertain and likely normal."""

    found: Share
    uncertain: Share
    normal: Share


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


def _called(card: Card | None, population: Population) -> dict[Population, _Called]:
    """Return what the card says of ``population`` at its operating point: of both, where it is not known."""
    if card is None:
        return {}
    at_not_known = population is Population.NOT_KNOWN
    told = {}
    for known in _CALLED if at_not_known else (population,):
        found, uncertain, normal = (
            share_of(card, f"pneumonia_{name}", known, at_not_known) for name in ("found", "uncertain", "called_normal")
        )
        if found is not None and uncertain is not None and normal is not None:
            told[known] = _Called(found, uncertain, normal)
    return told


def _hundred(share: float) -> int:
    return round(100 * share)


def _of_hundred(share: Share) -> str:
    """Return a share as a count of 100 with the ends of its interval: ``41 (32 to 50)``."""
    return tr("{found} ({low} to {high})").format(
        found=_hundred(share.value), low=_hundred(share.low), high=_hundred(share.high)
    )


def _uncertain(called: _Called) -> int:
    """Return how many of 100 are uncertain: all the others, where no film was refused, so that the three sum to 100."""
    found, uncertain, normal = called.found.value, called.uncertain.value, called.normal.value
    if abs(found + uncertain + normal - 1.0) > _ROUNDING:
        return _hundred(uncertain)
    return max(0, 100 - _hundred(found) - _hundred(normal))


def what_is_found(card: Card | None, population: Population) -> str:
    """Return what the model calls the ill of ``population``, a sentence each; empty where its card does not tell."""
    return " ".join(
        tr(_CALLED[known]).format(
            found=_of_hundred(called.found), uncertain=_uncertain(called), normal=_of_hundred(called.normal)
        )
        for known, called in _called(card, population).items()
    )


def is_weak(card: Card | None, population: Population) -> bool:
    """Return whether over ``MOST_CALLED_NORMAL`` of the pneumonia of ``population``, or one it may be, is called normal."""
    return any(called.normal.value > MOST_CALLED_NORMAL for called in _called(card, population).values())
