"""A logistic head on pooled features, pulled towards an older head. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import sigmoid

Values = npt.NDArray[np.float64]
COMPONENTS = 384
_NEWTON_STEPS = 12


@dataclass(frozen=True, eq=False)
class Head:
    """logit = features @ kernel + bias; kernel (C,) float64."""

    kernel: Values
    bias: float

    def logits(self, features: npt.NDArray[np.floating]) -> Values:
        """Return the logits of (C,) or (n, C) features."""
        used = np.flatnonzero(self.kernel)
        return np.asarray(features[..., used], np.float64) @ self.kernel[used] + self.bias


def balanced_weights(labels: npt.NDArray[np.int64], total: float, balance: bool = True) -> Values:
    """Return weights that add up to ``total``; with ``balance`` each class has half of it."""
    weights = np.ones(len(labels))
    if balance:
        for label in (0, 1):
            members = labels == label
            weights[members] = 0.5 / max(1, int(members.sum()))
    return weights * (total / max(weights.sum(), 1e-12))


def log_loss(logits: Values, labels: npt.NDArray[np.int64], weights: Values) -> float:
    """Return the weighted mean log loss of (n,) logits."""
    losses = np.logaddexp(0.0, logits) - labels * logits
    return float((weights * losses).sum() / weights.sum())


class HeadFit:
    """Fits heads that differ from ``start`` as little as ``pull`` says.

    Minimises the weighted mean log loss + pull / 2 * |difference|^2, the difference measured on features scaled to
    unit spread, within their ``COMPONENTS`` strongest directions. features (n, C), labels (n,) 0/1, weights (n,) above 0;
    learnt: which of the features have weights that may differ, by default all.
    Holds one float64 copy of the features that are learnt while it is made.
    """

    def __init__(
        self,
        features: npt.NDArray[np.floating],
        labels: npt.NDArray[np.int64],
        weights: Values,
        start: Head,
        learnt: slice = slice(None),
    ) -> None:
        self._labels, self._weights, self._start = labels.astype(np.float64), weights / weights.sum(), start
        self._learnt = learnt
        self._offset = start.logits(features)
        x = np.array(features[:, learnt], np.float64)
        self._mean = self._weights @ x
        roots = np.sqrt(self._weights)[:, None]
        x -= self._mean
        x *= roots
        products = x.T @ x
        spread = np.sqrt(np.diag(products))
        spread = np.where(spread > 1e-6, spread, np.inf)
        products /= spread
        products /= spread[:, None]
        _, axes = np.linalg.eigh(products)
        self._axes = axes[:, ::-1][:, : min(COMPONENTS, x.shape[1])] / spread[:, None]
        self._columns = np.column_stack((x @ self._axes / roots, np.ones(len(x))))
        self._change = np.zeros(self._columns.shape[1])

    def _loss(self, change: Values, pull: float) -> float:
        logits = self._offset + self._columns @ change
        losses = np.logaddexp(0.0, logits) - self._labels * logits
        return float(self._weights @ losses + 0.5 * pull * (change[:-1] @ change[:-1]))

    def fit(self, pull: float) -> Head:
        """Return the head for one strength of the pull; starts from the last one's answer."""
        change = self._change
        ridge = np.append(np.full(len(change) - 1, pull), 1e-9)
        loss = self._loss(change, pull)
        for _ in range(_NEWTON_STEPS):
            p = sigmoid(self._offset + self._columns @ change)
            gradient = self._columns.T @ (self._weights * (p - self._labels)) + ridge * change
            # A.T @ A is half the work of A.T @ B: NumPy makes one triangle of it.
            rooted = self._columns * np.sqrt(self._weights * p * (1.0 - p))[:, None]
            step = np.linalg.solve(rooted.T @ rooted + np.diag(ridge + 1e-9), gradient)
            length = 1.0
            while length > 1e-6 and self._loss(change - length * step, pull) > loss:
                length /= 2.0
            if length <= 1e-6:
                break
            change = change - length * step
            before, loss = loss, self._loss(change, pull)
            if before - loss < 1e-9:
                break
        self._change = change
        step_of_kernel = self._axes @ change[:-1]
        kernel = self._start.kernel.copy()
        kernel[self._learnt] += step_of_kernel
        return Head(kernel, self._start.bias + float(change[-1] - step_of_kernel @ self._mean))
