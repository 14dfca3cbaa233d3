"""Each room that parses bytes, for a bounded number of damaged inputs, in a process of its own (longer: ``fuzz.py``)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CASES = {"raster": 1000, "dicom": 500, "codestreams": 80, "sources": 400, "models": 40, "networks": 150, "records": 60}
SCRIPT = Path(__file__).with_name("fuzz.py")


@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="the fuzzer limits its memory as Linux does")
@pytest.mark.parametrize("room", CASES)
def test_damaged_input_ends_in_the_rooms_own_error(room: str) -> None:
    command = [sys.executable, str(SCRIPT), room, "--cases", str(CASES[room]), "--seed", "7"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, f"{run.stdout}\nlast case: {run.stderr.splitlines()[-3:]}"
    assert f"{CASES[room]} cases, 0 wrong" in run.stdout
