"""The headline rules, the report's files, and the comparison of two reports."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop.evaluation.command import Evaluation
from pneumo_desktop.evaluation.compare import Verdict
from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA
from pneumo_desktop.evaluation.metrics import Counts
from pneumo_desktop.evaluation.report import compare_reports, evaluate_folder, make_report
from pneumo_desktop.evaluation.summary import caveats, comparison_sentence, report_lines
from pneumo_desktop.reading.outcome import Reason

from .conftest import picture

MIXED: dict[str, Any] = {
    "IM-0001": 0.1,
    "IM-0002": 0.55,  # uncertain, and on the wrong side
    "IM-0003": Reason.NOT_CHEST_FRONTAL,
    "person1_bacteria_1": 0.9,
    "person1_bacteria_2": 0.45,  # uncertain, and on the wrong side
    "person1_virus_3": Reason.OUTSIDE_POPULATION,  # withheld, with a score of 0.9
}


def test_refused_and_withheld_count_as_wrong_and_uncertain_by_its_score(folder: Path, answers: Any) -> None:
    report = evaluate_folder(folder, answers(MIXED), repeats=50)
    assert report.counts == Counts(tp=1, fp=1, fn=1, tn=1, silent_positive=1, silent_negative=1)
    assert report.numbers["accuracy"].value == pytest.approx(2 / 6)
    assert report.numbers["sensitivity"].value == pytest.approx(1 / 3)
    assert report.numbers["auc"].value == pytest.approx(0.75)  # 0.9 and 0.45 against 0.1 and 0.55
    assert report.numbers["auc_all"].value == pytest.approx(3 / 9)
    assert report.numbers["auc_raw"].value == pytest.approx(5 / 6)
    assert (report.band.inside, report.band.outside) == (2, 2)
    assert report.band.error_outside == 0
    assert report.band.error_inside == 1
    assert report.numbers["uncertain_share"].value == pytest.approx(0.5)
    outside = report.numbers["error_outside_band"]
    assert (outside.value, outside.method) == (0, "wilson_by_patient")  # two of two patients right prove little
    assert outside.high == pytest.approx(0.6576, abs=1e-3)
    assert report.not_analysed == {"not_chest_frontal": 1, "outside_population": 1}
    assert report.patients == 5
    assert report.prevalence == pytest.approx(0.5)


def test_cells_and_errors(folder: Path, answers: Any) -> None:
    table = {**MIXED, "person1_bacteria_2": 0.01}
    report = evaluate_folder(folder, answers(table), repeats=20)
    assert [case.name for case in report.cell(PNEUMONIA, False)] == ["PNEUMONIA/person1_bacteria_2.png"]
    assert [case.name for case in report.cell(NORMAL, None)] == ["NORMAL/NORMAL2-IM-0003-0001.png"]
    assert [case.name.rsplit("/", 1)[1] for case in report.errors()] == [
        "person1_bacteria_2.png",
        "IM-0002-0001.png",
        "NORMAL2-IM-0003-0001.png",
        "person1_virus_3.png",
    ]


def test_a_perfect_score_does_not_pretend_certainty(folder: Path, answers: Any) -> None:
    report = evaluate_folder(folder, answers({"NORMAL/": 0.1, "PNEUMONIA": 0.9}), repeats=50)
    sensitivity = report.numbers["sensitivity"]
    assert sensitivity.value == 1
    assert sensitivity.high == 1
    assert sensitivity.method == "wilson_by_patient"
    ppv = report.predictive_values(0.5)[0]
    assert ppv.value == ppv.high == 1
    assert ppv.low < 0.7
    assert sensitivity.low == pytest.approx(0.3424, abs=1e-3)  # two of two patients, not three of three images


def test_the_band_has_intervals_by_patient(folder: Path, answers: Any) -> None:
    report = evaluate_folder(folder, answers({**MIXED, "person1_bacteria_2": 0.01}), repeats=300)
    share, outside = report.numbers["uncertain_share"], report.numbers["error_outside_band"]
    assert share.value == pytest.approx(1 / 4)
    assert outside.value == pytest.approx(1 / 3)
    assert 0 <= share.low < share.value < share.high <= 1
    assert 0 <= outside.low < outside.value < outside.high <= 1
    assert report.as_json()["metrics"]["error_outside_band"]["method"] == "bootstrap_by_patient"
    assert any("Wrong outside the uncertain band" in line for line in report_lines(report))


def test_predictive_values_follow_the_prevalence(folder: Path, answers: Any) -> None:
    report = evaluate_folder(folder, answers(MIXED), prevalence=0.1, repeats=200)
    ppv, npv = report.predictive_values(0.1)
    assert ppv.value == pytest.approx(0.1)
    assert npv.value == pytest.approx(0.9)
    assert report.predictive_values(0.5)[0].value == pytest.approx(0.5)
    assert ppv.low <= ppv.value <= ppv.high
    assert report.as_json()["metrics"]["ppv"]["value"] == pytest.approx(0.1)


def test_the_json_is_strict_and_complete(folder: Path, answers: Any, tmp_path: Path) -> None:
    report = evaluate_folder(folder, answers(MIXED), repeats=20)
    out = tmp_path / "report.json"
    Evaluation(report).write(out)
    data = json.loads(out.read_text("utf-8"), parse_constant=lambda name: pytest.fail(name))
    assert data["schema"] == "pneumo-desktop evaluation 1"
    assert data["model_id"] == "model-a"
    assert data["images"] == 6
    assert data["confusion"]["pneumonia_not_analysed"] == 1
    assert {row["file"]: row["outcome"] for row in data["results"]}["NORMAL/IM-0001-0001.png"] == "likely_normal"
    assert all(row["app_version"] == "0.1.0" and row["preprocessing_version"] == 1 for row in data["results"])
    assert data["left_out"][0]["file"] == "leeme.txt"
    assert report.as_json() == evaluate_folder(folder, answers(MIXED), repeats=20).as_json()


def test_the_csv_holds_no_formula(tmp_path: Path, answers: Any) -> None:
    picture(tmp_path / "set" / "=NORMAL" / "=1+1.png")
    picture(tmp_path / "set" / "PNEUMONIA" / "b.png", 1)
    report = evaluate_folder(tmp_path / "set", answers({"=1": 0.25, "b.png": 0.75}), repeats=20)
    written = report.as_csv(separator=";", decimal=",").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(written, newline=""), delimiter=";"))
    assert [row["file"] for row in rows] == ["'=NORMAL/=1+1.png", "PNEUMONIA/b.png"]
    assert [row["score"] for row in rows] == ["0,25", "0,75"]
    assert rows[0]["right"] == "true"
    assert rows[0]["reason"] == ""


def test_the_test_part_is_read_where_there_are_parts(tmp_path: Path, answers: Any) -> None:
    for seed, name in enumerate(("train/NORMAL/a", "train/PNEUMONIA/b", "test/NORMAL/c", "test/PNEUMONIA/d")):
        picture(tmp_path / f"{name}.png", seed)
    read_one = answers({"NORMAL": 0.2, "PNEUMONIA": 0.8})
    report = evaluate_folder(tmp_path, read_one, repeats=10)
    assert report.part == "test"
    assert report.counts.total == 2
    assert evaluate_folder(tmp_path, read_one, part="train", repeats=10).cases[0].name == "train/NORMAL/a.png"


def test_one_class_only_gives_numbers_that_do_not_exist(tmp_path: Path, answers: Any) -> None:
    picture(tmp_path / "NORMAL" / "a.png")
    report = evaluate_folder(tmp_path, answers({"a.png": 0.2}), repeats=10)
    assert math.isnan(report.numbers["auc"].value)
    assert report.as_json()["metrics"]["auc"]["value"] is None
    assert any("–" in line for line in report_lines(report))
    assert make_report([]).counts.total == 0


def test_stopping_keeps_what_was_read(folder: Path, answers: Any) -> None:
    done: list[int] = []
    report = evaluate_folder(
        folder, answers(MIXED), on_progress=done.append, stopped=lambda: len(done) >= 2, repeats=10
    )
    assert done == [1, 2]
    assert report.counts.total == 2


def test_two_models_on_the_same_images(tmp_path: Path, answers: Any) -> None:
    for number in range(40):
        picture(tmp_path / ("NORMAL" if number % 2 else "PNEUMONIA") / f"{number:02d}.png", number)
    good = evaluate_folder(tmp_path, answers({"NORMAL": 0.1, "PNEUMONIA": 0.9}, "new"), repeats=20)
    bad = evaluate_folder(tmp_path, answers({"NORMAL": 0.7, "PNEUMONIA": 0.7}, "old"), repeats=20)
    comparison = compare_reports(good, bad, repeats=100)
    assert comparison.verdict is Verdict.BETTER
    assert comparison.difference == pytest.approx(0.5)
    assert (comparison.mcnemar.only_new, comparison.mcnemar.only_old) == (20, 0)
    assert compare_reports(bad, good, repeats=100).verdict is Verdict.WORSE
    assert "+0.500" in comparison_sentence(comparison)
    neither = compare_reports(bad, bad, repeats=100)
    assert comparison_sentence(neither).startswith("Neither model is of use on these images. ")
    assert comparison_sentence(neither, ("a", "b")).startswith("Neither a nor b is of use on these images. ")


def test_the_summary_names_what_counts_as_wrong(folder: Path, answers: Any) -> None:
    text = "\n".join(report_lines(evaluate_folder(folder, answers(MIXED), repeats=20)))
    assert "model-a" in text
    assert "0.333" in text
    assert "model-a gave 2 of 6 images no verdict; they count as wrong." in text
    assert "model-a cannot be told from guessing on these images." in text
    assert "Called pneumonia: 1 right, 1 wrong. Called normal: 1 right, 1 wrong." in text


def test_one_patient_gives_no_interval_and_is_said(tmp_path: Path, answers: Any) -> None:
    for number in range(6):
        picture(tmp_path / ("NORMAL" if number % 2 else "PNEUMONIA") / f"00000061_00{number}.png", number)
    told = "All images of one class bear the same patient number"
    table = {"_001": 0.1, "_003": 0.2, "_005": 0.7, "_000": 0.9, "_002": 0.8, "_004": 0.15}
    report = evaluate_folder(tmp_path, answers(table), repeats=20)
    lines = report_lines(report)
    assert report.patients == 1
    assert report.numbers["accuracy"].value == pytest.approx(4 / 6)
    assert any(line.endswith("  0.667") for line in lines)
    assert not any(" to " in line for line in lines)
    assert any(line.startswith(told) for line in lines)
    data = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert data["metrics"]["accuracy"]["low"] is None

    picture(tmp_path / "NORMAL" / "00000062_000.png")
    assert any(
        line.startswith(told) for line in caveats(evaluate_folder(tmp_path, answers({"/": 0.5}), repeats=2), "a")
    )
    picture(tmp_path / "PNEUMONIA" / "00000063_000.png")
    assert not any(
        line.startswith(told) for line in caveats(evaluate_folder(tmp_path, answers({"/": 0.5}), repeats=2), "a")
    )


def test_a_perfect_model_s_predictive_values_keep_wilsons_end(tmp_path: Path, answers: Any) -> None:
    for number in range(20):
        picture(tmp_path / ("NORMAL" if number % 2 else "PNEUMONIA") / f"{number:02d}.png", number)
    report = evaluate_folder(tmp_path, answers({"NORMAL": 0.1, "PNEUMONIA": 0.9}), repeats=20)
    assert math.isnan(report.numbers["auc"].low)
    for metric in report.predictive_values(0.5):
        assert metric.value == 1.0
        assert metric.low == pytest.approx(1 / (1 + 0.2775), abs=1e-3)


def test_a_comparison_without_an_auc_shows_dashes(tmp_path: Path, answers: Any) -> None:
    picture(tmp_path / "NORMAL" / "a.png")
    report = evaluate_folder(tmp_path, answers({"a.png": 0.2}), repeats=10)
    words = comparison_sentence(compare_reports(report, report, repeats=10))
    assert "Difference in AUC \u2013 (95 % interval \u2013 to \u2013)" in words


def test_images_without_a_verdict_and_a_guess_are_said_before_the_figures(folder: Path, answers: Any) -> None:
    report = evaluate_folder(folder, answers(MIXED), repeats=50)
    assert caveats(report, "model-a") == [
        "model-a gave 2 of 6 images no verdict; they count as wrong.",
        "model-a cannot be told from guessing on these images.",
    ]
    good = evaluate_folder(folder, answers({"NORMAL": 0.1, "PNEUMONIA": 0.9}), repeats=50)
    assert caveats(good, "model-b") == []
    swapped = evaluate_folder(folder, answers({"NORMAL": 0.9, "PNEUMONIA": 0.1}), repeats=50)
    assert caveats(swapped, "model-d") == [
        "model-d puts these images in the wrong order: are the folders of the two classes swapped?"
    ]
    silent = evaluate_folder(folder, answers({"/": Reason.NOT_CHEST_FRONTAL}), repeats=50)
    assert caveats(silent, "model-c") == ["model-c gave 6 of 6 images no verdict; they count as wrong."]
