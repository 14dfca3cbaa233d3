"""What the operating system and SQLite say of a file or a disk, in the program's language: Python has it in English."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pneumo_desktop.words.catalogue import N_, tr

_HELD_ON_WINDOWS = (32, 33)
"""ERROR_SHARING_VIOLATION and ERROR_LOCK_VIOLATION (winerror.h); Python's errno of both is EACCES."""

_NO_PERMISSION = N_("there is no permission for it")
_FULL = N_("the disk is full")
_NO_FOLDER = N_("there is a file where a folder is needed")
_WORDS = {
    errno.ENOENT: N_("there is no such file or folder"),
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EROFS: N_("nothing can be written to this disk"),
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EEXIST: _NO_FOLDER,
    errno.ENOTDIR: _NO_FOLDER,
    errno.EISDIR: N_("there is a folder where a file is needed"),
}


_OF_SQLITE = {
    sqlite3.SQLITE_BUSY: N_("another program is using the database"),
    sqlite3.SQLITE_LOCKED: N_("another program is using the database"),
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: N_("the database is damaged"),
    sqlite3.SQLITE_NOTADB: N_("the database is damaged"),
    sqlite3.SQLITE_PERM: _NO_PERMISSION,
    sqlite3.SQLITE_READONLY: N_("the database may not be changed"),
    sqlite3.SQLITE_CANTOPEN: N_("the system does not open the file"),
    sqlite3.SQLITE_IOERR: N_("the disk did not read or write it"),
    sqlite3.SQLITE_NOMEM: N_("there is too little memory"),
}
"""By the primary result code (sqlite.org/rescode.html)."""
_PRIMARY = 0xFF
_FULL_CODES = (errno.ENOSPC, errno.EDQUOT)


def system_words(error: OSError | sqlite3.Error) -> str:
    """Return why the system or SQLite refused, as words that end a sentence; a rare reason in their own, in quotation marks."""
    if isinstance(error, sqlite3.Error):
        known, theirs = _OF_SQLITE.get(_result_code(error)), str(error)
    elif getattr(error, "winerror", None) in _HELD_ON_WINDOWS:
        return tr("another program has it open")
    else:
        known, theirs = _WORDS.get(error.errno or 0), error.strerror or str(error)
    return tr(known) if known is not None else tr("“{name}”").format(name=theirs)


@contextlib.contextmanager
def about(path: Path) -> Iterator[None]:
    """Have an OSError of the block tell of ``path``: a full disk names no file, and a temporary file is one nobody knows."""
    try:
        yield
    except OSError as problem:
        problem.filename = str(path)
        raise


def _result_code(error: sqlite3.Error) -> int:
    """Return the primary result code of SQLite; -1 for an error of Python's own."""
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:  # the index beside the log finds no room: only a full disk says so
        return sqlite3.SQLITE_FULL
    return -1 if code is None else int(code) & _PRIMARY


def refused(error: OSError | sqlite3.Error, name: str = "") -> str:
    """Return the sentence for a file that the system did not let be read or written, ``name`` where the error has none."""
    text = tr("{name} could not be read or written: {why}.")
    file = getattr(error, "filename", None)
    return text.format(name=Path(file).name if file else name, why=system_words(error))


def no_unicode(path: str) -> str:
    """Return the sentence for a path on Linux with bytes that are no Unicode, which Qt cannot hand on; "" for any other.

    Python keeps such bytes as surrogates; from Qt's own dialogs they come as U+FFFD and are lost.
    """
    kept = path.encode("utf-8", "replace").decode()
    if kept == path and not ("\ufffd" in path and not os.path.exists(path)):
        return ""
    text = tr(
        "The window cannot use {path}: a name in it has letters in an old encoding. Rename that folder, or copy it to another "
        "place under another name."
    )
    return text.format(path=kept)


def not_recorded(error: OSError | sqlite3.Error) -> str:
    """Return the sentence for results or decisions that could not be written into the records, and what to do."""
    full = error.errno in _FULL_CODES if isinstance(error, OSError) else _result_code(error) == sqlite3.SQLITE_FULL
    what_to_do = tr("Please free some disk space and try again.") if full else tr("Please try again.")
    text = tr("The records could not be written: {why}.")
    return f"{text.format(why=system_words(error))} {what_to_do}"
