"""What the program says of an image, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pneumo_desktop.imaging import codes


class Outcome(StrEnum):
    """The four things that can be said of an image. The values are stable: they stand in exports."""

    LIKELY_PNEUMONIA = "likely_pneumonia"
    UNCERTAIN = "uncertain"
    LIKELY_NORMAL = "likely_normal"
    NOT_ANALYSED = "not_analysed"


class Reason(StrEnum):
    """Why an image was not analysed. The values are stable: they stand in exports."""

    UNREADABLE = "unreadable"
    TOO_SMALL = "too_small"
    NOT_CHEST_FRONTAL = "not_chest_frontal"
    PHOTO_OF_FILM = "photo_of_film"
    INVERTED = "inverted"
    OUTSIDE_POPULATION = "outside_population"
    QUALITY = "quality"


class Population(StrEnum):
    """For whom an operating point holds."""

    CHILDREN = "children"
    ADULTS = "adults"
    NOT_KNOWN = "not_known"


@dataclass(frozen=True)
class OperatingPoint:
    """A score at and above which an image is called likely pneumonia, and the uncertain band round it.

    All three are numbers on the score's scale (0..1), ``low <= threshold <= high``. They belong to one model
    and one population and are void for any other.
    """

    threshold: float
    low: float
    high: float

    def judge(self, score: float) -> Outcome:
        """Return the outcome for a calibrated ``score`` in 0..1."""
        if self.low <= score < self.high:
            return Outcome.UNCERTAIN
        return Outcome.LIKELY_PNEUMONIA if score >= self.threshold else Outcome.LIKELY_NORMAL


@dataclass(frozen=True)
class Judgement:
    """Everything that is said of one image and everything needed to say it again.

    score: calibrated score in 0..1, or None where there is none (refused or unreadable).
    detail: a finer code for ``reason`` (an ``UnreadableImageError.code``, or a gate kind), for the sentence.
    turned: degrees clockwise (0, 90, 180, 270) the picture was turned before it was read.
    inverted: True when the picture was a negative and was repaired before it was read.
    notes: codes of what else was done or noticed, each with a sentence in ``words``.
    gate_distance: the open-set distance of the gate, for the log of an engineer.
    model_sha256: hex digest of the model's package; empty in results of versions that did not record it.
    """

    outcome: Outcome
    reason: Reason | None
    score: float | None
    operating_point: OperatingPoint | None
    population: Population
    model_id: str
    preprocessing_version: int
    app_version: str
    detail: str = ""
    turned: int = 0
    inverted: bool = False
    notes: tuple[str, ...] = ()
    gate_distance: float | None = None
    model_sha256: str = ""

    @property
    def out_of_reach(self) -> bool:
        """True where the file could not be reached at all: there is something to read when its medium is back."""
        return self.reason is Reason.UNREADABLE and self.detail in codes.OUT_OF_REACH


def suspicion(judgement: Judgement | None) -> tuple[int, float]:
    """Return a key that puts the most suspicious first: the highest score, then those without one, then those waiting."""
    if judgement is None:
        return (2, 0.0)
    return (1, 0.0) if judgement.score is None else (0, -judgement.score)
