"""Is this installation, on this computer, as it should be? Checked at the first start and whenever it is asked."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pneumo_desktop import __version__, computer, places
from pneumo_desktop.app import NoModelError, Services, why_not
from pneumo_desktop.imaging import apart
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.opencv import cv2
from pneumo_desktop.reading.reference import TOLERANCE, largest_difference
from pneumo_desktop.records.opening import NewerDatabaseError, RecordsError
from pneumo_desktop.words import in_language, ntr, tr
from pneumo_desktop.words.system_errors import system_words

NEEDED_MEMORY_MB = 350
"""What reading takes at most (bench/memory.py)."""

NEEDED_DISK_MB = 200
"""Room for the records of about 50,000 radiographs with their heat maps."""

_LIBRARIES = (
    "numpy", "opencv-python-headless", "ai-edge-litert", "PySide6-Essentials", "Pillow", "pydicom", "python-gdcm",
    "pylibjpeg-openjpeg", "pyjpegls",
)  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``sentence`` tells it to the person in front of the screen."""

    name: str
    fine: bool
    sentence: str


@dataclass(frozen=True)
class Report:
    """Everything that was checked, and the numbers an engineer asks for (JSON values)."""

    checks: tuple[Check, ...]
    numbers: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Return whether all is as it should be."""
        return all(check.fine for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        checks = {check.name: {"fine": check.fine, "sentence": check.sentence} for check in self.checks}
        return {"passed": self.passed, **self.numbers, "checks": checks}


def _processor() -> Check:
    features = computer.processor_features()
    words = tr("Processor: {features}.").format(features=", ".join(features) or tr("none of the extensions asked for"))
    if not computer.has_avx():
        lacking = tr("It lacks AVX: images are read as usual, but a network cannot be trained from scratch here.")
        words = f"{words} {lacking}"
    return Check("processor", True, words)


def _memory() -> Check:
    free = computer.free_memory_mb()
    if free < NEEDED_MEMORY_MB:
        text = tr("Memory: only {free} MB are free and reading takes up to {needed} MB. Please close other programs.")
        return Check("memory", False, text.format(free=free, needed=NEEDED_MEMORY_MB))
    return Check("memory", True, tr("Memory: {free} MB are free.").format(free=free))


def _disk(folder: Path) -> Check:
    free = computer.free_disk_mb(folder)
    if free < NEEDED_DISK_MB:
        text = tr("Disk: only {free} MB are free where the results are kept ({folder}). Please make room.")
        return Check("disk", False, text.format(free=free, folder=folder))
    return Check("disk", True, tr("Disk: {free} MB are free for results.").format(free=free))


def _data_folder(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        text = tr("Results cannot be kept in {folder}: {why}. Please choose a folder that can be written.")
        return Check("data_folder", False, text.format(folder=folder, why=system_words(problem)))
    return Check("data_folder", True, tr("Results are kept in {folder}.").format(folder=folder))


def _built_hash() -> str | None:
    """Return the SHA-256 of the bundled model as it was built, or None where no installer put the program here."""
    folder = places.installation()
    if folder is None:
        return None
    try:
        files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
        return str(files[places.bundled_model().relative_to(folder).as_posix()]["sha256"])
    except (OSError, ValueError, KeyError):
        return ""


def _model(package: ModelPackage) -> Check:
    built = _built_hash() if package.path == places.bundled_model() else None
    if built is not None and built != package.sha256:
        text = tr("Model: {model} is not the one that was built. Please install the program again.")
        return Check("model", False, text.format(model=package.card.model_id))
    text = tr("Model: {model} (sha256 {digest}).")
    return Check("model", True, text.format(model=package.card.model_id, digest=package.sha256))


def _scores(package: ModelPackage, difference: float) -> Check:
    count = len(package.reference)
    fine = difference <= TOLERANCE
    if fine:
        text = ntr(
            "Scores: {count} reference image has the score it should have (largest difference {difference}).",
            "Scores: {count} reference images have the scores they should have (largest difference {difference}).",
            count,
        )
    else:
        text = tr(
            "Scores: the {count} reference images have other scores than they should (difference {difference}). "
            "Please do not read with this program; install it again."
        )
    return Check("scores", fine, text.format(count=count, difference=in_language(f"{difference:.1g}")))


def _decoder() -> Check:
    film = chest(1, pneumonia=False, size=(96, 80))
    try:
        decoded = apart.decode(Entry(Path()), cv2.imencode(".png", film)[1].tobytes(), "").pixels
    except UnreadableImageError as problem:
        text = tr(
            "Decoder: it does not start ({why}), so DICOM files cannot be read. Please install the program again."
        )
        return Check("decoder", False, text.format(why=problem.detail))
    return Check("decoder", bool((decoded == film).all()), tr("Decoder: it runs in a process of its own."))


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def examine(services: Services) -> Report:
    """Look at processor, memory, disk, data folder, the model's hash and its reference scores: under a second."""
    checks = [_processor(), _memory(), _disk(services.folder), _data_folder(services.folder), _decoder()]
    numbers: dict[str, Any] = {
        "program": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in _LIBRARIES},
        "cpu_flags": list(computer.processor_features()),
        "memory_mb": computer.free_memory_mb(),
        "disk_mb": computer.free_disk_mb(services.folder),
        "data_folder": str(services.folder),
    }
    try:
        package = services.package()
        difference = largest_difference(package)
    except (NoModelError, BadPackageError):
        text = tr("Model: none could be opened. Results can be seen and exported, but nothing can be read.")
        what_to_do = tr("Please choose or import another model, or install the program again.")
        checks.append(Check("model", False, f"{text} {what_to_do}"))
    else:
        checks += [_model(package), _scores(package, difference)]
        numbers["model"] = {"model_id": package.card.model_id, "sha256": package.sha256}
        numbers["reference"] = {
            "images": len(package.reference),
            "largest_difference": difference if package.reference else None,
            "tolerance": TOLERANCE,
        }
    return Report(tuple(checks), numbers)


def examine_folder(data_dir: Path | None, model: Path | None = None) -> Report:
    """Look at the installation with the records of a data folder; where they do not open, say so and look at all the rest.

    ``model`` is a package to use instead of the active one; raises BadPackageError for it.
    """
    trouble = ""
    with contextlib.ExitStack() as spare:
        try:
            services = Services.create(data_dir, model)
        except (NewerDatabaseError, RecordsError, OSError) as problem:
            trouble = why_not(problem)
            folder = spare.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
            services = Services.create(Path(folder), model)
        try:
            report = examine(services)
        finally:
            services.close()
    if not trouble:
        return report
    about_the_folder = {"disk", "data_folder"}
    checks = [check for check in report.checks if check.name not in about_the_folder]
    numbers = report.numbers | {"data_folder": str(places.data_path(data_dir)), "disk_mb": None}
    return replace(report, checks=(Check("data_folder", False, trouble), *checks), numbers=numbers)
