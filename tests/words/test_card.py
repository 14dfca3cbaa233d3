"""The words of model cards: everything that a card of this program can say is known in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop import places
from pneumo_desktop.evaluation.compare import Verdict
from pneumo_desktop.evaluation.thresholds import GoalKind
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.models.worse import REASON_KEY
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.recipe import RECIPE_KEYS
from pneumo_desktop.training.computer import WAYS
from pneumo_desktop.training.finish import whose_images
from pneumo_desktop.words import set_language
from pneumo_desktop.words.card import _KEYS, key_in_words, text_in_words

CARDS = {
    "bundled": places.bundled_model(),
    "trained here": Path(__file__).parents[1] / "fixtures" / "tiny.pneumo",
}


@pytest.fixture(params=CARDS)
def card(request: pytest.FixtureRequest) -> Card:
    return ModelPackage.open(CARDS[request.param]).card


def keys_of(values: Any) -> Iterator[str]:
    if isinstance(values, Mapping):
        for key, inner in values.items():
            yield key
            yield from keys_of(inner)


def test_every_figure_and_count_has_a_name(card: Card) -> None:
    for key in (*keys_of(card.metrics), *keys_of(card.data), *card.populations):
        assert key_in_words(key) != key or key in _KEYS, key


def codes_of(values: Any) -> Iterator[str]:
    if isinstance(values, Mapping | list):
        for inner in values.values() if isinstance(values, Mapping) else values:
            yield from codes_of(inner)
    elif isinstance(values, str):
        yield values


def test_the_settings_of_a_training_are_spanish_on_a_spanish_screen(card: Card) -> None:
    own = {key: dict(value) for key, value in card.training.items() if isinstance(value, Mapping)}
    strengths = own.pop("augmentation")
    set_language("es")
    same = {key for key in {*card.training, *keys_of(own)} if key_in_words(key) == key and ":" not in key}
    assert all(key.isdigit() for key in same)  # the runs of a mean
    assert all(key_in_words(key, "augmentation") != key for key in strengths)
    said = {text for text in codes_of(card.training) if text_in_words(text) == text}
    assert said <= {"efficientnet_lite0"}  # a name


@pytest.mark.parametrize("key", [*RECIPE_KEYS, REASON_KEY])
def test_every_setting_that_a_card_can_tell_has_a_name(key: str) -> None:
    set_language("es")
    assert key_in_words(key) != key


@pytest.mark.parametrize("code", [*WAYS, *Population, *GoalKind, *Verdict])
def test_no_code_of_a_card_reaches_a_person(code: str) -> None:
    assert "_" not in text_in_words(code)
    english = text_in_words(code)
    set_language("es")
    assert text_in_words(code) not in (code, english)


@pytest.mark.parametrize("population", Population)
def test_whose_images_a_clinic_s_card_is_of_is_said_in_words(population: Population) -> None:
    text = whose_images(population)
    assert "_" not in text
    set_language("es")
    assert text_in_words(text) != text


def test_a_card_of_an_earlier_version_is_said_in_today_s_words() -> None:
    assert text_in_words("the clinic's own images, population told: not_known") == whose_images(Population.NOT_KNOWN)


def test_folders_are_called_by_their_names_and_a_strength_by_what_it_does() -> None:
    assert key_in_words("test", "mapping") == "test"
    assert key_in_words("jpeg", "augmentation") != key_in_words("jpeg")


def test_populations_limits_and_licences_are_spanish_on_a_spanish_screen(card: Card) -> None:
    texts = [*card.populations.values(), *card.limits, *card.licences]
    assert not any("_" in text_in_words(text) for text in texts)
    set_language("es")
    same_in_both = [text for text in texts if text_in_words(text) == text]
    assert all(re.search(r"CC BY", text) for text in same_in_both)


def test_a_name_inside_a_text_stays() -> None:
    text = "Fine-tuned on local images alone: what pneumo-2 knew of others was not rehearsed."
    set_language("es")
    assert "pneumo-2" in text_in_words(text)
    assert text_in_words(text) != text


def test_what_is_not_known_is_shown_as_it_stands() -> None:
    set_language("es")
    assert text_in_words("Made on Mars.") == "Made on Mars."
    assert key_in_words("mars:7") == "mars:7"
