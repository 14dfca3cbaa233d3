"""What a model remembers: an image of the clinic that is learnt from once more counts once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pneumo_desktop import places
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.training.rehearsal import Rehearsal

from .conftest import Ended, job_at

Here = Callable[..., Ended]


def test_images_that_are_learnt_from_anew_leave_the_rehearsal_and_others_stay() -> None:
    rng = np.random.default_rng(3)
    seen = rng.gamma(2.0, size=(40, 60)).astype(np.float32)
    kept = Rehearsal(seen.astype(np.float16).astype(np.float32), seen[:, :5], np.arange(40) % 2)
    alike = seen[30:] * (1 + 0.02 * rng.normal(size=(10, 60)))  # other films of the same kind
    rest = kept.without(np.concatenate((seen[:10], alike.astype(np.float32))))
    np.testing.assert_array_equal(rest.features, kept.features[10:])
    np.testing.assert_array_equal(rest.depths, kept.depths[10:])
    np.testing.assert_array_equal(rest.labels, kept.labels[10:])
    assert len(kept.without(seen[:0]).labels) == 40


def test_a_handful_of_remembered_images_does_not_stand_for_all() -> None:
    features = np.ones((60, 4), np.float32)
    labels = np.array([0, 1] * 30)
    whole = Rehearsal(features, features[:, :2], labels)
    assert whole.supported() is whole
    few = Rehearsal(features[:19], features[:19, :2], labels[:19])  # nine of the ill
    assert few.supported().full.shape == (0, 6)
    one_class = Rehearsal(features, features[:, :2], np.ones(60, np.int64))
    assert len(one_class.supported().labels) == 0


def test_a_second_adapting_on_the_same_images_remembers_each_once(here: Here, clinic: Path, tmp_path: Path) -> None:
    first = job_at(tmp_path / "first", folder=clinic, csv=clinic / "labels.csv", base=places.bundled_model())
    assert here("train", first).last["event"] == "done"
    again = job_at(tmp_path / "again", folder=clinic, csv=clinic / "labels.csv", base=first / "new.pneumo", seed=2)
    ended = here("train", again)
    assert ended.last["event"] == "done", ended.last
    bundled, one, two = (
        ModelPackage.open(path) for path in (places.bundled_model(), first / "new.pneumo", again / "new.pneumo")
    )
    counts = one.card.data["counts"]
    parts = {part: counts[part]["normal"] + counts[part]["pneumonia"] for part in ("train", "val")}
    others = len(bundled.arrays["rehearsal_labels"])
    assert len(one.arrays["rehearsal_labels"]) == others + parts["train"]
    # The second one is divided otherwise: what the first one learnt from may be tested now, and is not learnt from.
    assert two.card.training["rehearsal_images"] == others
    assert len(two.arrays["rehearsal_labels"]) == others + parts["train"]
