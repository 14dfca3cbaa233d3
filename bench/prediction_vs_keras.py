"""One prediction with its heat map: the program's network against ``keras predict`` and Grad-CAM of the same network.

Needs the training requirements. Both get the same prepared picture, in turns, in one run. The network has the bundled
model's architecture and size with weights drawn once; with ``--weights average.npz`` of a training run it has those.
    python bench/prediction_vs_keras.py
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from measuring import median, show

from pneumo_desktop import places
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.package import ModelPackage


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()

    import keras
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from pneumo_desktop.training.export_network import to_litert
    from pneumo_desktop.training.networks import build

    card = ModelPackage.open(places.bundled_model()).card
    keras.utils.set_random_seed(1)
    model = build(card.architecture, card.input_size)
    if options.weights is not None:
        from pneumo_desktop.training.fit import load_weights

        load_weights(options.weights, model)
    lite = Interpreter(model_content=to_litert(model), num_threads=1)
    lite.allocate_tensors()
    place = lite.get_input_details()[0]["index"]
    outputs = {len(item["shape"]): item["index"] for item in lite.get_output_details()}
    single = next(item["index"] for item in lite.get_output_details() if tuple(item["shape"]) == (1, 1))
    last = model.get_layer("evidence").input
    inner = keras.Model(model.inputs, [last, model.output["logit"]])

    def with_litert(picture: np.ndarray) -> tuple[float, np.ndarray]:
        lite.set_tensor(place, picture)
        lite.invoke()
        return float(lite.get_tensor(single)[0, 0]), lite.get_tensor(outputs[3])[0]

    def with_keras(picture: np.ndarray) -> tuple[float, np.ndarray]:
        logit = float(model.predict(picture, verbose=0)["logit"][0, 0])
        with tf.GradientTape() as tape:
            features, score = inner(picture, training=False)
        weights = tf.reduce_mean(tape.gradient(score, features), axis=(1, 2), keepdims=True)
        return logit, tf.reduce_sum(features * weights, axis=-1)[0].numpy()

    def score(logit: float) -> float:
        return 1.0 / (1.0 + float(np.exp(-logit)))

    ours, theirs, differences = list[float](), list[float](), list[float]()
    for seed in range(options.rounds + 2):
        picture = squash(chest(seed, seed % 2 == 0), card.input_size).astype(np.float32)[None, :, :, None] / np.float32(
            255
        )
        started = time.perf_counter()
        lite_logit, _ = with_litert(picture)
        between = time.perf_counter()
        keras_logit, _ = with_keras(picture)
        if seed >= 2:  # the first two warm both up
            ours.append((between - started) * 1e3)
            theirs.append((time.perf_counter() - between) * 1e3)
        differences.append(abs(score(lite_logit) - score(keras_logit)))
    show(
        f"One prediction with heat map, {card.architecture}, median of {options.rounds}",
        [
            ("LiteRT, score and map in one pass", median(ours), "ms"),
            ("keras predict and Grad-CAM", median(theirs), "ms"),
            ("times faster (at least 10)", median([b / a for a, b in zip(ours, theirs, strict=True)]), ""),
            ("largest difference of a score (at most 1e-4)", max(differences), ""),
        ],
    )


if __name__ == "__main__":
    main()
