"""What an outcome means to the order of a worklist."""

from __future__ import annotations

from pneumo_desktop.reading.outcome import Judgement, Outcome, Population, Reason, suspicion


def judged(score: float | None, reason: Reason | None = None) -> Judgement:
    outcome = Outcome.NOT_ANALYSED if reason else Outcome.UNCERTAIN
    return Judgement(outcome, reason, score, None, Population.NOT_KNOWN, "m", 1, "0")


def test_the_most_suspicious_come_first_and_what_is_not_read_last() -> None:
    high, low, withheld = judged(0.9), judged(0.2), judged(0.5, Reason.OUTSIDE_POPULATION)
    refused = judged(None, Reason.NOT_CHEST_FRONTAL)
    assert sorted([None, refused, low, withheld, high], key=suspicion) == [high, withheld, low, refused, None]
