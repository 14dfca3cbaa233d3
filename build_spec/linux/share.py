"""Takes out of the training component what the base has already: equal files become links into the base.

``python build_spec/linux/share.py BASE COMPONENT``. The component is installed as BASE/training, and only beside a base of
the same build, so that a link always leads to the very file that it stands for.
"""

from __future__ import annotations

import filecmp
import os
import sys
from pathlib import Path

SMALLEST = 64 * 1024
"""Smaller files are not worth a link."""


def share(base: Path, component: Path) -> int:
    """Replace equal files by relative links and return the bytes that this saves."""
    saved = 0
    for path in sorted(component.rglob("*")):
        name = path.relative_to(component)
        twin = base / name
        if path.is_symlink() or not path.is_file() or path.stat().st_size < SMALLEST or not twin.is_file():
            continue
        if filecmp.cmp(path, twin, shallow=False):
            saved += path.stat().st_size
            path.unlink()
            path.symlink_to(Path(*[os.pardir] * len(name.parts), name))
    return saved


if __name__ == "__main__":
    print(f"{share(Path(sys.argv[1]), Path(sys.argv[2])) / 1e6:.0f} MB are the base's.")
