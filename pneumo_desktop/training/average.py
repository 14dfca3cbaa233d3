"""One network from several runs: the mean of their weights, children and adults on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from pneumo_desktop.training.corpus import Sample, cell_weights
from pneumo_desktop.training.head import Head, HeadFit

PULL = 3.0
"""How strongly the direction that tells children from adults is kept short (``head.HeadFit``)."""

_NO_PULL = 1e-6


def mean_weights(files: Sequence[Path]) -> list[npt.NDArray[Any]]:
    """Return the mean of the weights that ``fit.save_weights`` wrote to ``files``.

    The runs start from the same weights and differ in seed and length; what each has learnt by heart goes
    (Wortsman et al., "Model soups", ICML 2022).
    """
    every = []
    for path in files:
        with np.load(path, allow_pickle=False) as archive:
            every.append([archive[name] for name in archive.files])
    return [np.asarray(np.mean(weights, axis=0, dtype=np.float32)) for weights in zip(*every, strict=True)]


def level_populations(
    model: keras.Model,
    fitting: tuple[Sequence[Sample], npt.NDArray[np.float32]],
    choosing: tuple[Sequence[Sample], npt.NDArray[np.float32]],
) -> float:
    """Bring the logits of children and adults onto one scale, in the head of ``model``; return the share that is added.

    The mean of several runs orders children and adults better than any of them, and puts the line between ill and well
    elsewhere for each. Children are those of Guangzhou here, adults those of the NIH and of RSNA: that the direction is age
    elsewhere too is not known. One direction of the pooled features tells children from adults (logistic, learnt on ``fitting``);
    its share in the head is the one of the largest likelihood on ``choosing``. Both are samples with the features (n, F) of
    the network, whose last C the head sees, and each of ``corpus.cell_weights``' quarters counts the same: the direction cannot
    learn how common pneumonia is in either hospital.
    """
    evidence = model.get_layer("evidence")
    kernel, bias = (np.asarray(weight, np.float64) for weight in evidence.get_weights())
    head = Head(kernel.reshape(-1), float(bias[0]))
    samples, features = fitting[0], fitting[1][:, -head.kernel.size :]
    young = np.array([sample.is_child for sample in samples], np.int64)
    nothing = Head(np.zeros(features.shape[1]), 0.0)
    direction = HeadFit(features, young, cell_weights(samples), nothing).fit(PULL)

    samples, features = choosing[0], choosing[1][:, -head.kernel.size :]
    labels = np.array([sample.label for sample in samples])
    both = np.column_stack((head.logits(features), direction.logits(features)))
    line = HeadFit(both, labels, cell_weights(samples), Head(np.zeros(2), 0.0)).fit(_NO_PULL)
    share = float(line.kernel[1] / line.kernel[0])
    evidence.set_weights(
        [
            (head.kernel + share * direction.kernel).reshape(kernel.shape).astype(np.float32),
            np.array([head.bias + share * direction.bias], np.float32),
        ]
    )
    return share
