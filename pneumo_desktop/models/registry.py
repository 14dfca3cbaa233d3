"""The models of one installation: the bundled one and those in the data folder; which is active, and one step back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pneumo_desktop.models.card import BadPackageError, Card
from pneumo_desktop.models.worse import ReasonNeededError, called_worse, is_reason, reason_in
from pneumo_desktop.whole_file import write_whole, written_by_way_of

if TYPE_CHECKING:
    from pneumo_desktop.models.package import ModelPackage


def _open(path: Path) -> ModelPackage:
    from pneumo_desktop.models.package import ModelPackage  # brings NumPy, which the start does without

    return ModelPackage.open(path)


_BUNDLED = ""
"""The bundled model in the history: it stays the chosen one when an update brings another under a new id."""
_BUNDLED_BY_ID = frozenset({"pneumo-1", "pneumo-2"})
"""Ids under which a history written before there was that mark may name it."""


def _fresh(path: Path) -> AbstractContextManager[BinaryIO]:
    """Write ``path`` whole; the file beside it has one name, so that a killed import leaves one of them at most."""
    return written_by_way_of(path.with_name(path.name + ".part"), path)


@dataclass(frozen=True)
class _Known:
    """What was found in a package's file."""

    card: Card
    path: Path
    sha256: str


@dataclass(frozen=True)
class ModelInfo:
    """One installed model. reason: why it is used although it is worse, as somebody typed; empty where nobody did."""

    model_id: str
    card: Card
    path: Path
    sha256: str
    bundled: bool
    active: bool
    reason: str = ""

    @property
    def needs_reason(self) -> bool:
        """True for a model that its card calls worse, as long as nobody has said why it shall be used."""
        return called_worse(self.card) and not self.reason


def _reason(card: Card, reasons: Mapping[str, str]) -> str:
    return reason_in(card) or reasons.get(card.model_id, "")


class UnknownModelError(Exception):
    """No installed model has this id."""


class Registry:
    """Installed models. ``folder`` is made on the first write; the bundled package is never touched."""

    def __init__(self, folder: Path, bundled: Path) -> None:
        self._folder = folder
        self._bundled = bundled
        self._state_file = folder / "active.json"
        self._known: dict[tuple[Path, int, int, int], _Known] = {}
        """By path, size, time and number of the file: opening a package takes longer than a list may."""

    def _state(self) -> tuple[list[str], dict[str, str]]:
        """Return the history, and id -> the reason for using a worse model."""
        try:
            values = json.loads(self._state_file.read_text("utf-8"))
            history = [item for item in values["history"] if isinstance(item, str)]
            known = values.get("reasons")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return [], {}
        reasons = known if isinstance(known, dict) else {}
        return history, {key: text for key, text in reasons.items() if isinstance(text, str)}

    def _save(self, history: list[str], reasons: dict[str, str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with _fresh(self._state_file) as stream:
            stream.write(json.dumps({"history": history[-50:], "reasons": reasons}).encode())

    def _packages(self) -> list[tuple[_Known, bool]]:
        """Return what opens, the bundled one first; of two with one id, put there by hand, the first alone: ids name models."""
        found = []
        ids: set[str] = set()
        for path in [self._bundled, *sorted(self._folder.glob("*.pneumo"))]:
            try:
                status = path.stat()
                key = (path, status.st_size, status.st_mtime_ns, status.st_ino)
                if key not in self._known:
                    package = _open(path)
                    self._known[key] = _Known(package.card, path, package.sha256)
                model_id = self._known[key].card.model_id.casefold()  # as in ``same``
                if model_id not in ids:
                    ids.add(model_id)
                    found.append((self._known[key], path == self._bundled))
            except (BadPackageError, OSError):
                continue
        return found

    def _chosen(self, packages: Sequence[tuple[_Known, bool]]) -> list[str]:
        """Return the marks of the models that were chosen one after the other.

        Without those that are gone, and those that need a reason and have none: another model lies under their id now.
        """
        history, reasons = self._state()
        bundled_ids = {known.card.model_id for known, bundled in packages if bundled} | {_BUNDLED}
        installed = {known.card.model_id for known, _ in packages} - bundled_ids
        bundled_ids |= _BUNDLED_BY_ID - installed
        cards = (known.card for known, _ in packages)
        usable = {card.model_id for card in cards if _reason(card, reasons) or not called_worse(card)} - bundled_ids
        marks = (_BUNDLED if item in bundled_ids else item for item in history)
        return [item for item, _ in groupby(item for item in marks if item == _BUNDLED or item in usable)]

    def list(self) -> list[ModelInfo]:
        """Return every model that opens, the bundled one first. A damaged package is left out, never deleted."""
        packages = self._packages()
        active, reasons = next(reversed(self._chosen(packages)), _BUNDLED), self._state()[1]
        return [
            ModelInfo(
                p.card.model_id, p.card, p.path, p.sha256, bundled, (_BUNDLED if bundled else p.card.model_id) == active,
                _reason(p.card, reasons),
            )
            for p, bundled in packages
        ]  # fmt: skip

    def get(self, model_id: str) -> ModelInfo:
        """Return one model; raises UnknownModelError."""
        for info in self.list():
            if info.model_id == model_id:
                return info
        raise UnknownModelError(model_id)

    def active(self) -> ModelInfo | None:
        """Return the active model, or None where no model opens at all."""
        return next((info for info in self.list() if info.active), None)

    def activate(self, model_id: str, reason: str = "") -> ModelInfo:
        """Make ``model_id`` the active model; results made before keep the model that made them.

        A model that its card calls worse needs a ``reason`` once, which is kept; else raises ReasonNeededError.
        """
        info = self.get(model_id)
        if info.active:
            return info
        reasons = self._state()[1]
        if info.needs_reason:
            if not is_reason(reason):
                raise ReasonNeededError(model_id)
            reasons[model_id] = reason.strip()
        mark = _BUNDLED if info.bundled else info.model_id
        self._save([*self._chosen(self._packages()), mark], reasons)
        return self.get(model_id)

    def before(self) -> ModelInfo | None:
        """Return the model that ``rollback`` would go back to, or None where it would change nothing."""
        chosen = self._chosen(self._packages())
        if not chosen:
            return None
        mark = chosen[-2] if len(chosen) > 1 else _BUNDLED
        if mark == chosen[-1]:
            return None
        return next((info for info in self.list() if (_BUNDLED if info.bundled else info.model_id) == mark), None)

    def rollback(self) -> ModelInfo | None:
        """Go back to the model that was active before; the bundled one at the end."""
        self._save(self._chosen(self._packages())[:-1], self._state()[1])
        return self.active()

    def same(self, package: ModelPackage) -> ModelInfo | None:
        """Return the model that is this very package, or None; raises BadPackageError, ``id_taken``, if another has its id."""
        model_id = package.card.model_id
        for info in self.list():
            if info.sha256 == package.sha256:
                return info
            # Where capitals make no other file, they make no other model.
            if info.model_id.casefold() == model_id.casefold():
                raise BadPackageError("id_taken", model_id)
        return None

    def install(self, path: Path, sha256: str | None = None) -> ModelInfo:
        """Verify the package at ``path`` and copy it in.

        Raises BadPackageError, code ``id_taken`` for a second use of an id, ``hash`` where the file is not the one with
        ``sha256`` (hex), which was tried.
        """
        package = _open(path)
        if sha256 not in (None, package.sha256):
            raise BadPackageError("hash", "the file is not the one that was tried")
        model_id = package.card.model_id
        known = self.same(package)
        if known is not None:
            return known
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / f"{model_id}.pneumo"
        if target.name.casefold() in {info.path.name.casefold() for info in self.list() if not info.bundled}:
            target = self._folder / f"{model_id}-{package.sha256[:16]}.pneumo"  # another one was put there by hand
        with path.open("rb") as source, _fresh(target) as stream:
            copied = hashlib.sha256()
            while block := source.read(1 << 20):
                copied.update(block)
                stream.write(block)
            if copied.hexdigest() != package.sha256:
                raise BadPackageError("hash", "the copy differs from the original")
        return self.get(model_id)

    def export(self, model_id: str, path: Path) -> None:
        """Copy the package of ``model_id`` to ``path``, whole or not at all."""
        write_whole(path, self.get(model_id).path.read_bytes())

    def remove(self, model_id: str) -> None:
        """Delete an installed model that is neither bundled nor active; raises PermissionError otherwise."""
        info = self.get(model_id)
        if info.bundled or info.active:
            raise PermissionError(model_id)
        info.path.unlink()
        history, reasons = self._state()
        if model_id in history or model_id in reasons:  # another model may come under this id
            reasons.pop(model_id, None)
            self._save([item for item in history if item != model_id], reasons)
