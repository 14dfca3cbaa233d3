"""Whose radiograph it is: the age in the file goes before what the user said of the folder."""

from __future__ import annotations

import math

from pneumo_desktop.models.card import Card
from pneumo_desktop.reading.outcome import Population

OLDEST_CHILD_YEARS = 12.0
"""Up to this age in whole years a patient is a child, for cards without ``ages`` and among the images of a clinic that trains."""


def split_by_age(age: float | None, told: Population) -> Population:
    """Return child or adult for an age in years, and what was told where there is none.

    Whole years count: somebody of 12.9 years is 12 years old.
    """
    if age is None:
        return told
    return Population.CHILDREN if math.floor(age) <= OLDEST_CHILD_YEARS else Population.ADULTS


def whose(card: Card, age: float | None, told: Population) -> tuple[Population, bool]:
    """Return the population whose operating point holds, and whether the card has no figures for the age.

    age: in years, or None where the file does not tell. With ``Card.ages`` an age in none of them is nobody's.
    """
    if age is None:
        return told, False
    if not card.ages:
        youngest, oldest = card.age_range
        return split_by_age(age, told), not (youngest <= age and math.floor(age) <= oldest)
    for population, (youngest, end) in card.ages.items():
        if youngest <= age < end:
            return population, False
    return Population.NOT_KNOWN, True
