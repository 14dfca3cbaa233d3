"""The data page of the training dialog: folders mapped by hand, what forbids training, and the reader's own decisions."""

from __future__ import annotations

import csv
import errno
import hashlib
import os
import shutil
import sys
from pathlib import Path

import cv2
import pytest
from PySide6.QtCore import QFile, Qt
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.labelled import find
from pneumo_desktop.gui.training.data_page import split_text
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.gui.training.jobs import unfinished_jobs, write_json, write_reviewed
from pneumo_desktop.gui.training.process import TrainingProcess, read_json
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.rows import Decision, Row
from tests.using_the_window import drop

from .conftest import LONG, findings, scan

pytestmark = pytest.mark.timeout(600)


def test_class_folders_with_other_names_are_mapped_by_hand(
    dialog: TrainingDialog, images: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / "hospital"
    folder.mkdir()
    (folder / "controles 2023").symlink_to(images / "NORMAL", target_is_directory=True)
    (folder / "grupo B").symlink_to(images / "PNEUMONIA", target_is_directory=True)
    scan(dialog, folder, qtbot)
    assert "has no NORMAL and PNEUMONIA folders" in dialog.data.words.text()
    mapping = dialog.data.mapping
    assert mapping.isVisible()
    assert set(mapping.boxes) == {"controles 2023", "grupo B"}
    for name, value in (("controles 2023", "normal"), ("grupo B", "pneumonia")):
        mapping.boxes[name].setCurrentIndex(mapping.boxes[name].findData(value))
    mapping.apply.click()
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)
    assert dialog.data.scan["images"] == 44
    assert dialog.next.isEnabled()
    assert dialog.data.settings()["mapping"] == {"controles 2023": "normal", "grupo B": "pneumonia"}


@pytest.mark.parametrize("known", [True, False])
def test_of_patients_that_nobody_knows_nothing_is_claimed(known: bool) -> None:
    counts = {"normal": 20, "pneumonia": 20, "patients": 40}
    parts = dict.fromkeys(("train", "val", "test"), counts)
    text = split_text({"split": parts, "findings": [] if known else [{"code": "no_patients"}]})
    assert ("No patient is in two parts" in text) is known
    assert ("counts as a patient of its own" in text) is not known


def test_a_path_that_was_copied_with_its_quotes_is_found(
    dialog: TrainingDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(TrainingProcess, "start", lambda _process, arguments: asked.append(list(arguments)) or True)
    dialog.data.folder.setText(f'"{tmp_path}" ')
    qtbot.keyClick(dialog.data.folder, Qt.Key.Key_Return)
    assert asked[0][1] == str(tmp_path)
    assert dialog.data.settings()["folder"] == str(tmp_path)


def test_nothing_is_trained_from_that_was_not_looked_at(
    dialog: TrainingDialog, images: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = tmp_path / "clinic"
    shutil.copytree(images, folder)
    (folder / "dudosas").mkdir()
    (folder / "NORMAL" / "IM-0009-0009.png").rename(folder / "dudosas" / "film.png")
    scan(dialog, folder, qtbot)
    assert dialog.next.isEnabled()
    told = dialog.data.words.text()

    # Another folder is typed
    qtbot.keyClicks(dialog.data.folder, "2")
    assert not dialog.next.isEnabled()
    assert "not looked at yet" in dialog.data.words.text()
    qtbot.keyClick(dialog.data.folder, Qt.Key.Key_Backspace)
    assert dialog.next.isEnabled()
    assert dialog.data.words.text() == told

    # A folder that was left out is given a class
    box = dialog.data.mapping.boxes["dudosas"]
    box.setCurrentIndex(box.findData("pneumonia"))
    assert not dialog.next.isEnabled()
    dialog.data.mapping.apply.click()
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)
    assert dialog.data.scan["images"] == 44
    assert dialog.next.isEnabled()


def test_what_is_dropped_with_shift_is_not_said_to_have_been_moved(
    dialog: TrainingDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []
    monkeypatch.setattr(dialog.data, "take", taken.append)
    copy, move = Qt.DropAction.CopyAction, Qt.DropAction.MoveAction
    assert drop(dialog.data, tmp_path, copy | move, shift=True) is copy
    assert drop(dialog.data, tmp_path, move) is None
    assert taken == [tmp_path]


def test_errors_block_and_each_finding_shows_its_files(
    dialog: TrainingDialog, images: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    table = tmp_path / "labels.csv"
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes((images / "NORMAL" / "IM-0002-0002.png").read_bytes()[:900])
    with table.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "label"])
        writer.writerow([str(damaged), "normal"])
        for name, label in (("NORMAL", "normal"), ("PNEUMONIA", "pneumonia")):
            writer.writerows([str(path), label] for path in sorted((images / name).iterdir()))
        writer.writerow([str(images / "NORMAL" / "IM-0003-0003.png"), "pneumonia"])
    scan(dialog, table, qtbot)
    assert findings(dialog)["both_labels"] == "error"
    assert findings(dialog)["unreadable"] == "warning"
    assert not dialog.next.isEnabled()
    assert "must be mended" in dialog.data.words.text()
    shown = [dialog.data.findings.list.item(row).text() for row in range(dialog.data.findings.list.count())]
    dialog.data.findings.list.setCurrentRow(next(row for row, text in enumerate(shown) if "cannot be read" in text))
    assert "damaged.png: The file ends too early" in dialog.data.findings.files.toPlainText()


def test_fewer_than_twenty_of_a_class_stop(dialog: TrainingDialog, tmp_path: Path, qtbot: QtBot) -> None:
    for number in range(3):
        for name in ("normales", "neumonías"):
            path = tmp_path / "few" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), chest(number, name != "normales", (128, 128)))
    scan(dialog, tmp_path / "few", qtbot)
    assert findings(dialog)["too_few_stop"] == "error"
    assert not dialog.next.isEnabled()


def test_a_folder_that_cannot_be_written_is_a_sentence(
    services: Services, images: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    (services.folder / "training").write_text("no folder", "utf-8")
    dialog = TrainingDialog(services)
    qtbot.addWidget(dialog)
    dialog.take_folder(images)
    assert "could not be read or written" in dialog.data.words.text()
    assert not dialog.data.scanning
    dialog.close()


def test_a_decision_labels_no_other_film_than_the_decided_one(tmp_path: Path, images: Path) -> None:
    paths = [tmp_path / name for name in ("same.png", "changed.png", "gone.png", "unknown.png")]
    for path, film in zip(paths, sorted(images.rglob("*.png")), strict=False):
        shutil.copyfile(film, path)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths[:3]]
    rows = [
        Row(number, 1, Entry(path), digest, "done", None, decision=Decision.NORMAL)
        for number, (path, digest) in enumerate(zip(paths, [*digests, None], strict=True))
    ]
    paths[1].write_bytes(paths[0].read_bytes())
    paths[2].unlink()
    assert write_reviewed(rows, tmp_path / "reviewed.csv") == 2
    with (tmp_path / "reviewed.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert list(csv.reader(stream)) == [["file", "label"], *([str(paths[n]), "normal"] for n in (0, 3))]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep no such name")
def test_a_decided_film_whose_name_is_no_unicode_is_found_again(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("M\udcfcller\n3.png", "Muñoz.png", "a\u2028b.png")]
    for path in paths:
        path.write_bytes(b"x")
    rows = [
        Row(number, 1, Entry(path), None, "done", None, decision=Decision.PNEUMONIA)
        for number, path in enumerate(paths)
    ]
    table = tmp_path / "reviewed.csv"
    assert write_reviewed(rows, table) == 3
    assert sorted(image.entry.path for image in find(table).images) == sorted(paths)
    write_json(tmp_path / "job.json", {"folder": str(paths[0])})
    assert read_json(tmp_path / "job.json") == {"folder": str(paths[0])}


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are Unicode elsewhere")
def test_a_folder_whose_path_is_no_unicode_is_told_so_and_what_to_do(
    dialog: TrainingDialog, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = list[list[str]]()
    monkeypatch.setattr(TrainingProcess, "start", lambda _process, arguments: started.append(list(arguments)) or True)
    folder = tmp_path / "ni\udcf1os"
    shutil.copytree(images, folder)
    for chosen in (folder, Path(QFile.decodeName(os.fsencode(folder)))):  # told by the program; by Qt's own dialog
        dialog.data.words.clear()
        dialog.take_folder(chosen)
        assert "has letters in an old encoding. Rename that folder" in dialog.data.words.text()
        assert not dialog.next.isEnabled()
    assert started == []
    renamed = folder.rename(tmp_path / "ni\ufffdos")  # a name like any other
    dialog.take_folder(renamed)
    assert [arguments[1] for arguments in started] == [str(renamed)]


def test_a_damaged_job_is_none_to_go_on_with(tmp_path: Path) -> None:
    for number, content in enumerate((b"{", b'{"folder": "\xfc"}', b"[" * 200_000, b"{}")):
        (tmp_path / f"job-{number}").mkdir()
        (tmp_path / f"job-{number}" / "job.json").write_bytes(content)
    assert unfinished_jobs(tmp_path) == [tmp_path / "job-3"]


def test_a_full_disk_leaves_the_settings_of_a_job_as_they_were_and_nothing_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "job.json"
    write_json(path, {"epochs": 1})

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pneumo_desktop.whole_file.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"epochs": 2})
    assert read_json(path) == {"epochs": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_reviewed_images_are_trained_from(
    dialog: TrainingDialog, services: Services, images: Path, qtbot: QtBot
) -> None:
    dialog.data.reviewed.click()
    qtbot.waitUntil(lambda: "No image has been decided" in dialog.data.words.text(), timeout=LONG)
    paths = sorted(images.rglob("*.png"))
    queue = services.store.new_queue("films", Population.NOT_KNOWN)
    services.store.add_entries(queue, [Entry(path) for path in paths])
    for row in services.store.rows(queue):
        pneumonia = row.entry.path.parent.name == "PNEUMONIA"
        services.store.set_decision(row.entry_id, Decision.PNEUMONIA if pneumonia else Decision.NORMAL)
    dialog.data.reviewed.click()
    qtbot.waitUntil(lambda: bool(dialog.data.scan), timeout=LONG)
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)
    assert dialog.data.scan["images"] == 44
    assert dialog.next.isEnabled()
