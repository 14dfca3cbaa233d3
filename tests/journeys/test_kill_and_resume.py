"""The program is really killed, by the system, in the middle of a folder. Nothing that was shown is lost; the rest is read."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.file_lock import lock
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.imaging import apart
from pneumo_desktop.reading.outcome import Outcome, Population, Reason
from pneumo_desktop.reading.pipeline import Callbacks
from pneumo_desktop.records.rows import Row
from tests.using_the_window import open_window

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
COUNT = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Films, each of other bytes: a comment behind the start marker."""
    made = tmp_path / "films"
    made.mkdir()
    films = sorted(FIXTURES.glob("*.jpeg"))
    for number in range(COUNT):
        data = films[number % len(films)].read_bytes()
        comment = b"\xff\xfe\x00\x08" + f"{number:06d}".encode()
        (made / f"{number:03d}.jpg").write_bytes(data[:2] + comment + data[2:])
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def committed(database: Path) -> int:
    """Return how many entries have a result, looked at from outside."""
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            return int(connection.execute("SELECT count(*) FROM entry WHERE result_id IS NOT NULL").fetchone()[0])
    except sqlite3.Error:
        return 0


UNHURRIED = (
    "import time\nfrom pneumo_desktop.reading import pipeline\n"
    "load = pipeline.decode\n"
    "def decode(*rest, **named):\n    time.sleep(0.05); return load(*rest, **named)\n"
    "pipeline.decode = decode"
)
"""A fast computer must not be done before it can be killed."""


def start(folder: Path, data: Path, before: str = UNHURRIED) -> subprocess.Popen[bytes]:
    program = f"{before}\nfrom pneumo_desktop.__main__ import main\nmain(['predict', {str(folder)!r}, '--data-dir', {str(data)!r}])"
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def kill_when(child: subprocess.Popen[bytes], data: Path, rows: int) -> None:
    """Kill the child as soon as ``rows`` are on disk."""
    until = time.monotonic() + 60
    while committed(data / "records.sqlite") < rows and child.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert child.poll() is None, "it was over before it could be killed"
    child.kill()
    child.wait(30)


SLOWLY_AGAIN = (
    "import time\nfrom pathlib import Path\nfrom pneumo_desktop.app import Services\n"
    "from pneumo_desktop.reading import pipeline\nfrom pneumo_desktop.reading.outcome import Population\n"
    "read_bytes = pipeline.read_bytes\n"
    "def slowly(entry):\n    time.sleep(0.1); return read_bytes(entry)\n"
    "pipeline.read_bytes = slowly\n"
    "services = Services.create(Path({data!r}))\n"
    "queue = services.store.rows()[0].queue_id\n"
    "services.store.read_again(queue, Population.ADULTS)\n"
    "services.resume_queue(queue, Population.ADULTS, pipeline.Callbacks(lambda rows: None)).wait()"
)
"""What was read as of nobody knows whom is read again as of adults, so slowly that it can be killed."""


def read_again(database: Path) -> int:
    """Return how many entries were read as of adults, looked at from outside."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
        return int(
            connection.execute(
                "SELECT count(*) FROM entry e JOIN result r ON r.id = e.result_id WHERE r.told_population = 'adults'"
            ).fetchone()[0]
        )


@pytest.fixture
def killed_while_it_read_again(folder: Path, data: Path) -> Iterator[tuple[Services, dict[str, Row]]]:
    """A folder of 12 images, one of them twice, of which some were read again; with the rows as they were before."""
    for path in sorted(folder.iterdir())[12:]:
        path.unlink()
    (folder / "twin.jpg").write_bytes((folder / "011.jpg").read_bytes())
    services = Services.create(data)
    services.start_queue([folder], Callbacks(lambda rows: None)).wait()
    before = rows_of(services)
    services.close()
    child = subprocess.Popen(
        [sys.executable, "-c", SLOWLY_AGAIN.format(data=str(data))],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while read_again(data / "records.sqlite") < 3 and child.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert child.poll() is None, "it was over before it could be killed"
    child.kill()
    child.wait(30)
    services = Services.create(data)
    yield services, before
    services.close()


def rows_of(services: Services) -> dict[str, Row]:
    return {row.entry.path.name: row for row in services.store.rows()}


def test_a_killed_run_is_finished_by_the_next_start(folder: Path, data: Path) -> None:
    kill_when(start(folder, data), data, rows=6)
    services = Services.create(data)
    try:
        before = {name: row for name, row in rows_of(services).items() if row.status == "done"}
        assert 6 <= len(before) < COUNT
        (queue,) = services.store.unfinished()
        told: list[Row] = []
        services.resume_queue(queue[0], Population.NOT_KNOWN, Callbacks(told.extend)).wait()
        after = rows_of(services)
        assert len(services.store.rows()) == len(after) == COUNT
        assert all(row.status == "done" for row in after.values())
        assert {name: after[name] for name in before} == before
        assert {row.entry.path.name for row in told} == after.keys() - before.keys()
        assert services.store.unfinished() == []
    finally:
        services.close()


def test_killed_while_it_looks_for_files_it_goes_on_looking(folder: Path, data: Path) -> None:
    slow = (
        "import time\nfrom pneumo_desktop.imaging import sources\nfrom pneumo_desktop.reading import pipeline\n"
        "def find(paths):\n"
        "    for number, item in enumerate(sources.find(paths)):\n"
        "        if number >= 10: time.sleep(0.5)\n"
        "        yield item\n"
        "pipeline.find = find"
    )
    kill_when(start(folder, data, slow), data, rows=6)
    services = Services.create(data)
    try:
        assert len(services.store.rows()) < COUNT
        (queue,) = services.store.unfinished()
        services.resume_queue(queue[0], Population.NOT_KNOWN, Callbacks(lambda rows: None)).wait()
        rows = services.store.rows()
        assert len(rows) == len(rows_of(services)) == COUNT
        assert services.store.unfinished() == []
    finally:
        services.close()


POISON = (
    "import os\nfrom pneumo_desktop.imaging import load, raster\n"
    "decode = raster.decode\n"
    "def poisoned(kind, data, frame=0):\n"
    "    if b'poison' in data[:20]: os.abort()\n"
    "    return decode(kind, data, frame)\n"
    "raster.decode = poisoned\n"
)


def test_a_picture_that_ended_the_program_does_not_do_so_again(
    folder: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a decoder that is trusted to run in the program takes it down only once."""
    bad = (FIXTURES / "IM-0131-0001.jpeg").read_bytes()
    (folder / "020-bad.jpg").write_bytes(bad[:2] + b"\xff\xfe\x00\x08poison" + bad[2:])
    child = start(folder, data, POISON)
    assert child.wait(60) != 0
    apart.close()  # one that an earlier test has left knows no poison
    monkeypatch.setattr(
        apart,
        "command",
        lambda: [sys.executable, "-c", f"{POISON}from pneumo_desktop.imaging.apart import serve; serve()"],
    )
    services = Services.create(data)
    try:
        (queue,) = services.store.unfinished()
        services.resume_queue(queue[0], Population.NOT_KNOWN, Callbacks(lambda rows: None)).wait()
        rows = rows_of(services)
        assert len(rows) == COUNT + 1
        judged = rows.pop("020-bad.jpg").judgement
        assert judged is not None
        assert (judged.outcome, judged.reason, judged.score) == (Outcome.NOT_ANALYSED, Reason.UNREADABLE, None)
        assert all(row.judgement and row.judgement.score is not None for row in rows.values())
    finally:
        services.close()
        apart.close()


def test_the_queue_that_another_process_reads_is_not_offered(folder: Path, data: Path) -> None:
    child = start(folder, data)
    try:
        until = time.monotonic() + 60
        while committed(data / "records.sqlite") < 2 and child.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        services = Services.create(data)
        try:
            assert services.store.unfinished() != []
            assert services.unfinished() == []
            child.kill()
            child.wait(30)
            assert services.unfinished() == services.store.unfinished() != []
            assert list(data.glob("reading-*")) == []
        finally:
            services.close()
    finally:
        child.kill()
        child.wait(30)


@pytest.fixture
def reopened(folder: Path, data: Path) -> Iterator[Services]:
    kill_when(start(folder, data), data, rows=6)
    services = Services.create(data)
    yield services
    services.close()


def _offered(services: Services, qtbot: QtBot) -> MainWindow:
    """Open a window and wait until it offers to go on."""
    window = open_window(services, qtbot)
    qtbot.waitUntil(window.offer.isVisible)
    return window


def test_the_window_offers_to_go_on(reopened: Services, qtbot: QtBot) -> None:
    window = _offered(reopened, qtbot)
    window.offer.yes.click()
    qtbot.waitUntil(lambda: reopened.store.unfinished() == [])
    qtbot.waitUntil(lambda: len([row for row in window.queue.model.all_rows() if row.judgement]) == COUNT)
    window.close()


GOES_ON = (
    "import sys, time\nfrom pathlib import Path\nfrom pneumo_desktop.app import Services\n"
    "from pneumo_desktop.reading import pipeline\n"
    "read_bytes = pipeline.read_bytes\n"
    "def slowly(entry):\n    time.sleep(0.1); return read_bytes(entry)\n"
    "pipeline.read_bytes = slowly\n"
    "services = Services.create(Path(sys.argv[1]))\n"
    "(queue,) = services.unfinished()\n"
    "services.resume_queue(queue.queue_id, queue.population, pipeline.Callbacks(lambda rows: None)).wait()"
)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_what_another_window_has_gone_on_with_is_neither_read_twice_nor_given_up(
    answer: str, reopened: Services, data: Path, qtbot: QtBot
) -> None:
    window = _offered(reopened, qtbot)
    before = committed(data / "records.sqlite")
    (queue,) = reopened.unfinished()
    other = subprocess.Popen([sys.executable, "-c", GOES_ON, str(data)], cwd=ROOT)
    try:
        qtbot.waitUntil(lambda: committed(data / "records.sqlite") > before)
        getattr(window.offer, answer).click()
        assert window.keeper.finish()
        assert not window.active_runs() and not window.queue.model.has_rows()
        told = f"Another window, or a command, is reading. When it has closed, you can go on with “{queue.label}” here."
        assert (window.statusBar().currentMessage() == told) is (answer == "yes")
        assert window.offer.isVisible() is (answer == "yes"), "it can be asked again"
    finally:
        other.kill()
        other.wait(30)
    (queue,) = reopened.unfinished()
    assert 0 < queue.waiting < COUNT, "offered at the next start"
    window.close()


def test_what_waits_while_another_window_reads_something_else_is_gone_on_with_when_that_is_closed(
    reopened: Services, data: Path, qtbot: QtBot
) -> None:
    window = _offered(reopened, qtbot)
    with (data / "reading-0.lock").open("a+b") as other:
        lock(other)
        window.offer.yes.click()
        assert window.keeper.finish()
        assert window.offer.isVisible() and not window.active_runs()
        assert "has gone on" not in window.statusBar().currentMessage()
    window.offer.yes.click()
    qtbot.waitUntil(lambda: reopened.store.unfinished() == [] and not window.active_runs())
    window.close()


def test_what_another_window_has_read_to_its_end_is_not_offered_again(reopened: Services, qtbot: QtBot) -> None:
    window = _offered(reopened, qtbot)
    (queue,) = reopened.unfinished()
    reopened.store.finish_queue(queue.queue_id)
    window.offer.yes.click()
    assert window.keeper.finish()
    told = f"“{queue.label}” does not wait any more: it has been read or given up elsewhere."
    assert window.statusBar().currentMessage() == told
    assert not window.offer.isVisible() and not window.active_runs()
    window.close()


def told(services: Services, rows: dict[str, Row]) -> dict[str, Population]:
    return {name: services.store.told_population(row.entry_id) for name, row in rows.items()}


def test_killed_while_it_reads_again_every_row_keeps_a_result_and_the_rest_is_read(
    killed_while_it_read_again: tuple[Services, dict[str, Row]],
) -> None:
    services, before = killed_while_it_read_again
    (queue,) = services.unfinished()
    assert queue.population is Population.ADULTS
    assert 0 < queue.waiting == queue.again < len(before) == 13
    halfway = rows_of(services)
    old = {name for name, row in halfway.items() if row == before[name]}
    assert {name for name, whose in told(services, halfway).items() if whose is not Population.ADULTS} == old
    assert len(old) == queue.again
    for row in halfway.values():
        assert row.judgement is not None
        assert (services.store.heat_map(row.entry_id) is None) == (row.judgement.score is None)
    services.resume_queue(queue.queue_id, queue.population, Callbacks(lambda rows: None)).wait()
    after = rows_of(services)
    assert set(told(services, after).values()) == {Population.ADULTS}
    assert {name for name, row in after.items() if row.duplicate} == {"twin.jpg"}
    assert services.unfinished() == []


def test_what_is_not_gone_on_with_keeps_its_earlier_result(
    killed_while_it_read_again: tuple[Services, dict[str, Row]], qtbot: QtBot
) -> None:
    services, _before = killed_while_it_read_again
    halfway = rows_of(services)
    window = _offered(services, qtbot)
    assert "still ha" in window.offer._label.text()
    window.offer.no.click()
    qtbot.waitUntil(lambda: services.store.unfinished() == [])
    assert rows_of(services) == halfway
    window.close()
    assert services.unfinished() == []


def test_gone_on_with_in_the_window_every_row_shows_its_newest_result(
    killed_while_it_read_again: tuple[Services, dict[str, Row]], qtbot: QtBot
) -> None:
    services, _before = killed_while_it_read_again
    window = _offered(services, qtbot)
    window.offer.yes.click()
    qtbot.waitUntil(lambda: services.store.unfinished() == [] and not window.active_runs())
    qtbot.waitUntil(lambda: len(window.queue.model.all_rows()) == 13)
    window.queue.flush()
    rows = {row.entry_id: row for row in window.queue.model.all_rows()}
    assert rows == {row.entry_id: row for row in services.store.rows()}
    assert {row.judgement.population for row in rows.values() if row.judgement} == {Population.ADULTS}
    window.close()
