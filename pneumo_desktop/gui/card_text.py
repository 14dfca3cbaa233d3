"""A model's card for people: what it is, for whom, how good, what it was made from, in the program's language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pneumo_desktop.evaluation.report import Metric
from pneumo_desktop.evaluation.summary import metric_name, number_text
from pneumo_desktop.gui.outcomes import population_word, score_text
from pneumo_desktop.gui.population_words import population_with_ages
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.registry import ModelInfo
from pneumo_desktop.words import in_language, tr
from pneumo_desktop.words.card import key_in_words, text_in_words

_MOST_LINES = 1500
"""Of a card; nearly three times the bundled one's. A card is untrusted, and one without end would stop the window."""

_MOST_IMAGES = 10**12
"""A count above it is none, and Python makes no text of a number of more than 4300 digits."""


def learnt_from(card: Card) -> str:
    """Return how many images a model has learnt from, as its card counts them; a dash where it does not."""
    counts = card.data.get("counts", {})
    fitted = counts.get("fit", counts.get("train", {})) if isinstance(counts, Mapping) else {}
    if not isinstance(fitted, Mapping):
        return "–"
    numbers = [value for key, value in fitted.items() if isinstance(value, int) and key != "patients"]
    believed = [value for value in numbers if 0 <= value <= _MOST_IMAGES]
    return str(sum(believed)) if believed else "–"


def _value(value: Any) -> str:
    """Return one value of a card: a number with the language's decimal sign, a text in its words."""
    if isinstance(value, bool) or value is None:
        return {True: tr("yes"), False: tr("no"), None: "–"}[value]
    if isinstance(value, float):
        return in_language(f"{value:.6g}")
    return text_in_words(value) if isinstance(value, str) else str(value)


def _metric(values: Any) -> Metric | None:
    """Return a number that stands in a card with its interval; None where it is something else (cards are untrusted).

    An interval that there is not stands in a card as null.
    """
    value, *ends = (_inner(values).get(key, "") for key in ("value", "low", "high"))
    if isinstance(value, float) and all(isinstance(end, float | None) for end in ends):
        low, high = (math.nan if end is None else end for end in ends)
        return Metric(value, low, high)
    return None


def _folded(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``values`` with an AUC and the ends of its interval, which bundled cards write side by side, as one figure."""
    auc = {key: values[name] for key, name in (("value", "auc"), ("low", "low"), ("high", "high")) if name in values}
    if _metric(auc) is None:
        return values
    return {"auc": auc} | {key: value for key, value in values.items() if key not in ("auc", "low", "high")}


def _plain(value: Any, depth: int = 0, inside: str = "") -> list[str]:
    """Return JSON values as indented lines, in words as far as they are known; ``inside``: the key they stand under."""
    indent = "    " * depth
    if isinstance(value, Mapping):
        lines = []
        for key, inner in _folded(value).items():
            metric, name = _metric(inner), key_in_words(str(key), inside)
            if metric:
                lines.append(f"{indent}{name}: {number_text(metric)}")
            elif isinstance(inner, Mapping | list | tuple):
                lines += [f"{indent}{name}:", *_plain(inner, depth + 1, str(key))]
            else:
                lines.append(f"{indent}{name}: {_value(inner)}")
        return lines
    if isinstance(value, list | tuple):
        return [f"{indent}- {_value(item)}" for item in value]
    return [f"{indent}{_value(value)}"]


def _inner(values: Any, *keys: str) -> Mapping[str, Any]:
    """Return what lies under ``keys``; empty where the card holds something else there (cards are untrusted)."""
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _counts_lines(card: Card) -> list[str]:
    """Return how many images the parts of a local model had; none for a card that counts otherwise."""
    words = {"train": tr("Training"), "val": tr("Validation"), "test": tr("Test, locked")}
    text = tr("{part}: {normal} normal, {pneumonia} pneumonia, {patients} patients")
    keys = ("normal", "pneumonia", "patients")
    parts = {part: _inner(card.data, "counts", part) for part in words}
    return [
        text.format(part=words[part], **{key: counts[key] for key in keys})
        for part, counts in parts.items()
        if all(isinstance(counts.get(key), int) for key in keys)
    ]


def _test_lines(card: Card) -> list[str]:
    """Return the figures of the locked test part with their intervals, where the card has them."""
    names = ("auc", "accuracy", "sensitivity", "specificity")
    metrics = {name: _metric(_inner(card.metrics, "locked_test", "metrics", name)) for name in names}
    return [f"{metric_name(name)}: {number_text(metric)}" for name, metric in metrics.items() if metric]


def _ages_lines(card: Card) -> list[str]:
    """Return for which ages the figures hold: of each population where the card tells, else of all together."""
    if not card.ages:
        return [tr("Ages: {low:.0f} to {high:.0f} years").format(low=card.age_range[0], high=card.age_range[1])]
    told = "; ".join(population_with_ages(population, card) for population in card.ages)
    return [tr("Figures for: {populations}; for no other age.").format(populations=told)]


def card_text(info: ModelInfo) -> str:
    """Return a card for people: what it is, for whom, how good, what it was made from."""
    card = info.card
    points = "; ".join(
        f"{population_word(population)} {score_text(point.threshold)} "
        f"({score_text(point.low)}–{score_text(point.high)})"
        for population, point in card.operating_points.items()
    )
    made = tr("Made on {date}, from {parent}.") if card.parent else tr("Made on {date}.")
    lines = [
        f"{card.name} ({card.model_id})",
        made.format(date=card.created, parent=card.parent),
        *_counts_lines(card),
        *_test_lines(card),
        tr("Network: {name}, {size} pixels, {count} parameters").format(
            name=text_in_words(card.architecture), size=card.input_size, count=card.parameters
        ),
        tr("Operating points: {points}").format(points=points or "–"),
        *_ages_lines(card),
        *([tr("Used although it is worse, because: {reason}").format(reason=info.reason)] if info.reason else []),
        "",
    ]
    for title, values in (
        (tr("For whom"), card.populations), (tr("Limits"), card.limits), (tr("Licences"), card.licences),
        (tr("Data"), card.data), (tr("Training"), card.training), (tr("Figures"), card.metrics),
    ):  # fmt: skip
        if values:
            lines += [title, *_plain(values, 1), ""]
    cut = [tr("The card is longer than this; the rest is not shown.")] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *cut, f"sha256 {info.sha256}"])
