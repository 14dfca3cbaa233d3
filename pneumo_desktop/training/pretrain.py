"""Self-supervised pretraining of the bundled network on the films of the fit part, their labels unseen.

``python -m pneumo_desktop.training.pretrain --out FOLDER``; ``training.bundled --start FOLDER`` goes on from its network.

VICReg (Bardes, Ponce, LeCun; ICLR 2022), from ImageNet: two augmented copies of each film go through the network and an
expander (512, 512); their embeddings are drawn together, kept apart by a hinge on the standard deviation and
decorrelated. The expander is dropped. Half of the copies wear the look of another film: that the look tells nothing is
learnt before any label is (models/experiments.md has what it brings).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pneumo_desktop.opencv import cv2
from pneumo_desktop.training.augment import Augmentation, augment
from pneumo_desktop.training.corpus import ADULT_NORMALS, FIT, Sample, load_corpus, pixels_fingerprint
from pneumo_desktop.training.fit import freeze_first_blocks, save_weights
from pneumo_desktop.training.networks import EFFICIENTNET_LITE, build, start_from_imagenet
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.torch_weights import imagenet_file, read_state

WEIGHTS, TOLD = "pretrained.npz", "pretraining.json"
"""What a pretraining leaves in its folder."""

LIKE, SPREAD, APART = 25.0, 25.0, 1.0
"""Weights of the three terms, the paper's."""

CHILDREN_SHARE = 0.62
"""Of the films of a batch: 20 of the children, 12 of adults, as ``FitSettings.quotas`` draws them from all sources."""

EXPANDER = 512
"""Width of the expander's two layers."""

TELL_EVERY = 20
"""Steps between two events."""


@dataclass(frozen=True)
class PretrainSettings:
    """What may differ between pretrainings beside the films; the card of a network that began with one tells them."""

    architecture: str = "efficientnet_lite0"
    size: int = 192
    steps: int = 400
    batch: int = 32
    learning_rate: float = 3e-4
    seed: int = 1
    frozen_blocks: int = 2


def vicreg(one: tf.Tensor, two: tf.Tensor) -> tf.Tensor:
    """Return the loss of two embeddings (B, D) of the same films: 0 for equal ones that are spread and uncorrelated."""
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


def two_views(
    samples: Sequence[Sample], settings: PretrainSettings, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return 2B pictures (S, S, 1) in 0..1: B films drawn by population, and the same films changed otherwise.

    The labels are not looked at. Raises ValueError where there are no children or no adults among ``samples``.
    """
    children = [sample for sample in samples if sample.is_child]
    adults = [sample for sample in samples if not sample.is_child]
    young = round(CHILDREN_SHARE * settings.batch)
    films = [children[i] for i in rng.integers(len(children), size=young)]
    films += [adults[i] for i in rng.integers(len(adults), size=settings.batch - young)]
    donors = children + adults
    pictures = [
        augment(film.picture, settings.size, Augmentation(), rng, donors[int(rng.integers(len(donors)))].picture)
        for _ in range(2)
        for film in films
    ]
    return np.stack(pictures)[..., None].astype(np.float32) / 255.0


def pretrain(
    samples: Sequence[Sample],
    settings: PretrainSettings,
    imagenet: dict[str, npt.NDArray[Any]] | None,
    tell: Callable[[dict[str, Any]], None],
) -> keras.Model:
    """Return a network that has learnt up to its pooled features; its head is as it was drawn.

    ``imagenet``: the state that ``torch_weights.read_state`` returns, None to begin with drawn weights. The same settings
    and samples give the same weights, as far as TensorFlow is deterministic. Raises Problem(code='diverged').
    """
    keras.utils.set_random_seed(settings.seed)  # before anything is drawn: dropout takes its seed when it is built
    network = build(settings.architecture, settings.size)
    if imagenet is not None:
        start_from_imagenet(network, imagenet)
    freeze_first_blocks(network, settings.frozen_blocks)
    pooled = keras.layers.GlobalAveragePooling2D()(network.get_layer("evidence").input)
    hidden = keras.layers.ReLU()(keras.layers.BatchNormalization()(keras.layers.Dense(EXPANDER)(pooled)))
    trunk = keras.Model(network.input, keras.layers.Dense(EXPANDER)(hidden))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, settings.steps, warmup_target=settings.learning_rate, warmup_steps=max(1, settings.steps // 20)
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
    for number in range(settings.steps):
        rng = np.random.default_rng((settings.seed, number))
        losses.append(float(step(tf.constant(two_views(samples, settings, rng)))))
        if not math.isfinite(losses[-1]):
            raise Problem("diverged", f"step {number + 1}")
        if (number + 1) % TELL_EVERY == 0 or number + 1 == settings.steps:
            seconds = time.monotonic() - started
            tell(
                {"event": "step", "step": number + 1, "loss": float(np.mean(losses[-TELL_EVERY:])), "seconds": seconds}
            )
    return network


@dataclass(frozen=True)
class Pretraining:
    """What a pretraining has seen, beside its weights. fingerprint: SHA-256 (hex) of pixels, labels and weights."""

    settings: dict[str, Any]
    left_out: tuple[str, ...]
    fingerprint: str

    @staticmethod
    def of(samples: Sequence[Sample], settings: PretrainSettings, left_out: Sequence[str]) -> Pretraining:
        """Describe the samples that a pretraining is about to see."""
        return Pretraining(asdict(settings), tuple(left_out), pixels_fingerprint(samples))

    def write(self, folder: Path) -> None:
        """Write it into ``folder``."""
        (folder / TOLD).write_text(json.dumps(asdict(self), indent=1))

    @staticmethod
    def read(folder: Path) -> Pretraining:
        """Read what ``write`` wrote; raises SystemExit where ``folder`` holds no finished pretraining."""
        try:
            values = json.loads((folder / TOLD).read_text())
        except OSError as problem:
            raise SystemExit(f"{folder} holds no pretraining: {problem.strerror} ({TOLD})") from problem
        if not (folder / WEIGHTS).is_file():
            raise SystemExit(f"{folder} holds no finished pretraining: {WEIGHTS} is not there")
        return Pretraining(values["settings"], tuple(values["left_out"]), values["fingerprint"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True, help="a folder that is new or empty")
    parser.add_argument("--seed", type=int, default=PretrainSettings.seed)
    parser.add_argument("--steps", type=int, default=PretrainSettings.steps)
    parser.add_argument("--size", type=int, default=PretrainSettings.size, help="pixels a side")
    parser.add_argument("--batch", type=int, default=PretrainSettings.batch)
    parser.add_argument("--architecture", choices=sorted(EFFICIENTNET_LITE), default=PretrainSettings.architecture)
    parser.add_argument("--without-rsna", action="store_true", help="leave out the RSNA normals (academic use only)")
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    settings = PretrainSettings(
        architecture=chosen.architecture, size=chosen.size, steps=chosen.steps, batch=chosen.batch, seed=chosen.seed
    )
    weights = imagenet_file(settings.architecture)
    if weights is None:
        parser.error(f"the package of the ImageNet weights of {settings.architecture} is not installed")
    if chosen.out.is_dir() and any(chosen.out.iterdir()):
        parser.error(f"{chosen.out} is not empty: name another folder")
    chosen.out.mkdir(parents=True, exist_ok=True)
    left_out = (ADULT_NORMALS,) if chosen.without_rsna else ()
    samples = [s for s in load_corpus(chosen.data) if s.part == FIT and s.source not in left_out]
    network = pretrain(samples, settings, read_state(weights), lambda event: print(json.dumps(event), flush=True))
    Pretraining.of(samples, settings, left_out).write(chosen.out)
    save_weights(chosen.out / WEIGHTS, network)
    return 0


if __name__ == "__main__":
    sys.exit(main())
