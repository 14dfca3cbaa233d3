"""Looking at one radiograph: zoom, window, heat map, measuring, DICOM tags."""

from pneumo_desktop.gui.viewer.panel import ViewerPanel

__all__ = ["ViewerPanel"]
