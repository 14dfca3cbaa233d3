"""The dialog that asks where to write: no file is replaced unasked, and a radiograph of the list never."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from itertools import chain, count
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from pneumo_desktop.gui.questions import asked, warn
from pneumo_desktop.words import tr


def where_to_save(
    parent: QWidget, title: str, suggested: Path, kinds: Mapping[str, str], films: Iterable[Path] = ()
) -> Path | None:
    """Ask for a file to write; None where there is none to write.

    kinds: what the dialog calls each kind of file, and the suffix that its name gets where it was typed without it; the
    usual kind is the first. films: files that are never replaced.
    """
    typed, kind = QFileDialog.getSaveFileName(parent, title, str(suggested), ";;".join(kinds))
    if not typed:
        return None
    path = Path(typed)
    suffix = kinds.get(kind, next(iter(kinds.values())))
    if path.suffix.lower() != suffix:
        of_another_kind = path.suffix.lower() in kinds.values()
        path = path.with_suffix(suffix) if of_another_kind else path.with_name(path.name + suffix)
    if _is_one_of(path, films):
        text = tr("{name} is a radiograph of the list: an original is never replaced. Please choose another name.")
        warn(parent, title, text.format(name=path.name))
        return None
    if path != Path(typed) and os.path.lexists(path):  # the dialog has asked about what was typed alone
        text = tr("{name} is there already. Replace it?")
        return path if asked(parent, title, text.format(name=path.name)) else None
    return path


def unused(path: Path) -> Path:
    """Return ``path``, or where it is there already the first such name with a number that is not."""
    numbered = (path.with_stem(f"{path.stem} {number}") for number in count(2))
    return next(name for name in chain([path], numbered) if not os.path.lexists(name))


def _is_one_of(path: Path, films: Iterable[Path]) -> bool:
    """Return whether ``path`` is one of ``films``, however it is written; only films of that name are looked up on the disk."""
    for film in films:
        if film.name.casefold() == path.name.casefold():
            with contextlib.suppress(OSError):  # one of them is not there
                if path.samefile(film):
                    return True
    return False
