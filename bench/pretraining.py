"""Self-supervised pretraining on the films of the fit part, labels unseen: VICReg (Bardes, Ponce, LeCun; ICLR 2022).

    .venv/bin/python bench/pretraining.py --out runs/vicreg1.npz [--seed 1] [--steps 400] [--size 192] [--batch 32]

Starts from ImageNet. Two augmented copies of each film go through EfficientNet-Lite0 and an expander (512, 512); their
embeddings are drawn together (25), kept apart by a hinge on the standard deviation (25) and decorrelated (1), the paper's
weights. ``bundled --start FILE`` goes on from the network, the expander is dropped. Films are drawn by source as the recipe draws
them (20 of the children, 12 of adults), without regard to class.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pneumo_desktop.training.augment import Augmentation, augment
from pneumo_desktop.training.corpus import FIT, Sample, load_corpus
from pneumo_desktop.training.fit import freeze_first_blocks, save_weights
from pneumo_desktop.training.networks import build, start_from_imagenet
from pneumo_desktop.training.torch_weights import imagenet_file, read_state

ARCHITECTURE = "efficientnet_lite0"
LIKE, SPREAD, APART = 25.0, 25.0, 1.0
CHILDREN_SHARE = 0.62


def vicreg(one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
    """Return the loss of two embeddings (B, D) of the same films."""
    like = tf.reduce_mean(tf.square(one - two))
    spread = tf.constant(0.0)
    apart = tf.constant(0.0)
    for z in (one, two):
        z -= tf.reduce_mean(z, axis=0)
        spread += tf.reduce_mean(tf.nn.relu(1.0 - tf.sqrt(tf.math.reduce_variance(z, axis=0) + 1e-4))) / 2.0
        covariance = tf.matmul(z, z, transpose_a=True) / (tf.cast(tf.shape(z)[0], tf.float32) - 1.0)
        off = covariance - tf.linalg.diag(tf.linalg.diag_part(covariance))
        apart += tf.reduce_sum(tf.square(off)) / tf.cast(tf.shape(z)[1], tf.float32)
    return LIKE * like + SPREAD * spread + APART * apart


def views(
    children: list[Sample], adults: list[Sample], count: int, size: int, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return 2 x ``count`` pictures (S, S, 1) in 0..1: the films, and the same films changed otherwise."""
    young = round(CHILDREN_SHARE * count)
    films = [children[i] for i in rng.integers(len(children), size=young)]
    films += [adults[i] for i in rng.integers(len(adults), size=count - young)]
    donors = children + adults
    pictures = [
        augment(film.picture, size, Augmentation(), rng, donors[int(rng.integers(len(donors)))].picture)
        for _ in range(2)
        for film in films
    ]
    return np.stack(pictures)[..., None].astype(np.float32) / 255.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=3e-4)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    keras.utils.set_random_seed(arguments.seed)
    fitting = [sample for sample in load_corpus(arguments.data) if sample.part == FIT]
    children = [sample for sample in fitting if sample.is_child]
    adults = [sample for sample in fitting if not sample.is_child]
    network = build(ARCHITECTURE, arguments.size)
    weights = imagenet_file(ARCHITECTURE)
    if weights is None:
        parser.error("the package of the ImageNet weights is not installed")
    start_from_imagenet(network, read_state(weights))
    freeze_first_blocks(network, 2)
    pooled = keras.layers.GlobalAveragePooling2D()(network.get_layer("evidence").input)
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization()(keras.layers.Dense(512)(pooled)))
    trunk = keras.Model(network.input, keras.layers.Dense(512)(hidden))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, arguments.steps, warmup_target=arguments.learning_rate, warmup_steps=arguments.steps // 20
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=1e-4, global_clipnorm=1.0)
    optimizer.build(trunk.trainable_variables)

    @tf.function
    def step(pictures: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            one, two = tf.split(trunk(pictures, training=True), 2)
            loss = vicreg(one, two)
        gradients = tape.gradient(loss, trunk.trainable_variables)
        optimizer.apply_gradients(zip(gradients, trunk.trainable_variables, strict=True))
        return loss

    started, losses = time.monotonic(), []
    for number in range(arguments.steps):
        rng = np.random.default_rng((arguments.seed, number))
        losses.append(float(step(tf.constant(views(children, adults, arguments.batch, arguments.size, rng)))))
        if number % 20 == 19:
            seconds = round(time.monotonic() - started)
            print(
                json.dumps({"step": number + 1, "loss": float(np.mean(losses[-20:])), "seconds": seconds}), flush=True
            )
    save_weights(arguments.out, network)


if __name__ == "__main__":
    main()
