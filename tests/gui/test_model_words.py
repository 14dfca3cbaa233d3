"""What the window says of a model is what the model's own card says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop import places
from pneumo_desktop.gui.model_words import model_text
from pneumo_desktop.models.package import ModelPackage

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny.pneumo"


def test_the_bundled_model_is_said_to_be_for_those_it_was_made_for() -> None:
    card = ModelPackage.open(places.bundled_model()).card
    lines = model_text(card).splitlines()
    assert lines[1] == "For children of 1 to 5 years (Guangzhou) and adults (NIH), frontal views."
    children, adults = card.metrics["children"], card.metrics["adults"]["pneumonia_vs_rsna_normal"]
    assert lines[2].startswith(
        f"Children held back: AUC {children['auc']:.3f} (95 % interval {children['low']:.3f} to "
    )
    assert lines[3].startswith(f"Adults held back: AUC {adults['auc']:.3f} ({adults['low']:.3f} to ")
    assert len(lines) == 4


def test_a_model_that_was_trained_here_is_said_to_be_the_clinic_s() -> None:
    lines = model_text(ModelPackage.open(TINY).card).splitlines()
    assert lines[1:] == [
        "Learnt from: the clinic's own images, population not told.",
        "The clinic's images held back: AUC 0.500 (95 % interval 0.500 to 0.500).",
    ]


def test_an_auc_without_an_interval_is_said_with_dashes() -> None:
    metrics = {"locked_test": {"metrics": {"auc": {"value": 1.0, "low": None, "high": None}}}}
    card = replace(ModelPackage.open(TINY).card, metrics=metrics)
    assert model_text(card).endswith("AUC 1.000 (95 % interval – to –).")


@pytest.mark.parametrize(
    "metrics", [{}, {"children": 1, "adults": {"pneumonia_vs_rsna_normal": {"auc": "high", "low": 0, "high": 1}}},
                {"locked_test": {"metrics": {"auc": {"value": None, "low": 0.1}}}, "children": {"auc": 0.9}}],
)  # fmt: skip
def test_a_card_that_holds_something_else_is_no_error(metrics: dict[str, Any]) -> None:
    card = replace(ModelPackage.open(TINY).card, metrics=metrics, populations={"local": 7})
    assert model_text(card) == "Tiny, made on 2026-11-24 (tiny)."
