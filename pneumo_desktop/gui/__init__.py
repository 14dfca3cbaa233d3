"""The window. The only room that imports Qt."""

from pneumo_desktop.gui.start import run, save_picture

__all__ = ["run", "save_picture"]
