"""Looks at every file of a bundle: does it run on the oldest system that is promised?

``python build_spec/glibc.py FOLDER`` exits 1 when a file needs a newer glibc or C++ library than the limits, or is
linked to a library that is neither in the bundle nor of every desktop; ``--depends`` prints what a .deb depends on.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from elf import Binary, binaries
from exclusions import OPTIONAL_LIBRARIES, SYSTEM_LIBRARIES

LIMITS = {"GLIBC": (2, 35), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13)}
"""The newest symbol versions of Ubuntu 22.04, the oldest system that is promised."""

_VERSION = re.compile(r"(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)*)$")


def too_new(found: Iterable[Binary]) -> list[str]:
    """Return a sentence for each symbol version above the limits, and for private ones."""
    wrong = []
    for binary in found:
        for library, symbol in sorted(binary.versions):
            match = _VERSION.match(symbol)
            if symbol == "GLIBC_PRIVATE":
                wrong.append(f"{binary.path} needs private parts of {library}.")
            elif match and tuple(int(part) for part in match[2].split(".")) > LIMITS[match[1]]:
                wrong.append(f"{binary.path} needs {symbol} of {library}.")
    return wrong


def from_outside(found: Iterable[Binary], folder: Path) -> dict[str, list[Path]]:
    """Return the libraries that no file of ``folder`` provides, each with the files that are linked to it."""
    inside = {path.name for path in folder.rglob("*") if ".so" in path.name}
    missing: dict[str, list[Path]] = {}
    for binary in found:
        for library in binary.needed - inside:
            missing.setdefault(library, []).append(binary.path)
    return missing


def packages(libraries: Iterable[str], known: dict[str, str]) -> list[str]:
    """Return the Debian packages of the libraries that ``known`` names, each once, in order."""
    return sorted({known[library] for library in libraries if library in known})


def main() -> int:
    """Check one folder, or print the packages it depends on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--depends", action="store_true")
    parser.add_argument("--recommends", action="store_true")
    options = parser.parse_args()
    found = list(binaries(options.folder))
    outside = from_outside(found, options.folder)
    if options.depends or options.recommends:
        print(", ".join(packages(outside, SYSTEM_LIBRARIES if options.depends else OPTIONAL_LIBRARIES)))
        return 0
    wrong = too_new(found)
    for library, users in sorted(outside.items()):
        if library not in SYSTEM_LIBRARIES and library not in OPTIONAL_LIBRARIES:
            names = ", ".join(path.name for path in users[:3])
            wrong.append(f"{library} is neither in the bundle nor of every desktop; linked to by {names}.")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    newest = max(
        (tuple(int(part) for part in symbol[6:].split(".")) for binary in found for _, symbol in binary.versions
         if re.match(r"GLIBC_\d", symbol)), default=(0,),
    )  # fmt: skip
    print(f"{len(found)} binaries; newest glibc symbol {'.'.join(map(str, newest))}; {len(wrong)} faults.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
