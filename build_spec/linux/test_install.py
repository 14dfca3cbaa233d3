"""Installs, runs and removes every Linux installer of dist/ in a bare Debian without network, and writes what it saw.

``python build_spec/linux/test_install.py [--record docs/test-install.md] [--keep]`` as root; run it by ``make test-install``.
Exits 1 at the first thing that is not as promised. Pictures go to build/test-install.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import no_avx
from identity import ROOT, version
from sandbox import SCREEN, USER, Sandbox, differences, entry_command, find_window, make_root, picture, screen, snapshot
from sandbox import traffic as traffic_of

OUT = ROOT / "build" / "test-install"
SOURCE = Path(os.environ.get("SOURCE", ROOT))
"""The checkout that the bundle was made from."""

DIST = Path(os.environ.get("DIST", ROOT / "dist"))
DATA = ROOT.parent / "shared" / "data"
FOLDER = "Radiografías de María"
TITLE = "Pneumo Desktop"
KEPT = (f"home/{USER}/.local/share/pneumo-desktop", f"home/{USER}/.cache")
"""The clinic's results, and caches of the desktop's own libraries (fonts, shaders): they stay."""

_OF_ONE_RUN = ("time", "decision", "note", "initials")
SYSTEM_DIARIES = ("var/lib/dpkg", "var/log", "var/cache", "tmp", "run")


class Broken(Exception):  # noqa: N818
    """Something is not as promised; the message says what."""


def expect(true: bool, words: str) -> None:
    """Raise Broken with ``words`` unless ``true``."""
    if not true:
        raise Broken(words)


class Log:
    """What was seen, as lines of a table."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.faults: list[str] = []

    def tell(self, what: str, seen: str) -> None:
        """Note one line and print it."""
        self.lines.append((what, seen))
        print(f"{what}: {seen}", flush=True)


def images(target: Path) -> None:
    """Fill ``target`` with photographs of films, DICOM files good and bad, and names that are not ASCII."""
    target.mkdir(parents=True)
    for path in sorted((ROOT / "tests" / "fixtures").glob("*.jpeg")):
        shutil.copy(path, target / f"niño {path.name}")
    for path in sorted((ROOT / "resources" / "examples").glob("*.png")):
        shutil.copy(path, target)
    if DATA.is_dir():
        for path in sorted((DATA / "kermany" / "train_original").rglob("*.jpeg"))[:20]:
            shutil.copy(path, target)
        shutil.copytree(DATA / "dicom", target / "DICOM")
    (target / "dañado.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")


def labelled(target: Path) -> None:
    """Fill ``target`` with 40 normal and 40 pneumonia images of different patients."""
    for name in ("NORMAL", "PNEUMONIA"):
        seen: set[str] = set()
        (target / name).mkdir(parents=True)
        for path in sorted((DATA / "kermany" / "train_224" / name).glob("*.jpeg")):
            patient = path.name.split("_")[0] if name == "PNEUMONIA" else path.name.rsplit("-", 1)[0]
            if patient not in seen and len(seen) < 40:
                seen.add(patient)
                shutil.copy(path, target / name)


def comparable(document: Path) -> list[dict[str, object]]:
    """Return the results of an exported JSON without what differs between two runs: place, time, the reader's decision."""
    found = []
    for result in json.loads(document.read_text("utf-8"))["results"]:
        result = {key: value for key, value in result.items() if key not in _OF_ONE_RUN}
        result["file"] = str(result["file"]).split(FOLDER, 1)[-1]
        found.append(result)
    return sorted(found, key=lambda result: str(result["file"]))


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
                for words in (["windowfocus", window], ["key", "--clearmodifiers", "ctrl+q"]):
                    subprocess.run(["xdotool", *words], env={**os.environ, "DISPLAY": SCREEN}, check=False)
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
        told = self.box.run(f"{self.program}/pneumo-desktop-cli", "verify").stdout
        self.log.tell(f"{self.name}: verify", told.strip().splitlines()[-1])
        told = self.box.run(f"{self.program}/pneumo-desktop-cli", "self-test", "--json").stdout
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
        load = os.getloadavg()[0]
        cores = os.cpu_count()
        self.log.tell(f"{self.name}: load of the computer meanwhile", f"{load:.1f} on {cores} cores")
        self.log.tell(f"{self.name}: window after, first start (wanted: 1 s)", f"{seen['seen']:.2f} s")
        self.log.tell(f"{self.name}: first result after, first start (wanted: 3 s)", f"{first:.2f} s")
        self.log.tell(f"{self.name}: peak memory with {entries} images (wanted: under 350 MB)", f"{memory} MB")

    def decide(self) -> None:
        """Click on the second row and decide it by the key 1; the decision is on disk."""
        steps = (["windowfocus", find_window(TITLE)], ["mousemove", "90", "212", "click", "1"], ["key", "1"])
        until = time.monotonic() + 60
        while not self.state()["decision"]:
            expect(time.monotonic() < until, f"{self.name}: the decision was not kept.")
            for words in steps:
                subprocess.run(["xdotool", *words], env={**os.environ, "DISPLAY": SCREEN}, check=True)
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
        done = self.box.run(
            f"{self.program}/pneumo-desktop-cli", "predict", f"/home/{USER}/{FOLDER}", "--out", out, check=False
        )
        expect(done.returncode == 3, f"predict ended with {done.returncode}: {done.stderr}")
        got, want = comparable(self.box.root / out[1:]), comparable(wanted)
        expect(
            [one["file"] for one in got] == [one["file"] for one in want],
            f"{self.name}: other files than in the source run.",
        )
        largest = max(
            (abs(float(a["score"]) - float(b["score"])) for a, b in zip(got, want, strict=True)  # type: ignore[arg-type]
             if a["score"] is not None and b["score"] is not None), default=0.0,
        )  # fmt: skip
        for one, other in zip(got, want, strict=True):
            same = {key: value for key, value in one.items() if key != "score"}
            expect(same == {key: value for key, value in other.items() if key != "score"}, f"{one} is not {other}")
        expect(largest <= 1e-4, f"{self.name}: a score differs by {largest}.")
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
        cli = f"{self.program}/pneumo-desktop-cli"
        self.box.run(cli, "models", "import", settings["out"])
        self.log.tell(
            f"{self.name}: three small epochs", f"{seconds:.0f} s traced, package {events[-1]['model_id']} imported"
        )
        shutil.rmtree(job)

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
        done = self.box.run(
            f"{self.program}/pneumo-desktop-cli", "predict", f"/home/{USER}/{FOLDER}", "--data-dir", f"/home/{USER}/nuevo",
            check=False,
        )  # fmt: skip
        expect(
            done.returncode == 2 and "versión más nueva" in done.stderr,
            f"newer database: {done.returncode} {done.stderr}",
        )
        expect((folder / "records.sqlite").read_bytes()[100:] == before[100:], "The newer database was changed.")
        self.log.tell(f"{self.name}: database of a newer version", f"refused: {done.stderr.strip()}")
        shutil.rmtree(folder)

    def state(self) -> dict[str, object]:
        """Return what an update must keep: results, decisions, settings, models."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            tables = {
                name: connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
                for name in ("result", "decision", "setting", "entry")
            }
        return {**tables, "models": sorted(path.name for path in (self.data / "models").glob("*"))}


def older(deb: Path, target: Path) -> Path:
    """Return the same package as version 0.0.1, in ``target``: what a clinic has before the USB stick arrives."""
    unpacked = target / "older"
    subprocess.run(["dpkg-deb", "-R", str(deb), str(unpacked)], check=True)
    control = unpacked / "DEBIAN/control"
    lines = control.read_text("utf-8").splitlines()
    control.write_text("\n".join("Version: 0.0.1" if line.startswith("Version:") else line for line in lines) + "\n")
    made = target / "older.deb"
    subprocess.run(["dpkg-deb", "-Znone", "--build", str(unpacked), str(made)], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(unpacked)
    return made


def prepare(box: Sandbox, source: Path) -> int:
    """Put the images into the user's home, read them with the source, and return how many results there are."""
    folder = box.home / FOLDER
    images(folder)
    labelled(box.home / "etiquetadas")
    subprocess.run(["chown", "-R", "1000:1000", str(box.home)], check=True)
    if not source.exists():
        command = [str(ROOT / ".venv/bin/python"), "-m", "pneumo_desktop", "predict", str(folder), "--out", str(source)]
        subprocess.run(
            [*command, "--data-dir", str(OUT / "source-data")], check=False, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=SOURCE, env={**os.environ, "LANG": "es_ES.UTF-8", "PYTHONPATH": str(SOURCE)},
        )  # fmt: skip
    return len(comparable(source))


def try_deb(box: Sandbox, log: Log, quick: bool) -> None:
    """The .deb packages: an older one, the newer over it, the training component, removal."""
    entries = prepare(box, OUT / "source.json")
    deb = DIST / f"pneumo-desktop_{version()}_amd64.deb"
    component = DIST / f"pneumo-desktop-training_{version()}_amd64.deb"
    for path in (deb, component, older(deb, OUT)):
        shutil.copy(path, box.root / "root" / path.name)
    before = snapshot(box.root)
    entry = box.root / "usr/share/applications/pneumo-desktop.desktop"
    journey = Journey(box, log, "deb", entry, "/usr/lib/pneumo-desktop")
    box.run("dpkg", "-i", "/root/older.deb", user=None)
    subprocess.run(["desktop-file-validate", str(entry)], check=True)
    journey.first_start(entries)
    kept = journey.state()
    box.run("dpkg", "-i", f"/root/{deb.name}", user=None)
    expect(journey.state() == kept, "The update changed results, decisions, settings or models.")
    log.tell(
        "deb: update of an older version", f"{len(kept['result'])} results, {len(kept['decision'])} decisions kept"
    )  # type: ignore[arg-type]
    journey.check_installation()
    journey.warm_start()
    journey.same_as_source(OUT / "source.json")
    journey.traced(entries)
    journey.refuses_newer_database()
    box.run("dpkg", "-i", f"/root/{component.name}", user=None)
    journey.check_installation()
    journey.train()
    if not quick:
        no_avx.prove(box.root / "usr/lib/pneumo-desktop", log.tell)
    box.run("dpkg", "--purge", "pneumo-desktop-training", "pneumo-desktop", user=None)
    leaves_nothing(box, before, log, "deb", SYSTEM_DIARIES)


def try_run(box: Sandbox, log: Log, _quick: bool) -> None:
    """The self-extracting files, as the user: reading only, the full one over it, removal."""
    entries = prepare(box, OUT / "source.json")
    small = DIST / f"pneumo-desktop-{version()}-linux-x86_64.run"
    full = DIST / f"pneumo-desktop-full-{version()}-linux-x86_64.run"
    for path in (small, full):
        shutil.copy(path, box.home / path.name)
    before = snapshot(box.root)
    program = f"/home/{USER}/.local/lib/pneumo-desktop"
    journey = Journey(box, log, "run", box.home / ".local/share/applications/pneumo-desktop.desktop", program)
    told = box.run("sh", f"/home/{USER}/{small.name}", "--check").stdout
    log.tell("run: checksum", " ".join(told.split()[-8:]))
    box.run("sh", f"/home/{USER}/{small.name}", "--nox11")
    subprocess.run(["desktop-file-validate", str(journey.entry)], check=True)
    journey.check_installation()
    journey.first_start(entries)
    kept = journey.state()
    box.run("sh", f"/home/{USER}/{full.name}", "--nox11", "--", "--quiet")
    expect(journey.state() == kept, "The update changed results, decisions, settings or models.")
    log.tell(
        "run: full version over the reading one",
        f"{len(kept['result'])} results, {len(kept['decision'])} decisions kept",
    )  # type: ignore[arg-type]
    journey.check_installation()
    journey.same_as_source(OUT / "source.json")
    journey.train()
    with journey.window():
        done = box.run(f"{program}/uninstall.sh", check=False)
        expect(done.returncode == 1 and "abierto" in done.stderr, f"An open program was removed: {done}")
    log.tell("run: removal while the window is open", f"refused: {done.stderr.strip()}")
    box.run(f"{program}/uninstall.sh")
    leaves_nothing(box, before, log, "run", ("tmp", "run"))


def leaves_nothing(
    box: Sandbox, before: dict[str, tuple[object, ...]], log: Log, name: str, diaries: tuple[str, ...]
) -> None:
    """Compare the file system with the one before the installation."""
    found = [
        line for line in differences(before, snapshot(box.root))
        if not line[2:].startswith((*KEPT, *diaries)) and line[2:] not in (f"home/{USER}/.local", f"home/{USER}/.local/share")
    ]  # fmt: skip
    if found:
        log.faults += found
        log.tell(f"{name}: **left behind after removal**", ", ".join(found[:10]))
        return
    log.tell(
        f"{name}: file system after removal", f"as before ({len(before)} files compared); the clinic's results are kept"
    )


BY_HAND = "\n## By hand\n"
"""The heading in the record from which on ``record`` keeps what is there."""


def record(log: Log, path: Path) -> None:
    """Write what was seen as a page; what stands from the heading ``BY_HAND`` on is kept as it is."""
    before = path.read_text("utf-8") if path.is_file() else ""
    _, heading, by_hand = before.partition(BY_HAND)
    machine = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "",
    )
    build = json.loads((ROOT / "build/bundle/pneumo-desktop/manifest.json").read_text("utf-8"))["build_id"]
    lines = [
        "# The last `make test-install`", "",
        "Every Linux installer was installed, used and removed in a bare Debian 12 (debootstrap; no compiler, no Python, no",
        "network) by `build_spec/linux/test_install.py`. Written by `make test-install`; edit only what stands by hand.", "",
        f"{datetime.date.today()}, build {build}, {machine}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}.",
        "", "| what | seen |", "|---|---|", *(f"| {what} | {seen} |" for what, seen in log.lines), "",
    ]  # fmt: skip
    path.write_text("\n".join(lines) + heading + by_hand, "utf-8")


def main() -> int:
    """Try every installer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", type=Path, default=ROOT / "docs" / "test-install.md")
    parser.add_argument("--keep", action="store_true", help="keep the roots for a look")
    parser.add_argument("--quick", action="store_true", help="leave the emulated processor out")
    parser.add_argument("--only", choices=("deb", "run"))
    options = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    roots = ROOT / "build" / "roots"
    roots.mkdir(parents=True, exist_ok=True)
    deb = DIST / f"pneumo-desktop_{version()}_amd64.deb"
    depends = subprocess.run(["dpkg-deb", "-f", str(deb), "Depends"], capture_output=True, text=True, check=True).stdout
    make_root(roots / "bookworm", depends.strip())
    log = Log()
    for path in sorted((DIST).iterdir()):
        if path.suffix in (".deb", ".run") and version() in path.name:
            log.tell(path.name, f"{path.stat().st_size / 1e6:.1f} MB")
    tries: dict[str, Callable[[Sandbox, Log, bool], None]] = {"deb": try_deb, "run": try_run}
    try:
        with screen():
            for name, journey in tries.items():
                if options.only in (None, name):
                    box = Sandbox(roots / "bookworm", roots / f"try-{name}")
                    with box.mounted():
                        journey(box, log, options.quick)
                    if not options.keep:
                        shutil.rmtree(box.root)
    except (Broken, RuntimeError) as problem:
        print(f"Not as promised: {problem}", file=sys.stderr)
        return 1
    if options.only is None:
        record(log, options.record)
    return 1 if log.faults else 0


if __name__ == "__main__":
    sys.exit(main())
