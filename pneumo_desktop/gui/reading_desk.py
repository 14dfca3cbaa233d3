"""What is being read, and how: starts, pauses, stops and resumes the runs of a window, and knows whose images they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.gui.changed_files import ChangedFiles
from pneumo_desktop.gui.reading_run import EndOfReading, ReadingRun
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.rows import Row
from pneumo_desktop.records.store import Store

if TYPE_CHECKING:
    from pneumo_desktop.imaging.sources import LeftOut
    from pneumo_desktop.reading.pipeline import Progress


def folder_of(path: Path) -> Path:
    """Return the folder whose images ``path`` stands for: itself, or the one that the file lies in."""
    return path if path.is_dir() else path.parent


def _by_what_was_told(paths: Sequence[Path], store: Store) -> dict[Population | None, list[Path]]:
    """Return ``paths`` by what was said of their folders; None holds those whose folder nobody has told of."""
    told: dict[Path, Population | None] = {}
    groups: dict[Population | None, list[Path]] = {}
    for path in paths:
        folder = folder_of(path)
        if folder not in told:
            told[folder] = store.folder_population(folder)
        groups.setdefault(told[folder], []).append(path)
    return groups


def _remember(store: Store, folders: Collection[Path], population: Population) -> None:
    for folder in folders:
        store.set_folder_population(folder, population)


class ReadingDesk(QObject):
    """Everything that takes time happens on a thread of its own: opening the model, starting, waiting for the end."""

    began = Signal()
    rows = Signal(object)
    progress = Signal(object)
    pausing = Signal(bool, bool)
    """Whether some of what is being read stands still, and whether all of it does."""
    left_out_changed = Signal(int)
    ended = Signal(object)
    """All runs are over; carries the EndOfReading."""
    failed = Signal(object)
    changed = Signal(object)
    """The Row whose file is no longer the one that was read."""
    no_model = Signal()
    population_wanted = Signal(object)
    """Folders whose patients nobody has told of."""
    population_used = Signal(object)

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._background = Background(1, self)
        self._runs: list[ReadingRun] = []
        self._progress: dict[ReadingRun, Progress] = {}
        self.changed_files = ChangedFiles(services, self)
        self.changed_files.rows.connect(self._tell_listed)
        self.changed_files.failed.connect(self._tell_failure)
        self.left_out: list[LeftOut] = []
        self.default_population = Population.NOT_KNOWN

    # starting

    def start(self, paths: Sequence[Path], examples: bool = False, population: Population | None = None) -> None:
        """Read ``paths`` as a new queue beside what is listed; without ``population``, as was told of their folders.

        A queue holds the images of one population: folders of which different things were told become queues of their own.
        """
        paths = [path.absolute() for path in paths]  # `run films` means another folder in another place
        run = self._new_run(paths, examples)
        store = self._services.store

        def begin() -> tuple[Path, ...]:
            groups = {population: list(paths)} if population else _by_what_was_told(paths, store)
            (told, first), *others = groups.items()
            run.others = tuple(others)
            run.paths, run.folders = tuple(first), tuple(dict.fromkeys(map(folder_of, first)))
            used = told or self.default_population
            run.began(self._services.start_queue(first, run.callbacks(), used, examples=examples), used)
            return () if told or examples else run.folders

        self._begin(run, begin)

    def resume(self, queue_id: int, population: Population, before: ReadingRun | None = None) -> None:
        """Go on with a queue that was not finished; ``before`` is the run of this sitting that was stopped."""
        run = self._new_run(before.paths, before.examples, before.folders) if before else self._new_run((), False)
        run.queue_id = queue_id
        if before is not None:
            before.unread = True
            run.replaces, run.others = before, before.others
        self._begin(
            run,
            lambda: run.began(self._services.resume_queue(queue_id, population, run.callbacks()), population),
        )

    def lists(self, queue_id: int, population: Population, left_out: Sequence[LeftOut]) -> None:
        """Know of a queue of the records that is listed, so that it can be read anew too, and of what was left out of it."""
        if all(run.queue_id != queue_id for run in self._runs):
            run = ReadingRun((), False, self)
            run.queue_id, run.population, run.active = queue_id, population, False
            self._runs.append(run)
        if left_out:
            self._left_out_came(left_out)

    def _new_run(self, paths: Sequence[Path], examples: bool, folders: tuple[Path, ...] = ()) -> ReadingRun:
        self.changed_files.stop()  # they are found again at the end of this reading
        run = ReadingRun(paths, examples, self)
        run.folders = folders
        run.rows.connect(self.rows)
        run.progress.connect(lambda progress: self._progressed(run, progress))
        run.left_out.connect(self._left_out_came)
        run.ended.connect(lambda error: self._run_ended(run, error))
        self._runs.append(run)
        self.began.emit()
        self._tell_pausing()
        return run

    def _begin(self, run: ReadingRun, begin: Callable[[], tuple[Path, ...] | None]) -> None:
        """Call ``begin`` off the GUI thread; it returns the folders whose patients nobody has told of."""

        def begun(untold: tuple[Path, ...] | None) -> None:
            run.replaces = None
            if run.dropped:
                return
            self.population_used.emit(run.population)
            if not run.cancelled:  # what was stopped keeps the others until it goes on
                others, run.others = run.others, ()
                for told, paths in others:
                    self.start(paths, run.examples, told)
            if untold:
                self.population_wanted.emit(untold)

        def failed(error: Exception) -> None:
            run.drop()
            if run in self._runs:
                self._put_back(run)
            self._tell_failure(error)
            self._tell_end()

        self._background.submit(begin, begun, failed)

    def _tell_failure(self, error: Exception) -> None:
        if isinstance(error, NoModelError):
            self.no_model.emit()
        else:
            self.failed.emit(error)

    def _put_back(self, failed: ReadingRun) -> None:
        """Let the run that ``failed`` was to replace stand in its place again, where there is one."""
        before = failed.replaces
        while before is not None and before.replaces is not None:
            before = before.replaces
        place = self._runs.index(failed)
        if before is None or before.queue_id is None:
            del self._runs[place]
            return
        before.put_back()
        self._runs[place] = before
        self.population_used.emit(before.population)
        self._background.submit(lambda: self._read_by(before), self._tell_listed)

    def _read_by(self, run: ReadingRun) -> list[Row]:
        """Return what a run has read; it may have told nothing of its last rows."""
        if run.pipeline is not None:
            run.pipeline.wait()
        assert run.queue_id is not None
        return [row for row in self._services.store.rows(run.queue_id) if row.judgement is not None]

    def _tell_listed(self, rows: Sequence[Row]) -> None:
        """Tell rows of what is still listed: a list that was cleared meanwhile stays so."""
        listed = {run.queue_id for run in self._runs}
        self.rows.emit([row for row in rows if row.queue_id in listed])

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
        self._tell_pausing()

    def _tell_pausing(self) -> None:
        still = [run.pipeline is not None and run.pipeline.paused for run in self.active_runs()]
        self.pausing.emit(any(still), bool(still) and all(still))

    def cancel(self) -> None:
        """Stop before the next image; what was not read can be resumed."""
        self.changed_files.stop()
        for run in self.active_runs():
            run.cancel()

    def go_on(self) -> None:
        """Go on with what was stopped in this sitting, or could not be reached."""
        for run in [run for run in self._runs if not run.active]:
            progress = self._progress.get(run)
            if not run.cancelled and (progress is None or not progress.out_of_reach):
                continue
            self._runs.remove(run)
            self._progress.pop(run, None)
            if run.queue_id is not None:
                self.resume(run.queue_id, run.population, run)

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
        known = set(self.left_out)  # a folder that is walked again leaves the same files out
        self.left_out.extend(item for item in dict.fromkeys(items) if item not in known)
        self.left_out_changed.emit(len(self.left_out))

    def _run_ended(self, run: ReadingRun, error: BaseException | None) -> None:
        if error is not None:
            self.failed.emit(error)
        self._tell_end()

    def _tell_end(self) -> None:
        self._tell_pausing()
        if self.active_runs():
            return
        stopped = any(run.cancelled and run.pipeline is not None for run in self._runs)
        known = [self._progress[run] for run in self._runs if run in self._progress]
        self.ended.emit(
            EndOfReading(
                stopped,
                done=sum(progress.done for progress in known),
                total=sum(progress.total for progress in known),
                out_of_reach=sum(progress.out_of_reach for progress in known),
            )
        )

    # reading anew

    def tell(self, population: Population, folders: Collection[Path] | None = None) -> None:
        """Remember whose images some folders hold (every listed one without ``folders``) and read anew what it changes."""
        store = self._services.store
        if folders is not None:
            self._background.submit(lambda: _remember(store, folders, population))
        for run in list(self._runs):
            if folders is None:
                self._background.submit(lambda run=run: _remember(store, run.folders, population))  # type: ignore[misc]
            elif not run.folders or not set(run.folders) <= set(folders):
                continue  # a queue holds the images of one population: the answer must hold for all of its folders
            if run.queue_id is None or run.population is not population:
                self._read_again(run, population, others_too=folders is None)
            elif not run.active:
                self._retry(run, run.queue_id)

    def _retry(self, run: ReadingRun, queue_id: int) -> None:
        """Read anew where something was never read as of the run's population: given up, stopped, or the file was away."""

        def told(wanted: bool) -> None:
            if wanted and run in self._runs and not run.active:
                self._read_again(run)

        self._background.submit(lambda: self._services.store.wants_reading(queue_id, run.population), told)

    def read_again(self) -> None:
        """Read everything that is listed with the model in use now; what other models said stays in the records."""
        for run in list(self._runs):
            self._read_again(run)

    def _read_again(self, before: ReadingRun, population: Population | None = None, others_too: bool = True) -> None:
        """Read the entries of a run anew, where they stand in the list, as images of ``population`` or as before.

        ``others_too``: what has not begun yet because other things were told of it is of that population as well. If it
        cannot begin, the run stands as it was; one that was under way is stopped and can go on.
        """
        before.drop()
        self._runs.remove(before)
        self._progress.pop(before, None)
        run = self._new_run(before.paths, before.examples, before.folders)
        run.queue_id, run.population, run.replaces = before.queue_id, population or before.population, before

        def begin() -> None:
            self._services.package()  # without a model the list stays as it is
            if before.pipeline is not None:
                before.pipeline.wait()
            told = population or before.population
            run.paths, run.folders, run.queue_id = before.paths, before.folders, before.queue_id
            others_told = population if others_too else None
            run.others = tuple((others_told or known, paths) for known, paths in before.others)
            if run.queue_id is None:  # it had not begun
                run.began(self._services.start_queue(run.paths, run.callbacks(), told, examples=run.examples), told)
                return
            before.unread = True
            self._services.store.read_again(run.queue_id, told)
            run.began(self._services.resume_queue(run.queue_id, told, run.callbacks()), told)

        self._begin(run, begin)

    def show_verdict(self, row: Row, shown: bool) -> None:
        """Judge a radiograph outside the model's population after all, or withhold the verdict again; it is recorded."""

        def failed(error: Exception) -> None:
            self._tell_failure(error)
            if isinstance(error, UnreadableImageError) and error.code == codes.CHANGED:
                self.changed.emit(row)

        self._background.submit(lambda: [self._services.judge_outside(row, shown)], self._tell_listed, failed)

    # the end

    def clear(self) -> None:
        """Forget what is listed; what was not read stays in the records and can be resumed at the next start."""
        self.changed_files.stop()
        for run in self._runs:
            run.drop()
        self._runs.clear()
        self._progress.clear()
        self.left_out.clear()

    def close(self) -> None:
        """Cancel and wait for everything that runs."""
        for run in self._runs:
            run.cancel()
        self.changed_files.close()
        self._background.wait()
        for run in self._runs:
            if run.pipeline is not None:
                run.pipeline.cancel()
                run.pipeline.wait()
        self._background.close()
