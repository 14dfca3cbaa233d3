"""A clinic whose images are DICOM files: their patients are kept apart, and a model learns from them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pneumo_desktop import places
from pneumo_desktop.imaging.phantom import chest
from tests import making

from .conftest import SIDE, Ended, job_at

Here = Callable[..., Ended]


def test_dicom_files_are_dealt_by_their_patients_and_learnt_from(here: Here, tmp_path: Path) -> None:
    patient_of = {}
    for label, ill in (("NORMAL", False), ("PNEUMONIA", True)):
        (tmp_path / "films" / label).mkdir(parents=True)
        for number in range(24):
            pixels = chest(10_000 * ill + number, ill, (SIDE, SIDE)).astype(np.uint16) * 16
            name, patient = f"{label}/{number:03d}", f"{label[0]}{number // 2}"  # no suffix, two films a patient
            twin = {"PhotometricInterpretation": "MONOCHROME1"} if number % 2 else {}
            film = making.dataset(4095 - pixels if twin else pixels, PatientID=patient, **twin)
            (tmp_path / "films" / name).write_bytes(making.written(film))
            patient_of[name] = patient
    job = job_at(tmp_path / "job", folder=tmp_path / "films", base=places.bundled_model())
    ended = here("train", job)
    assert ended.last["event"] == "done", ended.last
    parts = json.loads((job / "scan.json").read_text("utf-8"))["parts"]
    assert set(parts) == set(patient_of)
    found = defaultdict(set)
    for name, part in parts.items():
        found[patient_of[name]].add(part)
    assert all(len(of_patient) == 1 for of_patient in found.values())
    assert set(parts.values()) == {"train", "val", "test"}
    assert (job / "new.pneumo").is_file()
