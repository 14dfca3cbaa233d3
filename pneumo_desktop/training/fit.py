"""Fitting a network: balanced batches, augmentation in threads, cosine schedule, weight averaging, checkpoints."""

from __future__ import annotations

import hashlib
import json
import math
import queue
import threading
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pneumo_desktop.training.augment import Augmentation, augment
from pneumo_desktop.training.computer import used_memory_mb
from pneumo_desktop.training.corpus import Sample
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.weights import norms_still
from pneumo_desktop.whole_file import written_by_way_of

TELL_EVERY = 0.5
"""Seconds between two step events."""

SAVE_EVERY = 120.0
"""Seconds between two checkpoints within an epoch: so much is lost at most when the power goes."""

AVERAGE, BEST, CHECKPOINT, EARLIER, FINAL = "average.npz", "best.npz", "checkpoint.npz", "earlier.npz", "final.npz"
SETTINGS = "settings.json"


@dataclass(frozen=True)
class FitSettings:
    """What one run needs beside the data; written into the checkpoint and the card.

    norms_still: batch normalisation keeps its statistics (for networks read back from a package). patience: so many
    epochs without a better ``val_loss`` end the run (0: never). calm: share of the steps, the last ones, that are
    augmented at half strength. mixed_epoch: the epoch (from 1) whose averaged weights are kept for
    ``mixed_weights`` (0: none), and mixed_share: their share. mixup: what ``mixup`` draws its shares with (0: films are
    not mixed), up to the calm steps.
    """

    architecture: str = "efficientnet_lite0"
    size: int = 192
    epochs: int = 10
    steps_per_epoch: int = 190
    batch: int = 32
    learning_rate: float = 5e-4
    weight_decay: float = 1e-4
    label_smoothing: float = 0.05
    averaging: float = 0.998
    dropout: float = 0.2
    seed: int = 1
    frozen_blocks: int = 2
    norms_still: bool = False
    patience: int = 0
    calm: float = 0.0
    mixed_epoch: int = 0
    mixed_share: float = 0.25
    mixup: float = 0.0
    quotas: dict[str, float] = field(
        default_factory=lambda: {"kermany:0": 10, "kermany:1": 10, "nih:1": 6, "nih:0": 3, "rsna_normal:0": 3}
    )
    augmentation: Augmentation = field(default_factory=Augmentation)


def mixup(
    pictures: npt.NDArray[np.float32], labels: npt.NDArray[np.float32], alpha: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return each film of a batch laid over another one of it, and its label mixed by the same share.

    pictures (B, S, S, 1) in 0..1, labels (B, 1) in 0..1; the shares are drawn from Beta(alpha, alpha). No film is seen
    twice as it is, and a wrong label is never told for sure: less is learnt by heart (Zhang et al., ICLR 2018).
    """
    other = rng.permutation(len(pictures))
    share = rng.beta(alpha, alpha, len(pictures)).astype(np.float32)[:, None]
    of_picture = share[:, :, None, None]
    return (
        of_picture * pictures + (1 - of_picture) * pictures[other],
        share * labels + (1 - share) * labels[other],
    )


_Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Pictures (B, S, S, 1) in 0..1 and their labels (B, 1)."""


class BalancedBatches:
    """Draws batches by quota of (source, label) and augments them in a background thread.

    Each batch has its own random generator, seeded by run and step: what is drawn does not depend on timing.
    What goes wrong in the thread is raised by ``get``.
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
        self._queue: queue.Queue[_Batch | Exception] = queue.Queue(8)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._produce, name="augment", daemon=True)

    def _batch(self, step: int) -> _Batch:
        rng = np.random.default_rng((self._settings.seed, step))
        strength = self._settings.augmentation
        calm = step >= (1.0 - self._settings.calm) * self._settings.epochs * self._settings.steps_per_epoch
        if calm:
            strength = strength.calmed()
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
            donor = self._samples[int(rng.integers(len(self._samples)))].picture
            changed = augment(sample.picture, size, strength, rng, donor)
            pictures[row, :, :, 0] = changed.astype(np.float32) / 255.0
            labels[row] = sample.label
        if self._settings.mixup and not calm:
            return mixup(pictures, labels, self._settings.mixup, rng)
        return pictures, labels

    def _produce(self) -> None:
        try:
            for step in range(self._first, self._first + self._steps):
                self._put(self._batch(step))
                if self._stop.is_set():
                    return
        except Exception as error:
            self._put(error)

    def _put(self, made: _Batch | Exception) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put(made, timeout=0.2)
                return
            except queue.Full:
                continue

    def __enter__(self) -> BalancedBatches:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def get(self) -> _Batch:
        """Return the next batch: pictures (B, S, S, 1) float32 in 0..1, labels (B, 1) float32."""
        made = self._queue.get(timeout=120)
        if isinstance(made, Exception):
            raise made
        return made


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
    _save_arrays(path, {f"arr_{place}": np.asarray(weight) for place, weight in enumerate(model.get_weights())})


def _save_arrays(path: Path, arrays: dict[str, Any]) -> None:
    with written_by_way_of(path.with_suffix(".tmp.npz"), path) as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def load_weights(path: Path, model: keras.Model) -> None:
    """Read what ``save_weights`` wrote; nothing is unpickled."""
    with np.load(path, allow_pickle=False) as archive:
        model.set_weights([archive[name] for name in archive.files])


@dataclass
class Progress:
    """Where a run stands: the next step, the losses and hits of the epoch under way, and the best epoch so far."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    hits: int = 0
    best_epoch: int = 0
    best_loss: float = math.inf


class _Checkpoint:
    """Everything that the next step depends on, in one file that is replaced as a whole."""

    def __init__(self, path: Path, model: keras.Model, optimizer: keras.optimizers.Optimizer, key: str) -> None:
        self._path, self._model, self._optimizer, self._key = path, model, optimizer, key

    def _states(self) -> list[Any]:
        # model.variables holds the seeds of dropout too, get_weights does not.
        return [*self._model.variables, *self._optimizer.variables]

    def save(self, averaged: Sequence[npt.NDArray[Any]], progress: Progress) -> None:
        arrays = {f"state_{place}": np.asarray(state) for place, state in enumerate(self._states())}
        arrays |= {f"average_{place}": mean for place, mean in enumerate(averaged)}
        arrays["progress"] = np.frombuffer(json.dumps(asdict(progress)).encode(), np.uint8)
        arrays["key"] = np.frombuffer(self._key.encode(), np.uint8)
        _save_arrays(self._path, arrays)

    def load(self, averaged: Sequence[npt.NDArray[Any]]) -> Progress | None:
        """Put everything back and return where the run stood.

        None where there is no checkpoint, or none that can be read and is of these settings and images.
        """
        states = self._states()
        try:
            with np.load(self._path, allow_pickle=False) as archive:
                if archive["key"].tobytes() != self._key.encode():
                    return None
                values = [archive[f"state_{place}"] for place in range(len(states))]
                means = [archive[f"average_{place}"] for place in range(len(averaged))]
                progress = Progress(**json.loads(archive["progress"].tobytes()))
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return None
        for state, value in zip(states, values, strict=True):
            state.assign(value)
        for mean, value in zip(averaged, means, strict=True):
            mean[...] = value
        return progress


def _key(settings: FitSettings, samples: Sequence[Sample]) -> str:
    """Return a digest of everything that a checkpoint belongs to: the settings, and what is learnt from, in order."""
    rows = [(sample.source, sample.label, sample.group, sample.weight) for sample in samples]
    return hashlib.sha256(json.dumps([asdict(settings), rows], sort_keys=True).encode()).hexdigest()


def mixed_weights(folder: Path, settings: FitSettings) -> list[npt.NDArray[Any]]:
    """Return the averaged weights at the end of the run in ``folder``, mixed with those after ``mixed_epoch``.

    Weights along one run can be averaged; the earlier ones have learnt less by heart and keep more of what holds for
    films from elsewhere (Wortsman et al., CVPR 2022).
    """
    with np.load(folder / AVERAGE, allow_pickle=False) as archive:
        last = [archive[name] for name in archive.files]
    if not settings.mixed_epoch:
        return last
    with np.load(folder / EARLIER, allow_pickle=False) as archive:
        earlier = [archive[name] for name in archive.files]
    share = np.float32(settings.mixed_share)
    return [(1 - share) * new + share * old for new, old in zip(last, earlier, strict=True)]


def best_weights(folder: Path) -> Path | None:
    """Return the file of the best weights so far of the run in ``folder``, or None before the first epoch's end."""
    return next((path for path in (folder / BEST, folder / AVERAGE) if path.is_file()), None)


def fit(
    model: keras.Model,
    samples: Sequence[Sample],
    settings: FitSettings,
    folder: Path,
    tell: Callable[[dict[str, Any]], None],
    validate: Callable[[keras.Model], dict[str, float]] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> bool:
    """Train ``model`` in place; at the end it holds the averaged weights. A run goes on from ``folder``'s checkpoint.

    ``validate`` is asked about the averaged weights after each epoch; where it gives a ``val_loss``, the best weights
    are kept beside the checkpoint and are what ``model`` holds at the end. ``stopped`` is asked after each step (after
    an epoch's last one when that is validated); then a checkpoint is written and False is returned. The same settings
    and samples give the same weights, however often the run was stopped, as far as TensorFlow is deterministic.
    Raises Problem(code='diverged').
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS).write_text(json.dumps(asdict(settings), indent=1))
    keras.utils.set_random_seed(settings.seed)
    freeze_first_blocks(model, settings.frozen_blocks)
    if settings.norms_still:
        norms_still(model)
    total = settings.epochs * settings.steps_per_epoch
    optimizer = keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay, global_clipnorm=1.0)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(model.trainable_variables)
    smoothing = settings.label_smoothing

    @tf.function(reduce_retracing=True)
    def train_step(pictures: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            logit = model(pictures, training=True)["logit"]
            target = labels * (1.0 - smoothing) + 0.5 * smoothing
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=target, logits=logit))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss, tf.reduce_sum(tf.cast((logit >= 0.0) == (labels >= 0.5), tf.int32))

    averaged = [np.array(weight) for weight in model.get_weights()]
    checkpoint = _Checkpoint(folder / CHECKPOINT, model, optimizer, _key(settings, samples))
    progress = checkpoint.load(averaged)
    if progress is None:
        progress = Progress()
    else:
        learnt = progress.step // settings.steps_per_epoch
        tell({"event": "resumed", "epoch": min(learnt + 1, settings.epochs), "step": progress.step, "learnt": learnt})
    variables, last_saved = model.weights, time.monotonic()
    while progress.step < total and not _patience_is_over(settings, progress):
        epoch, started, last_told = progress.step // settings.steps_per_epoch, time.monotonic(), 0.0
        first, end = progress.step, (epoch + 1) * settings.steps_per_epoch
        with BalancedBatches(samples, settings, first, end - first) as batches:
            for step in range(first, end):
                optimizer.learning_rate.assign(_learning_rate(step, total, settings.learning_rate))
                pictures, labels = batches.get()
                loss, hits = train_step(tf.constant(pictures), tf.constant(labels))
                progress.losses.append(float(loss))
                progress.hits += int(hits)
                progress.step = step + 1
                if not math.isfinite(progress.losses[-1]):
                    raise Problem("diverged", f"step {step + 1}")
                rate = min(settings.averaging, (1.0 + step) / (10.0 + step))
                for mean, variable in zip(averaged, variables, strict=True):
                    mean += (1.0 - rate) * (np.asarray(variable) - mean)
                now = time.monotonic()
                if now - last_told >= TELL_EVERY or step + 1 == end:
                    last_told = now
                    tell(_step_event(settings, progress, epoch, total, (now - started) / (step + 1 - first)))
                if step + 1 == end:
                    break  # with a checkpoint here a resumed run would never do what follows at the end of the epoch
                if stopped():
                    checkpoint.save(averaged, progress)
                    return False
                if now - last_saved >= SAVE_EVERY:
                    checkpoint.save(averaged, progress)
                    last_saved = now
        seconds = time.monotonic() - started
        current = model.get_weights()
        model.set_weights(averaged)
        save_weights(folder / AVERAGE, model)
        if epoch + 1 == settings.mixed_epoch:
            save_weights(folder / EARLIER, model)
        figures = validate(model) if validate else {}
        better = figures.get("val_loss", math.inf) < progress.best_loss
        if better:
            progress.best_epoch, progress.best_loss = epoch + 1, figures["val_loss"]
            save_weights(folder / BEST, model)
        model.set_weights(current)
        told = {
            "event": "epoch", "epoch": epoch + 1, "epochs": settings.epochs,
            "loss": float(np.mean(progress.losses)),
            "accuracy": progress.hits / (len(progress.losses) * settings.batch),
            "learning_rate": _learning_rate(progress.step - 1, total, settings.learning_rate),
            "best": better, "seconds": seconds, **figures,
        }  # fmt: skip
        progress.losses, progress.hits = [], 0
        checkpoint.save(averaged, progress)
        last_saved = time.monotonic()
        tell(told)
        if stopped():
            return False
    if progress.step < total:
        epoch = progress.step // settings.steps_per_epoch
        tell({"event": "early_stop", "epoch": epoch, "best_epoch": progress.best_epoch})
    model.set_weights(averaged)
    if progress.best_epoch:
        load_weights(folder / BEST, model)
    return True


def _patience_is_over(settings: FitSettings, progress: Progress) -> bool:
    """Tell whether the validation got no better for too long; asked between epochs only."""
    epochs, rest = divmod(progress.step, settings.steps_per_epoch)
    return bool(
        settings.patience and progress.best_epoch and not rest and epochs - progress.best_epoch >= settings.patience
    )


def _step_event(
    settings: FitSettings, progress: Progress, epoch: int, total: int, seconds_a_step: float
) -> dict[str, Any]:
    return {
        "event": "step", "epoch": epoch + 1, "epochs": settings.epochs, "step": progress.step, "steps": total,
        "loss": float(np.mean(progress.losses[-50:])),
        "accuracy": progress.hits / (len(progress.losses) * settings.batch),
        "images_per_second": settings.batch / max(seconds_a_step, 1e-9),
        "seconds_left": (total - progress.step) * seconds_a_step, "memory_mb": used_memory_mb(),
    }  # fmt: skip
