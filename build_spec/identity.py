"""Which program this is: its version, and the build id that ties the base to its training component.

``python build_spec/identity.py`` prints the version, with ``--build-id`` the build id.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def version() -> str:
    """Return ``pneumo_desktop.__version__`` without importing the program; raises ValueError where there is none."""
    tree = ast.parse((ROOT / "pneumo_desktop" / "__init__.py").read_text("utf-8"))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__version__" for target in statement.targets
        ):
            return str(ast.literal_eval(statement.value))
    raise ValueError("pneumo_desktop/__init__.py names no __version__.")


def build_id() -> str:
    """Return version and a hash of everything that both components are built from: the same tree, the same id."""
    sources = [
        *ROOT.joinpath("pneumo_desktop").rglob("*.py"),
        *ROOT.joinpath("build_spec").glob("*.spec"),
        *ROOT.joinpath("build_spec").glob("*.py"),
        *ROOT.joinpath("build_spec", "stand_ins").glob("*.py"),
        *ROOT.joinpath("requirements").glob("*.txt"),
        ROOT / "models" / "bundled.pneumo",
    ]
    digest = hashlib.sha256()
    for path in sorted(sources):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{version()}+{digest.hexdigest()[:12]}"


if __name__ == "__main__":
    print(build_id() if "--build-id" in sys.argv[1:] else version())
