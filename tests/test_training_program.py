"""The window finds the training component of its own build, and says why it does not start another one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pneumo_desktop import places, training_program
from pneumo_desktop.gui.training.data_page import DataPage
from pneumo_desktop.imaging import apart


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A frozen base with a manifest, as far as the window can tell."""
    (tmp_path / "manifest.json").write_text(json.dumps({"build_id": "1.2.3+abc"}), "utf-8")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "pneumo-desktop"))
    return tmp_path


def _add_component(base: Path, build_id: str) -> Path:
    folder = base / "training"
    folder.mkdir()
    program = folder / training_program._NAME
    program.touch()
    (folder / "manifest.json").write_text(json.dumps({"build_id": build_id}), "utf-8")
    return program


def test_checkout_trains_in_the_same_python() -> None:
    assert training_program.command() == [sys.executable, "-m", "pneumo_desktop.training"]


def test_component_of_the_same_build_is_started(installed: Path) -> None:
    program = _add_component(installed, "1.2.3+abc")
    assert training_program.command() == [str(program)]


def test_component_of_another_build_is_not_started(installed: Path) -> None:
    _add_component(installed, "1.2.3+def")
    assert training_program.command() is None
    assert "another build" in training_program.missing()


def test_reading_only_says_what_to_install(installed: Path, qtbot: QtBot, tmp_path: Path) -> None:
    assert training_program.command() is None
    assert "training component of version" in training_program.missing()
    page = DataPage(tmp_path / "locked.json", lambda: tmp_path, lambda: None, dict)
    qtbot.addWidget(page)
    assert "training component of version" in page.words.text()
    page.words.clear()
    page.take(tmp_path)
    assert "training component of version" in page.words.text()
    assert page.choose.isEnabled()
    page.close_process()


def test_component_uses_the_resources_of_its_base(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_MEIPASS", str(installed / "training" / "_internal"), raising=False)
    monkeypatch.setattr(sys, "executable", str(installed / "training" / "pneumo-training"))
    assert places.bundled_model() == installed / "_internal" / "models" / "bundled.pneumo"
    assert apart.command()[0].startswith(str(installed / "pneumo-desktop"))
