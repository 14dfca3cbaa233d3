"""Figures of an evaluation and of a training run. The only file of the room that imports matplotlib.

Every function returns a matplotlib ``Figure`` made without pyplot, so that a window can embed it and a command
line can save it. Words come from the catalogue in the language of the moment.
"""

from __future__ import annotations

import atexit
import io
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np

# Told before matplotlib comes: it neither reads nor writes a folder of the user's, and of the fonts of the computer, which
# it would open one by one, it needs none but its own.
_FOLDER = tempfile.mkdtemp(prefix="pneumo-desktop-")
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
os.environ.update(MPLCONFIGDIR=_FOLDER, MPL_IGNORE_SYSTEM_FONTS="1")

from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import LayoutEngine
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from pneumo_desktop.evaluation import metrics
from pneumo_desktop.evaluation.calibration import reliability
from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA
from pneumo_desktop.evaluation.metrics import Counts
from pneumo_desktop.evaluation.report import Report
from pneumo_desktop.words import decimal, in_language, percent, tr

BLUE = "#0072b2"
ORANGE = "#d55e00"
GREY = "#6b6b6b"
_COLOURS = {NORMAL: BLUE, PNEUMONIA: ORANGE}
_SETTINGS = threading.RLock()


@contextmanager
def drawing(settings: Mapping[str, Any]) -> Iterator[None]:
    """Draw with these rcParams; matplotlib's settings are global, so one thread draws at a time."""
    values: Any = dict(settings)  # the keys are known to be names of rcParams
    with _SETTINGS, rc_context(values):
        yield


class NumberFormatter(ScalarFormatter):
    """The numbers on an axis or a colour bar, with the decimal sign of the program's language (not of the system's)."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the words for the tick at ``x``."""
        return in_language(super().__call__(x, pos))

    def get_offset(self) -> str:
        """Return what stands at the end of the axis."""
        return in_language(super().get_offset())


def _speak(axes: Axes) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(NumberFormatter())


def class_names() -> tuple[str, str]:
    """Return the words for the two classes, normal first."""
    return tr("Normal"), tr("Pneumonia")


def _new(width: float = 5.0, height: float = 4.2) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    _speak(axes)
    return figure, axes


def confusion_matrix(counts: Counts) -> Figure:
    """Draw the heat map: true class down, called class across, counts and the share of the true class in each cell.

    A third column holds the images without a verdict where there are any.
    """
    normal, pneumonia = class_names()
    cells = [[counts.tn, counts.fp], [counts.fn, counts.tp]]
    columns = [normal, pneumonia]
    silent = bool(counts.silent_negative or counts.silent_positive)
    if silent:
        cells[0].append(counts.silent_negative)
        cells[1].append(counts.silent_positive)
        columns.append(tr("Not analysed").replace(" ", "\n", 1))
    grid = np.array(cells, dtype=np.float64)
    share = grid / np.maximum(grid.sum(axis=1, keepdims=True), 1.0)
    figure, axes = _new(4.2 + 0.9 * (len(columns) - 1), 4.2)
    image = axes.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0, aspect="auto")
    for (row, column), value in np.ndenumerate(grid):
        axes.text(
            column,
            row,
            f"{int(value)}\n{percent(share[row, column])}",
            ha="center",
            va="center",
            color="white" if share[row, column] > 0.5 else "black",
            fontsize=9 if silent else 13,
        )
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(2), [normal, pneumonia], rotation=90, va="center")
    axes.set_xlabel(tr("Called"))
    axes.set_ylabel(tr("True class"))
    axes.set_title(tr("Confusion matrix"))
    axes.spines[:].set_visible(False)
    if not silent:  # else its room is for the third column; each cell has its share written in it anyway
        bar = figure.colorbar(image, ax=axes, format=NumberFormatter())
        bar.set_label(tr("Share of the true class"))
    return figure


def roc(reports: Mapping[str, Report]) -> Figure:
    """Draw a ROC curve for each named report, with the point where the operating point lies."""
    figure, axes = _new()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    for (name, report), colour in zip(reports.items(), (BLUE, ORANGE, GREY), strict=False):
        labels, scores = report.judged()
        across, up = metrics.roc_curve(labels, scores)
        axes.plot(across, up, color=colour, label=_with_number(name, "AUC", report.numbers["auc"].value))
        inner = _judged_counts(report)
        axes.plot(1.0 - inner.specificity, inner.sensitivity, "o", color=colour, markeredgecolor="white")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_xlabel(tr("False alarms (1 - specificity)"))
    axes.set_ylabel(tr("Sensitivity"))
    axes.set_title(tr("ROC curve"))
    axes.legend(loc="lower right", frameon=False)
    return figure


def precision_recall(reports: Mapping[str, Report]) -> Figure:
    """Draw a precision-recall curve for each named report; the dotted line is the share of pneumonia."""
    figure, axes = _new()
    for (name, report), colour in zip(reports.items(), (BLUE, ORANGE, GREY), strict=False):
        labels, scores = report.judged()
        recall, precision = metrics.precision_recall_curve(labels, scores)
        if len(recall):
            label = _with_number(name, "AP", report.numbers["average_precision"].value)
            axes.step(np.append(0.0, recall), np.append(precision[0], precision), color=colour, label=label)
            axes.axhline(float(labels.mean()), color=GREY, linestyle=":", linewidth=1)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.03))
    axes.set_xlabel(tr("Sensitivity"))
    axes.set_ylabel(tr("Positive predictive value"))
    axes.set_title(tr("Precision-recall curve"))
    _legend(axes, "lower left")
    return figure


def calibration(reports: Mapping[str, Report], bins: int = 10) -> Figure:
    """Draw the observed share of pneumonia over the mean score, with Wilson intervals."""
    figure, axes = _new()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1)
    for (name, report), colour in zip(reports.items(), (BLUE, ORANGE, GREY), strict=False):
        rows = reliability(*report.judged(), bins=bins)
        if not rows:
            continue
        observed = np.array([row.observed for row in rows])
        low = np.array([row.low for row in rows])
        high = np.array([row.high for row in rows])
        error = report.numbers["calibration_error"].value
        axes.errorbar(
            [row.mean_score for row in rows],
            observed,
            yerr=np.clip([observed - low, high - observed], 0.0, None),
            fmt="o-",
            color=colour,
            capsize=2,
            label=_with_number(name, tr("calibration error"), error),
        )
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_xlabel(tr("Mean score"))
    axes.set_ylabel(tr("Share with pneumonia"))
    axes.set_title(tr("Calibration"))
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", frameon=False)
    return figure


def score_histogram(report: Report, bins: int = 30) -> Figure:
    """Draw the scores of each class, and the operating points as vertical lines."""
    figure, axes = _new()
    labels, scores = report.judged()
    for label, name in zip((NORMAL, PNEUMONIA), class_names(), strict=True):
        edge = _COLOURS[label]  # the edge is seen on light and on dark, and where the two lie over each other
        axes.hist(
            scores[labels == label], bins=bins, range=(0, 1), facecolor=(edge, 0.6), edgecolor=edge, label=name,
            histtype="stepfilled", linewidth=1.2,
        )  # fmt: skip
    points = {case.judgement.operating_point for case in report.cases if case.judged}
    for point in sorted((point for point in points if point is not None), key=lambda point: point.threshold):
        axes.axvline(point.threshold, color=rcParams["text.color"], linewidth=1)
        if point.high > point.low:
            axes.axvspan(point.low, point.high, color=GREY, alpha=0.2, linewidth=0)
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)  # without a score the axis would go below no image at all
    axes.set_xlabel(tr("Score"))
    axes.set_ylabel(tr("Images"))
    axes.set_title(tr("Scores"))
    _legend(axes, "upper center")
    return figure


def class_distribution(parts: Mapping[str, tuple[int, int]]) -> Figure:
    """Draw bars of (normal, pneumonia) images for each part; keys ``train``, ``val``, ``test`` or ``all``."""
    words = {"train": tr("Training"), "val": tr("Validation"), "test": tr("Test"), "all": tr("All images")}
    figure, axes = _new()
    places = np.arange(len(parts))
    for label, name in zip((NORMAL, PNEUMONIA), class_names(), strict=True):
        heights = [counts[label] for counts in parts.values()]
        bars = axes.bar(places + (label - 0.5) * 0.4, heights, 0.38, color=_COLOURS[label], label=name)
        axes.bar_label(bars, fontsize=9)
    axes.set_xticks(places, [words.get(part, part) for part in parts])
    axes.set_ylabel(tr("Images"))
    axes.set_title(tr("Class distribution"))
    axes.margins(y=0.12)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


class _Beside(LayoutEngine):
    """Two axes beside each other with margins in inches: the constrained layout draws everything twice to find them."""

    _adjust_compatible = True
    _colorbar_gridspec = False

    def execute(self, fig: Figure) -> None:
        """Set the margins for the size that the figure has."""
        width, height = fig.get_size_inches()
        side, between = 0.55, 0.65
        axes_width = max(0.5, (width - side - between - 0.12) / 2)
        bottom, top = min(0.52 / height, 0.4), max(1.0 - 0.32 / height, 0.6)
        fig.subplots_adjust(side / width, bottom, 1.0 - 0.12 / width, top, wspace=between / axes_width)


def training_curves(history: Mapping[str, Sequence[float]]) -> Figure:
    """Draw loss and accuracy over the epochs; keys ``loss``, ``val_loss``, ``accuracy``, ``val_accuracy``.

    Before the first epoch both stand empty, with their axes named.
    """
    figure = Figure(figsize=(9.0, 3.8), layout=_Beside())
    FigureCanvasAgg(figure)
    for place, (key, title) in enumerate((("loss", tr("Loss")), ("accuracy", tr("Accuracy"))), start=1):
        axes = figure.add_subplot(1, 2, place)
        _speak(axes)
        for name, label, colour in ((key, tr("Training"), BLUE), (f"val_{key}", tr("Validation"), ORANGE)):
            values = history.get(name, ())
            if values:
                axes.plot(range(1, len(values) + 1), values, "o-", color=colour, label=label, markersize=3)
        axes.set_xlabel(tr("Epoch"))
        axes.set_title(title)
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _legend(axes, "best")
    return figure


def _with_number(name: str, what: str, value: float) -> str:
    number = "–" if not np.isfinite(value) else decimal(value, 3)
    return f"{name} ({what} {number})" if name else f"{what} {number}"


def _legend(axes: Axes, place: Literal["best", "lower left", "upper left", "upper center"]) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc=place, frameon=False)


def _judged_counts(report: Report) -> Counts:
    counts = report.counts
    return Counts(tp=counts.tp, fp=counts.fp, fn=counts.fn, tn=counts.tn)


def drawn(figure: Figure) -> dict[str, bytes]:
    """Return a figure as files by their suffix: ``.png`` (150 dpi) and ``.svg``."""
    png, svg = io.BytesIO(), io.BytesIO()
    # A fixed salt: the same figure is the same SVG file.
    with drawing({"svg.hashsalt": "pneumo-desktop", "svg.fonttype": "none"}):
        figure.savefig(png, format="png", dpi=150, metadata={"Software": "Pneumo Desktop"})
        figure.savefig(svg, format="svg", metadata={"Date": None})
    return {".png": png.getvalue(), ".svg": svg.getvalue()}


def all_drawn(report: Report, other: Report | None = None) -> dict[str, bytes]:
    """Return every figure of a report (and, where it is about curves, of ``other`` beside it) as PNG and SVG files by name."""
    reports = {report.model_id: report}
    if other is not None:
        reports[other.model_id if other.model_id != report.model_id else f"{other.model_id} (2)"] = other
    with drawing({}):
        return {name + suffix: data for name, figure in _all(reports).items() for suffix, data in drawn(figure).items()}


def _all(reports: Mapping[str, Report]) -> dict[str, Figure]:
    report, *others = reports.values()
    normal_pneumonia = (report.counts.negatives, report.counts.positives)
    figures = {
        "confusion_matrix": confusion_matrix(report.counts),
        "roc": roc(reports),
        "precision_recall": precision_recall(reports),
        "calibration": calibration(reports),
        "score_histogram": score_histogram(report),
        "class_distribution": class_distribution({report.part or "all": normal_pneumonia}),
    }
    for other in others:
        figures["confusion_matrix_other"] = confusion_matrix(other.counts)
        figures["score_histogram_other"] = score_histogram(other)
    return figures
