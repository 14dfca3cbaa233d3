"""Parts by patient: disjoint, stratified, seeded, and a test part that stays."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumo_desktop.training.split import PARTS, Locked, LockedPartError, Split, groups_of, patient_digest, split
from pneumo_desktop.training.traits import Traits


def named(result: Split, part: str) -> list[str]:
    """Return the names of one part, sorted."""
    return sorted(name for name, own in result.parts.items() if own == part)


def image(number: int, label: int, patient: str | None, sha256: str = "") -> Traits:
    return Traits(
        name=f"{number:04d}.png",
        label=label,
        part=None,
        patient=patient,
        sha256=sha256 or f"{number:064x}",
        format="PNG",
        bytes=1,
        width=1,
        height=1,
        coloured=False,
        jpeg_quantisation=None,
        look=np.zeros(7),
        print=np.zeros(4, dtype=np.uint64),
    )


def many(count: int = 400) -> list[Traits]:
    """Return images of patients with one to four films, a quarter of them normal."""
    generator = np.random.default_rng(4)
    images: list[Traits] = []
    patient = 0
    while len(images) < count:
        label = int(generator.random() < 0.75)
        for _ in range(int(generator.integers(1, 5))):
            images.append(image(len(images), label, f"p{patient}"))
        patient += 1
    return images


sets = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(st.none(), st.integers(0, 8)), st.integers(0, 12)), min_size=1, max_size=40
).map(
    lambda rows: [
        image(number, label, None if patient is None else f"p{patient}", f"sha{digest}" if digest < 4 else "")
        for number, (label, patient, digest) in enumerate(rows)
    ]
)


@given(sets, st.integers(0, 5))
def test_no_patient_and_no_copy_is_torn(images: list[Traits], seed: int) -> None:
    near = [(images[0].name, images[-1].name)]
    result = split(images, near, seed)
    assert set(result.parts) == {one.name for one in images}
    assert set(result.parts.values()) <= set(PARTS)
    assert result.parts[images[0].name] == result.parts[images[-1].name]
    for first in images:
        for second in images:
            if first.sha256 == second.sha256 or (first.patient and first.patient == second.patient):
                assert result.parts[first.name] == result.parts[second.name]


@given(sets, st.randoms(use_true_random=False))
def test_the_order_of_the_images_does_not_matter(images: list[Traits], random: object) -> None:
    shuffled = list(images)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert split(images, seed=1).parts == split(shuffled, seed=1).parts


def test_each_class_gets_its_share_and_the_seed_decides() -> None:
    images = many()
    result = split(images, seed=1)
    totals = np.array([sum(one.label == label for one in images) for label in (0, 1)])
    for part, share in zip(PARTS, (0.70, 0.15, 0.15), strict=True):
        assert np.array(result.counts[part]) / totals == pytest.approx([share, share], abs=0.02)
    assert split(images, seed=1).parts == result.parts
    assert split(images, seed=2).parts != result.parts
    assert sum(len(named(result, part)) for part in PARTS) == len(images)


def test_groups_join_through_chains() -> None:
    images = [
        image(0, 0, "a"),
        image(1, 0, "b", "same"),
        image(2, 0, "a", "same"),
        image(3, 0, None),
        image(4, 0, None),
    ]
    groups = groups_of(images, [("0003.png", "0000.png")])
    assert [[one.name for one in group] for group in groups] == [
        ["0000.png", "0001.png", "0002.png", "0003.png"],
        ["0004.png"],
    ]


def test_the_locked_part_stays_when_images_are_added(tmp_path: Path) -> None:
    old = many()
    first = split(old, seed=1)
    path = tmp_path / "locked.json"
    first.locked.save(path)
    locked = Locked.load(path)
    assert locked == first.locked

    fresh = [image(1000 + number, number % 2, f"new{number}") for number in range(100)]
    known = next(one for one in old if first.parts[one.name] == "test")
    another_film = image(2000, known.label, known.patient)
    second = split([*old, *fresh, another_film], seed=99, locked=locked)
    assert named(second, "test") == sorted([*named(first, "test"), another_film.name])
    assert second.counts["val"][0] > 0
    assert locked.images < second.locked.images

    renamed = [image(3000 + number, one.label, None, one.sha256) for number, one in enumerate(old)]
    third = split(renamed, seed=5, locked=locked)
    by_content = {one.name: one.sha256 for one in renamed}
    assert {by_content[name] for name in named(third, "test")} == {
        one.sha256 for one in old if first.parts[one.name] == "test"
    }


def test_a_locked_part_of_another_set_is_kept_beside_a_new_one() -> None:
    first = split(many(100), seed=1)
    others = [image(5000 + number, number % 2, f"other{number}") for number in range(100)]
    second = split(others, seed=1, locked=first.locked)
    assert named(second, "test")
    assert first.locked.images < second.locked.images


def test_no_patient_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "locked.json"
    split([image(number, number % 2, f"Maria Perez {number}") for number in range(40)]).locked.save(path)
    assert "Maria" not in path.read_text("utf-8")
    assert [child.name for child in tmp_path.iterdir()] == ["locked.json"]


def test_a_patient_whose_name_is_no_unicode_is_locked_away_too() -> None:
    images = [image(number, number % 2, f"M\udcfcller {number}") for number in range(40)]
    first = split(images, seed=1)
    assert named(split(images, seed=2, locked=Locked(first.locked.patients)), "test") == named(first, "test")
    assert patient_digest("Muñoz") == hashlib.sha256("pneumo-desktop patient Muñoz".encode()).hexdigest()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "[" * 200_000, '{"schema": "other"}', json.dumps({"schema": "pneumo-desktop locked test part 1"})],
)
def test_a_damaged_file_is_refused_not_taken_for_an_empty_part(tmp_path: Path, content: str) -> None:
    path = tmp_path / "locked.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(LockedPartError) as caught:
        Locked.load(path)
    assert caught.value.code == "damaged"
    assert Locked.load(tmp_path / "none.json") == Locked()


def test_shares_must_add_up() -> None:
    with pytest.raises(ValueError, match="shares"):
        split(many(10), shares=(0.5, 0.2, 0.2))
    none = split(many(100), shares=(0.8, 0.2, 0.0))
    assert named(none, "test") == []


def test_pictures_that_are_all_alike_are_not_one_patient() -> None:
    images = [image(number, number % 2, None) for number in range(60)]
    near = [(images[0].name, one.name) for one in images[1:]]
    assert len(groups_of(images, near)) == 60
    assert len(groups_of(images[:20], near[:19])) == 1
    assert all(min(counts) > 0 for counts in split(images, near).counts.values())


def test_a_second_training_on_the_same_images_learns_from_the_same_ones() -> None:
    images = many()
    first = split(images, seed=3)
    assert split(images, seed=3, locked=first.locked).parts == first.parts
