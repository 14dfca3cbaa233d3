"""In which order the worklist stands and what it shows: keys made once a row, so that 10,000 rows sort in one event."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Any

from pneumo_desktop.gui.outcomes import outcome_word
from pneumo_desktop.gui.row_words import date_text, patient_text, status_word
from pneumo_desktop.reading.outcome import Outcome, suspicion
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.words import tr


class Column(IntEnum):
    """The columns, from left to right."""

    NAME = 0
    PATIENT = 1
    DATE = 2
    OUTCOME = 3
    SCORE = 4
    STATUS = 5


class Show(StrEnum):
    """Which rows are shown."""

    ALL = "all"
    LEFT = "left"
    LIKELY_PNEUMONIA = "likely_pneumonia"
    UNCERTAIN = "uncertain"
    LIKELY_NORMAL = "likely_normal"
    NOT_ANALYSED = "not_analysed"


Folded = tuple[str, str, str, str]
"""A row's (name, patient, date, all that the filter looks into) as they are compared: without capitals and accents. A plain
tuple of texts is nothing that Python's garbage collection has to visit: with 10,000 rows that is felt."""

_AFTER_N = "n\uffff"
_ACCENTS = re.compile("[\u0300-\u036f]+")


def _in_order(text: str) -> str:
    """Return what a text is sorted by: without capitals and accents, and ñ is a letter of its own after n."""
    if text.isascii():
        return text.casefold()
    letters = unicodedata.normalize("NFKD", text).casefold().replace("n\N{COMBINING TILDE}", _AFTER_N)
    return _ACCENTS.sub("", letters)


def _searched(in_order: str) -> str:
    """Return a text as it is searched, of what it is sorted by: who types n finds ñ."""
    return in_order.replace(_AFTER_N, "n")


def folded(row: Row) -> Folded:
    """Return the texts of a row that do not depend on the language."""
    name, patient = _in_order(row.entry.display_name()), _in_order(patient_text(row))
    searched = _searched(f"{name} {patient} {_in_order(row.patient_id or '')}")
    return (name, patient, date_text(row.study_date or ""), searched)


SUSPICION = -1
"""The order that is no column's: highest score first, then rows without one, then those waiting."""


def _suspicion(row: Row, texts: Folded) -> tuple[int, float, str, int]:
    return (*suspicion(row.judgement), texts[0], row.entry_id)


def _score(row: Row, _texts: Folded) -> tuple[float, int]:
    score = row.judgement.score if row.judgement else None
    return (-1.0 if score is None else score, row.entry_id)


def key_of(column: int) -> Callable[[Row, Folded], Any]:
    """Return what makes a row's key for a column, or for ``SUSPICION``; words are those of the language in use now."""
    match column:
        case Column.NAME:
            return lambda row, texts: (texts[0], row.entry_id)
        case Column.PATIENT:
            return lambda row, texts: (texts[1], row.entry_id)
        case Column.DATE:
            return lambda row, texts: (texts[2], row.entry_id)
        case Column.SCORE:
            return _score
        case Column.OUTCOME:
            outcomes = {outcome: outcome_word(outcome).casefold() for outcome in Outcome}
            none = tr("Waiting").casefold()
            return lambda row, _: (outcomes[row.judgement.outcome] if row.judgement else none, row.entry_id)
        case Column.STATUS:
            words = {
                (decision, read): status_word(decision, read).casefold()
                for decision in (None, *Decision)
                for read in (False, True)
            }
            return lambda row, _: (words[row.decision, row.judgement is not None], row.entry_id)
        case _:
            return _suspicion


def filter_of(text: str, show: Show) -> Callable[[Row, Folded], bool]:
    """Return what tells whether a row holds every word of ``text`` and belongs to ``show``."""
    words = _searched(_in_order(text)).split()

    def belongs(row: Row) -> bool:
        if show is Show.ALL:
            return True
        if show is Show.LEFT:
            return row.decision is None
        return row.judgement is not None and row.judgement.outcome.value == show.value

    return lambda row, texts: all(word in texts[3] for word in words) and belongs(row)
