"""A package's network for other programs: LiteRT and Keras."""

from __future__ import annotations

from pathlib import Path

from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.problems import Problem


def export(package: ModelPackage, path: Path) -> None:
    """Write the network to ``path``; its suffix says how. The Keras file gives the raw score sigmoid(logit), no more.

    Raises Problem(code='no_converter'), BadPackageError, OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.stem}.part{path.suffix}")
    suffix = path.suffix.lower()
    if suffix == ".tflite":
        fresh.write_bytes(package.network_bytes)
    elif suffix == ".keras":
        _keras(package, fresh)
    else:
        raise Problem("no_converter", suffix=path.suffix or path.name)
    fresh.replace(path)


def _keras(package: ModelPackage, path: Path) -> None:
    import keras

    from pneumo_desktop.training.weights import network_of

    model = network_of(package)
    score = keras.layers.Activation("sigmoid", name="score")(model.output["logit"])
    keras.Model(model.input, score, name=model.name).save(path)
