"""``evaluate`` as the command line calls it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pneumo_desktop.evaluation.command import EvaluationError, at_threshold, evaluate, measure, reading_with
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.reading.outcome import Judgement, Population, Reason

from .conftest import judgement
from .test_report import MIXED


def test_one_model(folder: Path, answers: Any, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    out, figures = tmp_path / "new" / "report.json", tmp_path / "figures"
    table = {**MIXED, "IM-0003": Reason.UNREADABLE}
    result = evaluate(
        answers(table), folder, out, figures, prevalence=0.2, on_progress=lambda n, of: seen.append((n, of))
    )
    assert seen == [(n, 6) for n in range(1, 7)]
    assert json.loads(out.read_text("utf-8")) == result["report"]
    assert out.with_suffix(".csv").is_file()
    numbers = (tmp_path / "new" / "report-numbers.csv").read_text("utf-8-sig").splitlines()
    assert numbers[0] == "model_id,number,value,low,high,method"
    assert any(line.startswith("model-a,sensitivity,0.") and line.endswith("_by_patient") for line in numbers)
    assert all(Path(path).is_file() for path in result["figures"])
    assert len(result["figures"]) == 12
    assert result["unreadable"] == 1
    assert result["compared"] is None
    assert result["comparison"] is None
    assert "20.0 %" in result["text"]


def test_two_models(folder: Path, answers: Any, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    result = evaluate(answers(MIXED), folder, out, compare=answers(MIXED, "model-b"))
    data = json.loads(out.read_text("utf-8"))
    assert data["comparison"] == result["comparison"]
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
        evaluate(answers({}), tmp_path)
    with pytest.raises(EvaluationError, match="missing here"):
        evaluate(answers({}), tmp_path / "missing here")


def test_a_place_that_cannot_be_written_is_a_sentence(folder: Path, answers: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(EvaluationError, match="file"):
        evaluate(answers(MIXED), folder, tmp_path / "file" / "report.json")


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
    result = evaluate(read_one, folder)
    assert result["unreadable"] == 1
    assert result["report"]["images"] == 7
    good = read_one(Entry(folder / "NORMAL" / "IM-0001-0001.png"))
    assert good.patient is None
    assert good.judgement.score == pytest.approx(0.5, abs=0.05)
