"""Pretraining without labels: what its loss asks for, what it looks at, and what may go on from it."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.training import bundled
from pneumo_desktop.training.corpus import ADULT_NORMALS, ADULT_SOURCE, CHILDREN_SOURCE, FIT, Sample
from pneumo_desktop.training.fit import SETTINGS
from pneumo_desktop.training.learnt_from import LearntFrom
from pneumo_desktop.training.networks import build
from pneumo_desktop.training.pretrain import LIKE, SPREAD, PretrainSettings, pretrain, two_views, vicreg

SMALL = PretrainSettings(architecture="compact", size=32, steps=24, batch=8, learning_rate=3e-3, frozen_blocks=0)


def samples(labels: int = 1) -> list[Sample]:
    """Return 12 chests of both populations; ``labels`` says how many different labels they bear."""
    return [
        Sample(
            chest(n, bool(n % 2), (48, 48)), n % 2 % labels, CHILDREN_SOURCE if n < 8 else ADULT_SOURCE, str(n), FIT,
            1.0, Path(),
        )
        for n in range(12)
    ]  # fmt: skip


def test_the_loss_wants_films_alike_and_embeddings_spread_and_uncorrelated() -> None:
    rng = np.random.default_rng(3)
    spread = tf.constant(rng.standard_normal((512, 4)).astype(np.float32) * 1.5)
    collapsed = tf.zeros((512, 4))
    repeated = tf.repeat(spread[:, :1], 4, axis=1)
    assert float(vicreg(spread, spread)) < 0.5
    assert float(vicreg(collapsed, collapsed)) == pytest.approx(SPREAD * (1.0 - 0.01), rel=1e-3)
    assert float(vicreg(spread, spread + 2.0)) - float(vicreg(spread, spread)) == pytest.approx(LIKE * 4.0, rel=1e-3)
    assert float(vicreg(repeated, repeated)) > float(vicreg(spread, spread)) + 10.0


def test_both_views_are_of_the_same_films_and_no_label_is_looked_at() -> None:
    views = two_views(samples(), SMALL, np.random.default_rng((1, 0)))
    assert views.shape == (16, 32, 32, 1)
    assert 0.0 <= views.min() < views.max() <= 1.0
    one, two = views[:8].reshape(8, -1), views[8:].reshape(8, -1)
    assert all(not np.array_equal(first, second) for first, second in zip(one, two, strict=True))
    np.testing.assert_array_equal(views, two_views(samples(labels=2), SMALL, np.random.default_rng((1, 0))))


def test_pretraining_learns_and_learns_the_same_again() -> None:
    made, losses = [], []
    for _ in range(2):
        keras.utils.set_random_seed(4)
        network = build(SMALL.architecture, SMALL.size)
        before = [np.array(weight) for weight in network.get_weights()]
        pretrain(network, samples(), SMALL, lambda event: losses.append(event["loss"]))
        made.append(network.get_weights())
        assert any(not np.array_equal(old, new) for old, new in zip(before, made[-1], strict=True))
    assert losses[1] < losses[0]
    for first, second in zip(*made, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)


def test_a_run_tells_of_its_pretraining_and_refuses_one_that_saw_what_it_leaves_out(tmp_path: Path) -> None:
    for name, left_out in (("all", ()), ("without", (ADULT_NORMALS,))):
        (tmp_path / name).mkdir()
        LearntFrom.of(samples(), left_out, as_mined=False).write(tmp_path / name)
        (tmp_path / name / SETTINGS).write_text(json.dumps({"steps": 400}))
    assert bundled.pretraining_of(tmp_path / "all", ()) == {"steps": 400}
    assert bundled.pretraining_of(tmp_path / "without", (ADULT_NORMALS,)) == {"steps": 400}
    with pytest.raises(SystemExit, match="has been pretrained on films that are left out here: rsna_normal"):
        bundled.pretraining_of(tmp_path / "all", (ADULT_NORMALS,))


def test_a_run_does_not_go_on_with_other_starting_weights(tmp_path: Path) -> None:
    learnt = LearntFrom.of(samples(), (), as_mined=False, pretraining={"seed": 1})
    assert not learnt.differs(tmp_path)
    learnt.write(tmp_path)
    assert not learnt.differs(tmp_path)
    assert LearntFrom.of(samples(), (), as_mined=False, pretraining={"seed": 2}).differs(tmp_path)
