"""A model package that nobody has vouched for is tried in a process of its own before the program opens its network.

LiteRT reads the network's flatbuffer with compiled code; a hostile one may end the process, take all memory or never come
back. It does so in the trial: the program gets a sentence. What is installed has passed it once.
"""

from __future__ import annotations

import faulthandler
import json
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from pneumo_desktop import places
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage

COMMAND: Final = "try-model"
"""The hidden sub-command that is a trial."""

MAX_SECONDS: Final = 120


class Tried(NamedTuple):
    """What a trial found: who goes on with the file compares its hash, for another may lie there by now.

    difference: the largest one of the package's reference scores (``reading.reference``); inf where it has none.
    sha256: hex digest of the file that was tried.
    """

    difference: float
    sha256: str


def try_package(path: Path) -> Tried:
    """Read with the package at ``path`` in a process of its own.

    Raises BadPackageError with the package's own code, or ``network`` where the trial died or took too long.
    """
    try:
        done = subprocess.run(  # noqa: S603
            places.own_command(COMMAND, str(path.absolute())),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).resolve().parents[2],  # in a checkout the package is found from there
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            timeout=MAX_SECONDS + 10,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise BadPackageError("network", "the trial took too long") from problem
    except OSError as problem:
        raise BadPackageError("network", f"the trial did not start: {problem.errno}") from problem
    try:
        answer = json.loads(done.stdout)
        code, detail = str(answer["code"]), str(answer["detail"])
        tried = Tried(float(answer["difference"]), str(answer["sha256"]))
    except (ValueError, KeyError, TypeError) as problem:
        raise BadPackageError("network", f"the trial ended with {done.returncode}") from problem
    if code:
        raise BadPackageError(code, detail)
    return tried


def trial(path: Path) -> dict[str, str | float]:
    """Open a package and read with it; ``code`` is empty where that went well."""
    from pneumo_desktop.reading.reader import Reader
    from pneumo_desktop.reading.reference import largest_difference

    try:
        package = ModelPackage.open(path)
        Reader(package).try_out()
        difference = largest_difference(package)
    except BadPackageError as problem:
        return {"code": problem.code, "detail": problem.detail, "difference": 0.0, "sha256": ""}
    except MemoryError:
        return {"code": "network", "detail": "out of memory", "difference": 0.0, "sha256": ""}
    return {"code": "", "detail": "", "difference": difference, "sha256": package.sha256}


def serve(path: str) -> int:
    """Be a trial: the answer is one line of JSON on standard output."""
    from pneumo_desktop.imaging.apart import limit_memory

    limit_memory()
    faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)
    answer = json.dumps(trial(Path(path)))
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.write(answer)
    sys.stdout.flush()
    return 0
