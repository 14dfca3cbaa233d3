"""Folder throughput of the whole pipeline (decode, judge, commit) against ``cv2.imread`` on one thread.

Both read the same files, in turns, in one run; the ratio is the median of the rounds.
    python bench/folder_throughput.py ../shared/data/kermany/train_original
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

import cv2
from measuring import jpegs, median, show

from pneumo_desktop.app import Services
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.prepare import prepare
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.network import Network
from pneumo_desktop.reading.pipeline import Callbacks


def imread_seconds(paths: list[Path]) -> float:
    """Return the seconds that one thread needs to decode every file with the default flag."""
    started = time.perf_counter()
    for path in paths:
        cv2.imread(str(path))
    return time.perf_counter() - started


def pipeline_seconds(paths: list[Path]) -> float:
    """Return the seconds from the start of a fresh queue until its last row is committed."""
    with tempfile.TemporaryDirectory() as folder:
        services = Services.create(Path(folder))
        services.package()
        ended, errors = threading.Event(), list[BaseException]()

        def on_end(error: BaseException | None) -> None:
            if error is not None:
                errors.append(error)
            ended.set()

        started = time.perf_counter()
        services.start_queue(paths, Callbacks(lambda rows: None, on_end=on_end))
        ended.wait()
        seconds = time.perf_counter() - started
        done = sum(row.status == "done" for row in services.store.rows())
        services.close()
        if errors or done != len(paths):
            raise SystemExit(f"{done} of {len(paths)} images were read: {errors}")
        return seconds


def parts(paths: list[Path]) -> tuple[float, float, float]:
    """Return median milliseconds of reading with decoding, of preparing, and of the network."""
    with tempfile.TemporaryDirectory() as folder:
        services = Services.create(Path(folder))
        network = Network(services.package())
        services.close()
    decode, ready, judge = list[float](), list[float](), list[float]()
    for path in paths:
        start = time.perf_counter()
        radiograph = load(Entry(path))
        loaded = time.perf_counter()
        prepared = prepare(radiograph, network.size)
        made = time.perf_counter()
        network.run(prepared)
        decode.append(loaded - start)
        ready.append(made - loaded)
        judge.append(time.perf_counter() - made)
    return median(decode) * 1e3, median(ready) * 1e3, median(judge) * 1e3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    paths = jpegs(options.folder, options.images)
    imread_seconds(paths)  # the disk's cache is warm for both
    opencv, program = list[float](), list[float]()
    for _round in range(options.rounds):
        opencv.append(imread_seconds(paths))
        program.append(pipeline_seconds(paths))
    decode, ready, judge = parts(paths[:100])
    ratios = [a / b for a, b in zip(opencv, program, strict=True)]
    show(
        f"Folder throughput, {len(paths)} images, median of {options.rounds}",
        [
            ("cv2.imread, one thread", len(paths) / median(opencv), "images/s"),
            ("pneumo-desktop, whole pipeline", len(paths) / median(program), "images/s"),
            ("ratio (at least 0.6)", median(ratios), ""),
            ("read and decode in grey", decode, "ms"),
            ("prepare", ready, "ms"),
            ("network with heat map", judge, "ms"),
        ],
        ratios=ratios,
    )


if __name__ == "__main__":
    main()
