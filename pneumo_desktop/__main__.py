"""The program: a window without arguments, a command line with them."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Sequence

from pneumo_desktop import ctrl_c
from pneumo_desktop.complaint import complain_of
from pneumo_desktop.computer import keep_memory_low


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    ctrl_c.ends_at_once()
    multiprocessing.freeze_support()
    keep_memory_low()
    if sys.argv[1:] == ["decode-apart"]:
        from pneumo_desktop.imaging.apart import serve

        return serve()
    if sys.argv[1:2] == ["try-model"] and len(sys.argv) == 3:
        from pneumo_desktop.reading.trial import serve as try_model

        return try_model(sys.argv[2])
    try:
        from pneumo_desktop.cli import main as command_line
    except ImportError as problem:  # before there are words in two languages
        complain_of(problem, "Pneumo Desktop is not whole. Please install it again.", window=True)
        return 2
    return command_line(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
