"""Signals to the training program, and what is set before its libraries are loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
A_LIBRARYS_THREAD_IS_TOLD = """
import signal, sys, threading, time
from pneumo_desktop.training.control import Control
library = threading.Thread(target=time.sleep, args=(60,), daemon=True)
library.start()
Control(lambda why: print(why, flush=True)).listen()
signal.pthread_kill(library.ident, getattr(signal, sys.argv[1]))
time.sleep(60)
"""
TELL_THE_THREADS = """
import os, runpy, sys
class Seen:
    def find_spec(self, name, *_):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Seen())
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows ends no program by a signal")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_asks_to_stop_whichever_thread_the_system_gives_it_to(name: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", A_LIBRARYS_THREAD_IS_TOLD, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        encoding="utf-8", cwd=ROOT,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.read() == "asked\n"
        assert child.wait() == 3


def test_the_frozen_program_sets_its_threads_before_numpy_is_loaded() -> None:
    start = ROOT / "build_spec" / "training_program.py"
    assert f'"{start.name}"' in (ROOT / "build_spec" / "training.spec").read_text("utf-8")
    without = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    told = subprocess.run(
        [sys.executable, "-c", TELL_THE_THREADS, str(start)], capture_output=True, text=True, check=True, cwd=ROOT,
        env={**without, "PYTHONPATH": str(ROOT)},
    ).stdout  # fmt: skip
    assert told == "1\n"
