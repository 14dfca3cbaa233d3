"""Labelled images with what the program said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from pneumo_desktop.evaluation.labelled import PNEUMONIA, LabelledImage
from pneumo_desktop.evaluation.metrics import FloatArray, IntArray
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, Outcome


@dataclass(frozen=True)
class Answer:
    """What a reader says of one image, with the DICOM patient where there is one."""

    judgement: Judgement
    patient: str | None = None


ReadOne = Callable[[Entry], Answer]
"""Read one image. It does not raise for an unreadable file: that is a judgement too."""


@dataclass(frozen=True)
class Case:
    """One labelled image and its judgement. ``patient`` groups images; an image of unknown patient is its own."""

    entry: Entry
    name: str
    label: int
    patient: str
    judgement: Judgement

    @property
    def judged(self) -> bool:
        """True when the image has a score that was compared with an operating point (uncertain included)."""
        judgement = self.judgement
        return (
            judgement.outcome is not Outcome.NOT_ANALYSED
            and judgement.score is not None
            and judgement.operating_point is not None
        )

    @property
    def called(self) -> bool | None:
        """True when called pneumonia, False when called normal, None without a verdict (refused, withheld)."""
        judgement = self.judgement
        if not self.judged or judgement.score is None or judgement.operating_point is None:
            return None
        return judgement.score >= judgement.operating_point.threshold

    @property
    def right(self) -> bool:
        """True when the score lies on the label's side of the operating point; no verdict is never right."""
        return self.called is not None and self.called == (self.label == PNEUMONIA)

    @property
    def in_band(self) -> bool:
        """True when the score lies in the uncertain band of the operating point that it was compared with."""
        score, point = self.judgement.score, self.judgement.operating_point
        return self.judged and score is not None and point is not None and point.low <= score < point.high


def read_cases(
    images: Iterable[LabelledImage],
    read_one: ReadOne,
    on_progress: Callable[[int], None] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> list[Case]:
    """Read labelled images one after the other.

    ``on_progress`` hears how many are done; ``stopped`` is asked before each image, and what was read by then is
    returned.
    """
    cases: list[Case] = []
    for image in images:
        if stopped is not None and stopped():
            break
        answer = read_one(image.entry)
        patient = image.patient_with(answer.patient) or image.name
        cases.append(Case(image.entry, image.name, image.label, patient, answer.judgement))
        if on_progress is not None:
            on_progress(len(cases))
    return cases


@dataclass(frozen=True, eq=False)
class CaseArrays:
    """The same cases as (n,) arrays.

    ``score`` is NaN where there is none at all; ``inside``: judged, and within the band of its operating point.
    """

    label: IntArray
    score: FloatArray
    judged: np.ndarray[tuple[int], np.dtype[np.bool_]]
    called: np.ndarray[tuple[int], np.dtype[np.bool_]]
    inside: np.ndarray[tuple[int], np.dtype[np.bool_]]
    patients: tuple[str, ...]

    @property
    def pessimistic(self) -> FloatArray:
        """Scores in which an image without a verdict ranks on the wrong side of every other."""
        wrong_side = np.where(self.label == PNEUMONIA, -np.inf, np.inf)
        return np.where(self.judged, self.score, wrong_side)


def arrays(cases: Sequence[Case]) -> CaseArrays:
    """Return ``cases`` as arrays."""
    scores = [case.judgement.score for case in cases]
    return CaseArrays(
        label=np.array([case.label for case in cases], dtype=np.int64),
        score=np.array([np.nan if score is None else score for score in scores], dtype=np.float64),
        judged=np.array([case.judged for case in cases], dtype=np.bool_),
        called=np.array([bool(case.called) for case in cases], dtype=np.bool_),
        inside=np.array([case.in_band for case in cases], dtype=np.bool_),
        patients=tuple(case.patient for case in cases),
    )
