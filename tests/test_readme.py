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
    text = " ".join((english if language == "en" else spanish.replace(",", ".")).split())
    children, adults = card.metrics["children"], card.metrics["adults"]
    against = [adults["pneumonia_vs_rsna_normal"], adults["opacity_vs_rsna_normal"]]
    wanted = [_quoted(figures, "auc", 3) for figures in (children, *against)]
    wanted += [
        _quoted(figures[name], "value", 2)
        for figures in (children, against[0])
        for name in ("sensitivity", "specificity")
    ]
    wanted += [
        " / ".join(
            "{value:.0f} ({low:.0f}-{high:.0f})".format(
                **{end: 100 * at for end, at in figures[f"pneumonia_{name}"].items()}
            )
            for name in ("found", "uncertain", "called_normal")
        )
        for figures in (children, children["at_not_known"], against[0], against[0]["at_not_known"], against[1])
    ]
    wanted += [
        " / ".join(
            "{value:.0f} ({low:.0f}-{high:.0f})".format(
                **{end: 100 * at for end, at in figures[f"normal_{name}"].items()}
            )
            for name in ("called_pneumonia", "uncertain", "found")
        )
        for figures in (children, children["at_not_known"], against[0], against[0]["at_not_known"])
    ]
    words = {
        name: round(against[0][f"pneumonia_{name}"]["value"] * 117) for name in ("found", "uncertain", "called_normal")
    }
    refused = card.metrics["gate"]["wrong_refused"]
    laterals, of_laterals = card.metrics["gate"]["wrong_refused_by_kind"]["xray_chest_lateral"].split("/")
    told = (round(refused["share"] * refused["images"]), refused["images"])
    wanted += (
        [
            "{found} are called *likely pneumonia*, {uncertain} *uncertain* and {called_normal} *likely normal*".format(**words),
            "{} of {} wrong images".format(*told), f"of {of_laterals} lateral chest films only {laterals}",
        ]
        if language == "en"
        else [
            "{found} se dan por *probable neumonía*. {uncertain} por *dudosos* y {called_normal} por".format(**words),
            "{} de {} imágenes ajenas".format(*told), f"de {of_laterals} radiografías laterales. solo {laterals}",
        ]
    )  # fmt: skip
    assert against[0]["pneumonia"] == 117
    assert [figure for figure in (card.model_id, *wanted) if figure not in text] == []
