"""A second opinion on what a finished network sees: a head over its top and its blocks, learnt while the network rests.

The head that is trained with the network sees strongly changed pictures, and the top alone. A logistic one on calm pictures, over
the top and the widened channels of ``depths.BLOCKS``, errs on other films, and the mean of both orders them better
(models/experiments.md, "A second head"). It is written into the LiteRT file, so a film still takes one pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from pneumo_desktop.models.card import Card
from pneumo_desktop.training.corpus import Sample, cell_weights
from pneumo_desktop.training.depths import terms_of, with_depth_features, with_terms
from pneumo_desktop.training.head import Head, HeadFit
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.litert_file import head_of, with_head
from pneumo_desktop.training.look import in_looks_of

PULL = 1.0
"""How small the second head is kept (``head.HeadFit``); chosen on the choose part."""

_LOOK_SEEDS = (11, 12)

Picture = npt.NDArray[np.uint8]


def copies_of(samples: Sequence[Sample], size: int) -> Iterator[list[Picture]]:
    """Yield what the second head learns from: all films as they are, mirrored, and twice in half the look of any other."""
    yield [sample.picture for sample in samples]
    yield [np.ascontiguousarray(sample.picture[:, ::-1]) for sample in samples]
    for seed in _LOOK_SEEDS:
        yield in_looks_of(samples, {0: samples, 1: samples}, size, seed)


def with_second_head(card: Card, network: bytes, samples: Sequence[Sample]) -> bytes:
    """Return the LiteRT file with the mean of its head and a second one, learnt from ``samples``.

    Both weigh the same: the logits of the second are brought to the spread of the first, over ``samples``. These weigh as in
    ``corpus.cell_weights``, times the weights of their labels. A network without the blocks comes back as it is, and one that
    takes evidence from them already.
    """
    top, deep = head_of(network), with_depth_features(network)
    if top is None or top.bias is None or deep is None or terms_of(network):
        return network
    width = top.kernel.size + sum(deep.widths.values())
    with Judge(unwritten(card, deep.network)) as judge:
        features = np.concatenate(
            [judge.features(pictures)[:, -width:] for pictures in copies_of(samples, card.input_size)]
        )
    times = len(features) // len(samples)
    labels = np.array([sample.label for sample in samples] * times)
    weights = np.tile(cell_weights(samples) * [sample.weight for sample in samples], times)
    second = HeadFit(features, labels, weights, Head(np.zeros(width), 0.0)).fit(PULL)
    first = Head(np.concatenate((top.kernel.ravel(), np.zeros(width - top.kernel.size))), float(top.bias[0]))
    plain = features[: len(samples)]
    scale = float(first.logits(plain).std() / second.logits(plain).std())
    kernel = (first.kernel + scale * second.kernel) / 2
    of_top, *of_blocks = np.split(kernel, np.cumsum([top.kernel.size, *deep.widths.values()])[:-1])
    network = with_head(network, of_top.astype(np.float32), (first.bias + scale * second.bias) / 2)
    return with_terms(
        network, {block: own.astype(np.float32) for block, own in zip(deep.widths, of_blocks, strict=True)}
    )


def stretched(network: bytes, factor: float) -> bytes:
    """Return the LiteRT file with its logits, and the map whose mean they are, multiplied by ``factor``.

    The order of films and of places stays. Means of runs that disagree are small, and their maps would be pale: colours stand for logits.
    Raises ValueError for a network without a head.
    """
    top = head_of(network)
    if top is None or top.bias is None:
        raise ValueError("the network has no head")
    network = with_head(network, np.float32(factor) * top.kernel.ravel(), factor * float(top.bias[0]))
    return with_terms(network, {block: np.float32(factor) * kernel for block, kernel in terms_of(network).items()})
