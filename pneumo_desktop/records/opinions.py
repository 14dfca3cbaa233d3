"""What readers say of an image goes into the tables: beside what stands there, whichever window wrote it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from typing import NamedTuple

from pneumo_desktop.records.rows import NewResult, Opinion, Row, image_name, opinion_of, unread_image_name
from pneumo_desktop.records.saving import now

BESIDE = " / "
"""Between two notes on one image, and between the initials of who wrote them."""


def image_of(connection: sqlite3.Connection, entry_id: int, seen: Row | None) -> str:
    """Return what an opinion hangs on: the content that was seen, which the entry may have no more."""
    if seen is not None and seen.image:
        return seen.image
    sha256, frame = connection.execute("SELECT sha256, frame FROM entry WHERE id = ?", (entry_id,)).fetchone()
    return image_name(sha256, frame) if sha256 else unread_image_name(entry_id)


def hang_on_content(connection: sqlite3.Connection, new: NewResult) -> None:
    """Let what was said of an entry before it was read be said of its image from now on."""
    if new.sha256 is not None:
        connection.execute(
            "UPDATE decision SET image = ? WHERE image = ?",
            (image_name(new.sha256, new.frame), unread_image_name(new.entry_id)),
        )


def standing(connection: sqlite3.Connection, image: str) -> tuple[int, Opinion]:
    """Return the number of what stands of an image, and what it is; 0 and nothing where nobody has said anything."""
    found = connection.execute(
        """SELECT id, decision, agreed_with, note, initials, note_initials FROM decision WHERE image = ? AND undone = 0
        ORDER BY id DESC LIMIT 1""",
        (image,),
    ).fetchone()
    return (0, Opinion()) if found is None else (found[0], opinion_of(*found[1:]))


def take_back(connection: sqlite3.Connection, number: int) -> tuple[str, Opinion, bool]:
    """Undo what was said under ``number``; return its image, what it was, and whether something said since stands there."""
    image, *columns = connection.execute(
        "SELECT image, decision, agreed_with, note, initials, note_initials FROM decision WHERE id = ?", (number,)
    ).fetchone()
    connection.execute("UPDATE decision SET undone = 1 WHERE id = ?", (number,))
    return image, opinion_of(*columns), standing(connection, image)[0] > number


class Said(NamedTuple):
    """What became of what a reader said; the fields are named as in ``Saved``. ``number``: None where nothing was written."""

    number: int | None
    stood: Opinion
    unseen: Opinion | None
    note_kept: bool


def say(
    connection: sqlite3.Connection,
    image: str,
    seen: Row | None,
    mine: Collection[int],
    said: Callable[[Opinion, bool], Opinion],
    again: bool = True,
) -> Said:
    """Write what is ``said`` of an image where something stands, unseen or not; what stands there already only if ``again``.

    Unseen is what the reader has not ``seen``: neither in the row nor as one of ``mine``. Of that the note is kept. ``said``
    gives the initials of who wrote its note; a note that stands keeps its own, and one of ``mine`` that has none takes them.
    """
    number, stands = standing(connection, image)
    unseen = stands if seen is not None and number not in mine and stands != seen.opinion else None
    told, note_kept = said(stands, unseen is not None), False
    if seen is not None and unseen is not None:
        told, note_kept = _with_both_notes(seen, unseen, told)
    if not told.note:
        told = told._replace(note_initials="")
    elif told.note == stands.note and (stands.note_initials or _first_with(connection, image, told.note) not in mine):
        told = told._replace(note_initials=stands.note_initials)
    if not again and (told == stands or (told.decision is None and told.note == stands.note)):
        return Said(None, stands, unseen, note_kept)  # initials alone say nothing of an image that is not decided
    cursor = connection.execute(
        """INSERT INTO decision (image, decision, agreed_with, note, initials, note_initials, time)
        VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            image, told.decision.value if told.decision else None, told.agreed_with.value if told.agreed_with else "",
            told.note, told.initials, told.note_initials, now(),
        ),
    )  # fmt: skip
    return Said(int(cursor.lastrowid or 0), stands, unseen, note_kept)


def _first_with(connection: sqlite3.Connection, image: str, note: str) -> int | None:
    """Return the number of what brought the ``note`` that stands of an image: decisions beside it bear it, too."""
    number: int | None = connection.execute(
        """SELECT min(id) FROM decision WHERE image = :image AND undone = 0 AND id >
        coalesce((SELECT max(id) FROM decision WHERE image = :image AND undone = 0 AND note <> :note), 0)""",
        {"image": image, "note": note},
    ).fetchone()[0]
    return number


def _with_both_notes(seen: Row, unseen: Opinion, told: Opinion) -> tuple[Opinion, bool]:
    """Return ``told`` without losing a note that another window has written since, and whether there is one.

    It stands alone where the reader wrote none, else before the reader's, without what that says too.
    """
    if unseen.note == seen.note:
        return told, False
    if told.note in (seen.note, ""):
        return told._replace(note=unseen.note), bool(unseen.note)
    if not unseen.note:
        return told, False
    lacking = [part for part in unseen.note.split(BESIDE) if part not in told.note.split(BESIDE)]
    writers = dict.fromkeys(filter(None, [*unseen.note_initials.split(BESIDE), *told.note_initials.split(BESIDE)]))
    return told._replace(note=BESIDE.join([*lacking, told.note]), note_initials=BESIDE.join(writers)), True
