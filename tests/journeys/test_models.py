"""Models on the screen: exchange, switch, go back, and which of them a result is of."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.models_dialog import ModelsDialog
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.outcome import OperatingPoint
from tests.using_the_window import FIXTURES


@pytest.fixture
def dialog(services: Services, qtbot: QtBot) -> Iterator[ModelsDialog]:
    made = ModelsDialog(services)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.table.rowCount() == 1)
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
    qtbot.waitUntil(dialog.back.isEnabled)
    with qtbot.waitSignal(dialog.activated, timeout=10_000):
        dialog.go_back()
    assert services.package().card.model_id != "clinic-1"
    qtbot.waitUntil(lambda: not dialog.back.isEnabled())
    bundled = services.package().card.model_id
    for model_id in ("clinic-1", bundled):  # the bundled one is chosen, not gone back to
        dialog.table.selectRow([info.model_id for info in dialog._models].index(model_id))
        with qtbot.waitSignal(dialog.activated, timeout=10_000):
            dialog.activate_chosen()
        qtbot.waitUntil(lambda: not dialog.activate.isEnabled())
    qtbot.waitUntil(dialog.back.isEnabled)
    assert dialog.back.toolTip() == "clinic-1"
    with qtbot.waitSignal(dialog.activated, timeout=10_000):
        dialog.go_back()
    assert services.package().card.model_id == "clinic-1"
    with qtbot.waitSignal(dialog.activated, timeout=10_000):
        dialog.go_back()
    dialog.table.selectRow(1)
    qtbot.waitUntil(dialog.remove.isEnabled)
    dialog.remove_chosen()
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 1)


def test_the_bundled_model_is_neither_removed_nor_changed_by_an_export(
    dialog: ModelsDialog, tmp_path: Path, qtbot: QtBot
) -> None:
    assert not dialog.remove.isEnabled()
    dialog.export_to(tmp_path / "copy.pneumo")
    qtbot.waitUntil((tmp_path / "copy.pneumo").exists)
    assert (tmp_path / "copy.pneumo").read_bytes() == places.bundled_model().read_bytes()


@pytest.mark.parametrize("action", ["activate_chosen", "remove_chosen", "export"])
def test_a_model_that_another_window_has_removed_leaves_the_list(
    dialog: ModelsDialog, services: Services, second: Path, tmp_path: Path, qtbot: QtBot, action: str
) -> None:
    dialog.import_from(second)
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 2, timeout=20_000)
    services.registry.remove("clinic-1")
    if action == "export":
        dialog.export_to(tmp_path / "usb.pneumo")
    else:
        getattr(dialog, action)()
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 1, timeout=10_000)
    assert dialog.words.text() == "There is no model with the name clinic-1."


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
    qtbot.waitUntil(lambda: "changed or damaged" in dialog.words.text())
    assert [(info.model_id, info.sha256) for info in services.registry.list()] == before


def _with_member(path: Path, name: str, data: bytes) -> Path:
    """The bundled package with one member added or replaced, and a manifest that agrees with it."""
    with zipfile.ZipFile(places.bundled_model()) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    members[name] = data
    hashes = {known: hashlib.sha256(each).hexdigest() for known, each in members.items() if known != "manifest.json"}
    manifest = json.loads(members["manifest.json"])
    manifest["sha256"] = hashes
    members["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as changed:
        for known, each in members.items():
            changed.writestr(known, each)
    return path


def _arrays(shape: str, payload: bytes = b"") -> bytes:
    """A features.npz whose one array claims ``shape``."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + payload
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("gate_mean.npy", data)
    return buffer.getvalue()


def _pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, gate_mean=np.array([{"run": "this"}], dtype=object))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("member", "data"),
    [
        ("features.npz", _pickled()),
        ("../../escaped.txt", b"out"),
        ("features.npz", _arrays("(3,)", b"\x00" * 12)),
        ("features.npz", _arrays("(100000, 1000000)")),
        ("network.tflite", b"TFL3 but no network"),
    ],
    ids=["pickle inside", "path traversal", "wrong shapes", "huge claimed array", "no network"],
)
def test_a_hostile_package_ends_in_a_sentence_and_an_intact_registry(
    dialog: ModelsDialog, services: Services, tmp_path: Path, qtbot: QtBot, member: str, data: bytes
) -> None:
    files = sorted(path.name for path in (services.folder / "models").glob("*"))
    dialog.import_from(_with_member(tmp_path / "hostile.pneumo", member, data))
    qtbot.waitUntil(lambda: dialog.words.text().startswith("The file was not imported. "), timeout=30_000)
    assert dialog.words.text().endswith(".")
    assert len(services.registry.list()) == 1
    assert sorted(path.name for path in (services.folder / "models").glob("*")) == files
    assert not list(tmp_path.rglob("escaped.txt"))


def test_a_network_for_other_programs_is_written_by_the_training_program(
    dialog: ModelsDialog, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog.export_to(tmp_path / "network.tflite")
    qtbot.waitUntil(lambda: dialog.words.text() == "Written to network.tflite.")
    assert (tmp_path / "network.tflite").read_bytes() == ModelPackage.open(places.bundled_model()).network_bytes
    qtbot.waitUntil(lambda: not dialog._converter.running)
    dialog.export_to(tmp_path / "network.onnx")
    qtbot.waitUntil(lambda: "onnx" in dialog.words.text() and "…" not in dialog.words.text())
    assert not (tmp_path / "network.onnx").exists()
    qtbot.waitUntil(lambda: not dialog._converter.running)
    dialog.export_to(tmp_path / "network.keras")
    qtbot.waitUntil(lambda: dialog.words.text() == "Written to network.keras.", timeout=120_000)
    with zipfile.ZipFile(tmp_path / "network.keras") as written:  # the format of Keras 3
        assert {"config.json", "metadata.json", "model.weights.h5"} <= set(written.namelist())
        layers = json.loads(written.read("config.json"))["config"]["layers"]
        size = ModelPackage.open(places.bundled_model()).card.input_size
        assert layers[0]["config"]["batch_shape"] == [None, size, size, 1]
        assert layers[-1]["name"] == "score"
    qtbot.waitUntil(lambda: not dialog._converter.running)
    monkeypatch.setattr("pneumo_desktop.training_program.command", lambda: None)
    dialog.export_to(tmp_path / "network.keras")
    assert dialog.words.text().startswith("The training component is not installed: ")


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


def _in_use(window: MainWindow) -> str | None:
    """The model that the window takes to be in use."""
    active = window.model_of_row._active
    return active.card.model_id if active is not None else None


def test_a_switch_that_runs_when_the_models_dialog_is_closed_is_told(
    window: MainWindow, services: Services, second: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.install_model(second)
    qtbot.waitUntil(lambda: _in_use(window) is not None)

    def switch_and_close(dialog: ModelsDialog) -> int:
        qtbot.waitUntil(lambda: dialog.table.rowCount() == 2)
        dialog.table.selectRow([info.model_id for info in dialog._models].index("clinic-1"))
        dialog.activate_chosen()
        dialog.done(0)
        return 0

    monkeypatch.setattr(ModelsDialog, "exec", switch_and_close)
    window.doors.show_models()
    qtbot.waitUntil(lambda: _in_use(window) == "clinic-1")


def test_a_switch_that_runs_when_the_training_dialog_is_closed_is_told(
    window: MainWindow, services: Services, second: Path, qtbot: QtBot
) -> None:
    services.install_model(second)
    qtbot.waitUntil(lambda: _in_use(window) is not None)
    window.doors.show_training()
    training, switching = window.doors._training, threading.Event()
    assert training is not None

    def switch() -> None:
        switching.set()
        services.activate_model("clinic-1")

    training.decision._background.submit(switch, lambda _nothing: training.decision.activated.emit())
    assert switching.wait(60)
    training.close()
    qtbot.waitUntil(lambda: _in_use(window) == "clinic-1")


def test_a_switch_that_is_refused_keeps_the_models_dialog_open(
    dialog: ModelsDialog, services: Services, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BadPackageError("reference", "")

    monkeypatch.setattr(services, "roll_back_model", refuse)
    dialog.go_back()
    dialog.done(0)
    assert dialog.isVisible()
    assert dialog.words.text().startswith("The model is not used. ")
    dialog.done(0)
    assert not dialog.isVisible()


def test_the_package_is_opened_once_for_all_threads(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, both, open_model = list[Path](), threading.Barrier(2), services.open_model

    def slow(path: Path) -> ModelPackage:
        opened.append(path)
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # so long the other thread may come in
        return open_model(path)

    monkeypatch.setattr(services, "open_model", slow)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _number: services.package(), range(2))
    assert first is second
    assert len(opened) == 1


def test_a_switch_while_the_package_is_opened_is_not_lost(
    services: Services, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.install_model(second)
    opening, go_on, open_model = threading.Event(), threading.Event(), services.open_model

    def held(path: Path) -> ModelPackage:
        package = open_model(path)
        if not opening.is_set():
            opening.set()
            go_on.wait(60)
        return package

    monkeypatch.setattr(services, "open_model", held)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(services.package)
        assert opening.wait(60)
        switch = pool.submit(services.activate_model, "clinic-1")
        wait([switch], 0.5)  # it waits for the opening, or passes by it
        go_on.set()
    assert services.package().card.model_id == "clinic-1"


def test_the_models_dialog_says_that_it_is_reading(services: Services, qtbot: QtBot) -> None:
    fresh = ModelsDialog(services)
    qtbot.addWidget(fresh)
    assert fresh.card.placeholderText() == fresh.words.text() == "Reading the models…"
    qtbot.waitUntil(lambda: fresh.table.rowCount() == 1)
    assert fresh.card.placeholderText() == fresh.words.text() == ""
    fresh.close()


def test_without_any_model_the_models_dialog_says_what_to_do(
    services: Services, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.registry, "list", list)
    dialog = ModelsDialog(services)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: dialog.words.text() == "")
    assert dialog.table.without_rows.startswith("No model can be opened here. Please import one")
    assert [button.isEnabled() for button in (dialog.activate, dialog.import_model)] == [False, True]
    dialog.close()


def test_a_result_stays_that_of_its_model_until_it_is_read_again(
    window: MainWindow, services: Services, second: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    package = ModelPackage.open(second)
    points = {population: OperatingPoint(0.01, 0.0, 0.02) for population in package.card.operating_points}
    card = replace(package.card, name="Clinic", operating_points=points, metrics={})
    write_package(second, card, package.network_bytes, package.arrays, package.reference)
    films = tmp_path / "films"
    films.mkdir()
    for path in FIXTURES.glob("*.jpeg"):
        shutil.copyfile(path, films / path.name)
    window.start([films])
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    window.queue.choose(1)
    qtbot.waitUntil(lambda: "AUC" in window.result.model.text())
    before = window.queue.model.all_rows()
    assert not window.model_offer.isVisible()
    assert not window.result.read_again.isVisible()

    services.install_model(second)
    services.activate_model("clinic-1")
    window.doors.model_changed.emit()
    qtbot.waitUntil(window.model_offer.isVisible)
    qtbot.waitUntil(lambda: "AUC" in window.result.model.text())  # of the model that read it
    assert "pneumo-" in window.result.model.text()
    assert "Clinic (clinic-1)" in window.result.other_model.text()
    assert window.queue.model.all_rows() == before
    chosen = window.queue.current_row()
    window.result.read_again.click()
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    rows = window.queue.model.all_rows()
    assert [row.entry_id for row in rows] == [row.entry_id for row in before]
    assert {row.judgement.model_id for row in rows if row.judgement} == {"clinic-1"}
    now = window.queue.current_row()
    assert now is not None and chosen is not None and now.entry_id == chosen.entry_id
    assert now.judgement is not None and now.judgement.operating_point == OperatingPoint(0.01, 0.0, 0.02)
    qtbot.waitUntil(lambda: "clinic-1" in window.result.model.text())
    assert not window.result.read_again.isVisible()
    assert not window.model_offer.isVisible()

    services.roll_back_model()  # what the first model said was not lost
    window.doors.model_changed.emit()
    qtbot.waitUntil(window.model_offer.isVisible)
    window.model_offer.yes.click()
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    assert [row.judgement for row in window.queue.model.all_rows()] == [row.judgement for row in before]


def test_a_result_names_its_model_although_none_is_in_use(
    window: MainWindow, services: Services, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", films / "film.jpeg")
    window.start([films])
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    window.queue.choose(0)
    (row,) = window.queue.model.all_rows()
    qtbot.waitUntil(lambda: "AUC" in window.result.model.text())
    shown = window.result.model.text()

    def none() -> ModelPackage:
        raise NoModelError("missing")

    monkeypatch.setattr(services, "package", none)
    window.doors.model_changed.emit()
    qtbot.waitUntil(lambda: window.model_of_row._active is None)
    qtbot.waitUntil(lambda: "AUC" in window.result.model.text())
    assert window.result.model.text() == shown
    assert not window.result.read_again.isVisible()  # there is nothing to read it with
    monkeypatch.setattr(services.registry, "list", list)
    window.model_of_row.look()
    assert row.judgement is not None
    gone = f"{row.judgement.model_id}, which is not installed any more."
    qtbot.waitUntil(lambda: window.result.model.text() == gone)
    window.clear_list()
    assert window.result.model.text() == "No model is loaded."
