"""``self-test``: prints what was checked of this installation."""

from __future__ import annotations

import json
from pathlib import Path

from pneumo_desktop.self_test import examine_folder
from pneumo_desktop.words import tr


def self_test(data_dir: Path | None, model: Path | None = None, as_json: bool = False) -> bool:
    """Print what was checked and return whether everything is as it should be.

    Raises BadPackageError for ``model``.
    """
    report = examine_folder(data_dir, model)
    if as_json:
        print(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
        return report.passed
    numbers = report.numbers
    print(f"pneumo-desktop {numbers['program']}, Python {numbers['python']}, {numbers['system']}")
    for name, version in numbers["versions"].items():
        print(f"  {name} {version or '-'}")
    for check in report.checks:
        print(f"{'  ' if check.fine else '! '}{check.sentence}")
    print(tr("All is as it should be.") if report.passed else tr("Something is not as it should be: see above."))
    return report.passed
