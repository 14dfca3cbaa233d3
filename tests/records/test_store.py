"""Promises of the records: committed is on disk, decisions outlive predictions, nothing is overwritten."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.records.opening import NewerDatabaseError, RecordsError
from pneumo_desktop.records.rows import NOT_READ_AGAIN, Decision, NewResult, PatientFields
from pneumo_desktop.records.schema import MIGRATIONS, migrate
from pneumo_desktop.records.store import Store

TOLD = Population.NOT_KNOWN


def judged(score: float | None = 0.7, model: str = "m1", package: str = "") -> Judgement:
    if score is None:
        return Judgement(Outcome.NOT_ANALYSED, Reason.UNREADABLE, None, None, TOLD, model, 1, "0.1", detail="truncated",
                         model_sha256=f"{model} v1")  # fmt: skip
    point = OperatingPoint(0.5, 0.4, 0.6)
    return Judgement(point.judge(score), None, score, point, TOLD, model, 1, "0.1", turned=90, notes=("a", "b"),
                     model_sha256=package or f"{model} v1")  # fmt: skip


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


def test_what_was_decided_while_an_image_waited_stays_with_it(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.set_decision(ids[1], Decision.PNEUMONIA, "seen on the old screen", "AB")
    (row,) = store.save_results([NewResult(ids[1], 1, "cd" * 32, judged(0.2), TOLD)])
    assert (row.decision, row.note, row.initials) == (Decision.PNEUMONIA, "seen on the old screen", "AB")
    store.close()


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


def test_another_package_with_the_same_id_neither_rewrites_nor_stands_for_a_result(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9, "m1", "one"), TOLD)])
    assert store.result_for("aa", 0, "two", TOLD, 1) is None
    later = store.add_entries(store.new_queue("again", TOLD), [Entry(Path("/x/one.png"))])
    store.save_results([NewResult(later[0], 0, "aa", judged(0.1, "m1", "two"), TOLD)])
    for package, score, entry_id in (("one", 0.9, ids[0]), ("two", 0.1, later[0])):
        found, row = store.result_for("aa", 0, package, TOLD, 1), store.row(entry_id)
        assert found is not None
        assert row is not None
        assert found[0] == row.judgement == judged(score, "m1", package)
    store.close()


def test_the_same_reading_twice_keeps_the_first(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), TOLD)])
    store.save_results([NewResult(ids[0], 0, "aa", judged(0.2), TOLD)])
    found = store.result_for("aa", 0, "m1 v1", TOLD, 1)
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
    assert (undone.decision, undone.note) == (Decision.PNEUMONIA, "no, look again")
    assert (undone.row.decision, undone.row.note) == (Decision.NORMAL, "clear")
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
    assert store.unfinished() == [(queue, "folder", TOLD, 1, 0)]
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
from pneumo_desktop.records.rows import NewResult
from pneumo_desktop.records.store import Store
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


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_database_is_brought_up_and_keeps_what_it_held(path: Path, version: int) -> None:
    """As it was written by 0.1.0: a queue, results of two models, an unreadable file and a decision."""
    with sqlite3.connect(path, isolation_level=None) as old:
        migrate(old, version)
        old.execute("INSERT INTO queue (created, label, population) VALUES ('2026-11-01', 'films', 'children')")
        for number, (sha256, model, outcome, reason, score) in enumerate(
            [
                ("aa", "m1", "likely_pneumonia", None, 0.9),
                ("aa", "m2", "likely_normal", None, 0.1),
                ("bb" if version == 1 else None, "m1", "not_analysed", "unreadable", None),
            ],
            1,
        ):
            old.execute(
                """INSERT INTO result (sha256, frame, model_id, population, told_population, analyse_outside,
                preprocessing_version, app_version, time, outcome, reason, detail, score, threshold, low, high, turned,
                inverted, notes) VALUES (?, 0, ?, 'children', 'children', 0, 1, '0.1', '2026', ?, ?, '', ?, 0.5, 0.4,
                0.6, 0, 0, '[]')""",
                (sha256, model, outcome, reason, score),
            )
            old.execute(
                "INSERT INTO entry (queue_id, path, sha256, result_id) VALUES (1, ?, ?, ?)",
                (f"/x/{number}.png", sha256 or "bb", number),
            )
        old.execute(
            "INSERT INTO decision (image, decision, note, initials, time) VALUES ('aa#0', 'normal', 'n', 'AB', '')"
        )
    old.close()
    store = Store(path)
    assert store.set_aside is None
    seen = [
        (known.model_id, known.outcome.value, known.score, known.model_sha256, row.decision)
        for row in store.rows()
        if (known := row.judgement) is not None
    ]
    assert seen == [
        ("m1", "likely_pneumonia", 0.9, "", Decision.NORMAL),
        ("m2", "likely_normal", 0.1, "", Decision.NORMAL),
        ("m1", "not_analysed", None, "", None),
    ]
    # Nobody knows which package made them: none of them stands for a new reading, and none is rewritten by it.
    assert [row.duplicate for row in store.rows()] == [False, True, False]  # it had not recorded that
    assert store.waiting(1) == []
    for sha256 in ("aa", "bb"):
        assert store.result_for(sha256, 0, "m1 v1", Population.CHILDREN, 1) is None
    later = store.add_entries(store.new_queue("again", Population.CHILDREN), [Entry(Path("/x/1.png"))])
    (row,) = store.save_results([NewResult(later[0], 0, "aa", judged(0.3), Population.CHILDREN)])
    assert row.judgement == judged(0.3)
    assert [r.judgement.score for r in store.rows(1) if r.judgement] == [0.9, 0.1, None]
    store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == len(MIGRATIONS)
    connection.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(path).close()

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE queue ADD COLUMN more TEXT")
        raise sqlite3.OperationalError("the disk is full")

    monkeypatch.setattr("pneumo_desktop.records.schema.MIGRATIONS", (*MIGRATIONS, broken))
    monkeypatch.setattr("pneumo_desktop.records.store.MIGRATIONS", (*MIGRATIONS, broken))
    with pytest.raises(sqlite3.OperationalError):
        Store(path)
    monkeypatch.undo()
    store = Store(path)
    assert store.set_aside is None
    store.close()


def test_tables_that_are_not_the_versions_are_damage(path: Path) -> None:
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("ALTER TABLE result DROP COLUMN score")
    connection.close()
    store = Store(path)
    assert store.set_aside is not None
    assert store.set_aside.exists()
    store.close()


def test_a_database_that_cannot_be_opened_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").mkdir()
    with pytest.raises(RecordsError) as caught:
        Store(tmp_path / "records.sqlite")
    assert caught.value.path == tmp_path / "records.sqlite"
    assert caught.value.why


def test_a_damaged_row_is_as_good_as_none(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(), TOLD)])
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE result SET outcome = 'likely_pn\x7fumonia'")
    connection.close()
    store = Store(path)
    assert [row.status for row in store.rows()] == ["waiting", "waiting"]
    store.close()


def test_a_setting_that_is_no_setting_is_as_good_as_none(path: Path) -> None:
    store = Store(path)
    store.set_setting("theme", "dark")
    store.set_setting("recent", ["/x"])
    store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE setting SET value = '{\"' WHERE key = 'theme'")
    connection.close()
    store = Store(path)
    assert store.settings() == {"recent": ["/x"]}
    assert store.setting("theme", "system") == "system"
    assert store.setting("theme") is None
    assert store.setting("recent", "") == ""  # a value of another kind
    assert store._all("SELECT value FROM setting WHERE key = 'theme'") == [('{"',)]  # nothing is thrown away
    store.set_setting("theme", "light")
    assert store.setting("theme") == "light"
    store.close()


def test_a_walk_that_cannot_be_read_is_passed_over(path: Path) -> None:
    store = Store(path)
    queue = store.new_queue("films", TOLD, paths=[Path("/x")])
    with store._transaction() as connection:
        connection.execute("UPDATE queue SET unwalked = '[\"/x'")
    assert store.unwalked(queue) == []
    store.close()


def test_a_list_of_which_everything_was_left_out_is_an_earlier_list(path: Path) -> None:
    store, queue, _ids = filled(path)
    left = store.new_queue("texts", TOLD)
    store.add_left_out(left, [(Path("/x/notes.txt"), None, "not_an_image")])
    store.new_queue("nothing at all", TOLD)
    assert [(number, count) for number, _label, _time, count in store.queues()] == [(left, 0), (queue, 2)]
    store.close()


def test_what_was_never_read_as_of_a_population_wants_reading(path: Path) -> None:
    store, queue, ids = filled(path)
    assert store.wants_reading(queue, TOLD)
    store.save_results([NewResult(entry_id, 0, f"s{entry_id}", judged(), TOLD) for entry_id in ids])
    assert not store.wants_reading(queue, TOLD)
    store.read_again(queue, Population.CHILDREN)
    store.finish_queue(queue)  # given up: the queue is said to hold children, its results are of before
    assert store.queue_population(queue) is Population.CHILDREN
    assert store.wants_reading(queue, Population.CHILDREN)
    begun = store.new_queue("films", TOLD, paths=[Path("/x")])
    assert store.wants_reading(begun, TOLD)
    store.close()


def test_what_could_not_be_read_is_tried_again(path: Path) -> None:
    store, _queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(None), TOLD)])
    assert store.result_for("aa", 0, "m1 v1", TOLD, 1) is None
    later = store.add_entries(store.new_queue("again", TOLD), [Entry(Path("/x/one.png"))])
    (row,) = store.save_results([NewResult(later[0], 0, "aa", judged(0.9), TOLD)])
    assert row.judgement == judged(0.9)
    old = store.row(ids[0])
    assert old is not None
    assert old.judgement == judged(None)
    store.close()


def test_a_walk_that_did_not_end_is_known(path: Path) -> None:
    store = Store(path)
    queue = store.new_queue("films", TOLD, paths=[Path("/x"), Path("/y")])
    assert store.unwalked(queue) == [Path("/x"), Path("/y")]
    assert [number for number, *_ in store.unfinished()] == [queue]
    store.add_entries(queue, [Entry(Path("/x/1.png"))])
    store.add_left_out(queue, [(Path("/x/notes.txt"), None, "not_an_image")])
    assert store.begin_walk_again(queue) == {Entry(Path("/x/1.png"))}
    assert store.left_out(queue) == []
    store.walked(queue)
    assert store.unwalked(queue) == []
    store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be no text")
def test_names_that_are_no_text_come_back_as_they_were(path: Path) -> None:
    store = Store(path)
    odd = Path(os.fsdecode(b"/x/caf\xe9/\xff.png"))
    queue = store.new_queue(odd.name, TOLD, paths=[odd])
    store.add_entries(queue, [Entry(odd, odd.name)])
    store.add_left_out(queue, [(odd, odd.name, "not_an_image")])
    store.set_folder_population(odd, Population.ADULTS)
    assert store.rows(queue)[0].entry == Entry(odd, odd.name)
    assert store.left_out(queue) == [(odd, odd.name, "not_an_image")]
    assert store.unwalked(queue) == [odd]
    assert store.folder_population(odd) is Population.ADULTS
    assert store.unfinished()[0][1] == odd.name
    store.close()


def read_before(path: Path) -> tuple[Store, int, list[int]]:
    """Return a queue of two images of one patient, each with a result; the first has a heat map and a decision."""
    store, queue, ids = filled(path)
    patient = PatientFields("Test^Generated", "17", "20260102")
    heat_map = np.ones((6, 6), np.float32)
    store.save_results(
        [
            NewResult(ids[0], 0, "aa", judged(0.9), TOLD, False, heat_map, patient),
            NewResult(ids[1], 1, "bb", judged(0.1), TOLD, False, None, patient),
        ]
    )
    store.finish_queue(queue)
    store.set_decision(ids[0], Decision.PNEUMONIA, "seen", "AB")
    return store, queue, ids


def test_what_is_to_be_read_again_keeps_its_result_until_there_is_another(path: Path) -> None:
    store, queue, ids = read_before(path)
    before = store.rows(queue)
    store.read_again(queue, Population.ADULTS)
    store.close()  # as good as a kill
    store = Store(path)
    assert store.rows(queue) == before
    assert store.heat_map(ids[0]) is not None
    assert store.told_population(ids[0]) is TOLD
    assert store.unfinished() == [(queue, "folder", Population.ADULTS, 2, 2)]
    (row,) = store.save_results([NewResult(ids[1], 1, "bb", judged(0.2, "m2"), Population.ADULTS)])
    assert row.judgement == judged(0.2, "m2")
    assert [entry_id for entry_id, _entry in store.waiting(queue)] == [ids[0]]
    assert store.unfinished() == [(queue, "folder", Population.ADULTS, 1, 1)]
    store.finish_queue(queue)  # not to be gone on with
    assert store.unfinished() == store.waiting(queue) == []
    assert store.rows(queue) == [before[0], row]
    store.close()


def test_a_file_that_cannot_be_read_again_loses_nothing(path: Path) -> None:
    store, queue, ids = read_before(path)
    before = store.rows(queue)
    store.read_again(queue, Population.ADULTS)
    gone = [NewResult(ids[0], 0, None, judged(None, "m2"), Population.ADULTS),
            NewResult(ids[1], 1, "cut off", judged(None, "m2"), Population.ADULTS)]  # fmt: skip
    rows = store.save_results(gone)
    for row, known in zip(rows, before, strict=True):
        assert row.judgement is not None and known.judgement is not None
        assert row.judgement.notes == (*known.judgement.notes, NOT_READ_AGAIN)
        assert replace(row, judgement=known.judgement) == known
    assert rows[0].decision is Decision.PNEUMONIA
    assert store.heat_map(ids[0]) is not None
    assert store.waiting(queue) == []
    store.read_again(queue, TOLD)  # the drive is there again
    (row,) = store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), TOLD)])
    assert row == before[0]
    store.close()


def test_a_file_that_could_never_be_read_keeps_what_is_known_of_it(path: Path) -> None:
    store, queue, ids = filled(path)
    store.save_results([NewResult(ids[0], 0, "aa", judged(None), TOLD)])
    store.set_decision(ids[0], Decision.CANNOT_TELL)
    store.read_again(queue, TOLD)
    (row,) = store.save_results([NewResult(ids[0], 0, None, judged(None, "m2"), TOLD)])
    assert (row.sha256, row.decision, row.judgement) == ("aa", Decision.CANNOT_TELL, judged(None, "m2"))
    store.close()


def test_the_patient_of_an_image_is_not_forgotten(path: Path) -> None:
    store, queue, ids = read_before(path)
    patient = PatientFields("Test^Generated", "17", "20260102")
    store.read_again(queue, Population.ADULTS)
    assert store.patient_of("aa") == patient
    (row,) = store.save_results([NewResult(ids[0], 0, "aa", judged(0.9), Population.ADULTS)])
    assert PatientFields(row.patient_name, row.patient_id, row.study_date) == patient
    (row,) = store.save_results([NewResult(ids[0], 0, "another image", judged(0.9), Population.ADULTS)])
    assert PatientFields(row.patient_name, row.patient_id, row.study_date) == PatientFields()
    assert store.patient_of("another image") == PatientFields()
    store.close()


def test_the_later_file_of_the_same_content_is_the_duplicate_in_whatever_order_they_come(path: Path) -> None:
    store = Store(path)
    queue = store.new_queue("twins", TOLD)
    ids = store.add_entries(queue, [Entry(Path(f"/x/{number}.png")) for number in range(4)])

    def save(number: int, sha256: str = "aa") -> dict[int, bool]:
        told = store.save_results([NewResult(ids[number], 0, sha256, judged(), TOLD)])
        assert told[0].entry_id == ids[number]
        return {ids.index(row.entry_id): row.duplicate for row in told}

    assert save(2) == {2: False}
    assert save(3) == {3: True}
    store.close()
    store = Store(path)
    assert save(1) == {1: False, 2: True}
    assert save(0, "bb") == {0: False}
    assert [row.duplicate for row in store.rows(queue)] == [False, False, True, True]
    assert save(1, "bb") == {1: True, 2: False}  # the file was written over meanwhile
    other = store.add_entries(store.new_queue("another list", TOLD), [Entry(Path("/x/3.png"), frame=0)])
    (row,) = store.save_results([NewResult(other[0], 0, "aa", judged(), TOLD)])
    assert not row.duplicate
    frame = store.add_entries(queue, [Entry(Path("/x/3.png"), frame=1)])
    (row,) = store.save_results([NewResult(frame[0], 1, "aa", judged(), TOLD)])
    assert not row.duplicate
    store.close()
