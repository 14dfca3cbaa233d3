"""A model that its own card calls worse is used only with a reason that somebody typed."""

from __future__ import annotations

from collections.abc import Mapping

from pneumo_desktop.models.card import Card

SHORTEST_REASON = 10
"""Letters that a reason has at least."""

REASON_KEY = "accepted_although_worse"
"""Where ``Card.training`` keeps the reason of a model that was accepted when it was made."""


class ReasonNeededError(Exception):
    """The card of this model says that it is worse, and nobody has said why it shall be used."""


def is_reason(text: str) -> bool:
    """Tell whether ``text`` is long enough to be a reason."""
    return len(text.strip()) >= SHORTEST_REASON


def called_worse(card: Card) -> bool:
    """Tell whether the card says *worse* of the locked test part, at the operating points of training or at a picked one."""
    picked = _under(card.training, "operating_point", "locked_test_before", "comparison", "verdict")
    return "worse" in (_under(card.metrics, "comparison", "verdict"), picked)


def reason_in(card: Card) -> str:
    """Return the reason that the card keeps; empty where it has none."""
    reason = _under(card.training, REASON_KEY)
    return reason if isinstance(reason, str) else ""


def _under(values: object, *keys: str) -> object:
    """Return what lies under ``keys``; None where the card, which is untrusted, holds something else there."""
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values
