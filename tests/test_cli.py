"""The command line as a person types it: exit codes, files written, and what goes to which stream."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from pneumo_desktop import __version__, places
from pneumo_desktop.cli import main, worklist
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.models.package import ModelPackage, write_package

KEYS = {
    "file", "sha256", "outcome", "reason", "score", "operating_point", "model_id", "population",
    "preprocessing_version", "app_version",
}  # fmt: skip
FIXTURES = Path(__file__).resolve().parent / "fixtures"
ROOT = Path(__file__).resolve().parents[1]
POSIX_PIPES = pytest.mark.skipif(os.name == "nt", reason="Windows has another error for a pipe without a reader")
OUTCOMES = {"likely_pneumonia", "uncertain", "likely_normal", "not_analysed"}


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    return ["--data-dir", str(tmp_path / "data"), "--language", "en"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Röntgen ñ"
    made.mkdir()
    for seed, pneumonia in ((1, False), (2, True)):
        assert cv2.imwrite(str(made / f"chest{seed}.png"), chest(seed, pneumonia))
    (made / "again.png").write_bytes((made / "chest1.png").read_bytes())
    (made / "notes.txt").write_text("no image")
    return made


def test_predict_writes_the_documented_json(folder: Path, tmp_path: Path, data: list[str]) -> None:
    out = tmp_path / "results.json"
    assert main(["predict", str(folder), "--out", str(out), *data]) == 0
    results = json.loads(out.read_text("utf-8"))["results"]
    assert {Path(item["file"]).name for item in results} == {"chest1.png", "chest2.png", "again.png"}
    for item in results:
        assert item.keys() >= KEYS
        assert item["outcome"] in OUTCOMES
        assert item["score"] is None or 0.0 <= item["score"] <= 1.0
        assert item["app_version"] == __version__
    twins = [item for item in results if Path(item["file"]).name != "chest2.png"]
    assert len({(item["sha256"], item["score"], item["outcome"]) for item in twins}) == 1


def test_predict_is_quiet_in_a_pipe_and_counts_what_it_left_out(
    folder: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(folder), *data]) == 0
    told = capsys.readouterr()
    assert "chest1.png" in told.out
    assert "\r" not in told.out + told.err
    assert told.err.startswith("1 file was left out:")


def test_an_unreadable_file_is_an_entry_and_makes_exit_code_3(folder: Path, tmp_path: Path, data: list[str]) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    out = tmp_path / "results.json"
    assert main(["predict", str(folder), "--out", str(out), *data]) == 3
    (broken,) = (i for i in json.loads(out.read_text("utf-8"))["results"] if i["file"].endswith("broken.png"))
    assert (broken["outcome"], broken["reason"], broken["score"]) == ("not_analysed", "unreadable", None)


def test_a_reading_that_was_stopped_is_not_a_finished_one(
    folder: Path, tmp_path: Path, data: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    presses = iter([signal.SIGINT])

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            for press in presses:
                signal.raise_signal(press)
            return super().wait(timeout)

    for number in range(40):
        cv2.imwrite(str(folder / f"more {number}.png"), chest(100 + number, False))
    monkeypatch.setattr(worklist, "threading", SimpleNamespace(Event=Interrupted))
    assert main(["predict", str(folder), "--out", str(tmp_path / "out.json"), *data]) == 3
    assert "images were not read" in capsys.readouterr().err


@pytest.mark.parametrize("where", ["app.Services.create", "app.Services.install_model", "cli.worklist.write_heat_maps"])
def test_ctrl_c_is_told_in_a_word_wherever_it_comes(
    where: str, tmp_path: Path, data: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"pneumo_desktop.{where}", interrupted)
    film, package = str(FIXTURES / "IM-0131-0001.jpeg"), str(places.bundled_model())
    installs = where.endswith("install_model")
    words = ["models", "import", package] if installs else ["predict", film, "--heatmaps", str(tmp_path / "maps")]
    assert main([*words, *data]) == 3
    assert capsys.readouterr().err == "Stopped.\n"


def test_without_standard_error_the_images_are_read_and_written_all_the_same(
    folder: Path, tmp_path: Path, data: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    out = tmp_path / "results.json"
    assert main(["predict", str(folder), "--out", str(out), *data]) == 0
    assert len(json.loads(out.read_text("utf-8"))["results"]) == 3


def test_a_refusal_is_no_failure(tmp_path: Path, data: list[str]) -> None:
    tiny = tmp_path / "tiny.png"
    assert cv2.imwrite(str(tiny), np.arange(64, dtype=np.uint8).reshape(8, 8))
    out = tmp_path / "results.json"
    assert main(["predict", str(tiny), "--out", str(out), *data]) == 0
    (result,) = json.loads(out.read_text("utf-8"))["results"]
    assert (result["outcome"], result["reason"]) == ("not_analysed", "too_small")


def test_predict_writes_csv_for_a_spanish_spreadsheet(
    folder: Path, tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results.csv"
    assert main(["predict", str(folder), "--out", str(out), "--separator", "semicolon", "--decimal", ",", *data]) == 0
    assert f"Written: {out}" in capsys.readouterr().out
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    assert len(rows) == 3
    assert {row["outcome"] for row in rows} <= OUTCOMES


def test_heat_maps_are_pictures_of_the_images_size(tmp_path: Path, data: list[str]) -> None:
    out, maps = tmp_path / "results.json", tmp_path / "maps"
    examples = places.resource("examples")
    assert main(["predict", str(examples), "--out", str(out), "--heatmaps", str(maps), *data]) == 0
    results = json.loads(out.read_text("utf-8"))["results"]
    scored = [item for item in results if item["score"] is not None]
    written = sorted(maps.iterdir())
    assert len(written) == len(scored)
    for path in written:
        assert cv2.imread(str(path)).shape[2] == 3


def test_a_heat_map_without_colour_is_written_and_told_of(
    tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Which film has no colour is the model's affair: here those on the normal side, whose map has a mean below 0.
    monkeypatch.setattr("pneumo_desktop.cli.worklist.is_empty", lambda heat_map: float(heat_map.mean()) < 0.0)
    maps, films = tmp_path / "maps", [FIXTURES / "IM-0131-0001.jpeg", FIXTURES / "person1_bacteria_1.jpeg"]
    assert main(["predict", *map(str, films), "--heatmaps", str(maps), *data]) == 0
    assert len(list(maps.iterdir())) == 2
    told = capsys.readouterr().err
    assert "nothing here spoke clearly for pneumonia" in told
    assert "IM-0131-0001.png" in told
    assert "person1" not in told


def test_the_originals_are_not_touched(folder: Path, data: list[str]) -> None:
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    main(["predict", str(folder), *data])
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict"],
        ["predict", "x", "--population", "cats"],
        ["models"],
        ["evaluate"],
        ["--nonsense"],
        ["models", "show"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--language", "en"])
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_wrong_values_end_with_2_and_a_sentence(
    tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(tmp_path / "nowhere"), *data]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main(["predict", str(tmp_path), "--separator", ",", "--decimal", ",", *data]) == 2
    assert main(["predict", str(tmp_path), "--out", str(tmp_path / "results.pdf"), *data]) == 2
    assert "results.pdf" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["predict", str(tmp_path), "--separator", "colon", *data])
    assert "colon is none of these: comma, semicolon, tab." in capsys.readouterr().err
    noise = tmp_path / "noise.pneumo"
    noise.write_bytes(b"noise")
    assert main(["predict", str(tmp_path), "--model", str(noise), *data]) == 2
    assert main(["models", "show", "nobody", *data]) == 2
    assert "nobody" in capsys.readouterr().err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--version"], ["--help"], ["predict", "--help"], ["models", "list", "--help"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    assert __version__ in capsys.readouterr().out


def test_every_command_takes_a_data_folder(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "predict", "evaluate", "self-test", "models", "models list"):
        with pytest.raises(SystemExit):
            main([*command.split(), "--help"])
        assert "--data-dir" in capsys.readouterr().out


def test_common_options_may_come_before_the_command(folder: Path, tmp_path: Path) -> None:
    assert main(["--language=es", "--data-dir", str(tmp_path / "data"), "predict", str(folder / "chest1.png")]) == 0
    assert (tmp_path / "data" / "records.sqlite").is_file()


def test_self_test_passes_and_says_so_in_json(data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["self-test", *data]) == 0
    assert "All is as it should be." in capsys.readouterr().out
    assert main(["self-test", "--json", *data]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is True
    assert told["reference"]["largest_difference"] <= 1e-4
    assert told["reference"]["images"] > 0
    assert len(told["model"]["sha256"]) == 64
    assert set(told["checks"]) == {"processor", "memory", "disk", "data_folder", "decoder", "model", "scores"}
    assert "numpy" in told["versions"]


@pytest.mark.parametrize("code", ["en", "es"])
def test_self_test_tells_all_the_rest_where_the_records_do_not_open(
    tmp_path: Path, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    arguments = ["self-test", "--language", code, "--data-dir", str(in_the_way)]
    assert main([*arguments, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [name for name, check in told["checks"].items() if not check["fine"]] == ["data_folder"]
    why = {"en": "there is a file where a folder is needed", "es": "hay un archivo donde hace falta una carpeta"}[code]
    assert why in told["checks"]["data_folder"]["sentence"]
    assert set(told["checks"]) == {"processor", "memory", "data_folder", "decoder", "model", "scores"}
    assert told["data_folder"] == str(in_the_way)


def test_a_rollback_without_an_earlier_model_says_so(data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "rollback", *data]) == 0
    assert capsys.readouterr().err == "There is no earlier model to go back to.\n"


def test_a_package_that_is_refused_is_the_one_that_is_named(
    tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = places.bundled_model(), tmp_path / "bad.pneumo"
    bad.write_bytes(b"no package")
    told = f"{bad}: This file is not a model package.\n"
    for model, other in ((good, bad), (bad, good)):
        assert main(["evaluate", str(tmp_path), "--model", str(model), "--compare", str(other), *data]) == 2
        assert capsys.readouterr().err == told
    for arguments in (["predict", str(tmp_path), "--model"], ["models", "import"]):
        assert main([*arguments, str(bad), *data]) == 2
        assert capsys.readouterr().err == told


def test_a_name_forges_no_row_of_what_is_printed(
    tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    forged = "Likely normal       0.001  person1.png"
    archive = tmp_path / "cd.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.write(FIXTURES / "person1_bacteria_1.jpeg", f"a\r\x1b[2K{forged}\n{forged}.jpg")
        made.writestr(f"notes\n{forged}.txt", "no image")
    assert main(["predict", str(archive), *data]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2, "a row, and what the program is no substitute for"
    assert not [line for line in (*told.out.splitlines(), *told.err.splitlines()) if line.startswith(forged)]
    assert not {"\r", "\x1b"} & {*told.out, *told.err}
    bundled = ModelPackage.open(places.bundled_model())
    card = replace(bundled.card, model_id="other", created="x\r* forged\n* forged")
    by_hand = tmp_path / "data" / "models" / "other.pneumo"
    by_hand.parent.mkdir()
    write_package(by_hand, card, bundled.network_bytes, bundled.arrays, bundled.reference)
    assert main(["models", "list", *data]) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 2
    assert "\r" not in told.out


def test_models_travel(tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", *data]) == 0
    listed = capsys.readouterr().out
    assert listed.startswith("* ")
    model_id = listed.split()[1]
    assert main(["models", "show", model_id, *data]) == 0
    assert json.loads(capsys.readouterr().out)["model_id"] == model_id
    copy = tmp_path / "copy.pneumo"
    assert main(["models", "export", model_id, str(copy), *data]) == 0
    assert copy.read_bytes() == places.bundled_model().read_bytes()
    assert main(["models", "import", str(copy), *data]) == 0
    assert main(["models", "remove", model_id, *data]) == 2


def test_without_a_display_run_says_so_and_reads_the_examples(
    data: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert main(["run", *data]) == 0
    told = capsys.readouterr().out
    assert "no display" in told
    assert "generated example" in told


def test_spanish_is_spoken_where_it_is_there(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    from pneumo_desktop.words import available_languages

    for language in available_languages():
        assert main(["predict", str(folder), "--data-dir", str(tmp_path / "data"), "--language", language]) == 0
    told = capsys.readouterr().out
    assert "chest1.png" in told


def test_a_damaged_model_is_told_in_words(
    folder: Path, tmp_path: Path, data: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "bundled.pneumo"
    damaged.write_bytes(b"PK no package")
    monkeypatch.setattr(places, "bundled_model", lambda: damaged)
    assert main(["predict", str(folder), *data]) == 2
    assert "No model could be opened" in capsys.readouterr().err


def test_records_that_do_not_open_are_told_in_words(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad" / "records.sqlite").mkdir(parents=True)
    assert main(["predict", str(folder), "--data-dir", str(tmp_path / "bad"), "--language", "en"]) == 2
    assert "cannot be opened" in capsys.readouterr().err
    file = tmp_path / "file"
    file.write_text("no folder")
    assert main(["predict", str(folder), "--data-dir", str(file), "--language", "en"]) == 2
    assert "could not be read or written" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_told_before_the_reading(
    folder: Path, tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(folder), "--out", str(tmp_path / "nowhere" / "a.json"), *data]) == 2
    told = capsys.readouterr()
    assert "nowhere" in told.err
    assert told.out == ""


def test_what_cannot_be_written_is_told_by_the_name_that_was_given(
    tmp_path: Path, data: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*arguments: str) -> str:
        assert main([arguments[0], *data, *arguments[1:]]) == 2
        return capsys.readouterr().err.splitlines()[-1]

    out, picture, maps, new = (tmp_path / name for name in ("results.csv", "window.png", "maps", "new"))
    film = str(FIXTURES / "IM-0131-0001.jpeg")
    for in_the_way in (out, picture):
        in_the_way.mkdir()
    assert told("predict", film, "--out", str(out)).startswith(f"{out} could not be read or written: ")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert told("run", film, "--picture", str(picture)).startswith(f"{picture} could not be read or written: ")

    def full(place: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", *([str(place)] if place == new else []))

    monkeypatch.setattr(os, "fsync", full)
    words = told("predict", film, "--heatmaps", str(maps))
    assert words.startswith(str(maps)) and words.endswith(
        "IM-0131-0001.png could not be read or written: the disk is full."
    )
    assert not list(maps.iterdir()), "half a heat map would look like a quiet one"
    monkeypatch.setattr(Path, "mkdir", full)
    assert told("predict", film, "--data-dir", str(new)) == f"{new} could not be read or written: the disk is full."


@POSIX_PIPES
@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("both", [True, False], ids=["both streams", "standard output"])
def test_a_reader_that_goes_ends_no_run(
    folder: Path, tmp_path: Path, data: list[str], both: bool, buffered: bool
) -> None:
    """As in ``| head -1`` and ``2>&1 | head -1``: all files are written, and the exit code is the run's own."""
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (folder / "film.jpeg").write_bytes((FIXTURES / "person1_bacteria_1.jpeg").read_bytes())
    out, maps = tmp_path / "results.json", tmp_path / "maps"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [
                sys.executable, *([] if buffered else ["-u"]), "-m", "pneumo_desktop", "predict", str(folder), *data,
                "--out", str(out), "--heatmaps", str(maps),
            ],
            stdout=writer, stderr=writer if both else subprocess.PIPE, check=False, cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        )  # fmt: skip
    finally:
        os.close(writer)
    assert ended.returncode == 3, "a file could not be read"
    if not both:
        assert b"Broken pipe" not in ended.stderr and b"Traceback" not in ended.stderr
    named = {item["heatmap"] for item in json.loads(out.read_text("utf-8"))["results"]} - {None}
    assert named and named == {path.name for path in maps.iterdir()}


@POSIX_PIPES
@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_goes_keeps_no_report_back(tmp_path: Path, data: list[str], buffered: bool) -> None:
    for label, film in (("NORMAL", "IM-0131-0001.jpeg"), ("PNEUMONIA", "person1_bacteria_1.jpeg")):
        (tmp_path / "films" / label).mkdir(parents=True)
        (tmp_path / "films" / label / film).write_bytes((FIXTURES / film).read_bytes())
    out = tmp_path / "report.json"
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [
                sys.executable, *([] if buffered else ["-u"]), "-m", "pneumo_desktop", "evaluate", str(tmp_path / "films"),
                *data, "--out", str(out),
            ],
            stdout=writer, stderr=subprocess.PIPE, check=False, cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(out.read_text("utf-8"))["images"] == 2


@POSIX_PIPES
@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_goes_is_no_error_of_any_command(data: list[str], buffered: bool) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [sys.executable, *([] if buffered else ["-u"]), "-m", "pneumo_desktop", "models", "list", *data],
            stdout=writer, stderr=subprocess.PIPE, check=False, cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        )  # fmt: skip
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_results_are_written_although_the_heat_maps_cannot_be(
    tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out, maps = tmp_path / "results.json", tmp_path / "maps"
    maps.touch()
    film = FIXTURES / "IM-0131-0001.jpeg"
    assert main(["predict", str(film), "--out", str(out), "--heatmaps", str(maps), *data]) == 2
    (result,) = json.loads(out.read_text("utf-8"))["results"]
    assert result["heatmap"] is None
    told = capsys.readouterr()
    assert told.err.startswith(f"{maps} could not be read or written: ")
    assert film.name in told.out
    out.unlink()
    out.mkdir()
    assert main(["predict", str(film), "--out", str(out), *data]) == 2
    assert film.name in capsys.readouterr().out, "what was read is printed all the same"


def test_archives_media_and_duplicates_each_have_their_entry(tmp_path: Path, data: list[str]) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    film = (FIXTURES / "IM-0131-0001.jpeg").read_bytes()
    for name in ("one.jpg", "two.dcm", "three"):
        (folder / name).write_bytes(film)
    with zipfile.ZipFile(folder / "cd.zip", "w") as archive:
        archive.writestr("inner/four.jpg", film)
    out = tmp_path / "results.json"
    assert main(["predict", str(folder), str(folder / "one.jpg"), "--out", str(out), *data]) == 0
    results = json.loads(out.read_text("utf-8"))["results"]
    names = sorted(Path(item["file"]).name for item in results)
    assert names == ["four.jpg", "one.jpg", "three", "two.dcm"]
    assert len({(item["sha256"], item["score"]) for item in results}) == 1
    assert any(item["file"].endswith("cd.zip/inner/four.jpg") for item in results)


def test_another_model_file_is_used_without_being_installed(folder: Path, tmp_path: Path, data: list[str]) -> None:
    out = tmp_path / "results.json"
    assert main(["predict", str(folder), "--model", str(places.bundled_model()), "--out", str(out), *data]) == 0
    assert not list((tmp_path / "data" / "models").glob("*.pneumo"))
    assert {item["model_id"] for item in json.loads(out.read_text("utf-8"))["results"]} != {None}


def test_another_package_with_the_same_id_has_results_of_its_own(folder: Path, tmp_path: Path, data: list[str]) -> None:
    bundled = ModelPackage.open(places.bundled_model())
    steeper = replace(bundled.card.calibration, slope=bundled.card.calibration.slope * 2.0)
    other, out = tmp_path / "other.pneumo", tmp_path / "results.json"
    card = replace(bundled.card, calibration=steeper)
    write_package(other, card, bundled.network_bytes, bundled.arrays, bundled.reference)

    def read(*arguments: str) -> list[tuple[str, float | None, str]]:
        assert main(["predict", str(FIXTURES / "IM-0131-0001.jpeg"), *arguments, "--out", str(out), *data]) == 0
        results = json.loads(out.read_text("utf-8"))["results"]
        assert {item["model_id"] for item in results} == {bundled.card.model_id}
        return sorted((item["file"], item["score"], item["model_sha256"]) for item in results)

    first, its_own, again = read(), read("--model", str(other)), read()
    assert again == first
    assert {digest for _, _, digest in first} == {bundled.sha256}
    assert {digest for _, _, digest in its_own} == {ModelPackage.open(other).sha256}
    assert all(one[1] != two[1] for one, two in zip(first, its_own, strict=True))


def test_every_command_keeps_to_its_data_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """``--data-dir`` holds results, settings, models and logs: nothing is written beside it."""
    home = Path(os.environ["HOME"])
    labelled = tmp_path / "labelled"
    for label in ("NORMAL", "PNEUMONIA"):
        (labelled / label).mkdir(parents=True)
        for path in FIXTURES.glob("IM*" if label == "NORMAL" else "person*"):
            (labelled / label / path.name).write_bytes(path.read_bytes())
    for arguments in (["predict", str(folder)], ["self-test"], ["models", "list"], ["evaluate", str(labelled)]):
        chosen = tmp_path / arguments[0]
        assert main([*arguments, "--data-dir", str(chosen)]) == 0
        assert (chosen / "records.sqlite").is_file()
    assert [path for path in home.rglob("*") if "pneumo" in path.name] == []
