"""What the worklist says of one row, in words."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from itertools import islice

from pneumo_desktop.gui.labels import as_it_is
from pneumo_desktop.gui.outcomes import outcome_word, summary
from pneumo_desktop.imaging import codes
from pneumo_desktop.reading.outcome import Reason
from pneumo_desktop.records.rows import Decision, Opinion, Row, Saved, Undone
from pneumo_desktop.words import N_, ntr, tr
from pneumo_desktop.words.sentences import sentence

DECISION_WORDS = {
    Decision.AGREE: N_("Agreed"),
    Decision.PNEUMONIA: N_("Reader: pneumonia"),
    Decision.NORMAL: N_("Reader: normal"),
    Decision.CANNOT_TELL: N_("Reader: cannot tell"),
}
_DECIDED = {
    Decision.AGREE: N_("agreed"),
    Decision.PNEUMONIA: N_("pneumonia"),
    Decision.NORMAL: N_("normal"),
    Decision.CANNOT_TELL: N_("cannot tell"),
}
REASON_WORDS = {
    Reason.UNREADABLE: N_("cannot be read"),
    Reason.TOO_SMALL: N_("too small"),
    Reason.NOT_CHEST_FRONTAL: N_("no frontal chest film"),
    Reason.PHOTO_OF_FILM: N_("photo of a film"),
    Reason.INVERTED: N_("a negative"),
    Reason.OUTSIDE_POPULATION: N_("outside the model's patients"),
    Reason.QUALITY: N_("poor quality"),
}

_MOST_UNRECORDED = 10
"""Films that a box names: one at 768 lines holds no more."""


def status_word(decision: Decision | None, read: bool) -> str:
    """Return how far a row has come: waiting, read, or what the reader decided."""
    if decision is not None:
        return tr(DECISION_WORDS[decision])
    return tr("To review") if read else tr("Waiting")


def agrees_no_more(row: Row) -> bool:
    """Return whether the reader agreed with another verdict than the row has now."""
    return row.agreed_with is not None and row.judgement is not None and row.agreed_with is not row.judgement.outcome


def status_text(row: Row) -> str:
    """Return ``status_word`` of a row; of an agreement with another verdict than the row has now, with which."""
    if row.agreed_with is not None and agrees_no_more(row):
        return tr("Agreed with “{verdict}”").format(verdict=outcome_word(row.agreed_with))
    return status_word(row.decision, row.judgement is not None)


def date_text(study_date: str) -> str:
    """Return a DICOM date (YYYYMMDD) as YYYY-MM-DD; anything else as it is."""
    if len(study_date) == 8 and study_date.isdigit():
        return f"{study_date[:4]}-{study_date[4:6]}-{study_date[6:]}"
    return study_date


def local_time(recorded: str) -> str:
    """Return a time of the records (ISO 8601, UTC) as YYYY-MM-DD HH:MM by this computer's clock; anything else as it is."""
    try:
        return datetime.datetime.fromisoformat(recorded).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):  # OSError: a time that the system does not know
        return recorded


def patient_text(row: Row) -> str:
    """Return the patient's name as it is written on paper, or the number where there is no name."""
    return (row.patient_name or "").replace("^", " ").strip() or (row.patient_id or "")


def second_line(row: Row) -> str:
    """Return what stands under the name: patient and date of the study, where DICOM tells."""
    return " · ".join(part for part in (patient_text(row), date_text(row.study_date or "")) if part)


def is_changed(row: Row) -> bool:
    """Return whether a row says that its file is no longer the one that was read."""
    return row.judgement is not None and row.judgement.detail == codes.CHANGED


def has_another_image(before: Row, row: Row) -> bool:
    """Return whether the file of a row was read anew since, and holds another image now."""
    return None not in (before.sha256, row.sha256) and before.sha256 != row.sha256


def below_outcome(row: Row) -> str:
    """Return what stands under the outcome: the decision, else why there is no verdict, else that it waits for review."""
    if is_changed(row):  # what was decided is of the image before
        return tr("changed since it was read")
    reason = row.judgement.reason if row.judgement else None
    if row.decision is None and reason is not None:
        return tr(REASON_WORDS[reason])
    return status_text(row) if row.judgement is not None else ""


def note_writer(row: Row) -> str:
    """Return whose note it is, where another reader than the one who decided has written it."""
    if not row.note or row.note_initials in ("", row.initials):
        return ""
    return tr("Note by {initials}").format(initials=row.note_initials)


def twin_text(twin: str) -> str:
    """Return a remark on a file whose image stands in the list as another file, too."""
    return tr("same image as {name}").format(name=twin) if twin else ""


def spoken(row: Row, twin: str) -> str:
    """Return what a screen reader says of a row: all that is seen in its lines, and that it has a note."""
    words = (
        row.entry.display_name(), patient_text(row), date_text(row.study_date or ""), summary(row.judgement),
        status_text(row), twin_text(twin), tr("has a note") if row.note else "",
    )  # fmt: skip
    return ", ".join(filter(None, words))


def tool_tip(row: Row, twin: str) -> str:
    """Return everything that a row says, in full."""
    place = str(row.entry.path) if row.entry.member is None else f"{row.entry.path}/{row.entry.member}"
    judged = row.judgement
    lines = [
        place, second_line(row), summary(judged), sentence(judged.reason.value) if judged and judged.reason else "",
        status_text(row) if judged else "", tr("Note: {note}").format(note=row.note) if row.note else "",
        note_writer(row), twin_text(twin), tr("Model: {model}").format(model=judged.model_id) if judged else "",
    ]  # fmt: skip
    return as_it_is("\n".join(line for line in lines if line))


def what_was_read(rows: Sequence[Row], unread: int) -> str:
    """Return a sentence for each count at the end of a reading: read, could not be read, and ``unread``: not tried."""
    judged = [row.judgement for row in rows if row.judgement is not None]
    refused = sum(1 for made in judged if made.reason is Reason.UNREADABLE and made.detail != codes.CHANGED)
    read = len(judged) - refused
    told = [ntr("{count} file read.", "{count} files read.", read).format(count=read)]
    if refused:
        text = ntr("{count} file could not be read.", "{count} files could not be read.", refused)
        told.append(text.format(count=refused))
    if unread:
        told.append(ntr("{count} file was not read.", "{count} files were not read.", unread).format(count=unread))
    return " ".join(told)


def what_was_saved(seen: Row, saved: Saved, decision: Decision | None) -> str:
    """Return sentences for what the reader has just decided, or noted (None), of a row that looked like ``seen``."""
    told = [_what_was_written(seen, saved, decision)] if saved.written else []
    if saved.unseen is not None:
        told += _what_was_unseen(seen, saved.unseen, decision)
        if seen.note and not saved.unseen.note:
            told.append(tr("Another window had deleted the note."))
    if saved.note_kept:
        told.append(tr("The other window's note is kept."))
    if told and not saved.written:
        told[0] = f"{saved.row.entry.display_name()}: {told[0]}"
    return " ".join(told)


def _what_was_written(seen: Row, saved: Saved, decision: Decision | None) -> str:
    if has_another_image(seen, saved.row):
        text = tr("{name}: saved for the image that you saw. Its file was read anew meanwhile and holds another one.")
    elif decision is not None:
        text = tr("{name}: {decision}. Ctrl+Z takes it back.")
    elif saved.row.note == saved.stood.note:
        text = tr("{name}: initials saved. Ctrl+Z takes them back.")
    else:
        text = tr("{name}: note saved. Ctrl+Z takes it back.") if saved.row.note else tr("{name}: note removed.")
    words = tr(_DECIDED[decision]) if decision is not None else ""
    return text.format(name=saved.row.entry.display_name(), decision=words)


def _what_was_unseen(seen: Row, unseen: Opinion, decision: Decision | None) -> list[str]:
    """Return what another window has decided or taken back meanwhile, and whether ``decision`` replaces that."""
    if unseen._replace(note=seen.note, note_initials=seen.note_initials) == seen.opinion:
        return []
    if unseen.decision is None:
        text = tr("“{decision}” was taken back in another window meanwhile.")
        return [text.format(decision=tr(DECISION_WORDS[seen.decision]))] if seen.decision is not None else []
    if decision is not None and unseen.initials:
        text = tr("It replaces {initials}'s “{decision}”, saved in another window.")
    elif decision is not None:
        text = tr("It replaces “{decision}”, saved in another window.")
    elif unseen.initials:
        text = tr("{initials}'s “{decision}” was saved in another window meanwhile.")
    else:
        text = tr("“{decision}” was saved in another window meanwhile.")
    return [text.format(decision=tr(DECISION_WORDS[unseen.decision]), initials=unseen.initials)]


def what_was_replaced(listed: Row, stands: Opinion) -> str:
    """Return what another window has replaced or taken back of what was said of a row that looked like ``listed``."""
    told = _what_was_unseen(listed, stands, None) if listed.decision is not None else []
    if listed.note and not stands.note:
        told.append(tr("Another window had deleted the note."))
    return f"{listed.entry.display_name()}: {' '.join(told)}" if told else ""


def what_is_unrecorded(refused: Collection[tuple[Row, Decision | None]]) -> str:
    """Return a line for each film whose decision, or note (None), is not on the disk; "" where all are."""
    lines = [tr("Not recorded:")] if refused else []
    for row, decision in islice(refused, _MOST_UNRECORDED):
        patient = second_line(row)
        film = f"{row.entry.display_name()} ({patient})" if patient else row.entry.display_name()
        what = tr(_DECIDED[decision]) if decision is not None else tr("note")
        lines.append(f"{film}: {what}")
    more = len(refused) - _MOST_UNRECORDED
    if more > 0:
        lines.append(ntr("and {count} more", "and {count} more", more).format(count=more))
    return "\n".join(lines)


def what_was_undone(undone: Undone) -> str:
    """Return a sentence for each thing that an undoing took back: the decision, the note, the initials."""
    row, told = undone.row, list[str]()
    if undone.covered:
        text = tr("{name}: taken back. What another window has saved since stands.")
        return text.format(name=row.entry.display_name())
    again = tr("The decision “{decision}” stands again.")
    if undone.decision is not row.decision:
        gone = tr("The decision “{decision}” was taken back.")
        words, decision = (gone, undone.decision) if undone.decision is not None else (again, row.decision)
        told.append(words.format(decision=tr(DECISION_WORDS[decision]) if decision else ""))
    if undone.note != row.note:
        told.append(
            tr("The note says “{note}” again.").format(note=row.note) if row.note else tr("The note was taken back.")
        )
    if undone.initials != row.initials:
        text = tr("The initials are {initials} again.") if row.initials else tr("The initials were taken back.")
        told.append(text.format(initials=row.initials))
    if not told and row.decision is not None:
        told.append(again.format(decision=tr(DECISION_WORDS[row.decision])))
    return f"{row.entry.display_name()}: {' '.join(told)}" if told else ""
