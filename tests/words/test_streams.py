"""What is printed never ends a run, whatever a file is called."""

from __future__ import annotations

import io

import pytest

from pneumo_desktop.words import printable, speak_utf8


def test_a_code_page_that_lacks_the_name_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(pipe, encoding="cp1252"))
    monkeypatch.setattr("sys.stderr", None)  # a Windows program without console
    speak_utf8()
    print("снимок 胸片 niño \udcff", flush=True)
    assert pipe.getvalue().decode("utf-8").strip() == "снимок 胸片 niño ?"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a\nb\r\x1b[2Kc\td\x9b2Ke\x7f", "a�b��[2Kc�d�2Ke�"), ("a\u2028b\u2029c\x85d", "a�b�c�d"),
        ("gnp\u202egpj.a", "gnp�gpj.a"), ("a\udcffb", "a�b"),
        ("niño 胸片\u202f3\xa0снимок.png", "niño 胸片\u202f3\xa0снимок.png"),
    ],
)  # fmt: skip
def test_what_comes_from_outside_stays_in_its_line(text: str, told: str) -> None:
    assert printable(text) == told
