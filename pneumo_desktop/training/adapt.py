"""Adapting the current model: its last layer anew, on features of the clinic's images and of the rehearsal. No TensorFlow.

The network under the head stays byte for byte as it is, so the features, and the gate on them, stay too.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.cache import Rows, write_json
from pneumo_desktop.training.computer import used_memory_mb
from pneumo_desktop.training.control import Control
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.head import Head, HeadFit, Values, balanced_weights, log_loss
from pneumo_desktop.training.job import Job
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.litert_file import head_of, with_head
from pneumo_desktop.training.local import LocalImages
from pneumo_desktop.training.perturb import CHANGES, perturbed
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.words import tr

STRONGEST, WEAKEST = 3.0, 1e-3
"""The pull towards the old head, from the first epoch to the last."""

REHEARSAL_WORTH = 250.0
"""So many local images weigh as much as the rehearsal; more of them weigh no more than that, fewer less."""

HELD_OUT = 5
"""Every fifth rehearsal image is not learnt from: it tells whether the old population is kept."""

_CHANGE_SEED = 7000
_CHECKPOINT = Path("checkpoint", "head.json")


@dataclass(frozen=True, eq=False)
class Rehearsal:
    """Features (n, F) float32 and labels (n,) of images that the base has learnt from; empty where it has none."""

    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    @staticmethod
    def of(package: ModelPackage, width: int) -> Rehearsal:
        """Return the rehearsal of a package whose features have ``width`` numbers."""
        features, labels = package.arrays.get("rehearsal_features"), package.arrays.get("rehearsal_labels")
        if features is None or labels is None or features.shape != (len(labels), width):
            return Rehearsal(np.zeros((0, width), np.float32), np.zeros(0, np.int64))
        return Rehearsal(features, (labels > 0.5).astype(np.int64))

    def part(self, chosen: npt.NDArray[np.bool_]) -> Rehearsal:
        """Return the chosen rows."""
        return Rehearsal(self.features[chosen], self.labels[chosen])


@dataclass(frozen=True, eq=False)
class Features:
    """Features (n, F) of the parts, plain images first and then the same images changed."""

    train: npt.NDArray[np.float32]
    train_labels: npt.NDArray[np.int64]
    val: npt.NDArray[np.float32]
    val_labels: npt.NDArray[np.int64]


def features_of(job: Job, base: ModelPackage, local: LocalImages, events: Events, control: Control) -> Features:
    """Return the features of train and val, plain and changed; what was computed before a crash is not computed again."""
    train, val = local.part("train"), local.part("val")
    judge = Judge(base)
    width = len(judge.look(local.picture(local.images[0])).features)
    count = 2 * (len(train) + len(val))
    key = f"{base.sha256} {local.fingerprint} {job.seed}"
    rows = Rows(job.folder_of_job / "cache", "features", key, count, (width,), np.float32)
    names = list(CHANGES)
    order = [(image, None) for image in train] + [(image, place) for place, image in enumerate(train)]
    order += [(image, None) for image in val] + [(image, place) for place, image in enumerate(val)]
    for image, change in order[rows.done :]:
        if control.asked:
            rows.flush()
            control.check()
        picture = local.picture(image)
        if change is not None:
            picture = perturbed(picture, names[change % len(names)], _CHANGE_SEED + job.seed + change)
        rows.append(judge.look(picture).features)
        events.progress("features", rows.done, count)
    rows.flush()
    labels = [np.array([image.label for image in part] * 2, np.int64) for part in (train, val)]
    place = 2 * len(train)
    return Features(np.array(rows.rows[:place]), labels[0], np.array(rows.rows[place:]), labels[1])


@dataclass
class _State:
    """What a stopped adapting goes on from: the next epoch, the best head and its loss on the validation part."""

    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = math.inf
    kernel: list[float] = field(default_factory=list)
    bias: float = 0.0


@dataclass(frozen=True, eq=False)
class Adapted:
    """The new network file with its head, beside the old head, and everything that was learnt from."""

    network: bytes
    head: Head
    old: Head
    features: Features
    rehearsal: Rehearsal
    best_epoch: int


def has_best(folder_of_job: Path) -> bool:
    """Tell whether an epoch of adapting was finished in this job."""
    return (folder_of_job / _CHECKPOINT).is_file()


def adapt(
    job: Job, base: ModelPackage, local: LocalImages, events: Events, control: Control, finish: bool = False
) -> Adapted:
    """Return the base with another head: the one of the path from strong to weak pull that is best on the validation part.

    The old head itself takes part: where no other is better it stays. With ``finish`` nothing more is fitted.
    Raises Problem with ``not_adaptable`` or ``nothing_to_finish``.
    """
    found = head_of(base.network_bytes)
    if found is None or found.bias is None:
        raise Problem("not_adaptable", base.card.architecture)
    old = Head(found.kernel.ravel().astype(np.float64), float(found.bias[0]))
    events.tell("stage", stage="features")
    features = features_of(job, base, local, events, control)
    rehearsal = Rehearsal.of(base, features.train.shape[1])
    if not len(rehearsal.labels):
        events.tell("warning", code="no_rehearsal", sentence=no_rehearsal())
    events.tell("stage", stage="fitting")
    state = _fit(job, base, features, rehearsal, old, events, control, finish)
    head = Head(np.array(state.kernel), state.bias) if state.best_epoch else old
    network = with_head(base.network_bytes, head.kernel.astype(np.float32), head.bias)
    return Adapted(network, head, old, features, rehearsal, state.best_epoch)


def no_rehearsal() -> str:
    """Return the warning about a base without rehearsal features."""
    return tr(
        "The current model carries no features of the images it has learnt from, so it may forget them. "
        "Look at the comparison before you accept the new one."
    )


def _fit(
    job: Job,
    base: ModelPackage,
    features: Features,
    rehearsal: Rehearsal,
    old: Head,
    events: Events,
    control: Control,
    finish: bool,
) -> _State:
    keep = np.arange(len(rehearsal.labels)) % HELD_OUT != 0
    learn = _mixed(job, features.train, features.train_labels, rehearsal.part(keep), len(old.kernel))
    judge = _mixed(job, features.val, features.val_labels, rehearsal.part(~keep), len(old.kernel))
    epochs = int(job.epochs or 1)
    path = job.folder_of_job / _CHECKPOINT
    path.parent.mkdir(parents=True, exist_ok=True)
    key = [base.sha256, epochs, job.seed, job.class_weighting, len(learn.labels), len(judge.labels)]
    state = _restored(path, key)
    if state is None:
        state = _State(best_loss=judge.loss(old))
    elif state.epoch:
        events.tell("resumed", epoch=min(state.epoch + 1, epochs), step=state.epoch)
    if finish and not state.epoch:
        raise Problem("nothing_to_finish")
    if finish or _is_over(state, job, events):
        return state
    fitting = HeadFit(learn.features, learn.labels, learn.weights, old)
    pulls = np.geomspace(STRONGEST, WEAKEST, epochs)
    for done in range(state.epoch):  # each epoch starts from the one before: else a resumed run would end elsewhere
        fitting.fit(float(pulls[done]))
    while state.epoch < epochs:
        control.check()
        started = time.monotonic()
        head = fitting.fit(float(pulls[state.epoch]))
        loss = judge.loss(head)
        better = loss < state.best_loss
        state.epoch += 1
        if better:
            state.best_epoch, state.best_loss = state.epoch, loss
            state.kernel, state.bias = head.kernel.tolist(), head.bias
        write_json(path, {"key": key, "state": asdict(state)})
        seconds = max(time.monotonic() - started, 1e-6)
        told = {"epoch": state.epoch, "epochs": epochs, "loss": learn.loss(head), "accuracy": learn.accuracy(head)}
        events.tell(
            "step", **told, step=state.epoch, steps=epochs, images_per_second=len(learn.labels) / seconds,
            seconds_left=(epochs - state.epoch) * seconds, memory_mb=used_memory_mb(),
        )  # fmt: skip
        local = head.logits(features.val[:, -len(old.kernel) :])
        events.tell(
            "epoch", **told, val_loss=loss, val_accuracy=judge.accuracy(head), val_auc=auc(features.val_labels, local),
            learning_rate=0.0, best=better, seconds=seconds,
        )  # fmt: skip
        if _is_over(state, job, events):
            break
    return state


def _is_over(state: _State, job: Job, events: Events) -> bool:
    """Tell whether the validation part got no better for too long, and say so."""
    epochs = int(job.epochs or 1)
    over = bool(job.early_stopping) and state.epoch < epochs and state.epoch - state.best_epoch >= job.early_stopping
    if over:
        events.tell("early_stop", epoch=state.epoch, best_epoch=state.best_epoch)
    return over


@dataclass(frozen=True, eq=False)
class _Mixed:
    """Local and rehearsal images together: top features (n, C), labels (n,), weights (n,)."""

    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    weights: Values

    def loss(self, head: Head) -> float:
        return log_loss(head.logits(self.features), self.labels, self.weights)

    def accuracy(self, head: Head) -> float:
        right = (head.logits(self.features) >= 0) == (self.labels == 1)
        return float(self.weights @ right / self.weights.sum())


def _mixed(
    job: Job, features: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], rehearsal: Rehearsal, top: int
) -> _Mixed:
    images = len(labels) / 2
    worth = min(1.0, images / REHEARSAL_WORTH) if len(rehearsal.labels) else 1.0
    return _Mixed(
        np.concatenate((features[:, -top:], rehearsal.features[:, -top:])),
        np.concatenate((labels, rehearsal.labels)),
        np.concatenate((balanced_weights(labels, worth, job.class_weighting), balanced_weights(rehearsal.labels, 1.0))),
    )


def _restored(path: Path, key: list[Any]) -> _State | None:
    try:
        values = json.loads(path.read_text("utf-8"))
        return _State(**values["state"]) if values["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
