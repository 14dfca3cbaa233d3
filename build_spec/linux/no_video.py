"""Takes FFmpeg out of a Linux bundle: 32 MB that open films and network streams, which this program never does.

``python build_spec/linux/no_video.py FOLDER`` (needs binutils). OpenCV's wheel links its one module to FFmpeg, so each of
these libraries is replaced by one of the same name whose functions return 0 at once; what only they were linked to goes.
The same input gives the same files, so that base and training component still share them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import elf

VIDEO = re.compile(r"lib(avcodec|avformat|avutil|swscale)-")
_UNDEFINED = re.compile(r"\b(FUNC|OBJECT|NOTYPE)\s+GLOBAL\s+DEFAULT\s+UND\s+(\w+)@(LIB\w+)")


def asked_for(module: Path) -> dict[str, set[str]]:
    """Return the functions that ``module`` takes from versioned libraries, by the version's name (``LIBAVCODEC_62``).

    Raises ValueError for a variable: that cannot be replaced by a function.
    """
    told = subprocess.run(["readelf", "--dyn-syms", "--wide", str(module)], check=True, capture_output=True, text=True)
    found: dict[str, set[str]] = {}
    for kind, name, version in _UNDEFINED.findall(told.stdout):
        if kind == "OBJECT":
            raise ValueError(f"{module.name} takes the variable {name} from {version}.")
        found.setdefault(version, set()).add(name)
    return found


def write_empty(library: Path, version: str, functions: set[str]) -> None:
    """Write a library in the place of ``library`` that has ``functions``, each of which returns 0."""
    names = sorted(functions)
    code = [line for name in names for line in (f".globl {name}", f".type {name}, @function", f"{name}:")]
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        (place / "empty.s").write_text(
            "\n".join([".text", *code, "xorl %eax, %eax", "ret", '.section .note.GNU-stack,"",@progbits', ""]), "ascii"
        )
        (place / "empty.map").write_text(
            f"{version} {{ global: {' '.join(f'{name};' for name in names)} local: *; }};\n"
        )
        subprocess.run(["as", "--64", "-o", str(place / "empty.o"), str(place / "empty.s")], check=True)
        subprocess.run(
            ["ld", "-shared", "--strip-all", "--build-id=none", "--hash-style=gnu", "-z", "noexecstack", "-soname", library.name,
             f"--version-script={place / 'empty.map'}", "-o", str(library), str(place / "empty.o")], check=True,
        )  # fmt: skip


def remove_video(internal: Path) -> int:
    """Do it in ``_internal`` of a bundle, and return the bytes that this saves.

    Raises ValueError where OpenCV is not linked to FFmpeg as it was when this was written.
    """
    libraries = internal / "opencv_python_headless.libs"
    modules = list((internal / "cv2").glob("cv2*.so"))
    before = sum(path.stat().st_size for path in libraries.iterdir())
    functions = asked_for(modules[0])
    for library in sorted(libraries.iterdir()):
        part = VIDEO.match(library.name)
        if part is None:
            continue
        version = next((name for name in functions if name.startswith(f"LIB{part[1].upper()}_")), None)
        if version is None:
            raise ValueError(f"OpenCV takes nothing of {library.name}, or under another name.")
        write_empty(library, version, functions.pop(version))
    if left := [name for name in functions if name.startswith(("LIBAV", "LIBSW"))]:
        raise ValueError(f"OpenCV takes more of FFmpeg: {left}.")
    reached, waiting = set(), [*modules]
    while waiting:
        binary = elf.read(waiting.pop())
        new = (
            {libraries / name for name in binary.needed if (libraries / name).is_file()} - reached if binary else set()
        )
        reached |= new
        waiting += new
    for library in set(libraries.iterdir()) - reached:
        library.unlink()
    return before - sum(path.stat().st_size for path in libraries.iterdir())


if __name__ == "__main__":
    print(f"{remove_video(Path(sys.argv[1]) / '_internal') / 1e6:.0f} MB of FFmpeg left out.")
