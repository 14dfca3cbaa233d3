"""Adapting the current model: its evidence anew, on features of the clinic's images and of the rehearsal. No TensorFlow.

Every weight below the evidence stays as it is, so the features, and the gate on them, stay too. Where the package carries
what its rehearsal looks like in the blocks below the top, the evidence is taken from there (``depths``): the top of a
network that has seen one population no longer holds what another one needs. Else the last layer learns. It does so too
where the old evidence already tells the clinic's images apart: then the top holds more than the blocks, and what the old
evidence takes from these stays.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.augment import Augmentation, augment
from pneumo_desktop.training.cache import Rows, write_json
from pneumo_desktop.training.computer import used_memory_mb
from pneumo_desktop.training.control import Control
from pneumo_desktop.training.depths import terms_of, with_depth_features, with_terms
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.head import Head, HeadFit, Values
from pneumo_desktop.training.job import Job
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.litert_file import head_of, with_head
from pneumo_desktop.training.local import LocalImages
from pneumo_desktop.training.mixed import Mix
from pneumo_desktop.training.perturb import CHANGES, perturbed
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.rehearsal import Rehearsal
from pneumo_desktop.words import tr

STRONGEST, WEAKEST = 3.0, 1e-3
"""The pull towards the old head, from the first epoch to the last."""

HELD_OUT = 5
"""Every fifth rehearsal image is not learnt from: it tells whether the old population is kept. So many folds there are."""

_AT_ONCE = 2
"""So many heads of the cross-fit are fitted at once: each takes memory for what it learns from."""

LOOKS = 2
"""So many copies of each image to learn from are changed mildly and borrow the look of another, beside it and its mirror image."""

VIEWS = 2 + LOOKS

MILD = Augmentation(
    crop_area=0.75, aspect=0.1, rotation_degrees=6.0, gamma=0.25, contrast=0.2, brightness=0.08, equalise=0.1, cut_out=0.0,
    borrow=0.7,
)  # fmt: skip
"""How the copies that borrow a look are changed besides."""

KNOWS = 0.8
"""With this area under the curve on the clinic's images the old evidence is adapted: as much as new evidence from the blocks
reaches in a population that the network has not seen, with a few hundred images (docs/decisions.md, cross-fitted)."""

_CHANGE_SEED, _LOOK_SEED = 7000, 7001
_CHUNK = 32
_CHECKPOINT = Path("checkpoint", "head.json")


@dataclass(frozen=True, eq=False)
class Features:
    """Features (n, F), in a deep space with the depths behind them, (n, F + E): plain images first, then the same changed.

    The training part has ``VIEWS`` of each image: plain, mirrored, and ``LOOKS`` with a borrowed look. The validation part
    has two, plain and perturbed; the test part one, by which its images are known where the rehearsal has them.
    """

    train: npt.NDArray[np.float32]
    train_labels: npt.NDArray[np.int64]
    val: npt.NDArray[np.float32]
    val_labels: npt.NDArray[np.int64]
    test: npt.NDArray[np.float32]

    @property
    def plain(self) -> npt.NDArray[np.float32]:
        """The features of all images as they are."""
        return np.concatenate((self.train[: len(self.train) // VIEWS], self.val[: len(self.val) // 2], self.test))

    def area_of(self, head: Head) -> float:
        """Return the area under the curve of a head on the images to learn from, as they are."""
        count = len(self.train) // VIEWS
        return auc(self.train_labels[:count], head.logits(self.train[:count]))


@dataclass(frozen=True, eq=False)
class Space:
    """Which of the features the evidence is made of. All heads are over all F + E of them.

    judge: reads them. width: F, what the gate sees. old: the head that is there. learnt: those whose weights are learnt.
    places: block -> its numbers, where the head has evidence from the blocks. fresh: nothing of the old head is kept.
    """

    judge: Judge
    width: int
    old: Head
    learnt: slice
    places: Mapping[int, slice]
    fresh: bool

    @property
    def start(self) -> Head:
        """What a new head is pulled towards: the old one, or where it is a fresh one none at all."""
        return Head(0.0 * self.old.kernel, 0.0) if self.fresh else self.old

    def known(self, rehearsal: Rehearsal) -> npt.NDArray[np.float32]:
        """Return the rehearsal's features, as many as the heads have."""
        return rehearsal.full[:, : len(self.old.kernel)]

    def written(self, network: bytes, head: Head) -> bytes:
        """Return the network file with another head."""
        top = head_of(network)
        assert top is not None
        kernel = head.kernel.astype(np.float32)
        network = with_head(network, kernel[self.width - top.kernel.size : self.width], head.bias)
        return with_terms(network, {block: kernel[at] for block, at in self.places.items()}) if self.places else network


def space_of(base: ModelPackage, rehearsal_depths: int, picture: npt.NDArray[np.uint8]) -> Space:
    """Return the space that a package can be adapted in; ``rehearsal_depths``: E of its rehearsal.

    Raises Problem(code='not_adaptable').
    """
    top, terms = head_of(base.network_bytes), terms_of(base.network_bytes)
    deep = with_depth_features(base.network_bytes) if rehearsal_depths else None
    if deep is not None and sum(deep.widths.values()) != rehearsal_depths:
        deep = None
    if top is None or top.bias is None or (terms and deep is None):
        raise Problem("not_adaptable", base.card.architecture)
    judge = Judge(base if deep is None else unwritten(base.card, deep.network))
    count = len(judge.look(picture).features)
    width = count - (rehearsal_depths if deep is not None else 0)
    places: dict[int, slice] = {}
    if deep is not None:
        first = width
        for block, own in deep.widths.items():
            places[block] = slice(first, first + own)
            first += own
    kernel = np.zeros(count)
    kernel[width - top.kernel.size : width] = top.kernel.ravel()
    for block, term in terms.items():
        if block not in places or places[block].stop - places[block].start != term.size:
            raise Problem("not_adaptable", base.card.architecture)
        kernel[places[block]] = term
    learnt = slice(width, count) if places else slice(width - top.kernel.size, width)
    return Space(judge, width, Head(kernel, float(top.bias[0])), learnt, places, fresh=bool(places))


def last_layer_of(base: ModelPackage, space: Space) -> Space:
    """Return the space in which the last layer learns from the old one; what the base takes from its blocks stays."""
    top = head_of(base.network_bytes)
    assert top is not None
    places = {block: space.places[block] for block in terms_of(base.network_bytes)}
    return replace(space, learnt=slice(space.width - top.kernel.size, space.width), places=places, fresh=False)


def to_learn_in(base: ModelPackage, space: Space, features: Features) -> Space:
    """Return the space whose evidence is learnt: the last layer's where the old head tells the clinic's images apart."""
    return last_layer_of(base, space) if space.fresh and features.area_of(space.old) >= KNOWS else space


def features_of(
    job: Job, base: ModelPackage, space: Space, local: LocalImages, events: Events, control: Control
) -> Features:
    """Return the features, plain and changed; what was computed before a crash is not computed again."""
    train, val, test = (local.part(name) for name in ("train", "val", "test"))
    width = len(space.old.kernel)
    count = VIEWS * len(train) + 2 * len(val) + len(test)
    key = f"{base.sha256} {local.fingerprint} {job.seed} {VIEWS} views, one mirrored"
    rows = Rows(job.folder_of_job / "cache", "features", key, count, (width,), np.float32)
    names, size = list(CHANGES), int(job.size or 0)

    def to_learn(place: int, view: int) -> npt.NDArray[np.uint8]:
        picture = local.picture(train[place])
        if view < 2:
            return picture[:, ::-1] if view else picture
        rng = np.random.default_rng((_LOOK_SEED, job.seed, place, view))
        return augment(picture, size, MILD, rng, local.picture(train[int(rng.integers(len(train)))]))

    def to_judge(place: int, view: int) -> npt.NDArray[np.uint8]:
        picture = local.picture(val[place])
        return perturbed(picture, names[place % len(names)], _CHANGE_SEED + job.seed + place) if view else picture

    order = [partial(to_learn, place, view) for view in range(VIEWS) for place in range(len(train))]
    order += [partial(to_judge, place, view) for view in range(2) for place in range(len(val))]
    order += [partial(local.picture, image) for image in test]
    with space.judge as judge:
        for first in range(rows.done, count, _CHUNK):
            if control.asked:
                rows.flush()
                control.check()
            for output in judge.look_at_made(order[first : first + _CHUNK]):
                rows.append(output.features)
            events.progress("features", rows.done, count)
    rows.flush()
    starts = (VIEWS * len(train), VIEWS * len(train) + 2 * len(val))
    learn, judged, tested = (np.array(part) for part in np.split(rows.rows, starts))
    train_labels = np.array([image.label for image in train] * VIEWS, np.int64)
    val_labels = np.array([image.label for image in val] * 2, np.int64)
    return Features(learn, train_labels, judged, val_labels, tested)


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
    """The new network file with its head, beside the old head, and everything that was learnt from.

    known: logits (n,) of the rehearsal, none by a head that was fitted on the image (``cross_fitted``).
    """

    network: bytes
    head: Head
    space: Space
    features: Features
    rehearsal: Rehearsal
    known: Values
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
    picture = local.picture(local.images[0])
    rehearsal = Rehearsal.of(base, len(Judge(base).look(picture).features))
    space = space_of(base, rehearsal.depths.shape[1], picture)
    events.tell("stage", stage="features")
    features = features_of(job, base, space, local, events, control)
    rehearsal = rehearsal.without(features.plain[:, : space.width]).supported()
    if not len(rehearsal.labels):
        events.tell("warning", code="no_rehearsal", sentence=no_rehearsal())
    space = to_learn_in(base, space, features)
    events.tell("stage", stage="fitting")
    state = _fit(job, base, space, features, rehearsal, events, control, finish)
    if not state.best_epoch:
        known = space.old.logits(space.known(rehearsal))
        return Adapted(base.network_bytes, space.old, space, features, rehearsal, known, 0)
    head = Head(np.array(state.kernel), state.bias)
    pull = float(_pulls(job)[state.best_epoch - 1])
    known = cross_fitted(space, features, _mix(job, space, rehearsal), head, pull, control)
    network = space.written(base.network_bytes, head)
    return Adapted(network, head, space, features, rehearsal, known, state.best_epoch)


def cross_fitted(
    space: Space, features: Features, mix: Mix, head: Head, pull: float, control: Control
) -> npt.NDArray[np.float64]:
    """Return the logits (n,) of the rehearsal, each by a head that was not fitted on that image.

    ``head`` was fitted without every fifth of them and answers for those; each other fifth gets a head of its own,
    fitted at the same ``pull`` without it.
    """
    fold = np.arange(len(mix.known_labels)) % HELD_OUT
    logits = head.logits(mix.known)

    def without(place: int) -> Values:
        control.check()
        learn = mix.of(features.train, features.train_labels, VIEWS, fold != place)
        own = HeadFit(learn.features, learn.labels, learn.weights, space.start, space.learnt).fit(pull)
        return own.logits(mix.known[fold == place])

    others = range(1, HELD_OUT if len(fold) else 0)
    with ThreadPoolExecutor(_AT_ONCE, "cross-fit") as pool:
        for place, own in zip(others, pool.map(without, others), strict=True):
            logits[fold == place] = own
    return logits


def _mix(job: Job, space: Space, rehearsal: Rehearsal) -> Mix:
    return Mix(space.known(rehearsal), rehearsal.labels, space.fresh, job.class_weighting)


def _pulls(job: Job) -> Values:
    """Return the pull of each epoch."""
    return np.geomspace(STRONGEST, WEAKEST, int(job.epochs or 1))


def no_rehearsal() -> str:
    """Return the warning about a base without rehearsal features."""
    return tr(
        "The current model carries no features of other images that it has learnt from, so it may forget them. "
        "Look at the comparison before you accept the new one."
    )


def _fit(
    job: Job,
    base: ModelPackage,
    space: Space,
    features: Features,
    rehearsal: Rehearsal,
    events: Events,
    control: Control,
    finish: bool,
) -> _State:
    keep, mix = np.arange(len(rehearsal.labels)) % HELD_OUT != 0, _mix(job, space, rehearsal)
    learn = mix.of(features.train, features.train_labels, VIEWS, keep)
    judge = mix.of(features.val, features.val_labels, 2, ~keep)
    epochs = int(job.epochs or 1)
    path = job.folder_of_job / _CHECKPOINT
    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = [space.learnt.start, space.learnt.stop, len(space.old.kernel)]
    key = [base.sha256, epochs, job.seed, job.class_weighting, len(learn.labels), len(judge.labels), *numbers]
    state = _restored(path, key)
    if state is None:
        state = _State(best_loss=judge.loss(space.old))
    elif state.epoch:
        events.tell("resumed", epoch=min(state.epoch + 1, epochs), step=state.epoch, learnt=state.epoch)
    if finish and not state.epoch:
        raise Problem("nothing_to_finish")
    if finish or _is_over(state, job, events):
        return state
    fitting = HeadFit(learn.features, learn.labels, learn.weights, space.start, space.learnt)
    pulls = _pulls(job)
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
        seconds = max(time.monotonic() - started, 1e-6)
        told = {"epoch": state.epoch, "epochs": epochs, "loss": learn.loss(head), "accuracy": learn.accuracy(head)}
        events.tell(
            "step", **told, step=state.epoch, steps=epochs, images_per_second=len(learn.labels) / seconds,
            seconds_left=(epochs - state.epoch) * seconds, memory_mb=used_memory_mb(),
        )  # fmt: skip
        local_auc = auc(features.val_labels, head.logits(features.val))
        write_json(path, {"key": key, "state": asdict(state)})
        events.tell(
            "epoch", **told, val_loss=loss, val_accuracy=judge.accuracy(head), val_auc=local_auc,
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


def _restored(path: Path, key: list[Any]) -> _State | None:
    try:
        values = json.loads(path.read_text("utf-8"))
        return _State(**values["state"]) if values["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
