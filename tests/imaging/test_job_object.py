"""The memory limit of a helper on Windows: what is asked of the system, and, there, what comes of it."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from typing import Any

import pytest

from pneumo_desktop.imaging.job_object import ExtendedLimits, limit_own_memory


class Call:
    """One function of kernel32 that writes down what it was called with."""

    def __init__(self, answer: int) -> None:
        self.answer = answer
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> int:
        self.calls.append(arguments)
        return self.answer


class Kernel32:
    """As much of kernel32 as is asked; ``failing`` is the function that says no."""

    def __init__(self, failing: str = "") -> None:
        for name, answer in (
            ("CreateJobObjectW", 0x1_0000_0004), ("SetInformationJobObject", 1), ("AssignProcessToJobObject", 1),
            ("GetCurrentProcess", 2**64 - 1), ("GetLastError", 5),
        ):  # fmt: skip
            setattr(self, name, Call(0 if name == failing else answer))


@pytest.mark.skipif(ctypes.sizeof(ctypes.c_void_p) != 8, reason="the layout of 64 bits")
def test_the_limits_have_the_layout_of_the_windows_headers() -> None:
    assert ctypes.sizeof(ExtendedLimits) == 144
    assert ExtendedLimits.ProcessMemoryLimit.offset == 112


def test_the_process_joins_a_job_with_the_limit_and_whole_handles() -> None:
    kernel = Kernel32()
    limit_own_memory(4 << 30, kernel)
    ((job, kind, given, size),) = kernel.SetInformationJobObject.calls  # type: ignore[attr-defined]
    limits = given._obj
    assert (job.value, kind, size.value) == (0x1_0000_0004, 9, ctypes.sizeof(ExtendedLimits))
    assert (limits.BasicLimitInformation.LimitFlags, limits.ProcessMemoryLimit) == (0x100, 4 << 30)
    ((joined, process),) = kernel.AssignProcessToJobObject.calls  # type: ignore[attr-defined]
    assert (joined.value, process.value) == (0x1_0000_0004, 2**64 - 1)


@pytest.mark.parametrize("failing", ["CreateJobObjectW", "SetInformationJobObject", "AssignProcessToJobObject"])
def test_a_system_that_says_no_is_told_with_its_number(failing: str) -> None:
    with pytest.raises(OSError, match="job object") as caught:
        limit_own_memory(4 << 30, Kernel32(failing))
    assert caught.value.errno == 5


if sys.platform == "win32":  # in CI a test that is skipped is an error: elsewhere there is nothing to ask

    @pytest.mark.skipif(hasattr(ctypes.WinDLL("ntdll"), "wine_get_version"), reason="Wine keeps to no limit")
    def test_a_process_that_wants_more_gets_a_memory_error() -> None:
        greedy = (
            "from pneumo_desktop.imaging.job_object import limit_own_memory\n"
            "limit_own_memory(1 << 30)\n"
            "try: bytearray(2 << 30)\n"
            "except MemoryError: print('refused')\n"
        )
        done = subprocess.run([sys.executable, "-c", greedy], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "refused"
