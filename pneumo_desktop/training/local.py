"""The clinic's own images, made ready: looked at, divided by patient, prepared once and kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.labelled import LabelledFolder, LabelsError, find
from pneumo_desktop.evaluation.summary import labels_sentence
from pneumo_desktop.file_lock import lock
from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION, squash
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, as_display
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.gate import check_file
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.reading.reader import Reader
from pneumo_desktop.reading.whose import split_by_age
from pneumo_desktop.training.cache import Rows, write_json
from pneumo_desktop.training.computer import missing
from pneumo_desktop.training.control import Control
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.findings import Finding, Severity, by_severity
from pneumo_desktop.training.job import Job
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.scan import Scan, scan
from pneumo_desktop.training.split import PARTS, Locked, LockedPartError, Split, patient_digest, split

_PREPARED = "prepared.json"
SHOWN_FOLDERS = 200
TEST_WARN_BELOW = 20
"""With fewer tested images of a class even a flawless sensitivity or specificity has an interval down to 0.83."""

_PATIENCE_SECONDS = 60.0
"""So long a training waits for another one that is at the file of the locked test part, which takes an instant."""


@dataclass(frozen=True)
class LocalImage:
    """One image to learn from. ``row`` is its place among the prepared pictures; age in years or None."""

    row: int
    name: str
    path: str
    member: str | None
    frame: int
    label: int
    part: str
    patient: str
    sha256: str
    age: float | None

    @property
    def entry(self) -> Entry:
        """Where the image can be read."""
        return Entry(Path(self.path), self.member, self.frame)

    def population(self, told: Population) -> Population:
        """Return whose image it is: the DICOM age goes before what the user said."""
        return split_by_age(self.age, told)


@dataclass(frozen=True, eq=False)
class LocalImages:
    """The images and their prepared pictures, (n, S, S) uint8 on disk, in the order of ``LocalImage.row``."""

    images: tuple[LocalImage, ...]
    pictures: npt.NDArray[np.uint8]

    def part(self, name: str) -> list[LocalImage]:
        """Return the images of one part: ``train``, ``val`` or ``test``."""
        return [image for image in self.images if image.part == name]

    def picture(self, image: LocalImage) -> npt.NDArray[np.uint8]:
        """Return the prepared picture, (S, S) uint8."""
        return np.asarray(self.pictures[image.row])

    @property
    def fingerprint(self) -> str:
        """A digest of all images and labels, whatever their names."""
        lines = sorted(f"{image.sha256} {image.label}" for image in self.images)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def labelled(folder: Path, csv: Path | None, mapping: Mapping[str, int]) -> LabelledFolder:
    """Return what is labelled there; raises Problem(code='labels')."""
    try:
        return find(csv if csv is not None else folder, mapping or None)
    except LabelsError as error:
        raise LabelsProblem(error) from error


class LabelsProblem(Problem):
    """No labels were found; the sentence is the one of ``evaluation``."""

    def __init__(self, error: LabelsError) -> None:
        super().__init__("labels", str(error))
        self.text = labels_sentence(error)
        self.folders = dict(sorted(error.folders.items())[:SHOWN_FOLDERS])


def locked_part(path: Path) -> Locked:
    """Return the locked test part of earlier trainings; raises Problem, code ``locked_part`` or ``locked_unreadable``."""
    try:
        return Locked.load(path)
    except LockedPartError as error:
        code = "locked_part" if error.code == "damaged" else "locked_unreadable"
        raise Problem(code, str(error), path=path) from error


@contextlib.contextmanager
def _alone_at(path: Path) -> Iterator[None]:
    """Keep other trainings from the file of the locked test part; raises Problem(code='locked_unreadable').

    Nothing is held on a disk that knows no locks, or where the file beside it cannot be made.
    """
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            stream = held.enter_context(path.with_name(path.name + ".lock").open("a+b"))
            try:
                lock(stream, _PATIENCE_SECONDS)
            except BlockingIOError as error:
                raise Problem("locked_unreadable", str(error), path=path) from error
        yield


def divide(result: Scan, locked: Locked, parts: str, seed: int) -> Split:
    """Return the split; with ``parts`` ``folder`` the folder's own test part is locked too."""
    if parts == "folder":
        own = [image for image in result.images if image.part == "test"]
        locked = Locked(
            locked.patients | {patient_digest(image.patient) for image in own if image.patient},
            locked.images | {image.sha256 for image in own},
        )
    return split(result.images, result.near, seed, locked=locked)


def refusal_of(package: ModelPackage) -> Callable[[Radiograph], str | None]:
    """Return the gate as a function: a reason code for an image that reading would refuse, or None."""
    reader = Reader(package, analyse_outside=True)

    def refuse(radiograph: Radiograph) -> str | None:
        reading = reader.read(radiograph)
        refused = reading.heat_map is None and reading.judgement.reason is not None
        return str(reading.judgement.reason) if refused else None

    return refuse


def scan_document(
    result: Scan, found: LabelledFolder, dealt: Split | None, locked: Locked, shown: int = SHOWN_FOLDERS
) -> dict[str, Any]:
    """Return what scan.json holds (docs/training-events.md)."""
    document = dict(result.as_json())
    document["folders"] = dict(sorted((found.folders or {}).items())[:shown])
    document["split"], document["parts"], document["locked"] = None, {}, {"images": 0, "kept": False}
    if dealt is not None:
        patients = {part: {i.patient or i.name for i in result.images if dealt.parts[i.name] == part} for part in PARTS}
        document["split"] = {
            part: {"normal": normal, "pneumonia": pneumonia, "patients": len(patients[part])}
            for part, (normal, pneumonia) in dealt.counts.items()
        }
        document["parts"] = dict(dealt.parts)
        kept = any(map(locked.holds, result.images))
        document["locked"] = {"images": sum(dealt.counts["test"]), "kept": kept}
    return document


def with_parts(result: Scan, dealt: Split) -> Scan:
    """Return the scan with what is wrong with the parts that training would use.

    One class only to learn or choose from forbids training; few of a class in the locked test part warn.
    """
    wrong = [
        Finding("part_one_class", Severity.ERROR, {"part": part})
        for part in ("train", "val")
        if min(dealt.counts[part]) == 0
    ]
    normal, pneumonia = dealt.counts["test"]
    few = []
    if min(normal, pneumonia) < TEST_WARN_BELOW:
        few.append(Finding("test_few", Severity.WARNING, {"normal": normal, "pneumonia": pneumonia}))
    return replace(result, findings=(*wrong, *by_severity((*result.findings, *few))))


class Blocked(Problem):
    """The scan's findings forbid training."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("blocked", ", ".join(finding.code for finding in findings))
        self.findings = tuple(findings)


def prepare_images(job: Job, size: int, events: Events, control: Control) -> LocalImages:
    """Look at every image once, divide them, and keep each as (size, size) uint8; a second call finds it done.

    Writes scan.json into the job's folder and the locked test part into its file. Raises Problem and OSError.
    """
    cache = job.folder_of_job / "cache"
    known = _known(job, size)
    if known is not None:
        return known
    found = labelled(job.folder, job.csv, job.mapping)
    locked_part(job.locked_file)  # what is wrong with it is told before minutes of looking
    count = len(found.images)
    needed = count * size * size // 2**20
    if needed > job.cache_mb:
        raise Problem("cache_bound", needed=needed, free=job.cache_mb)
    for problem in missing(job.architecture, size, int(job.batch or 0), count, [job.folder_of_job]):
        raise problem
    rows = Rows(cache, "pictures", f"{size} {PREPROCESSING_VERSION}", count, (size, size), np.uint8)
    rows.restart()
    ages: list[float | None] = []

    def keep(radiograph: Radiograph) -> str | None:
        # The scan has just decoded it: the picture is prepared in the same go, in the order of Scan.images.
        control.check()
        rows.append(squash(as_display(radiograph), size))
        ages.append(radiograph.age_years)
        refusal = check_file(radiograph)
        return refusal.reason.value if refusal is not None else None

    result = scan(found, keep, lambda done, of: events.progress("images", done, of))
    control.check()
    rows.flush()
    dealt = _lock_away(job, result, found)
    entries = {image.name: image.entry for image in found.images}
    images = []
    for row, (image, age) in enumerate(zip(result.images, ages, strict=True)):
        entry = entries[image.name]
        images.append(
            LocalImage(
                row, image.name, str(entry.path), entry.member, entry.frame, image.label, dealt.parts[image.name],
                image.patient or image.name, image.sha256, age,
            )
        )  # fmt: skip
    write_json(cache / _PREPARED, {"key": _key(job, size), "images": [asdict(image) for image in images]})
    return LocalImages(tuple(images), rows.rows)


def _lock_away(job: Job, result: Scan, found: LabelledFolder) -> Split:
    """Divide the images, write scan.json and add the test part to the locked one; raises Blocked, Problem and OSError.

    Another training may have locked images away while this one looked: all is done on what the file holds now, and
    no other one is at it meanwhile.
    """
    job.locked_file.parent.mkdir(parents=True, exist_ok=True)
    with _alone_at(job.locked_file):
        locked = locked_part(job.locked_file)
        dealt = None if result.blocked else divide(result, locked, job.parts, job.seed)
        shown = result if dealt is None else with_parts(result, dealt)
        write_json(job.folder_of_job / "scan.json", scan_document(shown, found, dealt, locked))
        if dealt is None or shown.blocked:
            raise Blocked([finding for finding in shown.findings if finding.severity is Severity.ERROR])
        dealt.locked.save(job.locked_file)
    return dealt


def _key(job: Job, size: int) -> list[Any]:
    return [str(job.folder), str(job.csv), dict(job.mapping), job.parts, job.seed, size, PREPROCESSING_VERSION]


def _known(job: Job, size: int) -> LocalImages | None:
    """Return what an earlier call prepared for the same settings, or None."""
    cache = job.folder_of_job / "cache"
    try:
        values = json.loads((cache / _PREPARED).read_text("utf-8"))
        state = json.loads((cache / "pictures.json").read_text("utf-8"))
        if values["key"] != json.loads(json.dumps(_key(job, size))):
            return None
        images = tuple(LocalImage(**row) for row in values["images"])
        count = int(state["key"][1][0])
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    rows = Rows(cache, "pictures", f"{size} {PREPROCESSING_VERSION}", count, (size, size), np.uint8)
    return LocalImages(images, rows.rows) if rows.done == len(images) else None
