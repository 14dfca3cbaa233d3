"""A pipeline's callbacks come from its threads; here they become signals on the GUI thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from pneumo_desktop.reading.pipeline import Callbacks, Pipeline


class ReadingRun(QObject):
    """One run of the pipeline. ``ended`` carries None or the error that stopped it."""

    rows = Signal(object)
    progress = Signal(object)
    left_out = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pipeline: Pipeline | None = None

    def callbacks(self) -> Callbacks:
        """Return callbacks that may be called from any thread."""
        from pneumo_desktop.reading.pipeline import Callbacks

        return Callbacks(self.rows.emit, self.progress.emit, self.left_out.emit, self.ended.emit)

    @property
    def active(self) -> bool:
        """True while the pipeline's threads run."""
        return self.pipeline is not None and self.pipeline.running()

    def stop(self) -> None:
        """Cancel and wait."""
        if self.pipeline is not None:
            self.pipeline.cancel()
            self.pipeline.wait()
