"""What the records hold, as objects: rows, results on their way, decisions, queues; and how they come out of the tables."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason

if TYPE_CHECKING:  # imported with the first heat map, not at start-up
    import numpy as np
    import numpy.typing as npt

MAX_MAP_SIDE = 64

NOT_READ_AGAIN = "not_read_again"
"""Note of a row that was to be read again and whose file could not be read: it keeps its earlier result."""


IMAGE_OF_ENTRY = "coalesce(e.sha256 || '#' || e.frame, 'entry:' || e.id)"
"""SQL for the image of an entry ``e``, on which decisions hang: ``image_name``, before it was read ``unread_image_name``."""


def image_name(sha256: str, frame: int) -> str:
    """Return what names an image by its content, whichever file has it."""
    return f"{sha256}#{frame}"


def unread_image_name(entry_id: int) -> str:
    """Return what names the image of an entry whose content is not known yet."""
    return f"entry:{entry_id}"


class Decision(StrEnum):
    """What the reader decided. The values are stable: they stand in exports."""

    AGREE = "agree"  # with the verdict that stood there then: ``Row.agreed_with``
    PNEUMONIA = "pneumonia"
    NORMAL = "normal"
    CANNOT_TELL = "cannot_tell"


class UnfinishedQueue(NamedTuple):
    """A queue that was not finished: ``waiting`` entries are to be read; ``again`` of them have an earlier result.

    out_of_reach: others of them have been tried, and their medium was away.
    """

    queue_id: int
    label: str
    population: Population
    waiting: int
    again: int = 0
    out_of_reach: int = 0


@dataclass(frozen=True)
class PatientFields:
    """What the worklist shows of a patient, where DICOM tells."""

    name: str = ""
    patient_id: str = ""
    study_date: str = ""


@dataclass(frozen=True, eq=False)
class NewResult:
    """One result on its way into the store. ``sha256`` is None for a file without readable bytes."""

    entry_id: int
    frame: int
    sha256: str | None
    judgement: Judgement
    told_population: Population
    analyse_outside: bool = False
    heat_map: npt.NDArray[np.float32] | None = None
    patient: PatientFields = PatientFields()


class Opinion(NamedTuple):
    """What readers have said of an image; the fields are named as in ``Row``."""

    decision: Decision | None = None
    agreed_with: Outcome | None = None
    note: str = ""
    initials: str = ""
    note_initials: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the worklist. ``status`` is ``waiting`` or ``done``.

    duplicate: an earlier entry of the queue has the same content. agreed_with: the verdict that an agreement was with, which
    may be another than the row has now; None without an agreement, or where an early version did not record it.
    note_initials: of who wrote the note, which may be another reader than decided; empty where that was not recorded.
    """

    entry_id: int
    queue_id: int
    entry: Entry
    sha256: str | None
    status: str
    judgement: Judgement | None
    patient_name: str = ""
    patient_id: str = ""
    study_date: str = ""
    decision: Decision | None = None
    note: str = ""
    initials: str = ""
    time: str = ""
    duplicate: bool = False
    example: bool = False
    agreed_with: Outcome | None = None
    note_initials: str = ""

    @property
    def image(self) -> str:
        """What names the image by its content, whichever file has it; nothing where that is not known yet."""
        return image_name(self.sha256, self.entry.frame) if self.sha256 else ""

    @property
    def opinion(self) -> Opinion:
        """What was said of the image."""
        return Opinion(self.decision, self.agreed_with, self.note, self.initials, self.note_initials)

    def with_opinion(self, opinion: Opinion) -> Row:
        """Return this row with what was said of its image."""
        return replace(self, **opinion._asdict())


class Saved(NamedTuple):
    """A row as it stands after a decision or a note was to be written, and what ``stood`` there of the image that was seen.

    unseen: that too, where another window had saved it since the reader saw the row; note_kept: its note was not seen, and is
    kept. written: False where what was said stood there already, so that there is nothing to undo.
    """

    row: Row
    stood: Opinion = Opinion()
    unseen: Opinion | None = None
    note_kept: bool = False
    written: bool = True


class Undone(NamedTuple):
    """A row as it stands after an undoing, and what was undone; ``covered``: another window had decided since."""

    row: Row
    decision: Decision | None
    note: str
    initials: str
    covered: bool = False


ROW_QUERY = f"""SELECT e.id, e.queue_id, e.path, e.member, e.frame, e.sha256, e.patient_name, e.patient_id, e.study_date,
    EXISTS (SELECT 1 FROM entry f WHERE f.sha256 = e.sha256 AND f.frame = e.frame AND f.queue_id = e.queue_id
        AND f.id < e.id), q.examples, r.outcome, r.reason, r.score, r.threshold, r.low, r.high, r.population, r.model_id,
    r.preprocessing_version, r.app_version, r.detail, r.turned, r.inverted, r.notes, r.gate_distance, r.model_sha256,
    r.time, d.decision, d.agreed_with, d.note, d.initials, d.note_initials, e.not_read_again
    FROM entry e JOIN queue q ON q.id = e.queue_id LEFT JOIN result r ON r.id = e.result_id
    LEFT JOIN decision d ON d.id = (SELECT max(id) FROM decision WHERE undone = 0 AND image =
        {IMAGE_OF_ENTRY})"""  # noqa: S608 - no value is written into it


@functools.lru_cache(64)
def _point(threshold: float, low: float, high: float) -> OperatingPoint:
    """Return an operating point: one object for all the rows that have it."""
    return OperatingPoint(threshold=threshold, low=low, high=high)


def judgement_of(values: Sequence[Any]) -> Judgement | None:
    """Return a judgement of the sixteen columns of a result, or None where there is none that can be read."""
    (outcome, reason, score, threshold, low, high, population, model_id, preprocessing, version, detail, turned,
     inverted, notes, distance, model_sha256) = values  # fmt: skip
    if outcome is None:
        return None
    point = None if threshold is None else _point(threshold, low, high)
    try:
        return Judgement(
            outcome=Outcome(outcome), reason=Reason(reason) if reason else None, score=score, operating_point=point,
            population=Population(population), model_id=model_id, preprocessing_version=preprocessing,
            app_version=version, detail=detail, turned=turned, inverted=bool(inverted),
            notes=tuple(json.loads(notes)), gate_distance=distance, model_sha256=model_sha256,
        )  # fmt: skip
    except (TypeError, ValueError):  # a damaged row is as good as none: the image can be read again
        return None


def opinion_of(
    decision: str | None, agreed_with: str | None, note: str | None, initials: str | None, note_initials: str | None
) -> Opinion:
    """Return an opinion of its columns; all are None where nothing was said."""
    return Opinion(
        Decision(decision) if decision else None, Outcome(agreed_with) if agreed_with else None, note or "",
        initials or "", note_initials or "",
    )  # fmt: skip


def row_of(values: Sequence[Any]) -> Row:
    """Return a row of the columns of ``ROW_QUERY``."""
    judgement = judgement_of(values[11:27])
    if judgement is not None and values[33]:
        judgement = replace(judgement, notes=(*judgement.notes, NOT_READ_AGAIN))
    return Row(
        entry_id=values[0], queue_id=values[1], entry=Entry(Path(values[2]), values[3], values[4]), sha256=values[5],
        status="waiting" if judgement is None else "done", judgement=judgement, patient_name=values[6],
        patient_id=values[7], study_date=values[8], duplicate=bool(values[9]), example=bool(values[10]),
        time=values[27] or "", **opinion_of(*values[28:33])._asdict(),
    )  # fmt: skip


def heat_map_of(height: int | None, width: int | None, blob: bytes | None) -> npt.NDArray[np.float32] | None:
    """Return a heat map (h, w) float32 of its columns, or None where there is none or it is damaged."""
    if blob is None or not height or not width or max(height, width) > MAX_MAP_SIDE or len(blob) != 2 * height * width:
        return None
    import numpy as np

    return np.frombuffer(blob, dtype="<f2").reshape(height, width).astype(np.float32)
