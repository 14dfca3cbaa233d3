"""The rehearsal tells how the old population fares: none of its images is judged by a head that was fitted on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pneumo_desktop import places
from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.evaluation.metrics import auc
from pneumo_desktop.evaluation.thresholds import Goal, GoalKind
from pneumo_desktop.models.card import Card
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.training import adapt
from pneumo_desktop.training.adapt import HELD_OUT, VIEWS, Features, Space, cross_fitted
from pneumo_desktop.training.choose import Before, calibration_of, operating_points
from pneumo_desktop.training.control import ASKED, Control, Stopped
from pneumo_desktop.training.head import Head, HeadFit
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.mixed import Mix

IMAGES, LOCAL, COLUMNS, PULL = 1000, 60, 150, 1e-3


@pytest.fixture(scope="module")
def card() -> Card:
    return ModelPackage.open(places.bundled_model()).card


@pytest.fixture(scope="module")
def space() -> Space:
    """A deep space of drawn numbers: a fresh head over all of them."""
    judge = Judge(ModelPackage.open(places.bundled_model()))
    return Space(judge, COLUMNS, Head(np.zeros(COLUMNS), 0.0), slice(0, COLUMNS), {8: slice(0, COLUMNS)}, fresh=True)


def drawn(seed: int) -> tuple[Features, Mix]:
    """Local images and a rehearsal of 1,000; the label is weakly in ten of the numbers."""
    rng = np.random.default_rng(seed)

    def images(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.arange(count) * 7 % 11 % 2
        values = rng.normal(size=(count, COLUMNS)).astype(np.float32)
        values[:, :10] += 0.35 * (2 * labels[:, None] - 1)
        return values, labels.astype(np.int64)

    train, val = images(VIEWS * LOCAL), images(2 * LOCAL)
    return Features(*train, *val, val[0][:0]), Mix(*images(IMAGES), deep=True, balance=True)


def final(space: Space, features: Features, mix: Mix) -> Head:
    """The head that adapting makes: fitted on all but every fifth of the rehearsal."""
    keep = np.arange(len(mix.known_labels)) % HELD_OUT != 0
    learn = mix.of(features.train, features.train_labels, VIEWS, keep)
    return HeadFit(learn.features, learn.labels, learn.weights, space.start).fit(PULL)


def asked(space: Space, features: Features, mix: Mix) -> np.ndarray:
    return cross_fitted(space, features, mix, final(space, features, mix), PULL, Control(lambda _why: None))


def test_the_label_of_an_image_has_no_say_in_its_own_logit(space: Space) -> None:
    features, mix = drawn(1)
    before = asked(space, features, mix)
    for place in range(5, 5 + HELD_OUT):  # one of each fold
        labels = mix.known_labels.copy()
        labels[place] = 1 - labels[place]
        after = asked(space, features, replace(mix, known_labels=labels))
        own = np.arange(IMAGES) % HELD_OUT == place % HELD_OUT
        np.testing.assert_array_equal(after[own], before[own])
        assert (after[~own] != before[~own]).all()


def test_the_logits_do_not_depend_on_how_many_heads_are_fitted_at_once(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = asked(space, *drawn(1))
    for count in (1, HELD_OUT):
        monkeypatch.setattr(adapt, "_AT_ONCE", count)
        np.testing.assert_array_equal(asked(space, *drawn(1)), two)


def test_a_stop_ends_the_cross_fit(space: Space) -> None:
    features, mix = drawn(1)
    head, control = final(space, features, mix), Control(lambda _why: None)
    control._why = ASKED  # without the timer that ends the process
    with pytest.raises(Stopped):
        cross_fitted(space, features, mix, head, PULL, control)


def test_a_head_that_was_fitted_on_the_rehearsal_looks_better_than_it_is_and_loses_the_ill_unseen(
    space: Space, card: Card
) -> None:
    """The threshold is set on 1,000 rehearsal images, the sensitivity counted on 4,000 others of the same kind."""
    card = replace(card, operating_points={Population.CHILDREN: card.operating_points[Population.CHILDREN]})
    goal, adults = Goal(GoalKind.MISS_AT_MOST, 0.05), [Population.ADULTS] * 2 * LOCAL
    lost = []
    for seed in range(3):
        features, mix = drawn(seed)
        head, others = final(space, features, mix), drawn(100 + seed)[1]
        more = [drawn(200 + 10 * seed + number)[1] for number in range(3)]
        fresh = head.logits(np.concatenate([others.known, *(one.known for one in more)]))
        ill = np.concatenate([others.known_labels, *(one.known_labels for one in more)]) == 1
        own, fitted = asked(space, features, mix), head.logits(mix.known)
        assert auc(mix.known_labels, fitted) > auc(mix.known_labels, own) + 0.02
        # the old model found 90 % of the ill of the rehearsal
        old = np.where(mix.known_labels == 1, 1.0, -1.0)
        old[np.flatnonzero(mix.known_labels == 1)[::10]] = -1.0
        old = (old * 9.0 - card.calibration.intercept) / card.calibration.slope
        row = []
        for new in (own, fitted):
            before = Before(mix.known_labels, old, new, card)
            calibration = calibration_of(head.logits(features.val), features.val_labels, before)
            scores = scores_of(calibration, head.logits(features.val))
            points = operating_points(goal, adults, features.val_labels, scores, calibration, before)
            point = points[Population.CHILDREN]  # whom only the old model knows
            row.append(float((scores_of(calibration, fresh)[ill] >= point.threshold).mean()))
        lost.append(row)
    crossed, seen = np.mean(lost, axis=0)
    assert crossed == pytest.approx(0.9, abs=0.03)
    assert seen < crossed - 0.03
