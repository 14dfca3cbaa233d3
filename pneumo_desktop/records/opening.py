"""Opening the database: what is damaged is set aside, what cannot be opened is told; and a transaction of it."""

from __future__ import annotations

import contextlib
import datetime
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from pneumo_desktop.file_lock import lock
from pneumo_desktop.records.schema import MIGRATIONS, is_sound, migrate

_ERRORS = "surrogateescape" if os.name == "posix" else "surrogatepass"
"""File names need not be text: what cannot be decoded comes back from the database as the very bytes it was."""
_PATIENCE_SECONDS: Final = 60.0
"""So long a start waits for another one, which may look through a large database or bring it to the next version."""


class NewerDatabaseError(Exception):
    """The database was written by a newer version of the program and must not be touched."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path


class RecordsError(Exception):
    """The database cannot be opened: no permission, a full or broken disk, a folder in its place. Nothing is lost."""

    def __init__(self, path: Path, why: sqlite3.Error) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


def text_of(raw: bytes) -> str:
    """Return what a text of the database says."""
    return raw.decode("utf-8", _ERRORS)


def stored(text: Path | str | None) -> bytes | None:
    """Return a path or a member's name as the bytes for ``CAST(? AS TEXT)``."""
    return None if text is None else str(text).encode("utf-8", _ERRORS)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep every other process that opens the database at ``path`` waiting; raises RecordsError after too long a wait.

    Between two statements of one that looks whether the tables are sound another one may make them, bring them to the next
    version or set them aside. What SQLite itself locks does not cover all three.
    """
    with contextlib.ExitStack() as held:
        # A folder that may not be written, a disk without locks: SQLite says what it can do.
        with contextlib.suppress(OSError):
            _wait_for(held.enter_context(path.with_name(f"{path.stem}-opening.lock").open("a+b")), path)
        yield


def _wait_for(stream: IO[bytes], path: Path) -> None:
    try:
        lock(stream, _PATIENCE_SECONDS)
    except BlockingIOError as problem:
        busy = sqlite3.OperationalError("another process has been opening the database for too long")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise RecordsError(path, busy) from problem


def open_records(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """Open or make the database at ``path``, brought to this program's version, while every other process waits.

    Returns the connection, and the new name of a damaged one that was set aside, or None. Raises NewerDatabaseError, and
    RecordsError where the system does not give it.
    """
    aside: Path | None = None
    with alone(path):
        try:
            try:
                connection = connect(path)
            except sqlite3.OperationalError:  # a DatabaseError too, but no damage
                raise
            except sqlite3.DatabaseError:
                aside = set_aside(path)
                connection = connect(path)
            try:
                if connection.execute("PRAGMA user_version").fetchone()[0] > len(MIGRATIONS):
                    raise NewerDatabaseError(path)
                migrate(connection)
            except BaseException:
                connection.close()
                raise
        except sqlite3.OperationalError as problem:
            raise RecordsError(path, problem) from problem
    return connection, aside


def connect(path: Path) -> sqlite3.Connection:
    """Open the database at ``path``; raises sqlite3.DatabaseError where it is damaged."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.text_factory = text_of
        if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok" or not is_sound(connection):
            raise sqlite3.DatabaseError("the database is damaged")
        return connection
    except UnicodeDecodeError as problem:  # SQLite's own message quotes the damage
        connection.close()
        raise sqlite3.DatabaseError("the database is damaged") from problem
    except BaseException:
        connection.close()
        raise


def set_aside(path: Path) -> Path:
    """Rename a damaged database and its side files; nothing is deleted."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S-%f")
    target = path.with_name(f"{path.stem}-damaged-{stamp}{path.suffix}")
    for suffix in ("", "-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.rename(target.with_name(target.name + suffix))
    return target


class Transaction:
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
            if kind is None:
                self._connection.execute("COMMIT")
            elif self._connection.in_transaction:  # a full disk has ended it already
                self._connection.execute("ROLLBACK")
        finally:
            self._lock.release()
