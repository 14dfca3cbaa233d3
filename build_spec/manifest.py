"""Writes ``manifest.json`` into a finished bundle: what ``pneumo-desktop verify`` compares an installation with.

``python build_spec/manifest.py FOLDER [--component base|training]``. It is the last step: nothing may change after it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from identity import build_id, version

MANIFEST = "manifest.json"
TRAINING = "training"
ADDED_BY_INSTALLERS = ("uninstall.sh", "installed-folders", "uninstall.exe")


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    """Return every file of ``folder`` by its relative path: size and SHA-256, or the target of a link."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == MANIFEST or name.split("/")[0] == TRAINING:
            continue
        if path.is_symlink():
            found[name] = {"link": path.readlink().as_posix()}
        elif path.is_file():
            data = path.read_bytes()
            found[name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return found


def main() -> int:
    """Write the manifest of one component."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--component", choices=("base", TRAINING), default="base")
    options = parser.parse_args()
    manifest = {
        "format": 1,
        "program": "pneumo-desktop",
        "component": options.component,
        "version": version(),
        "build_id": build_id(),
        "added_by_installers": list(ADDED_BY_INSTALLERS),
        "files": entries(options.folder),
    }
    text = json.dumps(manifest, indent=0, ensure_ascii=False)
    (options.folder / MANIFEST).write_text(text + "\n", "utf-8", newline="\n")
    print(f"{len(manifest['files'])} files, build {manifest['build_id']}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
