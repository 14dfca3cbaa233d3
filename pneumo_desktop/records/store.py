"""What is kept, in one SQLite file: queues, entries, results and the reader's decisions.

WAL with full sync: what ``save_results`` has returned from survives a kill and a power cut. One connection behind a
lock serves every thread. Results are keyed by the image's content and the hash of the model's package, so another model
never rewrites an old result, whatever its id; decisions hang on the image alone, so a new prediction never touches them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population
from pneumo_desktop.records.opening import Transaction, open_records, stored
from pneumo_desktop.records.opinions import hang_on_content, image_of, say, standing, take_back
from pneumo_desktop.records.rows import (
    IMAGE_OF_ENTRY,
    ROW_QUERY,
    Decision,
    NewResult,
    Opinion,
    PatientFields,
    Row,
    Saved,
    Undone,
    UnfinishedQueue,
    heat_map_of,
    judgement_of,
    row_of,
)
from pneumo_desktop.records.saving import now, save

if TYPE_CHECKING:  # imported with the first heat map, not at start-up
    import numpy as np
    import numpy.typing as npt


class Store:
    """The records of one data folder. Safe to use from several threads; close it at the end."""

    def __init__(self, path: Path) -> None:
        """Open or make the database at ``path``.

        A damaged one is set aside under a new name, told in ``set_aside``; a newer one raises NewerDatabaseError, one
        that the system does not give raises RecordsError.
        """
        self.path = path
        self._lock = threading.RLock()
        self._undoable: list[tuple[int, int]] = []
        """(number, entry) of this sitting's decisions and notes that were not undone; another window's are never in it."""
        self._connection, self.set_aside = open_records(path)

    def close(self) -> None:
        """Close the database; further calls raise sqlite3.ProgrammingError."""
        with self._lock:
            self._connection.close()

    def _transaction(self) -> Transaction:
        return Transaction(self._lock, self._connection)

    def _all(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    # Queues and entries

    def new_queue(self, label: str, population: Population, examples: bool = False, paths: Sequence[Path] = ()) -> int:
        """Start a queue and return its id; ``examples`` marks generated pictures, ``paths`` are still to be walked."""
        with self._transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO queue (created, label, population, examples, unwalked) VALUES (?, CAST(? AS TEXT), ?, ?, ?)",
                (now(), stored(label), population.value, int(examples),
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
                    (queue_id, stored(entry.path), stored(entry.member), entry.frame),
                )
                ids.append(int(cursor.lastrowid or 0))
            return ids

    def add_left_out(self, queue_id: int, items: Iterable[tuple[Path, str | None, str]]) -> None:
        """Keep what was left out of a queue: (path, member, code)."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT INTO left_out VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?)",
                [(queue_id, stored(path), stored(member), code) for path, member, code in items],
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
            connection.execute("UPDATE queue SET finished = ? WHERE id = ?", (now(), queue_id))
            connection.execute("UPDATE entry SET again = 0 WHERE queue_id = ? AND again = 1", (queue_id,))

    def end_reading(self, queue_id: int) -> None:
        """Say that all of the queue was tried: it is finished unless something was out of reach, or was not found yet."""
        with self._transaction() as connection:
            connection.execute(
                """UPDATE queue SET finished = ? WHERE id = ? AND unwalked IS NULL AND NOT EXISTS (
                SELECT 1 FROM entry e WHERE e.queue_id = queue.id AND (e.result_id IS NULL OR e.again = 1))""",
                (now(), queue_id),
            )

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
            """SELECT q.id, q.label, q.population, count(e.id) AS waiting,
            coalesce(sum(e.again = 1 AND r.reason IS NOT 'unreadable'), 0),
            coalesce(sum(r.reason = 'unreadable' AND r.detail IN (SELECT value FROM json_each(?))), 0) FROM queue q
            LEFT JOIN entry e ON e.queue_id = q.id AND (e.result_id IS NULL OR e.again = 1)
            LEFT JOIN result r ON r.id = e.result_id
            WHERE q.finished IS NULL GROUP BY q.id HAVING waiting > 0 OR q.unwalked IS NOT NULL ORDER BY q.id DESC""",
            (json.dumps(sorted(codes.OUT_OF_REACH)),),
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
        judgement = judgement_of(rows[0][:16])
        return None if judgement is None else (judgement, heat_map_of(*rows[0][16:]))

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
                changed |= dict.fromkeys(save(connection, new))
                hang_on_content(connection, new)
        return [row for entry_id in changed if (row := self.row(entry_id)) is not None]

    def save_as_told(self, new: NewResult, queue_id: int) -> list[Row] | None:
        """Save a result of an entry of ``queue_id``; None, and nothing is saved, where other patients are told of it by now."""
        with self._lock:
            if self.queue_population(queue_id) is not new.told_population:
                return None
            return self.save_results([new])

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
        return heat_map_of(*rows[0]) if rows else None

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
        rows = self._all(f"{ROW_QUERY} WHERE e.id = ?", (entry_id,))
        return row_of(rows[0]) if rows else None

    def rows(self, queue_id: int | None = None) -> list[Row]:
        """Return the rows of one queue, or of all."""
        if queue_id is None:
            return [row_of(values) for values in self._all(f"{ROW_QUERY} ORDER BY e.id")]
        return [row_of(values) for values in self._all(f"{ROW_QUERY} WHERE e.queue_id = ? ORDER BY e.id", (queue_id,))]

    # The reader's decisions

    def opinion(self, row: Row) -> Opinion:
        """Return what stands of a row's image, whichever window has written it."""
        with self._lock:
            return standing(self._connection, image_of(self._connection, row.entry_id, row))[1]

    def set_decision(
        self,
        entry_id: int,
        decision: Decision | None,
        note: str = "",
        initials: str = "",
        agreed_with: Outcome | None = None,
        seen: Row | None = None,
    ) -> Saved:
        """Write the reader's decision (None takes it back) at once; every earlier one stays in the history.

        ``agreed_with``: the verdict that the reader saw and agreed with; the row may have another one by now. ``seen``: the
        row that the reader saw; the decision is of its image, although the file may have been read anew with another one,
        and no note is lost that another window has written since.
        """

        def said(_stands: Opinion, _unseen: bool) -> Opinion:
            return Opinion(decision, agreed_with, note, initials, initials)

        return self._say(entry_id, seen, said)

    def set_note(
        self, entry_id: int, note: str, initials: str = "", writer: str | None = None, seen: Row | None = None
    ) -> Saved | None:
        """Write a note beside the decision that stands, if any, unless it stands there; None where the entry is gone.

        ``initials`` are the decision's; one that another window has made since keeps its own. ``writer``: the initials of
        who wrote the note, where they are others.
        """

        def said(stands: Opinion, unseen: bool) -> Opinion:
            kept = stands.initials if unseen and stands.decision is not None else initials
            return stands._replace(note=note, initials=kept, note_initials=initials if writer is None else writer)

        with self._lock:
            return None if self.row(entry_id) is None else self._say(entry_id, seen, said, again=False)

    def _say(
        self, entry_id: int, seen: Row | None, said: Callable[[Opinion, bool], Opinion], again: bool = True
    ) -> Saved:
        with self._transaction() as connection:  # between looking and writing no other window writes
            mine = [number for number, _entry in self._undoable]
            became = say(connection, image_of(connection, entry_id, seen), seen, mine, said, again)
        if became.number is not None:
            self._undoable.append((became.number, entry_id))
        row = self.row(entry_id)
        assert row is not None
        return Saved(row, became.stood, became.unseen, became.note_kept, became.number is not None)

    def can_undo(self) -> bool:
        """Return whether this sitting has a decision or note to undo."""
        return bool(self._undoable)

    def undo_decision(self) -> Undone | None:
        """Undo the newest decision or note made through this store and return what it was; None where there is none.

        What another window decided is never undone, be it newer.
        """
        with self._lock:
            if not self._undoable:
                return None
            number, entry_id = self._undoable[-1]
            with self._transaction() as connection:
                image, was, covered = take_back(connection, number)
            self._undoable.pop()
            rows = self._all(f"{ROW_QUERY} WHERE {IMAGE_OF_ENTRY} = ? ORDER BY e.id DESC LIMIT 1", (image,))
            row = row_of(rows[0]) if rows else self.row(entry_id)  # no file may have that image any more
        return None if row is None else Undone(row, was.decision, was.note, was.initials, covered)

    # Folders and settings

    def folder_population(self, folder: Path) -> Population | None:
        """Return what was said of the patients of a folder, or None if nobody was asked."""
        rows = self._all("SELECT population FROM folder WHERE path = CAST(? AS TEXT)", (stored(folder),))
        return Population(rows[0][0]) if rows else None

    def set_folder_population(self, folder: Path, population: Population) -> None:
        """Remember the population of a folder."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO folder VALUES (CAST(? AS TEXT), ?)", (stored(folder), population.value)
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


def _value(text: object, default: Any) -> Any:
    """Return the JSON value in ``text``, or ``default`` where there is none, or one of another kind than ``default``."""
    try:
        value = json.loads(text)  # type: ignore[arg-type]
    except (TypeError, ValueError, RecursionError):
        return default
    return value if default is None or isinstance(value, type(default)) else default
