"""Pretraining without labels: what its loss asks for, what it looks at, and what may go on from it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.training import bundled
from pneumo_desktop.training import pretrain as pretraining
from pneumo_desktop.training.corpus import ADULT_NORMALS, ADULT_SOURCE, CHILDREN_SOURCE, FIT, Sample
from pneumo_desktop.training.learnt_from import LearntFrom
from pneumo_desktop.training.networks import build
from pneumo_desktop.training.pretrain import (
    LIKE,
    SPREAD,
    WEIGHTS,
    Pretraining,
    PretrainSettings,
    pretrain,
    two_views,
    vicreg,
)
from pneumo_desktop.training.problems import Problem

from .small_corpus import small_corpus

SMALL = PretrainSettings(architecture="compact", size=32, steps=40, batch=8, learning_rate=3e-3, frozen_blocks=0)


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
    for seed_before in (4, 5):
        keras.utils.set_random_seed(seed_before)
        network = pretrain(samples(), SMALL, None, lambda event: losses.append(event["loss"]))
        made.append([np.asarray(weight) for weight in network.get_weights()])
    assert losses[1] < losses[0] - 1.0
    for first, second in zip(*made, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-4)
    keras.utils.set_random_seed(SMALL.seed)
    untrained = build(SMALL.architecture, SMALL.size).trainable_variables
    moved = [not np.allclose(old, new) for old, new in zip(untrained, network.trainable_variables, strict=True)]
    assert moved[0]
    assert np.mean(moved) > 0.5


def test_a_loss_that_is_no_number_ends_it() -> None:
    with pytest.raises(Problem) as caught:
        pretrain(samples(), replace(SMALL, batch=1), None, lambda event: None)
    assert caught.value.code == "diverged"


class BegunError(Exception):
    """Raised in the place of a fit that would take long, with the network and the samples that it was given."""

    def __init__(self, model: keras.Model, fitting: list[Sample]) -> None:
        super().__init__()
        self.model, self.fitting = model, fitting


def begin(*arguments: object) -> BegunError:
    """Return how ``bundled`` begins with these arguments."""
    with pytest.raises(BegunError) as caught:
        bundled.main([str(argument) for argument in (*arguments, "--size", 64)])
    return caught.value


def test_a_run_goes_on_from_a_pretraining_of_its_own_films(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, start, run = ("--data", small_corpus(tmp_path / "data")), tmp_path / "start", tmp_path / "run"
    seen: list[Sample] = []

    def not_trained(samples: list[Sample], settings: PretrainSettings, *_: object) -> keras.Model:
        seen.extend(samples)
        return build(settings.architecture, settings.size)

    def not_fitted(model: keras.Model, fitting: list[Sample], *_: object) -> None:
        raise BegunError(model, fitting)

    monkeypatch.setattr(pretraining, "pretrain", not_trained)
    monkeypatch.setattr(bundled, "fit", not_fitted)
    short = [str(word) for word in (*data, "--steps", 1, "--size", 64, "--batch", 4)]
    assert pretraining.main([*short, "--out", str(start)]) == 0
    capsys.readouterr()
    assert {sample.part for sample in seen} == {FIT}
    assert ADULT_NORMALS in {sample.source for sample in seen}

    begun = begin(*data, "--run", run, "--start", start)
    with np.load(start / WEIGHTS) as archive:
        for name, weight in zip(archive.files, begun.model.get_weights(), strict=True):
            np.testing.assert_array_equal(archive[name], weight)
    told = LearntFrom.read(run).pretraining
    assert (told["steps"], told["size"], len(told["weights"])) == (1, 64, 64)

    with pytest.raises(SystemExit):  # without it, in the folder of a run that began with it
        bundled.main([str(word) for word in (*data, "--run", run)])
    assert "was begun with other images, labels or starting weights" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        pretraining.main([*short, "--out", str(start)])
    assert "is not empty: name another folder" in capsys.readouterr().err

    seen.clear()
    without = tmp_path / "without"
    assert pretraining.main([*short, "--out", str(without), "--without-rsna"]) == 0
    assert ADULT_NORMALS not in {sample.source for sample in seen}
    begun = begin(*data, "--run", tmp_path / "other", "--start", without, "--without-rsna")
    assert ADULT_NORMALS not in {sample.source for sample in begun.fitting}


def test_a_start_that_does_not_go_with_the_run_is_refused_in_a_sentence(tmp_path: Path) -> None:
    films = samples()
    with pytest.raises(SystemExit, match="holds no pretraining"):
        bundled.pretraining_of(tmp_path, "compact", films, ())
    Pretraining.of(films, SMALL, ()).write(tmp_path)
    with pytest.raises(SystemExit, match=f"holds no finished pretraining: {WEIGHTS} is not there"):
        bundled.pretraining_of(tmp_path, "compact", films, ())
    (tmp_path / WEIGHTS).write_bytes(b"weights")
    with pytest.raises(SystemExit, match="has pretrained compact, not classic"):
        bundled.pretraining_of(tmp_path, "classic", films, ())
    with pytest.raises(SystemExit, match="films that are left out here: rsna_normal"):
        bundled.pretraining_of(tmp_path, "compact", films, (ADULT_NORMALS,))
    with pytest.raises(SystemExit, match="on other films than those that are learnt from here"):
        bundled.pretraining_of(tmp_path, "compact", films[1:], ())
    told = bundled.pretraining_of(tmp_path, "compact", films, ())
    (tmp_path / WEIGHTS).write_bytes(b"other weights")
    assert bundled.pretraining_of(tmp_path, "compact", films, ()) != told


def test_a_run_of_an_earlier_version_is_not_taken_for_one_from_imagenet(tmp_path: Path) -> None:
    LearntFrom.of(samples(), (), as_mined=False).write(tmp_path)
    told = json.loads((tmp_path / "learnt_from.json").read_text())
    del told["pretraining"]
    (tmp_path / "learnt_from.json").write_text(json.dumps(told))
    with pytest.raises(SystemExit, match="is of an earlier version and does not say what weights it began with"):
        LearntFrom.read(tmp_path)
