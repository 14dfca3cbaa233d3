"""Evidence from below the top: read from a LiteRT file, written into it, adapted with, and built again as a Keras network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop import places
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.training.adapt import space_of
from pneumo_desktop.training.depths import terms_of, with_depth_features, with_terms
from pneumo_desktop.training.head import Head
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.rehearsal import Rehearsal
from pneumo_desktop.training.weights import network_of

from .blocks import without_terms

PICTURES = [chest(seed, bool(seed % 2)) for seed in range(3)]


@pytest.fixture(scope="module")
def bundled() -> ModelPackage:
    return without_terms(ModelPackage.open(places.bundled_model()))


def _deep(bundled: ModelPackage, path: Path, columns: int) -> ModelPackage:
    """The bundled model with depths of its rehearsal, drawn by chance."""
    count = len(bundled.arrays["rehearsal_labels"])
    depths = np.random.default_rng(0).normal(size=(count, columns)).astype(np.float16)
    write_package(
        path, bundled.card, bundled.network_bytes, {**bundled.arrays, "rehearsal_depths": depths}, bundled.reference
    )
    return ModelPackage.open(path)


def test_the_depths_come_behind_the_same_features(bundled: ModelPackage) -> None:
    deep = with_depth_features(bundled.network_bytes)
    assert deep is not None
    plain, more = Judge(bundled), Judge(unwritten(bundled.card, deep.network))
    for picture in PICTURES:
        one, other = plain.look(picture), more.look(picture)
        assert len(other.features) == len(one.features) + sum(deep.widths.values())
        np.testing.assert_array_equal(other.features[: len(one.features)], one.features)
        assert other.logit == one.logit


def test_evidence_from_the_blocks_is_in_the_map_and_the_logit(bundled: ModelPackage) -> None:
    deep = with_depth_features(bundled.network_bytes)
    assert deep is not None
    reads, width = Judge(unwritten(bundled.card, deep.network)), len(Judge(bundled).look(PICTURES[0]).features)
    rng = np.random.default_rng(1)
    terms = {block: (rng.normal(size=own) / 99).astype(np.float32) for block, own in deep.widths.items()}
    first, second = terms.values()
    changed = with_terms(bundled.network_bytes, terms)
    assert {block: term.tolist() for block, term in terms_of(changed).items()} == {
        block: term.tolist() for block, term in terms.items()
    }
    judge = Judge(unwritten(bundled.card, changed))
    for picture in PICTURES:
        seen, own = reads.look(picture), judge.look(picture)
        depths = seen.features[width:]
        wanted = seen.logit + depths[: len(first)] @ first + depths[len(first) :] @ second
        assert own.logit == pytest.approx(wanted, abs=1e-4)
        assert own.map.mean() == pytest.approx(own.logit, abs=1e-5)
        np.testing.assert_array_equal(own.features, seen.features[:width])
    nothing = with_terms(changed, {block: 0 * term for block, term in terms.items()})
    assert len(nothing) == len(changed)
    assert Judge(unwritten(bundled.card, nothing)).look(PICTURES[0]).logit == pytest.approx(
        reads.look(PICTURES[0]).logit, abs=1e-6
    )
    with pytest.raises(BadPackageError):
        with_terms(bundled.network_bytes, {9: np.zeros(7, np.float32)})
    with pytest.raises(BadPackageError):
        with_terms(bundled.network_bytes, {99: np.zeros(112, np.float32)})

    # What fine-tuning and the exports start from answers the same (network_of compares them)
    card = replace(bundled.card, model_id="deep-1")
    assert network_of(unwritten(card, changed)).get_layer("evidence_block9").kernel.shape == (1, 1, 672, 1)


def test_a_head_over_the_depths_is_written_and_found_again(bundled: ModelPackage, tmp_path: Path) -> None:
    deep = with_depth_features(bundled.network_bytes)
    assert deep is not None
    package = _deep(bundled, tmp_path / "deep.pneumo", sum(deep.widths.values()))
    rehearsal = Rehearsal.of(package, len(Judge(bundled).look(PICTURES[0]).features))
    space = space_of(package, rehearsal.depths.shape[1], PICTURES[0])
    assert set(space.places) == {9, 11}
    assert not space.start.kernel.any()
    kernel = np.zeros(len(space.old.kernel))
    kernel[space.learnt] = np.random.default_rng(2).normal(size=sum(deep.widths.values())) / 9
    head = Head(kernel, 0.25)
    network = space.written(package.network_bytes, head)
    own = Judge(unwritten(package.card, network)).look(PICTURES[1])
    assert own.logit == pytest.approx(float(head.logits(space.judge.look(PICTURES[1]).features)), abs=1e-4)
    again = space_of(replace(package, network_bytes=network), rehearsal.depths.shape[1], PICTURES[0])
    np.testing.assert_allclose(again.old.kernel, head.kernel, atol=1e-6)
    assert again.old.bias == pytest.approx(0.25)
    with pytest.raises(Problem):  # evidence from blocks that its rehearsal does not know
        space_of(replace(package, network_bytes=network), 0, PICTURES[0])


def test_a_package_without_depths_learns_its_last_layer(
    bundled: ModelPackage, tmp_path: Path, tiny_model: Path
) -> None:
    for package in (bundled, ModelPackage.open(tiny_model), _deep(bundled, tmp_path / "odd.pneumo", 5)):
        size = package.card.input_size
        picture = chest(1, True, (size, size))
        space = space_of(package, 5 if package.path.name == "odd.pneumo" else 0, picture)
        assert space.places == {}
        assert space.start.logits(space.judge.look(picture).features) == pytest.approx(
            Judge(package).look(picture).logit, abs=1e-4
        )


def test_what_a_package_remembers_is_what_adapting_sees(bundled: ModelPackage, tmp_path: Path) -> None:
    seen = Rehearsal.seen(bundled.card, bundled.network_bytes, PICTURES, [0, 1, 0])
    gate = {name: values for name, values in bundled.arrays.items() if name.startswith("gate_")}
    path = tmp_path / "known.pneumo"
    write_package(path, bundled.card, bundled.network_bytes, {**gate, **seen.arrays()}, bundled.reference)
    base = ModelPackage.open(path)
    width = len(Judge(bundled).look(PICTURES[0]).features)
    known = Rehearsal.of(base, width)
    assert known.labels.tolist() == [0, 1, 0]
    space = space_of(base, known.depths.shape[1], PICTURES[0])
    assert space.places, "the evidence can be taken from the blocks"
    np.testing.assert_allclose(space.known(known), space.judge.features(PICTURES), rtol=2e-3, atol=2e-3)
