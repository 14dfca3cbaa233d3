"""Figures: the words and numbers on them, both formats, no pyplot."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from PIL import Image

from pneumo_desktop.evaluation import figures
from pneumo_desktop.evaluation.metrics import Counts
from pneumo_desktop.evaluation.report import evaluate_folder
from pneumo_desktop.words import set_language, tr

from .test_report import MIXED


def texts(figure: Figure) -> list[str]:
    axes = figure.axes[0]
    return [text.get_text() for text in axes.texts]


def test_the_matrix_shows_counts_and_shares() -> None:
    figure = figures.confusion_matrix(Counts(tp=90, fp=20, fn=10, tn=80))
    assert texts(figure) == ["80\n80.0 %", "20\n20.0 %", "10\n10.0 %", "90\n90.0 %"]
    axes = figure.axes[0]
    words = [tr("Normal"), tr("Pneumonia")]
    assert [label.get_text() for label in axes.get_xticklabels()] == words
    assert [label.get_text() for label in axes.get_yticklabels()] == words


def test_images_without_a_verdict_get_a_column() -> None:
    figure = figures.confusion_matrix(Counts(tp=1, fp=0, fn=0, tn=1, silent_positive=3))
    assert texts(figure) == ["1\n100.0 %", "0\n0.0 %", "0\n0.0 %", "0\n0.0 %", "1\n25.0 %", "3\n75.0 %"]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("silent", [0, 3])
def test_words_and_numbers_of_a_narrow_matrix_do_not_lie_over_each_other(silent: int, language: str) -> None:
    set_language(language)
    with figures.drawing({"font.size": 9.0, "axes.titlesize": 10.0}):  # two beside each other in the window
        figure = figures.confusion_matrix(Counts(tp=100, fp=0, fn=0, tn=100, silent_positive=silent))
        figure.set_dpi(96)
        figure.set_size_inches(280 / 96, 400 / 96)
        figure.draw_without_rendering()
        axes = figure.axes[0]
        for texts in (axes.get_xticklabels(), axes.texts[: 3 if silent else 2]):
            boxes = [text.get_window_extent() for text in texts]
            assert all(one.x1 <= other.x0 for one, other in itertools.pairwise(boxes)), boxes


def test_every_figure_is_drawn_twice(folder: Path, answers: Any) -> None:
    report = evaluate_folder(folder, answers(MIXED), repeats=10)
    other = evaluate_folder(folder, answers(MIXED), repeats=10)
    files = figures.all_drawn(report, other)
    assert len(files) == 16
    for name, data in files.items():
        if name.endswith(".png"):
            with Image.open(io.BytesIO(data)) as image:
                assert min(image.size) > 400
        else:
            assert name.endswith(".svg")
            assert data.startswith(b"<?xml")


def test_the_same_report_gives_the_same_svg() -> None:
    counts = Counts(tp=1, fp=2, fn=3, tn=4)
    first, second = (figures.drawn(figures.confusion_matrix(counts))[".svg"] for _ in range(2))
    assert first == second


def test_empty_and_one_sided_reports_can_be_drawn(folder: Path, answers: Any) -> None:
    for child in (folder / "PNEUMONIA").iterdir():
        child.unlink()
    report = evaluate_folder(folder, answers(MIXED), repeats=10)
    assert len(figures.all_drawn(report)) == 12


def test_class_distribution_and_training_curves() -> None:
    bars = figures.class_distribution({"train": (10, 30), "val": (2, 6)}).axes[0]
    assert sorted(int(text.get_text()) for text in bars.texts) == [2, 6, 10, 30]
    history = {"loss": [0.6, 0.4], "val_loss": [0.7, 0.5], "accuracy": [0.7, 0.8]}
    loss, accuracy = figures.training_curves(history).axes
    assert len(loss.lines) == 2
    assert len(accuracy.lines) == 1
    assert figures.training_curves({}).axes[0].get_legend() is None


def test_numbers_need_no_matplotlib_and_figures_no_pyplot() -> None:
    code = (
        "import sys, pneumo_desktop.evaluation.command as c; assert 'matplotlib' not in sys.modules;"
        "import pneumo_desktop.evaluation.figures; assert 'matplotlib.pyplot' not in sys.modules;"
        "assert not {'PySide6', 'tensorflow', 'scipy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_figure_leaves_nothing_in_the_users_folders_and_opens_no_font_of_the_computer(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    for folder in (home, temporary):
        folder.mkdir()
    code = (
        "from pneumo_desktop.evaluation import figures; figures.training_curves({}).canvas.draw();"
        "import matplotlib, matplotlib.font_manager as fonts;"
        "print([one.fname for one in fonts.fontManager.ttflist if not one.fname.startswith(matplotlib.get_data_path())])"
    )
    places = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), str(home)) | {"TMPDIR": str(temporary)}
    done = subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, **places}, capture_output=True)
    assert done.stdout.strip() == b"[]"
    assert not list(home.iterdir())
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(("language", "sign", "other"), [("es", ",", "."), ("en", ".", ",")])
def test_axes_and_colour_bars_have_the_decimal_sign_of_the_program(
    folder: Path, answers: Any, language: str, sign: str, other: str
) -> None:
    report = evaluate_folder(folder, answers(MIXED), repeats=10)
    set_language(language)
    try:
        drawn = {
            "matrix": figures.confusion_matrix(report.counts),
            "roc": figures.roc({"a": report}),
            "precision_recall": figures.precision_recall({"a": report}),
            "calibration": figures.calibration({"a": report}),
            "histogram": figures.score_histogram(report),
            "curves": figures.training_curves({"loss": [0.4, 0.31, 0.28], "accuracy": [0.5, 0.71, 0.88]}),
        }
        for name, figure in drawn.items():
            figure.canvas.draw()
            axes = [axis for one in figure.axes for axis in (one.xaxis, one.yaxis)]
            ticks = [label.get_text() for axis in axes for label in axis.get_ticklabels()]
            ticks += [text.get_text() for one in figure.axes for text in one.texts]  # a matrix may have no bar
            assert any(sign in text for text in ticks), name
            assert not any(other in text for text in ticks), name
    finally:
        set_language("en")
