"""Mixing: films of a batch, weights of two points of one run, and of runs of several seeds."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.training.augment import Augmentation
from pneumo_desktop.training.average import level_populations, mean_weights
from pneumo_desktop.training.corpus import FIT, Sample, cell_weights
from pneumo_desktop.training.fit import AVERAGE, EARLIER, BalancedBatches, FitSettings, mixed_weights
from pneumo_desktop.training.networks import build


def test_films_are_mixed_with_their_labels_until_the_calm_end() -> None:
    """Black normal and white pneumonia films: a picture's mean is its label, mixed or not."""
    samples = [
        Sample(np.full((48, 48), 255 * label, np.uint8), label, "nih", f"{label}", FIT, 1.0, Path()) for label in (0, 1)
    ]
    settings = FitSettings(
        size=32, epochs=1, steps_per_epoch=4, batch=16, mixup=0.4, calm=0.5, quotas={"nih:0": 1, "nih:1": 1},
        augmentation=Augmentation(**{name: float(name == "crop_area") for name in asdict(Augmentation())}),
    )  # fmt: skip
    with BalancedBatches(samples, settings, 0, 4) as batches:
        mixed, _, calm, _ = (
            (pictures.mean((1, 2, 3)), labels[:, 0]) for pictures, labels in (batches.get() for _ in range(4))
        )
    np.testing.assert_allclose(*mixed, atol=1e-5)
    assert 0 < np.mean((mixed[1] > 0.01) & (mixed[1] < 0.99)) < 1
    assert set(calm[1]) == {0.0, 1.0}
    np.testing.assert_allclose(*calm, atol=1e-5)


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


def _sample(source: str, label: int) -> Sample:
    return Sample(np.zeros((1, 1), np.uint8), label, source, "", FIT, 1.0, Path())


def test_a_direction_in_the_head_brings_children_and_adults_onto_one_scale() -> None:
    model = build("compact", 32, 0.0)
    rng = np.random.default_rng(5)
    kernel, bias = model.get_layer("evidence").get_weights()

    def part() -> tuple[list[Sample], npt.NDArray[np.float32]]:
        """The first feature that the head sees tells the ill, the second the adults; the others nothing."""
        samples = [_sample(source, label) for source in ("kermany", "nih") for label in (0, 1)] * 60
        features = rng.normal(0, 0.4, (len(samples), kernel.size)).astype(np.float32)
        features[:, 0] += [sample.label for sample in samples]
        features[:, 1] += [3 * (sample.source == "nih") for sample in samples]
        of_the_gate = np.full((len(samples), 3), 9.0, np.float32)
        return samples, np.concatenate((of_the_gate, features), axis=1)

    fitting, choosing, unseen = part(), part(), part()
    kernel[:] = 0
    kernel[0, 0, :2, 0] = (1, 0.3)  # the head takes every adult for somewhat ill
    model.get_layer("evidence").set_weights([kernel, bias])

    def order() -> float:
        samples, features = unseen
        logits = features[:, 3:] @ model.get_layer("evidence").get_weights()[0].reshape(-1)
        return auc(np.array([sample.label for sample in samples]), logits)

    before = order()
    share = level_populations(model, fitting, choosing)
    assert share > 0
    assert order() > before + 0.04


def test_the_direction_cannot_learn_how_common_pneumonia_is_in_a_hospital() -> None:
    samples = [_sample("kermany", 1)] * 8 + [_sample("kermany", 0)] * 2 + [_sample("nih", 1)] + [_sample("nih", 0)] * 5
    samples += [_sample("rsna_normal", 0)] * 5
    weights = cell_weights(samples)
    ill = np.array([s.label for s in samples], bool)
    young = np.array([s.source == "kermany" for s in samples])
    for population in (young, ~young):
        for disease in (ill, ~ill):
            np.testing.assert_allclose(weights[population & disease].sum(), 1.0)
