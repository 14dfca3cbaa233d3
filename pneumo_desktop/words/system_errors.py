"""What the operating system says of a file or a disk, in the program's language: Python has it in English."""

from __future__ import annotations

import errno
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


def system_words(error: OSError) -> str:
    """Return why the system refused, as words that end a sentence; those of the system itself where it is a rare reason."""
    if getattr(error, "winerror", None) in _HELD_ON_WINDOWS:
        return tr("another program has it open")
    known = _WORDS.get(error.errno or 0)
    return tr(known) if known is not None else error.strerror or str(error)


def refused(error: OSError, name: str = "") -> str:
    """Return the sentence for a file that the system did not let be read or written, ``name`` where the error has none."""
    text = tr("{name} could not be read or written: {why}.")
    return text.format(name=Path(error.filename).name if error.filename else name, why=system_words(error))
