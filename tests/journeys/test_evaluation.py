"""The evaluation on the screen: measure a labelled folder, look behind a cell, and the doors to it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.labelled import NORMAL, is_labelled
from pneumo_desktop.gui.evaluation import EvaluationDialog
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.models.package import ModelPackage
from tests.using_the_window import FIXTURES, open_window


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    folder = tmp_path / "etiquetadas"
    for name, pattern in (("Neumonía", "person*.jpeg"), ("NORMAL", "IM-*.jpeg")):
        (folder / name).mkdir(parents=True)
        for path in FIXTURES.glob(pattern):
            shutil.copyfile(path, folder / name / path.name)
    return folder


def test_a_labelled_folder_is_measured_against_another_model(
    services: Services, labelled: Path, second: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    bundled = ModelPackage.open(places.bundled_model()).card
    services.install_model(second)
    dialog = EvaluationDialog(services, labelled)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.other.count() == 3)
    dialog.other.setCurrentIndex(dialog.other.findText(f"{bundled.name} (clinic-1)"))
    dialog.toggle()
    qtbot.waitUntil(lambda: not dialog.progress.isVisible())
    evaluation = dialog._evaluation
    assert evaluation is not None
    assert (evaluation.report.counts.positives, evaluation.report.counts.negatives) == (2, 2)
    assert evaluation.other is not None
    assert evaluation.other.counts == evaluation.report.counts
    told = f"There are too few images to tell {bundled.model_id} and clinic-1 apart."
    assert dialog.page.verdict.text().startswith(told)

    right = evaluation.report.cell(NORMAL, False)
    matrix = dialog.page.matrices[0]
    qtbot.waitUntil(lambda: matrix.drawn, timeout=30_000)
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=QPoint(matrix.width() // 3, matrix.height() // 3))
    assert dialog.page.tabs.currentWidget() is dialog.page.gallery
    assert dialog.page.gallery.list.count() == len(right) == 2
    qtbot.waitUntil(lambda: not dialog.page.gallery.picture.pixmap().isNull())

    before = dialog.page.numbers.item(3, 1).text()
    dialog.page.prevalence.setValue(5.0)
    assert dialog.page.numbers.item(3, 1).text() != before
    assert dialog.page.thresholds.table.selectionModel().hasSelection()

    dialog.page.write(out=tmp_path / "report.json")
    told = "Written to report.json, report.csv, report-numbers.csv."
    qtbot.waitUntil(lambda: dialog.page.written.text() == told, timeout=30_000)
    dialog.page.write(figures=tmp_path / "figures")
    qtbot.waitUntil((tmp_path / "figures" / "confusion_matrix_other.svg").exists, timeout=30_000)
    written = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert written["comparison"]["verdict"] == "too_few"
    assert written["report"]["prevalence"] == pytest.approx(0.05)
    assert (tmp_path / "report.csv").is_file()
    assert (tmp_path / "report-numbers.csv").is_file()

    dialog.page.show_evaluation(replace(evaluation, other=evaluation.report), by_name=True)
    heads = [dialog.page.numbers.horizontalHeaderItem(column).text() for column in (1, 2)]
    assert heads == [bundled.model_id, f"{bundled.model_id} (2)"]
    assert [button.text() for button in dialog.page.errors] == [f"Errors of {name}" for name in heads]
    dialog.close()


def test_a_folder_without_labels_is_answered_in_words(services: Services, tmp_path: Path, qtbot: QtBot) -> None:
    dialog = EvaluationDialog(services, tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    assert "Choose a folder" in dialog.hint.text()
    assert dialog.hint.isVisible()
    qtbot.waitUntil(lambda: dialog.model.count() == 1)
    dialog.toggle()
    qtbot.waitUntil(lambda: "NORMAL and PNEUMONIA" in dialog.words.text(), timeout=20_000)
    dialog.close_button.click()
    assert not dialog.isVisible()


def test_a_measure_tells_what_it_left_out_and_keeps_the_images_own_share(
    services: Services, labelled: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    rows = [f"{path.relative_to(labelled).as_posix()},{path.parent.name}" for path in sorted(labelled.glob("*/*"))]
    assert rows[0].endswith(",NORMAL") and rows[-1].endswith(",Neumonía")
    table = labelled / "labels.csv"
    table.write_text("file,label\n" + "\n".join([*rows[:3], "gone.png,normal", f"{rows[3].split(',')[0]},?"]), "utf-8")
    dialog = EvaluationDialog(services, labelled / ("x" * 300))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model.count() == 1, timeout=10_000)
    dialog.toggle()
    assert dialog.words.text() == "Please choose a folder first."
    dialog.folder.setText(str(table))
    dialog.toggle()
    qtbot.waitUntil(lambda: not dialog.progress.isVisible(), timeout=60_000)
    assert dialog.words.text() == "3 images were read. 2 files were left out."
    assert dialog.page.prevalence.value() == 33.3
    dialog.page.write(out=tmp_path / "report.json")
    qtbot.waitUntil((tmp_path / "report-numbers.csv").exists, timeout=30_000)
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["prevalence"] == 1 / 3
    dialog.close()


def test_a_dropped_labelled_folder_is_read_and_its_evaluation_offered(
    services: Services, labelled: Path, qtbot: QtBot
) -> None:
    assert is_labelled(labelled)
    assert not is_labelled(labelled / "NORMAL")
    window = open_window(services, qtbot)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(labelled))])
    window.dropEvent(
        QDropEvent(
            QPointF(400, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )  # fmt: skip
    qtbot.waitUntil(window.evaluate_offer.isVisible)
    window.evaluate_offer.accepted.emit()
    shown = window.findChildren(EvaluationDialog)
    assert [dialog.folder.text() for dialog in shown] == [str(labelled)]
    assert not window.evaluate_offer.isVisible()
    qtbot.waitUntil(lambda: not window.active_runs())
    shown[0].close()
    window.close()


def test_the_menu_opens_an_evaluation_of_any_labelled_folder(window: MainWindow, labelled: Path, qtbot: QtBot) -> None:
    window.menus.actions["evaluate"].trigger()
    dialog = window.findChildren(EvaluationDialog)[0]
    assert dialog.isVisible()
    qtbot.waitUntil(lambda: dialog.model.count() == 1, timeout=20_000)
    dialog.folder.setText(str(labelled))
    dialog.toggle()
    qtbot.waitUntil(lambda: dialog._evaluation is not None and not dialog.progress.isVisible())
    assert dialog._evaluation is not None
    assert dialog._evaluation.report.counts.total == 4
    dialog.close()


def test_a_model_that_was_damaged_meanwhile_is_answered_in_words(
    services: Services, labelled: Path, second: Path, qtbot: QtBot
) -> None:
    installed = services.install_model(second)
    dialog = EvaluationDialog(services, labelled)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.model.count() == 2)
    dialog.model.setCurrentIndex(dialog.model.findData(str(installed.path)))
    installed.path.write_bytes(b"nothing")
    dialog.toggle()
    qtbot.waitUntil(lambda: dialog.words.text() == "This file is not a model package.")
    assert dialog.start.text() == "Evaluate"
    dialog.close()
