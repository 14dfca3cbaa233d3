"""Can this computer train, and how long will it take? Processor, memory and disk, before anything is started."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pneumo_desktop.computer import free_disk_mb, free_memory_mb, has_avx
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.network import Network
from pneumo_desktop.training.problems import Problem, from_os_error

WAYS = ("adapt", "fine-tune", "transfer", "compact", "classic")
_BASE_MB = 750
"""TensorFlow with the program round it (measured, 2.21)."""

_ADAPT_MB, _ADAPT_MB_PER_IMAGE = 420, 0.25
"""Adapting: LiteRT with the program, and the features of each image's copies with what the fit makes of them."""

_MB_PER_MEGAPIXEL = {"fine-tune": 1500.0, "transfer": 900.0, "compact": 500.0, "classic": 350.0}
"""Memory of one batch, by the megapixels in it; ``bench/training_memory.py`` measures it with all that is round it."""

_STEP_PER_PASS = {"fine-tune": 5.0, "transfer": 3.2, "compact": 1.0, "classic": 1.5}
"""Seconds of training an image once, in LiteRT passes of the bundled network at the same size."""


def used_memory_mb() -> int:
    """Return the resident memory of this process in MB, or 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * 4096 // 2**20


def needed_memory_mb(way: str, size: int, batch: int, images: int = 0) -> int:
    """Return how much memory a way of training takes at ``size`` pixels with ``batch`` images a step.

    ``images`` count for ``adapt`` alone, which holds the features of all.
    """
    if way == "adapt":
        return int(_ADAPT_MB + _ADAPT_MB_PER_IMAGE * images)
    return int(_BASE_MB + _MB_PER_MEGAPIXEL[way] * batch * size * size / 1e6)


def needed_disk_mb(images: int, size: int) -> int:
    """Return how much disk the prepared images, the checkpoints and the package take."""
    return int(images * size * size / 2**20) + 150


def _not_writable(folder: Path) -> Problem | None:
    """Return why nothing can be written into ``folder`` (or its nearest parent that exists): better now than at the end."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            return None
    except OSError as problem:
        return from_os_error(OSError(problem.errno, problem.strerror, str(folder)), str(folder))


def estimated_seconds(way: str, images: int, epochs: int, pass_seconds: float, scale: float) -> float:
    """Return about how long a way takes to learn ``epochs`` times from ``images``.

    ``pass_seconds`` is one pass of the bundled network; ``scale`` is the picture's side against that network's.
    ``adapt`` sends the images through the network once, however many epochs follow.
    """
    reading = 0.02 * images
    if way == "adapt":
        return reading + 15 + 2.6 * images * pass_seconds
    return reading + 45 + 0.7 * images * pass_seconds * scale**2 * _STEP_PER_PASS[way] * epochs


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
    """Return what is missing for a training: AVX, memory, disk, a folder that can be written to; empty where nothing is."""
    problems = [problem for folder in folders if (problem := _not_writable(folder)) is not None][:1]
    if way != "adapt" and not has_avx():
        problems.append(Problem("no_avx"))
    elif way != "adapt" and importlib.util.find_spec("tensorflow") is None:
        problems.append(Problem("no_tensorflow"))
    needed, free = needed_memory_mb(way, size, batch, images), free_memory_mb()
    if free < needed:
        problems.append(Problem("memory", needed=needed, free=free))
    needed = needed_disk_mb(images, size)
    for folder in folders:
        free = free_disk_mb(folder)
        if free < needed:
            problems.append(Problem("disk", needed=needed, free=free, path=folder))
            break
    return problems
