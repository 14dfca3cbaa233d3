"""A result goes into the tables: the one that stands for the same image and way of reading is found, never rewritten."""

from __future__ import annotations

import datetime
import json
import sqlite3

from pneumo_desktop.reading.outcome import Reason
from pneumo_desktop.records.rows import NewResult


def now() -> str:
    """Return the time of now as the records hold it: UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def save(connection: sqlite3.Connection, new: NewResult) -> list[int]:
    """Give an entry its result, and return other entries of its queue that are a duplicate now, or are none any more.

    A file that cannot be read again takes nothing away: its entry keeps content, patient and result. One that is out of
    reach is still to be read, the first time or again.
    """
    again = int(new.judgement.out_of_reach)
    found = connection.execute(
        """SELECT e.queue_id, e.sha256, r.reason, r.id IS NOT NULL FROM entry e LEFT JOIN result r ON r.id = e.result_id
        WHERE e.id = ?""",
        (new.entry_id,),
    ).fetchone()
    if found is None:
        return []
    queue_id, before, reason, read = found
    if new.judgement.reason is Reason.UNREADABLE and read and reason != Reason.UNREADABLE.value:
        connection.execute("UPDATE entry SET again = ?, not_read_again = 1 WHERE id = ?", (again, new.entry_id))
        return []
    sha256 = new.sha256 or before
    fields: tuple[str, ...] = (new.patient.name, new.patient.patient_id, new.patient.study_date)
    if sha256 == before:  # what is known of an image is not forgotten
        known = "SELECT patient_name, patient_id, study_date FROM entry WHERE id = ?"
        kept = connection.execute(known, (new.entry_id,)).fetchone()
        fields = tuple(now or then for now, then in zip(fields, kept, strict=True))
    connection.execute(
        """UPDATE entry SET sha256 = ?, result_id = ?, patient_name = ?, patient_id = ?, study_date = ?, again = ?,
        not_read_again = 0 WHERE id = ?""",
        (sha256, _insert_result(connection, new), *fields, again, new.entry_id),
    )
    others = []
    for content in {before, sha256} - {None} if before != sha256 else ():
        first_two = connection.execute(
            "SELECT id FROM entry WHERE sha256 = ? AND frame = ? AND queue_id = ? ORDER BY id LIMIT 2",
            (content, new.frame, queue_id),
        ).fetchall()
        if first_two and first_two[0][0] >= new.entry_id:
            others += [entry_id for (entry_id,) in first_two if entry_id > new.entry_id][:1]
    return others


def _insert_result(connection: sqlite3.Connection, new: NewResult) -> int:
    """Insert a result, or find the one that stands for the same image and way of reading; it is never rewritten."""
    judged = new.judgement
    # What could not be read is no result of the image: the next run tries again.
    shared = None if judged.reason is Reason.UNREADABLE else new.sha256
    if shared is not None:
        found = connection.execute(
            """SELECT id FROM result WHERE sha256 = ? AND frame = ? AND model_sha256 = ? AND model_id = ?
            AND told_population = ? AND analyse_outside = ? AND preprocessing_version = ?""",
            (shared, new.frame, judged.model_sha256, judged.model_id, new.told_population.value, int(new.analyse_outside),
             judged.preprocessing_version),
        ).fetchone()  # fmt: skip
        if found is not None:
            return int(found[0])
    point, heat_map = judged.operating_point, new.heat_map
    cursor = connection.execute(
        """INSERT INTO result (sha256, frame, model_id, population, told_population, analyse_outside,
        preprocessing_version, app_version, time, outcome, reason, detail, score, threshold, low, high, turned,
        inverted, notes, gate_distance, map_height, map_width, map, model_sha256)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            shared, new.frame, judged.model_id, judged.population.value, new.told_population.value,
            int(new.analyse_outside), judged.preprocessing_version, judged.app_version, now(), judged.outcome.value,
            judged.reason.value if judged.reason else None, judged.detail, judged.score,
            point.threshold if point else None, point.low if point else None, point.high if point else None,
            judged.turned, int(judged.inverted), json.dumps(judged.notes), judged.gate_distance,
            heat_map.shape[0] if heat_map is not None else None, heat_map.shape[1] if heat_map is not None else None,
            heat_map.astype("<f2").tobytes() if heat_map is not None else None, judged.model_sha256,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)
