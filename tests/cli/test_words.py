"""What the command line says: in the program's language, with names, and never nothing."""

from __future__ import annotations

import argparse
import ast
import errno
import inspect
import json
import signal
import zipfile
from pathlib import Path

import cv2
import pytest

from pneumo_desktop.cli import main
from pneumo_desktop.cli.arguments import ARGPARSE_WORDS
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.radiograph import Entry, Radiograph
from pneumo_desktop.words import set_language, tr

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


@pytest.fixture
def data(tmp_path: Path) -> list[str]:
    return ["--data-dir", str(tmp_path / "data"), "--language", "en"]


def ended(words: list[str]) -> int:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert isinstance(end.value.code, int)
    return end.value.code


def test_help_speaks_spanish_throughout(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ((), ("predict",), ("train",), ("evaluate",), ("models",), ("models", "list")):
        assert ended([*command, "--help", "--language", "es"]) == 0
        told = capsys.readouterr().out
        assert told.startswith("uso: ")
        for english in (
            "usage",
            "positional",
            "options",
            "show this",
            "exit",
            "program's version",
            "FILE",
            "DIR",
            "FOLDER",
            "SHARE",
            "COMMAND",
            "ACTION",
            "model_id",
            " images",
            "None",
        ):
            assert english not in told


@pytest.mark.parametrize(
    ("words", "spanish"),
    [
        (["predict"], "faltan estos argumentos: IMAGEN"),
        (["predict", "x", "--population", "cats"], "opci\u00f3n no v\u00e1lida: 'cats' (elija entre"),
        (["predict", "x", "--out"], "se esperaba un argumento"),
        (["predict", "x", "--nonsense"], "argumentos desconocidos: --nonsense"),
        (["train", "x", "--out", "a.pneumo", "--epochs", "many"], "many no es un n\u00famero entero."),
        (["evaluate", "x", "--prevalence", "10"], "10 no es una proporci\u00f3n"),
    ],
)
def test_a_wrong_word_is_told_in_spanish(words: list[str], spanish: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended([*words, "--language", "es"]) == 2
    told = capsys.readouterr().err
    assert spanish in told
    assert "error:" in told


def test_argparse_still_says_what_is_translated() -> None:
    """Another Python could change its words: then they would be English again, silently."""
    said = {node.value for node in ast.walk(ast.parse(inspect.getsource(argparse))) if isinstance(node, ast.Constant)}
    assert set(ARGPARSE_WORDS) <= said
    set_language("es")
    assert all(tr(words) != words for words in ARGPARSE_WORDS)


def test_left_out_files_are_named(tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "films", tmp_path / "results.json"
    folder.mkdir()
    assert cv2.imwrite(str(folder / "chest.png"), chest(1, False))
    for number in range(13):
        (folder / f"notes-{number:02d}.txt").write_text("no image")
    assert main(["predict", str(folder), "--out", str(out), *data]) == 0
    told = capsys.readouterr().err
    assert str(folder / "notes-00.txt") in told
    assert "and 3 more" in told
    left_out = json.loads(out.read_text("utf-8"))["left_out"]
    assert [Path(item["file"]).name for item in left_out] == [f"notes-{number:02d}.txt" for number in range(13)]
    assert {item["reason"] for item in left_out} == {"not_an_image"}


def test_a_folder_without_images_is_not_silent(
    tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    empty, out = tmp_path / "empty", tmp_path / "results.json"
    empty.mkdir()
    assert main(["predict", str(empty), "--out", str(out), *data]) == 0
    assert f"No images were found in {empty}." in capsys.readouterr().err
    assert json.loads(out.read_text("utf-8")) == {"results": [], "left_out": []}


def test_a_heat_map_is_named_in_the_results_and_after_the_image_inside_an_archive(
    tmp_path: Path, data: list[str]
) -> None:
    films, maps, out = tmp_path / "films.zip", tmp_path / "maps", tmp_path / "results.json"
    with zipfile.ZipFile(films, "w") as archive:
        for number, film in enumerate(sorted(FIXTURES.glob("*.jpeg"))):
            archive.writestr(f"ward {number}/Ni\u00f1o: t\u00f3rax?{number}.jpeg", film.read_bytes())
    assert main(["predict", str(films), "--out", str(out), "--heatmaps", str(maps), *data]) == 0
    results = json.loads(out.read_text("utf-8"))["results"]
    scored = {item["file"]: item["heatmap"] for item in results if item["score"] is not None}
    assert scored
    assert {path.name for path in maps.iterdir()} == set(scored.values())
    for file, name in scored.items():
        assert name.endswith(f"-Ni\u00f1o_ t\u00f3rax_{file[-6]}.png")
    assert main(["predict", str(films), "--out", str(out), *data]) == 0
    assert {item["heatmap"] for item in json.loads(out.read_text("utf-8"))["results"]} == {None}


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Three normals and three pneumonias in folders of their names."""
    for label, pneumonia in (("NORMAL", False), ("PNEUMONIA", True)):
        (tmp_path / "films" / label).mkdir(parents=True)
        for seed in range(3):
            name = str(tmp_path / "films" / label / f"{seed}.png")
            assert cv2.imwrite(name, chest(10 * pneumonia + seed, pneumonia))
    return tmp_path / "films"


def test_predictive_values_at_the_prevalence_that_is_told(
    films: Path, tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out, figures = tmp_path / "report.json", tmp_path / "figures"
    typed = ["evaluate", str(films), "--prevalence", "0,1", "--out", str(out), "--figures", str(figures), *data]
    assert main(typed) == 0
    told = capsys.readouterr().out
    assert "at a prevalence of 10.0 %" in told
    for path in (out, tmp_path / "report.csv", tmp_path / "report-numbers.csv", figures):
        assert f"Written: {path}\n" in told
    assert json.loads(out.read_text("utf-8"))["prevalence"] == 0.1


def test_figures_that_cannot_be_written_are_told_all_the_same(
    films: Path, tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pneumo_desktop.whole_file.os.fsync", full)
    out = tmp_path / "report.json"
    assert main(["evaluate", str(films), "--out", str(out), *data]) == 2
    told = capsys.readouterr()
    assert "3 pneumonia, 3 normal" in told.out
    assert f"{out}: the disk is full" in told.err
    assert not out.exists()


def test_a_report_that_has_no_place_is_told_before_an_image_is_read(
    films: Path, tmp_path: Path, data: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumo_desktop.evaluation.command.load", lambda entry: pytest.fail(f"{entry} was read"))
    (tmp_path / "labels.csv").write_text("file,label\n", "utf-8")
    for place in (["--out", str(tmp_path / "labels.json")], ["--figures", str(tmp_path / "labels.csv")]):
        assert main(["evaluate", str(films), *place, *data]) == 2
        told = capsys.readouterr()
        assert "labels.csv" in told.err
        assert told.out == ""


def test_ctrl_c_ends_an_evaluation_with_the_figures_of_what_was_read(
    films: Path, data: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGINT)
    read: list[str] = []

    def interrupted(entry: Entry) -> Radiograph:
        read.append(entry.path.name)
        if len(read) == 2:
            signal.raise_signal(signal.SIGINT)
        return load(entry)

    monkeypatch.setattr("pneumo_desktop.evaluation.command.load", interrupted)
    assert main(["evaluate", str(films), *data]) == 3
    told = capsys.readouterr()
    assert "2 images" in told.out
    assert "4 files were left out." in told.out
    assert told.err == "Stopped: only what was read by then was measured.\n"
    assert signal.getsignal(signal.SIGINT) == before
