"""The same services without a window."""

from pneumo_desktop.cli.commands import main

__all__ = ["main"]
