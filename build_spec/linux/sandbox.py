"""A bare Debian in a folder, for trying installers: no compiler, no Python, no network, and a screen of its own.

Needs root, debootstrap, Xvfb, xdotool, ImageMagick, strace and util-linux.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

DESKTOP = (
    "desktop-file-utils", "shared-mime-info", "hicolor-icon-theme", "gtk-update-icon-cache", "fonts-dejavu-core",
    "xz-utils", "xdg-utils", "xkb-data", "libwayland-client0", "libwayland-cursor0", "libwayland-egl1",
)  # fmt: skip
"""What a desktop has besides the libraries that the package depends on."""

UNWANTED = ("gcc", "cc", "g++", "make", "python3", "python")
USER, USER_ID = "clinica", 1000
SCREEN = ":97"

_NETWORK_CALL = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg|bind)\(.*sa_family=(AF_\w+)")
_SOCKET = re.compile(r"\bsocket\((AF_\w+)")
_LOCAL = ("AF_UNIX", "AF_LOCAL", "AF_NETLINK", "AF_UNSPEC")


def make_root(folder: Path, depends: str) -> None:
    """Make a Debian 12 with the libraries of a desktop in ``folder``, once; this alone needs a network."""
    done = folder / ".made"
    if done.is_file() and done.read_text() == depends:
        return
    if not (folder / "etc/debian_version").exists():
        subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", str(folder)], check=True, stdout=subprocess.DEVNULL
        )
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")
    quiet = ["chroot", str(folder), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", "-qq"]
    subprocess.run([*quiet, "update"], check=True)
    subprocess.run([*quiet, "satisfy", "--no-install-recommends", depends], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([*quiet, "install", "--no-install-recommends", *DESKTOP], check=True, stdout=subprocess.DEVNULL)
    found = [name for name in UNWANTED if any(folder.joinpath(part, name).exists() for part in ("bin", "usr/bin"))]
    if found:
        raise RuntimeError(f"The bare root is not bare: {found}")
    done.write_text(depends)


def snapshot(root: Path) -> dict[str, tuple[object, ...]]:
    """Return kind, mode, owner and content of everything below ``root`` that is on its own disk."""
    found: dict[str, tuple[object, ...]] = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if not os.path.ismount(os.path.join(folder, name))]
        for name in (*names, *files):
            path = Path(folder, name)
            about = path.lstat()
            content: str | None = None
            if stat.S_ISLNK(about.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(about.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path.relative_to(root))] = (stat.filemode(about.st_mode), about.st_uid, content)
    return found


def differences(before: dict[str, tuple[object, ...]], after: dict[str, tuple[object, ...]]) -> list[str]:
    """Return what is new (+), gone (-) or other (~)."""
    marks = dict.fromkeys(after.keys() - before.keys(), "+") | dict.fromkeys(before.keys() - after.keys(), "-")
    marks |= {path: "~" for path in before.keys() & after.keys() if before[path] != after[path]}
    return [f"{marks[path]} {path}" for path in sorted(marks)]


@dataclass
class Traffic:
    """The calls of a traced journey that could leave the computer."""

    local: int = 0
    foreign: tuple[str, ...] = ()


def traffic(log: Path) -> Traffic:
    """Read a log of strace: calls to local sockets are counted, every other is kept."""
    local, foreign = 0, []
    for line in log.read_text("utf-8", errors="replace").splitlines():
        match = _NETWORK_CALL.search(line) or _SOCKET.search(line)
        if match:
            family = match[match.lastindex or 1]
            if family in _LOCAL:
                local += 1
            else:
                foreign.append(line.strip())
    return Traffic(local, tuple(foreign))


class Sandbox:
    """A copy of the bare root with a user, a screen and no network."""

    def __init__(self, base: Path, folder: Path) -> None:
        self.root = folder
        if folder.exists():
            shutil.rmtree(folder)
        subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(folder)], check=True)
        self.run("useradd", "--create-home", "--uid", str(USER_ID), "--shell", "/bin/sh", USER, user=None)
        self.home = folder / "home" / USER
        (folder / "tmp/.X11-unix").mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def mounted(self) -> Iterator[None]:
        """Mount what a running system has, and the sockets of the screen."""
        mounts = [("proc", "proc", "proc"), ("tmpfs", "tmpfs", "dev/shm")]
        for name in ("null", "zero", "random", "urandom", "tty"):
            self._bind(f"/dev/{name}", f"dev/{name}")
        (self.root / "dev/shm").mkdir(exist_ok=True)
        for kind, source, target in mounts:
            subprocess.run(["mount", "-t", kind, source, str(self.root / target)], check=True)
        self._bind("/tmp/.X11-unix", "tmp/.X11-unix")
        try:
            yield
        finally:
            for line in reversed(Path("/proc/mounts").read_text().splitlines()):
                target = line.split()[1]
                if target.startswith(str(self.root.resolve()) + "/"):
                    subprocess.run(["umount", "--lazy", target], check=False)

    def _bind(self, source: str, target: str) -> None:
        place = self.root / target
        if not place.exists():
            place.touch()
        subprocess.run(["mount", "--bind", source, str(place)], check=True)

    def command(
        self,
        *words: str,
        user: int | None = USER_ID,
        environment: dict[str, str] | None = None,
        trace: Path | None = None,
    ) -> list[str]:
        """Return the line that runs ``words`` inside, without network; ``trace`` is a file for strace's log."""
        told = {
            "HOME": f"/home/{USER}" if user else "/root", "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "LANG": "es_ES.UTF-8", "DISPLAY": SCREEN, "DEBIAN_FRONTEND": "noninteractive", **(environment or {}),
        }  # fmt: skip
        spec = [f"--userspec={user}:{user}"] if user else []
        tracer = ["strace", "-f", "-qq", "-e", "trace=network", "-o", str(trace)] if trace else []
        pairs = [f"{name}={value}" for name, value in told.items()]
        return [*tracer, "unshare", "--net", "chroot", *spec, str(self.root), "/usr/bin/env", "-i", *pairs, *words]

    def run(
        self, *words: str, user: int | None = USER_ID, check: bool = True, trace: Path | None = None,
        environment: dict[str, str] | None = None, stdin: int | None = subprocess.DEVNULL,
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        """Run ``words`` inside and return how it ended; raises RuntimeError with its words when it failed."""
        line = self.command(*words, user=user, environment=environment, trace=trace)
        done = subprocess.run(line, capture_output=True, text=True, check=False, stdin=stdin)
        if check and done.returncode:
            raise RuntimeError(f"{shlex.join(words)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done


def entry_command(desktop_file: Path, paths: Sequence[str] = ()) -> list[str]:
    """Return the command of a desktop entry, as a desktop starts it with ``paths``."""
    line = next(line for line in desktop_file.read_text("utf-8").splitlines() if line.startswith("Exec="))
    words = shlex.split(line.removeprefix("Exec="))
    return [word for part in words for word in (paths if part == "%F" else [part])]


@contextlib.contextmanager
def screen(name: str = SCREEN) -> Iterator[None]:
    """Run an X server of 1366 x 768 that takes local connections only."""
    server = subprocess.Popen(
        ["Xvfb", name, "-screen", "0", "1366x768x24", "-nolisten", "tcp", "-ac", "-noreset"], stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 20
        while not Path(f"/tmp/.X11-unix/X{name[1:]}").exists():
            if time.monotonic() > until:
                raise RuntimeError("Xvfb did not start.")
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait()


def find_window(title: str, seconds: float = 60) -> str:
    """Wait for a visible window and return its id; raises RuntimeError after ``seconds``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = on_screen("search", "--onlyvisible", "--name", title).split()
        if found:
            return found[0]
        time.sleep(0.02)
    raise RuntimeError(f"No window «{title}» within {seconds:.0f} s.")


def on_screen(*words: str) -> str:
    """Run xdotool on the screen and return what it prints; it fails quietly where a window has just gone."""
    environment = {**os.environ, "DISPLAY": SCREEN}
    return subprocess.run(["xdotool", *words], capture_output=True, text=True, env=environment, check=False).stdout


def press(window: str, keys: str) -> None:
    """Press ``keys`` in a window."""
    on_screen("windowfocus", window)
    on_screen("key", "--clearmodifiers", keys)


def picture(path: Path) -> None:
    """Save what the screen shows as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DISPLAY": SCREEN}
    subprocess.run(["import", "-window", "root", str(path)], check=True, env=environment)
