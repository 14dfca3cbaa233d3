"""How long the window's thread does not answer while a training runs, and how long a stop takes.

The real main window and training dialog, a real child process, labelled images of a folder (or generated ones). The
dialog stands on the Train page with its live curves; the stop is pressed in the middle of learning.
    python bench/training_gui.py ../shared/data/kermany/train_original --architecture compact --seconds 60
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from measuring import bare_loop, peak_megabytes, show

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def generated(folder: Path, each: int) -> Path:
    """Write ``each`` generated films of both classes."""
    import cv2

    from pneumo_desktop.imaging.phantom import chest

    for number in range(each):
        for name, pneumonia in (("NORMAL", False), ("PNEUMONIA", True)):
            path = folder / name / f"{number:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), chest(number + 1000 * pneumonia, pneumonia, (256, 256)))
    return folder


@dataclass(frozen=True)
class Measured:
    """gaps: (milliseconds, the program's own processor time in it) while learning; bare: longest of a bare loop beside it.

    stop: seconds from Stop to the end of the program. epochs: so many were learnt.
    """

    gaps: list[tuple[float, float]]
    bare: float
    stop: float
    epochs: int


def measure(folder: Path, data: Path, recipe: dict[str, object], seconds: float) -> Measured:
    """Train with the window beside it for ``seconds``, then stop."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from pneumo_desktop.app import Services
    from pneumo_desktop.gui.main_window import MainWindow
    from pneumo_desktop.gui.training.dialog import TrainingDialog
    from pneumo_desktop.gui.workers import answer_first

    application = QApplication([])
    answer_first()
    services = Services.create(data)
    window = MainWindow(services)
    window.show()
    dialog = TrainingDialog(services, window)
    dialog.show()
    events: list[str] = []
    dialog.train._process.told.connect(lambda event: events.append(event["event"]))

    def wait(until: Callable[[], bool]) -> None:
        while not until():
            application.processEvents()
            time.sleep(0.002)

    dialog.take_folder(folder)
    wait(lambda: not dialog.data.scanning)
    if dialog.data.scan.get("blocked", True):
        raise SystemExit(dialog.data.words.text())
    dialog._show(1)
    dialog.train.take_recipe(recipe)
    wait(lambda: dialog.train.curves.drawn)
    dialog.toggle_training()
    gaps, last, used = list[tuple[float, float]](), time.perf_counter(), time.process_time()

    def tick() -> None:
        nonlocal last, used
        now, own = time.perf_counter(), time.process_time()
        gaps.append((1e3 * (now - last), 1e3 * (own - used)))
        last, used = now, own

    ticker, end = QTimer(timerType=Qt.TimerType.PreciseTimer), QTimer(singleShot=True)
    ticker.timeout.connect(tick)
    loop = QEventLoop()  # not the application's own: its quit() closes the windows first, and the dialog then asks
    end.timeout.connect(loop.quit)
    dialog.train.busy.connect(lambda busy: None if busy else loop.quit())
    ticker.start(1)
    end.start(round(1000 * seconds))
    with bare_loop() as stop_bare:
        loop.exec()
        bare = stop_bare()
    ticker.stop()
    if not dialog.train.running:
        raise SystemExit(f"The training ended within the time ({dialog.train.words.text()}). Choose fewer --seconds.")
    started = time.perf_counter()
    dialog.toggle_training()
    wait(lambda: not dialog.train.running)
    stop = time.perf_counter() - started
    dialog.shut()
    window.close()
    services.close()
    return Measured(gaps, bare, stop, events.count("epoch"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="labelled images; generated ones without it")
    parser.add_argument("--architecture", default="compact")
    parser.add_argument("--size", type=int)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    recipe = {"architecture": options.architecture, "size": options.size, "epochs": options.epochs, "early_stopping": 0}
    with tempfile.TemporaryDirectory() as images, tempfile.TemporaryDirectory() as data:
        folder = options.folder or generated(Path(images), 60)
        found = measure(folder.resolve(), Path(data), recipe, options.seconds)
    gaps = sorted(found.gaps)
    show(
        f"GUI thread while {options.architecture} trains for {options.seconds:.0f} s ({found.epochs} epochs)",
        [
            ("longest gap (under 100)", gaps[-1][0], "ms"),
            ("processor time of the program in it", gaps[-1][1], "ms"),
            ("longest gap of a bare loop meanwhile", found.bare, "ms"),
            ("most processor time of the program in a gap", max(own for _, own in gaps), "ms"),
            ("99th percentile (under 30)", gaps[int(len(gaps) * 0.99)][0], "ms"),
            ("Stop to the end of the program (under 2)", found.stop, "s"),
            ("peak memory of the window", peak_megabytes(), "MB"),
        ],
    )


if __name__ == "__main__":
    main()
