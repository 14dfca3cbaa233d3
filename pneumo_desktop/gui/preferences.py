"""The settings as the window uses them: read once at the start, written behind its back."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from pneumo_desktop.gui.keeper import Keeper

Choice = TypeVar("Choice", bound=StrEnum)


def chosen(value: object, default: Choice) -> Choice:
    """Return a setting as one of the values it may have; ``default`` where it has another."""
    try:
        return type(default)(str(value))
    except ValueError:
        return default


class Preferences:
    """Answers from memory, so that a slow disk never holds a menu or a drop up; the keeper writes what changes."""

    def __init__(self, stored: Mapping[str, Any], keeper: Keeper) -> None:
        self._values = dict(stored)
        self._keeper = keeper

    def get(self, key: str, default: Any = None) -> Any:
        """Return a setting, or ``default`` where it was never set or is of another kind."""
        value = self._values.get(key, default)
        return value if default is None or isinstance(value, type(default)) else default

    def set(self, key: str, value: Any) -> None:
        """Change a setting (any JSON value) at once, and on the disk soon after."""
        if self._values.get(key) != value:
            self._values[key] = value
            self._keeper.set_setting(key, value)
