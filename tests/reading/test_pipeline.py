"""A folder through the pipeline with a stand-in for the network: order of commit and row, duplicates, pause, cancel."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pneumo_desktop.imaging import apart
from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.imaging.sources import LeftOut, find
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.reading.pipeline import QUEUE_LENGTH, Callbacks, Pipeline, Progress
from pneumo_desktop.reading.reader import Reading
from pneumo_desktop.records.rows import NOT_READ_AGAIN, Decision, Row
from pneumo_desktop.records.store import Store
from tests import making

POINT = OperatingPoint(0.5, 0.4, 0.6)


class BrightReader:
    """Scores a picture by its mean brightness, and counts what it reads."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.read_hashes: list[str] = []
        self._before = before

    def read(self, radiograph: Radiograph, population: Population = Population.NOT_KNOWN) -> Reading:
        self._before()
        self.read_hashes.append(radiograph.sha256)
        score = float(radiograph.pixels.mean()) / 255.0
        judged = Judgement(POINT.judge(score), None, score, POINT, population, "bright-1", PREPROCESSING_VERSION, "0",
                           model_sha256="bright")  # fmt: skip
        return Reading(judged, np.full((6, 6), score, np.float32))

    def judge_again(self, judgement: Judgement, told_before: Population, told: Population) -> Judgement | None:
        return replace(judgement, population=told) if told_before is Population.NOT_KNOWN else None

    def unreadable(self, problem: UnreadableImageError, population: Population) -> Judgement:
        return Judgement(
            Outcome.NOT_ANALYSED, Reason.UNREADABLE, None, None, population, "bright-1", PREPROCESSING_VERSION, "0",
            detail=problem.code, model_sha256="bright",
        )  # fmt: skip


class Told:
    """Everything a run told."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.progress: list[Progress] = []
        self.left_out: list[LeftOut] = []
        self.ends: list[BaseException | None] = []

    def callbacks(self, on_rows: Callable[[Sequence[Row]], None] | None = None) -> Callbacks:
        return Callbacks(on_rows or self.rows.extend, self.progress.append, self.left_out.extend, self.ends.append)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "records.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "images"
    made.mkdir()
    return made


def picture(path: Path, level: int) -> Path:
    pixels = np.full((80, 90), level, np.uint8)
    pixels[::7] += 1
    assert cv2.imwrite(str(path), pixels)
    return path


def a_run(
    store: Store, told: Callbacks, reader: BrightReader, workers: int = 2, queue_id: int | None = None,
    population: Population = Population.NOT_KNOWN,
) -> Pipeline:  # fmt: skip
    number = store.new_queue("test", population) if queue_id is None else queue_id
    return Pipeline(lambda: reader, "bright", store, number, told, population, workers=workers)  # type: ignore[arg-type, return-value]


def finish(pipeline: Pipeline) -> None:
    pipeline.wait()
    assert not pipeline.running()


def test_every_file_gets_a_row_and_every_row_is_on_disk_first(store: Store, folder: Path) -> None:
    for level in range(40):
        picture(folder / f"{level:02d}.png", level * 6)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    told, seen = Told(), list[Row]()

    def on_rows(rows: Sequence[Row]) -> None:
        other = Store(store.path)  # a second connection sees committed rows only
        seen.extend(row for row in rows if other.row(row.entry_id) == row)
        other.close()
        told.rows.extend(rows)

    pipeline = a_run(store, told.callbacks(on_rows), BrightReader())
    pipeline.start([folder])
    finish(pipeline)
    assert told.ends == [None]
    assert len(told.rows) == len(seen) == 41
    assert {row.entry_id for row in told.rows} == {row.entry_id for row in store.rows(pipeline.queue_id)}
    broken = next(row for row in told.rows if row.entry.path.name == "broken.jpg")
    assert broken.judgement is not None
    assert (broken.judgement.outcome, broken.judgement.reason) == (Outcome.NOT_ANALYSED, Reason.UNREADABLE)
    assert broken.judgement.score is None
    assert broken.judgement.detail
    assert (told.progress[-1].done, told.progress[-1].total, told.progress[-1].walking) == (41, 41, False)
    assert store.unfinished() == []
    heat_map = store.heat_map(told.rows[0].entry_id)
    assert heat_map is not None
    assert heat_map.shape == (6, 6)


def test_the_same_content_is_read_once_and_each_file_has_its_row(store: Store, folder: Path) -> None:
    first = picture(folder / "a.png", 200)
    for number in range(30):
        (folder / f"copy{number:02d}.png").write_bytes(first.read_bytes())
    picture(folder / "other.png", 30)
    told, reader = Told(), BrightReader()
    pipeline = a_run(store, told.callbacks(), reader)
    pipeline.start([folder])
    finish(pipeline)
    assert len(reader.read_hashes) == len(set(reader.read_hashes)) == 2
    told_last = {row.entry_id: row for row in told.rows}
    assert list(map(told_last.get, sorted(told_last))) == store.rows()  # also where a later copy was read first
    assert len(told_last) == 32
    copies = [row for row in store.rows() if row.entry.path.name != "other.png"]
    assert len({row.judgement.score for row in copies if row.judgement}) == 1
    assert [row.duplicate for row in copies] == [False] + 30 * [True]


def test_a_second_run_reuses_what_is_known(store: Store, folder: Path) -> None:
    picture(folder / "a.png", 90)
    first, second = BrightReader(), BrightReader()
    for reader in (first, second):
        pipeline = a_run(store, Told().callbacks(), reader)
        pipeline.start([folder])
        finish(pipeline)
    assert len(first.read_hashes) == 1
    assert second.read_hashes == []
    assert len(store.rows()) == 2


def test_another_population_asks_no_network_again(store: Store, folder: Path) -> None:
    first, twin = picture(folder / "a.png", 90), folder / "b.png"
    twin.write_bytes(first.read_bytes())
    before = BrightReader()
    pipeline = a_run(store, Told().callbacks(), before)
    pipeline.start([folder])
    finish(pipeline)
    store.read_again(pipeline.queue_id, Population.ADULTS)
    told, reader = Told(), BrightReader()
    again = a_run(store, told.callbacks(), reader, queue_id=pipeline.queue_id, population=Population.ADULTS)
    again.start(None)
    finish(again)
    assert reader.read_hashes == []
    assert {row.judgement.population for row in told.rows if row.judgement} == {Population.ADULTS}
    assert [row.duplicate for row in store.rows()] == [False, True]  # read again is no second file
    kept = store.results_for(told.rows[0].sha256 or "", 0, "bright", PREPROCESSING_VERSION)
    assert {told for told, _judged, _map in kept} == {Population.NOT_KNOWN, Population.ADULTS}
    assert store.told_population(told.rows[0].entry_id) is Population.ADULTS
    assert store.heat_map(told.rows[0].entry_id) is not None


def read_twice(
    store: Store, folder: Path, between: Callable[[], object] = lambda: None, reader: BrightReader | None = None
) -> tuple[list[Row], list[Row]]:
    """Read a folder, then the same queue again as of adults; return its rows before and after."""
    pipeline = a_run(store, Told().callbacks(), BrightReader())
    pipeline.start([folder])
    finish(pipeline)
    for row in store.rows():
        store.set_decision(row.entry_id, Decision.PNEUMONIA)
    before = store.rows()
    store.read_again(pipeline.queue_id, Population.ADULTS)
    between()
    again = a_run(store, Told().callbacks(), reader or BrightReader(), queue_id=pipeline.queue_id,
                  population=Population.ADULTS)  # fmt: skip
    again.start(None)
    finish(again)
    return before, store.rows()


def test_the_patient_stays_where_an_image_is_read_again_as_of_another_population(store: Store, folder: Path) -> None:
    for name in ("a.dcm", "b.dcm"):  # two files of the same content
        (folder / name).write_bytes(making.written(making.dataset(making.film())))
    reader = BrightReader()
    before, after = read_twice(store, folder, reader=reader)
    assert reader.read_hashes == []
    assert store.unfinished() == []
    assert {row.judgement.population for row in after if row.judgement} == {Population.ADULTS}
    for rows in (before, after):
        patients = [(row.patient_name, row.patient_id, row.study_date, row.decision) for row in rows]
        assert patients == 2 * [("Test, Generated", "17", "20260102", Decision.PNEUMONIA)]


def test_where_the_files_are_out_of_reach_what_is_known_of_them_stays(store: Store, folder: Path) -> None:
    (folder / "a.dcm").write_bytes(making.written(making.dataset(making.film())))
    picture(folder / "b.png", 90)
    before, after = read_twice(store, folder, lambda: folder.rename(folder.with_name("unplugged")))
    for old, new in zip(before, after, strict=True):
        assert old.judgement is not None and new.judgement is not None
        assert new.judgement == replace(old.judgement, notes=(*old.judgement.notes, NOT_READ_AGAIN))
        assert replace(new, judgement=old.judgement) == old
        assert store.heat_map(new.entry_id) is not None
    assert [(queue.waiting, queue.again) for queue in store.unfinished()] == [(2, 2)], "the medium may be back"


def test_what_is_out_of_reach_is_counted_and_read_when_it_is_back(store: Store, folder: Path) -> None:
    for level in (40, 90, 140):
        picture(folder / f"{level}.png", level)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off")
    away, told = folder.with_name("unplugged"), Told()
    pipeline = a_run(store, told.callbacks(), BrightReader())
    store.add_entries(pipeline.queue_id, [Entry(path) for path in sorted(folder.iterdir())])
    (folder / "40.png").rename(folder / "elsewhere")
    pipeline.start(None)
    finish(pipeline)
    last = told.progress[-1]
    assert (last.done, last.total, last.out_of_reach) == (4, 4, 1)
    assert [(queue.waiting, queue.again) for queue in store.unfinished()] == [(1, 0)]

    (folder / "elsewhere").rename(folder / "40.png")
    folder.rename(away)  # what was read is not looked for again
    folder.mkdir()
    shutil.copyfile(away / "40.png", folder / "40.png")
    reader = BrightReader()
    again = a_run(store, Told().callbacks(), reader, queue_id=pipeline.queue_id)
    again.start(None)
    finish(again)
    assert len(reader.read_hashes) == 1
    assert store.unfinished() == []
    read = [row.entry.path.name for row in store.rows() if row.judgement and row.judgement.score is not None]
    assert read == ["140.png", "40.png", "90.png"]


def test_a_folder_that_is_taken_away_while_it_is_walked_is_walked_again(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for level in range(40, 90, 10):
        picture(folder / f"{level}.png", level)
    (folder / "notes.txt").write_text("no image")
    away, told = folder.with_name("unplugged"), Told()

    def cut_off(paths: Sequence[Path]) -> Iterator[Entry | LeftOut]:
        for number, item in enumerate(find(paths)):
            if number == 2:
                folder.rename(away)
            yield item

    monkeypatch.setattr("pneumo_desktop.reading.pipeline.find", cut_off)
    queue = store.new_queue("test", Population.NOT_KNOWN, paths=[folder])
    pipeline = a_run(store, told.callbacks(), BrightReader(), queue_id=queue)
    pipeline.start([folder])
    finish(pipeline)
    monkeypatch.undo()
    assert told.left_out == [], "what is out of reach is not left out"
    lost = [row for row in store.rows() if row.judgement is not None and row.judgement.out_of_reach]
    assert told.progress[-1].out_of_reach == max(1, len(lost)) > 0

    early = a_run(store, told.callbacks(), BrightReader(), queue_id=pipeline.queue_id)
    early.start(None)
    finish(early)
    assert told.left_out == [], "gone on with before the folder is back"
    assert told.progress[-1].out_of_reach > 0
    assert store.unwalked(queue) == [folder]

    away.rename(folder)
    again = a_run(store, told.callbacks(), BrightReader(), queue_id=pipeline.queue_id)
    again.start(None)
    finish(again)
    assert len([row for row in store.rows() if row.judgement and row.judgement.score is not None]) == 5
    assert [item.path.name for item in told.left_out] == ["notes.txt"]
    assert store.unfinished() == []


def test_a_folder_that_does_not_come_back_keeps_no_other_from_being_walked(store: Store, folder: Path) -> None:
    first, second = folder / "stick", folder / "disk"
    for path in (first, second):
        path.mkdir()
        picture(path / "a.png", 90)
    pipeline = a_run(
        store,
        Told().callbacks(),
        BrightReader(),
        queue_id=store.new_queue("test", Population.NOT_KNOWN, paths=[first, second]),
    )
    shutil.rmtree(first)
    pipeline.start(None)
    finish(pipeline)
    assert [row.entry.path for row in store.rows() if row.judgement] == [second / "a.png"]
    assert store.unwalked(pipeline.queue_id) == [first, second]


@pytest.mark.parametrize(("name", "starts"), [("PNG", False), ("TIFF", True)])
def test_the_helper_starts_when_a_picture_for_it_is_found(
    name: str, starts: bool, store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when its turn comes: the network is loaded meanwhile."""
    (folder / "film").write_bytes(making.picture(name))
    found, started = threading.Event(), threading.Event()
    monkeypatch.setattr(apart, "start", started.set)
    real = Pipeline._walk

    def walk(pipeline: Pipeline, *rest: Any) -> None:
        real(pipeline, *rest)
        found.set()

    monkeypatch.setattr(Pipeline, "_walk", walk)

    def make_reader() -> BrightReader:
        assert found.wait(20)
        asked.append(started.is_set())
        return BrightReader()

    asked: list[bool] = []
    number = store.new_queue("test", Population.NOT_KNOWN)
    pipeline = Pipeline(make_reader, "bright", store, number, Told().callbacks(), workers=1)  # type: ignore[arg-type]
    pipeline.start([folder])
    finish(pipeline)
    apart.close()
    assert asked == [starts]


def test_what_is_no_image_is_told(store: Store, folder: Path) -> None:
    picture(folder / "a.png", 90)
    (folder / "README").write_text("Nothing to see.")
    told = Told()
    pipeline = a_run(store, told.callbacks(), BrightReader())
    pipeline.start([folder])
    finish(pipeline)
    assert [(item.path.name, item.code) for item in told.left_out] == [("README", "not_an_image")]
    assert [code for _, _, code in store.left_out(pipeline.queue_id)] == ["not_an_image"]
    assert len(told.rows) == 1


def test_cancel_keeps_what_was_read_and_the_rest_can_be_resumed(store: Store, folder: Path) -> None:
    count = QUEUE_LENGTH * 4
    for level in range(count):
        picture(folder / f"{level:03d}.png", level)
    gate = threading.Semaphore(5)
    told = Told()
    pipeline = a_run(store, told.callbacks(), BrightReader(lambda: assert_acquired(gate)), workers=1)

    def assert_acquired(semaphore: threading.Semaphore) -> None:
        if not semaphore.acquire(blocking=False):
            pipeline.cancel()

    pipeline.start([folder])
    finish(pipeline)
    assert told.ends == [None]
    done = {row.entry_id for row in told.rows}
    assert 0 < len(done) < count
    waiting = {entry_id for entry_id, _ in store.waiting(pipeline.queue_id)}
    assert waiting.isdisjoint(done)

    again = Told()
    resumed = a_run(store, again.callbacks(), BrightReader(), queue_id=pipeline.queue_id)
    resumed.start(None)
    finish(resumed)
    assert {row.entry_id for row in again.rows} == waiting
    assert again.progress[-1].total == len(waiting)
    assert store.unfinished() == []


def test_paused_nothing_more_is_read(store: Store, folder: Path) -> None:
    for level in range(20):
        picture(folder / f"{level:02d}.png", level * 5)
    told, reader, paused = Told(), BrightReader(), threading.Event()

    def before() -> None:
        if not paused.is_set():
            pipeline.pause()
            paused.set()

    reader._before = before
    pipeline = a_run(store, told.callbacks(), reader, workers=1)
    pipeline.start([folder])
    assert paused.wait(30)
    assert pipeline.paused
    pipeline._threads[-1].join(0.3)  # time in which it could go on, if it did
    assert len(reader.read_hashes) <= 1
    pipeline.resume()
    assert not pipeline.paused
    finish(pipeline)
    assert len(told.rows) == 20


def test_cancel_ends_a_paused_run(store: Store, folder: Path) -> None:
    picture(folder / "a.png", 90)
    told = Told()
    pipeline = a_run(store, told.callbacks(), BrightReader())
    pipeline.pause()
    pipeline.start([folder])
    pipeline.cancel()
    finish(pipeline)
    assert told.ends == [None]


def test_an_error_in_the_reader_ends_the_run_once_and_keeps_the_rest_waiting(store: Store, folder: Path) -> None:
    for level in range(50):
        picture(folder / f"{level:02d}.png", level * 5)
    problem = RuntimeError("the network is gone")

    def fail() -> None:
        raise problem

    told = Told()
    pipeline = a_run(store, told.callbacks(), BrightReader(fail))
    pipeline.start([folder])
    finish(pipeline)
    assert told.ends == [problem]
    assert told.rows == []


def test_an_error_in_a_callback_ends_the_run_once(store: Store, folder: Path) -> None:
    for level in range(60):
        picture(folder / f"{level:02d}.png", level * 4)
    problem = RuntimeError("the window is gone")

    def on_rows(rows: Sequence[Row]) -> None:
        raise problem

    told = Told()
    pipeline = a_run(store, told.callbacks(on_rows), BrightReader())
    pipeline.start([folder])
    finish(pipeline)
    assert told.ends == [problem]


def test_a_reader_that_does_not_open_is_told(store: Store, folder: Path) -> None:
    picture(folder / "a.png", 90)
    told = Told()

    def make() -> BrightReader:
        raise MemoryError

    queue_id = store.new_queue("test", Population.NOT_KNOWN)
    pipeline = Pipeline(make, "bright", store, queue_id, told.callbacks())  # type: ignore[arg-type]
    pipeline.start([folder])
    finish(pipeline)
    assert [type(end) for end in told.ends] == [MemoryError]


def test_an_empty_folder_ends(store: Store, folder: Path) -> None:
    told = Told()
    pipeline = a_run(store, told.callbacks(), BrightReader())
    pipeline.start([folder])
    finish(pipeline)
    assert told.ends == [None]
    assert told.rows == []
