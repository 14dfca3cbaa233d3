"""``evaluate`` as the command line calls it."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop.evaluation.cases import Answer
from pneumo_desktop.evaluation.command import (
    Evaluation,
    EvaluationError,
    StoppedError,
    at_threshold,
    check_places,
    measure,
    reading_with,
)
from pneumo_desktop.evaluation.report import CASE_COLUMNS
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.reading.outcome import Judgement, Population, Reason

from .conftest import judgement
from .test_report import MIXED


def test_one_model(folder: Path, answers: Any, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    out, figures = tmp_path / "new" / "report.json", tmp_path / "figures"
    table = {**MIXED, "IM-0003": Reason.UNREADABLE}
    measured = measure(answers(table), folder, prevalence=0.2, on_progress=lambda n, of: seen.append((n, of)))
    written = measured.write(out, figures)
    assert seen == [(n, 6) for n in range(1, 7)]
    assert json.loads(out.read_text("utf-8")) == measured.report.as_json()
    assert out.with_suffix(".csv").is_file()
    numbers = (tmp_path / "new" / "report-numbers.csv").read_text("utf-8-sig").splitlines()
    assert numbers[0] == "model_id,number,value,low,high,method"
    assert any(line.startswith("model-a,sensitivity,0.") and line.endswith("_by_patient") for line in numbers)
    assert all(path.is_file() for path in written)
    assert written[:3] == [out, out.with_suffix(".csv"), tmp_path / "new" / "report-numbers.csv"]
    assert len(written) == 3 + 12
    assert measured.unreadable == 1
    assert measured.other is None
    assert measured.comparison is None
    assert "20.0 %" in measured.text


def test_two_models(folder: Path, answers: Any, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    measured = measure(answers(MIXED), folder, answers(MIXED, "model-b"))
    measured.write(out)
    data = json.loads(out.read_text("utf-8"))
    assert data == measured.as_json()
    assert data["compared"]["model_id"] == "model-b"
    assert data["comparison"]["mcnemar"]["p_exact"] == 1.0
    assert data["comparison"]["auc_difference"]["value"] == 0


def test_another_operating_point_needs_no_second_reading(folder: Path, answers: Any) -> None:
    measured = measure(answers(MIXED), folder, answers(MIXED, "model-b"))
    moved = at_threshold(measured, 0.0)
    counts = moved.report.counts
    assert (counts.fn, counts.tn) == (0, 0)
    assert counts.silent_positive + counts.silent_negative == sum(not case.judged for case in measured.report.cases)
    assert {case.judgement.operating_point.threshold for case in moved.report.cases if case.judged} == {0.0}
    assert [case.judgement.score for case in moved.report.cases] == [
        case.judgement.score for case in measured.report.cases
    ]
    assert moved.other is measured.other
    assert moved.comparison is not None
    assert moved.comparison.mcnemar != measured.comparison.mcnemar  # type: ignore[union-attr]


def test_nothing_to_evaluate_is_a_sentence(tmp_path: Path, answers: Any) -> None:
    with pytest.raises(EvaluationError, match="NORMAL"):
        measure(answers({}), tmp_path)
    with pytest.raises(EvaluationError, match="missing here"):
        measure(answers({}), tmp_path / "missing here")


def test_a_place_that_cannot_be_written_is_a_sentence(folder: Path, answers: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    out = tmp_path / "file" / "report.json"
    with pytest.raises(EvaluationError, match="there is a file where a folder is needed"):
        check_places(out, None, folder)
    with pytest.raises(EvaluationError, match="file where a folder"):
        check_places(None, tmp_path / "file", folder)
    with pytest.raises(EvaluationError, match="a folder where a file is needed"):
        check_places(tmp_path, None, folder)
    with pytest.raises(EvaluationError, match="file"):
        measure(answers(MIXED), folder).write(out)
    check_places(tmp_path / "new" / "report.json", tmp_path / "figures", folder)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "clinic"}, "a look leaves nothing behind"


@pytest.mark.parametrize("name", ["labels.csv", "labels-numbers.csv"])
def test_no_table_of_the_users_is_written_over(name: str, folder: Path, answers: Any, tmp_path: Path) -> None:
    measured = measure(answers(MIXED), folder)
    table, out = tmp_path / name, tmp_path / "labels.json"
    table.write_text("file,label,age\na.png,normal,7\n", encoding="utf-8")
    for refused in (lambda: check_places(out, None, folder), lambda: measured.write(out)):
        with pytest.raises(EvaluationError, match=f"{name} is no table of an evaluation.* Choose another name"):
            refused()
    assert table.read_text("utf-8").endswith("normal,7\n")
    assert not out.exists()
    for suffix in (".csv", ".txt", ".zip", ""):
        with pytest.raises(EvaluationError, match=r"must end in \.json"):
            check_places(table.with_suffix(suffix), None, folder)


def test_an_earlier_report_is_written_over_but_not_the_labels_just_read(
    folder: Path, answers: Any, tmp_path: Path
) -> None:
    measured = measure(answers(MIXED), folder)
    out = tmp_path / "report.json"
    measured.write(out)
    check_places(out, None, folder)
    assert len(measured.write(out)) == 3
    (tmp_path / "report-numbers.csv").write_bytes(b"")  # what a full disk left of one
    check_places(out, None, folder)
    for labels in (out.with_suffix(".csv"), out):
        with pytest.raises(EvaluationError, match=f"{labels.name} is the table of labels itself"):
            check_places(out, None, labels)


@pytest.mark.parametrize("named", [True, False], ids=["named", "found in its folder"])
def test_an_earlier_report_that_gave_the_labels_is_not_written_over(
    named: bool, folder: Path, answers: Any, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    films = sorted(folder.rglob("*.png"))
    for film in films:
        shutil.copyfile(film, copies / film.name)
    table = copies / "report.csv"  # its header is an evaluation's, and its rows were looked through by hand
    rows = [f"{film.name},{film.parent.name}{',' * (len(CASE_COLUMNS) - 2)}" for film in films]
    table.write_text("\n".join([",".join(CASE_COLUMNS), *rows]), "utf-8")
    before = table.read_bytes()
    read_one = answers(MIXED)
    measured = measure(read_one, table if named else copies, read_one)
    for one in (measured, at_threshold(measured, 0.3)):
        with pytest.raises(EvaluationError, match=r"report\.csv is the table of labels itself"):
            one.write(copies / "report.json")
    assert table.read_bytes() == before
    assert not (copies / "report.json").exists()
    measured.write(copies / "other.json")


@pytest.mark.parametrize("full", [1, 2, 3, 4, 5])
def test_a_full_disk_leaves_every_file_of_the_earlier_evaluation_and_is_told_by_its_name(
    full: int, folder: Path, answers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = measure(answers(MIXED), folder)
    later = measure(answers({**MIXED, "IM-0001": 0.9}, "model-b"), folder)
    out, figures = tmp_path / "out" / "report.json", tmp_path / "out" / "figures"
    names = [path.name for path in measured.write(out, figures)]
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    calls: list[int] = []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == full:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("pneumo_desktop.whole_file.os.fsync", fsync)
    with pytest.raises(EvaluationError, match=f"{names[full - 1]}: the disk is full"):
        later.write(out, figures)
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_a_name_that_is_no_unicode_is_written_with_a_question_mark(folder: Path, answers: Any, tmp_path: Path) -> None:
    measured = measure(answers(MIXED), folder)
    cases = [replace(case, name="NORMAL/ni\udcf1o.jpeg") for case in measured.report.cases]
    report = replace(measured.report, cases=tuple(cases))
    out = tmp_path / "report.json"
    Evaluation(report).write(out)
    assert json.loads(out.read_text("utf-8"))["results"][0]["file"] == "NORMAL/ni?o.jpeg"
    assert "NORMAL/ni?o.jpeg" in out.with_suffix(".csv").read_text("utf-8-sig")


def test_a_file_that_a_table_names_twice_is_measured_once(folder: Path, answers: Any) -> None:
    rows = [
        "NORMAL/IM-0001-0001.png,normal", "NORMAL/IM-0002-0001.png,normal", "PNEUMONIA/person1_virus_3.png,1",
        "PNEUMONIA/../PNEUMONIA/person1_virus_3.png,pneumonia",  # one box more in it, as in tables of findings
        "PNEUMONIA/person1_bacteria_1.png,normal", "PNEUMONIA/person1_bacteria_1.png,pneumonia",
    ]  # fmt: skip
    table = folder / "labels.csv"
    table.write_text("file,label\n" + "\n".join(rows), encoding="utf-8")
    seen: list[tuple[int, int]] = []
    measured = measure(answers(MIXED), table, answers(MIXED, "model-b"), on_progress=lambda n, of: seen.append((n, of)))
    assert [case.name for case in measured.report.cases] == [rows[place].partition(",")[0] for place in range(3)]
    assert measured.report.left_out == (
        ("PNEUMONIA/../PNEUMONIA/person1_virus_3.png", "repeated"),
        ("PNEUMONIA/person1_bacteria_1.png", "both_labels"), ("PNEUMONIA/person1_bacteria_1.png", "both_labels"),
    )  # fmt: skip
    assert seen[-1] == (6, 6)
    assert measured.comparison is not None
    assert (measured.comparison.mcnemar.only_new, measured.comparison.mcnemar.only_old) == (0, 0)
    assert "1 file was left out." in measured.text, "one has both labels; the one in two rows was read"


def test_a_file_in_two_parts_of_a_table_is_measured_in_the_chosen_one(folder: Path, answers: Any) -> None:
    rows = ["NORMAL/IM-0001-0001.png,normal,train", "PNEUMONIA/person1_virus_3.png,1,train"]
    rows += [row.replace("train", "test") for row in rows]
    table = folder / "labels.csv"
    table.write_text("file,label,part\n" + "\n".join(rows), encoding="utf-8")
    for part in (None, "train", "test"):
        report = measure(answers(MIXED), table, part=part).report
        assert (report.part, len(report.cases)) == (part or "test", 2)
        assert [code for _, code in report.left_out] == ["repeated", "repeated"]


def test_a_patient_that_a_table_tells_goes_before_the_number_in_the_file(folder: Path) -> None:
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.glob("*/*.png"))]
    table = folder / "labels.csv"
    rows = [f"{name},{name.partition('/')[0]},{'' if place == 5 else place // 2}" for place, name in enumerate(names)]
    table.write_text("file,label,patient\n" + "\n".join(rows), encoding="utf-8")
    removed = measure(lambda _entry: Answer(judgement(0.7), "ANON"), table).report
    assert [case.patient for case in removed.cases] == ["0", "0", "1", "1", "2", "ANON"]


def test_what_was_read_when_it_was_stopped_is_measured_and_the_rest_named(
    folder: Path, answers: Any, tmp_path: Path
) -> None:
    done: list[int] = []
    measured = measure(
        answers(MIXED), folder, answers(MIXED, "model-b"), on_progress=lambda n, _of: done.append(n),
        stopped=lambda: len(done) >= 2,
    )  # fmt: skip
    assert measured.report.counts.total == 2
    assert measured.other is None
    assert [code for _, code in measured.report.left_out].count("not_read") == 4
    assert len(measured.write(tmp_path / "report.json", tmp_path / "figures")) == 15
    with pytest.raises(StoppedError, match="before the first image"):
        measure(answers(MIXED), folder, stopped=lambda: True)


@dataclass(frozen=True)
class FakeReading:
    judgement: Judgement


class FakeReader:
    def read(self, radiograph: Radiograph, population: Population) -> FakeReading:
        assert population is Population.CHILDREN
        return FakeReading(judgement(float(radiograph.pixels.mean() / 255)))

    def unreadable(self, problem: UnreadableImageError, population: Population) -> Judgement:
        assert problem.code
        return judgement(None, Reason.UNREADABLE)


def test_a_reader_over_real_files(folder: Path) -> None:
    broken = folder / "NORMAL" / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    read_one = reading_with(FakeReader(), Population.CHILDREN)
    measured = measure(read_one, folder)
    assert measured.unreadable == 1
    assert measured.report.counts.total == 7
    good = read_one(Entry(folder / "NORMAL" / "IM-0001-0001.png"))
    assert good.patient is None
    assert good.judgement.score == pytest.approx(0.5, abs=0.05)
