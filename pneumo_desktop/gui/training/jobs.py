"""The folders of training jobs: made, found again, and filled with the reader's own decisions."""

from __future__ import annotations

import contextlib
import csv
import datetime
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pneumo_desktop.file_lock import lock
from pneumo_desktop.gui.training.process import read_json
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.reading.outcome import Outcome
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.whole_file import write_whole

PACKAGE = "model.pneumo"
"""What a job of the window makes, in its own folder."""

_PREVIEW = "preview-"
_IN_USE = "lock"
_WINDOW = "window.lock"


def new_job(folder: Path) -> Path:
    """Make and return a fresh folder for a job below ``folder`` (the data folder's ``training``)."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    for number in range(1000):
        made = folder / (f"job-{stamp}" if number == 0 else f"job-{stamp}-{number}")
        if not made.exists():
            made.mkdir(parents=True)
            return made
    raise FileExistsError(folder)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write ``values`` beside ``path`` and move them into place. In ASCII: a file's name may be no Unicode."""
    write_whole(path, json.dumps(values, indent=1).encode("ascii"))


def unfinished_jobs(folder: Path) -> list[Path]:
    """Return the jobs that were begun, and whose model was neither accepted, kept nor discarded; the newest first."""
    found = [job for job in sorted(folder.glob("job-*"), reverse=True) if not (job / "over").exists()]
    return [job for job in found if isinstance(read_json(job / "job.json"), dict)]


def finished_package(job: Path) -> Path | None:
    """Return the package that a job has made and that waits for a decision, or None."""
    values = read_json(job / "job.json")
    package = Path(values["out"]) if isinstance(values, dict) and isinstance(values.get("out"), str) else None
    made = package is not None and package.is_file() and (job / "evaluation.json").is_file()
    return package if made and not (job / "over").exists() else None


def finish_job(job: Path) -> None:
    """Say that a job is over, and delete what only training needs; settings and figures stay.

    A model that was accepted or kept lies among the installed ones by then.
    """
    (job / "over").touch()
    for name in ("cache", "checkpoint", "preview"):
        shutil.rmtree(job / name, ignore_errors=True)
    for name in (PACKAGE, "draft.pneumo"):
        (job / name).unlink(missing_ok=True)


def hold(job: Path) -> contextlib.ExitStack:
    """Keep other windows from offering a job, until what is returned is closed; a kill lets it go.

    Raises BlockingIOError where another window has it, and another OSError where nothing can be written there.
    """
    with contextlib.ExitStack() as made:
        stream = made.enter_context((job / _WINDOW).open("a+b"))
        try:
            lock(stream)
        except OSError as problem:
            if isinstance(problem, BlockingIOError):  # else it is a disk that knows no locks
                raise
        return made.pop_all()


def in_use(job: Path) -> bool:
    """Tell whether a window trains a job or decides about its model."""
    try:
        hold(job).close()
    except OSError as problem:
        return isinstance(problem, BlockingIOError)
    return False


class PreviewFolder:
    """A folder below ``folder`` for the pictures of one preview, which belongs to no job; raises OSError.

    A lock in it tells other windows that it is in use; a kill lets it go.
    """

    def __init__(self, folder: Path) -> None:
        temporary = tempfile.TemporaryDirectory(prefix=_PREVIEW, dir=folder, ignore_cleanup_errors=True)
        with contextlib.ExitStack() as made:
            self.path = Path(made.enter_context(temporary))
            stream = made.enter_context((self.path / _IN_USE).open("a+b"))
            with contextlib.suppress(OSError):  # a disk that knows no locks: nothing that was left there is deleted
                lock(stream)
            self._made = made.pop_all()

    def delete(self) -> None:
        """Delete the pictures."""
        self._made.close()


def delete_left_previews(folder: Path) -> None:
    """Delete the pictures of previews whose window was killed."""
    for left in folder.glob(f"{_PREVIEW}*"):
        with contextlib.suppress(OSError):
            with (left / _IN_USE).open("a+b") as stream:
                lock(stream)
            shutil.rmtree(left, ignore_errors=True)


def reviewed_label(row: Row) -> str | None:
    """Return ``normal`` or ``pneumonia`` as the reader decided, or None where no class follows from the decision."""
    if row.decision is Decision.PNEUMONIA:
        return "pneumonia"
    if row.decision is Decision.NORMAL:
        return "normal"
    if row.decision is Decision.AGREE and row.agreed_with is not None:
        return {Outcome.LIKELY_PNEUMONIA: "pneumonia", Outcome.LIKELY_NORMAL: "normal"}.get(row.agreed_with)
    return None


def _is_as_decided(row: Row) -> bool:
    """Return whether the file is there and, where its content was known, still the one that was decided."""
    from pneumo_desktop.imaging.load import sha256_of
    from pneumo_desktop.imaging.sources import read_bytes

    if row.sha256 is None:
        return row.entry.path.is_file()
    try:
        return sha256_of(read_bytes(row.entry)) == row.sha256
    except UnreadableImageError:
        return False


def write_reviewed(rows: Iterable[Row], path: Path) -> int:
    """Write a CSV of file and label of every decided image that lies in a file of its own; return how many.

    The newest row of an image counts; examples, further frames, members of archives and
    files that have changed since they were read are left out.
    """
    labels: dict[str, str] = {}
    for row in rows:
        label = reviewed_label(row)
        plain = row.entry.member is None and row.entry.frame == 0 and not row.example
        if label is not None and plain and _is_as_decided(row):
            labels[str(row.entry.path.absolute())] = label
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that is no Unicode keeps its bytes; by the mark ``evaluation.labelled`` knows that the rest is UTF-8.
    with path.open("w", newline="", encoding="utf-8-sig", errors=sys.getfilesystemencodeerrors()) as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "label"])
        writer.writerows(sorted(labels.items()))
    return len(labels)
