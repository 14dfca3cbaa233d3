"""A Windows session under Wine for trying installers: a user of its own, a fresh prefix, a screen; no network."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
USER, USER_ID = "müllerЖ", 1717
SCREEN = ":95"
HOME = f"/home/{USER}"
PREFIX = f"{HOME}/prefix"


_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ *(.*)")
_LIBRARY = re.compile(r".*\.(dll|pyd|exe|drv|so)", re.IGNORECASE)


def _megabytes(file: Path, name: str) -> int:
    return next(int(line.split()[1]) // 1024 for line in file.read_text().splitlines() if line.startswith(name))


def _image_size(library: Path) -> int:
    """Return how many bytes Windows sets aside for ``library`` where it is loaded (SizeOfImage); 0 for another file."""
    with library.open("rb") as stream:
        head = stream.read(4096)
    start = int.from_bytes(head[0x3C:0x40], "little")
    return int.from_bytes(head[start + 80 : start + 84], "little") if head[start : start + 4] == b"PE\0\0" else 0


def copied_libraries(mappings: str, size_of: Callable[[str, str], int]) -> int:
    """Return the kB of ``mappings`` (a smaps of /proc) that are Wine's copies of libraries, which Windows maps from the file.

    ``size_of`` tells, for a mapping's range and the file it begins with, how many bytes that library takes.
    """
    end = copied = 0
    inside = False
    for line in mappings.splitlines():
        if found := _MAPPING.fullmatch(line):
            start = int(found[1], 16)
            if start >= end and _LIBRARY.fullmatch(found[3]):
                end = start + size_of(f"{found[1]}-{found[2]}", found[3])
            inside = start < end
        elif inside and line.startswith("Anonymous:"):
            copied += int(line.split()[1])
    return copied


class Session:
    """One user's Windows in the Debian root ``root``; paths of Windows are given as Windows has them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.language = "es_ES"  # what Windows speaks: es_ES or C (English)
        self.home = root / HOME[1:]
        self.drive = self.home / "prefix" / "drive_c"
        self.local = self.drive / "users" / USER / "AppData" / "Local"

    def make(self) -> None:
        """Make user and prefix anew, with the C complex functions that Wine lacks (complex_math.c)."""
        shutil.rmtree(self.home, ignore_errors=True)
        passwd = self.root / "etc/passwd"
        line = f"{USER}:x:{USER_ID}:{USER_ID}::{HOME}:/bin/sh\n"
        if line not in passwd.read_text("utf-8"):
            passwd.write_text(passwd.read_text("utf-8") + line, "utf-8")
        self.home.mkdir(parents=True)
        self.own(self.home)
        self.wine("wineboot", "--init")
        made = self.root / "root/prefix/drive_c/windows/system32"
        for name in ("ucrtbase.dll", "ucrtw.dll"):
            shutil.copy(made / name, self.drive / "windows/system32" / name)
        self.settle()

    def own(self, folder: Path) -> None:
        """Give everything below ``folder`` to the user."""
        subprocess.run(["chown", "-R", f"{USER_ID}:{USER_ID}", str(folder)], check=True)

    def _inside(self, *words: str) -> list[str]:
        return [
            "sh", "build_spec/windows/wine/enter.sh", str(self.root),
            "setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups",
            "env", f"HOME={HOME}", f"USER={USER}", f"LOGNAME={USER}", f"WINEPREFIX={PREFIX}", f"DISPLAY={SCREEN}",
            f"LC_ALL={self.language}.UTF-8", *words,
        ]  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a Windows program. Python under Wine wants pipes, and its exit code must survive them."""
        # Standard input stays open: what is started there ends when its parent's pipe does.
        script = 'mkfifo -m 666 "$HOME/.open" 2>/dev/null; { wine "$@" 2>&1 <>"$HOME/.open"; echo "[exit $?]"; } | cat'
        return subprocess.Popen(
            self._inside("sh", "-c", script, "sh", *words), cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
        )

    def wine(self, *words: str, seconds: float = 600) -> tuple[int, str]:
        """Run a Windows program to its end; return its exit code (modulo 256) and what it printed."""
        process = self.start(*words)
        try:
            told = process.communicate(timeout=seconds)[0].decode("utf-8", "replace").replace("\r", "")
        except subprocess.TimeoutExpired:
            self.end(process)
            raise
        text, _, code = told.rpartition("[exit ")
        return int(code.rstrip("]\n")), text

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """End what ``start`` began, and everything of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def settle(self) -> None:
        """Wait until Wine's server is gone, so that the registry is on disk."""
        subprocess.run(self._inside("wineserver", "-w"), cwd=ROOT, check=True, timeout=120)

    def kill(self) -> None:
        """End every program of the session."""
        subprocess.run(self._inside("wineserver", "-k"), cwd=ROOT, check=False, timeout=60)

    def picture(self, path: Path) -> None:
        """Save what the screen shows as PNG."""
        made = subprocess.run(
            self._inside("import", "-window", "root", "png:-"), cwd=ROOT, check=True, stdout=subprocess.PIPE
        )
        path.write_bytes(made.stdout)

    def has_window(self, title: str) -> bool:
        """Tell whether a window with ``title`` in its own title is on the screen."""
        return bool(self.xdotool("search", "--onlyvisible", "--name", title))

    def xdotool(self, *words: str) -> str:
        """Run xdotool on the screen and return what it prints; it fails quietly where a window has just gone."""
        line = self._inside("xdotool", *words)
        return subprocess.run(line, cwd=ROOT, check=False, capture_output=True, text=True).stdout

    def press(self, keys: str) -> None:
        """Press ``keys`` in the window that has the focus."""
        self.xdotool("key", "--clearmodifiers", keys)

    def files(self) -> set[str]:
        """Return every file and folder of drive C."""
        return {path.relative_to(self.drive).as_posix() for path in self.drive.rglob("*")}

    def registry(self) -> set[str]:
        """Return the user's registry as pairs of key and value name; call ``settle`` before."""
        found, key = set(), ""
        for line in (self.home / "prefix/user.reg").read_text("utf-8", "replace").splitlines():
            if line.startswith("["):
                key = line[1 : line.rindex("]")].replace("\\\\", "\\")
                found.add(key)
            elif line.startswith('"'):
                found.add(f"{key} {line.split('=')[0]}")
        return found

    @staticmethod
    def processes(program: str) -> list[int]:
        """Return the processes whose program's name begins with ``program``, as Linux numbers them."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                started = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")[0]
                if started.replace("\\", "/").rsplit("/", 1)[-1].startswith(program):
                    found.append(int(process.name))
        return found

    def memory(self, program: str) -> tuple[int, int, int]:
        """Return memory of the running ``program`` in MB: the peak of what is resident, its own now, and own data now.

        Its own is what no other process could share. Wine copies the libraries whose parts do not begin at whole pages,
        where Windows maps them from the file: own data is the rest, heaps, stacks and pictures.
        """
        peak = own = data = 0
        for number in self.processes(program):
            process = Path("/proc", str(number))
            with contextlib.suppress(OSError, StopIteration):

                def size_of(span: str, _name: str, maps: Path = process / "map_files") -> int:
                    return _image_size(maps / span)

                copied = copied_libraries((process / "smaps").read_text(), size_of) // 1024
                anonymous = _megabytes(process / "smaps_rollup", "Anonymous:")
                peak = max(peak, _megabytes(process / "status", "VmHWM:"))
                own, data = max(own, anonymous), max(data, anonymous - copied)
        return peak, own, data

    @contextlib.contextmanager
    def screen(self) -> Iterator[None]:
        """Hold a virtual screen of a small laptop."""
        for path in (self.root / "tmp/.X95-lock", self.root / "tmp/.X11-unix/X95"):
            path.unlink(missing_ok=True)
        enter = ["sh", "build_spec/windows/wine/enter.sh", str(self.root)]
        words = [*enter, "Xvfb", SCREEN, "-screen", "0", "1366x768x24"]
        server = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (self.root / "tmp/.X11-unix/X95").exists():
                time.sleep(0.1)
            yield
        finally:
            self.kill()
            server.terminate()
            server.wait()
