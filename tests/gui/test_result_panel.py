"""What the panel says of a model's limits beside a verdict, and where it offers to adapt the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.invitations import PopulationQuestion
from pneumo_desktop.gui.population_box import PopulationBox
from pneumo_desktop.gui.result_panel import ResultPanel
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.records.rows import Row
from pneumo_desktop.words import set_language

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny.pneumo"
CHILDREN, ADULTS, NOT_KNOWN = Population.CHILDREN, Population.ADULTS, Population.NOT_KNOWN
NORMAL = Outcome.LIKELY_NORMAL


def share(value: float, low: float, high: float) -> dict[str, Any]:
    return {"sensitivity": {"value": value, "low": low, "high": high}}


@pytest.fixture
def card() -> Card:
    children = {**share(0.967, 0.944, 0.984), "at_not_known": share(0.951, 0.93, 0.97)}
    adults = {**share(0.5641, 0.4485, 0.6654), "at_not_known": share(0.5983, 0.4872, 0.6948)}
    return replace(
        ModelPackage.open(TINY).card, ages={CHILDREN: (1.0, 6.0), ADULTS: (18.0, 86.0)},
        metrics={"children": children, "adults": {"pneumonia_vs_rsna_normal": adults}},
    )  # fmt: skip


@pytest.fixture
def spanish() -> Iterator[None]:
    set_language("es")
    yield
    set_language("en")


def a_row(outcome: Outcome, population: Population, **values: Any) -> Row:
    judged = Judgement(
        outcome, values.pop("reason", None), 0.12, OperatingPoint(0.5, 0.4, 0.6), population, "tiny", 1, "0", **values
    )
    return Row(1, 1, Entry(Path("/clinic/film.png")), None, "done", judged)


def panel_of(qtbot: QtBot, card: Card | None, row: Row) -> ResultPanel:
    panel = ResultPanel()
    qtbot.addWidget(panel)
    panel.set_model_text("Tiny", card=card)
    panel.set_row(row)
    panel.show()
    return panel


@pytest.mark.parametrize(
    ("population", "text", "is_offered"),
    [
        (CHILDREN, "Of 100 children with pneumonia this model finds about 97 (94 to 98).", False),
        (ADULTS, "Of 100 adults with pneumonia this model finds about 56 (45 to 67).", True),
        (
            NOT_KNOWN,
            "Of 100 children with pneumonia this model finds about 95 (93 to 97), of 100 adults 60 (49 to 69).",
            True,
        ),
    ],
)
def test_likely_normal_is_no_all_clear(
    population: Population, text: str, is_offered: bool, card: Card, qtbot: QtBot
) -> None:
    panel = panel_of(qtbot, card, a_row(NORMAL, population))
    assert (panel.found.text(), panel.found.isVisible(), panel.adapt.isVisible()) == (text, True, is_offered)


@pytest.mark.parametrize("outcome", [Outcome.LIKELY_PNEUMONIA, Outcome.UNCERTAIN])
def test_nothing_is_added_to_the_other_answers(outcome: Outcome, card: Card, qtbot: QtBot) -> None:
    panel = panel_of(qtbot, card, a_row(outcome, ADULTS))
    assert not panel.found.isVisible()
    assert not panel.adapt.isVisible()


def test_a_card_without_the_figure_says_nothing(card: Card, qtbot: QtBot) -> None:
    for known in (None, replace(card, metrics={"adults": {"pneumonia_vs_rsna_normal": {"sensitivity": 0.5}}})):
        panel = panel_of(qtbot, known, a_row(NORMAL, ADULTS))
        assert not panel.found.isVisible()
        assert not panel.adapt.isVisible()


def test_an_age_without_figures_names_the_ages_that_have_them_and_offers_to_adapt(card: Card, qtbot: QtBot) -> None:
    withheld = a_row(Outcome.NOT_ANALYSED, NOT_KNOWN, reason=Reason.OUTSIDE_POPULATION, detail="age")
    told = (
        "This model has figures for patients from 1 to 5 years and from 18 to 85 years, and for no other age. "
        "You can adapt it to your own images."
    )
    panel = panel_of(qtbot, card, withheld)
    assert panel.why.text().endswith(told)
    assert panel.show_verdict.isVisible()
    assert "without knowing" not in panel.scale_words.text()  # the file does tell the age
    with qtbot.waitSignal(panel.adapt_wanted):
        qtbot.mouseClick(panel.adapt, Qt.MouseButton.LeftButton)
    panel.set_row(a_row(NORMAL, NOT_KNOWN, notes=("analysed_outside",)))  # no one's figures stand for this age
    assert (panel.found.text(), panel.adapt.isVisible()) == (told, True)
    panel.set_model_text("Older", card=replace(card, ages={}))
    panel.set_row(withheld)
    assert panel.why.text().endswith(
        "The model has no figures for patients of this age. You can adapt the model to your own images."
    )


@pytest.mark.usefixtures("spanish")
def test_a_narrow_panel_has_a_shorter_button(card: Card, qtbot: QtBot) -> None:
    panel = panel_of(qtbot, card, a_row(NORMAL, ADULTS))
    for width in (220, 600):
        panel.resize(width, 600)
        assert panel.adapt.isVisible()
        assert panel.adapt.sizeHint().width() <= width
        assert panel.adapt.text() == ("Adaptar…" if width == 220 else "Adaptar a sus propias imágenes…")


@pytest.mark.usefixtures("spanish")
def test_the_limits_are_told_in_spanish(card: Card, qtbot: QtBot) -> None:
    panel = panel_of(qtbot, card, a_row(NORMAL, ADULTS))
    assert panel.found.text() == "De 100 adultos con neumonía, este modelo encuentra unos 56 (de 45 a 67)."
    panel.set_row(a_row(Outcome.NOT_ANALYSED, NOT_KNOWN, reason=Reason.OUTSIDE_POPULATION, detail="age"))
    assert "de 1 a 5 años y de 18 a 85 años" in panel.why.text()


def test_whose_images_is_asked_with_the_ages_that_the_card_tells(card: Card, qtbot: QtBot) -> None:
    box, question = PopulationBox(), PopulationQuestion()
    for asked in (box, question):
        qtbot.addWidget(asked)
        asked.show_card(card)
    told = ["Not known", "Children (1 to 5 years)", "Adults (18 to 85 years)"]
    assert [box.box.itemText(n) for n in range(3)] == told
    assert [question.answers[known].text() for known in (NOT_KNOWN, CHILDREN, ADULTS)] == told
    box.show_card(replace(card, ages={}))
    assert [box.box.itemText(n) for n in range(3)] == ["Not known", "Children", "Adults"]
