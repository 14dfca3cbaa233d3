"""An evaluation in words: what the command line prints and the page shows above its figures."""

from __future__ import annotations

import math

from pneumo_desktop.evaluation.compare import GUESS, Comparison, Verdict
from pneumo_desktop.evaluation.labelled import LabelsError
from pneumo_desktop.evaluation.report import Metric, Report
from pneumo_desktop.words import decimal, ntr, percent, tr
from pneumo_desktop.words.card import key_in_words, text_in_words


def verdict_words(verdict: Verdict) -> str:
    """Return what a verdict says, in words."""
    return text_in_words(verdict.value)


def metric_name(name: str) -> str:
    """Return the words for a metric's key in a report."""
    return key_in_words(name)


def number_text(metric: Metric) -> str:
    """Return ``0.953 (0.941 to 0.966)``, or a dash for a number that does not exist."""
    if not math.isfinite(metric.value):
        return "–"
    if not (math.isfinite(metric.low) and math.isfinite(metric.high)):
        return decimal(metric.value, 3)
    return tr("{value} ({low} to {high})").format(
        value=decimal(metric.value, 3), low=decimal(metric.low, 3), high=decimal(metric.high, 3)
    )


def report_lines(report: Report) -> list[str]:
    """Return the report as lines of text."""
    counts = report.counts
    lines = [
        tr("Model {model}: {images} images of {patients} patients, {pneumonia} pneumonia, {normal} normal").format(
            model=report.model_id,
            images=counts.total,
            patients=report.patients,
            pneumonia=counts.positives,
            normal=counts.negatives,
        )
    ]
    if report.part == "test":
        lines.append(tr("Only the test part of the folder was read."))
    ppv, npv = report.predictive_values(report.prevalence)
    numbers = {**report.numbers, "ppv": ppv, "npv": npv}
    shown = ["accuracy", "sensitivity", "specificity", "ppv", "npv", "auc", "loss", "calibration_error"]
    if report.band.inside:
        shown += ["uncertain_share", "error_outside_band"]
    if counts.silent_positive or counts.silent_negative:
        shown.insert(6, "auc_all")
    width = max(len(metric_name(name)) for name in shown)
    lines += [f"  {metric_name(name):<{width}}  {number_text(numbers[name])}" for name in shown]
    if math.isfinite(report.prevalence):
        lines.append(tr("Predictive values at a prevalence of {share}.").format(share=percent(report.prevalence)))
    lines.append(
        tr("Called pneumonia: {tp} right, {fp} wrong. Called normal: {tn} right, {fn} wrong.").format(
            tp=counts.tp, fp=counts.fp, tn=counts.tn, fn=counts.fn
        )
    )
    lines += caveats(report, report.model_id)
    if count := report.files_left_out:
        lines.append(ntr("{n} file was left out.", "{n} files were left out.", count).format(n=count))
    return lines


def caveats(report: Report, name: str) -> list[str]:
    """Return what to know of ``report`` before its figures are believed.

    Images without a verdict, a class that is one patient, a mere guess.
    """
    counts, area = report.counts, report.numbers["auc"]
    silent, sentences = counts.silent_positive + counts.silent_negative, []
    if silent:
        text = ntr(
            "{name} gave {n} of {images} images no verdict; it counts as wrong.",
            "{name} gave {n} of {images} images no verdict; they count as wrong.",
            silent,
        )
        sentences.append(text.format(name=name, n=silent, images=counts.total))
    if report.one_patient:
        sentences.append(one_patient_words())
    # Without an interval the figure itself stands for it: where all draws say the same that is what they say.
    low, high = (area.low, area.high) if math.isfinite(area.low) else (area.value, area.value)
    if high < GUESS:
        text = tr("{name} puts these images in the wrong order: are the folders of the two classes swapped?")
        sentences.append(text.format(name=name))
    elif low <= GUESS:
        sentences.append(tr("{name} cannot be told from guessing on these images.").format(name=name))
    return sentences


def one_patient_words() -> str:
    """Return the words about a class whose images, several, are told to be of one patient."""
    return tr(
        "All images of one class bear the same patient number: they count as one patient and say nothing of others. If "
        "the numbers were removed, give each patient one of their own."
    )


def comparison_sentence(comparison: Comparison, names: tuple[str, str] | None = None) -> str:
    """Return the verdict with its numbers; ``names`` of the two models where none of them is the new one."""
    test = comparison.mcnemar
    if names is None:
        verdict = verdict_words(comparison.verdict)
        words = tr(
            "Difference in AUC {value} (95 % interval {low} to {high}); right only with the new model {new}, "
            "only with the old one {old} (McNemar p = {p})."
        )
    else:
        verdict = _named_verdict(comparison.verdict).format(first=names[0], second=names[1])
        words = tr(
            "Difference in AUC {value} (95 % interval {low} to {high}); right only with the first {new}, "
            "only with the second {old} (McNemar p = {p})."
        )
    numbers = words.format(
        value=_signed(comparison.difference),
        low=_signed(comparison.low),
        high=_signed(comparison.high),
        new=test.only_new,
        old=test.only_old,
        p=decimal(test.p_mid, 3),
    )
    return f"{verdict} {numbers}"


def _signed(value: float) -> str:
    return decimal(value, 3, sign=True) if math.isfinite(value) else "–"


def _named_verdict(verdict: Verdict) -> str:
    words = {
        Verdict.BETTER: tr("{first} is better than {second}."),
        Verdict.NO_WORSE: tr("{first} is no worse than {second}."),
        Verdict.WORSE: tr("{first} is worse than {second}."),
        Verdict.TOO_FEW: tr("There are too few images to tell {first} and {second} apart."),
        Verdict.NEITHER: tr("Neither {first} nor {second} is of use on these images."),
    }
    return words[verdict]


def labels_sentence(error: LabelsError) -> str:
    """Return the sentence for a folder without usable labels."""
    words = {
        "missing": tr("{name} does not exist. Check the path."),
        "no_class_folders": tr(
            "{name} has no NORMAL and PNEUMONIA folders and no CSV of file and label. "
            "Sort the images into two folders with these names, or say which folder is which."
        ),
        "csv_columns": tr(
            "The table {name} has no usable columns for file and label. Name them 'file' and 'label', and write "
            "normal or pneumonia as the label."
        ),
        "csv_labels": tr(
            "No label of the table {name} is known. Write normal or pneumonia as the label, or say which label is which."
        ),
        "csv_files": tr(
            "Not one file that the table {name} names was found. Put the table into the folder of its images, or write "
            "the whole path of each file."
        ),
        "csv_unreadable": tr(
            "The table {name} could not be read. In your spreadsheet program save it as CSV in UTF-8, close it there, and "
            "choose that file."
        ),
    }
    return words[error.code].format(name=error.detail)
