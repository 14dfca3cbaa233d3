"""A model's card as a reader sees it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pneumo_desktop import places
from pneumo_desktop.gui.card_text import card_text, learnt_from
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.models.registry import ModelInfo
from pneumo_desktop.words import set_language

METRICS: dict[str, Any] = {
    "children": {
        "auc": 0.995,
        "high": 0.999,
        "low": 0.99,
        "sensitivity": {"value": 0.98, "low": 0.96, "high": 0.991},
        "specificity": {"value": 1.0, "low": None, "high": None},
        "auc_fall": {"value": "much"},
    }
}


@pytest.fixture
def info() -> ModelInfo:
    path = places.bundled_model()
    card = replace(ModelPackage.open(path).card, metrics=METRICS)
    return ModelInfo(card.model_id, card, path, "ab12", bundled=True, active=True)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("en", ["AUC: 0.995 (0.990 to 0.999)", "Sensitivity: 0.980 (0.960 to 0.991)", "Specificity: 1.000"]),
        ("es", ["AUC: 0,995 (0,990 a 0,999)", "Sensibilidad: 0,980 (0,960 a 0,991)", "Especificidad: 1,000"]),
    ],
)
def test_a_figure_stands_in_one_line_with_its_interval(info: ModelInfo, code: str, lines: list[str]) -> None:
    set_language(code)
    shown = [text.strip() for text in card_text(info).splitlines()]
    at = shown.index(lines[0])
    assert shown[at : at + 3] == lines
    assert not [line for line in shown if "95 %" in line]


def test_a_figure_that_is_none_is_shown_as_it_stands(info: ModelInfo) -> None:
    set_language("en")
    assert "Fall of the AUC:\n            Value: much\n" in card_text(info)


def test_the_bundled_card_is_shown_whole() -> None:
    set_language("en")
    path = places.bundled_model()
    card = ModelPackage.open(path).card
    shown = card_text(ModelInfo(card.model_id, card, path, "ab12", bundled=True, active=True))
    for told in (*card.limits, *card.licences, card.data["fingerprint"]):
        assert told in shown
    assert "not shown" not in shown


def test_a_card_without_end_is_cut_and_says_so(info: ModelInfo) -> None:
    set_language("en")
    endless = {f"figure {place}": 0.5 for place in range(5000)}
    text = card_text(replace(info, card=replace(info.card, metrics=endless)))
    assert len(text.splitlines()) < 2000
    assert text.splitlines()[-2:] == ["The card is longer than this; the rest is not shown.", "sha256 ab12"]


def test_a_count_without_end_is_not_added_up(info: ModelInfo) -> None:
    most = 10**4300 - 1  # the longest number that JSON is read with
    for counts, told in (({"normal": most, "pneumonia": most}, "–"), ({"normal": 7, "pneumonia": most}, "7")):
        assert learnt_from(replace(info.card, data={"counts": {"fit": counts}})) == told
