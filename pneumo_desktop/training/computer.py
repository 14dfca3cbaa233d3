"""Can this computer train, and how long will it take? Processor, memory and disk, before anything is started."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.network import Network
from pneumo_desktop.training.problems import Problem

WAYS = ("adapt", "fine-tune", "transfer", "compact", "classic")
_WINDOWS_AVX = 39
"""PF_AVX_INSTRUCTIONS_AVAILABLE of IsProcessorFeaturePresent."""

_BASE_MB = 750
"""TensorFlow with the program round it (measured, 2.21)."""

_MB_PER_MEGAPIXEL = {"fine-tune": 1500.0, "transfer": 900.0, "compact": 500.0, "classic": 350.0}
"""Memory of one batch, by the megapixels in it (bench/adapt.py)."""

_STEP_PER_PASS = {"fine-tune": 5.0, "transfer": 3.2, "compact": 1.0, "classic": 1.5}
"""Seconds of training an image once, in LiteRT passes of the bundled network at the same size."""

_USUAL_EPOCHS = {"fine-tune": 5, "transfer": 6, "compact": 15, "classic": 15}


def has_avx() -> bool:
    """Tell whether the processor has AVX; without it TensorFlow ends the process by an illegal instruction."""
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.kernel32.IsProcessorFeaturePresent(_WINDOWS_AVX))
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return True
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return not flags or "avx" in flags.split()


def free_memory_mb() -> int:
    """Return how many MB this process may still take: what the system has free, or its own limit if that is less."""
    if sys.platform == "win32":
        return _windows_memory_mb()
    import resource

    free = 1 << 20
    try:
        for line in Path("/proc/meminfo").read_text("utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) // 1024
    except OSError:
        pass
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft = resource.getrlimit(limit)[0]
        if soft != resource.RLIM_INFINITY:
            free = min(free, soft // 2**20)
    return free


def _windows_memory_mb() -> int:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong), ("load", ctypes.c_ulong), ("total", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong), ("page_total", ctypes.c_ulonglong), ("page_free", ctypes.c_ulonglong),
            ("virtual_total", ctypes.c_ulonglong), ("virtual_free", ctypes.c_ulonglong), ("extended", ctypes.c_ulonglong),
        )  # fmt: skip

    status = Status()
    status.length = ctypes.sizeof(Status)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.available // 2**20)


def used_memory_mb() -> int:
    """Return the resident memory of this process in MB, or 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * 4096 // 2**20


def free_disk_mb(folder: Path) -> int:
    """Return the free space of the disk that holds ``folder`` (or its nearest parent that exists), in MB."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free // 2**20


def needed_memory_mb(way: str, size: int, batch: int) -> int:
    """Return how much memory a way of training takes at ``size`` pixels with ``batch`` images a step."""
    if way == "adapt":
        return 500
    return int(_BASE_MB + _MB_PER_MEGAPIXEL[way] * batch * size * size / 1e6)


def needed_disk_mb(images: int, size: int) -> int:
    """Return how much disk the prepared images, the checkpoints and the package take."""
    return int(images * size * size / 2**20) + 150


def estimated_seconds(way: str, images: int, pass_seconds: float, scale: float) -> float:
    """Return about how long a way takes for ``images``.

    ``pass_seconds`` is one pass of the bundled network; ``scale`` is the picture's side against that network's.
    """
    reading = 0.02 * images
    if way == "adapt":
        return reading + 15 + 2.6 * images * pass_seconds
    return reading + 45 + 0.7 * images * pass_seconds * scale**2 * _STEP_PER_PASS[way] * _USUAL_EPOCHS[way]


def pass_seconds(package: ModelPackage) -> float:
    """Return the time of one pass of the package's network here: the median of nine, after two to warm up."""
    network = Network(package)
    picture = np.full((network.size, network.size), 0.5, np.float32)
    times = []
    for _ in range(11):
        start = time.perf_counter()
        network.run(picture)
        times.append(time.perf_counter() - start)
    return float(np.median(times[2:]))


def missing(way: str, size: int, batch: int, images: int, folders: Sequence[Path]) -> list[Problem]:
    """Return what is missing for a training: AVX, memory, disk; an empty list where nothing is."""
    problems = []
    if way != "adapt" and not has_avx():
        problems.append(Problem("no_avx"))
    elif way != "adapt" and importlib.util.find_spec("tensorflow") is None:
        problems.append(Problem("no_tensorflow"))
    needed, free = needed_memory_mb(way, size, batch), free_memory_mb()
    if free < needed:
        problems.append(Problem("memory", needed=needed, free=free))
    needed = needed_disk_mb(images, size)
    for folder in folders:
        free = free_disk_mb(folder)
        if free < needed:
            problems.append(Problem("disk", needed=needed, free=free, path=folder))
            break
    return problems
