"""The ages on the card of a model that was trained here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pneumo_desktop import places
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.training.finish import _age_range, _ages
from pneumo_desktop.training.job import Job
from pneumo_desktop.training.local import LocalImage

CHILDREN, ADULTS, NOT_KNOWN = Population.CHILDREN, Population.ADULTS, Population.NOT_KNOWN
BASE = {CHILDREN: (1.0, 6.0), ADULTS: (18.0, 86.0)}


def images(*ages: float | None) -> list[LocalImage]:
    return [
        LocalImage(n, f"{n}.dcm", f"{n}.dcm", None, 0, n % 2, "train", f"p{n}", "", age) for n, age in enumerate(ages)
    ]


def job(told: Population, architecture: str) -> Job:
    return Job(Path("images"), Path("out"), Path("job"), population=told, architecture=architecture)


def base_card(ages: dict[Population, tuple[float, float]]) -> Card:
    return replace(ModelPackage.open(places.bundled_model()).card, ages=ages)


@pytest.mark.parametrize(
    ("told", "ages", "expected"),
    [
        (NOT_KNOWN, (2.5, 40.0), BASE),
        (NOT_KNOWN, (8.0, 9.9), {CHILDREN: (1.0, 10.0), ADULTS: (18.0, 86.0)}),
        (NOT_KNOWN, (12.0, 12.5), {CHILDREN: (1.0, 13.0), ADULTS: (18.0, 86.0)}),
        (CHILDREN, (0.2, 14.0, 90.0), {CHILDREN: (0.0, 6.0), ADULTS: (14.0, 91.0)}),
        (NOT_KNOWN, (None, None), BASE),
        (CHILDREN, (None, 50.0), {CHILDREN: (0.0, 13.0), ADULTS: (18.0, 86.0)}),
        (ADULTS, (None,), {CHILDREN: (1.0, 6.0), ADULTS: (13.0, 121.0)}),
        (NOT_KNOWN, (999.0,), {CHILDREN: (1.0, 6.0), ADULTS: (18.0, 150.0)}),
    ],
)
@pytest.mark.parametrize("architecture", ["adapt", "fine-tune"])
def test_the_base_s_ages_are_widened_in_each_population(
    architecture: str,
    told: Population,
    ages: tuple[float | None, ...],
    expected: dict[Population, tuple[float, float]],
) -> None:
    one, own = job(told, architecture), images(*ages)
    widened = _ages(one, own, base_card(BASE))
    assert widened == expected
    made = replace(base_card(widened), age_range=_age_range(one, own, base_card(BASE)))
    assert Card.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_a_base_without_ages_goes_on_without() -> None:
    assert _ages(job(CHILDREN, "adapt"), images(3.0, 8.0), base_card({})) == {}


@pytest.mark.parametrize(
    ("told", "ages", "expected"),
    [
        (NOT_KNOWN, (30.0, 71.2), {ADULTS: (30.0, 72.0)}),
        (NOT_KNOWN, (4.0, 30.0), {CHILDREN: (4.0, 5.0), ADULTS: (30.0, 31.0)}),
        (NOT_KNOWN, (None,), {}),
        (CHILDREN, (None,), {CHILDREN: (0.0, 13.0)}),
    ],
)
def test_a_model_from_scratch_has_the_ages_of_its_own_images(
    told: Population, ages: tuple[float | None, ...], expected: dict[Population, tuple[float, float]]
) -> None:
    assert _ages(job(told, "compact"), images(*ages), base_card(BASE)) == expected


def test_a_clash_with_the_base_s_children_is_the_children_s() -> None:
    base = base_card({CHILDREN: (1.0, 16.0), ADULTS: (18.0, 86.0)})
    assert _ages(job(NOT_KNOWN, "adapt"), images(14.0), base) == {CHILDREN: (1.0, 16.0), ADULTS: (16.0, 86.0)}
