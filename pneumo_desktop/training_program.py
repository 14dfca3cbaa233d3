"""Where the training program is: a program of its own, started by the window and the command line, imported by nobody."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

from pneumo_desktop import __version__, places
from pneumo_desktop.words import tr

_MODULE = "pneumo_desktop.training"
_NAME = "pneumo-training.exe" if sys.platform == "win32" else "pneumo-training"


def _build_id(component: Path) -> str | None:
    try:
        return str(json.loads((component / "manifest.json").read_text("utf-8"))["build_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _same_build(base: Path, component: Path) -> bool:
    """Tell whether base and component are of one build: the events between them, and the model format, are then one."""
    return _build_id(base) is not None and _build_id(base) == _build_id(component)


def command() -> list[str] | None:
    """Return how to start the training program (docs/training-events.md), or None where it cannot be: see ``missing``.

    In a frozen program it is a folder ``training`` beside the base, of the same build; else it runs in the same Python.
    """
    base = places.installation()
    if base is not None:
        component = base / places.TRAINING
        program = component / _NAME
        return [str(program)] if program.is_file() and _same_build(base, component) else None
    if importlib.util.find_spec(_MODULE) is None:
        return None
    return [sys.executable, "-m", _MODULE]


def missing() -> str:
    """Return the sentence that says why ``command`` is None, and what to do."""
    base = places.installation()
    if base is not None and (base / places.TRAINING / _NAME).is_file():
        return tr(
            "The training component belongs to another build of the program. "
            "Please install the training component of version {version}."
        ).format(version=__version__)
    return tr("The training component is not installed: {how}").format(how=how_to_get())


def how_to_get() -> str:
    """Return the sentence that says where the training component comes from: with installers, or from source."""
    if places.installation() is not None:
        text = tr("install the training component of version {version}, which lies beside the program's installer.")
        return text.format(version=__version__)
    return tr("run “make training” in the program's folder (on Windows: pip install -r requirements\\training.txt).")
