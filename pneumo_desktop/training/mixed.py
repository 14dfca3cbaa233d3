"""Local and rehearsal images together, as a head is fitted on them and judged by them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.training.head import Head, Values, balanced_weights, log_loss

REHEARSAL_WORTH = 250.0
"""So many local images weigh as much as the rehearsal; more of them weigh no more than that, fewer less."""

DEEP_REHEARSAL = 0.2
"""So much the rehearsal weighs where the evidence is learnt anew from the blocks; a last layer starts from the old one."""


@dataclass(frozen=True, eq=False)
class Mixed:
    """Local and rehearsal images together: features (n, F), labels (n,), weights (n,)."""

    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    weights: Values

    def loss(self, head: Head) -> float:
        """Return the weighted mean log loss of a head over F features."""
        return log_loss(head.logits(self.features), self.labels, self.weights)

    def accuracy(self, head: Head) -> float:
        """Return the weighted share of right answers at logit 0."""
        right = (head.logits(self.features) >= 0) == (self.labels == 1)
        return float(self.weights @ right / self.weights.sum())


@dataclass(frozen=True, eq=False)
class Mix:
    """How local images and the rehearsal are weighed: all of the rehearsal's features (n, F) and labels (n,).

    deep: the evidence is learnt anew from the blocks. balance: each class of the local images weighs the same.
    """

    known: npt.NDArray[np.float32]
    known_labels: npt.NDArray[np.int64]
    deep: bool
    balance: bool

    def of(
        self,
        local: npt.NDArray[np.float32],
        labels: npt.NDArray[np.int64],
        views: int,
        chosen: npt.NDArray[np.bool_],
    ) -> Mixed:
        """Return (m, F) local images, ``views`` of each, with the ``chosen`` (n,) ones of the rehearsal."""
        known = self.known_labels[chosen]
        worth = min(1.0, len(labels) / views / REHEARSAL_WORTH) if len(known) else 1.0
        weights = (
            balanced_weights(labels, worth, self.balance),
            balanced_weights(known, DEEP_REHEARSAL if self.deep else 1.0),
        )
        return Mixed(
            np.concatenate((local, self.known[chosen])), np.concatenate((labels, known)), np.concatenate(weights)
        )
