"""What is printed never ends a run, whatever a file is called."""

from __future__ import annotations

import io

import pytest

from pneumo_desktop.words import speak_utf8


def test_a_code_page_that_lacks_the_name_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(pipe, encoding="cp1252"))
    monkeypatch.setattr("sys.stderr", None)  # a Windows program without console
    speak_utf8()
    print("снимок 胸片 niño \udcff", flush=True)
    assert pipe.getvalue().decode("utf-8").strip() == "снимок 胸片 niño ?"
