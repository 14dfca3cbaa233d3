"""What the lists of models say of how good each is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop.models.card import Card
from pneumo_desktop.models.headline import Share, headline_auc, share_of
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Population

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny.pneumo"


@pytest.fixture
def card() -> Card:
    return ModelPackage.open(TINY).card


@pytest.mark.parametrize(
    ("metrics", "told"),
    [
        (
            {"adults": {"matched": {"auc": 0.7}, "pneumonia_vs_rsna_normal": {"auc": 0.8318}}, "children": {"auc": 1}},
            "Children 1.000, Adults 0.832",
        ),
        ({"locked_test": {"metrics": {"auc": {"value": 0.91, "low": 0.85, "high": 0.95}}}}, "0.910"),
        ({"locked_test": {"metrics": {"auc": {"value": None}}}, "children": [0.9], "adults": "good"}, ""),
        ({}, ""),
        *(
            (
                {"children": {"auc": {"value": value}}, "adults": {"pneumonia_vs_rsna_normal": {"auc": 0.8318}}},
                "Adults 0.832",
            )
            for value in (10**400, float("nan"), 1e300, -0.1, True)
        ),
    ],
)
def test_each_population_has_its_own_auc(card: Card, metrics: dict[str, Any], told: str) -> None:
    assert headline_auc(replace(card, metrics=metrics)) == told


@pytest.mark.parametrize("name", ["sensitivity", "pneumonia_called_normal"])
def test_each_population_has_its_own_shares(name: str, card: Card) -> None:
    figures = {name: {"value": 0.6, "low": 0.5, "high": 0.7}}
    adults = figures | {"at_not_known": {name: {"value": 0.65, "low": 0.55, "high": 0.75}}}
    told = replace(card, metrics={"adults": {"pneumonia_vs_rsna_normal": adults}, "": figures})
    assert share_of(told, name, Population.ADULTS) == Share(0.6, 0.5, 0.7)
    assert share_of(told, name, Population.ADULTS, at_not_known=True) == Share(0.65, 0.55, 0.75)
    assert share_of(told, "specificity", Population.ADULTS) is None
    assert share_of(told, name, Population.CHILDREN) is None
    assert share_of(told, name, Population.NOT_KNOWN) is None


@pytest.mark.parametrize(
    "figure",
    [
        None, 0.5, [0.5, 0.4, 0.6], {"value": 0.5}, {"value": "0.5", "low": 0.4, "high": 0.6},
        {"value": True, "low": 0.4, "high": 1}, {"value": 1.5, "low": 0.4, "high": 2.0},
        {"value": 0.3, "low": 0.4, "high": 0.6}, {"value": -0.1, "low": -0.2, "high": 0.6},
        {"value": float("nan"), "low": 0.4, "high": 0.6}, {"value": 10**400, "low": 0, "high": 10**400},
    ],
)  # fmt: skip
def test_a_share_that_is_none_is_not_shown(card: Card, figure: object) -> None:
    assert (
        share_of(replace(card, metrics={"children": {"sensitivity": figure}}), "sensitivity", Population.CHILDREN)
        is None
    )
