"""Which packages have passed their trial: known by the hash of the file and kept in the records, so each is tried once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pneumo_desktop import places
from pneumo_desktop.models.card import BadPackageError

if TYPE_CHECKING:
    from pneumo_desktop.models.package import ModelPackage
    from pneumo_desktop.records.store import Store

_SETTING: Final = "tried_models"
_KEPT: Final = 200


class Vouched:
    """A package that came into the models' folder by hand has passed no import; it is tried before its network is opened.

    The bundled one belongs to the program. What failed is not tried again before the next start.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._failed: dict[str, BadPackageError] = {}

    def vouch(self, package: ModelPackage, path: Path) -> None:
        """Let ``package``, which was opened from ``path``, pass or try it; raises BadPackageError (``trial.try_package``).

        Code ``hash``: the file that was tried is not the one that was opened.
        """
        if path == places.bundled_model():
            return
        with self._lock:
            sha256 = package.sha256
            if sha256 in self._store.setting(_SETTING, []):
                return
            if sha256 in self._failed:
                raise self._failed[sha256]
            from pneumo_desktop.reading.trial import try_package

            try:
                tried = try_package(path)
            except BadPackageError as problem:
                self._failed[sha256] = problem
                raise
            if tried.sha256 != sha256:
                raise BadPackageError("hash", "another file was tried than the one that was opened")
            self._keep(sha256)

    def passed(self, sha256: str) -> None:
        """Keep that the file with this hash has passed a trial."""
        with self._lock:
            self._keep(sha256)

    def _keep(self, sha256: str) -> None:
        kept = [known for known in self._store.setting(_SETTING, []) if known != sha256]
        self._store.set_setting(_SETTING, [*kept, sha256][-_KEPT:])
