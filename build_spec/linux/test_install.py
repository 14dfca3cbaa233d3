"""Installs, runs and removes every Linux installer of dist/ in a bare Debian without network, and writes what it saw.

``python build_spec/linux/test_install.py [--record docs/test-install.md] [--keep]`` as root; run it by ``make test-install``.
Exits 1 at the first thing that is not as promised. Pictures go to build/test-install.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import no_avx
from clinic import OUT, Journey
from identity import ROOT, version
from samples import FOLDER, comparable, images, labelled, read_by_source
from sandbox import USER, Sandbox, differences, make_root, screen, snapshot
from seen import Broken, Log, expect, processor, write_page

DIST = Path(os.environ.get("DIST", ROOT / "dist"))
KEPT = (f"home/{USER}/.local/share/pneumo-desktop", f"home/{USER}/.cache")
"""The clinic's results, and caches of the desktop's own libraries (fonts, shaders): they stay."""

SYSTEM_DIARIES = ("var/lib/dpkg", "var/log", "var/cache", "run")
HEADING = (
    "# The last `make test-install`", "",
    "Every Linux installer was installed, used and removed in a bare Debian 12 (debootstrap; no compiler, no Python, no",
    "network) by `build_spec/linux/test_install.py`. Written by `make test-install`; edit only what stands by hand.",
)  # fmt: skip


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
    images(box.home / FOLDER)
    labelled(box.home / "etiquetadas")
    subprocess.run(["chown", "-R", "1000:1000", str(box.home)], check=True)
    if not source.exists():
        read_by_source(box.home / FOLDER, source)
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
    journey.make_it_own()
    kept = journey.state()
    box.run("dpkg", "-i", f"/root/{deb.name}", user=None)
    journey.still_own(kept, "update of an older version")
    journey.check_installation()
    journey.warm_start()
    journey.same_as_source(OUT / "source.json")
    journey.refuses_damaged()
    journey.traced(entries)
    journey.refuses_newer_database()
    journey.wayland(entries)
    box.run("dpkg", "-i", f"/root/{component.name}", user=None)
    journey.check_installation()
    journey.train()
    journey.pages(entries)
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
    journey.make_it_own()
    kept = journey.state()
    box.run("sh", f"/home/{USER}/{full.name}", "--nox11", "--", "--quiet")
    journey.still_own(kept, "full version over the reading one")
    journey.check_installation()
    journey.same_as_source(OUT / "source.json")
    journey.train()
    journey.pages(entries)
    with journey.window():
        done = box.run(f"{program}/uninstall.sh", check=False)
        expect(done.returncode == 1 and "abierto" in done.stderr, f"An open program was removed: {done}")
    log.tell("run: removal while the window is open", f"refused: {done.stderr.strip()}")
    box.run(f"{program}/uninstall.sh")
    leaves_nothing(box, before, log, "run", ("run",))


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
    except (Broken, RuntimeError, subprocess.TimeoutExpired) as problem:
        print(f"Not as promised: {problem}", file=sys.stderr)
        return 1
    if options.only is None:
        manifest = json.loads((ROOT / "build/bundle/pneumo-desktop/manifest.json").read_text("utf-8"))
        system = f"{os.cpu_count()} cores, Linux {platform.release().split('-')[0]}"
        write_page(options.record, HEADING, f"build {manifest['build_id']}, {processor()}, {system}", log)
    return 1 if log.faults else 0


if __name__ == "__main__":
    sys.exit(main())
