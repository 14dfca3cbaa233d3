"""What readers say of an image goes into the tables: beside what stands there, whichever window wrote it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection

from pneumo_desktop.records.rows import Opinion, Row, opinion_of
from pneumo_desktop.records.saving import now


def image_of(connection: sqlite3.Connection, entry_id: int, seen: Row | None) -> str:
    """Return what an opinion hangs on: the content that was seen, which the entry may have no more."""
    if seen is not None and seen.sha256:
        return f"{seen.sha256}#{seen.entry.frame}"
    sha256, frame = connection.execute("SELECT sha256, frame FROM entry WHERE id = ?", (entry_id,)).fetchone()
    return f"{sha256}#{frame}" if sha256 else f"entry:{entry_id}"


def standing(connection: sqlite3.Connection, image: str) -> tuple[int, Opinion]:
    """Return the number of what stands of an image, and what it is; 0 and nothing where nobody has said anything."""
    found = connection.execute(
        """SELECT id, decision, agreed_with, note, initials FROM decision WHERE image = ? AND undone = 0
        ORDER BY id DESC LIMIT 1""",
        (image,),
    ).fetchone()
    return (0, Opinion()) if found is None else (found[0], opinion_of(*found[1:]))


def say(
    connection: sqlite3.Connection,
    image: str,
    seen: Row | None,
    mine: Collection[int],
    said: Callable[[Opinion, bool], Opinion | None],
) -> tuple[int | None, Opinion | None]:
    """Write what is ``said`` of an image where something stands, unseen or not; nothing where that is None.

    Return its number, and what stood there that the reader had not ``seen``: neither in the row nor as one of ``mine``.
    Of that the note is kept.
    """
    number, stands = standing(connection, image)
    unseen = stands if seen is not None and number not in mine and stands != seen.opinion else None
    told = said(stands, unseen is not None)
    if told is None:
        return None, unseen
    note = told.note if seen is None or unseen is None else _both(seen.note, unseen.note, told.note)
    cursor = connection.execute(
        "INSERT INTO decision (image, decision, agreed_with, note, initials, time) VALUES (?, ?, ?, ?, ?, ?)",
        (
            image, told.decision.value if told.decision else None, told.agreed_with.value if told.agreed_with else "",
            note, told.initials, now(),
        ),
    )  # fmt: skip
    return int(cursor.lastrowid or 0), unseen


def _both(seen: str, unseen: str, written: str) -> str:
    """Return what becomes of a note that was ``seen`` when one was ``written`` and another, ``unseen``, stands by then."""
    if written in (seen, ""):
        return unseen
    return written if unseen in written else f"{unseen} / {written}"
