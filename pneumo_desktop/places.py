"""Where things are: resources and the bundled model in a checkout, a wheel or a frozen program; the user's data."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs

APP_NAME = "pneumo-desktop"
TRAINING = "training"
"""The folder of the training component, beside the base; its program uses the base's resources and model."""


def _root() -> Path:
    """Return the folder that holds ``resources`` and ``models``."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        base = installation()
        return Path(frozen) if base is None else base / Path(frozen).name
    package = Path(__file__).resolve().parent
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file():
        return checkout
    return Path(sys.prefix) / "share" / APP_NAME


def installation() -> Path | None:
    """Return the folder an installer made (launchers, libraries, manifest), or None in a checkout or a wheel.

    It is the base's, for the training program too.
    """
    if not getattr(sys, "frozen", False):
        return None
    folder = Path(sys.executable).resolve().parent
    return folder.parent if folder.name == TRAINING else folder


def own_command(*arguments: str) -> list[str]:
    """Return how this program starts itself for a helper; the training program has the base's."""
    base = installation()
    if base is None:
        return [sys.executable, "-m", "pneumo_desktop", *arguments]
    # On Windows the window's own executable has no standard streams.
    return [str(base / ("pneumo-desktop-cli.exe" if sys.platform == "win32" else "pneumo-desktop")), *arguments]


def resource(*parts: str) -> Path:
    """Return the path of a file or folder under ``resources/``."""
    return _root().joinpath("resources", *parts)


def bundled_model() -> Path:
    """Return the path of the model package that comes with the program."""
    return _root() / "models" / "bundled.pneumo"


def data_path(override: Path | None = None) -> Path:
    """Return the folder for results, settings, models and logs, there or not."""
    return override if override is not None else Path(platformdirs.user_data_dir(APP_NAME, appauthor=False))


def data_dir(override: Path | None = None) -> Path:
    """Return the folder for results, settings, models and logs, made if it is missing."""
    folder = data_path(override)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
