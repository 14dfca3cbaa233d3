"""Puts the rooms together: the one place that constructs services. No Qt."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pneumo_desktop import places
from pneumo_desktop.models.card import BadPackageError, Card
from pneumo_desktop.models.registry import ModelInfo, Registry
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.reading.vouched import Vouched
from pneumo_desktop.records.opening import NewerDatabaseError, RecordsError
from pneumo_desktop.records.presence import Presence
from pneumo_desktop.records.rows import Row, UnfinishedQueue
from pneumo_desktop.records.store import Store
from pneumo_desktop.words import tr
from pneumo_desktop.words.sentences import sentence
from pneumo_desktop.words.system_errors import system_words

if TYPE_CHECKING:  # the reading itself is imported when the first image is read
    from pneumo_desktop.models.package import ModelPackage
    from pneumo_desktop.reading.pipeline import Callbacks, Pipeline
    from pneumo_desktop.reading.reader import Reader


class NoModelError(Exception):
    """No model opens: results can be seen and exported, but nothing can be read."""


RECORDS = "records.sqlite"
"""The file of the results and decisions in the data folder."""

CREATE_ERRORS = (NewerDatabaseError, RecordsError, BadPackageError, OSError)
"""What ``Services.create`` raises."""


def why_not(problem: Exception) -> str:
    """Return a sentence for one of ``CREATE_ERRORS``: what is wrong with the data folder or the model, and what to do."""
    if isinstance(problem, NewerDatabaseError):
        text = tr("The records in {name} were written by a newer version of this program. Please update the program.")
        return text.format(name=problem.path)
    if isinstance(problem, RecordsError):
        text = tr("The records in {name} cannot be opened: {why}. Please check the folder's permissions and the disk.")
        return text.format(name=problem.path, why=system_words(problem.why))
    if isinstance(problem, BadPackageError):
        return sentence(problem.code)
    text = tr("{name} could not be read or written: {why}.")
    why = system_words(problem) if isinstance(problem, OSError) else str(problem)
    return text.format(name=getattr(problem, "filename", "") or "", why=why)


class Services:
    """Store, registry and active model of one data folder. Close at the end; running pipelines are ended first."""

    def __init__(self, folder: Path, store: Store, registry: Registry, model: Path | None) -> None:
        self.folder = folder
        self.store = store
        self.registry = registry
        self._model = model
        self._package: ModelPackage | None = None
        self._package_lock = threading.Lock()
        self._pipelines: list[Pipeline] = []
        self.begun: set[int] = set()
        """The queues that this process has read from, to their end or not: none of an earlier sitting."""
        self._presence = Presence(folder)
        self.vouched = Vouched(store)

    @staticmethod
    def create(data_dir: Path | None = None, model: Path | None = None) -> Services:
        """Open the data folder; ``model`` is a package to use instead of the active one, without installing it.

        Raises NewerDatabaseError, RecordsError, OSError, or BadPackageError for ``model`` (``CREATE_ERRORS``).
        """
        folder = places.data_dir(data_dir)
        registry = Registry(folder / "models", places.bundled_model())
        services = Services(folder, Store(folder / RECORDS), registry, model)
        if model is not None:
            try:
                services._package = services.open_model(model)
            except BaseException:
                services.close()
                raise
        return services

    def package(self) -> ModelPackage:
        """Return the package in use, one object for all threads; raises NoModelError when there is none."""
        with self._package_lock:  # held while it is opened: a switch meanwhile comes after it, and is not lost
            if self._package is None:
                if self._model is not None:
                    self._package = self.open_model(self._model)
                else:
                    try:
                        self._package = self.open_model(self._active_path())
                    except BadPackageError as problem:  # the records can still be seen and exported
                        raise NoModelError(problem.code) from problem
            return self._package

    def open_model(self, path: Path) -> ModelPackage:
        """Open a package, installed or not; one that was never tried is tried in a process of its own first.

        Raises BadPackageError that names ``path``; code ``hash`` where the file that was tried is not the one that was opened.
        """
        from pneumo_desktop.models.package import ModelPackage

        try:
            package = ModelPackage.open(path)
            self.vouched.vouch(package, path)
        except BadPackageError as problem:
            problem.path = path
            raise
        return package

    def _active_path(self) -> Path:
        """Return the active package. With nothing installed it is the bundled one: no need to open it twice."""
        bundled = places.bundled_model()
        if bundled.is_file() and not any((self.folder / "models").glob("*.pneumo")):
            return bundled
        active = self.registry.active()
        if active is None:
            raise NoModelError
        return active.path

    def card(self) -> Card | None:
        """Return the card of the model in use, or None where no model opens."""
        try:
            return self.package().card
        except NoModelError:
            return None

    @staticmethod
    def bundled_card() -> Card | None:
        """Return the card of the bundled model, or None where it does not open."""
        from pneumo_desktop.models.package import ModelPackage

        try:
            return ModelPackage.open(places.bundled_model()).card
        except BadPackageError:
            return None

    def install_model(self, path: Path) -> ModelInfo:
        """Verify a package (hashes, card, network, reference scores) and install it; it is not activated.

        Raises BadPackageError; then nothing has changed.
        """
        from pneumo_desktop.reading.reference import TOLERANCE
        from pneumo_desktop.reading.trial import try_package

        tried = try_package(path)
        if not tried.difference <= TOLERANCE:
            raise BadPackageError("reference", f"the scores differ by {tried.difference}")
        info = self.registry.install(path, tried.sha256)
        self.vouched.passed(tried.sha256)
        return info

    def activate_model(self, model_id: str, reason: str = "") -> ModelInfo:
        """Read with another installed model from now on; ``reason`` says why, where it is worse.

        Raises UnknownModelError, ReasonNeededError, or BadPackageError where it was put there by hand and fails its
        trial; then nothing has changed.
        """
        self.open_model(self.registry.get(model_id).path)
        info = self.registry.activate(model_id, reason)
        self.model_changed()
        return info

    def roll_back_model(self) -> ModelInfo | None:
        """Go back to the model that was active before; the bundled one at the end. Raises as ``activate_model``."""
        before = self.registry.before()
        if before is not None:
            self.open_model(before.path)
        info = self.registry.rollback()
        self.model_changed()
        return info

    def model_changed(self) -> None:
        """Forget the opened package, after another one was activated."""
        with self._package_lock:
            self._package = None

    def make_reader(self, analyse_outside: bool = False) -> Reader:
        """Return a new reader for one thread."""
        from pneumo_desktop.reading.reader import Reader

        return Reader(self.package(), analyse_outside)

    def start_queue(
        self,
        paths: Sequence[Path],
        callbacks: Callbacks,
        population: Population = Population.NOT_KNOWN,
        analyse_outside: bool = False,
        examples: bool = False,
    ) -> Pipeline:
        """Start reading ``paths`` as a new queue; whole paths, so that it can be resumed from another folder."""
        paths = [path.absolute() for path in paths]
        label = paths[0].name if len(paths) == 1 else f"{paths[0].name} (+{len(paths) - 1})"
        self._presence.begin()  # before another process can see the queue
        queue_id = self.store.new_queue(label, population, examples, paths)
        return self._run(queue_id, paths, callbacks, population, analyse_outside)

    def judge_outside(self, row: Row, wanted: bool) -> Row:
        """Give a verdict on a radiograph outside the model's population, or withhold it again, and return the new row.

        What was chosen is recorded with the result; the other result stays in the records. Raises UnreadableImageError,
        also where the file is no longer the one that was read.
        """
        from pneumo_desktop.imaging.load import load
        from pneumo_desktop.records.rows import NewResult, PatientFields

        told = self.store.told_population(row.entry_id)
        radiograph = load(row.entry, known=row.sha256)
        reading = self.make_reader(wanted).read(radiograph, told)
        patient = PatientFields(row.patient_name, row.patient_id, row.study_date)
        new = NewResult(
            row.entry_id, row.entry.frame, radiograph.sha256, reading.judgement, told, wanted, reading.heat_map, patient
        )
        return self.store.save_results([new])[0]

    def read_anew(self, rows: Sequence[Row], only_changed: bool = False) -> list[Row]:
        """Read the one file of ``rows`` as it is now, as an image of what was told of their queues; return what this changes.

        ``only_changed`` leaves alone those that hold its content already. What is known of that content is taken. Raises
        UnreadableImageError; then nothing has changed.
        """
        from pneumo_desktop.imaging.load import decode, sha256_of
        from pneumo_desktop.imaging.sources import read_bytes
        from pneumo_desktop.reading.pipeline import known_reading, patient_of
        from pneumo_desktop.reading.reader import Reader
        from pneumo_desktop.records.rows import NewResult

        entry = rows[0].entry
        data = read_bytes(entry)
        sha256 = sha256_of(data)
        package, changed = self.package(), list[Row]()
        reader = Reader(package)
        for row in rows:
            if only_changed and row.sha256 == sha256:
                continue
            saved = None
            while saved is None:  # whose images they are may be told, and the model switched, while one is read
                told = self.store.queue_population(row.queue_id)
                reading = known_reading(self.store, reader, sha256, entry.frame, package.sha256, told, False)
                if reading is not None:
                    patient = self.store.patient_of(sha256)
                else:
                    radiograph = decode(entry, data, sha256)
                    reading, patient = reader.read(radiograph, told), patient_of(radiograph)
                if (now := self.package()).sha256 != package.sha256:
                    package, reader = now, Reader(now)
                    continue
                new = NewResult(
                    row.entry_id, entry.frame, sha256, reading.judgement, told, False, reading.heat_map, patient
                )
                saved = self.store.save_as_told(new, row.queue_id)
            changed += saved
            self.store.end_reading(row.queue_id)  # it may have been the last one that was out of reach
        return changed

    def resume_queue(self, queue_id: int, population: Population, callbacks: Callbacks) -> Pipeline:
        """Go on with the entries of a queue that are to be read, the first time or again."""
        self._presence.begin()
        return self._run(queue_id, None, callbacks, population, False)

    def _run(
        self,
        queue_id: int,
        paths: Sequence[Path] | None,
        callbacks: Callbacks,
        population: Population,
        analyse_outside: bool,
    ) -> Pipeline:
        from pneumo_desktop.reading.pipeline import Pipeline
        from pneumo_desktop.reading.reader import Reader

        package = self.package()
        pipeline = Pipeline(
            lambda: Reader(package, analyse_outside), package.sha256, self.store, queue_id, callbacks,
            population, analyse_outside,
        )  # fmt: skip
        self._pipelines = [running for running in self._pipelines if running.running()]
        self._pipelines.append(pipeline)
        self.begun.add(queue_id)
        pipeline.start(paths)
        return pipeline

    @property
    def reading(self) -> bool:
        """True while images are read."""
        return any(pipeline.running() for pipeline in self._pipelines)

    def unfinished(self) -> list[UnfinishedQueue]:
        """Return the queues to go on with; none while another process reads in this data folder: they may be its own."""
        return [] if self._presence.others() else self.store.unfinished()

    def beside_others(self) -> tuple[bool, list[UnfinishedQueue]]:
        """Tell whether another process reads here, and return the queues that wait all the same: which it reads is not known."""
        return self._presence.others(), self.store.unfinished()

    def give_up(self, queue: UnfinishedQueue) -> None:
        """Never go on with a queue; one that another process has taken up since ``unfinished`` told it is left to that one."""
        if queue in self.unfinished():
            self.store.finish_queue(queue.queue_id)

    def close(self) -> None:
        """Cancel and wait for what runs, then close the store."""
        for pipeline in self._pipelines:
            pipeline.cancel()
        for pipeline in self._pipelines:
            pipeline.wait()
        self._presence.end()
        apart = sys.modules.get("pneumo_desktop.imaging.apart")  # where no picture was read there is nothing to end
        if apart is not None:
            apart.close()
        self.store.close()
