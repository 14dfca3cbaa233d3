"""Training a whole network on the clinic's images, with TensorFlow: fine-tuned, from ImageNet, or from scratch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from pneumo_desktop.evaluation.calibration import sigmoid
from pneumo_desktop.evaluation.metrics import auc, log_loss
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.control import Control, Stopped
from pneumo_desktop.training.corpus import FIT, Sample
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.export_network import to_litert
from pneumo_desktop.training.fit import FitSettings, best_weights, fit, load_weights
from pneumo_desktop.training.job import CLASSIC, COMPACT, FINE_TUNE, TRANSFER, Job
from pneumo_desktop.training.local import LocalImage, LocalImages
from pneumo_desktop.training.networks import build, start_from_imagenet
from pneumo_desktop.training.perturb import CHANGES, perturbed
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.torch_weights import imagenet_file, read_state
from pneumo_desktop.training.weights import network_of

_SOURCE = "local"
MOST_VALIDATED = 800
"""So many validation images are looked at after each epoch, each plain and changed."""

_CHUNK = 32
_NETWORKS = {TRANSFER: "efficientnet_lite0", COMPACT: "compact", CLASSIC: "classic"}


@dataclass(frozen=True)
class Learnt:
    """A trained network as a LiteRT file, with its whitelisted name and its number of parameters."""

    network: bytes
    architecture: str
    parameters: int


def use_threads(threads: int) -> None:
    """Use ``threads`` cores (0: all); with one, TensorFlow is made deterministic. Call it before anything else of it."""
    if threads:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    if threads == 1:
        tf.config.experimental.enable_op_determinism()


def _untrained(job: Job, base: ModelPackage | None) -> tuple[keras.Model, str]:
    """Return the network to start from and its whitelisted name; raises Problem or BadPackageError."""
    keras.utils.set_random_seed(job.seed)
    if job.architecture == FINE_TUNE:
        if base is None:
            raise Problem("base_model", what="")
        return network_of(base), base.card.architecture
    name = _NETWORKS[job.architecture]
    model = build(name, int(job.size or 0))
    if job.architecture == TRANSFER:
        weights = imagenet_file(name)
        if weights is None:
            raise Problem("imagenet_missing")
        start_from_imagenet(model, read_state(weights))
    return model, name


def settings_of(job: Job, images: int, normal: int, architecture: str) -> FitSettings:
    """Return the fit's settings for a job with ``images`` to learn from, ``normal`` of them normal."""
    counts = {f"{_SOURCE}:0": float(normal), f"{_SOURCE}:1": float(images - normal)}
    batch = int(job.batch or 0)
    return FitSettings(
        architecture=architecture, size=int(job.size or 0), epochs=int(job.epochs or 0),
        steps_per_epoch=max(1, -(-images // batch)), batch=batch, learning_rate=float(job.learning_rate or 0.0),
        averaging=0.99, seed=job.seed, frozen_blocks=5 if job.architecture == TRANSFER else 0,
        norms_still=job.architecture == FINE_TUNE, patience=job.early_stopping,
        quotas=dict.fromkeys(counts, 1.0) if job.class_weighting else counts, augmentation=job.augmentation,
    )  # fmt: skip


def validated(part: Sequence[LocalImage]) -> list[LocalImage]:
    """Return at most ``MOST_VALIDATED`` images of the validation part, from all of it, each class by its share."""
    if len(part) <= MOST_VALIDATED:
        return list(part)
    by_label = sorted(part, key=lambda image: image.label)
    return [by_label[place] for place in np.linspace(0, len(part) - 1, MOST_VALIDATED).round().astype(int)]


def _validation(job: Job, local: LocalImages) -> Callable[[keras.Model], dict[str, float]]:
    """Return the function that measures a network on the validation part, plain and changed."""
    images = validated(local.part("val"))
    names = list(CHANGES)
    pictures: list[npt.NDArray[np.uint8]] = [local.picture(image) for image in images]
    size = int(job.size or 0)
    pictures += [squash(perturbed(p, names[n % len(names)], job.seed + n), size) for n, p in enumerate(pictures)]
    labels = np.array([image.label for image in images] * 2, np.int64)

    def validate(model: keras.Model) -> dict[str, float]:
        values = logits(model, pictures)
        return {
            "val_loss": log_loss(labels, sigmoid(values)), "val_auc": auc(labels, values),
            "val_accuracy": float(((values >= 0) == (labels == 1)).mean()),
        }  # fmt: skip

    return validate


def logits(model: keras.Model, pictures: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
    """Return the logits of (S, S) uint8 pictures, in chunks of one size so that one graph serves all."""

    @tf.function(reduce_retracing=True)
    def judge(chunk: tf.Tensor) -> tf.Tensor:
        return model(chunk, training=False)["logit"]

    values = []
    for start in range(0, len(pictures), _CHUNK):
        members = pictures[start : start + _CHUNK]
        chunk = np.zeros((_CHUNK, *members[0].shape, 1), np.float32)
        chunk[: len(members), :, :, 0] = np.stack(members).astype(np.float32) / np.float32(255)
        values.append(np.asarray(judge(tf.constant(chunk)))[: len(members), 0])
    return np.concatenate(values).astype(np.float64)


def learn(
    job: Job, base: ModelPackage | None, local: LocalImages, events: Events, control: Control, finish: bool = False
) -> Learnt:
    """Train, or with ``finish`` take the best so far, and return the network as a LiteRT file.

    Goes on from the checkpoint in the job's folder. Raises Stopped, Problem, BadPackageError and OSError.
    """
    use_threads(job.threads)
    events.tell("stage", stage="fitting")
    model, name = _untrained(job, base)
    folder = job.folder_of_job / "checkpoint"
    if not finish:
        part = local.part("train")
        samples = [
            Sample(local.picture(image), image.label, _SOURCE, image.patient, FIT, 1.0, Path(image.path))
            for image in part
        ]
        settings = settings_of(job, len(part), sum(image.label == 0 for image in part), name)

        def tell(event: dict[str, object]) -> None:
            events.tell(str(event["event"]), **{key: value for key, value in event.items() if key != "event"})

        done = fit(model, samples, settings, folder, tell, _validation(job, local), lambda: control.asked is not None)
        if not done:
            raise Stopped(control.asked or "asked")
    else:
        best = best_weights(folder)
        if best is None:
            raise Problem("nothing_to_finish")
        load_weights(best, model)
    control.check()
    return Learnt(to_litert(model), name, int(model.count_params()))
