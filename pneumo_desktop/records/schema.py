"""The database's versions: one small function brings it from each version to the next."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable


def _to_1(connection: sqlite3.Connection) -> None:
    statements = (
        """CREATE TABLE queue (
            id INTEGER PRIMARY KEY, created TEXT NOT NULL, label TEXT NOT NULL, population TEXT NOT NULL,
            examples INTEGER NOT NULL DEFAULT 0, finished TEXT)""",
        """CREATE TABLE entry (
            id INTEGER PRIMARY KEY, queue_id INTEGER NOT NULL REFERENCES queue(id) ON DELETE CASCADE,
            path TEXT NOT NULL, member TEXT, frame INTEGER NOT NULL DEFAULT 0, sha256 TEXT, result_id INTEGER,
            patient_name TEXT NOT NULL DEFAULT '', patient_id TEXT NOT NULL DEFAULT '',
            study_date TEXT NOT NULL DEFAULT '', duplicate INTEGER NOT NULL DEFAULT 0)""",
        "CREATE INDEX entry_queue ON entry(queue_id)",
        "CREATE INDEX entry_sha ON entry(sha256)",
        """CREATE TABLE result (
            id INTEGER PRIMARY KEY, sha256 TEXT, frame INTEGER NOT NULL, model_id TEXT NOT NULL,
            population TEXT NOT NULL, told_population TEXT NOT NULL, analyse_outside INTEGER NOT NULL,
            preprocessing_version INTEGER NOT NULL, app_version TEXT NOT NULL, time TEXT NOT NULL,
            outcome TEXT NOT NULL, reason TEXT, detail TEXT NOT NULL, score REAL, threshold REAL, low REAL, high REAL,
            turned INTEGER NOT NULL, inverted INTEGER NOT NULL, notes TEXT NOT NULL, gate_distance REAL,
            map_height INTEGER, map_width INTEGER, map BLOB)""",
        """CREATE UNIQUE INDEX result_key ON result(
            sha256, frame, model_id, told_population, analyse_outside, preprocessing_version)""",
        """CREATE TABLE decision (
            id INTEGER PRIMARY KEY, image TEXT NOT NULL, decision TEXT, note TEXT NOT NULL, initials TEXT NOT NULL,
            time TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0)""",
        "CREATE INDEX decision_image ON decision(image)",
        "CREATE TABLE left_out (queue_id INTEGER NOT NULL, path TEXT NOT NULL, member TEXT, code TEXT NOT NULL)",
        "CREATE TABLE folder (path TEXT PRIMARY KEY, population TEXT NOT NULL)",
        "CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    )
    for statement in statements:
        connection.execute(statement)


def _to_2(connection: sqlite3.Connection) -> None:
    """A queue knows what it is to walk, so that one killed while it looks for files goes on looking.

    Results of unreadable files have no hash any more: they are not shared, and a better program may read the file.
    """
    connection.execute("ALTER TABLE queue ADD COLUMN unwalked TEXT")
    connection.execute("UPDATE result SET sha256 = NULL WHERE reason = 'unreadable'")


def _to_3(connection: sqlite3.Connection) -> None:
    """Results are keyed by the hash of the package that made them: its id alone can come back with another network.

    Of older results nobody knows the hash. They stay where they are shown, and never stand for a new reading.
    """
    connection.execute("ALTER TABLE result ADD COLUMN model_sha256 TEXT NOT NULL DEFAULT ''")
    connection.execute("DROP INDEX result_key")
    connection.execute(
        """CREATE UNIQUE INDEX result_key ON result(
            sha256, frame, model_sha256, model_id, told_population, analyse_outside, preprocessing_version)"""
    )


def _to_4(connection: sqlite3.Connection) -> None:
    """An entry that is to be read again keeps its result until the new one is there, or where its file cannot be read.

    Twins are found by their content, whatever the order in which they were read: ``duplicate`` is not used any more.
    """
    connection.execute("ALTER TABLE entry ADD COLUMN again INTEGER NOT NULL DEFAULT 0")
    connection.execute("ALTER TABLE entry ADD COLUMN not_read_again INTEGER NOT NULL DEFAULT 0")
    connection.execute("DROP INDEX entry_sha")
    connection.execute("CREATE INDEX entry_sha ON entry(sha256, frame, queue_id)")


def _to_5(connection: sqlite3.Connection) -> None:
    """An agreement knows the verdict that it was with: another model, or another answer to whose images they are, may
    give the same image another one.

    An older agreement is with the verdict of all results that the image had by then, where they say the same; else nobody
    knows.
    """
    connection.execute("ALTER TABLE decision ADD COLUMN agreed_with TEXT NOT NULL DEFAULT ''")
    connection.execute(
        """UPDATE decision SET agreed_with = coalesce((
            SELECT CASE WHEN min(outcome) = max(outcome) THEN min(outcome) END FROM result
            WHERE result.time <= decision.time AND sha256 = substr(image, 1, instr(image, '#') - 1)
                AND frame = CAST(substr(image, instr(image, '#') + 1) AS INTEGER)), '')
        WHERE decision = 'agree'"""
    )


def _to_6(connection: sqlite3.Connection) -> None:
    """A note knows who wrote it, which may be another reader than decided; of older notes nobody knows."""
    connection.execute("ALTER TABLE decision ADD COLUMN note_initials TEXT NOT NULL DEFAULT ''")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_to_1, _to_2, _to_3, _to_4, _to_5, _to_6)
"""``MIGRATIONS[n]`` brings version n to n + 1."""


def migrate(connection: sqlite3.Connection, newest: int | None = None) -> None:
    """Bring the database to the newest version, or to the one given, each step in one transaction."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number in range(version, len(MIGRATIONS) if newest is None else newest):
        connection.execute("BEGIN IMMEDIATE")
        try:
            MIGRATIONS[number](connection)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # a full disk has ended it already
                connection.execute("ROLLBACK")
            raise


def is_sound(connection: sqlite3.Connection) -> bool:
    """Tell whether the tables are those that the database's version should have; a newer version is believed."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if not 0 <= version <= len(MIGRATIONS):
        return version > 0
    model = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(model, version)
        return _tables(connection) == _tables(model)
    finally:
        model.close()


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
