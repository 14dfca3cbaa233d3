"""Promises of the records: committed is on disk, decisions outlive predictions, nothing is overwritten."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.records.schema import MIGRATIONS
from pneumo_desktop.records.store import Decision, NewerDatabaseError, NewResult, PatientFields, Store

TOLD = Population.NOT_KNOWN


def judged(score: float | None = 0.7, model: str = "m1") -> Judgement:
    if score is None:
        return Judgement(Outcome.NOT_ANALYSED, Reason.UNREADABLE, None, None, TOLD, model, 1, "0.1", detail="truncated")
    point = OperatingPoint(0.5, 0.4, 0.6)
    return Judgement(point.judge(score), None, score, point, TOLD, model, 1, "0.1", turned=90, notes=("a", "b"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.sqlite"


def filled(path: Path) -> tuple[Store, int, list[int]]:
    store = Store(path)
    queue = store.new_queue("folder", TOLD)
    ids = store.add_entries(queue, [Entry(Path("/x/one.png")), Entry(Path("/x/cd.zip"), "dir/two.dcm", 1)])
    return store, queue, ids


def test_a_result_is_read_back_as_it_was_written(path: Path) -> None:
    store, queue, ids = filled(path)
    heat = np.linspace(-3, 3, 36, dtype=np.float32).reshape(6, 6)
    patient = PatientFields("Müller^Ж", "17", "20260102")
    (row,) = store.save_results([NewResult(ids[1], 1, "ab" * 32, judged(), TOLD, False, heat, patient)])
    store.close()
    again = Store(path)
    assert again.row(ids[1]) == row
    assert row.judgement == judged()
    assert row.entry == Entry(Path("/x/cd.zip"), "dir/two.dcm", 1)
    assert (row.patient_name, row.patient_id, row.study_date) == ("Müller^Ж", "17", "20260102")
    kept = again.heat_map(ids[1])
    assert kept is not None
    np.testing.assert_allclose(kept, heat, atol=2e-3)
    assert again.waiting(queue) == [(ids[0], Entry(Path("/x/one.png")))]
    again.close()


def test_a_new_model_never_rewrites_an_old_result(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9, "m1"), TOLD)])
    later = store.add_entries(store.new_queue("again", TOLD), [Entry(Path("/x/one.png"))])
    store.save_results([NewResult(later[0], 0, "aa", judged(0.1, "m2"), TOLD)])
    old, new = store.row(ids[0]), store.row(later[0])
    assert old is not None
    assert new is not None
    assert (old.judgement, new.judgement) == (judged(0.9, "m1"), judged(0.1, "m2"))
    store.close()


def test_the_same_reading_twice_keeps_the_first(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), TOLD)])
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.2), TOLD)])
    found = store.result_for("aa", 0, "m1", TOLD, 1)
    assert found is not None
    assert found[0].score == 0.9
    store.close()


def test_decisions_outlive_predictions_and_can_be_undone(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), TOLD)])
    store.set_decision(ids[0], Decision.NORMAL, "clear", "AB")
    store.set_decision(ids[0], Decision.PNEUMONIA, "no, look again", "AB")
    later = store.add_entries(store.new_queue("again", TOLD), [Entry(Path("/y/copy.png"))])
    (row,) = store.save_results([NewResult(later[0], 0, "aa", judged(0.1, "m2"), TOLD)])
    assert (row.decision, row.note, row.initials) == (Decision.PNEUMONIA, "no, look again", "AB")
    undone = store.undo_decision()
    assert undone is not None
    assert undone.decision is Decision.NORMAL
    store.undo_decision()
    assert store.undo_decision() is None
    first = store.row(ids[0])
    assert first is not None
    assert first.decision is None
    store.close()


def test_a_damaged_database_is_set_aside(path: Path) -> None:
    path.write_bytes(b"this was a database once" * 100)
    store = Store(path)
    assert store.set_aside is not None
    assert store.set_aside.read_bytes().startswith(b"this was a database once")
    assert store.rows() == []
    store.close()


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(NewerDatabaseError):
        Store(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS) + 1
    connection.close()


def test_unfinished_queues_are_known_until_they_are_finished(path: Path) -> None:
    store, queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, None, judged(None), TOLD)])
    assert store.unfinished() == [(queue, "folder", TOLD, 1)]
    store.finish_queue(queue)
    assert store.unfinished() == []
    store.close()


def test_threads_may_write_at_once(path: Path) -> None:
    store, queue, ids = filled(path)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(20):
                store.set_decision(ids[number % 2], Decision.NORMAL, f"{number}-{step}")
                store.set_setting(f"key{number}", step)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [store.setting(f"key{number}") for number in range(4)] == [19] * 4
    assert len(store.rows(queue)) == 2
    store.close()


_CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_store import judged, TOLD
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.records.store import NewResult, Store
store = Store(Path(sys.argv[1]))
queue = store.new_queue("q", TOLD)
ids = store.add_entries(queue, [Entry(Path(f"/x/{{n}}.png")) for n in range(100000)])
for number, entry_id in enumerate(ids):
    store.save_results([NewResult(entry_id, 0, f"sha{{number}}", judged(), TOLD)])
    print(entry_id, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_a_killed_program_loses_nothing_it_told(path: Path) -> None:
    code = _CHILD.format(tests=str(Path(__file__).parent))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(25)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().split()]
    child.wait()
    child.stdout.close()
    store = Store(path)
    done = {row.entry_id for row in store.rows() if row.status == "done"}
    assert set(told) <= done
    assert store.unfinished()[0][3] == 100000 - len(done)
    store.close()
