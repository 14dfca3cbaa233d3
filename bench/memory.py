"""Peak memory of the program while it reads a short and a long folder, each in a process of its own.

The long folder holds every picture in different bytes (a comment is added), so that nothing is read only once.
    python bench/memory.py ../shared/data/kermany/train_224
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import jpegs, peak_megabytes, show


def copies(paths: list[Path], folder: Path, count: int) -> None:
    """Write ``count`` JPEGs into ``folder``, each different by a comment behind its start marker."""
    for number in range(count):
        data = paths[number % len(paths)].read_bytes()
        comment = f"{number:08d}".encode()
        segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        (folder / f"{number:06d}.jpg").write_bytes(data[:2] + segment + data[2:])


def read_here(folder: Path) -> None:
    """Read ``folder`` in this process and print its peak memory in megabytes."""
    from pneumo_desktop.app import Services
    from pneumo_desktop.reading.pipeline import Callbacks

    with tempfile.TemporaryDirectory() as data:
        services = Services.create(Path(data))
        services.start_queue([folder], Callbacks(lambda rows: None)).wait()
        services.close()
    print(f"{peak_megabytes():.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--short", type=int, default=100)
    parser.add_argument("--long", type=int, default=2000)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        read_here(options.folder)
        return
    paths = jpegs(options.folder, options.short)
    peaks = []
    for count in (options.short, options.long):
        with tempfile.TemporaryDirectory() as folder:
            copies(paths, Path(folder), count)
            command = [sys.executable, __file__, folder, "--here"]
            peaks.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    show(
        "Peak memory (RSS) of reading, without the window",
        [
            (f"{options.short} images", peaks[0], "MB"),
            (f"{options.long} images", peaks[1], "MB"),
            ("growth", peaks[1] - peaks[0], "MB"),
        ],
    )


if __name__ == "__main__":
    main()
