"""What several journeys need: the program on an empty data folder, and files that are too large or personal to keep."""

from __future__ import annotations

import io
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.radiograph import Radiograph
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading import pipeline
from pneumo_desktop.records.store import Store
from tests.using_the_window import FIXTURES, open_window

LONG = 120_000
"""Milliseconds that a child process may take on a busy computer."""


def _dicom_of(picture: Path, age: str, negative: bool = False) -> bytes:
    """Return a picture as DICOM of an invented patient: 12 bits, 0.5 mm a pixel; ``negative`` is MONOCHROME1."""
    grey = np.asarray(Image.open(picture).convert("L"), dtype=np.uint16) * 16
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    dataset.PatientName, dataset.PatientID, dataset.PatientAge = "Testkind^Anna", "T-1", age
    dataset.StudyDate, dataset.Modality, dataset.ViewPosition = "20220615", "DX", "AP"
    dataset.Rows, dataset.Columns = grey.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelSpacing = [0.5, 0.5]
    dataset.WindowCenter, dataset.WindowWidth = 2048, 4096
    dataset.PhotometricInterpretation = "MONOCHROME1" if negative else "MONOCHROME2"
    dataset.PixelData = (4095 - grey if negative else grey).astype("<u2").tobytes()
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow computer is no error: what is waited for may take a minute, not pytest-qt's five seconds."""
    wait = QtBot.waitUntil

    def patient(self: QtBot, callback: Callable[[], Any], *, timeout: int = 60_000) -> None:
        wait(self, callback, timeout=timeout)

    monkeypatch.setattr(QtBot, "waitUntil", patient)


@pytest.fixture
def dicom_of() -> Callable[..., bytes]:
    """Makes a DICOM file of a picture."""
    return _dicom_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four films, one of them twice, a broken file and one that is no image."""
    made = tmp_path / "Röntgen ñ Ж"
    (made / "inner").mkdir(parents=True)
    for path in FIXTURES.glob("*.jpeg"):
        shutil.copyfile(path, made / path.name)
    shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", made / "inner" / "twin.jpg")
    (made / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    (made / "notes.txt").write_text("no image")
    return made


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fast computer must not be done before it can be stopped."""
    decode = pipeline.decode

    def slowly(*rest: Any, **named: Any) -> Radiograph:
        time.sleep(0.05)
        return decode(*rest, **named)

    monkeypatch.setattr(pipeline, "decode", slowly)


def many_films(folder: Path, count: int) -> Path:
    """Put ``count`` films, each of other bytes, into ``folder`` and return it."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"more-{number:03}.jpeg"
        path.write_bytes((FIXTURES / "IM-0131-0001.jpeg").read_bytes() + f"{folder.name} {number}".encode())
    return folder


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The program's services on an empty data folder."""
    made = Services.create(tmp_path / "data")
    yield made
    made.close()


@pytest.fixture
def elsewhere(services: Services) -> Iterator[Store]:
    """The same records, as another window has them open."""
    made = Store(services.store.path)
    yield made
    made.close()


@pytest.fixture
def window(services: Services, qtbot: QtBot) -> Iterator[MainWindow]:
    """The real window, shown."""
    made = open_window(services, qtbot)
    yield made
    made.close()


@pytest.fixture
def dialog(services: Services, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainingDialog]:
    """The training dialog of somebody who agrees to every question; a journey with another dialog has its own."""
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *_arguments: yes)
    monkeypatch.setattr(TrainingDialog, "may_close", lambda _self: True)
    made = TrainingDialog(services)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """22 generated films of each class, of 21 patients each."""
    folder = tmp_path_factory.mktemp("clinic")
    for number in range(22):
        patient = max(1, number)
        for pneumonia, name in (
            (False, f"NORMAL/IM-{patient:04d}-{number:04d}.png"),
            (True, f"PNEUMONIA/person{patient}_virus_{number}.png"),
        ):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), chest(number + 500 * pneumonia, pneumonia, (128, 128)))
    return folder


def scan(dialog: TrainingDialog, folder: Path, qtbot: QtBot) -> None:
    dialog.take_folder(folder)
    qtbot.waitUntil(lambda: not dialog.data.scanning, timeout=LONG)


def findings(dialog: TrainingDialog) -> dict[str, str]:
    return {finding["code"]: finding["severity"] for finding in dialog.data.scan.get("findings", [])}


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The bundled model under another name."""
    package = ModelPackage.open(places.bundled_model())
    path = tmp_path / "second.pneumo"
    card = replace(package.card, model_id="clinic-1", parent=package.card.model_id)
    write_package(path, card, package.network_bytes, package.arrays, package.reference)
    return path
