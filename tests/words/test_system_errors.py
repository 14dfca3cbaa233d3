"""What the system and SQLite refuse is said in the program's language, and what to do fits it."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pneumo_desktop.app import why_not
from pneumo_desktop.records.opening import RecordsError
from pneumo_desktop.words import set_language
from pneumo_desktop.words.system_errors import not_recorded, refused, system_words


def made(path: Path, pages: int = 50) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE film (pixels BLOB)")
        connection.executemany("INSERT INTO film VALUES (?)", [(b"x" * 4000,)] * pages)
    return path


def written(path: Path, *before: str) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        for statement in before:
            connection.execute(statement)
        connection.execute("INSERT INTO film VALUES (?)", (b"y" * 100_000,))


def locked(folder: Path) -> None:
    path = made(folder / "a.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        written(path)


def full(folder: Path) -> None:
    written(made(folder / "a.sqlite"), "PRAGMA max_page_count = 52")


def damaged(folder: Path) -> None:
    path = made(folder / "a.sqlite")
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(pixels) FROM film").fetchall()


def no_database(folder: Path) -> None:
    (folder / "a.sqlite").write_bytes(b"no database at all " * 300)
    written(folder / "a.sqlite")


def never_changed(folder: Path) -> None:
    written(made(folder / "a.sqlite"), "PRAGMA query_only = 1")


def a_folder(folder: Path) -> None:
    written(folder)


IN_SPANISH: dict[Callable[[Path], None], str] = {
    locked: "otro programa está usando la base de datos",
    full: "el disco está lleno",
    damaged: "la base de datos está dañada",
    no_database: "la base de datos está dañada",
    never_changed: "la base de datos no se puede modificar",
    a_folder: "el sistema no abre el archivo",
}


@pytest.mark.parametrize("fault", IN_SPANISH, ids=lambda fault: fault.__name__)
def test_what_sqlite_refuses_is_spanish_in_a_spanish_sentence(fault: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error) as caught:
        fault(tmp_path)
    set_language("es")
    words = IN_SPANISH[fault]
    assert system_words(caught.value) == words
    assert not_recorded(caught.value).startswith(f"No se pudieron escribir los registros: {words}. ")
    assert f": {words}." in refused(caught.value, "records.sqlite")
    assert f": {words}. " in why_not(RecordsError(tmp_path, caught.value))


@pytest.mark.parametrize("error", [sqlite3.ProgrammingError("Odd."), OSError(9999, "Odd."), OSError("Odd.")])
def test_a_rare_reason_stands_in_quotation_marks(error: OSError | sqlite3.Error) -> None:
    set_language("es")
    assert system_words(error) == "«Odd.»"


def test_only_a_full_disk_is_to_be_emptied(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(sqlite3.Error) as caught:
        full(tmp_path)
    no_index = sqlite3.OperationalError("disk I/O error")  # a start on a disk without any room
    no_index.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    assert system_words(no_index) == "the disk is full"
    for error in (caught.value, no_index, OSError(errno.ENOSPC, "")):
        assert "free some disk space" in not_recorded(error)
    with pytest.raises(sqlite3.Error) as caught:
        locked(tmp_path_factory.mktemp("locked"))
    for other in (caught.value, OSError(errno.EACCES, ""), sqlite3.ProgrammingError("")):
        assert not_recorded(other).endswith(". Please try again.")
