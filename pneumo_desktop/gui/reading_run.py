"""A pipeline's callbacks come from its threads; here they become signals on the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from pneumo_desktop.reading.outcome import Population

if TYPE_CHECKING:
    from pneumo_desktop.reading.pipeline import Callbacks, Pipeline


class EndOfReading(NamedTuple):
    """How all that was read together ended. stopped: there is something to go on with; ``total`` files were found for it.

    out_of_reach: files that were not there any more, or on a medium that could not be read.
    """

    stopped: bool
    done: int = 0
    total: int = 0
    out_of_reach: int = 0

    @property
    def unread(self) -> int:
        """Return how many files were found and not read."""
        return max(0, self.total - self.done)


class ReadingRun(QObject):
    """One run of the pipeline over ``paths`` (none where an old queue goes on); ``queue_id`` is None until it began.

    ``ended`` carries None or the error that stopped it. A run that was dropped tells nothing any more.
    """

    rows = Signal(object)
    progress = Signal(object)
    left_out = Signal(object)
    ended = Signal(object)
    _rows_told = Signal(object)
    _progress_told = Signal(object)
    _left_out_told = Signal(object)
    _end_told = Signal(object)

    def __init__(self, paths: Sequence[Path], examples: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.paths = tuple(paths)
        self.examples = examples
        self.folders: tuple[Path, ...] = ()
        """The folders of ``paths``: whose images they hold is remembered."""
        self.others: tuple[tuple[Population | None, Sequence[Path]], ...] = ()
        """Paths of the same wish that become queues of their own, because other things were told of their folders."""
        self.population = Population.NOT_KNOWN
        self.queue_id: int | None = None
        self.pipeline: Pipeline | None = None
        self.active = True
        """True from the wish to read until the last row was told."""
        self.cancelled = False
        self.dropped = False
        self.unread = False
        """True where the run was dropped before it had read everything."""
        self.replaces: ReadingRun | None = None
        """The run whose entries this one reads anew, until it has begun."""
        self._rows_told.connect(self._tell_rows)
        self._progress_told.connect(self._tell_progress)
        self._left_out_told.connect(self._tell_left_out)
        self._end_told.connect(self._tell_end)

    def callbacks(self) -> Callbacks:
        """Return callbacks that may be called from any thread."""
        from pneumo_desktop.reading.pipeline import Callbacks

        return Callbacks(self._rows_told.emit, self._progress_told.emit, self._left_out_told.emit, self._end_told.emit)

    def began(self, pipeline: Pipeline, population: Population) -> None:
        """Take over the pipeline that was started for this run, from any thread; one not wanted any more is cancelled."""
        self.pipeline, self.population, self.queue_id = pipeline, population, pipeline.queue_id
        if self.cancelled:
            pipeline.cancel()

    def cancel(self) -> None:
        """Stop before the next image."""
        self.cancelled = True
        if self.pipeline is not None:
            self.pipeline.cancel()

    def drop(self) -> None:
        """Stop, and tell nothing of what still comes."""
        self.unread = self.unread or self.active or self.cancelled
        self.dropped = True
        self.active = False
        self.cancel()

    def put_back(self) -> None:
        """Stand in the list again after ``drop``, because what was to replace it did not begin; what was cut off can go on."""
        self.dropped = False
        self.cancelled = self.unread

    @Slot(object)
    def _tell_rows(self, rows: object) -> None:
        if not self.dropped:
            self.rows.emit(rows)

    @Slot(object)
    def _tell_progress(self, progress: object) -> None:
        if not self.dropped:
            self.progress.emit(progress)

    @Slot(object)
    def _tell_left_out(self, items: object) -> None:
        if not self.dropped:
            self.left_out.emit(items)

    @Slot(object)
    def _tell_end(self, error: object) -> None:
        self.active = False
        if not self.dropped:
            self.ended.emit(error)
