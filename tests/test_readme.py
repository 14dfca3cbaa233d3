"""What the README says of the bundled model is what the model's card says, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumo_desktop import places
from pneumo_desktop.models.package import ModelPackage

README = Path(__file__).resolve().parents[1] / "README.md"


def _quoted(figure: dict[str, float], name: str, digits: int) -> str:
    value, low, high = (f"{figure[key]:.{digits}f}" for key in (name, "low", "high"))
    return f"{value} ({low}-{high})"


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_readme_quotes_the_card(language: str) -> None:
    card = ModelPackage.open(places.bundled_model()).card
    english, spanish = README.read_text("utf-8").split("\n# En español\n")
    text = english if language == "en" else spanish.replace(",", ".")
    children, adults = card.metrics["children"], card.metrics["adults"]
    against = [adults["pneumonia_vs_rsna_normal"], adults["opacity_vs_rsna_normal"]]
    wanted = [_quoted(figures, "auc", 3) for figures in (children, *against)]
    wanted += [
        _quoted(figures[name], "value", 2)
        for figures in (children, against[0])
        for name in ("sensitivity", "specificity")
    ]
    assert [figure for figure in (card.model_id, *wanted) if figure not in text] == []
