"""Runs an installation on an emulated processor without AVX (qemu-user, Nehalem): all but training from scratch works.

``python build_spec/linux/no_avx.py FOLDER`` where FOLDER holds pneumo-desktop and, where it is there, training/. It takes
some minutes; reads the images of tests/fixtures. Exits 1 at the first thing that is not as promised.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
TOLERANCE = 1e-4


def emulated(program: Path) -> list[str]:
    """Return the start of a line that runs a frozen program on a Nehalem.

    A frozen program starts itself once more with its library path set, and would leave the emulator by that: it is
    told that this has happened already. What tells OpenBLAS which processor it has is for this computer alone.
    """
    told = {
        "_PYI_ARCHIVE_FILE": program, "_PYI_PARENT_PROCESS_LEVEL": -1, "LD_LIBRARY_PATH": program.parent / "_internal",
        "QT_QPA_PLATFORM": "offscreen",
    }  # fmt: skip
    pairs = [word for name, value in told.items() for word in ("-E", f"{name}={value}")]
    return ["qemu-x86_64", "-cpu", "Nehalem", *pairs, "-U", "DISPLAY,WAYLAND_DISPLAY,OPENBLAS_CORETYPE", str(program)]


def _run(line: list[str], *words: str, codes: tuple[int, ...] = (0,), **options: object) -> str:
    done = subprocess.run([*line, *words], capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode not in codes:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stdout[-500:]} {done.stderr[-500:]}")
    return str(done.stdout)


def _scores(path: Path) -> dict[str, tuple[object, float]]:
    results = json.loads(path.read_text("utf-8"))["results"]
    return {Path(one["file"]).name: (one["outcome"], float(one["score"] or 0)) for one in results}


def _labelled(folder: Path) -> Path:
    for name, pattern in (("NORMAL", "IM-*"), ("PNEUMONIA", "person*")):
        (folder / name).mkdir(parents=True)
        for path in FIXTURES.glob(pattern):
            shutil.copy(path, folder / name)
    return folder


def prove(folder: Path, tell: Callable[[str, str], None]) -> None:
    """Read, evaluate, draw the window and ask for a training; raises RuntimeError at what is not as promised."""
    program = folder / "pneumo-desktop"
    slow = emulated(program)
    images = [str(path) for path in sorted(FIXTURES.glob("*.jpeg"))]
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        here = ("--data-dir", str(place / "data"))
        report = json.loads(_run(slow, "self-test", "--json", *here))
        if not report["passed"] or "avx" in report["cpu_flags"]:
            raise RuntimeError(f"self-test: {report}")
        tell("no AVX: self-test", f"passed; {report['checks']['processor']['sentence']}")
        _run(slow, "predict", *images, "--out", str(place / "slow.json"), "--heatmaps", str(place / "maps"), *here)
        _run([str(program)], "predict", *images, "--out", str(place / "fast.json"), "--data-dir", str(place / "other"))
        slow_scores, fast_scores = _scores(place / "slow.json"), _scores(place / "fast.json")
        largest = max(abs(slow_scores[name][1] - fast_scores[name][1]) for name in fast_scores)
        if largest > TOLERANCE or any(slow_scores[name][0] != fast_scores[name][0] for name in fast_scores):
            raise RuntimeError(f"The scores differ by {largest}.")
        tell(
            "no AVX: scores with heat maps against this processor",
            f"{len(images)} images, largest difference {largest:.0e}",
        )
        _run(slow, "run", *images, "--picture", str(place / "window.png"), *here, env={"PATH": os.environ["PATH"]})
        if not (place / "window.png").stat().st_size:
            raise RuntimeError("The window drew nothing.")
        tell("no AVX: window", "drawn")
        _run(slow, "evaluate", str(_labelled(place / "labelled")), "--figures", str(place / "figures"), *here)
        tell("no AVX: evaluation with figures", f"{len(list((place / 'figures').iterdir()))} files")
        training = folder / "training" / "pneumo-training"
        if training.is_file():
            told = json.loads(_run(emulated(training), "check", "--images", "100").splitlines()[-1])
            wrong = [way for way, possible in told["possible"].items() if possible != (way == "adapt")]
            if wrong or told["avx"]:
                raise RuntimeError(f"training check: {told}")
            tell("no AVX: the training page's words", told["sentences"][0])


if __name__ == "__main__":
    prove(Path(sys.argv[1]).resolve(), lambda what, seen: print(f"{what}: {seen}", flush=True))
