"""The networks by name. A package names one of these and its numbers; nothing of a package is ever executed.

Every network takes (N, S, S, 1) float32 in 0..1 and gives ``logit`` (N, 1), ``map`` (N, h, w) and ``features``
(N, F). The mean of the map is the logit, so that score and heat map come from one pass and agree exactly: the head is
a 1 x 1 convolution to one map followed by the global mean; the classic network's map is an exact decomposition.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from pneumo_desktop.training.litert_file import EVIDENCE

Blocks = tuple[tuple[int, int, int, int, int], ...]

_LITE0: Blocks = (
    (1, 16, 1, 3, 1),
    (6, 24, 2, 3, 2),
    (6, 40, 2, 5, 2),
    (6, 80, 3, 3, 2),
    (6, 112, 3, 5, 1),
    (6, 192, 4, 5, 2),
    (6, 320, 1, 3, 1),
)
"""(expansion, channels, repeats, kernel, first stride) of EfficientNet-Lite0 (TensorFlow TPU repository, 2020)."""


def _scaled(channels: tuple[int, ...]) -> Blocks:
    """Return the stages of Lite1 and Lite2: one repeat more than Lite0 in all but the first and the last stage."""
    return tuple(
        (expansion, width, repeats + (0 < stage < len(_LITE0) - 1), kernel, stride)
        for stage, ((expansion, _, repeats, kernel, stride), width) in enumerate(zip(_LITE0, channels, strict=True))
    )


EFFICIENTNET_LITE: dict[str, Blocks] = {
    "efficientnet_lite0": _LITE0,
    "efficientnet_lite1": _scaled((16, 24, 40, 80, 112, 192, 320)),
    "efficientnet_lite2": _scaled((16, 24, 48, 88, 120, 208, 352)),
}


def _head(x: Any, middle: Any, inputs: Any, dropout: float, name: str) -> keras.Model:
    """Close a network: gate features from two depths, one evidence map, its mean as the logit."""
    features = layers.Concatenate(name="features")(
        [layers.GlobalAveragePooling2D()(middle), layers.GlobalAveragePooling2D()(x)]
    )
    dropped = layers.SpatialDropout2D(dropout)(x) if dropout > 0 else x
    evidence = layers.Conv2D(1, 1, name="evidence")(dropped)
    logit = layers.GlobalAveragePooling2D(name="logit")(evidence)
    height, width = evidence.shape[1:3]
    heat = layers.Reshape((height, width), name="map")(evidence)
    return keras.Model(inputs, {"logit": logit, "map": heat, "features": features}, name=name)


def with_depths(model: keras.Model, blocks: Iterable[int]) -> keras.Model:
    """Return ``model`` with evidence from these blocks added to its map (``training.depths``); its layers are shared."""
    total = model.get_layer("evidence").output
    rows, columns = total.shape[1:3]
    for block in blocks:
        x = model.get_layer(f"block{block}_project").input
        x = layers.Conv2D(1, 1, use_bias=False, name=f"{EVIDENCE}{block}")(x)
        if x.shape[1] > rows:
            x = layers.AveragePooling2D((x.shape[1] // rows, x.shape[2] // columns))(x)
        total = layers.Add()([total, x])
    logit = layers.GlobalAveragePooling2D(name="logit")(total)
    heat = layers.Reshape((rows, columns), name="map")(total)
    outputs = {"logit": logit, "map": heat, "features": model.output["features"]}
    return keras.Model(model.input, outputs, name=model.name)


def _norm_relu(x: Any, name: str, activate: bool = True, momentum: float = 0.98) -> Any:
    x = layers.BatchNormalization(momentum=momentum, epsilon=1e-3, name=name)(x)
    return layers.ReLU(max_value=6.0)(x) if activate else x


def efficientnet_lite(variant: str, size: int, dropout: float = 0.2) -> keras.Model:
    """Return EfficientNet-Lite0, 1 or 2 (3.4, 4.2 and 4.9 M parameters) for grey pictures of ``size`` pixels."""
    inputs = keras.Input((size, size, 1), name="picture")
    x = layers.Rescaling(255.0 / 128.0, offset=-127.0 / 128.0)(inputs)
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="stem")(x)
    x = _norm_relu(x, "stem_bn")
    index = 0
    middle = x
    for stage, (expansion, channels, repeats, kernel, first_stride) in enumerate(EFFICIENTNET_LITE[variant]):
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            name = f"block{index}"
            before = x
            incoming = int(x.shape[-1])
            if expansion != 1:
                x = layers.Conv2D(incoming * expansion, 1, use_bias=False, name=f"{name}_expand")(x)
                x = _norm_relu(x, f"{name}_expand_bn")
            x = layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depth")(x)
            x = _norm_relu(x, f"{name}_depth_bn")
            x = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project")(x)
            x = _norm_relu(x, f"{name}_project_bn", activate=False)
            if stride == 1 and incoming == channels:
                x = layers.Add()([before, x])
            index += 1
        if stage == 4:
            middle = x
    x = layers.Conv2D(1280, 1, use_bias=False, name="top")(x)
    x = _norm_relu(x, "top_bn")
    return _head(x, middle, inputs, dropout, variant)


def compact(size: int, dropout: float = 0.2) -> keras.Model:
    """Return a small separable CNN (about 0.2 M parameters) to be trained from scratch."""
    # A clinic's training has some hundred steps: statistics that start at nothing must not take longer than that.
    momentum = 0.9
    inputs = keras.Input((size, size, 1), name="picture")
    x = layers.Rescaling(2.0, offset=-1.0)(inputs)
    middle = x
    for stage, channels in enumerate((24, 48, 96, 192, 256)):
        convolution = layers.Conv2D if stage == 0 else layers.SeparableConv2D
        x = convolution(channels, 3, strides=2, padding="same", use_bias=False, name=f"down{stage}")(x)
        x = _norm_relu(x, f"down{stage}_bn", momentum=momentum)
        if stage > 0:
            x = layers.SeparableConv2D(channels, 3, padding="same", use_bias=False, name=f"same{stage}")(x)
            x = _norm_relu(x, f"same{stage}_bn", momentum=momentum)
        if stage == 3:
            middle = x
    return _head(x, middle, inputs, dropout, "compact")


class ActiveMap(layers.Layer):
    """Where the logit of two dense layers comes from: ((N, h, w, C) maps, (N, D) hidden) -> (N, h, w), its mean the logit.

    Given which hidden units are active the logit is linear in the maps: each place has its maps times their effective
    weights, and the biases are spread evenly.
    """

    def __init__(self, hidden: layers.Dense, logit: layers.Dense, name: str) -> None:
        super().__init__(name=name)
        self._hidden, self._logit = hidden, logit

    def call(self, inputs: tuple[Any, Any]) -> Any:
        maps, hidden = inputs
        height, width = maps.shape[1:3]
        active = keras.ops.cast(hidden > 0, "float32") * self._logit.kernel[:, 0]
        weights = keras.ops.matmul(active, keras.ops.transpose(self._hidden.kernel))
        shares = keras.ops.sum(maps * keras.ops.reshape(weights, (-1, *maps.shape[1:])), axis=-1)
        bias = keras.ops.matmul(active, self._hidden.bias[:, None]) + self._logit.bias
        return shares * float(height * width) + bias[:, :, None]


def classic(size: int, dropout: float = 0.2) -> keras.Model:
    """Return the source project's network (Conv and Pool blocks, Flatten, Dense, Dropout) to be trained from scratch.

    ``size`` is a multiple of 16, at most 256: the dense layer's weights grow with its square.
    """
    inputs = keras.Input((size, size, 1), name="picture")
    x = inputs
    middle = x
    for block, channels in enumerate((32, 64, 128, 128)):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"conv{block}")(x)
        x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
        if block == 2:
            middle = x
    features = layers.Concatenate(name="features")(
        [layers.GlobalAveragePooling2D()(middle), layers.GlobalAveragePooling2D()(x)]
    )
    hidden_layer, logit_layer = layers.Dense(64, activation="relu", name="hidden"), layers.Dense(1, name="logit")
    hidden = hidden_layer(layers.Flatten()(x))
    logit = logit_layer(layers.Dropout(dropout)(hidden) if dropout > 0 else hidden)
    heat = ActiveMap(hidden_layer, logit_layer, name="map")((x, hidden))
    return keras.Model(inputs, {"logit": logit, "map": heat, "features": features}, name="classic")


ARCHITECTURES: dict[str, Callable[[int, float], keras.Model]] = {
    **{variant: partial(efficientnet_lite, variant) for variant in EFFICIENTNET_LITE},
    "compact": compact,
    "classic": classic,
}
"""The whitelist: the only names that a card may ask for."""


def build(architecture: str, size: int, dropout: float = 0.2) -> keras.Model:
    """Return an untrained network by its whitelisted name; raises KeyError for any other name."""
    return ARCHITECTURES[architecture](size, dropout)


def start_from_imagenet(model: keras.Model, state: dict[str, npt.NDArray[Any]]) -> None:
    """Put the ImageNet weights of ``torch_weights.read_state`` into an EfficientNet-Lite; the head stays as it is.

    The three colour channels of the stem are summed, which is what a grey picture would have met in all three.
    """

    def norm(layer: str, key: str) -> None:
        values = [state[f"{key}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
        model.get_layer(layer).set_weights(values)

    def pointwise(layer: str, key: str) -> None:
        model.get_layer(layer).set_weights([np.transpose(state[f"{key}.weight"], (2, 3, 1, 0))])

    stem = np.transpose(state["_conv_stem.weight"], (2, 3, 1, 0)).sum(axis=2, keepdims=True)
    model.get_layer("stem").set_weights([stem])
    norm("stem_bn", "_bn0")
    for index in range(sum(repeats for _, _, repeats, _, _ in EFFICIENTNET_LITE[model.name])):
        prefix = f"_blocks.{index}"
        if f"{prefix}._expand_conv.weight" in state:
            pointwise(f"block{index}_expand", f"{prefix}._expand_conv")
            norm(f"block{index}_expand_bn", f"{prefix}._bn0")
        depth = np.transpose(state[f"{prefix}._depthwise_conv.weight"], (2, 3, 0, 1))
        model.get_layer(f"block{index}_depth").set_weights([depth])
        norm(f"block{index}_depth_bn", f"{prefix}._bn1")
        pointwise(f"block{index}_project", f"{prefix}._project_conv")
        norm(f"block{index}_project_bn", f"{prefix}._bn2")
    pointwise("top", "_conv_head")
    norm("top_bn", "_bn1")
