"""A second head over the top and the blocks, and the mean of both in the LiteRT file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop import places
from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.corpus import Sample
from pneumo_desktop.training.depths import terms_of, with_depth_features
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.litert_file import head_of, with_head
from pneumo_desktop.training.second_head import stretched, with_second_head

from .blocks import without_terms

PICTURES = [chest(700 + number, bool(number % 2)) for number in range(8)]


def film(number: int) -> Sample:
    """One of the four kinds of films, in turn: ill and well children and adults."""
    ill, source = number % 2, ("kermany", "nih")[number // 2 % 2]
    return Sample(chest(100 + number, bool(ill)), ill, source, f"patient{number}", "fit", 1.0, Path(f"{number}.png"))


SAMPLES = [film(number) for number in range(24)]


@pytest.fixture(scope="module")
def package() -> ModelPackage:
    return without_terms(ModelPackage.open(places.bundled_model()))


@pytest.fixture(scope="module")
def network(package: ModelPackage) -> bytes:
    return with_second_head(package.card, package.network_bytes, SAMPLES)


def test_what_the_network_says_is_the_mean_of_two_heads_of_one_spread(package: ModelPackage, network: bytes) -> None:
    deep = with_depth_features(package.network_bytes)
    first, both = head_of(package.network_bytes), head_of(network)
    assert (
        deep is not None and first is not None and both is not None and first.bias is not None and both.bias is not None
    )
    blocks = np.concatenate(list(terms_of(network).values()))
    assert np.abs(blocks).max() > 0

    looked = Judge(unwritten(package.card, deep.network)).features([*(s.picture for s in SAMPLES), *PICTURES])
    width = first.kernel.size
    seen = looked[:, -(width + blocks.size) :].astype(np.float64)
    old = seen[:, :width] @ first.kernel.ravel() + first.bias
    new = 2 * (seen @ np.concatenate((both.kernel.ravel(), blocks)) + both.bias) - old
    assert new[: len(SAMPLES)].std() == pytest.approx(old[: len(SAMPLES)].std(), rel=1e-3)

    own = Judge(unwritten(package.card, network)).look_at_all(PICTURES)
    np.testing.assert_allclose([o.logit for o in own], (old + new)[len(SAMPLES) :] / 2, atol=1e-3)
    np.testing.assert_allclose([o.map.mean() for o in own], [o.logit for o in own], atol=1e-4)
    before = Judge(package).features(PICTURES)
    np.testing.assert_allclose([o.features for o in own], before, rtol=1e-5, atol=1e-5)


def test_films_that_the_first_head_takes_for_alike_are_told_apart(package: ModelPackage) -> None:
    first = head_of(package.network_bytes)
    assert first is not None
    drawn = np.random.default_rng(3).normal(size=first.kernel.size).astype(np.float32) / 30
    network = with_head(package.network_bytes, drawn, 0.0)
    unseen = [film(number) for number in range(60, 92)]
    labels, pictures = [s.label for s in unseen], [s.picture for s in unseen]
    before = auc(labels, Judge(unwritten(package.card, network)).logits(pictures))
    network = with_second_head(package.card, network, SAMPLES)
    after = auc(labels, Judge(unwritten(package.card, network)).logits(pictures))
    assert after > before + 0.2


def test_a_network_without_such_blocks_or_with_evidence_from_them_stays(
    package: ModelPackage, network: bytes, tiny_model: Path
) -> None:
    tiny = ModelPackage.open(tiny_model)
    assert with_second_head(tiny.card, tiny.network_bytes, SAMPLES) == tiny.network_bytes
    assert with_second_head(package.card, network, SAMPLES) == network


def test_stretched_logits_and_maps_keep_their_order(package: ModelPackage, network: bytes) -> None:
    before = Judge(unwritten(package.card, network)).look_at_all(PICTURES)
    after = Judge(unwritten(package.card, stretched(network, 1.5))).look_at_all(PICTURES)
    for old, new in zip(before, after, strict=True):
        assert new.logit == pytest.approx(1.5 * old.logit, abs=1e-4)
        np.testing.assert_allclose(new.map, 1.5 * old.map, atol=1e-3)
        np.testing.assert_array_equal(new.features, old.features)
