"""An epoch of the training program against a bare Keras ``fit``, and adapting against fine-tuning.

    python bench/training_speed.py epoch [--architecture efficientnet_lite0] [--size 192] [--steps 30] [--rounds 3]
    python bench/training_speed.py adapt ../shared/data/kermany/train_224 --images 500 [--steps 10]

``epoch``: the same network, batch, optimiser and loss on arrays in memory, without augmentation or averaging in the
bare fit; with augmentation, averaging and events in ours. Both are compiled before the clock starts, and take turns.
``adapt``: what one pass over the images takes with each way. Adapting is the program's own, from the features of all
parts to the heads that judge the rehearsal without having seen it (none where ``best_epoch`` is 0: the old head stays);
fine-tuning's pass is measured over some steps, and what it takes to validate is left out.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from pathlib import Path

import cv2
import keras
import numpy as np
from measuring import jpegs, machine, median, show

from pneumo_desktop import places
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training import adapt as adapting
from pneumo_desktop.training.adapt import Adapted
from pneumo_desktop.training.control import Control
from pneumo_desktop.training.corpus import FIT, Sample, read_grey
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.fit import FitSettings, fit, freeze_first_blocks
from pneumo_desktop.training.job import Job
from pneumo_desktop.training.local import LocalImage, LocalImages
from pneumo_desktop.training.networks import ARCHITECTURES, build
from pneumo_desktop.training.split import SHARES
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


def dealt(paths: list[Path], learnt_from: int, size: int) -> LocalImages:
    """Return the images prepared and dealt: ``learnt_from`` to learn from, the others to choose by and to test."""
    pictures = np.stack([squash(read_grey(path), size) for path in paths])
    half = (learnt_from + len(paths)) // 2
    parts = ["train"] * learnt_from + ["val"] * (half - learnt_from) + ["test"] * (len(paths) - half)
    parts = [parts[place] for place in np.random.default_rng(1).permutation(len(paths))]
    images = [
        LocalImage(
            row, path.name, str(path), None, 0, int(path.parent.name == "PNEUMONIA"), parts[row], path.name, str(row),
            None,
        )
        for row, path in enumerate(paths)
    ]  # fmt: skip
    return LocalImages(tuple(images), pictures)


class Stages(Events):
    """Keeps when each stage began, and writes nothing."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.began: dict[str, float] = {}

    def tell(self, event: str, **values: object) -> None:
        if event == "stage":
            self.began[str(values["stage"])] = time.perf_counter()


def adapting_of(base: ModelPackage, local: LocalImages, epochs: int) -> tuple[Adapted, float, float, float]:
    """Adapt as the program does, every epoch; return its answer, and the seconds of the features, the heads, the processor."""
    with tempfile.TemporaryDirectory() as folder:
        job = Job(Path(), Path(), Path(folder), epochs=epochs, early_stopping=0).with_defaults(base.card.input_size)
        stages = Stages()
        started, busy = time.perf_counter(), time.process_time()
        adapted = adapting.adapt(job, base, local, stages, Control(lambda _why: None))
        ended, fitting = time.perf_counter(), stages.began["fitting"]
        return adapted, fitting - started, ended - fitting, time.process_time() - busy


def adapt(options: argparse.Namespace) -> None:
    """Measure a pass of adapting and of fine-tuning over the same images."""
    base = ModelPackage.open(options.model)
    size = base.card.input_size
    local = dealt(jpegs(options.folder, round(options.images / SHARES[0])), options.images, size)
    adapted, looked, fitted, adapting_busy = adapting_of(base, local, options.epochs)
    learnt_from = local.part("train")
    samples = samples_of([local.picture(image) for image in learnt_from], [image.label for image in learnt_from])
    model = network_of(base)
    norms_still(model)
    settings = FitSettings(
        architecture=base.card.architecture, size=size, epochs=2, steps_per_epoch=options.steps, batch=16,
        frozen_blocks=0, norms_still=True, quotas=QUOTAS,
    )  # fmt: skip
    seconds, processor = ours(model, samples, settings)
    share = len(samples) / (options.steps * 16)
    one_pass, one_pass_busy = seconds * share, processor * share
    show(
        f"Adapting and fine-tuning on {len(samples)} images, {options.epochs} passes",
        [
            ("adapting: the features, once", looked, "s"),
            ("adapting: the heads", fitted, "s"),
            ("adapting, all passes", looked + fitted, "s"),
            ("fine-tuning, one pass", one_pass, "s"),
            ("fine-tuning, all passes", one_pass * options.epochs, "s"),
            ("times faster", one_pass * options.epochs / (looked + fitted), ""),
            ("adapting, processor time", adapting_busy, "s"),
            ("fine-tuning, all passes, processor time", one_pass_busy * options.epochs, "s"),
            ("times less processor time", one_pass_busy * options.epochs / adapting_busy, ""),
        ],
        steps_measured=options.steps, learnt=adapted.space.learnt.stop - adapted.space.learnt.start, best_epoch=adapted.best_epoch,
        rehearsal=len(adapted.rehearsal.labels),
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
    two.add_argument(
        "--images", type=int, default=500, help="to learn from; others of the folder are chosen and tested by"
    )
    two.add_argument("--epochs", type=int, default=12)
    two.add_argument("--steps", type=int, default=10)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    print(machine())
    (epoch if options.command == "epoch" else adapt)(options)


if __name__ == "__main__":
    main()
