"""Which model read the chosen radiograph, and what to do where it is not the one in use now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.gui.invitations import Offer
from pneumo_desktop.gui.model_words import model_text
from pneumo_desktop.gui.queue_model import QueueModel
from pneumo_desktop.gui.result_panel import ResultPanel
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.reading.outcome import Judgement
from pneumo_desktop.records.rows import Row
from pneumo_desktop.words import ntr, tr

if TYPE_CHECKING:
    from pneumo_desktop.models.card import Card
    from pneumo_desktop.models.package import ModelPackage


def _key(judgement: Judgement) -> str:
    """Return what names the model of a result: the hash of its package, or its id where the hash was not recorded."""
    return judgement.model_sha256 or judgement.model_id


def _in_use(services: Services) -> ModelPackage | None:
    try:
        return services.package()
    except NoModelError:
        return None


def _installed(services: Services) -> dict[str, Card]:
    """Return the cards of the installed models by hash and by id."""
    models = services.registry.list()
    return {info.model_id: info.card for info in models} | {info.sha256: info.card for info in models}


def _words(count: int, name: str) -> tuple[str, str, str]:
    text = ntr(
        "{count} file in the list was read by another model. Its result stays in the records, whatever you choose.",
        "{count} files in the list were read by another model. Their results stay in the records, whatever you choose.",
        count,
    )
    return text.format(count=count), tr("Read again with {name}").format(name=name), tr("Leave as it is")


class ModelOfRow(QObject):
    """Says in ``result`` which model made the chosen row, and offers to read the list again with the one in use.

    Models are opened off the GUI thread.
    """

    read_again_wanted = Signal()
    model_known = Signal(object)
    """The card of the model in use, or None."""

    def __init__(
        self, services: Services, rows: QueueModel, result: ResultPanel, offer: Offer, background: Background,
        parent: QObject | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._services, self._rows, self._result, self._offer = services, rows, result, offer
        self._background = background
        self._active: ModelPackage | None = None
        self._others: dict[str, Card | None] = {}
        self._row: Row | None = None
        self._has_looked = False
        result.read_again_wanted.connect(self._read_again)
        offer.accepted.connect(self._read_again)
        offer.declined.connect(offer.hide)

    def look(self) -> None:
        """Look which model is in use, and offer to read again what another one has read."""
        self._background.submit(lambda: _in_use(self._services), self._looked, topic="model")

    def told(self) -> bool:
        """Return whether the model in use is known, and that of the chosen row has been said."""
        made = self._row.judgement if self._row is not None else None
        return self._has_looked and (made is None or self._is_active(made) or _key(made) in self._others)

    def show_row(self, row: Row | None) -> None:
        """Say which model read ``row``, in use or not; where none has, which is in use."""
        self._row = row
        made = row.judgement if row is not None else None
        active = self._active
        if made is None or (active is not None and self._is_active(made)):
            card = active.card if active is not None else None
            self._result.set_model_text(model_text(card), card=card)
            return
        key = _key(made)
        if key in self._others:
            text = model_text(self._others[key])
            text = text or tr("{model}, which is not installed any more.").format(model=made.model_id)
        else:
            text = made.model_id
            self._background.submit(
                lambda: _installed(self._services), lambda cards: self._cards_came(key, cards), topic="installed"
            )
        other = ""  # without a model in use there is none to read it again with
        if active is not None:
            other = tr("This is the result of another model than the one in use now, {name} ({model}).")
            other = other.format(name=active.card.name, model=active.card.model_id)
        self._result.set_model_text(text, other, self._others.get(key))

    def offer_to_read_again(self, rows: Sequence[Row] | None = None) -> None:
        """Offer it where another model has read something in the list, or in ``rows`` that are on their way to it."""
        count = 0
        if self._active is not None:
            judged = (row.judgement for row in (self._rows.all_rows() if rows is None else rows))
            count = sum(1 for made in judged if made is not None and not self._is_active(made))
        if not count:
            self._offer.hide()
            return
        name = self._active.card.name if self._active is not None else ""
        self._offer.ask(lambda: _words(count, name))

    def _is_active(self, judgement: Judgement) -> bool:
        active = self._active
        return active is not None and _key(judgement) in (active.sha256, active.card.model_id)

    def _looked(self, active: ModelPackage | None) -> None:
        self._has_looked = True
        before, self._active = self._active, active
        self._others.clear()
        self.model_known.emit(active.card if active is not None else None)
        self.show_row(self._row)
        changed = (before.sha256 if before else None) != (active.sha256 if active else None)
        if changed or self._offer.isVisible():
            self.offer_to_read_again()

    def _cards_came(self, key: str, cards: dict[str, Card]) -> None:
        self._others[key] = cards.get(key)
        self.show_row(self._row)

    def _read_again(self) -> None:
        self._offer.hide()
        self.read_again_wanted.emit()
