"""Ctrl+C before a command has begun, where it was ignored from outside, and while threads are started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pneumo_desktop import ctrl_c
from pneumo_desktop.cli import main
from pneumo_desktop.reading import pipeline

ROOT = Path(__file__).resolve().parents[1]
FILM = ROOT / "tests" / "fixtures" / "IM-0131-0001.jpeg"
PRESSED_AT_AN_IMPORT = """
import os, signal, sys
class Press:
    def find_spec(self, name, *_):
        if name == "platformdirs":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Press())
from pneumo_desktop.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def pressed_while_loading(*words: str, ignored: bool = False) -> subprocess.CompletedProcess[str]:
    # a test run in the background has it ignored itself
    set_up = f"signal.signal(signal.SIGINT, signal.{'SIG_IGN' if ignored else 'default_int_handler'})"
    program = PRESSED_AT_AN_IMPORT.replace("class Press", f"{set_up}\nclass Press")
    return subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=False, timeout=120, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to a program")
def test_pressed_while_the_program_is_loaded_it_is_no_page_of_python(tmp_path: Path) -> None:
    ended = pressed_while_loading("predict", str(FILM), "--data-dir", str(tmp_path))
    assert ended.returncode == -signal.SIGINT
    assert (ended.stdout, ended.stderr) == ("", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to a program")
def test_ignored_from_outside_it_stays_ignored(tmp_path: Path) -> None:
    ended = pressed_while_loading("predict", str(FILM), "--data-dir", str(tmp_path), ignored=True)
    assert ended.returncode == 0, ended.stderr
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ctrl_c.asks_to_stop() as stopped:
            signal.raise_signal(signal.SIGINT)
            assert not stopped()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_pressed_while_threads_are_started_it_ends_the_reading_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Pressed(threading.Thread):
        def start(self) -> None:
            if self.name == "write":
                signal.raise_signal(signal.SIGINT)
            super().start()

    monkeypatch.setattr(pipeline.threading, "Thread", Pressed)
    assert main(["predict", str(FILM), "--data-dir", str(tmp_path), "--language", "en"]) == 3
    assert "images were not read" in capsys.readouterr().err
