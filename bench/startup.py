"""From the start of the process to the visible window and to the first result, against a bare PySide6 window.

Three programs are started in turns; each prints when it got there. Without a display Qt renders offscreen.
    python bench/startup.py ../shared/data/kermany/train_original
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import jpegs, median, show

BARE = """
import json, sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication([])
window = QMainWindow()
window.show()
application.processEvents()
print(json.dumps({"window": time.time(), "processor": time.process_time()}))
"""

PROGRAM = """
import json, sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
application = QApplication([])
services = Services.create(Path(sys.argv[1]))
window = MainWindow(services)
window.show()
application.processEvents()
shown, processor = time.time(), time.process_time()
window.start([Path(sys.argv[2])])
while not any(row.status == "done" for row in services.store.rows()):
    application.processEvents()
    time.sleep(0.005)
first = time.time()
heavy = sorted(name for name in sys.modules if name.split(".")[0] in ("tensorflow", "keras"))
window.close()
services.close()
print(json.dumps({"window": shown, "first": first, "processor": processor, "tensorflow": bool(heavy)}))
"""


def start(code: str, *arguments: str) -> dict[str, float]:
    """Run ``code`` in a new Python and return its times in seconds since the process was started, and the processor
    time that it had used when its window was there (what does not depend on what else the computer does)."""
    environment = dict(os.environ)
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    began = time.time()
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    told = json.loads(done.stdout.splitlines()[-1])
    return {key: value - began if key in ("window", "first") else value for key, value in told.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    image = str(jpegs(options.folder, 1)[0])
    bare, shown, first, tensorflow = list[float](), list[float](), list[float](), False
    used_bare, used = list[float](), list[float]()
    for _round in range(options.rounds):
        told = start(BARE)
        bare.append(told["window"])
        used_bare.append(told["processor"])
        with tempfile.TemporaryDirectory() as data:
            told = start(PROGRAM, data, image)
        shown.append(told["window"])
        used.append(told["processor"])
        first.append(told["first"] - told["window"])
        tensorflow = tensorflow or bool(told["tensorflow"])
    show(
        f"Start, median of {options.rounds}",
        [
            ("bare PySide6 window", median(bare), "s"),
            ("pneumo-desktop's window", median(shown), "s"),
            ("later than the bare one (at most 0.5)", median([a - b for a, b in zip(shown, bare, strict=True)]), "s"),
            ("processor time until then, bare", median(used_bare), "s"),
            ("processor time until then, pneumo-desktop", median(used), "s"),
            ("first result after that (at most 1.5)", median(first), "s"),
        ],
        tensorflow_imported=tensorflow,
    )


if __name__ == "__main__":
    main()
