"""The promises of the README that are of no single room. Each is tried on the program as it is, in a process of its own."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.cli import main
from pneumo_desktop.imaging.load import decode_here, load
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.reader import Reader
from pneumo_desktop.records.export import write_csv, write_json
from tests import making
from tests.using_the_window import open_window

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "fixtures"
FILM = FIXTURES / "person1_bacteria_1.jpeg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Films as pictures, as DICOM, in an archive; one that is broken."""
    made = tmp_path / "films"
    made.mkdir()
    for path in FIXTURES.glob("*.jpeg"):
        shutil.copyfile(path, made / path.name)
    grey = load(Entry(FILM)).pixels
    (made / "film.dcm").write_bytes(making.written(making.dataset(grey.astype(np.uint16) * 16, 12)))
    with zipfile.ZipFile(made / "cd.zip", "w") as archive:
        archive.write(FILM, "inside.jpg")
    (made / "broken.tif").write_bytes(b"II*\0broken")
    return made


def results_of(folder: Path, tmp_path: Path, *more: str) -> dict[str, dict[str, object]]:
    out = tmp_path / "results.json"
    assert main(["predict", str(folder), "--out", str(out), "--data-dir", str(tmp_path / "data"), *more]) in (0, 3)
    return {str(item["file"]): item for item in json.loads(out.read_text("utf-8"))["results"]}


WATCHED = """
import sys
def watch(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.")):
        print("NETWORK", event, file=sys.__stderr__, flush=True)
sys.addaudithook(watch)
from pneumo_desktop.__main__ import main
sys.exit(main({arguments!r}))
"""


@pytest.mark.parametrize("command", ["predict", "self-test", "models list", "run"])
def test_nothing_opens_a_socket(command: str, folder: Path, tmp_path: Path) -> None:
    arguments = [*command.split(), *([str(folder)] if command in ("predict", "run") else [])]
    arguments += ["--data-dir", str(tmp_path / "data")]
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if command == "run":
        arguments += ["--picture", str(tmp_path / "window.png")]
    run = subprocess.run(
        [sys.executable, "-c", WATCHED.format(arguments=arguments)], cwd=ROOT, capture_output=True, text=True,
        env=environment, timeout=170,
    )  # fmt: skip
    assert run.returncode in (0, 3), run.stderr
    assert "NETWORK" not in run.stderr
    if command == "run":
        assert cv2.imread(str(tmp_path / "window.png")).shape == (768, 1366, 3)


def test_no_room_imports_network_code() -> None:
    found = [
        path
        for path in (ROOT / "pneumo_desktop").rglob("*.py")
        if re.search(
            r"^\s*(import|from) (socket|ssl|http|urllib|requests|ftplib|PySide6\.QtNetwork)\b",
            path.read_text("utf-8"),
            re.M,
        )
    ]
    assert found == []


def test_an_original_is_never_changed_moved_or_deleted(folder: Path, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[bytes, int, int]]:
        return {
            path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in folder.iterdir()
        }

    before = state()
    results_of(folder, tmp_path, "--heatmaps", str(tmp_path / "maps"))
    assert state() == before


def test_every_score_carries_what_made_it(folder: Path, tmp_path: Path) -> None:
    """In the database, JSON and CSV alike."""
    results = results_of(folder, tmp_path)
    assert main(["predict", str(folder), "--out", str(tmp_path / "a.csv"), "--data-dir", str(tmp_path / "data")]) == 3
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = {row["file"]: row for row in csv.DictReader(stream)}
    with sqlite3.connect(tmp_path / "data" / "records.sqlite") as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM result WHERE score IS NOT NULL").fetchall()
    connection.close()
    scored = [item for item in results.values() if item["score"] is not None]
    assert len(scored) >= 5
    for item in scored:
        for key in ("model_id", "operating_point", "population", "preprocessing_version", "app_version"):
            assert item[key] not in (None, "")
            assert cells[str(item["file"])][key] not in (None, "")
    for row in rows:
        for key in ("model_id", "threshold", "population", "preprocessing_version", "app_version"):
            assert row[key] is not None


def test_a_file_that_cannot_be_read_has_a_row_a_reason_and_a_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = results_of(folder, tmp_path, "--language", "en")
    broken = results[str(folder / "broken.tif")]
    assert (broken["outcome"], broken["reason"], broken["score"]) == ("not_analysed", "unreadable", None)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "broken.tif" in line]
    assert line.rstrip().endswith((".", "!"))


def _twins(grey: np.ndarray) -> dict[str, bytes]:
    deep = grey.astype(np.uint16) * 16
    shown = {"WindowCenter": 2048, "WindowWidth": 4080}
    return {
        "MONOCHROME2": making.written(making.dataset(deep, 12, **shown)),
        "MONOCHROME1": making.written(making.dataset(4095 - deep, 12, PhotometricInterpretation="MONOCHROME1", **shown)),
        "signed": making.written(making.dataset((deep.astype(np.int32) - 2048).astype(np.int16), 12,
                                                WindowCenter=0, WindowWidth=4080)),
        "lossless": making.written(making.dataset(deep, 12, **shown), "1.2.840.10008.1.2.4.70"),
    }  # fmt: skip


def test_the_same_film_has_the_same_score_however_it_is_stored() -> None:
    """To 1e-4; a MONOCHROME1 twin reads as its original."""
    reader = Reader(ModelPackage.open(places.bundled_model()))
    for path in sorted(FIXTURES.glob("*.jpeg")):
        grey = load(Entry(path)).pixels
        scores = {name: reader.read(decode_here(Entry(path), data, "")).judgement.score
                  for name, data in _twins(grey).items()}  # fmt: skip
        assert all(score is not None for score in scores.values())
        assert max(scores.values()) - min(scores.values()) <= 1e-4, scores  # type: ignore[operator, type-var]
        again = reader.read(load(Entry(path))).judgement.score
        assert again == reader.read(load(Entry(path))).judgement.score


def test_the_reference_scores_hold_on_this_computer(tmp_path: Path) -> None:
    assert main(["self-test", "--data-dir", str(tmp_path)]) == 0


def test_results_are_read_sorted_and_exported_although_no_model_opens(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    before = results_of(folder, tmp_path)
    damaged = tmp_path / "damaged.pneumo"
    damaged.write_bytes(b"no package")
    monkeypatch.setattr(places, "bundled_model", lambda: damaged)
    services = Services.create(tmp_path / "data")
    with pytest.raises(NoModelError):
        services.package()
    rows = services.store.rows()
    write_json(rows, tmp_path / "again.json")
    write_csv(rows, tmp_path / "again.csv")
    again = json.loads((tmp_path / "again.json").read_text("utf-8"))["results"]
    assert {item["file"]: item["score"] for item in again} == {name: item["score"] for name, item in before.items()}
    window = open_window(services, qtbot)
    window.queue.add_rows(rows)
    window.queue.flush()
    scores = [row.judgement.score for row in window.queue.model.shown_rows() if row.judgement and row.judgement.score]
    assert len(scores) >= 5
    window.close()
    services.close()


def test_no_patient_reaches_a_log_or_an_export_unasked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], qtbot: QtBot
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    film = making.film(size=(200, 200))
    (folder / "a.dcm").write_bytes(making.written(making.dataset(film, PatientName="Secret^Name", PatientID="ID4711")))
    (folder / "b.dcm").write_bytes(making.written(making.dataset(film, PatientName="Secret^Name"))[:900])
    results_of(folder, tmp_path)
    log_errors_of(folder / "SECRET, ID4711; SECRET.dcm", tmp_path / "data" / "logs", qtbot)
    told = capfd.readouterr()
    logs = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*.log*"))
    assert logs.count(b"unexpected error") == 2
    written = (tmp_path / "results.json").read_text("utf-8")
    for word in ("Secret", "SECRET", "ID4711"):
        assert word not in told.out + told.err + written
        assert word.encode() not in logs


def test_logs_that_cannot_be_made_stop_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    logs = tmp_path / "logs"
    logs.write_text("a file where the folder should be")
    log_errors_of(tmp_path / "gone.dcm", logs, qtbot)
    assert logs.read_text() == "a file where the folder should be"


def log_errors_of(missing: Path, logs: Path, qtbot: QtBot) -> None:
    """Let the window's catcher log what goes wrong with a file, told with and without quotes."""
    from pneumo_desktop.gui.errors import ErrorCatcher, close_log, open_log

    open_log(logs)
    catcher = ErrorCatcher()
    try:
        with pytest.raises(FileNotFoundError) as caught:
            missing.read_bytes()
        for error in (caught.value, ValueError(f"{missing} cannot be read")):
            catcher.handle(type(error), error, error.__traceback__)
        assert catcher.dialog is not None
        qtbot.addWidget(catcher.dialog)
        catcher.dialog.close()
    finally:
        close_log()


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be no text")
def test_a_name_that_is_no_text_goes_all_the_way(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xf1o"))
    folder.mkdir()
    odd = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9 \xff.jpeg"))
    shutil.copyfile(FILM, odd)
    results = results_of(folder, tmp_path, "--heatmaps", str(tmp_path / "maps"))
    (found,) = results.values()
    assert found["sha256"] == hashlib.sha256(FILM.read_bytes()).hexdigest()
    assert found["score"] is not None
    services = Services.create(tmp_path / "data")
    (row,) = services.store.rows()
    services.close()
    assert row.entry.path == odd
    assert len(list((tmp_path / "maps").iterdir())) == 1


def imported(program: str) -> set[str]:
    """Return the libraries that a program has imported at its end."""
    told = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(' '.join(sys.modules))"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {name.split(".")[0] for name in told.stdout.splitlines()[-1].split()}


def test_the_window_imports_only_what_it_shows_and_a_picture_only_what_it_needs(tmp_path: Path) -> None:
    heavy = {"numpy", "cv2", "PIL", "pydicom", "gdcm", "ai_edge_litert", "matplotlib", "tensorflow", "keras"}
    assert imported("import pneumo_desktop.__main__, pneumo_desktop.cli, pneumo_desktop.gui.start") & heavy == set()
    arguments = ["predict", str(FILM), "--data-dir", str(tmp_path)]
    read = imported(f"from pneumo_desktop.cli import main; main({arguments!r})")
    assert read & heavy == {"numpy", "cv2", "ai_edge_litert"}
    assert "PySide6" not in read


@pytest.mark.skipif(os.name == "nt", reason="the dialog is Windows' own")
def test_what_the_file_dialog_remembers_stays_in_the_data_folder(tmp_path: Path) -> None:
    """The path of a folder may name a patient; Qt would write it to a file that all its programs share."""
    code = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication, QFileDialog
from pneumo_desktop.gui.start import forget_folders, remember_folders_in
from tests.using_the_window import open_window
application = QApplication([])
remember_folders_in(Path(sys.argv[1]) / "data")
dialog = QFileDialog(None, "", sys.argv[1])
dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
dialog.show()
dialog.accept()
del dialog
notes = Path(sys.argv[1]) / "data/qt/QtProject.conf"
assert "lastVisited=file" in notes.read_text()
forget_folders()
assert "lastVisited" not in notes.read_text()
"""
    home = tmp_path / "home"
    home.mkdir()
    place = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env={**os.environ, **place}, check=True)
    assert (tmp_path / "data/qt/QtProject.conf").is_file()
    assert not list(home.rglob("QtProject*"))
