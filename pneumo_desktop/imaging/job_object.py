"""Windows' limit on the memory of a process: a job object with that limit, to which the process belongs."""

from __future__ import annotations

import ctypes
from typing import Any, Final

_EXTENDED_LIMITS: Final = 9
"""``JobObjectExtendedLimitInformation``"""
_LIMIT_PROCESS_MEMORY: Final = 0x100
"""``JOB_OBJECT_LIMIT_PROCESS_MEMORY``"""


class _BasicLimits(ctypes.Structure):
    _fields_ = (
        ("PerProcessUserTimeLimit", ctypes.c_int64),
        ("PerJobUserTimeLimit", ctypes.c_int64),
        ("LimitFlags", ctypes.c_uint32),
        ("MinimumWorkingSetSize", ctypes.c_size_t),
        ("MaximumWorkingSetSize", ctypes.c_size_t),
        ("ActiveProcessLimit", ctypes.c_uint32),
        ("Affinity", ctypes.c_size_t),
        ("PriorityClass", ctypes.c_uint32),
        ("SchedulingClass", ctypes.c_uint32),
    )


class ExtendedLimits(ctypes.Structure):
    """``JOBOBJECT_EXTENDED_LIMIT_INFORMATION``; bytes where it counts memory."""

    _fields_ = (
        ("BasicLimitInformation", _BasicLimits),
        ("IoInfo", ctypes.c_uint64 * 6),
        ("ProcessMemoryLimit", ctypes.c_size_t),
        ("JobMemoryLimit", ctypes.c_size_t),
        ("PeakProcessMemoryUsed", ctypes.c_size_t),
        ("PeakJobMemoryUsed", ctypes.c_size_t),
    )


def limit_own_memory(most: int, kernel32: Any = None) -> None:
    """Let this process commit at most ``most`` bytes from now on; raises OSError with Windows' number where it may not.

    The job lives as long as the process does: its handle is left open.
    """
    if kernel32 is None:
        kernel32 = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined, unused-ignore]
    kernel32.CreateJobObjectW.restype = ctypes.c_void_p
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    job = kernel32.CreateJobObjectW(None, None)
    if not job:
        raise OSError(kernel32.GetLastError(), "no job object")
    limits = ExtendedLimits()
    limits.BasicLimitInformation.LimitFlags = _LIMIT_PROCESS_MEMORY
    limits.ProcessMemoryLimit = most
    handle = ctypes.c_void_p(job)
    if not kernel32.SetInformationJobObject(
        handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.c_uint32(ctypes.sizeof(limits))
    ):
        raise OSError(kernel32.GetLastError(), "the job object takes no limit")
    if not kernel32.AssignProcessToJobObject(handle, ctypes.c_void_p(kernel32.GetCurrentProcess())):
        raise OSError(kernel32.GetLastError(), "the process does not join the job object")
