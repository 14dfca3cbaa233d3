"""What is being read, and how: starts, pauses, stops and resumes the runs of a window, and knows whose images they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.gui.reading_run import ReadingRun
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.store import Row, Store

if TYPE_CHECKING:
    from pneumo_desktop.imaging.sources import LeftOut
    from pneumo_desktop.reading.pipeline import Progress


def folder_of(path: Path) -> Path:
    """Return the folder whose images ``path`` stands for: itself, or the one that the file lies in."""
    return path if path.is_dir() else path.parent


def _remember(store: Store, paths: Sequence[Path], population: Population) -> None:
    for folder in {folder_of(path) for path in paths}:
        store.set_folder_population(folder, population)


class ReadingDesk(QObject):
    """Everything that takes time happens on a thread of its own: opening the model, starting, waiting for the end."""

    began = Signal()
    rows = Signal(object)
    progress = Signal(object)
    left_out_changed = Signal(int)
    ended = Signal(bool)
    """All runs are over; True when some of what was found was not read."""
    failed = Signal(object)
    no_model = Signal()
    population_wanted = Signal(object)
    """A folder whose patients nobody has told of."""
    population_used = Signal(object)
    withdrawn = Signal(int)
    """A queue's rows leave the list, because its images are read again in another way."""

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._background = Background(1, self)
        self._runs: list[ReadingRun] = []
        self._progress: dict[ReadingRun, Progress] = {}
        self._from_records: dict[int, tuple[Population, ReadingRun | None]] = {}
        self.left_out: list[LeftOut] = []
        self.default_population = Population.NOT_KNOWN

    # starting

    def start(self, paths: Sequence[Path], examples: bool = False, population: Population | None = None) -> None:
        """Read ``paths`` as a new queue beside what is listed; without ``population``, as was told of their folder."""
        run = self._new_run(paths, examples)
        store = self._services.store

        def begin() -> Path | None:
            folder = folder_of(paths[0])
            told = population or store.folder_population(folder)
            used = told or self.default_population
            run.began(self._services.start_queue(paths, run.callbacks(), used, examples=examples), used)
            return None if told or examples else folder

        self._begin(run, begin)

    def resume(self, queue_id: int, population: Population, paths: Sequence[Path] = (), examples: bool = False) -> None:
        """Go on with a queue that was not finished; ``paths`` are what it was made of, where that is known."""
        run = self._new_run(paths, examples)
        if not paths:
            self._from_records[queue_id] = population, run
        self._begin(
            run,
            lambda: run.began(self._services.resume_queue(queue_id, population, run.callbacks()), population),
        )

    def lists(self, queue_id: int, population: Population) -> None:
        """Know of a queue of the records that is listed, so that ``tell`` reads it anew too."""
        self._from_records.setdefault(queue_id, (population, None))

    def _new_run(self, paths: Sequence[Path], examples: bool) -> ReadingRun:
        run = ReadingRun(paths, examples, self)
        run.rows.connect(self.rows)
        run.progress.connect(lambda progress: self._progressed(run, progress))
        run.left_out.connect(self._left_out_came)
        run.ended.connect(lambda error: self._run_ended(run, error))
        self._runs.append(run)
        self.began.emit()
        return run

    def _begin(self, run: ReadingRun, begin: Callable[[], Path | None]) -> None:
        """Call ``begin`` off the GUI thread; it returns a folder whose patients nobody has told of."""

        def begun(folder: Path | None) -> None:
            if not run.dropped:
                self.population_used.emit(run.population)
                if folder is not None:
                    self.population_wanted.emit(folder)

        def failed(error: Exception) -> None:
            run.drop()
            if run in self._runs:
                self._runs.remove(run)
            if isinstance(error, NoModelError):
                self.no_model.emit()
            else:
                self.failed.emit(error)
            self._tell_end()

        self._background.submit(begin, begun, failed)

    # under way

    def active_runs(self) -> list[ReadingRun]:
        """Return the runs that have not told their last row."""
        return [run for run in self._runs if run.active]

    @property
    def paused(self) -> bool:
        """True while a run is paused."""
        return any(run.pipeline is not None and run.pipeline.paused for run in self.active_runs())

    def toggle_pause(self) -> None:
        """Pause before the next image, or go on."""
        going_on = self.paused
        for run in self.active_runs():
            if run.pipeline is not None:
                (run.pipeline.resume if going_on else run.pipeline.pause)()

    def cancel(self) -> None:
        """Stop before the next image; what was not read can be resumed."""
        for run in self.active_runs():
            run.cancel()

    def go_on(self) -> None:
        """Go on with what was stopped in this sitting."""
        for run in [run for run in self._runs if run.cancelled and not run.active]:
            self._runs.remove(run)
            if run.pipeline is not None:
                self.resume(run.pipeline.queue_id, run.population, run.paths, run.examples)

    def _progressed(self, run: ReadingRun, progress: Progress) -> None:
        self._progress[run] = progress
        under_way = [self._progress[run] for run in self.active_runs() if run in self._progress]
        if not under_way:
            return
        lefts = [known.seconds_left for known in under_way]
        self.progress.emit(
            replace(
                progress,
                done=sum(known.done for known in under_way),
                total=sum(known.total for known in under_way),
                walking=any(known.walking for known in under_way),
                images_per_second=sum(known.images_per_second for known in under_way),
                seconds_left=None if None in lefts else max(left for left in lefts if left is not None),
            )
        )

    def _left_out_came(self, items: Sequence[LeftOut]) -> None:
        self.left_out.extend(items)
        self.left_out_changed.emit(len(self.left_out))

    def _run_ended(self, run: ReadingRun, error: BaseException | None) -> None:
        if error is not None:
            self.failed.emit(error)
        self._tell_end()

    def _tell_end(self) -> None:
        if not self.active_runs():
            self.ended.emit(any(run.cancelled and run.pipeline is not None for run in self._runs))

    # whose images

    def tell(self, population: Population, folder: Path | None = None) -> None:
        """Remember whose images a folder holds (every listed one without ``folder``) and read anew what it changes."""
        store = self._services.store
        for run in list(self._runs):
            if not run.paths or run.dropped or (folder is not None and folder_of(run.paths[0]) != folder):
                continue
            self._background.submit(partial(_remember, store, run.paths, population))
            if run.population is not population:
                self._withdraw(run)
                self.start(run.paths, run.examples, population)
        if folder is None:
            for queue_id, (told, before) in list(self._from_records.items()):
                if told is not population:
                    self._read_again(queue_id, population, before)

    def _read_again(self, queue_id: int, population: Population, before: ReadingRun | None) -> None:
        """Read the stored entries of a queue anew; what it was made of is not known any more."""
        if before is not None:
            before.drop()
            if before in self._runs:
                self._runs.remove(before)
        self.withdrawn.emit(queue_id)
        run = self._new_run((), False)
        self._from_records[queue_id] = population, run

        def begin() -> None:
            self._services.package()  # without a model the list stays as it is
            if before is not None and before.pipeline is not None:
                before.pipeline.wait()
            self._services.store.read_again(queue_id, population)
            run.began(self._services.resume_queue(queue_id, population, run.callbacks()), population)

        self._begin(run, begin)

    def _withdraw(self, run: ReadingRun) -> None:
        run.drop()
        self._runs.remove(run)

        def remove() -> None:
            if run.pipeline is not None:
                run.pipeline.wait()
                self._services.store.remove_queue(run.pipeline.queue_id)

        if run.pipeline is not None:
            self.withdrawn.emit(run.pipeline.queue_id)
        self._background.submit(remove)

    def show_verdict(self, row: Row, shown: bool) -> None:
        """Judge a radiograph outside the model's population after all, or withhold the verdict again; it is recorded."""
        self._background.submit(
            lambda: self._services.judge_outside(row, shown), lambda judged: self.rows.emit([judged]), self.failed.emit
        )

    # the end

    def clear(self) -> None:
        """Forget what is listed; what was not read stays in the records and can be resumed at the next start."""
        for run in self._runs:
            run.drop()
        self._runs.clear()
        self._progress.clear()
        self._from_records.clear()
        self.left_out.clear()

    def close(self) -> None:
        """Cancel and wait for everything that runs."""
        for run in self._runs:
            run.cancel()
        self._background.wait()
        for run in self._runs:
            if run.pipeline is not None:
                run.pipeline.cancel()
                run.pipeline.wait()
        self._background.close()
