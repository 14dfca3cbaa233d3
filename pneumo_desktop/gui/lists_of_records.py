"""Lists that were read before, out of the records: shown again, or gone on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from pneumo_desktop.gui.keeper import Keeper
from pneumo_desktop.gui.reading_desk import ReadingDesk
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.rows import Row, UnfinishedQueue
from pneumo_desktop.records.store import Store

if TYPE_CHECKING:  # what was left out is asked for with the first list
    from pneumo_desktop.imaging.sources import LeftOut


class ListsOfRecords(QObject):
    """Asks the records for a queue and tells the reading of it; ``came`` carries its rows and its population."""

    came = Signal(object, object)

    def __init__(self, store: Store, keeper: Keeper, reading: ReadingDesk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store, self._keeper, self._reading = store, keeper, reading

    def show(self, queue_id: int) -> None:
        """Show a list as it stands; it needs no model and reads nothing again."""
        self._ask(queue_id, lambda: None)

    def go_on(self, queue: UnfinishedQueue) -> None:
        """Show a list that was not finished and read what is left of it."""
        self._ask(queue.queue_id, lambda: self._reading.resume(queue.queue_id, queue.population))

    def _ask(self, queue_id: int, when_it_came: Callable[[], None]) -> None:
        """Show a queue as it stands; ``when_it_came`` may change it: what that tells goes over what is shown."""
        store = self._store

        def look() -> tuple[list[Row], Population, list[LeftOut]]:
            from pneumo_desktop.imaging.sources import LeftOut

            left_out = [LeftOut(*item) for item in store.left_out(queue_id)]
            return store.rows(queue_id), store.queue_population(queue_id), left_out

        def told(found: tuple[list[Row], Population, list[LeftOut]]) -> None:
            rows, population, left_out = found
            when_it_came()
            self._reading.lists(queue_id, population, left_out)
            self.came.emit(rows, population)

        self._keeper.ask(look, told, "list")
