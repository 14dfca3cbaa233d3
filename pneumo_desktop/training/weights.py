"""A package's network as a Keras network: built by our code from its whitelisted name, weights from its LiteRT file.

Batch normalisation is folded into the convolutions there. It comes back as a shift alone (mean 0, variance 1), so that
the network answers the same; fine-tuning keeps those layers still.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.network import Network
from pneumo_desktop.training.depths import terms_of
from pneumo_desktop.training.litert_file import (
    CONV,
    DENSE,
    DEPTHWISE,
    Array,
    Weights,
    check_evidence,
    operations,
)
from pneumo_desktop.training.networks import ARCHITECTURES, build, with_depths

TOLERANCE = 1e-3
"""The largest difference of a logit between the package's network and the rebuilt one."""


def network_of(package: ModelPackage, dropout: float = 0.2) -> keras.Model:
    """Return the Keras network of ``package``, checked against it; raises BadPackageError, code 'network' or 'evidence'."""
    check_evidence(package.network_bytes)
    if package.card.architecture not in ARCHITECTURES:
        raise BadPackageError("network", f"the architecture {package.card.architecture} is not known")
    model = build(package.card.architecture, package.card.input_size, dropout)
    model = with_depths(model, blocks) if (blocks := terms_of(package.network_bytes)) else model
    known = list(operations(package.network_bytes))
    for layer in model.layers:
        if isinstance(layer, keras.layers.SeparableConv2D):
            depth, point = (_of(known, layer.name, kind) for kind in (DEPTHWISE, CONV))
            _set(
                layer, [np.transpose(depth.kernel, (1, 2, 3, 0)), np.transpose(point.kernel, (1, 2, 3, 0))], point.bias
            )
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            found = _of(known, layer.name, DEPTHWISE)
            _set(layer, [np.transpose(found.kernel, (1, 2, 3, 0))], found.bias)
        elif isinstance(layer, keras.layers.Conv2D):
            found = _of(known, layer.name, CONV)
            _set(layer, [np.transpose(found.kernel, (1, 2, 3, 0))], found.bias)
        elif isinstance(layer, keras.layers.Dense):
            found = _of(known, layer.name, DENSE)
            _set(layer, [found.kernel.T], found.bias)
    _check(package, model)
    return model


def _of(known: Sequence[Weights], layer: str, kind: str) -> Weights:
    found = [weights for weights in known if weights.kind == kind and layer in weights.layers]
    if len(found) != 1:
        raise BadPackageError("network", f"{len(found)} operations for the layer {layer}")
    return found[0]


def _set(layer: keras.layers.Layer, kernels: Sequence[Array], bias: Array | None) -> None:
    """Set a layer's kernels, and the bias where it belongs: in the layer, or in the normalisation behind it."""
    if [kernel.shape for kernel in kernels] != [tuple(w.shape) for w in layer.weights[: len(kernels)]]:
        raise BadPackageError("network", f"the layer {layer.name} has another shape")
    if len(layer.weights) > len(kernels):
        width = int(layer.weights[-1].shape[0])
        layer.set_weights([*kernels, np.zeros(width, np.float32) if bias is None else bias])
        return
    layer.set_weights(list(kernels))
    behind = [node.operation for node in layer._outbound_nodes]
    norms = [one for one in behind if isinstance(one, keras.layers.BatchNormalization)]
    if norms:
        ones: npt.NDArray[np.float32] = np.ones(int(norms[0].gamma.shape[0]), np.float32)
        shift = 0 * ones if bias is None else bias
        norms[0].set_weights([ones * np.sqrt(1.0 + norms[0].epsilon), shift, 0 * ones, ones])
    elif bias is not None and np.abs(bias).max() > 0:
        raise BadPackageError("network", f"the layer {layer.name} has no place for its bias")


def _check(package: ModelPackage, model: keras.Model) -> None:
    network = Network(package)
    pictures = [
        squash(chest(seed, ill), network.size).astype(np.float32) / np.float32(255)
        for seed, ill in ((1, False), (2, True))
    ]
    answers = np.asarray(model(np.stack(pictures)[..., None], training=False)["logit"])[:, 0]
    wanted = np.array([network.run(picture).logit for picture in pictures])
    if not np.abs(answers - wanted).max() <= TOLERANCE * (1 + np.abs(wanted).max()):
        raise BadPackageError("network", "the network rebuilt from the card answers otherwise")


def norms_still(model: keras.Model) -> None:
    """Keep every batch normalisation as it is, in training too."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
