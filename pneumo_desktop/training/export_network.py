"""A Keras network becomes one LiteRT file with a fixed batch of one."""

from __future__ import annotations

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


def to_litert(model: keras.Model) -> bytes:
    """Return the float32 LiteRT flatbuffer of ``model``: input (1, S, S, 1), outputs logit, map, features.

    The variables are frozen first: the converter would otherwise keep them as resources that nobody fills, and
    the network would answer NaN without an error.
    """
    size = int(model.input_shape[1])

    @tf.function
    def judge(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        return model(picture, training=False)

    concrete = judge.get_concrete_function(tf.TensorSpec((1, size, size, 1), tf.float32, name="picture"))
    frozen = convert_variables_to_constants_v2(concrete)
    return bytes(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())
