"""What the panel says of a model's limits beside a verdict, and where it offers to adapt the model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.invitations import PopulationQuestion
from pneumo_desktop.gui.population_box import PopulationBox
from pneumo_desktop.gui.population_words import is_weak, what_is_found
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


def shares(found: float, uncertain: float, normal: float) -> dict[str, Any]:
    """Return what a card says of the ill, each share with an interval of 0.09 to both sides."""
    named = {"pneumonia_found": found, "pneumonia_uncertain": uncertain, "pneumonia_called_normal": normal}
    return {
        name: {"value": value, "low": max(0.0, value - 0.09), "high": min(1.0, value + 0.09)}
        for name, value in named.items()
    }


def of_adults(card: Card, figures: dict[str, Any]) -> Card:
    return replace(card, metrics={"adults": {"pneumonia_vs_rsna_normal": figures}})


@pytest.fixture
def card() -> Card:
    children = {**shares(0.9333, 0.0564, 0.0103), "at_not_known": shares(0.9436, 0.0385, 0.0179)}
    adults = {**shares(0.4103, 0.2991, 0.2906), "at_not_known": shares(0.4274, 0.2991, 0.2735)}
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
        (
            CHILDREN,
            "Of 100 children with pneumonia this model finds about 93 (84 to 100), calls 6 uncertain and 1 (0 to 10) "
            "likely normal.",
            False,
        ),
        (
            ADULTS,
            "Of 100 adults with pneumonia this model finds about 41 (32 to 50), calls 30 uncertain and 29 (20 to 38) "
            "likely normal.",
            True,
        ),
        (
            NOT_KNOWN,
            "Of 100 children with pneumonia this model finds about 94 (85 to 100), calls 4 uncertain and 2 (0 to 11) "
            "likely normal. Of 100 adults with pneumonia this model finds about 43 (34 to 52), calls 30 uncertain and "
            "27 (18 to 36) likely normal.",
            True,
        ),
    ],
)
def test_likely_normal_is_no_all_clear(
    population: Population, text: str, is_offered: bool, card: Card, qtbot: QtBot
) -> None:
    panel = panel_of(qtbot, card, a_row(NORMAL, population))
    assert (panel.found.text(), panel.found.isVisible(), panel.adapt.isVisible()) == (text, True, is_offered)


@pytest.mark.parametrize(
    ("figures", "told"),
    [
        ((0.4145, 0.2949, 0.2906), "41 30 29"),  # each rounded alone they would be 41, 29, 29
        ((0.4246, 0.2846, 0.2908), "42 29 29"),
        ((0.41, 0.29, 0.29), "41 29 29"),  # of the others the gate refused one
        ((0.333, 0.6665, 0.0006), "33 67 0"),
    ],
)
def test_the_three_sum_to_a_hundred_unless_a_film_was_refused(
    figures: tuple[float, float, float], told: str, card: Card
) -> None:
    text = what_is_found(of_adults(card, shares(*figures)), ADULTS)
    numbers = re.fullmatch(r".* about (\d+) .* calls (\d+) .* and (\d+) .*", text)
    assert numbers is not None and " ".join(numbers.groups()) == told


@pytest.mark.parametrize(("normal", "weak"), [(0.25, False), (0.2501, True)])
def test_a_model_that_calls_over_a_quarter_of_the_ill_normal_is_weak(normal: float, weak: bool, card: Card) -> None:
    known = of_adults(card, {**shares(0.0, 1.0 - normal, normal), "at_not_known": shares(1.0, 0.0, 0.0)})
    assert is_weak(known, ADULTS) is weak
    assert not is_weak(known, NOT_KNOWN)
    assert not is_weak(known, CHILDREN)


@pytest.mark.parametrize("outcome", [Outcome.LIKELY_PNEUMONIA, Outcome.UNCERTAIN])
def test_nothing_is_added_to_the_other_answers(outcome: Outcome, card: Card, qtbot: QtBot) -> None:
    panel = panel_of(qtbot, card, a_row(outcome, ADULTS))
    assert not panel.found.isVisible()
    assert not panel.adapt.isVisible()


def test_a_card_without_the_figure_says_nothing(card: Card, qtbot: QtBot) -> None:
    older = {"sensitivity": {"value": 0.56, "low": 0.46, "high": 0.66}}
    partly = {**shares(0.4, 0.3, 0.3), "pneumonia_uncertain": 0.3}
    for known in (None, of_adults(card, older), of_adults(card, partly)):
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
    assert panel.found.text() == (
        "De 100 adultos con neumonía, este modelo encuentra unos 41 (de 32 a 50), da 30 por dudosos y 29 (de 20 a 38) "
        "por probablemente normales."
    )
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
