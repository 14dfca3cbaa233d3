"""What the lists of models say of how good each is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop.models.card import Card
from pneumo_desktop.models.headline import headline_auc
from pneumo_desktop.models.package import ModelPackage

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
    ],
)
def test_each_population_has_its_own_auc(card: Card, metrics: dict[str, Any], told: str) -> None:
    assert headline_auc(replace(card, metrics=metrics)) == told
