"""Models and evaluation on the screen: exchange, go back, measure a labelled folder, look behind a cell."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.labelled import NORMAL, is_labelled
from pneumo_desktop.gui.evaluation import EvaluationDialog
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.models_dialog import ModelsDialog
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage, write_package

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = Services.create(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    folder = tmp_path / "etiquetadas"
    for name, pattern in (("Neumonía", "person*.jpeg"), ("NORMAL", "IM-*.jpeg")):
        (folder / name).mkdir(parents=True)
        for path in FIXTURES.glob(pattern):
            shutil.copyfile(path, folder / name / path.name)
    return folder


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The bundled model under another name."""
    package = ModelPackage.open(places.bundled_model())
    path = tmp_path / "second.pneumo"
    card = replace(package.card, model_id="clinic-1", parent=package.card.model_id)
    write_package(path, card, package.network_bytes, package.arrays, package.reference)
    return path


@pytest.fixture
def dialog(services: Services, qtbot: QtBot) -> Iterator[ModelsDialog]:
    made = ModelsDialog(services)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.table.rowCount() == 1, timeout=10_000)
    yield made
    made.close()


def test_a_model_is_imported_used_and_left_again(
    dialog: ModelsDialog, services: Services, second: Path, qtbot: QtBot
) -> None:
    dialog.import_from(second)
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 2, timeout=20_000)
    chosen = dialog.chosen()
    assert chosen is not None
    assert (chosen.model_id, chosen.active) == ("clinic-1", False)
    with qtbot.waitSignal(dialog.activated, timeout=10_000):
        dialog.activate_chosen()
    assert services.package().card.model_id == "clinic-1"
    qtbot.waitUntil(dialog.back.isEnabled, timeout=10_000)
    with qtbot.waitSignal(dialog.activated, timeout=10_000):
        dialog.go_back()
    assert services.package().card.model_id != "clinic-1"
    qtbot.waitUntil(dialog.remove.isEnabled, timeout=10_000)
    dialog.remove_chosen()
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 1, timeout=10_000)


def test_the_bundled_model_is_neither_removed_nor_changed_by_an_export(
    dialog: ModelsDialog, tmp_path: Path, qtbot: QtBot
) -> None:
    assert not dialog.remove.isEnabled()
    dialog.export_to(tmp_path / "copy.pneumo")
    qtbot.waitUntil((tmp_path / "copy.pneumo").exists, timeout=10_000)
    assert (tmp_path / "copy.pneumo").read_bytes() == places.bundled_model().read_bytes()


def _altered(path: Path, source: Path, member: str) -> Path:
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w") as changed:
        for info in archive.infolist():
            data = archive.read(info)
            changed.writestr(info.filename, data[:-1] + bytes([data[-1] ^ 1]) if info.filename == member else data)
    return path


def test_an_altered_package_ends_in_a_sentence_and_an_intact_registry(
    dialog: ModelsDialog, services: Services, tmp_path: Path, qtbot: QtBot
) -> None:
    before = [(info.model_id, info.sha256) for info in services.registry.list()]
    dialog.import_from(_altered(tmp_path / "bad.pneumo", places.bundled_model(), "network.tflite"))
    qtbot.waitUntil(lambda: "changed or damaged" in dialog.words.text(), timeout=10_000)
    assert [(info.model_id, info.sha256) for info in services.registry.list()] == before


def test_a_package_that_does_not_give_its_reference_scores_is_refused(services: Services, tmp_path: Path) -> None:
    package = ModelPackage.open(places.bundled_model())
    path = tmp_path / "wrong.pneumo"
    wrong = tuple(replace(known, logit=known.logit + 1.0) for known in package.reference)
    card = replace(package.card, model_id="wrong-1")
    write_package(path, card, package.network_bytes, package.arrays, wrong)
    with pytest.raises(BadPackageError) as refused:
        services.install_model(path)
    assert refused.value.code == "reference"
    assert len(services.registry.list()) == 1


def test_a_labelled_folder_is_measured_against_another_model(
    services: Services, labelled: Path, second: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    services.install_model(second)
    dialog = EvaluationDialog(services, labelled)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.other.count() == 3, timeout=10_000)
    dialog.other.setCurrentIndex(dialog.other.findText("Pneumo 1 (clinic-1)"))
    dialog.toggle()
    qtbot.waitUntil(lambda: not dialog.progress.isVisible(), timeout=60_000)
    evaluation = dialog._evaluation
    assert evaluation is not None
    assert (evaluation.report.counts.positives, evaluation.report.counts.negatives) == (2, 2)
    assert evaluation.other is not None
    assert evaluation.other.counts == evaluation.report.counts
    assert dialog.page.verdict.text().startswith("There are too few images")

    right = evaluation.report.cell(NORMAL, False)
    canvas = SimpleNamespace(figure=SimpleNamespace(axes=["matrix"]))
    click = SimpleNamespace(xdata=0.1, ydata=-0.2, inaxes="matrix", canvas=canvas)
    dialog.page._clicked(evaluation.report, click)  # type: ignore[arg-type]
    assert dialog.page.tabs.currentWidget() is dialog.page.gallery
    assert dialog.page.gallery.list.count() == len(right) == 2
    qtbot.waitUntil(lambda: not dialog.page.gallery.picture.pixmap().isNull(), timeout=10_000)

    before = dialog.page.numbers.item(3, 0).text()
    dialog.page.prevalence.setValue(5.0)
    assert dialog.page.numbers.item(3, 0).text() != before
    assert dialog.page.table.selectionModel().hasSelection()

    dialog.write(out=tmp_path / "report.json")
    dialog.write(figures=tmp_path / "figures")
    qtbot.waitUntil((tmp_path / "figures" / "confusion_matrix_other.svg").exists, timeout=30_000)
    written = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert written["comparison"]["verdict"] == "too_few"
    assert (tmp_path / "report.csv").is_file()
    dialog.close()


def test_a_folder_without_labels_is_answered_in_words(services: Services, tmp_path: Path, qtbot: QtBot) -> None:
    dialog = EvaluationDialog(services, tmp_path)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: dialog.model.count() == 1, timeout=10_000)
    dialog.toggle()
    qtbot.waitUntil(lambda: "NORMAL and PNEUMONIA" in dialog.words.text(), timeout=20_000)
    dialog.close()


def test_a_dropped_labelled_folder_is_read_and_its_evaluation_offered(
    services: Services, labelled: Path, qtbot: QtBot
) -> None:
    assert is_labelled(labelled)
    assert not is_labelled(labelled / "NORMAL")
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
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
    qtbot.waitUntil(lambda: not window.active_runs(), timeout=60_000)
    shown[0].close()
    window.close()
