"""A package's network for other programs: LiteRT, Keras, and ONNX where tf2onnx is installed beside this program."""

from __future__ import annotations

import uuid
from pathlib import Path

from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.words.system_errors import about


def export(package: ModelPackage, path: Path) -> None:
    """Write the network to ``path``; its suffix says how. Keras and ONNX give the raw score sigmoid(logit), no more.

    It is there whole, or what was there before. Raises Problem(code='no_converter'), BadPackageError, OSError that names
    ``path``.
    """
    suffix = path.suffix.lower()
    fresh = path.with_name(f"{uuid.uuid4().hex}.part{suffix}")  # Keras goes by the suffix, too
    with about(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if suffix == ".tflite":
                fresh.write_bytes(package.network_bytes)
            elif suffix == ".keras":
                _keras(package, fresh)
            elif suffix == ".onnx":
                _onnx(package, fresh)
            else:
                raise Problem("no_converter", suffix=path.suffix or path.name)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


def _keras(package: ModelPackage, path: Path) -> None:
    import keras

    from pneumo_desktop.training.weights import network_of

    model = network_of(package)
    score = keras.layers.Activation("sigmoid", name="score")(model.output["logit"])
    keras.Model(model.input, score, name=model.name).save(path)


def _onnx(package: ModelPackage, path: Path) -> None:
    try:
        # Not part of the training component: it brings a library that opens connections.
        import tf2onnx
    except ImportError as problem:
        raise Problem("no_converter", suffix=path.suffix) from problem
    import tensorflow as tf

    from pneumo_desktop.training.weights import network_of

    model, size = network_of(package), package.card.input_size
    signature = [tf.TensorSpec((1, size, size, 1), tf.float32, name="picture")]

    @tf.function(input_signature=signature)
    def score(picture: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": tf.sigmoid(model(picture, training=False)["logit"])}

    tf2onnx.convert.from_function(score, input_signature=signature, opset=17, output_path=str(path))
