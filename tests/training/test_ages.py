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
from pneumo_desktop.reading.whose import whose
from pneumo_desktop.training.finish import _age_range, _ages
from pneumo_desktop.training.job import Job
from pneumo_desktop.training.local import LocalImage

CHILDREN, ADULTS, NOT_KNOWN = Population.CHILDREN, Population.ADULTS, Population.NOT_KNOWN
BASE = {CHILDREN: (1.0, 6.0), ADULTS: (18.0, 86.0)}


def image(patient: str, age: float | None) -> LocalImage:
    return LocalImage(0, "one.dcm", "one.dcm", None, 0, 1, "train", patient, "", age)


def images(*ages: float | None) -> list[LocalImage]:
    """One image each of so many patients."""
    return [image(f"patient {number}", age) for number, age in enumerate(ages)]


def three(*ages: float) -> tuple[float, ...]:
    """Three patients of each age: enough to hold an edge."""
    return tuple(age for age in ages for _ in range(3))


def job(told: Population, architecture: str) -> Job:
    return Job(Path("images"), Path("out"), Path("job"), population=told, architecture=architecture)


def base_card(ages: dict[Population, tuple[float, float]]) -> Card:
    return replace(ModelPackage.open(places.bundled_model()).card, ages=ages)


@pytest.mark.parametrize(
    ("told", "ages", "expected"),
    [
        (NOT_KNOWN, three(2.5, 40.0), BASE),
        (NOT_KNOWN, three(8.0, 9.9), {CHILDREN: (1.0, 10.0), ADULTS: (18.0, 86.0)}),
        (NOT_KNOWN, (8.0, 8.4, 8.9), {CHILDREN: (1.0, 9.0), ADULTS: (18.0, 86.0)}),
        (NOT_KNOWN, (12.0, 12.5, 12.9), {CHILDREN: (1.0, 13.0), ADULTS: (18.0, 86.0)}),
        (CHILDREN, three(0.2, 14.0, 90.0), {CHILDREN: (0.0, 6.0), ADULTS: (14.0, 91.0)}),
        (NOT_KNOWN, (*three(30.0), 9.0, 90.0, 14.0), BASE),
        (NOT_KNOWN, (*three(30.0), 0.5, 0.5, 90.0, 90.0, 14.0, 14.0), BASE),
        (CHILDREN, (9.0, 9.0), BASE),
        (ADULTS, (14.0, 20.0, 90.0), BASE),
        (NOT_KNOWN, (None, None), BASE),
        (CHILDREN, (None, 90.0), {CHILDREN: (0.0, 13.0), ADULTS: (18.0, 86.0)}),
        (ADULTS, (None,), {CHILDREN: (1.0, 6.0), ADULTS: (13.0, 121.0)}),
        (NOT_KNOWN, three(999.0), BASE),
        (NOT_KNOWN, three(121.0), BASE),
        (NOT_KNOWN, three(120.5), {CHILDREN: (1.0, 6.0), ADULTS: (18.0, 121.0)}),
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


def test_the_images_of_a_patient_count_once() -> None:
    one, base = job(NOT_KNOWN, "adapt"), base_card(BASE)
    often = [image("one", 9.0), image("one", 9.1), image("one", 9.2), image("two", 9.0)]
    assert _ages(one, often, base) == BASE
    over_years = [image(patient, age) for patient in ("one", "two", "three") for age in (0.5, 9.0)]
    assert _ages(one, over_years, base) == {CHILDREN: (0.0, 10.0), ADULTS: (18.0, 86.0)}


@pytest.mark.parametrize(
    ("told", "ages", "expected"),
    [
        (CHILDREN, three(3.0, 8.0), (1.0, 90.0)),
        (NOT_KNOWN, (0.2, 0.2, 95.0, 95.0), (1.0, 90.0)),
        (NOT_KNOWN, three(0.2, 95.0), (0.0, 95.0)),
        (NOT_KNOWN, (95.0, None), (1.0, 90.0)),
        (CHILDREN, (None,), (0.0, 90.0)),
        (NOT_KNOWN, three(999.0), (1.0, 90.0)),
    ],
)
def test_the_age_range_of_a_base_without_ages_is_widened_by_the_same_rules(
    told: Population, ages: tuple[float | None, ...], expected: tuple[float, float]
) -> None:
    base = replace(base_card({}), age_range=(1.0, 90.0))
    assert _age_range(job(told, "adapt"), images(*ages), base) == expected


@pytest.mark.parametrize(
    ("told", "ages", "expected"),
    [
        (NOT_KNOWN, (30.0, 999.0), (0.0, 120.0)),
        (CHILDREN, (3.0, 4.0), (0.0, 12.0)),
        (ADULTS, (None,), (13.0, 120.0)),
        (NOT_KNOWN, three(4.5, 12.5), (4.0, 12.0)),
    ],
)
def test_a_model_from_scratch_has_an_age_range(
    told: Population, ages: tuple[float | None, ...], expected: tuple[float, float]
) -> None:
    assert _age_range(job(told, "compact"), images(*ages), None) == expected


@pytest.mark.parametrize(("years", "population"), [(12.0, CHILDREN), (12.5, CHILDREN), (13.0, ADULTS)])
@pytest.mark.parametrize("told", Population)
def test_an_age_is_of_the_same_population_everywhere(years: float, population: Population, told: Population) -> None:
    own = images(years, years, years)
    assert own[0].population(told) is population
    ages = _ages(job(NOT_KNOWN, "compact"), own, None)
    assert list(ages) == [population]
    with_ages = base_card(ages)
    for card in (with_ages, replace(with_ages, ages={}, age_range=(1.0, 90.0))):
        assert whose(card, years, told) == (population, False)


def test_a_base_without_ages_goes_on_without() -> None:
    assert _ages(job(CHILDREN, "adapt"), images(3.0, 8.0), base_card({})) == {}


@pytest.mark.parametrize(
    ("told", "ages", "expected"),
    [
        (NOT_KNOWN, (*three(30.0, 71.2), 18.0, 99.0), {ADULTS: (30.0, 72.0)}),
        (NOT_KNOWN, three(4.0, 30.0), {CHILDREN: (4.0, 5.0), ADULTS: (30.0, 31.0)}),
        (NOT_KNOWN, (*three(4.0), 30.0, 31.0), {CHILDREN: (4.0, 5.0)}),
        (NOT_KNOWN, (None,), {}),
        (NOT_KNOWN, (4.0, 30.0, 999.0), {}),
        (CHILDREN, (None,), {CHILDREN: (0.0, 13.0)}),
        (CHILDREN, (4.0, 5.0), {CHILDREN: (0.0, 13.0)}),
        (CHILDREN, three(4.0), {CHILDREN: (4.0, 5.0)}),
        (CHILDREN, three(30.0), {ADULTS: (30.0, 31.0)}),
        (CHILDREN, (*three(40.0), 5.0), {ADULTS: (40.0, 41.0)}),
        (NOT_KNOWN, (8.0, 9.0, 10.0, 11.0), {}),
    ],
)
def test_a_model_from_scratch_has_the_ages_of_its_own_images(
    told: Population, ages: tuple[float | None, ...], expected: dict[Population, tuple[float, float]]
) -> None:
    assert _ages(job(told, "compact"), images(*ages), base_card(BASE)) == expected


def test_a_clash_with_the_base_s_children_is_the_children_s() -> None:
    base = base_card({CHILDREN: (1.0, 16.0), ADULTS: (18.0, 86.0)})
    assert _ages(job(NOT_KNOWN, "adapt"), images(*three(14.0)), base) == {CHILDREN: (1.0, 16.0), ADULTS: (16.0, 86.0)}
