"""What the measurements share: picking files, medians, peak memory, the machine's name, and the way results are printed."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMAGE_SUFFIXES = {".jpg", ".jpeg"}


def jpegs(folder: Path, count: int) -> list[Path]:
    """Return ``count`` JPEGs spread evenly over everything below ``folder``."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    if not found:
        raise SystemExit(f"There are no JPEG files below {folder}.")
    count = min(count, len(found))
    return [found[number * len(found) // count] for number in range(count)]


def machine() -> str:
    """Return the processor's name and the number of cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor()
    return f"{name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def peak_megabytes() -> float:
    """Return the peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_BARE_LOOP = """
import sys, threading, time
end = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), end.set())).start()
longest, last = 0.0, time.perf_counter()
while not end.is_set():
    time.sleep(0.001)
    now = time.perf_counter()
    longest, last = max(longest, now - last), now
print(1e3 * longest)
"""


@contextmanager
def bare_loop() -> Iterator[Callable[[], float]]:
    """Turn a loop that does nothing in a process of its own; the function ends it and returns its longest gap in milliseconds.

    No window can answer sooner than that: it is what the computer, busy with others, leaves to anybody.
    """
    command = [sys.executable, "-c", _BARE_LOOP]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        yield lambda: float(child.communicate()[0])


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def show(title: str, rows: Sequence[tuple[str, float, str]], **more: Any) -> None:
    """Print a small table, then the same as one line of JSON."""
    print(f"{title}  ({machine()})")
    for name, value, unit in rows:
        print(f"  {name:46s} {value:10.3f} {unit}")
    print(json.dumps({"title": title, "machine": machine(), **{name: value for name, value, _ in rows}, **more}))
