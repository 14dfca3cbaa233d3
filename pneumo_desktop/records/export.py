"""Results as CSV and JSON, with stable columns (docs/exports.md). Safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pneumo_desktop.imaging.sources import LeftOut
from pneumo_desktop.reading.outcome import Judgement
from pneumo_desktop.records.rows import Row
from pneumo_desktop.whole_file import write_whole

COLUMNS = (
    "file", "sha256", "outcome", "reason", "score", "operating_point", "population", "model_id",
    "preprocessing_version", "app_version", "time", "decision", "note", "initials",
    "remarks", "model_sha256", "agreed_with", "note_initials",
)  # fmt: skip
PATIENT_COLUMNS = ("patient_name", "patient_id", "study_date")
HEAT_MAP_COLUMN = "heatmap"
_FORMULA_STARTS = ("=", "+", "-", "@", "|", "%")
_CONTROLS = ("\t", "\r", "\n")


def _text(path: Path, member: str | None) -> str:
    """Return a path with the archive member, if any; it may hold bytes that are no text in this system's encoding."""
    name = str(path) if member is None else f"{path}/{member}"
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def file_name(row: Row) -> str:
    """Return the path of a row's file, with the archive member and the frame where there are any."""
    name = _text(row.entry.path, row.entry.member)
    return name if row.entry.frame == 0 else f"{name}#{row.entry.frame + 1}"


def values_of(row: Row, patient: bool = False, heat_map: str | None = None) -> dict[str, Any]:
    """Return a row's columns as plain values: numbers, texts and None; ``heat_map`` is the name of the file written."""
    judged = row.judgement
    point = judged.operating_point if judged else None
    values: dict[str, Any] = {
        "file": file_name(row),
        "sha256": row.sha256,
        "outcome": judged.outcome.value if judged else None,
        "reason": judged.reason.value if judged and judged.reason else None,
        "score": judged.score if judged else None,
        "operating_point": point.threshold if point else None,
        "population": judged.population.value if judged else None,
        "model_id": judged.model_id if judged else None,
        "preprocessing_version": judged.preprocessing_version if judged else None,
        "app_version": judged.app_version if judged else None,
        "time": row.time or None,
        "decision": row.decision.value if row.decision else None,
        "note": row.note or None,
        "initials": row.initials or None,
        "remarks": " ".join(_remarks(row, judged)) or None if judged else None,
        "model_sha256": judged.model_sha256 or None if judged else None,
        "agreed_with": row.agreed_with.value if row.agreed_with else None,
        "note_initials": row.note_initials or None,
    }
    if patient:
        values |= {"patient_name": row.patient_name, "patient_id": row.patient_id, "study_date": row.study_date}
    return {**values, HEAT_MAP_COLUMN: heat_map}


def _remarks(row: Row, judged: Judgement) -> list[str]:
    """Return the codes of what was done or noticed."""
    repairs = (("turned", judged.turned != 0), ("was_inverted", judged.inverted), ("duplicate", row.duplicate))
    return [*judged.notes, *(code for code, done in repairs if done)]


def _cell(value: Any, decimal: str) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}".replace(".", decimal)
    if isinstance(value, int):
        return str(value)
    return no_formula(str(value))


def no_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: one that starts like one gets a leading apostrophe."""
    risky = text.startswith(_CONTROLS) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{text}" if risky else text


def write_csv(
    rows: Sequence[Row],
    path: Path,
    separator: str = ",",
    decimal: str = ".",
    patient: bool = False,
    heat_maps: Mapping[int, str] | None = None,
) -> None:
    """Write rows as CSV (UTF-8 with a byte order mark). A Spanish spreadsheet wants separator ';' and decimal ','.

    ``heat_maps``: entry id -> name of the heat map's file. No cell can be taken for a formula: a text that starts like
    one gets a leading apostrophe. Raises OSError, and ValueError
    where separator and decimal sign are the same.
    """
    if separator == decimal:
        raise ValueError("the separator and the decimal sign are the same")
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator, lineterminator="\r\n")
    writer.writerow((*COLUMNS, *(PATIENT_COLUMNS if patient else ()), HEAT_MAP_COLUMN))
    names = heat_maps or {}
    for row in rows:
        values = values_of(row, patient, names.get(row.entry_id)).values()
        writer.writerow([_cell(value, decimal) for value in values])
    write_whole(path, stream.getvalue().encode("utf-8-sig", "replace"))


def write_json(
    rows: Sequence[Row],
    path: Path,
    patient: bool = False,
    heat_maps: Mapping[int, str] | None = None,
    left_out: Sequence[LeftOut] = (),
) -> None:
    """Write ``{"results": [...], "left_out": [...]}``, one object a row with the columns as keys. Raises OSError."""
    names = heat_maps or {}
    document = {
        "results": [values_of(row, patient, names.get(row.entry_id)) for row in rows],
        "left_out": [{"file": _text(item.path, item.member), "reason": item.code} for item in left_out],
    }
    write_whole(path, (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace"))
