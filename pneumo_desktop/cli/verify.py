"""``verify``: are the files of this installation the ones that were built?"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pneumo_desktop.places import TRAINING
from pneumo_desktop.words import ntr, tr

MANIFEST = "manifest.json"
EXIT_FINE, EXIT_DIFFERENT, EXIT_NO_MANIFEST = 0, 1, 2
_CHUNK = 1 << 20
_SHOWN = 20


class BadManifestError(Exception):
    """The manifest is missing or cannot be read: the installation is incomplete."""


@dataclass
class Comparison:
    """One component against its manifest; the lists hold paths relative to its folder."""

    version: str
    build_id: str
    files: int
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        """Return whether every file is as it was built, and no other is there."""
        return not (self.changed or self.missing or self.added)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _same(path: Path, wanted: dict[str, Any]) -> bool:
    if "link" in wanted:
        return path.is_symlink() and path.readlink().as_posix() == wanted["link"]
    return not path.is_symlink() and path.stat().st_size == wanted["size"] and _sha256(path) == wanted["sha256"]


def compare(folder: Path) -> Comparison:
    """Compare every file below ``folder`` with its manifest; the training component has a manifest of its own.

    Raises BadManifestError where there is no readable manifest, OSError where a file cannot be read.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        wanted: dict[str, dict[str, Any]] = manifest["files"]
        found = Comparison(str(manifest["version"]), str(manifest["build_id"]), len(wanted))
        installers = set(manifest["added_by_installers"])
    except (FileNotFoundError, ValueError, KeyError, TypeError) as problem:
        raise BadManifestError(str(folder / MANIFEST)) from problem
    for name, entry in wanted.items():
        path = folder / name
        if not path.exists() and not path.is_symlink():
            found.missing.append(name)
        elif not _same(path, entry):
            found.changed.append(name)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name.split("/")[0] == TRAINING or name == MANIFEST or name in installers:
            continue
        if (path.is_symlink() or path.is_file()) and name not in wanted:
            found.added.append(name)
    return found


def _tell(found: Comparison) -> None:
    for text, names in (
        (tr("changed: {name}"), found.changed),
        (tr("missing: {name}"), found.missing),
        (tr("not part of the program: {name}"), found.added),
    ):
        for name in names[:_SHOWN]:
            print("  " + text.format(name=name), file=sys.stderr)
        if len(names) > _SHOWN:
            print("  ...", file=sys.stderr)


def command(folder: Path | None) -> int:
    """Print how the installation in ``folder`` compares; return 0 fine, 1 different, 2 nothing to compare with."""
    if folder is None:
        print(tr("This program was not put here by an installer: there is no manifest to compare it with."))
        return EXIT_NO_MANIFEST
    components = [folder] + [folder / TRAINING] * (folder / TRAINING).is_dir()
    found = []
    for component in components:
        try:
            found.append(compare(component))
        except BadManifestError as problem:
            text = tr("The manifest {name} is missing or damaged. Please install the program again.")
            print(text.format(name=problem), file=sys.stderr)
            return EXIT_DIFFERENT
    for component, result in zip(components, found, strict=True):
        print(f"{component}: pneumo-desktop {result.version}, {result.build_id}")
        _tell(result)
    if len({result.build_id for result in found}) > 1:
        text = tr("The training component belongs to another build of the program. Please install both again.")
        print(text, file=sys.stderr)
        return EXIT_DIFFERENT
    if not all(result.fine for result in found):
        print(tr("This installation is not as it was built. Please install the program again."), file=sys.stderr)
        return EXIT_DIFFERENT
    count = sum(result.files for result in found)
    print(ntr("{count} file is as it was built.", "{count} files are as they were built.", count).format(count=count))
    return EXIT_FINE
