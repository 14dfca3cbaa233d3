"""Where the training program is: a program of its own, started by the window and the command line, imported by nobody."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_MODULE = "pneumo_desktop.training"
_NAME = "pneumo-training.exe" if sys.platform == "win32" else "pneumo-training"


def command() -> list[str] | None:
    """Return how to start the training program (docs/training-events.md), or None where it is not installed.

    In a frozen program it is a folder ``training`` beside the base; else it runs in the same Python.
    """
    if getattr(sys, "frozen", False):
        program = Path(sys.executable).resolve().parent / "training" / _NAME
        return [str(program)] if program.is_file() else None
    if importlib.util.find_spec(_MODULE) is None:
        return None
    return [sys.executable, "-m", _MODULE]
