"""The longest time that the window's thread does not answer while a folder is read.

A timer of 1 ms on the GUI thread notes how late it is, and how long the thread itself was at work meanwhile (its own
processor time: the part that does not depend on what else the computer does). Without a display the window is rendered
offscreen. ``--listed`` puts that many read rows into the list first.
    python bench/gui_gap.py ../shared/data/kermany/train_224 [--listed 10000]
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

from measuring import jpegs, peak_megabytes, show
from memory import copies

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def gaps_while_reading(folder: Path, data: Path, count: int, listed: int) -> tuple[list[float], list[float]]:
    """Return the milliseconds between one turn of the GUI thread's loop and the next, while ``folder`` is read, and
    the thread's own processor time in each."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from pneumo_desktop.app import Services
    from pneumo_desktop.gui.main_window import MainWindow
    from pneumo_desktop.gui.workers import answer_first

    application = QApplication([])
    answer_first()
    services = Services.create(data)
    window = MainWindow(services)
    window.resize(1366, 768)
    window.show()
    if listed:
        from worklist import made_row

        chance = random.Random(1)
        window.queue.add_rows([made_row(1_000_000 + number, chance) for number in range(listed)])
    for _turn in range(20):
        application.processEvents()
        time.sleep(0.02)
    window.start([folder])
    gaps, work, last, used = list[float](), list[float](), time.perf_counter(), time.thread_time()

    def tick() -> None:
        nonlocal last, used
        now, busy = time.perf_counter(), time.thread_time()
        gaps.append((now - last) * 1e3)
        work.append((busy - used) * 1e3)
        last, used = now, busy

    def look() -> None:
        if not window.active_runs():
            application.quit()

    ticker, looker = QTimer(timerType=Qt.TimerType.PreciseTimer), QTimer()
    ticker.timeout.connect(tick)
    looker.timeout.connect(look)
    ticker.start(1)
    looker.start(200)
    application.exec()
    ticker.stop()
    looker.stop()
    assert sum(row.status == "done" for row in services.store.rows()) >= count
    window.close()
    services.close()
    return gaps, work


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--listed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        copies(jpegs(options.folder, options.images), Path(folder), options.images)
        gaps, work = map(sorted, gaps_while_reading(Path(folder), Path(data), options.images, options.listed))
    show(
        f"GUI thread while {options.images} images are read into {options.listed} rows",
        [
            ("longest gap (under 100)", gaps[-1], "ms"),
            ("99th percentile (under 30)", gaps[int(len(gaps) * 0.99)], "ms"),
            ("longest time at work in one turn", work[-1], "ms"),
            ("99th percentile of it", work[int(len(work) * 0.99)], "ms"),
            ("peak memory with the window (under 350)", peak_megabytes(), "MB"),
        ],
    )


if __name__ == "__main__":
    main()
