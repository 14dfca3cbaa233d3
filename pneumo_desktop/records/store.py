"""What is kept, in one SQLite file: queues, entries, results and the reader's decisions.

WAL with full sync: what ``save_results`` has returned from survives a kill and a power cut. One connection behind a
lock serves every thread. Results are keyed by the image's content and the hash of the model's package, so another model
never rewrites an old result, whatever its id; decisions hang on the image alone, so a new prediction never touches them.
"""

from __future__ import annotations

import datetime
import functools
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.records.schema import MIGRATIONS, is_sound, migrate

if TYPE_CHECKING:  # imported with the first heat map, not at start-up
    import numpy as np
    import numpy.typing as npt

MAX_MAP_SIDE = 64

NOT_READ_AGAIN = "not_read_again"
"""Note of a row that was to be read again and whose file could not be read: it keeps its earlier result."""

_ERRORS = "surrogateescape" if os.name == "posix" else "surrogatepass"
"""File names need not be text: what cannot be decoded comes back from the database as the very bytes it was."""


class Decision(StrEnum):
    """What the reader decided. The values are stable: they stand in exports."""

    AGREE = "agree"
    PNEUMONIA = "pneumonia"
    NORMAL = "normal"
    CANNOT_TELL = "cannot_tell"


class NewerDatabaseError(Exception):
    """The database was written by a newer version of the program and must not be touched."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class UnfinishedQueue(NamedTuple):
    """A queue that was not finished: ``waiting`` entries are to be read, ``again`` of them have an earlier result."""

    queue_id: int
    label: str
    population: Population
    waiting: int
    again: int = 0


class Undone(NamedTuple):
    """A row as it stands after an undoing, and what stood there before it."""

    row: Row
    decision: Decision | None
    note: str
    initials: str


class RecordsError(Exception):
    """The database cannot be opened: no permission, a full or broken disk, a folder in its place. Nothing was changed."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


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


@dataclass(frozen=True)
class Row:
    """One line of the worklist. ``status`` is ``waiting`` or ``done``.

    duplicate: an earlier entry of the queue has the same content.
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


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", _ERRORS)


def _stored(text: Path | str | None) -> bytes | None:
    """Return a path or a member's name as the bytes for ``CAST(? AS TEXT)``."""
    return None if text is None else str(text).encode("utf-8", _ERRORS)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.text_factory = _text
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok" or not is_sound(connection):
            raise sqlite3.DatabaseError("the database is damaged")
        return connection
    except UnicodeDecodeError as problem:  # SQLite's own message quotes the damage
        connection.close()
        raise sqlite3.DatabaseError("the database is damaged") from problem
    except BaseException:
        connection.close()
        raise


def _set_aside(path: Path) -> Path:
    """Rename a damaged database and its side files; nothing is deleted."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S-%f")
    target = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    for suffix in ("", "-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(target.with_name(target.name + suffix))
    return target


_ROW = """SELECT e.id, e.queue_id, e.path, e.member, e.frame, e.sha256, e.patient_name, e.patient_id, e.study_date,
    EXISTS (SELECT 1 FROM entry f WHERE f.sha256 = e.sha256 AND f.frame = e.frame AND f.queue_id = e.queue_id
        AND f.id < e.id), q.examples, r.outcome, r.reason, r.score, r.threshold, r.low, r.high, r.population, r.model_id,
    r.preprocessing_version, r.app_version, r.detail, r.turned, r.inverted, r.notes, r.gate_distance, r.model_sha256,
    r.time, d.decision, d.note, d.initials, e.not_read_again
    FROM entry e JOIN queue q ON q.id = e.queue_id LEFT JOIN result r ON r.id = e.result_id
    LEFT JOIN decision d ON d.id = (SELECT max(id) FROM decision WHERE undone = 0 AND image =
        coalesce(e.sha256 || '#' || e.frame, 'entry:' || e.id))"""


@functools.lru_cache(64)
def _point(threshold: float, low: float, high: float) -> OperatingPoint:
    """Return an operating point: one object for all the rows that have it."""
    return OperatingPoint(threshold=threshold, low=low, high=high)


def _judgement(values: Sequence[Any]) -> Judgement | None:
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


def _row(values: Sequence[Any]) -> Row:
    judgement = _judgement(values[11:27])
    if judgement is not None and values[31]:
        judgement = replace(judgement, notes=(*judgement.notes, NOT_READ_AGAIN))
    return Row(
        entry_id=values[0], queue_id=values[1], entry=Entry(Path(values[2]), values[3], values[4]), sha256=values[5],
        status="waiting" if judgement is None else "done", judgement=judgement, patient_name=values[6],
        patient_id=values[7], study_date=values[8], duplicate=bool(values[9]), example=bool(values[10]),
        time=values[27] or "", decision=Decision(values[28]) if values[28] else None, note=values[29] or "",
        initials=values[30] or "",
    )  # fmt: skip


class Store:
    """The records of one data folder. Safe to use from several threads; close it at the end."""

    def __init__(self, path: Path) -> None:
        """Open or make the database at ``path``.

        A damaged one is set aside under a new name, told in ``set_aside``; a newer one raises NewerDatabaseError, one
        that the system does not give raises RecordsError.
        """
        self.path = path
        self.set_aside: Path | None = None
        self._lock = threading.RLock()
        try:
            self._connection = _connect(path)
        except sqlite3.OperationalError as problem:
            raise RecordsError(path, str(problem)) from problem
        except sqlite3.DatabaseError:
            self.set_aside = _set_aside(path)
            self._connection = _connect(path)
        if self._connection.execute("PRAGMA user_version").fetchone()[0] > len(MIGRATIONS):
            self._connection.close()
            raise NewerDatabaseError(path)
        migrate(self._connection)

    def close(self) -> None:
        """Close the database; further calls raise sqlite3.ProgrammingError."""
        with self._lock:
            self._connection.close()

    def _transaction(self) -> _Transaction:
        return _Transaction(self._lock, self._connection)

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    # Queues and entries

    def new_queue(self, label: str, population: Population, examples: bool = False, paths: Sequence[Path] = ()) -> int:
        """Start a queue and return its id; ``examples`` marks generated pictures, ``paths`` are still to be walked."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO queue (created, label, population, examples, unwalked) VALUES (?, CAST(? AS TEXT), ?, ?, ?)",
                (_now(), _stored(label), population.value, int(examples),
                 json.dumps([str(path) for path in paths]) if paths else None),
            )  # fmt: skip
            return int(cursor.lastrowid or 0)

    def add_entries(self, queue_id: int, entries: Iterable[Entry]) -> list[int]:
        """Add entries to a queue in one transaction and return their ids."""
        with self._transaction() as connection:
            ids = []
            for entry in entries:
                cursor = connection.execute(
                    "INSERT INTO entry (queue_id, path, member, frame) VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?)",
                    (queue_id, _stored(entry.path), _stored(entry.member), entry.frame),
                )
                ids.append(int(cursor.lastrowid or 0))
            return ids

    def add_left_out(self, queue_id: int, items: Iterable[tuple[Path, str | None, str]]) -> None:
        """Keep what was left out of a queue: (path, member, code)."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO left_out VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?)",
                [(queue_id, _stored(path), _stored(member), code) for path, member, code in items],
            )

    def left_out(self, queue_id: int) -> list[tuple[Path, str | None, str]]:
        """Return what was left out of a queue."""
        rows = self._all("SELECT path, member, code FROM left_out WHERE queue_id = ?", (queue_id,))
        return [(Path(path), member, code) for path, member, code in rows]

    def unwalked(self, queue_id: int) -> list[Path]:
        """Return the paths of a queue whose walk was begun and did not come to its end; [] where it did."""
        rows = self._all("SELECT unwalked FROM queue WHERE id = ?", (queue_id,))
        paths = _value(rows[0][0], []) if rows else []
        return [Path(name) for name in paths if isinstance(name, str)]

    def walked(self, queue_id: int) -> None:
        """Say that everything below the queue's paths has been found."""
        with self._transaction() as connection:
            connection.execute("UPDATE queue SET unwalked = NULL WHERE id = ?", (queue_id,))

    def begin_walk_again(self, queue_id: int) -> set[Entry]:
        """Return the entries of a queue that the first walk found, and forget what it left out."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM left_out WHERE queue_id = ?", (queue_id,))
        rows = self._all("SELECT path, member, frame FROM entry WHERE queue_id = ?", (queue_id,))
        return {Entry(Path(path), member, frame) for path, member, frame in rows}

    def finish_queue(self, queue_id: int) -> None:
        """Say that nothing of the queue waits any more, or that the user gave up the rest; earlier results stay."""
        with self._transaction() as connection:
            connection.execute("UPDATE queue SET finished = ? WHERE id = ?", (_now(), queue_id))
            connection.execute("UPDATE entry SET again = 0 WHERE queue_id = ? AND again = 1", (queue_id,))

    def read_again(self, queue_id: int, population: Population) -> None:
        """Mark every entry of a queue to be read again, as an image of ``population``.

        Each keeps its result until ``save_results`` brings another; decisions stay.
        """
        with self._transaction() as connection:
            connection.execute(
                "UPDATE queue SET population = ?, finished = NULL WHERE id = ?", (population.value, queue_id)
            )
            connection.execute("UPDATE entry SET again = 1 WHERE queue_id = ? AND result_id IS NOT NULL", (queue_id,))

    def unfinished(self) -> list[UnfinishedQueue]:
        """Return the queues that were not finished, the newest first."""
        rows = self._all(
            """SELECT q.id, q.label, q.population, count(e.id) AS waiting, coalesce(sum(e.again), 0) FROM queue q
            LEFT JOIN entry e ON e.queue_id = q.id AND (e.result_id IS NULL OR e.again = 1)
            WHERE q.finished IS NULL GROUP BY q.id HAVING waiting > 0 OR q.unwalked IS NOT NULL ORDER BY q.id DESC"""
        )
        return [UnfinishedQueue(number, label, Population(told), *counts) for number, label, told, *counts in rows]

    def queues(self, limit: int = 10) -> list[tuple[int, str, str, int]]:
        """Return (queue id, label, time it was begun, entries) of the newest queues.

        Generated examples are left out, and queues of which nothing was found; what was left out of a queue counts as found.
        """
        return self._all(
            """SELECT q.id, q.label, q.created, count(e.id) AS entries FROM queue q LEFT JOIN entry e ON e.queue_id = q.id
            WHERE q.examples = 0 GROUP BY q.id
            HAVING entries > 0 OR EXISTS (SELECT 1 FROM left_out l WHERE l.queue_id = q.id)
            ORDER BY q.id DESC LIMIT ?""",
            (limit,),
        )

    def waiting(self, queue_id: int, after: int = 0, limit: int = -1) -> list[tuple[int, Entry]]:
        """Return (entry id, entry) of what is to be read, the first time or again, with ids above ``after``; -1: no limit."""
        rows = self._all(
            """SELECT id, path, member, frame FROM entry WHERE queue_id = ? AND id > ?
            AND (result_id IS NULL OR again = 1) ORDER BY id LIMIT ?""",
            (queue_id, after, limit),
        )
        return [(entry_id, Entry(Path(path), member, frame)) for entry_id, path, member, frame in rows]

    # Results

    def result_for(
        self,
        sha256: str,
        frame: int,
        model_sha256: str,
        told: Population,
        preprocessing_version: int,
        analyse_outside: bool = False,
    ) -> tuple[Judgement, npt.NDArray[np.float32] | None] | None:
        """Return the result of an image that the same package read before in the same way, with its heat map, or None."""
        rows = self._all(
            """SELECT outcome, reason, score, threshold, low, high, population, model_id, preprocessing_version,
            app_version, detail, turned, inverted, notes, gate_distance, model_sha256, map_height, map_width, map
            FROM result WHERE sha256 = ? AND frame = ? AND model_sha256 = ? AND told_population = ? AND preprocessing_version = ?
            AND analyse_outside = ?""",
            (sha256, frame, model_sha256, told.value, preprocessing_version, int(analyse_outside)),
        )
        if not rows:
            return None
        judgement = _judgement(rows[0][:16])
        return None if judgement is None else (judgement, _heat_map(*rows[0][16:]))

    def results_for(
        self, sha256: str, frame: int, model_sha256: str, preprocessing_version: int, analyse_outside: bool = False
    ) -> list[tuple[Population, Judgement, npt.NDArray[np.float32] | None]]:
        """Return every result of an image that the same package made, with what was told of the patients then."""
        rows = self._all(
            """SELECT DISTINCT told_population FROM result WHERE sha256 = ? AND frame = ? AND model_sha256 = ?
            AND preprocessing_version = ? AND analyse_outside = ?""",
            (sha256, frame, model_sha256, preprocessing_version, int(analyse_outside)),
        )
        tolds = [Population(told) for (told,) in rows]
        found = ((told, self.result_for(sha256, frame, model_sha256, told, preprocessing_version, analyse_outside))
                 for told in tolds)  # fmt: skip
        return [(told, *known) for told, known in found if known is not None]

    def save_results(self, results: Sequence[NewResult]) -> list[Row]:
        """Commit a batch in one transaction and return its rows; when it returns, the batch is on disk.

        Behind them follow rows that are duplicates now because an earlier file of the same content came later.
        """
        changed = {new.entry_id: None for new in results}
        with self._transaction() as connection:
            for new in results:
                changed |= dict.fromkeys(_save(connection, new))
                if new.sha256 is not None:  # what was decided while the image waited belongs to the image
                    connection.execute(
                        "UPDATE decision SET image = ? WHERE image = ?",
                        (f"{new.sha256}#{new.frame}", f"entry:{new.entry_id}"),
                    )
        return [row for entry_id in changed if (row := self.row(entry_id)) is not None]

    def queue_population(self, queue_id: int) -> Population:
        """Return whose images a queue was said to hold."""
        rows = self._all("SELECT population FROM queue WHERE id = ?", (queue_id,))
        return Population(rows[0][0]) if rows else Population.NOT_KNOWN

    def wants_reading(self, queue_id: int, population: Population) -> bool:
        """Tell whether something of a queue was never read, or not as of ``population``."""
        rows = self._all(
            """SELECT EXISTS (SELECT 1 FROM entry e LEFT JOIN result r ON r.id = e.result_id WHERE e.queue_id = ?
                AND (r.id IS NULL OR r.told_population <> ?))
            OR EXISTS (SELECT 1 FROM queue WHERE id = ? AND unwalked IS NOT NULL)""",
            (queue_id, population.value, queue_id),
        )
        return bool(rows[0][0])

    def told_population(self, entry_id: int) -> Population:
        """Return what was said of the patients when an entry was read; the age in its file may have gone before it."""
        rows = self._all(
            "SELECT told_population FROM result r JOIN entry e ON e.result_id = r.id WHERE e.id = ?", (entry_id,)
        )
        return Population(rows[0][0]) if rows else Population.NOT_KNOWN

    def heat_map(self, entry_id: int) -> npt.NDArray[np.float32] | None:
        """Return the heat map (h, w) float32 of an entry's result, or None."""
        rows = self._all(
            "SELECT map_height, map_width, map FROM result r JOIN entry e ON e.result_id = r.id WHERE e.id = ?",
            (entry_id,),
        )
        return _heat_map(*rows[0]) if rows else None

    def patient_of(self, sha256: str) -> PatientFields:
        """Return the patient fields that were read from an image before; empty where there are none."""
        rows = self._all(
            """SELECT patient_name, patient_id, study_date FROM entry
            WHERE sha256 = ? AND patient_name || patient_id || study_date <> '' LIMIT 1""",
            (sha256,),
        )
        return PatientFields(*rows[0]) if rows else PatientFields()

    def row(self, entry_id: int) -> Row | None:
        """Return one row, or None where there is no such entry."""
        rows = self._all(f"{_ROW} WHERE e.id = ?", (entry_id,))
        return _row(rows[0]) if rows else None

    def rows(self, queue_id: int | None = None) -> list[Row]:
        """Return the rows of one queue, or of all."""
        if queue_id is None:
            return [_row(values) for values in self._all(f"{_ROW} ORDER BY e.id")]
        return [_row(values) for values in self._all(f"{_ROW} WHERE e.queue_id = ? ORDER BY e.id", (queue_id,))]

    # The reader's decisions

    def _image(self, entry_id: int) -> str:
        ((sha256, frame),) = self._all("SELECT sha256, frame FROM entry WHERE id = ?", (entry_id,))
        return f"{sha256}#{frame}" if sha256 else f"entry:{entry_id}"

    def set_decision(self, entry_id: int, decision: Decision | None, note: str = "", initials: str = "") -> Row:
        """Write the reader's decision (None takes it back) at once; every earlier one stays in the history."""
        with self._lock:
            image = self._image(entry_id)
            with self._transaction() as connection:
                connection.execute(
                    "INSERT INTO decision (image, decision, note, initials, time) VALUES (?, ?, ?, ?, ?)",
                    (image, decision.value if decision else None, note, initials, _now()),
                )
            row = self.row(entry_id)
        assert row is not None
        return row

    def set_note(self, entry_id: int, note: str, initials: str = "") -> Row | None:
        """Write a note beside the decision that stands, if any, unless it stands there; None where the entry is gone."""
        with self._lock:
            row = self.row(entry_id)
            if row is None or (row.note or "", row.initials or "") == (note, initials):
                return row
            return self.set_decision(entry_id, row.decision, note, initials)

    def newest_decision(self) -> int:
        """Return the number of the newest decision; 0 where there is none."""
        return int(self._all("SELECT coalesce(max(id), 0) FROM decision")[0][0])

    def undo_decision(self, first: int = 0) -> Undone | None:
        """Undo the newest decision or note and return what it was; None where none has the number ``first`` or above."""
        with self._lock:
            found = self._all(
                """SELECT id, image, decision, note, initials FROM decision WHERE undone = 0 AND id >= ?
                ORDER BY id DESC LIMIT 1""",
                (first,),
            )
            if not found:
                return None
            number, image, decision, note, initials = found[0]
            with self._transaction() as connection:
                connection.execute("UPDATE decision SET undone = 1 WHERE id = ?", (number,))
            rows = self._all(
                """SELECT id FROM entry WHERE coalesce(sha256 || '#' || frame, 'entry:' || id) = ?
                ORDER BY id DESC LIMIT 1""",
                (image,),
            )
            row = self.row(rows[0][0]) if rows else None
        return None if row is None else Undone(row, Decision(decision) if decision else None, note, initials)

    # Folders and settings

    def folder_population(self, folder: Path) -> Population | None:
        """Return what was said of the patients of a folder, or None if nobody was asked."""
        rows = self._all("SELECT population FROM folder WHERE path = CAST(? AS TEXT)", (_stored(folder),))
        return Population(rows[0][0]) if rows else None

    def set_folder_population(self, folder: Path, population: Population) -> None:
        """Remember the population of a folder."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO folder VALUES (CAST(? AS TEXT), ?)", (_stored(folder), population.value)
            )

    def settings(self) -> dict[str, Any]:
        """Return every setting that was ever written; one that is no JSON is as good as never written."""
        values = {key: _value(text, None) for key, text in self._all("SELECT key, value FROM setting")}
        return {key: value for key, value in values.items() if value is not None}

    def setting(self, key: str, default: Any = None) -> Any:
        """Return a setting (any JSON value), or ``default``, also where it is no JSON or a value of another kind."""
        rows = self._all("SELECT value FROM setting WHERE key = ?", (key,))
        return _value(rows[0][0], default) if rows else default

    def set_setting(self, key: str, value: Any) -> None:
        """Write a setting (any JSON value)."""
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (key, json.dumps(value)))


class _Transaction:
    """Holds the lock; commits at the end, rolls back on an error."""

    def __init__(self, lock: threading.RLock, connection: sqlite3.Connection) -> None:  # type: ignore[valid-type]
        self._lock: Any = lock
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._lock.release()
            raise
        return self._connection

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            self._lock.release()


def _value(text: object, default: Any) -> Any:
    """Return the JSON value in ``text``, or ``default`` where there is none, or one of another kind than ``default``."""
    try:
        value = json.loads(text)  # type: ignore[arg-type]
    except (TypeError, ValueError, RecursionError):
        return default
    return value if default is None or isinstance(value, type(default)) else default


def _heat_map(height: int | None, width: int | None, blob: bytes | None) -> npt.NDArray[np.float32] | None:
    if blob is None or not height or not width or max(height, width) > MAX_MAP_SIDE or len(blob) != 2 * height * width:
        return None
    import numpy as np

    return np.frombuffer(blob, dtype="<f2").reshape(height, width).astype(np.float32)


def _save(connection: sqlite3.Connection, new: NewResult) -> list[int]:
    """Give an entry its result, and return other entries of its queue that are a duplicate now, or are none any more.

    A file that cannot be read again takes nothing away: its entry keeps content, patient and result.
    """
    found = connection.execute(
        """SELECT e.queue_id, e.sha256, r.reason, r.id IS NOT NULL FROM entry e LEFT JOIN result r ON r.id = e.result_id
        WHERE e.id = ?""",
        (new.entry_id,),
    ).fetchone()
    if found is None:
        return []
    queue_id, before, reason, read = found
    if new.judgement.reason is Reason.UNREADABLE and read and reason != Reason.UNREADABLE.value:
        connection.execute("UPDATE entry SET again = 0, not_read_again = 1 WHERE id = ?", (new.entry_id,))
        return []
    sha256 = new.sha256 or before
    fields: tuple[str, ...] = (new.patient.name, new.patient.patient_id, new.patient.study_date)
    if sha256 == before:  # what is known of an image is not forgotten
        known = "SELECT patient_name, patient_id, study_date FROM entry WHERE id = ?"
        kept = connection.execute(known, (new.entry_id,)).fetchone()
        fields = tuple(now or then for now, then in zip(fields, kept, strict=True))
    connection.execute(
        """UPDATE entry SET sha256 = ?, result_id = ?, patient_name = ?, patient_id = ?, study_date = ?, again = 0,
        not_read_again = 0 WHERE id = ?""",
        (sha256, _insert_result(connection, new), *fields, new.entry_id),
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
            int(new.analyse_outside), judged.preprocessing_version, judged.app_version, _now(), judged.outcome.value,
            judged.reason.value if judged.reason else None, judged.detail, judged.score,
            point.threshold if point else None, point.low if point else None, point.high if point else None,
            judged.turned, int(judged.inverted), json.dumps(judged.notes), judged.gate_distance,
            heat_map.shape[0] if heat_map is not None else None, heat_map.shape[1] if heat_map is not None else None,
            heat_map.astype("<f2").tobytes() if heat_map is not None else None, judged.model_sha256,
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)
