"""What this computer has: instruction sets, memory, disk. No clinic's name or number of it is asked or told."""

from __future__ import annotations

import ctypes
import shutil
import sys
from pathlib import Path

_M_ARENA_MAX, _ARENAS = -8, 2
"""glibc's mallopt(3): heaps for threads. Its own choice is eight a core, and each keeps what it once held."""

_OPENCV_FEATURES = {"sse4.2": 7, "avx": 10, "avx2": 11, "fma": 12, "avx512f": 13}
"""OpenCV's numbers of processor features (enum CpuFeatures of its core module). It asks the processor itself, so the
answer is right on Windows and under an emulator too, where /proc/cpuinfo tells of another processor."""


def keep_memory_low() -> None:
    """Let all threads share two heaps; call it before there are threads. Does nothing where the C library is not glibc."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, _ARENAS)


def processor_features() -> tuple[str, ...]:
    """Return which of the instruction sets that matter this processor has."""
    from pneumo_desktop.opencv import cv2

    return tuple(name for name, number in _OPENCV_FEATURES.items() if cv2.checkHardwareSupport(number))


def has_avx() -> bool:
    """Tell whether the processor has AVX; without it TensorFlow ends the process by an illegal instruction."""
    return "avx" in processor_features()


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


def free_disk_mb(folder: Path) -> int:
    """Return the free space of the disk that holds ``folder`` (or its nearest parent that exists), in MB."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free // 2**20
