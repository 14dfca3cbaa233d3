"""What a clinic does with an installed program, the same for every Linux installer."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from identity import ROOT
from pages import Pages, no_error
from samples import FOLDER, comparable, half_film, same
from sandbox import SCREEN, USER, Sandbox, entry_command, find_window, on_screen, picture, press
from sandbox import traffic as traffic_of
from seen import Broken, Log, expect, load

OUT = ROOT / "build" / "test-install"
TITLE = "Pneumo Desktop"
OWN_MODEL = ROOT / "tests" / "fixtures" / "tiny.pneumo"


def done_rows(database: Path) -> tuple[int, int]:
    """Return (entries with a result, entries) of a database that another process writes."""
    if not database.exists():
        return 0, 0
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection,
    ):
        return connection.execute("SELECT count(result_id), count(*) FROM entry").fetchone()  # type: ignore[no-any-return]
    return 0, 0


def judged(database: Path) -> dict[str, tuple[object, ...]]:
    """Return outcome, reason, detail and score of each image by its name."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT path, outcome, reason, detail, score FROM entry JOIN result ON result.id = entry.result_id"
        )
        return {PureWindowsPath(path).name: tuple(words) for path, *words in rows}  # it knows both kinds of path


def processes(root: Path, name: str) -> list[int]:
    """Return the processes that run the program ``name`` inside ``root``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            program = os.readlink(process / "exe")
            if Path(program).name == name and os.readlink(process / "root") == str(root.resolve()):
                found.append(int(process.name))
    return found


def peak_memory(process: int) -> int:
    """Return the largest resident memory of a process so far, in MB."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0


class Journey:
    """What a clinic does with an installed program: the same for every installer."""

    def __init__(self, box: Sandbox, log: Log, name: str, entry: Path, program: str) -> None:
        self.box, self.log, self.name = box, log, name
        self.entry, self.program = entry, program
        self.data = box.home / ".local/share/pneumo-desktop"
        self.database = self.data / "records.sqlite"

    def running(self) -> list[int]:
        """Return the processes of the program and of its training component."""
        return [one for name in ("pneumo-desktop", "pneumo-training") for one in processes(self.box.root, name)]

    def cli(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the console twin."""
        return self.box.run(f"{self.program}/pneumo-desktop-cli", *words, check=check)

    @contextlib.contextmanager
    def window(self, *paths: str, trace: Path | None = None, **environment: str) -> Iterator[dict[str, float]]:
        """Start the desktop entry with ``paths``, yield when its window is seen, close it and expect exit code 0."""
        line = self.box.command(*entry_command(self.entry, paths), environment=environment, trace=trace)
        began = time.monotonic()
        child = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=(OUT / f"{self.name}.stderr").open("w"))
        try:
            wayland = environment.get("QT_QPA_PLATFORM") == "wayland"
            window = "" if wayland else find_window(TITLE)
            yield {"began": began, "seen": time.monotonic() - began}
            if window:
                press(window, "ctrl+q")
                expect(child.wait(20) == 0, f"{self.name}: the window ended with {child.returncode}.")
        finally:
            for process in processes(self.box.root, "pneumo-desktop"):
                os.kill(process, signal.SIGTERM)
            if child.poll() is None:
                child.wait(20)

    def wait_for_results(self, began: float, entries: int, seconds: float = 240) -> float:
        """Wait until ``entries`` are read; return the seconds from ``began`` to the first result."""
        first = 0.0
        while time.monotonic() - began < seconds:
            done, _all = done_rows(self.database)
            if done and not first:
                first = time.monotonic() - began
            if done >= entries:
                return first
            time.sleep(0.02)
        raise Broken(f"{self.name}: {done_rows(self.database)} of {entries} images were read in {seconds:.0f} s.")

    def check_installation(self) -> None:
        """``verify`` and ``self-test`` pass; a file that was changed is noticed."""
        told = self.cli("verify").stdout
        self.log.tell(f"{self.name}: verify", told.strip().splitlines()[-1])
        told = self.cli("self-test", "--json").stdout
        report = json.loads(told)
        expect(report["passed"], f"self-test: {report}")
        self.log.tell(
            f"{self.name}: self-test", f"passed; largest difference {report['reference']['largest_difference']:.0e}"
        )

    def first_start(self, entries: int) -> None:
        """Start from the desktop entry with a folder, as at the first start; measure; look at the picture."""
        with self.window(f"/home/{USER}/{FOLDER}") as seen:
            first = self.wait_for_results(seen["began"], entries)
            time.sleep(1)
            picture(OUT / f"{self.name}-window.png")
            self.decide()
            memory = max(peak_memory(process) for process in processes(self.box.root, "pneumo-desktop"))
        self.log.tell(f"{self.name}: window after, first start (wanted: 1 s)", f"{seen['seen']:.2f} s, {load()}")
        self.log.tell(f"{self.name}: first result after, first start (wanted: 3 s)", f"{first:.2f} s, {load()}")
        self.log.tell(f"{self.name}: peak memory with {entries} images (wanted: under 350 MB)", f"{memory} MB")

    def decide(self) -> None:
        """Click on the second row and decide it by the key 1; the decision is on disk."""
        steps = (["windowfocus", find_window(TITLE)], ["mousemove", "90", "212", "click", "1"], ["key", "1"])
        until = time.monotonic() + 60
        while not self.state()["decision"]:
            expect(time.monotonic() < until, f"{self.name}: the decision was not kept.")
            for words in steps:
                on_screen(*words)
                time.sleep(1)

    def warm_start(self, rounds: int = 5) -> None:
        """Measure the start once more, median of some."""
        times = []
        for _ in range(rounds):
            with self.window() as seen:
                times.append(seen["seen"])
        self.log.tell(
            f"{self.name}: window after, median of {rounds} further starts", f"{sorted(times)[rounds // 2]:.2f} s"
        )

    def traced(self, entries: int) -> None:
        """The whole journey under a tracer: read a folder in the window, export, check; nothing leaves the computer."""
        logs = [OUT / f"{self.name}-{part}.strace" for part in ("window", "export", "check")]
        fresh = {"XDG_DATA_HOME": f"/home/{USER}/traced"}
        database, self.database = self.database, self.box.home / "traced/pneumo-desktop/records.sqlite"
        with self.window(f"/home/{USER}/{FOLDER}", trace=logs[0], **fresh) as seen:
            self.wait_for_results(seen["began"], entries)
        self.database = database
        cli = f"{self.program}/pneumo-desktop-cli"
        out = f"/home/{USER}/traced/out.csv"
        self.box.run(
            cli, "predict", f"/home/{USER}/{FOLDER}", "--out", out, trace=logs[1], environment=fresh, check=False
        )
        self.box.run(cli, "self-test", trace=logs[2], environment=fresh)
        found = [traffic_of(log) for log in logs]
        foreign = [line for one in found for line in one.foreign]
        expect(not foreign, f"{self.name}: calls that leave the computer: {foreign[:5]}")
        self.log.tell(
            f"{self.name}: calls to other than local sockets under strace and unshare --net",
            f"0 (and {sum(one.local for one in found)} to local ones: the screen)",
        )
        shutil.rmtree(self.box.home / "traced")

    def same_as_source(self, wanted: Path) -> None:
        """The exported JSON equals the one of the source run."""
        out = f"/home/{USER}/resultados.json"
        done = self.cli("predict", f"/home/{USER}/{FOLDER}", "--out", out, check=False)
        expect(done.returncode == 3, f"predict ended with {done.returncode}: {done.stderr}")
        got = comparable(self.box.root / out[1:])
        largest = same(got, comparable(wanted))
        (self.box.root / out[1:]).unlink()
        self.log.tell(
            f"{self.name}: JSON of {len(got)} results against the source run",
            f"equal; largest difference of a score {largest:.0e}",
        )

    def train(self) -> None:
        """Train three small epochs with the component, traced; the package it makes is imported and reads."""
        job = self.box.home / "trabajo"
        job.mkdir()
        settings = {
            "folder": f"/home/{USER}/etiquetadas", "out": f"/home/{USER}/trabajo/red.pneumo", "architecture": "classic",
            "epochs": 3, "size": 64, "early_stopping": 0, "seed": 1,
        }  # fmt: skip
        (job / "job.json").write_text(json.dumps(settings), "utf-8")
        shutil.chown(job, 1000, 1000)
        log = OUT / f"{self.name}-training.strace"
        read, write = os.pipe()
        began = time.monotonic()
        try:
            told = self.box.run(
                f"{self.program}/training/pneumo-training", "--language", "es", "train", f"/home/{USER}/trabajo", stdin=read,
                trace=log,
            ).stdout  # fmt: skip
        finally:
            os.close(read)
            os.close(write)
        seconds = time.monotonic() - began
        events = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
        epochs = [event for event in events if event["event"] == "epoch"]
        expect(len(epochs) == 3, f"{self.name}: {len(epochs)} epochs.")
        expect(events[-1]["event"] == "done", f"{self.name}: {events[-1]}")
        expect(not traffic_of(log).foreign, f"{self.name}: training left the computer: {traffic_of(log).foreign[:3]}")
        self.cli("models", "import", str(settings["out"]))
        self.log.tell(
            f"{self.name}: three small epochs", f"{seconds:.0f} s traced, package {events[-1]['model_id']} imported"
        )
        shutil.rmtree(job)

    def pages(self, entries: int) -> None:
        """Open every dialog by its keys; evaluate the model and scan for a training; nothing goes wrong on the way."""
        place = self.box.home / "paginas"
        database, self.database = self.database, place / "pneumo-desktop/records.sqlite"
        with self.window(f"/home/{USER}/{FOLDER}", XDG_DATA_HOME=f"/home/{USER}/paginas") as seen:
            self.wait_for_results(seen["began"], entries)
            pages = Pages(find_window(TITLE), self.running, OUT / self.name, on_screen, picture)
            pages.look(f"/home/{USER}/etiquetadas")
        self.database = database
        no_error(place / "pneumo-desktop/logs/pneumo-desktop.log")
        self.log.tell(f"{self.name}: every dialog opened and closed by keys", ", ".join(pages.seen))
        shutil.rmtree(place)

    def wayland(self, entries: int) -> None:
        """The window in a Wayland session: a compositor that shows itself in the screen, and no X for the program."""
        runtime = self.box.home / "wayland"
        runtime.mkdir(mode=0o700)
        shutil.chown(runtime, 1000, 1000)
        session = {"XDG_RUNTIME_DIR": f"/home/{USER}/wayland", "WAYLAND_DISPLAY": "pneumo", "QT_QPA_PLATFORM": "wayland",
                   "DISPLAY": "", "XDG_DATA_HOME": f"/home/{USER}/wayland"}  # fmt: skip
        screen = ("--backend=x11-backend.so", "--use-pixman", "--width=1366", "--height=768")
        weston = subprocess.Popen(
            ["weston", *screen, "--socket=pneumo", "--idle-time=0", "--no-config"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "DISPLAY": SCREEN, "XDG_RUNTIME_DIR": str(runtime)},
        )  # fmt: skip
        database, self.database = self.database, runtime / "pneumo-desktop/records.sqlite"
        try:
            until = time.monotonic() + 30
            while not (runtime / "pneumo").exists():
                expect(time.monotonic() < until, "weston did not start.")
                time.sleep(0.1)
            shutil.chown(runtime / "pneumo", 1000, 1000)
            with self.window(f"/home/{USER}/{FOLDER}", **session) as seen:
                self.wait_for_results(seen["began"], entries)
                time.sleep(1)
                picture(OUT / f"{self.name}-wayland.png")
        finally:
            weston.terminate()
            weston.wait()
            self.database = database
            shutil.rmtree(runtime)
        self.log.tell(f"{self.name}: Wayland (weston 10, no X for the program)", f"window and {entries} results")

    def refuses_newer_database(self) -> None:
        """A database of a newer version is refused in words, by window and command line, and stays untouched."""
        folder = self.box.home / "nuevo"
        folder.mkdir()
        with contextlib.closing(sqlite3.connect(folder / "records.sqlite")) as connection:
            connection.execute("CREATE TABLE later (value)")
            connection.execute("PRAGMA user_version = 99")
        for path in (folder, folder / "records.sqlite"):
            shutil.chown(path, 1000, 1000)
        before = (folder / "records.sqlite").read_bytes()
        place = ("--data-dir", f"/home/{USER}/nuevo")
        done = self.cli("predict", f"/home/{USER}/{FOLDER}", *place, check=False)
        told = done.stderr.strip()
        expect(done.returncode == 2 and "versión más nueva" in told, f"newer database: {done.returncode} {told}")
        child = subprocess.Popen(self.box.command(f"{self.program}/pneumo-desktop", *place), stderr=subprocess.DEVNULL)
        try:
            box = find_window(TITLE)
            time.sleep(1)
            picture(OUT / f"{self.name}-newer-database.png")
            press(box, "Return")
            expect(child.wait(20) == 2, f"The window over a newer database ended with {child.returncode}.")
        finally:
            child.kill()
        expect((folder / "records.sqlite").read_bytes()[100:] == before[100:], "The newer database was changed.")
        self.log.tell(f"{self.name}: database of a newer version", f"refused by command line and window: {told}")
        shutil.rmtree(folder)

    def refuses_damaged(self) -> None:
        """A film that is damaged inside gets its sentence and no verdict, by command line and window: what libjpeg says of it
        past Python is heard in a frozen program too, and one without a console.
        """
        place = self.box.home / "a medias"
        half_film(place / "films")
        for path in (place, *place.rglob("*")):
            shutil.chown(path, 1000, 1000)
        films = f"/home/{USER}/a medias/films"
        done = self.cli("predict", films, "--data-dir", f"/home/{USER}/a medias/cli", check=False)
        expect(done.returncode == 3 and "está dañado" in done.stdout, f"A damaged JPEG: {done}")
        database, self.database = self.database, place / "pneumo-desktop/records.sqlite"
        with self.window(films, XDG_DATA_HOME=f"/home/{USER}/a medias") as seen:
            self.wait_for_results(seen["began"], 2)
            time.sleep(1)
            press(find_window(TITLE), "n")  # the damaged one is the second
            time.sleep(1)
            picture(OUT / f"{self.name}-damaged.png")
        for found in (judged(place / "cli/records.sqlite"), judged(self.database)):
            expect(found["half.jpeg"] == ("not_analysed", "unreadable", "damaged", None), f"A damaged JPEG: {found}")
            expect(found["whole.jpeg"][3] is not None, f"A whole JPEG was not read: {found}")
        self.database = database
        told = next(line for line in done.stdout.splitlines() if "half.jpeg" in line)
        self.log.tell(
            f"{self.name}: JPEG with 512 zeros in its middle",
            f"no verdict by command line and window: {' '.join(told.split())}",
        )
        shutil.rmtree(place)

    def make_it_own(self) -> None:
        """What a clinic changes: a model of its own is imported and activated, the window is dark."""
        shutil.copy(OWN_MODEL, self.box.home / "propio.pneumo")
        self.cli("models", "import", f"/home/{USER}/propio.pneumo")
        self.cli("models", "activate", "tiny")
        (self.box.home / "propio.pneumo").unlink()
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("INSERT OR REPLACE INTO setting (key, value) VALUES ('theme', '\"dark\"')")

    def still_own(self, before: dict[str, object], update: str) -> None:
        """All of it is there after an update, and the window shows it; then the clinic goes back to the bundled model."""
        expect(self.state() == before, "The update changed results, decisions, settings or models.")
        told = self.cli("models", "list").stdout
        expect("* tiny" in told, f"Another model is active after the update: {told}")
        with self.window():
            time.sleep(3)
            picture(OUT / f"{self.name}-updated.png")
        numbers = {name: len(before[name]) for name in ("result", "decision", "setting", "models")}  # type: ignore[arg-type]
        self.log.tell(
            f"{self.name}: {update}",
            f"{numbers['result']} results, {numbers['decision']} decisions, {numbers['setting']} settings and "
            f"{numbers['models']} files of models kept, the clinic's own model active",
        )
        self.cli("models", "rollback")
        self.cli("models", "remove", "tiny")

    def state(self) -> dict[str, object]:
        """Return what an update must keep: results, decisions, settings, and the models byte by byte."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            tables = {
                name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
                for name in ("result", "decision", "setting", "entry")
            }
        files = sorted(path for path in (self.data / "models").glob("*") if path.is_file())
        return {**tables, "models": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}}
