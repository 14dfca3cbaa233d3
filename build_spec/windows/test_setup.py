"""Installs, runs and removes dist/*-setup.exe under Wine, as a user and in a folder with non-ASCII letters.

``python build_spec/windows/test_setup.py [--record docs/test-install-windows.md]`` as root, after ``make windows``; the Debian
root with Wine is WINE_ROOT. Exits 1 at the first thing that is not as promised. Pictures go to build/test-install-windows.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "wine"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "linux"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clinic import done_rows, judged
from identity import ROOT, version
from pages import Pages, no_error
from samples import DAMAGED_INSIDE, FOLDER, comparable, images, labelled, read_by_source, same
from seen import Broken, Log, expect, load, processor, write_page
from session import HOME, USER, Session

OUT = ROOT / "build" / "test-install-windows"
PLACE = "C:\\Año clínico Ж\\Pneumo Desktop"
INTO_PLACE = f"/D={PLACE}".split(" ")
"""NSIS wants the folder unquoted, spaces and all; Wine would quote one argument with spaces."""

WINDOWS_LOCAL = f"C:\\users\\{USER}\\AppData\\Local"
PICTURES = f"Z:{HOME}/{FOLDER}".replace("/", "\\")
RUNNING = 3
"""What setup and uninstaller end with while the program runs (common.nsh)."""

WINDOWS_OWN = ("Microsoft", "Temp", "windows", "ProgramData", f"users/{USER}/AppData/Local/Temp")
"""Folders where Windows itself, not the program, writes while anything runs."""


def prepare(session: Session) -> Path:
    """Put the images into the user's home and read them with the source on Linux; return that run's JSON."""
    folder = session.home / FOLDER
    images(folder)
    (folder / "снимок 胸片.jpeg").write_bytes((ROOT / "tests/fixtures/person1_bacteria_1.jpeg").read_bytes())
    session.own(folder)
    wanted = OUT / "source.json"
    read_by_source(folder, wanted)
    return wanted


def wait_until(true: Callable[[], object], words: str, seconds: float = 300) -> float:
    """Wait until ``true()``; return the seconds that it took; raises Broken with ``words``."""
    began = time.monotonic()
    while not true():
        expect(time.monotonic() - began < seconds, words)
        time.sleep(0.1)
    return time.monotonic() - began


class Journey:
    """What a clinic does with setup.exe, from the first installation to the last trace."""

    def __init__(self, session: Session, log: Log, setup: Path) -> None:
        self.session, self.log, self.setup = session, log, f"Z:\\w\\dist\\{setup.name}"
        self.place = session.drive / PLACE[3:].replace("\\", "/")
        self.data = session.local / "pneumo-desktop"
        self.database = self.data / "records.sqlite"

    def install(self) -> None:
        """Install silently into a folder with non-ASCII letters."""
        began = time.monotonic()
        code, told = self.session.wine(self.setup, "/S", *INTO_PLACE)
        expect(code == 0, f"setup ended with {code}: {told}")
        expect((self.place / "pneumo-desktop.exe").is_file(), "setup put nothing there.")
        self.log.tell("silent installation", f"{time.monotonic() - began:.0f} s, user {USER}, into {PLACE}")

    def wizard(self) -> None:
        """Double-click, Next, Install: every page is shown in Spanish and in English; what that installed is removed."""
        place = self.session.local / "Programs/Pneumo Desktop"
        for language, name in (("C", "en"), ("es_ES", "es")):
            self.session.language = language
            process = self.session.start(self.setup)
            try:
                wait_until(lambda: self.session.has_window("Pneumo Desktop"), "setup shows no window.")
                for page in ("welcome", "folder"):
                    time.sleep(4)
                    self.session.picture(OUT / f"setup-{page}-{name}.png")
                    self.session.press("Return")
                wait_until((place / "uninstall.exe").is_file, "Next, Install installed nothing.", 600)
                time.sleep(6)
                self.session.picture(OUT / f"setup-finish-{name}.png")
                self.session.wine("taskkill", "/f", "/im", self.setup.rsplit("\\", 1)[-1])
            finally:
                self.session.end(process)
            self.session.wine(f"{WINDOWS_LOCAL}\\Programs\\Pneumo Desktop\\uninstall.exe", "/S")
            wait_until(lambda: not place.exists(), "The uninstaller left the program.", 60)
            self.session.settle()
        self.log.tell("setup by double-click: Next, Install, Finish", "pictures of its pages in Spanish and English")

    def told_when_it_cannot_start(self) -> None:
        """The program without console says why it ends: a file that is not there, a part of it that is missing."""
        part = self.place / "_internal/PySide6/QtWidgets.pyd"
        for name, words in (("missing-file", ("Z:\\no existe.dcm",)), ("missing-part", ())):
            if name == "missing-part":
                part.rename(part.with_suffix(".away"))
            process = self.session.start(f"{PLACE}\\pneumo-desktop.exe", *words)
            try:
                wait_until(lambda: self.session.has_window("Pneumo Desktop"), f"{name}: no message box.")
                time.sleep(2)
                self.session.picture(OUT / f"{name}.png")
                self.session.press("Return")
                told = process.communicate(timeout=60)[0].decode("utf-8", "replace")
                expect("[exit 2]" in told, f"{name}: {told}")
            finally:
                self.session.end(process)
                if part.with_suffix(".away").exists():
                    part.with_suffix(".away").rename(part)
        self.log.tell(
            "pneumo-desktop.exe with a file, or a part of itself, that is missing", "a message box, exit code 2"
        )

    def twin(self, *words: str, code: int = 0, seconds: float = 600) -> str:
        """Run the console twin and return what it printed."""
        ended, told = self.session.wine(f"{PLACE}\\pneumo-desktop-cli.exe", *words, seconds=seconds)
        expect(ended == code, f"{words[0]} ended with {ended}: {told[-800:]}")
        return told

    def check_installation(self) -> None:
        """``verify`` and ``self-test`` pass."""
        self.log.tell("verify", self.twin("verify").strip().splitlines()[-1])
        told = self.twin("self-test", "--json")
        report = json.loads(told[told.index("{") :])
        expect(report["passed"], f"self-test: {report}")
        self.log.tell("self-test", f"passed; largest difference {report['reference']['largest_difference']:.0e}")

    def look_at_registry(self) -> None:
        """Shortcuts, list of programs and "Open with" are there."""
        self.session.settle()
        registry = "\n".join(self.session.registry())
        for wanted in (
            "Uninstall\\PneumoDesktop", "Applications\\pneumo-desktop.exe", ".dcm\\OpenWithProgids",
            ".jpeg\\OpenWithProgids", "PneumoDesktop.Image\\shell\\open\\command",
        ):  # fmt: skip
            expect(wanted in registry, f"The registry lacks {wanted}.")
        links = [name for name in self.session.files() if name.endswith("Pneumo Desktop.lnk")]
        expect(len(links) == 2, f"Shortcuts: {links}")
        self.log.tell("start menu and desktop entries, list of programs, Open with of 9 kinds", "there")

    def window(self, entries: int) -> None:
        """Queue a folder in the window, look at its picture; meanwhile neither setup nor uninstaller touches anything."""
        began = time.monotonic()
        self.session.wine("cmd", "/c", "exit")
        wine_alone = time.monotonic() - began
        began = time.monotonic()
        process = self.session.start(f"{PLACE}\\pneumo-desktop.exe", PICTURES)
        try:
            shown = wait_until(lambda: self.session.has_window("Pneumo Desktop"), "There is no window.")
            wait_until(lambda: done_rows(self.database)[0], "The window read nothing.")
            first = time.monotonic() - began
            wait_until(lambda: done_rows(self.database)[0] >= entries, f"{done_rows(self.database)} were read.")
            damaged = judged(self.database)[DAMAGED_INSIDE]
            expect(damaged == ("not_analysed", "unreadable", "damaged", None), f"{DAMAGED_INSIDE}: {damaged}")
            time.sleep(3)
            self.session.picture(OUT / "window.png")
            peak, own, data = self.session.memory("pneumo-desktop.exe")
            for program in (self.setup, f"{PLACE}\\uninstall.exe"):
                self.session.wine(program, "/S", *(INTO_PLACE if program == self.setup else ()))
            time.sleep(5)
            expect((self.place / "pneumo-desktop.exe").is_file(), "An open program was removed.")
            code, _ = self.session.wine(self.setup, "/S", *INTO_PLACE)
            expect(code == RUNNING, f"setup over an open program ended with {code}.")
            self.session.wine("taskkill", "/im", "pneumo-desktop.exe")
            process.wait(60)
        finally:
            self.session.end(process)
        self.log.tell(
            "window and first result after the start under Wine", f"{shown:.1f} s and {first:.1f} s ({load()}), "
            f"where a program that does nothing takes {wine_alone:.1f} s"
        )  # fmt: skip
        self.log.tell(
            f"window with {entries} rows",
            f"picture taken; peak memory {peak} MB under Wine, {own} MB its own, {data} MB of "
            "them data (wanted: under 350 MB), the rest copies of libraries, which Windows maps",
        )
        self.log.tell("a JPEG that is damaged inside, read in the window", "refused")
        self.log.tell("setup and uninstaller while the window is open", f"nothing touched, exit code {RUNNING}")

    def same_as_linux(self, wanted: Path) -> None:
        """The exported JSON equals the one of the source run on Linux."""
        self.twin("predict", PICTURES, "--out", f"Z:{HOME}/out.json".replace("/", "\\"), code=3)
        got = comparable(self.session.home / "out.json")
        largest = same(got, comparable(wanted))
        self.log.tell(
            f"JSON of {len(got)} results against the source run on Linux", f"equal; largest difference {largest:.0e}"
        )

    def figures(self) -> None:
        """matplotlib's part of the bundle is whole: an evaluation draws its figures."""
        folder = self.session.home / "etiquetadas"
        for name, pattern in (("NORMAL", "IM-*"), ("PNEUMONIA", "person*")):
            (folder / name).mkdir(parents=True)
            for path in (ROOT / "tests/fixtures").glob(pattern):
                shutil.copy(path, folder / name)
        self.session.own(folder)
        there = f"Z:{HOME}".replace("/", "\\")
        self.twin("evaluate", f"{there}\\etiquetadas", "--figures", f"{there}\\figuras")
        drawn = sorted(path.name for path in (self.session.home / "figuras").iterdir())
        expect(bool(drawn), "The evaluation drew nothing.")
        self.log.tell("evaluation with figures", f"{len(drawn)} figures drawn")

    def train(self, setup: Path) -> None:
        """The training component is installed beside the base, and trains one small epoch."""
        code, told = self.session.wine(f"Z:\\w\\dist\\{setup.name}", "/S")
        expect(code == 0, f"The training component's setup ended with {code}: {told}")
        size = sum(path.stat().st_size for path in (self.place / "training").rglob("*") if path.is_file())
        self.log.tell("training component on disk", f"{size / 1e6:.0f} MB")
        labelled(self.session.home / "para entrenar")
        self.session.own(self.session.home)
        there = f"Z:{HOME}".replace("/", "\\")
        began = time.monotonic()
        told = self.twin(
            "train", f"{there}\\para entrenar", "--out", f"{there}\\red.pneumo", "--architecture", "classic", "--epochs", "1",
            "--size", "64", "--seed", "1", "--progress", "jsonl", seconds=1800,
        )  # fmt: skip
        seconds = time.monotonic() - began
        (OUT / "training.log").write_text(told, "utf-8")
        done = json.loads([line for line in told.splitlines() if line.startswith("{")][-1])
        expect(done["event"] == "done", f"The training ended with {done}")
        self.twin("models", "import", f"{there}\\red.pneumo")
        self.log.tell("one small epoch", f"{seconds:.0f} s, package {done['model_id']} imported")

    def pages(self) -> None:
        """Open every dialog by its keys; evaluate the model and scan for a training; nothing goes wrong on the way."""
        labelled(OUT / "etiquetadas")
        process = self.session.start(f"{PLACE}\\pneumo-desktop.exe", f"{PICTURES}\\niño person1_bacteria_1.jpeg")
        try:
            wait_until(lambda: self.session.has_window("Pneumo Desktop"), "There is no window.")
            time.sleep(5)
            pages = Pages(
                self.session.xdotool("search", "--onlyvisible", "--name", "Pneumo Desktop").split()[0],
                lambda: self.session.processes("pneumo-"), OUT / "window", self.session.xdotool, self.session.picture,
            )  # fmt: skip
            pages.look("Z:/w/build/test-install-windows/etiquetadas")
            self.session.wine("taskkill", "/im", "pneumo-desktop.exe")
            process.wait(60)
        finally:
            self.session.end(process)
        no_error(self.data / "logs/pneumo-desktop.log")
        self.log.tell("every dialog opened and closed by keys", ", ".join(pages.seen))

    def update(self) -> None:
        """A newer setup over an older installation: files of the old one go, results stay, also with training inside."""
        (self.place / "_internal/of-an-older-version.dll").write_bytes(b"old")
        (self.place / "manifest.json").write_text("{}", "utf-8")
        self.session.wine("reg", "add", "HKCU\\Software\\Pneumo Desktop", "/v", "BuildId", "/d", "0.0.1+old", "/f")
        (self.place / "training").mkdir()
        (self.place / "training/pneumo-training.exe").write_bytes(b"old")
        self.session.own(self.place)
        before = done_rows(self.database)
        self.install()
        expect(not (self.place / "_internal/of-an-older-version.dll").exists(), "A file of the older version stayed.")
        expect(not (self.place / "training").exists(), "The older training component stayed.")
        expect(done_rows(self.database) == before, "The update changed the results.")
        self.log.tell(
            "update of an older version", f"{before[0]} results kept; its files and its training component are gone"
        )

    def remove(self, before: tuple[set[str], set[str]], *words: str) -> None:
        """Remove silently and compare drive and registry with before; ``/DATA`` takes the data too."""
        self.session.wine(f"{PLACE}\\uninstall.exe", "/S", *words)
        wait_until(lambda: not self.place.exists(), f"{PLACE} is still there.", 60)
        self.session.settle()
        left = [
            name for name in sorted(self.session.files() - before[0])
            if not any(part in name.split("/") or name.startswith(part) for part in WINDOWS_OWN)
        ]  # fmt: skip
        data = [name for name in left if "Local/pneumo-desktop" in name]
        rest = [name for name in left if name not in data and name != "Año clínico Ж"]
        ours = ("neumo", "Classes\\", "lastVisited")
        keys = [key for key in sorted(self.session.registry() - before[1]) if any(part in key for part in ours)]
        expect(not rest and not keys, f"Left behind: {rest[:10]} {keys[:10]}")
        if words:
            expect(not data, f"Data left behind: {data[:5]}")
            self.log.tell("uninstall.exe /S /DATA", "nothing left on drive C or in the registry")
        else:
            expect(self.database.is_file(), "The results were removed.")
            self.log.tell("uninstall.exe /S", "nothing left on drive C or in the registry but the clinic's data folder")


HEADING = (
    "# The last `make test-setup`", "",
    "setup.exe was installed, used, updated and removed by `build_spec/windows/test_setup.py` under Wine 10, whose ucrtbase",
    "got the C complex functions that it lacks. Wine is not Windows: times are Wine's. Edit only what stands by hand.",
)  # fmt: skip


def main() -> int:
    """Try the base installer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", type=Path, default=ROOT / "docs" / "test-install-windows.md")
    options = parser.parse_args()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    setup = ROOT / "dist" / f"pneumo-desktop-{version()}-setup.exe"
    training = setup.with_name(setup.name.replace("desktop-", "desktop-training-"))
    session, log = Session(Path(os.environ.get("WINE_ROOT", "/var/tmp/pneumo-wine"))), Log()
    log.tell(setup.name, f"{setup.stat().st_size / 1e6:.1f} MB")
    try:
        with session.screen():
            session.make()
            wanted = prepare(session)
            entries = len(comparable(wanted))
            before = session.files(), session.registry()
            journey = Journey(session, log, setup)
            journey.wizard()
            journey.install()
            size = sum(path.stat().st_size for path in journey.place.rglob("*") if path.is_file())
            log.tell("on disk", f"{size / 1e6:.0f} MB")
            journey.look_at_registry()
            journey.check_installation()
            journey.told_when_it_cannot_start()
            journey.window(entries)
            journey.same_as_linux(wanted)
            journey.figures()
            journey.update()
            journey.check_installation()
            if training.is_file():
                log.tell(training.name, f"{training.stat().st_size / 1e6:.1f} MB")
                journey.train(training)
                journey.pages()
            journey.remove(before)
            journey.install()
            journey.remove(before, "/DATA")
    except Broken as problem:
        print(f"Not as promised: {problem}", file=sys.stderr)
        return 1
    manifest = json.loads((ROOT / "build/windows/bundle/pneumo-desktop/manifest.json").read_text("utf-8"))
    write_page(options.record, HEADING, f"build {manifest['build_id']}, {processor()}, {os.cpu_count()} cores", log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
