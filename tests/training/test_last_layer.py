"""Evidence anew from the blocks, or the old evidence adapted: what it knows of the clinic's images decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop import places
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.training import adapt
from pneumo_desktop.training.depths import terms_of, with_depth_features, with_terms
from pneumo_desktop.training.head import Head, HeadFit
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.rehearsal import Rehearsal

from .blocks import without_terms
from .conftest import Ended, job_at

Here = Callable[..., Ended]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    """The bundled model as if it had learnt from forty generated films, with what they look like in the blocks."""
    bundled = without_terms(ModelPackage.open(places.bundled_model()))
    pictures = [chest(900 + number, bool(number % 2)) for number in range(40)]
    seen = Rehearsal.seen(bundled.card, bundled.network_bytes, pictures, [number % 2 for number in range(40)])
    gate = {name: values for name, values in bundled.arrays.items() if name.startswith("gate_")}
    path = tmp_path_factory.mktemp("base") / "base.pneumo"
    write_package(path, bundled.card, bundled.network_bytes, {**gate, **seen.arrays()}, bundled.reference)
    return ModelPackage.open(path)


def test_the_last_layer_learns_beside_a_deep_space_from_the_old_one(base: ModelPackage) -> None:
    picture = chest(1, True)
    deep = adapt.space_of(base, base.arrays["rehearsal_depths"].shape[1], picture)
    last = adapt.last_layer_of(base, deep)
    assert last.places == {}
    seen = last.judge.look(picture).features
    assert len(seen) == len(last.old.kernel)
    assert last.start.logits(seen) == pytest.approx(Judge(base).look(picture).logit, abs=1e-4)
    head = Head(last.start.kernel * 2.0, 0.5)
    written = last.written(base.network_bytes, head)
    assert terms_of(written) == {}
    own = Judge(unwritten(base.card, written)).look(picture).logit
    assert own == pytest.approx(float(head.logits(seen)), abs=1e-4)


def test_the_last_layer_learns_and_what_the_base_takes_from_its_blocks_stays(base: ModelPackage) -> None:
    widths = with_depth_features(base.network_bytes)
    assert widths is not None
    terms = {block: np.full(width, 0.01, np.float32) for block, width in widths.widths.items()}
    mixed = replace(base, network_bytes=with_terms(base.network_bytes, terms))
    picture = chest(1, True)
    last = adapt.last_layer_of(mixed, adapt.space_of(mixed, sum(widths.widths.values()), picture))
    seen = last.judge.look(picture).features
    assert last.start.logits(seen) == pytest.approx(Judge(mixed).look(picture).logit, abs=1e-4)
    features = np.stack([last.judge.look(chest(seed, bool(seed % 2))).features for seed in range(8)])
    fit = HeadFit(features, np.arange(8) % 2, np.ones(8), last.start, last.learnt)
    head = fit.fit(0.01)
    assert np.abs(head.kernel - last.old.kernel).max() > 0
    written = last.written(mixed.network_bytes, head)
    assert {block: term.tolist() for block, term in terms_of(written).items()} == {
        block: term.tolist() for block, term in terms.items()
    }
    own = Judge(unwritten(base.card, written)).look(picture).logit
    assert own == pytest.approx(float(head.logits(seen)), abs=1e-4)


@pytest.mark.parametrize(("knows", "blocks"), [(1.1, {9, 11}), (0.0, set())])
def test_evidence_that_tells_the_clinics_images_apart_is_adapted_itself(
    here: Here, base: ModelPackage, clinic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knows: float,
    blocks: set[int],
) -> None:  # fmt: skip
    monkeypatch.setattr(adapt, "KNOWS", knows)
    job = job_at(tmp_path / "job", folder=clinic, csv=clinic / "labels.csv", base=base.path, epochs=4)
    ended = here("train", job)
    assert ended.last["event"] == "done", ended.last
    assert any(epoch["best"] for epoch in ended.of("epoch"))
    package = ModelPackage.open(job / "new.pneumo")
    assert set(terms_of(package.network_bytes)) == blocks
    assert package.arrays["rehearsal_depths"].shape[1] == base.arrays["rehearsal_depths"].shape[1]
