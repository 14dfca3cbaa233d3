"""The less trodden ways through the training dialog: own parts, a table's labels, the best so far, keeping, going on again."""

from __future__ import annotations

import csv
import errno
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.training.decision_page import DecisionPage
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.gui.training.jobs import PreviewFolder, hold, in_use, unfinished_jobs, write_json
from pneumo_desktop.gui.training.process import EXIT_STOPPED, TrainingProcess, read_json
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.training.split import Locked
from pneumo_desktop.words.system_errors import refused
from tests.using_the_window import open_window

EACH = 24
LONG = 300_000
"""Milliseconds that a child process may take on a busy computer."""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated films, a patient each, already parted: 16, 4 and 4 of each class."""
    folder = tmp_path_factory.mktemp("parted")
    for number in range(EACH):
        part = "test" if number < 4 else "val" if number < 8 else "train"
        for name, pneumonia in (("NORMAL", False), ("PNEUMONIA", True)):
            path = folder / part / name / f"{name.lower()}-p{number:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), chest(number + 500 * pneumonia, pneumonia, (128, 128)))
    return folder


def _scanned(dialog: TrainingDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(dialog.data.scan) and not dialog.data.scanning, timeout=LONG)


def _to_training(dialog: TrainingDialog, folder: Path, qtbot: QtBot) -> None:
    dialog.take_folder(folder)
    _scanned(dialog, qtbot)
    dialog.next.click()
    qtbot.waitUntil(lambda: bool(dialog.train._possible), timeout=LONG)


def _model(dialog: TrainingDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog.train.running, timeout=LONG)
    qtbot.waitUntil(lambda: dialog.decision.evaluation is not None, timeout=LONG)


def test_the_folders_own_test_part_becomes_the_locked_one(
    dialog: TrainingDialog, services: Services, images: Path, qtbot: QtBot
) -> None:
    dialog.take_folder(images)
    _scanned(dialog, qtbot)
    own = dialog.data.own_test
    assert own.isVisible()
    assert not own.isChecked()
    named = {name for name in dialog.data.scan["parts"] if name.startswith("test/")}
    assert {name for name, part in dialog.data.scan["parts"].items() if part == "test"} != named

    own.click()
    assert dialog.data.scanning
    _scanned(dialog, qtbot)
    assert {name for name, part in dialog.data.scan["parts"].items() if part == "test"} == named
    assert dialog.data.scan["split"]["test"] == {"normal": 4, "pneumonia": 4, "patients": 8}
    few = [finding for finding in dialog.data.scan["findings"] if finding["code"] == "test_few"]
    assert [(one["severity"], one["values"]) for one in few] == [("warning", {"normal": 4, "pneumonia": 4})]

    dialog.next.click()
    qtbot.waitUntil(lambda: bool(dialog.train._possible), timeout=LONG)
    dialog.train.advanced.epochs.setValue(1)
    dialog.train.toggle_button.click()
    _model(dialog, qtbot)
    assert dialog.decision.evaluation is not None
    assert {case.name for case in dialog.decision.evaluation.report.cases} == named
    assert len(Locked.load(services.folder / "training" / "locked-test.json").images) == len(named)


def test_labels_of_a_table_are_mapped_by_hand(
    dialog: TrainingDialog, images: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    table = tmp_path / "informes.csv"
    words = {"NORMAL": "alta médica", "PNEUMONIA": "grupo 7"}
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "label"])
        writer.writerows([str(path), words[path.parent.name]] for path in sorted(images.rglob("*.png")))
    dialog.take_folder(table)
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)
    mapping = dialog.data.mapping
    assert mapping.isVisible()
    assert set(mapping.boxes) == set(words.values())
    for name, value in (("alta médica", "normal"), ("grupo 7", "pneumonia")):
        mapping.boxes[name].setCurrentIndex(mapping.boxes[name].findData(value))
    mapping.apply.click()
    _scanned(dialog, qtbot)
    assert dialog.data.scan["images"] == 2 * EACH
    assert sum(own["normal"] for own in dialog.data.scan["split"].values()) == EACH
    assert dialog.next.isEnabled()
    assert dialog.data.settings()["mapping"] == {"alta médica": "normal", "grupo 7": "pneumonia"}


def test_after_a_stop_the_best_so_far_becomes_the_model_and_is_kept_for_later(
    dialog: TrainingDialog, services: Services, images: Path, qtbot: QtBot
) -> None:
    bundled = services.package().card.model_id
    _to_training(dialog, images, qtbot)
    dialog.train.advanced.epochs.setValue(500)
    dialog.train.advanced.early_stopping.setValue(0)
    dialog.train.toggle_button.click()
    qtbot.waitUntil(lambda: len(dialog.train.curves.history.get("loss", [])) >= 2, timeout=LONG)
    dialog.train.toggle_button.click()
    qtbot.waitUntil(lambda: not dialog.train.running, timeout=LONG)
    learnt = len(dialog.train.curves.history["loss"])
    assert 2 <= learnt < 500
    assert dialog.train.finish_button.isVisible()
    dialog.train.finish_button.click()
    _model(dialog, qtbot)
    assert len(dialog.train.curves.history["loss"]) == learnt  # no epoch more

    dialog.decision.keep_button.click()
    qtbot.waitUntil(lambda: "not used yet" in dialog.decision.words.text(), timeout=LONG)
    assert services.package().card.model_id == bundled
    kept = [info for info in services.registry.list() if info.model_id != bundled]
    assert len(kept) == 1
    assert not kept[0].active
    assert unfinished_jobs(services.folder / "training") == []
    assert not dialog.decision.undecided


def test_a_training_that_fails_twice_goes_on_all_the_same(
    dialog: TrainingDialog, services: Services, images: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _to_training(dialog, images, qtbot)
    dialog.train.advanced.epochs.setValue(2)
    toggle, jobs = dialog.train.toggle_button, services.folder / "training"
    broken = [sys.executable, "-c", "raise SystemExit(1)"]
    with monkeypatch.context() as patched:
        patched.setattr("pneumo_desktop.training_program.command", lambda: broken)
        for _ in range(3):
            toggle.click()
            qtbot.waitUntil(lambda: not dialog.train.running, timeout=LONG)
            assert "ended unexpectedly" in dialog.train.words.text()
            assert toggle.text() == "Go on"
            assert unfinished_jobs(jobs) == [dialog._job]
    toggle.click()
    _model(dialog, qtbot)
    assert unfinished_jobs(jobs) == [dialog._job]


def _job_cut_off(services: Services, images: Path, number: int) -> Path:
    job = services.folder / "training" / f"job-{number}"
    job.mkdir(parents=True)
    base = str(places.bundled_model())
    write_json(job / "job.json", {"folder": str(images), "out": str(job / "model.pneumo"), "base": base, "epochs": 1})
    return job


def test_every_unfinished_training_is_offered_and_again_after_the_dialog_was_closed(
    services: Services, images: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingDialog, "may_close", lambda _self: True)
    monkeypatch.setattr(QMessageBox, "question", lambda *_arguments: QMessageBox.StandardButton.Yes)
    older, newer = (_job_cut_off(services, images, number) for number in (1, 2))
    window = open_window(services, qtbot)
    offer, doors = window.training_offer, window.doors
    qtbot.waitUntil(offer.isVisible, timeout=LONG)

    # The newer one goes on, fails, is closed, and is offered again: as often as it takes
    with monkeypatch.context() as patched:
        patched.setattr(
            "pneumo_desktop.training_program.command", lambda: [sys.executable, "-c", "raise SystemExit(1)"]
        )
        for _ in range(2):
            offer.yes.click()
            again = doors._training
            assert again is not None
            assert again._job == newer
            assert not offer.isVisible()
            qtbot.waitUntil(lambda shown=again: not shown.train.running, timeout=LONG)
            again.close()
            assert offer.isVisible()
    offer.yes.click()
    last = doors._training
    assert last is not None
    _model(last, qtbot)
    last.decision.discard_button.click()
    qtbot.waitUntil(lambda: "Nothing has changed" in last.decision.words.text(), timeout=LONG)
    last.close()

    # Then the older one, which is declined; then none
    assert offer.isVisible()
    assert unfinished_jobs(older.parent) == [older]
    offer.no.click()
    qtbot.waitUntil(lambda: unfinished_jobs(older.parent) == [], timeout=LONG)
    assert (older / "over").exists()
    assert not offer.isVisible()
    window.close()


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_what_another_window_trains_is_neither_offered_nor_given_up(
    services: Services, images: Path, qtbot: QtBot, asked: list[list[str]], answer: str
) -> None:
    job = _job_cut_off(services, images, 1)
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    offer = window.training_offer
    qtbot.waitUntil(offer.isVisible, timeout=LONG)
    with hold(job):  # the other window takes it up first
        getattr(offer, answer).click()
        assert not offer.isVisible()
        assert window.doors._training is None
        window.doors.offer_training()
        assert not offer.isVisible()
    assert unfinished_jobs(job.parent) == [job]
    window.doors.offer_training()
    assert offer.isVisible()

    # and the other way round
    offer.yes.click()
    assert asked == [["train", str(job)]]
    assert in_use(job)
    assert window.doors._training is not None
    window.doors._training.shut()
    assert not in_use(job)
    window.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the training program is asked; it is never started."""
    seen: list[list[str]] = []
    monkeypatch.setattr(TrainingProcess, "start", lambda _process, arguments: seen.append(list(arguments)) or True)
    return seen


def _learnt_and_stopped(dialog: TrainingDialog, images: Path) -> Path:
    """Return the job of ``dialog``: it has a checkpoint, and goes on or becomes a model."""
    dialog.take_folder(images)
    job = dialog._job
    assert job is not None
    write_json(job / "scan.json", {"images": 2 * EACH, "blocked": False})
    dialog.data._told({"event": "scanned", "out": str(job / "scan.json")})
    dialog.data._ended(0)
    dialog.next.click()
    dialog.train.toggle_button.click()
    (job / "checkpoint").mkdir()
    (job / "checkpoint" / "head.json").write_text("{}", "utf-8")
    dialog.train._ended(EXIT_STOPPED)
    return job


def test_a_preview_after_a_stop_leaves_the_job_that_has_learnt(
    dialog: TrainingDialog, services: Services, images: Path, asked: list[list[str]]
) -> None:
    job, jobs = _learnt_and_stopped(dialog, images), services.folder / "training"
    dialog.train.advanced.preview_wanted.emit()
    preview = asked[-1]
    out = Path(preview[preview.index("--out") + 1])
    assert preview[0] == "preview"
    assert out.is_dir()
    dialog.train.toggle_button.click()
    assert asked[-1] == ["train", str(job)]
    assert list(jobs.glob("job-*")) == [job]
    dialog.data._ended(0)
    assert not out.exists()


def test_a_training_whose_model_was_removed_begins_anew_with_the_one_in_use(
    dialog: TrainingDialog, services: Services, images: Path, asked: list[list[str]], tmp_path: Path
) -> None:
    job = _learnt_and_stopped(dialog, images)
    write_json(job / "job.json", {**read_json(job / "job.json"), "base": str(tmp_path / "removed.pneumo")})
    dialog.train.toggle_button.click()
    again = Path(asked[-1][1])
    assert again != job
    assert read_json(again / "job.json")["base"] == str(services.package().path)
    assert unfinished_jobs(job.parent) == [again]


def test_what_a_killed_window_left_of_a_preview_is_deleted_at_the_next_start(services: Services, qtbot: QtBot) -> None:
    jobs = services.folder / "training"
    jobs.mkdir()
    killed = (
        "import os, sys; from pathlib import Path; from pneumo_desktop.gui.training.jobs import PreviewFolder\n"
        "preview = PreviewFolder(Path(sys.argv[1]))\n"
        "(preview.path / '00-0.png').write_bytes(b'a film'); print(preview.path, flush=True); os._exit(9)"
    )
    told = subprocess.run([sys.executable, "-c", killed, str(jobs)], stdout=subprocess.PIPE, text=True, check=False)
    left = Path(told.stdout.strip())
    assert (left / "00-0.png").is_file()
    other = PreviewFolder(jobs)  # of another window, which lives
    (other.path / "00-0.png").write_bytes(b"a film")
    window = MainWindow(services)
    qtbot.addWidget(window)
    qtbot.waitUntil(lambda: not left.exists())
    assert (other.path / "00-0.png").is_file()
    other.delete()
    assert list(jobs.iterdir()) == []
    window.close()


def test_the_best_so_far_is_decided_as_what_it_learnt_from(
    dialog: TrainingDialog, images: Path, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[Path, Path]] = []
    monkeypatch.setattr(DecisionPage, "begin", lambda _page, job, package, _base: begun.append((job, package)))
    job = _learnt_and_stopped(dialog, images)
    dialog.back.click()
    dialog.take_folder(images / "train")  # another folder: a job of its own
    assert dialog._job != job
    dialog.train.finish_button.click()
    assert asked[-1] == ["train", str(job), "--finish"]
    dialog.train._told({"event": "done", "package": str(job / "model.pneumo")})
    assert begun == [(job, job / "model.pneumo")]


def test_a_preview_that_a_full_disk_refuses_is_told_where_it_was_asked_for(
    dialog: TrainingDialog, images: Path, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _learnt_and_stopped(dialog, images)
    full = OSError(errno.ENOSPC, "No space left on device", "training")
    before = list(asked)

    def no_room(*_arguments: object, **_options: object) -> None:
        raise full

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "TemporaryDirectory", no_room)
        dialog.train.advanced.preview_wanted.emit()
    assert asked == before
    assert dialog.data.words.text() == dialog.train.words.text() == refused(full)
    assert dialog.train.finish_button.isVisible()

    dialog.train.advanced.preview_wanted.emit()  # begun, and refused by the training program
    dialog.data._told({"event": "error", "sentence": "The disk is full."})
    dialog.data._ended(1)
    assert dialog.train.words.text() == "The disk is full."
