"""``self-test``: does this installation give the scores it should?"""

from __future__ import annotations

import importlib.metadata
import platform
import tempfile
from pathlib import Path

import numpy as np

from pneumo_desktop import __version__
from pneumo_desktop.app import Services
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.reading.network import Network
from pneumo_desktop.words import tr

TOLERANCE = 1e-4
_LIBRARIES = ("numpy", "opencv-python-headless", "ai-edge-litert", "pydicom", "Pillow", "PySide6-Essentials")


def cpu_flags() -> list[str]:
    """Return which of the instruction sets that matter this processor has (training needs AVX)."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return []
    words = set(next((line for line in text.splitlines() if line.startswith("flags")), "").split())
    return [flag for flag in ("sse4_2", "avx", "avx2", "fma", "avx512f") if flag in words]


def largest_difference(services: Services) -> float:
    """Return the largest difference of a reference score from its known value; inf without references."""
    package = services.package()
    network = Network(package)
    score = package.card.calibration.score
    differences = [
        abs(
            score(network.run(squash(chest(r.seed, r.pneumonia), network.size).astype(np.float32) / np.float32(255)).logit)
            - score(r.logit)
        )
        for r in package.reference
    ]
    return max(differences, default=float("inf"))


def self_test(services: Services) -> bool:
    """Print what was checked and return whether everything is as it should be."""
    print(f"pneumo-desktop {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    for name in _LIBRARIES:
        try:
            print(f"  {name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            print(f"  {name} -")
    package = services.package()
    print(tr("Model: {model} (sha256 {digest})").format(model=package.card.model_id, digest=package.sha256))
    print(tr("Processor: {flags}").format(flags=" ".join(cpu_flags()) or "-"))
    difference = largest_difference(services)
    fine = difference <= TOLERANCE
    print(
        tr("Reference scores: {count} images, largest difference {difference:.1e}: {verdict}").format(
            count=len(package.reference), difference=difference, verdict=tr("as they should be") if fine else tr("WRONG")
        )
    )
    try:
        with tempfile.TemporaryFile(dir=services.folder):
            writable = True
    except OSError:
        writable = False
    print(tr("Data folder can be written: {verdict}").format(verdict=tr("yes") if writable else tr("NO")))
    return fine and writable
