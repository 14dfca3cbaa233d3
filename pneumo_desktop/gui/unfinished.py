"""Queues that an earlier sitting did not finish: offered one after the other, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from pneumo_desktop.app import Services
from pneumo_desktop.gui.invitations import Offer
from pneumo_desktop.gui.keeper import Keeper
from pneumo_desktop.records.rows import UnfinishedQueue
from pneumo_desktop.words import ntr, tr


def _question(queue: UnfinishedQueue) -> str:
    if not queue.waiting:
        return tr("“{label}” was not looked through to its end last time.").format(label=queue.label)
    said, unread = [], queue.waiting - queue.again - queue.out_of_reach
    if unread:
        text = ntr(
            "{count} image of “{label}” was not read last time.",
            "{count} images of “{label}” were not read last time.",
            unread,
        )
        said.append(text.format(count=unread, label=queue.label))
    if queue.out_of_reach:
        text = ntr(
            "{count} image of “{label}” could not be reached last time. If it is gone for good, choose “Don't continue”: "
            "then you are not asked again.",
            "{count} images of “{label}” could not be reached last time. If they are gone for good, choose “Don't continue”: "
            "then you are not asked again.",
            queue.out_of_reach,
        )
        said.append(text.format(count=queue.out_of_reach, label=queue.label))
    if queue.again:
        text = ntr(
            "{count} image of “{label}” was to be read again and still has its earlier result.",
            "{count} images of “{label}” were to be read again and still have their earlier results.",
            queue.again,
        )
        said.append(text.format(count=queue.again, label=queue.label))
    return " ".join(said)


class Unfinished(QObject):
    """Asks in ``offer``; ``wanted`` carries the queue to go on with. ``busy`` says that this is not the time to ask.

    Another window may have asked the same and been answered first, or read something: ``refused`` carries the sentence that
    says so.
    """

    wanted = Signal(object)
    refused = Signal(str)

    def __init__(
        self, offer: Offer, services: Services, keeper: Keeper, busy: Callable[[], bool], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._offer, self._services, self._keeper, self._busy = offer, services, keeper, busy
        self._queues: list[UnfinishedQueue] = []
        offer.accepted.connect(self._accepted)
        offer.declined.connect(self._declined)

    def look(self) -> None:
        """Look into the records for what was not finished, and offer it."""
        self._keeper.ask(self._services.unfinished, self._found)

    def _found(self, queues: Sequence[UnfinishedQueue]) -> None:
        self._queues = list(queues)
        self.offer_next()

    def offer_next(self) -> None:
        """Offer the next one, unless something is being read.

        Who opens a folder at once may have begun before the records were looked into: that list is no earlier one.
        """
        if self._busy():
            return
        self._queues = [queue for queue in self._queues if queue.queue_id not in self._services.begun]
        if self._queues:
            queue = self._queues[0]
            self._offer.ask(lambda: (_question(queue), tr("Continue"), tr("Don't continue")))

    def _accepted(self) -> None:
        self._offer.hide()
        if self._queues:
            queue = self._queues.pop(0)
            self._keeper.ask(self._services.beside_others, lambda known: self._go_on(queue, *known))

    def _go_on(self, queue: UnfinishedQueue, others: bool, waiting: Sequence[UnfinishedQueue]) -> None:
        now = next((known for known in waiting if known.queue_id == queue.queue_id), None)
        if now is not None and not others:
            self.wanted.emit(now)
            return
        if now is not None:
            text = tr(
                "Another window, or a command, is reading. When it has closed, you can go on with “{label}” here."
            )
            self._queues.insert(0, now)
        else:
            text = tr("“{label}” does not wait any more: it has been read or given up elsewhere.")
        self.refused.emit(text.format(label=queue.label))
        self.offer_next()

    def _declined(self) -> None:
        self._offer.hide()
        if self._queues:
            queue = self._queues.pop(0)
            self._keeper.ask(lambda: self._services.give_up(queue))
            self.offer_next()
