"""A database that is damaged, older, newer or out of reach; and a damaged part of a sound one."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pneumo_desktop.app import why_not
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.opening import NewerDatabaseError, RecordsError, Transaction, alone, connect
from pneumo_desktop.records.rows import Decision, NewResult
from pneumo_desktop.records.schema import MIGRATIONS, migrate
from pneumo_desktop.records.store import Store

from .conftest import TOLD, filled, judged


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


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5])
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


def test_an_older_agreement_is_with_what_all_results_said_by_then(path: Path) -> None:
    results = [("same", "normal", "1"), ("same", "normal", "2"), ("later", "normal", "1"), ("later", "pneumonia", "9")]
    results += [("torn", "normal", "1"), ("torn", "pneumonia", "2")]
    with sqlite3.connect(path, isolation_level=None) as old:
        migrate(old, 4)
        for sha256, word, time in results:
            old.execute(
                """INSERT INTO result (sha256, frame, model_id, population, told_population, analyse_outside,
                preprocessing_version, app_version, time, outcome, detail, turned, inverted, notes, model_sha256)
                VALUES (?, 3, 'm', 'children', 'children', 0, 1, '0.1', ?, ?, '', 0, 0, '[]', ?)""",
                (sha256, time, f"likely_{word}", time),
            )
        for image in ("same#3", "later#3", "torn#3", "entry:7"):
            old.execute(
                "INSERT INTO decision (image, decision, note, initials, time) VALUES (?, 'agree', '', '', '5')",
                (image,),
            )
        migrate(old)
        found = dict(old.execute("SELECT image, agreed_with FROM decision").fetchall())
    old.close()
    assert found == {"same#3": "likely_normal", "later#3": "likely_normal", "torn#3": "", "entry:7": ""}


@pytest.mark.parametrize("ended", [False, True], ids=["within", "ended by SQLite"])
def test_a_migration_that_fails_is_told_and_leaves_the_database_as_it_was(
    path: Path, monkeypatch: pytest.MonkeyPatch, ended: bool
) -> None:
    Store(path).close()

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE queue ADD COLUMN more TEXT")
        if ended:
            connection.execute("ROLLBACK")  # as SQLite does itself where the disk is full in the middle
        problem = sqlite3.OperationalError("database or disk is full")
        problem.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise problem

    monkeypatch.setattr("pneumo_desktop.records.schema.MIGRATIONS", (*MIGRATIONS, broken))
    monkeypatch.setattr("pneumo_desktop.records.opening.MIGRATIONS", (*MIGRATIONS, broken))
    with pytest.raises(RecordsError) as caught:
        Store(path)
    assert f"{path} cannot be opened: the disk is full" in why_not(caught.value)
    monkeypatch.undo()
    store = Store(path)
    assert store.set_aside is None
    store.close()


def test_what_ended_a_transaction_is_told_not_that_it_has_ended(path: Path) -> None:
    connection = connect(path)
    transaction = Transaction(threading.RLock(), connection)

    def full() -> None:
        with transaction:
            connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        full()
    with transaction:
        assert connection.in_transaction
    assert not connection.in_transaction
    connection.close()


_STARTS = """
import sys
from pathlib import Path
from pneumo_desktop.records.store import Store
for line in sys.stdin:  # the next data folder, when every process has done with the one before
    try:
        store = Store(Path(line.strip()))
        store.set_setting(sys.argv[1], "was here")
        print("set aside" if store.set_aside else "opened", flush=True)
        sys.stdin.readline()
        store.close()
    except Exception as error:
        print(repr(error), flush=True)
        sys.stdin.readline()
"""


def test_programs_that_start_at_the_same_time_open_the_same_records(tmp_path: Path) -> None:
    """At the first start, after an update, and over a damaged file; many times, for what goes wrong is a matter of luck."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    with contextlib.ExitStack() as running:
        programs = [
            running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", _STARTS, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    text=True, env=environment,
                )
            )
            for number in range(3)
        ]  # fmt: skip

        def tell_all(line: str) -> None:
            for program in programs:
                assert program.stdin is not None
                program.stdin.write(f"{line}\n")
                program.stdin.flush()

        for turn in range(30):
            path, kind = tmp_path / str(turn) / "records.sqlite", ("new", "older", "damaged")[turn % 3]
            path.parent.mkdir()
            if kind == "older":
                with sqlite3.connect(path, isolation_level=None) as old:
                    migrate(old, 1)
                old.close()
            elif kind == "damaged":
                path.write_bytes(b"this was a database once" * 100)
            tell_all(str(path))
            told = sorted(program.stdout.readline().strip() for program in programs if program.stdout is not None)
            tell_all("")
            assert told == ["opened", "opened", "set aside" if kind == "damaged" else "opened"], kind
            store = Store(path)
            assert store.settings() == {str(number): "was here" for number in range(3)}
            store.close()


def test_a_start_that_waits_too_long_for_another_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pneumo_desktop.records.opening._PATIENCE_SECONDS", 0.0)
    with alone(path), pytest.raises(RecordsError) as caught:
        Store(path)
    assert not path.exists()
    assert why_not(caught.value).startswith(
        f"The records in {path} cannot be opened: another program is using the database."
    )
    Store(path).close()


def test_a_disk_that_knows_no_locks_is_no_reason_not_to_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("pneumo_desktop.records.opening.lock", unknown)
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
