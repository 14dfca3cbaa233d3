"""What a model says of itself: the JSON card inside its package, checked field by field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pneumo_desktop.reading.outcome import OperatingPoint, Population

CARD_VERSION = 1
MAX_INPUT_SIZE = 512
MAX_DEPTH = 32
"""Of objects and lists within each other; the bundled card has 6. What shows or writes a card goes down as deep as it does."""


_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class BadPackageError(Exception):
    """A package that must not be used. ``code`` names a sentence in ``words``; ``detail`` is for the log.

    path: the package, where it is known; there may be two of them, as in a comparison.
    """

    path: Path | None = None

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Calibration:
    """score = 1 / (1 + exp(-(slope * logit + intercept))) (Platt 1999)."""

    slope: float = 1.0
    intercept: float = 0.0

    def score(self, logit: float) -> float:
        """Return the calibrated score in 0..1; every finite logit has one."""
        value = self.slope * logit + self.intercept
        if value >= 0:
            return 1.0 / (1.0 + math.exp(-min(value, 700.0)))
        grown = math.exp(max(value, -700.0))
        return grown / (1.0 + grown)


@dataclass(frozen=True)
class Card:
    """The card of one model.

    age_range: (youngest, oldest) in years of the images it has learnt from, to the end of that year; without ``ages``
        DICOM ages outside are withheld.
    ages: for children and adults the (youngest, end) in years that their figures hold for, the end itself not;
        DICOM ages in neither are withheld. Empty in cards that do not tell.
    operating_points: one for each population that the data support; a population without one is withheld.
    metrics, data, training, populations, licences, limits: for people; plain JSON values.
    """

    model_id: str
    name: str
    created: str
    architecture: str
    input_size: int
    preprocessing_version: int
    parameters: int
    calibration: Calibration
    operating_points: Mapping[Population, OperatingPoint]
    age_range: tuple[float, float]
    parent: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    populations: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    licences: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    ages: Mapping[Population, tuple[float, float]] = field(default_factory=dict)

    def operating_point(self, population: Population) -> OperatingPoint | None:
        """Return the operating point for ``population``, or None where the verdict has to be withheld."""
        return self.operating_points.get(population)

    def to_json(self) -> dict[str, Any]:
        """Return the card as plain JSON values."""
        values = asdict(self)
        values["card_version"] = CARD_VERSION
        values["operating_points"] = {
            population.value: asdict(point) for population, point in self.operating_points.items()
        }
        del values["ages"]
        if self.ages:
            values["ages"] = {population.value: list(ages) for population, ages in self.ages.items()}
        return values

    @staticmethod
    def from_json(values: Any) -> Card:
        """Check ``values`` field by field; raises BadPackageError, code ``card``, or ``preprocessing`` for a card of a later version."""
        try:
            return _parse(values)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
            raise BadPackageError("card", str(problem)) from problem


def _check_plain(values: Any) -> None:
    """Raise ValueError where ``values`` lie deeper than ``MAX_DEPTH``, or hold a text that UTF-8 cannot hold or a number that is none.

    Python reads NaN, infinities and whole numbers that no float can hold; other programs' JSON knows none of them, and a
    window that shows one fails. OverflowError for the last.
    """
    level = [values]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                inner += value
            elif isinstance(value, str):
                value.encode("utf-8")
            elif isinstance(value, int | float) and not math.isfinite(value):
                raise ValueError("a number in the card is not finite")
        if not inner:
            return
        level = inner
    raise ValueError(f"the card is deeper than {MAX_DEPTH} levels")


def is_plain_name(model_id: str) -> bool:
    """Tell whether a model's id is a plain name: it becomes a file's name, and stands in legends and on terminals."""
    return _PLAIN_NAME.fullmatch(model_id) is not None


def _text(values: Mapping[str, Any], key: str, limit: int = 200) -> str:
    value = values[key]
    if not isinstance(value, str) or not value or len(value) > limit:
        raise ValueError(f"{key} is not a text of at most {limit} characters")
    return value


def _whole(values: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = values[key]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{key} is not a whole number from {low} to {high}")
    return value


def _number(value: Any, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is not a number from {low} to {high}")
    return float(value)


def _texts(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = values.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise ValueError(f"{key} is not a list of texts")
    return tuple(found)


def _object(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = values.get(key, {})
    if not isinstance(found, dict):
        raise ValueError(f"{key} is not an object")
    return found


def _operating_point(value: Any) -> OperatingPoint:
    low, threshold, high = (_number(value[key], key, 0.0, 1.0) for key in ("low", "threshold", "high"))
    if not low <= threshold <= high:
        raise ValueError("an operating point needs low <= threshold <= high")
    return OperatingPoint(threshold=threshold, low=low, high=high)


def _ages(values: Mapping[str, Any]) -> dict[Population, tuple[float, float]]:
    found: dict[Population, tuple[float, float]] = {}
    for key, pair in _object(values, "ages").items():
        population = Population(key)
        if population is Population.NOT_KNOWN or not isinstance(pair, list) or len(pair) != 2:
            raise ValueError("ages is not a pair for children and for adults")
        youngest, end = (_number(value, "age", 0, 150) for value in pair)
        if not youngest < end:
            raise ValueError("ages end before they begin")
        found[population] = (youngest, end)
    if len(found) == 2 and found[Population.CHILDREN][1] > found[Population.ADULTS][0]:
        raise ValueError("the ages of children and adults overlap")
    return found


def _parse(values: Any) -> Card:
    if not isinstance(values, dict):
        raise ValueError("the card is not an object")
    _check_plain(values)
    if _whole(values, "card_version", CARD_VERSION, 1000) != CARD_VERSION:
        raise BadPackageError("preprocessing", "a card of a later version")
    if not is_plain_name(_text(values, "model_id")):
        raise ValueError("the model's id is not a plain name")
    calibration = values["calibration"]
    age_range = values["age_range"]
    if not isinstance(age_range, list) or len(age_range) != 2:
        raise ValueError("age_range is not a pair")
    parent = values.get("parent")
    if parent is not None:
        parent = _text(values, "parent")
    points = {Population(key): _operating_point(value) for key, value in _object(values, "operating_points").items()}
    return Card(
        model_id=values["model_id"],
        name=_text(values, "name"),
        created=_text(values, "created", 40),
        architecture=_text(values, "architecture", 40),
        input_size=_whole(values, "input_size", 32, MAX_INPUT_SIZE),
        preprocessing_version=_whole(values, "preprocessing_version", 1, 1000),
        parameters=_whole(values, "parameters", 1, 100_000_000),
        calibration=Calibration(
            slope=_number(calibration["slope"], "slope", 1e-3, 1e3),
            intercept=_number(calibration["intercept"], "intercept", -1e3, 1e3),
        ),
        operating_points=points,
        age_range=(_number(age_range[0], "age", 0, 150), _number(age_range[1], "age", 0, 150)),
        parent=parent,
        metrics=_object(values, "metrics"),
        populations=_object(values, "populations"),
        data=_object(values, "data"),
        training=_object(values, "training"),
        licences=_texts(values, "licences"),
        limits=_texts(values, "limits"),
        ages=_ages(values),
    )
