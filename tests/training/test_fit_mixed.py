"""Weights mixed: of two points of one run, and of runs of several seeds."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from pneumo_desktop.training.corpus import FIT, Sample
from pneumo_desktop.training.fit import AVERAGE, EARLIER, FitSettings, mean_weights, mixed_weights, renew_norms
from pneumo_desktop.training.networks import build


def test_a_share_of_the_earlier_weights_is_mixed_in(tmp_path: Path) -> None:
    last = [np.full((2, 3), 4.0, np.float32), np.array([8.0], np.float32)]
    earlier = [np.zeros((2, 3), np.float32), np.array([4.0], np.float32)]
    for name, weights in ((AVERAGE, last), (EARLIER, earlier)):
        np.savez(tmp_path / name, **{f"arr_{place}": weight for place, weight in enumerate(weights)})
    mixed = mixed_weights(tmp_path, FitSettings(mixed_epoch=4, mixed_share=0.25))
    np.testing.assert_allclose(mixed[0], 3.0)
    np.testing.assert_allclose(mixed[1], 7.0)
    np.testing.assert_array_equal(mixed_weights(tmp_path, FitSettings())[0], last[0])


def test_runs_of_several_seeds_are_averaged(tmp_path: Path) -> None:
    for place, value in enumerate((1.0, 2.0, 6.0)):
        np.savez(tmp_path / f"{place}.npz", arr_0=np.full((2, 3), value, np.float32), arr_1=np.float32([value * 2]))
    mean = mean_weights([tmp_path / f"{place}.npz" for place in range(3)])
    np.testing.assert_allclose(mean[0], np.full((2, 3), 3.0))
    np.testing.assert_allclose(mean[1], [6.0])
    assert {weights.dtype for weights in mean} == {np.dtype(np.float32)}


def test_the_norms_of_mean_weights_are_set_anew_from_images() -> None:
    model = build("compact", 32, 0.0)
    rng = np.random.default_rng(5)
    samples = [
        Sample(
            rng.integers(0, 256, (40, 40), dtype=np.uint8), label, "kermany", str(place), FIT, 1.0, Path(f"{place}.png")
        )
        for place, label in enumerate((0, 1) * 6)
    ]
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before, momentum = [norm.moving_mean.numpy() for norm in norms], norms[0].momentum
    kernels = [weight.numpy() for weight in model.trainable_weights]
    renew_norms(model, samples, FitSettings(architecture="compact", size=32, batch=4, frozen_blocks=0), batches=3)
    assert all(np.abs(norm.moving_mean.numpy() - old).max() > 1e-4 for norm, old in zip(norms, before, strict=True))
    for weight, old in zip(model.trainable_weights, kernels, strict=True):
        np.testing.assert_array_equal(weight.numpy(), old)
    assert norms[0].momentum == momentum
