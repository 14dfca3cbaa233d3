"""The recipe of the bundled model, from the data folder to a trained network: ``python -m pneumo_desktop.training.bundled``."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.opencv import cv2
from pneumo_desktop.training.augment import Augmentation
from pneumo_desktop.training.choose_part import ChoosePart
from pneumo_desktop.training.corpus import ADULT_NORMALS, FIT, Sample, load_corpus, pixels_fingerprint
from pneumo_desktop.training.fit import FINAL, FitSettings, fit, load_weights, mixed_weights, save_weights
from pneumo_desktop.training.learnt_from import LearntFrom
from pneumo_desktop.training.networks import ARCHITECTURES, EFFICIENTNET_LITE, build, start_from_imagenet
from pneumo_desktop.training.pretrain import WEIGHTS, Pretraining
from pneumo_desktop.training.torch_weights import imagenet_file, read_state


def logits(model: keras.Model, pictures: Sequence[npt.NDArray[np.uint8]], size: int) -> npt.NDArray[np.float32]:
    """Return the logits (n,) of ``pictures`` (H, W) uint8, looked at with ``size`` pixels a side."""
    batch = np.stack([squash(picture, size) for picture in pictures])[..., None].astype(np.float32) / 255.0
    return np.asarray(model.predict(batch, batch_size=64, verbose=0)["logit"])[:, 0]


def pretraining_of(
    start: Path, architecture: str, samples: Sequence[Sample], left_out: Sequence[str]
) -> dict[str, Any]:
    """Return what the card says of the pretraining in the folder ``start``: settings, films seen, hash of the weights.

    Its input may have another size, the networks are convolutional. Raises SystemExit where it is of another architecture,
    has seen films of a source that is left out, or others than those of the fit part among ``samples``.
    """
    pretraining = Pretraining.read(start)
    if pretraining.settings["architecture"] != architecture:
        raise SystemExit(f"{start} has pretrained {pretraining.settings['architecture']}, not {architecture}")
    seen = [source for source in left_out if source not in pretraining.left_out]
    if seen:
        raise SystemExit(f"{start} has been pretrained on films that are left out here: {', '.join(seen)}")
    could = [s for s in samples if s.part == FIT and s.source not in pretraining.left_out]
    if pixels_fingerprint(could) != pretraining.fingerprint:
        raise SystemExit(f"{start} has been pretrained on other films than those that are learnt from here")
    weights = hashlib.sha256((start / WEIGHTS).read_bytes()).hexdigest()
    return {**pretraining.settings, "fingerprint": pretraining.fingerprint, "weights": weights}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=FitSettings.epochs)
    parser.add_argument("--steps", type=int, default=FitSettings.steps_per_epoch)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--architecture", choices=sorted(ARCHITECTURES), default=FitSettings.architecture)
    parser.add_argument("--frozen-blocks", type=int, default=FitSettings.frozen_blocks)
    parser.add_argument("--averaging", type=float, default=FitSettings.averaging)
    parser.add_argument("--learning-rate", type=float, default=FitSettings.learning_rate)
    parser.add_argument("--calm", type=float, default=0.3, help="share of the steps with augmentation at half strength")
    parser.add_argument(
        "--mixed-epoch",
        type=int,
        default=4,
        help="a quarter of the final weights are those after this epoch (0: none)",
    )
    parser.add_argument("--mixup", type=float, default=FitSettings.mixup, help="of the Beta distribution (0: none)")
    parser.add_argument("--size", type=int, default=FitSettings.size, help="pixels a side")
    parser.add_argument("--borrow", type=float, default=Augmentation.borrow, help="share of films with another's look")
    parser.add_argument(
        "--surroundings",
        type=float,
        default=Augmentation.surroundings,
        help="share of films with a blur or another film around the lungs",
    )
    parser.add_argument(
        "--start", type=Path, help="a folder of training.pretrain to go on from instead of ImageNet's weights"
    )
    parser.add_argument("--as-mined", action="store_true", help="learn from the NIH's labels as they were mined")
    parser.add_argument("--without-rsna", action="store_true", help="leave out the RSNA normals (academic use only)")
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    settings = FitSettings(
        architecture=chosen.architecture, epochs=chosen.epochs, steps_per_epoch=chosen.steps,
        seed=chosen.seed, frozen_blocks=chosen.frozen_blocks, learning_rate=chosen.learning_rate,
        averaging=chosen.averaging, calm=chosen.calm, mixup=chosen.mixup, size=chosen.size,
        augmentation=Augmentation(borrow=chosen.borrow, surroundings=chosen.surroundings),
        mixed_epoch=chosen.mixed_epoch if chosen.mixed_epoch < chosen.epochs else 0,
    )  # fmt: skip
    samples = load_corpus(chosen.data)
    left_out = (ADULT_NORMALS,) if chosen.without_rsna else ()
    fitting = [sample for sample in samples if sample.part == FIT and sample.source not in left_out]
    if chosen.as_mined:
        fitting = [replace(sample, weight=1.0) for sample in fitting]
    pretraining = pretraining_of(chosen.start, settings.architecture, samples, left_out) if chosen.start else {}
    learnt = LearntFrom.of(fitting, left_out, chosen.as_mined, pretraining)
    if learnt.differs(chosen.run):
        parser.error(f"{chosen.run} was begun with other images, labels or starting weights: name another folder")
    model = build(settings.architecture, settings.size, settings.dropout)
    if chosen.start:
        load_weights(chosen.start / WEIGHTS, model)
    elif settings.architecture in EFFICIENTNET_LITE:
        weights = imagenet_file(settings.architecture)
        if weights is None:
            parser.error(f"the package of the ImageNet weights of {settings.architecture} is not installed")
        start_from_imagenet(model, read_state(weights))
    chosen.run.mkdir(parents=True, exist_ok=True)
    learnt.write(chosen.run)

    part = ChoosePart.of(samples, settings.size)

    def validate(network: keras.Model) -> dict[str, float]:
        return part.figures(logits(network, part.pictures, settings.size))

    def tell(event: dict[str, Any]) -> None:
        print(json.dumps(event), flush=True)

    fit(model, fitting, settings, chosen.run, tell, validate)
    model.set_weights(mixed_weights(chosen.run, settings))
    save_weights(chosen.run / FINAL, model)
    tell({"event": "final", **validate(model)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
