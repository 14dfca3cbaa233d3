"""What the trial of unseen looks counts: a refused film is wrong, and the shortcut is learnt from plain films alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.corpus import FIT, REPORT, Sample, read_grey

from .conftest import BENCH, bench_module

FILM = BENCH.parent / "tests" / "fixtures" / "person1_bacteria_1.jpeg"


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    with bench_module("unseen_look") as module:
        yield module


def _sample(seed: int, label: int, source: str = "kermany", part: str = REPORT, shade: float = 1.0) -> Sample:
    picture = (chest(seed, bool(label), (224, 224)) * shade).astype(np.uint8)
    return Sample(picture, label, source, str(seed), part, 1.0, Path())


def test_a_refused_film_is_as_wrong_as_can_be(bench: ModuleType) -> None:
    samples = [_sample(1, 1), _sample(2, 0), _sample(3, 1)]
    assert bench.refused_as_wrong(samples, [None, None, 0.7]).tolist() == [0.0, 1.0, 0.7]


def test_refusals_are_counted_by_label_and_part(bench: ModuleType) -> None:
    samples = [_sample(1, 1, "nih"), _sample(2, 0, "rsna_normal"), _sample(3, 0, "rsna_normal")]
    found = bench.by_part("adults", samples, np.array([1.0, 2.0, 0.0]), bench.refused_by_label)
    assert found == {
        "pneumonia": {"pneumonia": 1, "normal": 1, "by_distance": 1},
        "opacity": {"pneumonia": 0, "normal": 1, "by_distance": 1},
    }


def test_adults_are_ill_ones_of_the_nih_and_normals_of_the_rsna(bench: ModuleType) -> None:
    corpus = [
        _sample(1, 1),
        _sample(2, 1, "nih"),
        _sample(3, 0, "nih"),
        _sample(4, 0, "rsna_normal"),
        _sample(5, 1, "nih", FIT),
    ]
    found = bench.films(corpus, REPORT)
    assert [sample.group for sample in found["children"]] == ["1"]
    assert [sample.group for sample in found["adults"]] == ["2", "4"]


def test_the_shortcut_reads_the_look_and_not_the_lungs(bench: ModuleType) -> None:
    plain = [_sample(seed, label, shade=1.0 - 0.3 * label) for seed in range(8) for label in (0, 1)]
    turned = [_sample(seed, label, shade=0.7 + 0.3 * label) for seed in range(8) for label in (0, 1)]
    shortcut = bench.Shortcut(plain)
    assert shortcut.areas(plain, bench.looks([s.picture for s in plain]))[0] > 0.95
    assert shortcut.areas(turned, bench.looks([s.picture for s in turned]))[0] < 0.05


def test_the_program_reads_a_chest_and_refuses_noise(bench: ModuleType) -> None:
    package = ModelPackage.open(BENCH.parent / "models" / "bundled.pneumo")
    noise = np.random.default_rng(0).integers(0, 256, (224, 224), np.uint8)
    film, refused = bench.read_by(package, [read_grey(FILM), noise])
    assert film.score is not None and refused.score is None
    assert bench.refusals([film, refused])[0] == 0
    assert bench.refusals([film, refused])[1] > 0
