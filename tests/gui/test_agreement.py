"""An agreement is with the verdict that stood there when it was given, whatever the row says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumo_desktop.gui.row_words import status_text
from pneumo_desktop.gui.training.jobs import reviewed_label
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population
from pneumo_desktop.records.rows import Decision, Row


@pytest.mark.parametrize(
    ("agreed_with", "label", "words"),
    [
        (Outcome.LIKELY_NORMAL, "normal", "Agreed with “Likely normal”"),
        (Outcome.LIKELY_PNEUMONIA, "pneumonia", "Agreed"),
        (Outcome.UNCERTAIN, None, "Agreed with “Uncertain”"),
        (None, None, "Agreed"),
    ],
)
def test_what_the_row_says_now_changes_neither_label_nor_agreement(
    agreed_with: Outcome | None, label: str | None, words: str
) -> None:
    now = Judgement(
        outcome=Outcome.LIKELY_PNEUMONIA, reason=None, score=0.9, operating_point=None, population=Population.CHILDREN,
        model_id="m", preprocessing_version=1, app_version="1",
    )  # fmt: skip
    row = Row(1, 1, Entry(Path("/x/a.png")), "aa", "done", now, decision=Decision.AGREE, agreed_with=agreed_with)
    assert reviewed_label(row) == label
    assert status_text(row) == words
