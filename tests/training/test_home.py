"""Training leaves nothing in the user's home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pneumo_desktop import places


def test_keras_writes_nothing_into_the_home(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    command = [sys.executable, "-c", "import pneumo_desktop.training.networks"]
    subprocess.run(command, check=True, env=environment, cwd=Path(places.__file__).parents[1], capture_output=True)
    assert list(tmp_path.iterdir()) == []
