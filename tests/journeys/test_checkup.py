"""The first start checks the computer, says nothing while all is well, and tells in words what is wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from pneumo_desktop import computer, places
from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.gui.checkup import CheckupDialog, check_first_start
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.self_test import examine


def _said(dialog: CheckupDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel))


def test_first_start_is_checked_once_and_quietly(qtbot: QtBot, services: Services) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = check_first_start(services, window, wait=0)
    assert dialog is not None
    with qtbot.waitSignal(dialog.examined, timeout=20000) as told:
        pass
    assert told.args[0].passed, _said(dialog)
    assert not dialog.isVisible()
    dialog.finish()
    assert check_first_start(services, window, wait=0) is None


def test_first_check_waits_until_nothing_is_read(
    qtbot: QtBot, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Services, "reading", True)
    window = QWidget()
    qtbot.addWidget(window)
    dialog = check_first_start(services, window, wait=1)
    assert dialog is not None
    with qtbot.assertNotEmitted(dialog.examined, wait=100):
        pass
    monkeypatch.setattr(Services, "reading", False)
    with qtbot.waitSignal(dialog.examined, timeout=20000):
        pass
    dialog.finish()


def test_what_is_wrong_opens_the_dialog_in_words(
    qtbot: QtBot, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computer, "free_memory_mb", lambda: 120)
    window = QWidget()
    qtbot.addWidget(window)
    dialog = check_first_start(services, window, wait=0)
    assert dialog is not None
    with qtbot.waitSignal(dialog.examined, timeout=20000):
        pass
    assert dialog.isVisible()
    assert "only 120 MB are free" in _said(dialog)
    dialog.close()
    assert check_first_start(services, window) is not None


def test_processor_without_avx_reads_and_says_what_it_cannot(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(computer, "processor_features", lambda: ("sse4.2",))
    report = examine(services)
    assert report.passed
    assert "cannot be trained from scratch" in report.as_json()["checks"]["processor"]["sentence"]


def test_full_disk_and_missing_model_are_told(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_opens() -> ModelPackage:
        raise NoModelError

    monkeypatch.setattr(computer, "free_disk_mb", lambda _folder: 5)
    monkeypatch.setattr(services, "package", none_opens)
    checks = {check.name: check for check in examine(services).checks}
    assert not checks["disk"].fine
    assert "only 5 MB" in checks["disk"].sentence
    assert not checks["model"].fine
    assert "nothing can be read" in checks["model"].sentence
    assert "scores" not in checks


def test_model_that_is_not_the_one_built_is_told(
    services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    inside = places.bundled_model()
    files = {inside.name: {"sha256": "0" * 64}}
    monkeypatch.setattr(places, "installation", lambda: tmp_path)
    monkeypatch.setattr(places, "bundled_model", lambda: tmp_path / inside.name)
    shutil.copy(inside, tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"files": files}), "utf-8")
    checks = {check.name: check for check in examine(services).checks}
    assert not checks["model"].fine
    assert "install the program again" in checks["model"].sentence
    files[inside.name]["sha256"] = hashlib.sha256(inside.read_bytes()).hexdigest()
    (tmp_path / "manifest.json").write_text(json.dumps({"files": files}), "utf-8")
    assert next(check for check in examine(services).checks if check.name == "model").fine
