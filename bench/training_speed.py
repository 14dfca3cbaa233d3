"""An epoch of the training program against a bare Keras ``fit``, and adapting against fine-tuning.

    python bench/training_speed.py epoch [--architecture efficientnet_lite0] [--size 192] [--steps 30] [--rounds 3]
    python bench/training_speed.py adapt ../shared/data/kermany/train_224 --images 500 [--steps 10]

``epoch``: the same network, batch, optimiser and loss on arrays in memory, without augmentation or averaging in the
bare fit; with augmentation, averaging and events in ours. Both are compiled before the clock starts, and take turns.
``adapt``: what one pass over the images takes with each way. Adapting reads each image as often as it learns from it
(plain and three times changed), then fits its head for as many epochs; fine-tuning's pass is measured over some steps.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import partial
from pathlib import Path

import cv2
import keras
import numpy as np
from measuring import jpegs, machine, median, show

from pneumo_desktop import places
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.adapt import LOOKS, MILD, VIEWS, Features, Rehearsal, space_of, to_learn_in
from pneumo_desktop.training.augment import augment
from pneumo_desktop.training.corpus import FIT, Sample, read_grey
from pneumo_desktop.training.fit import FitSettings, fit, freeze_first_blocks
from pneumo_desktop.training.head import HeadFit, balanced_weights
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.networks import ARCHITECTURES, build
from pneumo_desktop.training.weights import network_of, norms_still

QUOTAS = {"bench:0": 1.0, "bench:1": 1.0}


def samples_of(pictures: list[np.ndarray], labels: list[int]) -> list[Sample]:
    """Return training samples of pictures in memory."""
    return [
        Sample(picture, label, "bench", str(place), FIT, 1.0, Path())
        for place, (picture, label) in enumerate(zip(pictures, labels, strict=True))
    ]


def ours(model: keras.Model, samples: list[Sample], settings: FitSettings) -> tuple[float, float]:
    """Return the seconds and the processor's seconds (all cores) of the second of two epochs."""
    seconds, processor = [], []

    def tell(event: dict[str, object]) -> None:
        if event["event"] == "epoch":
            seconds.append(float(str(event["seconds"])))
            processor.append(time.process_time())

    with tempfile.TemporaryDirectory() as folder:
        fit(model, samples, settings, Path(folder), tell)
    return seconds[-1], processor[-1] - processor[-2]


def bare(model: keras.Model, samples: list[Sample], settings: FitSettings) -> tuple[float, float]:
    """Return seconds and processor's seconds of the second epoch of a plain fit on arrays, with as many steps."""
    count = settings.batch * settings.steps_per_epoch
    chosen = [samples[place % len(samples)] for place in range(count)]
    pictures = np.stack([one.picture for one in chosen])[..., None].astype(np.float32) / np.float32(255)
    labels = np.array([[one.label] for one in chosen], np.float32)
    logit = keras.Model(model.input, model.output["logit"])
    logit.compile(
        keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay, global_clipnorm=1.0),
        keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=settings.label_smoothing),
    )
    logit.fit(pictures[: settings.batch], labels[: settings.batch], batch_size=settings.batch, epochs=1, verbose=0)
    started, busy = time.perf_counter(), time.process_time()
    logit.fit(pictures, labels, batch_size=settings.batch, epochs=1, verbose=0)
    return time.perf_counter() - started, time.process_time() - busy


def epoch(options: argparse.Namespace) -> None:
    """Measure both kinds of an epoch, in turns."""
    pictures = [squash(chest(seed, bool(seed % 2), (256, 256)), options.size) for seed in range(64)]
    samples = samples_of(pictures, [seed % 2 for seed in range(64)])
    frozen = 0 if options.architecture in ("compact", "classic") else options.frozen
    settings = FitSettings(
        architecture=options.architecture, size=options.size, epochs=2, steps_per_epoch=options.steps,
        batch=options.batch, frozen_blocks=frozen, quotas=QUOTAS,
    )  # fmt: skip
    ratios, times, processor = [], [], []
    for _ in range(options.rounds):
        model = build(options.architecture, options.size)
        freeze_first_blocks(model, frozen)
        plain, plain_busy = bare(model, samples, settings)
        own, own_busy = ours(build(options.architecture, options.size), samples, settings)
        processor.append(own_busy / plain_busy)
        ratios.append(own / plain)
        times.append((own, plain))
    show(
        f"One epoch of {options.steps} steps of {options.batch}, {options.architecture}, {options.size} px",
        [
            ("ours, with augmentation", median([own for own, _ in times]), "s"),
            ("bare Keras fit", median([plain for _, plain in times]), "s"),
            ("ratio", median(ratios), ""),
            ("ratio of processor time", median(processor), ""),
        ],
        frozen_blocks=frozen, rounds=options.rounds,
    )  # fmt: skip


def adapt(options: argparse.Namespace) -> None:
    """Measure a pass of adapting and of fine-tuning over the same images."""
    base = ModelPackage.open(options.model)
    paths = jpegs(options.folder, options.images)
    size = base.card.input_size
    pictures = [squash(read_grey(path), size) for path in paths]
    labels = np.array([int(path.parent.name == "PNEUMONIA") for path in paths])
    width = len(Judge(base).look(pictures[0]).features)
    rehearsal = Rehearsal.of(base, width)
    space = space_of(base, rehearsal.depths.shape[1], pictures[0])
    started, busy = time.perf_counter(), time.process_time()
    views = [
        *(partial(np.asarray, picture) for picture in pictures),
        *(partial(np.fliplr, picture) for picture in pictures),
        *(
            partial(augment, picture, size, MILD, np.random.default_rng((view, place)), pictures[place - 1])
            for view in range(LOOKS)
            for place, picture in enumerate(pictures)
        ),
    ]
    train = np.stack([output.features for output in space.judge.look_at_made(views)])
    looked = time.perf_counter() - started
    many = np.tile(labels, VIEWS)
    space = to_learn_in(base, space, Features(train, many, train[:0], many[:0], train[:0]))
    started = time.perf_counter()
    fitting = HeadFit(
        np.concatenate((train, space.known(rehearsal)))[:, space.learnt],
        np.concatenate((many, rehearsal.labels)),
        np.concatenate((balanced_weights(many, 1.0), balanced_weights(rehearsal.labels, 1.0))), space.start,
    )  # fmt: skip
    for pull in np.geomspace(3.0, 1e-3, options.epochs):
        fitting.fit(float(pull))
    fitted = time.perf_counter() - started
    adapting = time.process_time() - busy
    model = network_of(base)
    norms_still(model)
    settings = FitSettings(
        architecture=base.card.architecture, size=size, epochs=2, steps_per_epoch=options.steps, batch=16,
        frozen_blocks=0, norms_still=True, quotas=QUOTAS,
    )  # fmt: skip
    seconds, processor = ours(model, samples_of(pictures, labels.tolist()), settings)
    share = len(pictures) / (options.steps * 16)
    one_pass, one_pass_busy = seconds * share, processor * share
    show(
        f"Adapting and fine-tuning on {len(pictures)} images, {options.epochs} passes",
        [
            ("adapting: the features, once", looked, "s"),
            ("adapting: the head", fitted, "s"),
            ("adapting, all passes", looked + fitted, "s"),
            ("fine-tuning, one pass", one_pass, "s"),
            ("fine-tuning, all passes", one_pass * options.epochs, "s"),
            ("times faster", one_pass * options.epochs / (looked + fitted), ""),
            ("adapting, processor time", adapting, "s"),
            ("fine-tuning, all passes, processor time", one_pass_busy * options.epochs, "s"),
            ("times less processor time", one_pass_busy * options.epochs / adapting, ""),
        ],
        steps_measured=options.steps, learnt=len(space.learnt),
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("epoch")
    one.add_argument("--architecture", choices=sorted(ARCHITECTURES), default="efficientnet_lite0")
    one.add_argument("--size", type=int, default=192)
    one.add_argument("--batch", type=int, default=32)
    one.add_argument("--steps", type=int, default=30)
    one.add_argument("--frozen", type=int, default=FitSettings.frozen_blocks)
    one.add_argument("--rounds", type=int, default=3)
    two = commands.add_parser("adapt")
    two.add_argument("folder", type=Path)
    two.add_argument("--model", type=Path, default=places.bundled_model())
    two.add_argument("--images", type=int, default=500)
    two.add_argument("--epochs", type=int, default=12)
    two.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(machine())
    (epoch if options.command == "epoch" else adapt)(options)


if __name__ == "__main__":
    main()
