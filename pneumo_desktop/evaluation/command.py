"""``pneumo-desktop evaluate``: what the command line and the window both call.

::

    from pneumo_desktop.evaluation.command import check_places, measure, reading_with, EvaluationError

    check_places(out, figures, folder)                        # before anything is read
    read_one = reading_with(reader, Population.NOT_KNOWN)     # a reading.reader.Reader
    measured = measure(read_one, folder, compare=other_read_one)
    print(measured.text)
    measured.write(out=Path("report.json"), figures=Path("figures"))

Each raises ``EvaluationError`` (its text is a sentence for the user) when there is nothing to evaluate or a file cannot
be written. What was measured is there to be shown before it is written.
"""

from __future__ import annotations

import errno
import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from pneumo_desktop.evaluation.cases import Answer, ReadOne
from pneumo_desktop.evaluation.compare import Comparison
from pneumo_desktop.evaluation.labelled import LabelledFolder, LabelsError, find
from pneumo_desktop.evaluation.metrics import finite
from pneumo_desktop.evaluation.report import (
    CASE_COLUMNS,
    NUMBER_COLUMNS,
    Report,
    chosen_part,
    compare_reports,
    evaluate_folder,
    make_report,
    numbers_as_csv,
)
from pneumo_desktop.evaluation.summary import comparison_sentence, labels_sentence, report_lines
from pneumo_desktop.evaluation.thresholds import point_at
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population, Reason
from pneumo_desktop.whole_file import write_together
from pneumo_desktop.words import tr
from pneumo_desktop.words.system_errors import system_words


class EvaluationError(Exception):
    """Nothing could be evaluated; the text is a sentence for the user."""


class StoppedError(EvaluationError):
    """It was stopped before the first image was read."""


class _Reading(Protocol):
    @property
    def judgement(self) -> Judgement: ...


class _Reader(Protocol):
    def read(self, radiograph: Radiograph, population: Population) -> _Reading: ...

    def unreadable(self, problem: UnreadableImageError, population: Population) -> Judgement: ...


def reading_with(reader: _Reader, population: Population) -> ReadOne:
    """Return a ``ReadOne`` over a ``reading.reader.Reader``; a DICOM patient number groups its images."""

    def read_one(entry: Entry) -> Answer:
        try:
            radiograph = load(entry)
        except UnreadableImageError as error:
            return Answer(reader.unreadable(error, population))
        judgement = reader.read(radiograph, population).judgement
        return Answer(judgement, radiograph.tags.get("PatientID") or None)

    return read_one


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One model on a labelled folder, and perhaps a second one on the same images.

    ``other`` and ``comparison`` are None where no second model was asked for; the comparison calls ``report``'s model
    the new one. ``labels``: the folder, archive or table that was evaluated.
    """

    report: Report
    other: Report | None = None
    comparison: Comparison | None = None
    labels: Path | None = None

    @property
    def text(self) -> str:
        """The evaluation in words."""
        lines = report_lines(self.report)
        if self.other is not None and self.comparison is not None:
            lines += ["", *report_lines(self.other), "", comparison_sentence(self.comparison)]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Return what a JSON file holds: the report alone, or both reports and their comparison."""
        if self.other is None:
            return self.report.as_json()
        return {
            "report": self.report.as_json(),
            "compared": self.other.as_json(),
            "comparison": comparison_json(self.comparison) if self.comparison else None,
        }

    @property
    def unreadable(self) -> int:
        """How many images the first model could not read."""
        return self.report.not_analysed.get(Reason.UNREADABLE.value, 0)

    def write(self, out: Path | None = None, figures: Path | None = None) -> list[Path]:
        """Write the numbers and the figures (into a folder); return their paths. All are whole files, or none is new.

        Beside the JSON lie two tables: ``NAME.csv`` with a row an image (of the first model), and ``NAME-numbers.csv``
        with a row a number and model. Raises EvaluationError where something cannot be written, or would take the place of
        what is no report (``check_places``).
        """
        files: dict[Path, bytes] = {}
        if out is not None:
            _check_report(out, self.labels)
            cases, numbers = _tables(out)
            text = json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n"
            files[out] = text.encode("utf-8", "replace")
            files[cases] = self.report.as_csv()
            files[numbers] = numbers_as_csv([self.report, *([self.other] if self.other else [])])
        if figures is not None:
            # matplotlib is imported only when figures are asked for
            from pneumo_desktop.evaluation.figures import all_drawn

            files |= {figures / name: data for name, data in all_drawn(self.report, self.other).items()}
        place = out or figures
        if place is not None:
            with _told(place):
                for folder in dict.fromkeys(path.parent for path in files):
                    folder.mkdir(parents=True, exist_ok=True)
                write_together(files)
        return list(files)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn an OSError into an EvaluationError about its file, or about ``path`` where it names none."""
    try:
        yield
    except OSError as error:
        raise EvaluationError(
            tr("The evaluation could not be written to {path}: {reason}. Choose another place.").format(
                path=error.filename or path, reason=system_words(error)
            )
        ) from error


def _tables(out: Path) -> tuple[Path, Path]:
    """Return the tables beside a report: a row an image, and a row a number."""
    return out.with_suffix(".csv"), out.with_name(f"{out.stem}-numbers.csv")


def check_places(out: Path | None, figures: Path | None, labels: Path) -> None:
    """Raise EvaluationError where ``Evaluation.write`` could not write, or would take the place of what is no report.

    ``labels`` is what will be evaluated: its table is never written over. Nothing is left behind.
    """
    if out is not None:
        _check_report(out, labels)
    for folder in (out.parent if out is not None else None, figures):
        if folder is not None:
            with _told(folder):
                _try_to_write(folder)


def _check_report(out: Path, labels: Path | None) -> None:
    """Raise EvaluationError where ``out`` cannot be a report, or would replace ``labels`` or a table that is no evaluation's."""
    if out.is_dir():
        with _told(out):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(out))
    if out.suffix.lower() != ".json":
        text = tr("{name} must end in .json; the tables are written beside it.")
        raise EvaluationError(text.format(name=out.name))
    for path, columns in zip(_tables(out), (CASE_COLUMNS, NUMBER_COLUMNS), strict=True):
        with _told(path):
            others = path.exists() and not _begins_with(path, columns)
        if others:
            text = tr(
                "{path} is no table of an evaluation, and would be replaced: tables are written beside {name}. "
                "Choose another name for the report, or move that file."
            )
            raise EvaluationError(text.format(path=path, name=out.name))

    for path in (out, *_tables(out)):
        with _told(path):
            its_own = labels is not None and path.exists() and labels.exists() and path.samefile(labels)
        if its_own:
            text = tr(
                "{path} is the table of labels itself, and would be replaced. Choose another name for the report."
            )
            raise EvaluationError(text.format(path=path))


def _begins_with(path: Path, columns: Sequence[str]) -> bool:
    """Tell whether a file is empty or begins with the header of ``columns``."""
    header = ",".join(columns)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        begin = stream.read(len(header) + 1)
    return not begin or (begin[:-1] == header and begin[-1] in "\r\n")


def _try_to_write(folder: Path) -> None:
    """Raise OSError where no file can be made in ``folder``, or in the nearest folder above it that exists."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    trial = there / f"{uuid.uuid4().hex}.part"
    try:
        trial.touch(exist_ok=False)
        trial.unlink()
    except OSError as error:
        error.filename = os.fspath(folder)
        raise


def measure(
    read_one: ReadOne,
    folder: Path | LabelledFolder,
    compare: ReadOne | None = None,
    *,
    prevalence: float | None = None,
    part: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Evaluation:
    """Evaluate a labelled folder (or what was found in one) with one model, or with two on the same images.

    ``on_progress(done, total)`` counts the images of both models. ``stopped`` is asked before each image; what was
    read by then is measured. Raises EvaluationError when there is nothing to measure, StoppedError when nothing was read.
    """
    try:
        found = find(folder) if isinstance(folder, Path) else folder
        part = part or chosen_part(found)
        found = found.once(part)
    except LabelsError as error:
        raise EvaluationError(labels_sentence(error)) from error
    labels = found.table or found.root
    total = _total(found, part) * (1 if compare is None else 2)

    def progress(offset: int) -> Callable[[int], None]:
        return lambda done: on_progress(offset + done, total) if on_progress is not None else None

    report = evaluate_folder(found, read_one, part, prevalence, progress(0), stopped)
    if not report.cases and total:
        raise StoppedError(tr("Stopped before the first image was read."))
    if not report.cases:
        raise EvaluationError(tr("No labelled image was found in {folder}.").format(folder=found.root))
    if compare is None:
        return Evaluation(report, labels=labels)
    other = evaluate_folder(found, compare, part, prevalence, progress(total // 2), stopped)
    if not other.cases:
        return Evaluation(report, labels=labels)
    return Evaluation(report, other, compare_reports(report, other), labels)


def at_threshold(evaluation: Evaluation, threshold: float) -> Evaluation:
    """Return the evaluation as it would be with the first model's operating points at ``threshold`` (0..1).

    Nothing is read again: the scores stay, and each band keeps its width on the logit scale.
    """
    report = evaluation.report
    cases = [replace(case, judgement=_judged_at(case.judgement, threshold)) for case in report.cases]
    moved = make_report(
        cases, report.folder, report.part, report.prevalence, report.left_out, report.repeats, report.seed
    )
    other = evaluation.other
    compared = other is not None and evaluation.comparison is not None
    comparison = compare_reports(moved, other) if compared and other is not None else None
    return replace(evaluation, report=moved, comparison=comparison)


def _judged_at(judgement: Judgement, threshold: float) -> Judgement:
    if judgement.operating_point is None:
        return judgement
    point = point_at(threshold, judgement.operating_point)
    withheld = judgement.score is None or judgement.outcome is Outcome.NOT_ANALYSED
    outcome = judgement.outcome if withheld else point.judge(judgement.score)  # type: ignore[arg-type]
    return replace(judgement, operating_point=point, outcome=outcome)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON can hold it."""
    test = comparison.mcnemar
    return {
        "images": comparison.images,
        "auc_new": finite(comparison.auc_new),
        "auc_old": finite(comparison.auc_old),
        "auc_difference": {
            "value": finite(comparison.difference),
            "low": finite(comparison.low),
            "high": finite(comparison.high),
        },
        "mcnemar": {
            "only_new_right": test.only_new,
            "only_old_right": test.only_old,
            "p_exact": test.p_exact,
            "p_mid": test.p_mid,
        },
        "verdict": comparison.verdict.value,
    }


def _total(found: LabelledFolder, part: str | None) -> int:
    chosen = part or chosen_part(found)
    return len(found.images if chosen is None else found.part(chosen))
