"""The shipped network on 8-bit pictures, and the reference scores of a package."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.package import ModelPackage, ReferenceScore
from pneumo_desktop.reading.network import Network, NetworkOutput

REFERENCE_SEEDS = ((1, False), (2, True), (3, False), (4, True))


def unwritten(card: Card, network: bytes) -> ModelPackage:
    """Return a package that only holds a network, for asking it before there is a gate."""
    return ModelPackage(path=Path(), card=card, network_bytes=network, arrays={}, reference=(), sha256="")


class Judge:
    """The shipped network on 8-bit pictures: one LiteRT pass each, the way the program reads them.

    The threads that look at many pictures keep a network each, some 20 MB, until ``close`` or until nobody holds the judge.
    """

    def __init__(self, package: ModelPackage) -> None:
        self._package = package
        self._of_thread = threading.local()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Judge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the threads and their networks go; whoever asks again gets others."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def look(self, picture: npt.NDArray[np.uint8]) -> NetworkOutput:
        """Return the output for ``picture`` (H, W) uint8. Each thread that asks has a network of its own."""
        network: Network | None = getattr(self._of_thread, "network", None)
        if network is None:
            network = self._of_thread.network = Network(self._package)
        return network.run(squash(picture, network.size).astype(np.float32) / np.float32(255))

    def look_at_all(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> list[NetworkOutput]:
        """Return the outputs for ``pictures``, in their order, from all cores."""
        return self.look_at_made([partial(np.asarray, picture) for picture in pictures])

    def look_at_made(self, makers: Sequence[Callable[[], npt.NDArray[np.uint8]]]) -> list[NetworkOutput]:
        """Return the outputs for the pictures that ``makers`` return, each made by the thread that looks at it."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(os.cpu_count(), "judge")
        return list(self._pool.map(lambda make: self.look(make()), makers))

    def logits(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        """Return the logits of ``pictures``, (n,)."""
        return np.array([output.logit for output in self.look_at_all(pictures)])

    def features(self, pictures: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
        """Return the gate features of ``pictures``, (n, F)."""
        return np.stack([output.features for output in self.look_at_all(pictures)])

    def references(self) -> tuple[ReferenceScore, ...]:
        """Return the scores of the generated pictures, for the package."""
        return tuple(
            ReferenceScore(seed=seed, pneumonia=ill, logit=self.look(chest(seed, ill)).logit)
            for seed, ill in REFERENCE_SEEDS
        )
