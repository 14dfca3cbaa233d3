"""A folder becomes results: walk, decode, judge, commit, tell. Bounded queues, so memory does not grow with the folder.

Threads: one walker, ``workers`` readers (decode and judge an image each; OpenCV and LiteRT release the GIL), and one
writer that commits small batches. A row is told only after its commit. The callbacks run on the writer's thread.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pneumo_desktop.imaging import apart, codes
from pneumo_desktop.imaging.load import decode, sha256_of
from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.imaging.sources import LeftOut, find, read_bytes
from pneumo_desktop.opencv import cv2
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.reading.reader import Reader, Reading
from pneumo_desktop.records.rows import NewResult, PatientFields, Row
from pneumo_desktop.records.store import Store

BATCH_SECONDS = 0.1
BATCH_ROWS = 16
QUEUE_LENGTH = 32
_END = None


@dataclass(frozen=True)
class Progress:
    """total grows while the folder is walked; seconds_left is None until it is known.

    out_of_reach: how many files were not there any more, or on a medium that could not be read.
    """

    done: int
    total: int
    walking: bool
    images_per_second: float
    seconds_left: float | None
    out_of_reach: int = 0


@dataclass(frozen=True)
class Callbacks:
    """All run on threads of the pipeline, ``on_end`` last: with None, or the error that stopped the run."""

    on_rows: Callable[[Sequence[Row]], None]
    on_progress: Callable[[Progress], None] = lambda progress: None
    on_left_out: Callable[[Sequence[LeftOut]], None] = lambda items: None
    on_end: Callable[[BaseException | None], None] = lambda error: None


class _SeenOnce:
    """Lets one thread judge an image while others with the same content wait for its result."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._busy: set[tuple[str, int]] = set()
        self._closed = False

    def enter(self, key: tuple[str, int]) -> None:
        with self._lock:
            while key in self._busy and not self._closed:
                self._lock.wait()
            self._busy.add(key)

    def leave_all(self) -> None:
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def leave(self, keys: Iterable[tuple[str, int]]) -> None:
        with self._lock:
            self._busy.difference_update(keys)
            self._lock.notify_all()


def patient_of(radiograph: Radiograph) -> PatientFields:
    """Return what the worklist shows of the patient, where the file tells."""
    tags = radiograph.tags
    return PatientFields(tags.get("PatientName", ""), tags.get("PatientID", ""), tags.get("StudyDate", ""))


def known_reading(
    store: Store, reader: Reader, sha256: str, frame: int, model_sha256: str, told: Population, analyse_outside: bool
) -> Reading | None:
    """Return what is known of an image that the same model has read before: no network is asked again.

    Where it was read as of another population, only the operating point changes.
    """
    known = store.result_for(sha256, frame, model_sha256, told, PREPROCESSING_VERSION, analyse_outside)
    if known is not None:
        return Reading(*known)
    for before, judgement, heat_map in store.results_for(
        sha256, frame, model_sha256, PREPROCESSING_VERSION, analyse_outside
    ):
        again = reader.judge_again(judgement, before, told)
        if again is not None:
            return Reading(again, heat_map)
    return None


class Pipeline:
    """One run over paths (or over the entries of an unfinished queue). ``start`` once, ``wait`` before exit."""

    def __init__(
        self,
        make_reader: Callable[[], Reader],
        model_sha256: str,
        store: Store,
        queue_id: int,
        callbacks: Callbacks,
        told: Population = Population.NOT_KNOWN,
        analyse_outside: bool = False,
        workers: int | None = None,
    ) -> None:
        self._make_reader = make_reader
        self._model_sha256 = model_sha256
        self._store = store
        self.queue_id = queue_id
        self._callbacks = callbacks
        self._told = told
        self._outside = analyse_outside
        self._workers = workers or max(1, min(2, os.cpu_count() or 1))
        self._tasks: queue.Queue[tuple[int, Entry] | None] = queue.Queue(QUEUE_LENGTH)
        self._results: queue.Queue[NewResult | None] = queue.Queue(QUEUE_LENGTH)
        self._cancelled = threading.Event()
        self._running = threading.Event()
        self._running.set()
        self._once = _SeenOnce()
        self._done = self._total = self._out_of_reach = 0
        self._walking = False
        self._taken_away = False
        self._started = time.monotonic()
        self._paused_since: float | None = None
        self._paused_seconds = 0.0
        self._told_progress: tuple[int, int, bool, int] | None = None
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []
        self._in_flight: frozenset[int] = frozenset()

    def start(self, paths: Sequence[Path] | None) -> None:
        """Begin: walk ``paths``, or go on with the queue when None: its waiting entries, and the walk if that did not end.

        What may have been in work when the program ended is read in a helper process: should one of these pictures have
        ended the program, it does not do so again.
        """
        cv2.setNumThreads(1)
        self._started = time.monotonic()
        known: set[Entry] = set()
        there: Sequence[Path] = [path for path in paths or () if os.path.exists(path)]
        if paths is None:
            waiting = self._store.waiting(self.queue_id)
            self._total = len(waiting)
            self._in_flight = frozenset(entry_id for entry_id, _entry in waiting[: 2 * QUEUE_LENGTH])
            paths = there = self._store.unwalked(self.queue_id)
            if paths:
                known = self._store.begin_walk_again(self.queue_id)
        self._walking = bool(paths)
        work: list[tuple[str, Callable[[], None]]] = [("feed", self._feed)]
        if paths:
            work.append(("walk", lambda: self._walk(paths, there, known)))
        work += [(f"read-{number}", self._read) for number in range(self._workers)]
        self._threads = [threading.Thread(target=self._guard(task), name=name) for name, task in work]
        self._threads.append(threading.Thread(target=self._write, name="write"))
        for thread in self._threads:
            thread.start()

    def pause(self) -> None:
        """Stop before the next image; what is being read is finished and kept."""
        if self._paused_since is None:
            self._paused_since = time.monotonic()
        self._running.clear()

    def resume(self) -> None:
        """Go on after ``pause``; the pause does not count in the rate."""
        if self._paused_since is not None:
            self._paused_seconds += time.monotonic() - self._paused_since
            self._paused_since = None
        self._running.set()

    @property
    def paused(self) -> bool:
        """True between ``pause`` and ``resume``."""
        return not self._running.is_set()

    def cancel(self) -> None:
        """Stop before the next image; the rest of the queue keeps waiting and can be resumed later."""
        self._cancelled.set()
        self._running.set()

    def wait(self) -> None:
        """Return when every thread has ended. Not to be called from a callback."""
        for thread in self._threads:
            thread.join()

    def running(self) -> bool:
        """True until every thread has ended."""
        return any(thread.is_alive() for thread in self._threads)

    def _guard(self, work: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                self._error = self._error or error
                self.cancel()
                self._once.leave_all()
            finally:
                self._results.put(_END)

        return guarded

    def _put_task(self, task: tuple[int, Entry] | None) -> bool:
        """Wait for room; False when the run was cancelled meanwhile."""
        while not self._cancelled.is_set():
            try:
                self._tasks.put(task, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def _walk(self, paths: Sequence[Path], there: Sequence[Path], known: set[Entry]) -> None:
        """Put everything found into the database at once, so that a killed run knows what is left.

        Where one of ``there``, which were there when the queue was begun, is taken away, the walk is to be begun again.
        """
        found: list[Entry] = []
        left_out: list[LeftOut] = []
        flushed = time.monotonic()

        def flush() -> None:
            self._total += len(self._store.add_entries(self.queue_id, found))
            found.clear()
            if left_out:
                self._store.add_left_out(self.queue_id, [(o.path, o.member, o.code) for o in left_out])
                self._callbacks.on_left_out(tuple(left_out))
                left_out.clear()

        apart_started = False
        for item in find(paths):
            if self._cancelled.is_set():
                break
            if isinstance(item, LeftOut):
                if item.code in codes.OUT_OF_REACH and not all(os.path.exists(path) for path in there):
                    self._taken_away = True
                else:
                    left_out.append(item)
            elif item not in known:
                found.append(item)
                if item.kind in apart.KINDS and not apart_started:
                    apart_started = True
                    apart.start()
            if len(found) >= 256 or time.monotonic() - flushed > BATCH_SECONDS:
                flush()
                flushed = time.monotonic()
        flush()
        if not (self._taken_away or self._cancelled.is_set()):
            self._store.walked(self.queue_id)
        self._walking = False

    def _feed(self) -> None:
        """Hand the queue's waiting entries to the readers, a few at a time, in the order of the walk."""
        last = 0
        while not self._cancelled.is_set():
            walking = self._walking
            tasks = self._store.waiting(self.queue_id, after=last, limit=QUEUE_LENGTH)
            for task in tasks:
                if not self._put_task(task):
                    return
                last = task[0]
            if not tasks and not walking:
                break
            if not tasks:
                time.sleep(0.02)
        for _reader in range(self._workers):
            self._put_task(_END)

    def _read(self) -> None:
        reader = self._make_reader()
        while not self._cancelled.is_set():
            self._running.wait()
            try:
                task = self._tasks.get(timeout=0.1)
            except queue.Empty:
                continue
            if task is None:
                return
            self._running.wait()
            if self._cancelled.is_set():
                return
            self._results.put(self._judge(reader, *task))

    def _judge(self, reader: Reader, entry_id: int, entry: Entry) -> NewResult:
        sha256: str | None = None
        try:
            data = read_bytes(entry)
            sha256 = sha256_of(data)
            key = (sha256, entry.frame)
            self._once.enter(key)
            reading = known_reading(
                self._store, reader, sha256, entry.frame, self._model_sha256, self._told, self._outside
            )
            if reading is not None:
                self._once.leave([key])  # it is in the store already: nobody has to wait for this row's commit
                patient = self._store.patient_of(sha256)
            else:
                radiograph = decode(entry, data, sha256, careful=entry_id in self._in_flight)
                reading = reader.read(radiograph, self._told)
                patient = patient_of(radiograph)
            return NewResult(
                entry_id, entry.frame, sha256, reading.judgement, self._told, self._outside, reading.heat_map, patient
            )
        except UnreadableImageError as problem:
            return NewResult(entry_id, entry.frame, sha256, reader.unreadable(problem, self._told), self._told)

    def _write(self) -> None:
        ends, batch, since = 0, list[NewResult](), time.monotonic()
        producers = len(self._threads) - 1
        try:
            while ends < producers:
                try:
                    item = self._results.get(timeout=BATCH_SECONDS)
                except queue.Empty:
                    item = None
                else:
                    if item is _END:
                        ends += 1
                    else:
                        batch.append(item)
                late = time.monotonic() - since > BATCH_SECONDS
                if batch and (late or len(batch) >= BATCH_ROWS or ends == producers):
                    self._commit(batch)
                    batch, since = [], time.monotonic()
                if late:
                    self._tell_progress()
            self._tell_progress()
            if not self._cancelled.is_set() and self._error is None:
                self._store.end_reading(self.queue_id)
        except BaseException as error:
            self._error = self._error or error
            self.cancel()
            self._drain(producers - ends)
        self._callbacks.on_end(self._error)

    def _drain(self, producers: int) -> None:
        """After a failed commit: let the readers end; what they still bring was never shown and is not kept."""
        self._once.leave_all()
        while producers > 0:
            if self._results.get() is _END:
                producers -= 1

    def _commit(self, batch: list[NewResult]) -> None:
        rows = self._store.save_results(batch)
        self._once.leave((new.sha256, new.frame) for new in batch if new.sha256 is not None)
        self._done += len(batch)
        self._out_of_reach += sum(new.judgement.out_of_reach for new in batch)
        self._callbacks.on_rows(rows)
        self._tell_progress()

    def _tell_progress(self) -> None:
        """Tell how far the run is, if anything has changed; the total grows while the folder is walked."""
        # What a walk that was cut off has not found cannot be counted; where nothing else is known it is told as one.
        out_of_reach = self._out_of_reach or int(self._taken_away)
        state = (self._done, self._total, self._walking, out_of_reach)
        if state == self._told_progress:
            return
        self._told_progress = state
        paused_since, now = self._paused_since, time.monotonic()
        paused = self._paused_seconds + (now - paused_since if paused_since is not None else 0.0)
        seconds = max(1e-3, now - self._started - paused)
        rate = self._done / seconds
        left = None if self._walking or self._done < 3 else max(0.0, (self._total - self._done) / rate)
        self._callbacks.on_progress(Progress(self._done, self._total, self._walking, rate, left, out_of_reach))
