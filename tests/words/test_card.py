"""The words of model cards: everything that a card of this program can say is known in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop import places
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.package import ModelPackage
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


def test_populations_limits_and_licences_are_spanish_on_a_spanish_screen(card: Card) -> None:
    texts = [*card.populations.values(), *card.limits, *card.licences]
    assert texts == [text_in_words(text) for text in texts]
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
