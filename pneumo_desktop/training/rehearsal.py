"""What a model remembers of the images it has learnt from: features and labels that travel in its package. No images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.models.card import Card
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.depths import with_depth_features
from pneumo_desktop.training.judge import Judge, unwritten

FEWEST = 10
"""Of either class: fewer images, weighed as the whole, would say more than all that is adapted to."""

_CHUNK = 32
_SAME = 2e-3
"""Features that differ by less than this share of their length are of one image: float16 alone changes them by 5e-4."""


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Features (n, F) and depths (n, E) float32, labels (n,), of images that the base has learnt from; empty where it has none."""

    features: npt.NDArray[np.float32]
    depths: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    @staticmethod
    def of(package: ModelPackage, width: int) -> Rehearsal:
        """Return the rehearsal of a package whose features have ``width`` numbers."""
        features, labels = package.arrays.get("rehearsal_features"), package.arrays.get("rehearsal_labels")
        if features is None or labels is None or features.shape != (len(labels), width):
            none = np.zeros((0, width), np.float32)
            return Rehearsal(none, none[:, :0], np.zeros(0, np.int64))
        depths = package.arrays.get("rehearsal_depths")
        if depths is None or depths.ndim != 2 or len(depths) != len(labels):
            depths = features[:, :0]
        return Rehearsal(features, depths, (labels > 0.5).astype(np.int64))

    @property
    def full(self) -> npt.NDArray[np.float32]:
        """Features and depths side by side."""
        return np.concatenate((self.features, self.depths), axis=1)

    def without(self, features: npt.NDArray[np.float32]) -> Rehearsal:
        """Return it without the images that ``features`` (m, F) are of, by the network that this was made with.

        An image that is learnt from anew counts once, with the label that it has now; one that is chosen by or tested
        on is not learnt from.
        """
        own, others = self.features.astype(np.float64), features.astype(np.float64)
        squares = (own**2).sum(axis=1)
        distances = squares[:, None] + (others**2).sum(axis=1) - 2.0 * own @ others.T
        known = (distances < _SAME**2 * squares[:, None]).any(axis=1)
        return Rehearsal(self.features[~known], self.depths[~known], self.labels[~known])

    def supported(self) -> Rehearsal:
        """Return it, or an empty one where it has fewer than ``FEWEST`` images of a class."""
        if min(int((self.labels == label).sum()) for label in (0, 1)) >= FEWEST:
            return self
        return Rehearsal(self.features[:0], self.depths[:0], self.labels[:0])

    @staticmethod
    def seen(
        card: Card,
        network: bytes,
        pictures: Sequence[npt.NDArray[np.uint8]],
        labels: Sequence[int],
        check: Callable[[], None] = lambda: None,
    ) -> Rehearsal:
        """Return what ``network`` sees in (H, W) uint8 pictures, with depths where it has such blocks.

        ``check`` is asked now and then and may raise.
        """
        deep = with_depth_features(network)
        rows = []
        with Judge(unwritten(card, network if deep is None else deep.network)) as judge:
            for first in range(0, len(pictures), _CHUNK):
                check()
                rows.append(judge.features(pictures[first : first + _CHUNK]))
        values = np.concatenate(rows)
        width = values.shape[1] - (0 if deep is None else sum(deep.widths.values()))
        return Rehearsal(values[:, :width], values[:, width:], np.array(labels, np.int64))

    def arrays(self) -> dict[str, npt.NDArray[np.float16]]:
        """Return the arrays of a package."""
        depths = {"rehearsal_depths": self.depths.astype(np.float16)} if self.depths.shape[1] else {}
        return depths | {
            "rehearsal_features": self.features.astype(np.float16),
            "rehearsal_labels": self.labels.astype(np.float16),
        }
