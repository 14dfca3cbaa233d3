"""Peak memory of a training of many images: the child's peak RSS, for the default and for a small computer.

    python bench/training_memory.py ../shared/data/kermany/train_224 --size 224 --batch 16
    python bench/training_memory.py ../shared/data/kermany/train_224 --size 160 --batch 8

One epoch of ``--architecture`` (transfer, the largest network) with ``--stop-after`` steps: memory does not grow
after the first steps. All images are prepared and cached first, as in a whole training.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import show


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--architecture", default="transfer")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--stop-after", type=int, default=12, metavar="STEPS")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder)
        values = {"folder": str(options.folder.resolve()), "out": str(job / "new.pneumo"), "epochs": 1}
        values |= {"architecture": options.architecture, "size": options.size, "batch": options.batch}
        (job / "job.json").write_text(json.dumps(values))
        command = [sys.executable, "-m", "pneumo_desktop.training", "train", str(job)]
        images, steps = 0, 0
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert child.stdin is not None
        assert child.stdout is not None
        for line in child.stdout:
            event = json.loads(line)
            images = event["of"] if event["event"] == "progress" and event["phase"] == "images" else images
            if event["event"] == "step":
                steps = event["step"]
                if steps >= options.stop_after:
                    child.stdin.write("stop\n")
                    child.stdin.flush()
        _, _, used = os.wait4(child.pid, 0)
        cached = sum(path.stat().st_size for path in (job / "cache").iterdir()) / 2**20
    show(
        f"Training {images} images at {options.size} px, {options.architecture}, batch {options.batch}",
        [
            ("peak memory (RSS) of the training program", used.ru_maxrss / 1024, "MB"),
            ("of it the cache on disk, which the system may drop", cached, "MB at most"),
            ("steps", float(steps), ""),
        ],
    )


if __name__ == "__main__":
    main()
