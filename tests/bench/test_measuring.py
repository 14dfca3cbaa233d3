"""Which files a measurement takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import bench_module


@pytest.mark.parametrize(("there", "wanted"), [(10, 4), (10, 7), (10, 10), (10, 30)])
def test_the_files_of_a_measurement_are_spread_over_the_whole_folder(there: int, wanted: int, tmp_path: Path) -> None:
    """Two thirds of a sorted folder may hold one class only."""
    for number in range(there):
        (tmp_path / f"{number:02d}.jpg").touch()
    with bench_module("measuring") as bench:
        numbers = [int(path.stem) for path in bench.jpegs(tmp_path, wanted)]
    assert len(set(numbers)) == len(numbers) == min(there, wanted)
    gaps = [after - before for before, after in zip(numbers, [*numbers[1:], there], strict=True)]
    assert numbers[0] == 0 and max(gaps) - min(gaps) <= 1
