"""Takes out of a Linux bundle the libraries that wheels link their modules to and this program never uses.

``python build_spec/linux/unused_libraries.py FOLDER`` (needs binutils). Each is replaced by one of the same name whose
functions return 0 at once; what only they were linked to goes. The same input gives the same files, so that base and
training component still share them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import elf

UNUSED = {
    "opencv_python_headless.libs": re.compile(r"lib(avcodec|avformat|avutil|swscale|aom|crypto|ssl)-"),
    "python_gdcm.libs": re.compile(r"lib(crypto|ssl)-"),
    "pillow.libs": re.compile(r"libxcb-"),
}
"""Films, network streams and AV1 pictures; GDCM's signatures (OpenSSL 1.1.1, which is no longer mended); screenshots."""

_SYMBOL = re.compile(r"\b(FUNC|OBJECT|NOTYPE)\s+(?:GLOBAL|WEAK)\s+DEFAULT\s+(UND|\d+)\s+(\w+)(?:@@?(\w+))?")


def _symbols(binary: Path) -> list[tuple[str, str, str, str]]:
    """Return kind, ``UND`` or section, name and version of every dynamic symbol."""
    told = subprocess.run(["readelf", "--dyn-syms", "--wide", str(binary)], check=True, capture_output=True, text=True)
    return _SYMBOL.findall(told.stdout)


def asked_for(module: Path, library: Path) -> dict[str, set[str]]:
    """Return the functions that ``module`` takes from ``library``, by the version's name (``""`` where it has none).

    Raises ValueError for a variable: that cannot be replaced by a function.
    """
    offered = {name: kind for kind, place, name, _version in _symbols(library) if place != "UND"}
    found: dict[str, set[str]] = {}
    for _kind, place, name, version in _symbols(module):
        if place == "UND" and name in offered:
            if offered[name] == "OBJECT":
                raise ValueError(f"{module.name} takes the variable {name} from {library.name}.")
            found.setdefault(version, set()).add(name)
    return found


def write_empty(library: Path, functions: dict[str, set[str]]) -> None:
    """Write a library in the place of ``library`` that has ``functions`` (by version), each of which returns 0."""
    names = sorted(name for group in functions.values() for name in group)
    code = [line for name in names for line in (f".globl {name}", f".type {name}, @function", f"{name}:")]
    nodes = [
        f"{version} {{ global: {' '.join(f'{name};' for name in sorted(functions[version]))} local: *; }};\n"
        for version in sorted(functions)
    ] or ["{ local: *; };\n"]
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        (place / "empty.s").write_text(
            "\n".join([".text", *code, "xorl %eax, %eax", "ret", '.section .note.GNU-stack,"",@progbits', ""]), "ascii"
        )
        (place / "empty.map").write_text("".join(nodes), "ascii")
        subprocess.run(["as", "--64", "-o", str(place / "empty.o"), str(place / "empty.s")], check=True)
        subprocess.run(
            ["ld", "-shared", "--strip-all", "--build-id=none", "--hash-style=gnu", "-z", "noexecstack", "-soname", library.name,
             f"--version-script={place / 'empty.map'}", "-o", str(library), str(place / "empty.o")], check=True,
        )  # fmt: skip


def remove_unused(internal: Path) -> int:
    """Do it in ``_internal`` of a bundle, and return the bytes that this saves.

    Raises ValueError where a wheel is no longer linked as it was when this was written.
    """
    unused = {
        path for folder, names in UNUSED.items() for path in (internal / folder).iterdir() if names.match(path.name)
    }
    own = {path for folder in UNUSED for path in (internal / folder).iterdir()}
    before = sum(path.stat().st_size for path in own)
    asking = [binary for binary in elf.binaries(internal) if binary.path not in unused]
    wanted: dict[Path, dict[str, set[str]]] = {path: {} for path in unused}
    for binary in asking:
        for library in unused:
            if library.name in binary.needed:
                for version, names in asked_for(binary.path, library).items():
                    wanted[library].setdefault(version, set()).update(names)
    for library, functions in wanted.items():
        write_empty(library, functions)
    needed = {path: elf.read(path) for path in own}
    reached, waiting = set(), [binary for binary in asking if binary.path not in own]
    while waiting:
        names = waiting.pop().needed
        new = {path for path in own - reached if path.name in names}
        reached |= new
        waiting += [binary for path in new if (binary := needed[path]) is not None]
    for folder, names in UNUSED.items():
        if not any(path.parent.name == folder and names.match(path.name) for path in reached):
            raise ValueError(f"Nothing asks for the libraries of {folder} that were to be left out.")
    for path in own - reached:
        path.unlink()
    return before - sum(path.stat().st_size for path in reached)


if __name__ == "__main__":
    print(f"{remove_unused(Path(sys.argv[1]) / '_internal') / 1e6:.0f} MB of libraries that nothing uses left out.")
