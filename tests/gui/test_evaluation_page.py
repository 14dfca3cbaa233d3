"""The evaluation on a small screen: nothing of a figure lies under what stands below it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.command import Evaluation
from pneumo_desktop.evaluation.report import compare_reports
from pneumo_desktop.gui.evaluation import EvaluationDialog
from pneumo_desktop.words import set_language
from tests.gui.test_looks import _report


@pytest.mark.parametrize("code", ["es", "en"])
def test_each_matrix_is_whole_below_words_of_several_lines(code: str, tmp_path: Path, qtbot: QtBot) -> None:
    set_language(code)
    services = Services.create(tmp_path / "data")
    new, old = _report("local-20261127-ab12cd34"), _report("pneumo-5")
    dialog = EvaluationDialog(services)
    qtbot.addWidget(dialog)
    dialog.resize(800, 560)
    dialog.show()
    page = dialog.page
    dialog.hint.hide()
    page.show_evaluation(Evaluation(new, old, compare_reports(new, old, repeats=20)), by_name=True)
    page.show()
    for width in (800, 1366, 800):
        dialog.resize(width, 560)
        for _ in range(5):
            QApplication.processEvents()
        for matrix, button in zip(page.matrices, page.errors, strict=True):
            assert matrix.geometry().bottom() < button.geometry().top(), width
        for label in (page.verdict, page.caveats):
            assert label.height() >= label.heightForWidth(label.width()), width
    dialog.close()
    services.close()


def test_words_take_no_more_room_than_their_lines_once_the_page_is_wide_again(
    tmp_path: Path, qtbot: QtBot, qtlog: Any
) -> None:
    services = Services.create(tmp_path / "data")
    dialog = EvaluationDialog(services)
    qtbot.addWidget(dialog)
    dialog.show()
    page, report = dialog.page, _report("local-20261127-ab12cd34")
    page.show_evaluation(Evaluation(report), by_name=True)
    page.show()
    heights = []
    for width in (1366, 800, 1366):
        dialog.resize(width, 700)
        for _ in range(5):
            QApplication.processEvents()
        page.caveats.setText("word " * 60)
        page.caveats.show()
        page.resizeEvent(QResizeEvent(page.size(), page.size()))
        heights.append(page.caveats.minimumHeight())
    assert heights[0] == heights[2] < heights[1]
    assert not [record.message for record in qtlog.records if "Negative sizes" in record.message]
    dialog.close()
    services.close()
