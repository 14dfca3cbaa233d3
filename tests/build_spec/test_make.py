"""``make run`` with a program that ends in different ways: a nurse reads its last line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="make is for Linux")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment is installed, with a program that ends with what the file ``code`` says."""
    shutil.copyfile(ROOT / "Makefile", tmp_path / "Makefile")
    for name in (
        "requirements/base.txt",
        "requirements/training.txt",
        "pyproject.toml",
        "pneumo_desktop/a",
        "resources/a",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    programs = {
        "build_spec/system-libraries.sh": "exit 0",
        "build_spec/link-checkout.sh": "exit 0",
        ".venv/bin/python": 'echo "$@" >> asked',
        ".venv/bin/pneumo-desktop": "exit $(cat code)",
    }
    for name, line in programs.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    return tmp_path


def make(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=checkout, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize(("code", "fails"), [(0, False), (3, False), (1, True), (2, True), (139, True)])
def test_an_unreadable_file_is_no_failed_run_and_a_real_error_is(checkout: Path, code: int, fails: bool) -> None:
    (checkout / "code").write_text(str(code))
    ended = make(checkout, "run", "IMAGES=films")
    assert (ended.returncode != 0) == fails
    assert ("Error" in ended.stderr) == fails


def test_the_installation_says_what_it_does_once(checkout: Path) -> None:
    (checkout / "code").write_text("0")
    assert "once, about two minutes" in make(checkout, "run").stdout
    assert "Installing" not in make(checkout, "run").stdout
    told = make(checkout, "run", "TRAINING=1").stdout
    assert "Installing the training component" in told
    asked = (checkout / "asked").read_text("utf-8").splitlines()
    assert "--require-hashes -r requirements/training.txt" in asked[-1]
