"""``self-test``: does this installation give the scores it should?"""

from __future__ import annotations

import importlib.metadata
import json
import platform
import tempfile
from pathlib import Path
from typing import Any

from pneumo_desktop import __version__
from pneumo_desktop.app import Services
from pneumo_desktop.reading.reference import TOLERANCE, largest_difference
from pneumo_desktop.words import tr

_LIBRARIES = ("numpy", "opencv-python-headless", "ai-edge-litert", "pydicom", "Pillow", "PySide6-Essentials")


def cpu_flags() -> list[str]:
    """Return which of the instruction sets that matter this processor has (training needs AVX)."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return []
    words = set(next((line for line in text.splitlines() if line.startswith("flags")), "").split())
    return [flag for flag in ("sse4_2", "avx", "avx2", "fma", "avx512f") if flag in words]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def report(services: Services) -> dict[str, Any]:
    """Return everything that was checked, as JSON values; ``passed`` says whether all is as it should be."""
    package = services.package()
    difference, writable = largest_difference(package), _writable(services.folder)
    return {
        "passed": difference <= TOLERANCE and writable,
        "program": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": {name: _version(name) for name in _LIBRARIES},
        "model": {"model_id": package.card.model_id, "sha256": package.sha256},
        "cpu_flags": cpu_flags(),
        "reference": {
            "images": len(package.reference),
            "largest_difference": difference if package.reference else None,
            "tolerance": TOLERANCE,
        },
        "data_folder": {"path": str(services.folder), "writable": writable},
    }


def self_test(services: Services, as_json: bool = False) -> bool:
    """Print what was checked and return whether everything is as it should be."""
    found = report(services)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return bool(found["passed"])
    print(f"pneumo-desktop {found['program']}, Python {found['python']}, {found['system']}")
    for name, version in found["versions"].items():
        print(f"  {name} {version or '-'}")
    print(
        tr("Model: {model} (sha256 {digest})").format(model=found["model"]["model_id"], digest=found["model"]["sha256"])
    )
    print(tr("Processor: {flags}").format(flags=" ".join(found["cpu_flags"]) or "-"))
    difference = found["reference"]["largest_difference"]
    fine = difference is not None and difference <= TOLERANCE
    print(
        tr("Reference scores: {count} images, largest difference {difference:.1e}: {verdict}").format(
            count=found["reference"]["images"],
            difference=float("inf") if difference is None else difference,
            verdict=tr("as they should be") if fine else tr("WRONG"),
        )
    )
    verdict = tr("yes") if found["data_folder"]["writable"] else tr("NO")
    print(tr("Data folder can be written: {verdict}").format(verdict=verdict))
    return bool(found["passed"])
