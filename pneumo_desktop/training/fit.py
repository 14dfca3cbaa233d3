"""Fitting a network: balanced batches, augmentation in threads, cosine schedule, weight averaging, checkpoints."""

from __future__ import annotations

import json
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pneumo_desktop.training.augment import Augmentation, augment
from pneumo_desktop.training.corpus import Sample


@dataclass(frozen=True)
class FitSettings:
    """What one run needs beside the data; written into the checkpoint and the card."""

    architecture: str = "efficientnet_lite0"
    size: int = 192
    epochs: int = 5
    steps_per_epoch: int = 160
    batch: int = 32
    learning_rate: float = 5e-4
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05
    averaging: float = 0.995
    dropout: float = 0.2
    seed: int = 1
    frozen_blocks: int = 5
    quotas: dict[str, float] = field(
        default_factory=lambda: {"kermany:0": 10, "kermany:1": 10, "nih:1": 6, "nih:0": 3, "rsna_normal:0": 3}
    )
    augmentation: Augmentation = field(default_factory=Augmentation)


class BalancedBatches:
    """Draws batches by quota of (source, label) and augments them in a background thread.

    Each batch has its own random generator, seeded by run and step: what is drawn does not depend on timing.
    """

    def __init__(self, samples: Sequence[Sample], settings: FitSettings, first_step: int, steps: int) -> None:
        self._samples = samples
        self._settings = settings
        self._first, self._steps = first_step, steps
        pools: dict[str, list[int]] = {}
        for index, sample in enumerate(samples):
            if sample.weight > 0:
                pools.setdefault(f"{sample.source}:{sample.label}", []).append(index)
        used = {key: quota for key, quota in settings.quotas.items() if key in pools}
        self._keys = list(used)
        total = sum(used.values())
        self._chances = np.array([used[key] / total for key in self._keys])
        self._pools = {key: np.array(pools[key]) for key in self._keys}
        self._weights = {
            key: np.array([samples[i].weight for i in pools[key]]) / sum(samples[i].weight for i in pools[key])
            for key in self._keys
        }
        self._queue: queue.Queue[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]] = queue.Queue(8)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._produce, name="augment", daemon=True)

    def _batch(self, step: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        rng = np.random.default_rng((self._settings.seed, step))
        size, count = self._settings.size, self._settings.batch
        numbers = np.floor(self._chances * count).astype(int)
        while numbers.sum() < count:
            numbers[rng.choice(len(self._keys), p=self._chances)] += 1
        chosen: list[int] = []
        for key, number in zip(self._keys, numbers, strict=True):
            chosen.extend(rng.choice(self._pools[key], number, p=self._weights[key]))
        pictures = np.empty((count, size, size, 1), np.float32)
        labels = np.empty((count, 1), np.float32)
        for row, index in enumerate(chosen):
            sample = self._samples[index]
            changed = augment(sample.picture, size, self._settings.augmentation, rng)
            pictures[row, :, :, 0] = changed.astype(np.float32) / 255.0
            labels[row] = sample.label
        return pictures, labels

    def _produce(self) -> None:
        for step in range(self._first, self._first + self._steps):
            batch = self._batch(step)
            while not self._stop.is_set():
                try:
                    self._queue.put(batch, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if self._stop.is_set():
                return

    def __enter__(self) -> BalancedBatches:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def get(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return the next batch: pictures (B, S, S, 1) float32 in 0..1, labels (B, 1) float32."""
        return self._queue.get(timeout=120)


def _learning_rate(step: int, total: int, peak: float) -> float:
    warm_up = max(1, total // 20)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * 0.5 * (1.0 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up)))


def freeze_first_blocks(model: keras.Model, blocks: int) -> None:
    """Keep the stem and the first ``blocks`` blocks as they are; their backward pass is half the time of a step."""
    frozen = {"stem", *(f"block{index}" for index in range(blocks))} if blocks > 0 else set()
    for layer in model.layers:
        layer.trainable = layer.name.split("_")[0] not in frozen


def save_weights(path: Path, model: keras.Model) -> None:
    """Write the model's weights as a plain .npz beside ``path`` and move it into place."""
    temporary = path.with_suffix(".tmp.npz")
    np.savez(temporary, *[np.asarray(weight) for weight in model.get_weights()])
    temporary.replace(path)


def load_weights(path: Path, model: keras.Model) -> None:
    """Read what ``save_weights`` wrote; nothing is unpickled."""
    with np.load(path, allow_pickle=False) as archive:
        model.set_weights([archive[name] for name in archive.files])


def fit(
    model: keras.Model,
    samples: Sequence[Sample],
    settings: FitSettings,
    folder: Path,
    tell: Callable[[dict[str, Any]], None],
    validate: Callable[[keras.Model], dict[str, float]] | None = None,
) -> None:
    """Train ``model`` in place; at the end it holds the averaged weights. A run goes on from ``folder``'s checkpoint."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(asdict(settings), indent=1))
    keras.utils.set_random_seed(settings.seed)
    freeze_first_blocks(model, settings.frozen_blocks)
    total = settings.epochs * settings.steps_per_epoch
    optimizer = keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    smoothing = settings.label_smoothing

    @tf.function(reduce_retracing=True)
    def train_step(pictures: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logit = model(pictures, training=True)["logit"]
            target = labels * (1.0 - smoothing) + 0.5 * smoothing
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logit))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    first_epoch = 0
    averaged = [np.array(weight) for weight in model.get_weights()]
    progress = folder / "progress.json"
    if progress.is_file():
        first_epoch = int(json.loads(progress.read_text())["epoch"])
        load_weights(folder / "average.npz", model)
        averaged = [np.array(weight) for weight in model.get_weights()]
        load_weights(folder / "last.npz", model)
        tell({"event": "resumed", "epoch": first_epoch})
    variables = model.weights
    for epoch in range(first_epoch, settings.epochs):
        losses, started = [], time.monotonic()
        first = epoch * settings.steps_per_epoch
        with BalancedBatches(samples, settings, first, settings.steps_per_epoch) as batches:
            for step in range(first, first + settings.steps_per_epoch):
                optimizer.learning_rate.assign(_learning_rate(step, total, settings.learning_rate))
                pictures, labels = batches.get()
                losses.append(float(train_step(tf.constant(pictures), tf.constant(labels))))
                rate = min(settings.averaging, (1.0 + step) / (10.0 + step))
                for mean, variable in zip(averaged, variables, strict=True):
                    mean += (1.0 - rate) * (np.asarray(variable) - mean)
                if step % 10 == 9:
                    speed = settings.batch * (step - first + 1) / (time.monotonic() - started)
                    tell(
                        {
                            "event": "step",
                            "epoch": epoch,
                            "step": step + 1,
                            "of": total,
                            "loss": float(np.mean(losses[-50:])),
                            "images_per_second": speed,
                        }
                    )
        save_weights(folder / "last.npz", model)
        current = model.get_weights()
        model.set_weights(averaged)
        save_weights(folder / "average.npz", model)
        progress.write_text(json.dumps({"epoch": epoch + 1}))
        figures = validate(model) if validate else {}
        tell({"event": "epoch", "epoch": epoch + 1, "loss": float(np.mean(losses)), **figures})
        model.set_weights(current)
    model.set_weights(averaged)
