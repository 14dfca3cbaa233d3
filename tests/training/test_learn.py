"""What a network is measured on after each epoch."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from pneumo_desktop.training.learn import MOST_VALIDATED, validated
from pneumo_desktop.training.local import LocalImage


def part(normal: int, pneumonia: int) -> list[LocalImage]:
    """A validation part as it is read: folder after folder."""
    labels = [0] * normal + [1] * pneumonia
    return [
        LocalImage(row, f"{row:04d}.png", "", None, 0, label, "val", f"P{row}", "", None)
        for row, label in enumerate(labels)
    ]


@pytest.mark.parametrize(("normal", "pneumonia"), [(900, 300), (600, 600), (30, 1170), (801, 4000)])
def test_of_many_images_each_class_is_validated_by_its_share(normal: int, pneumonia: int) -> None:
    images = part(normal, pneumonia)
    chosen = validated(images)
    assert len(chosen) == len({image.row for image in chosen}) == MOST_VALIDATED
    share = MOST_VALIDATED / len(images)
    assert Counter(image.label for image in chosen)[1] == pytest.approx(pneumonia * share, abs=1)
    rows = sorted(image.row for image in chosen)
    assert (rows[0], rows[-1]) == (0, len(images) - 1)
    assert max(after - before for before, after in pairwise(rows)) <= 1 / share + 1


def test_few_images_are_validated_all() -> None:
    images = part(500, 300)
    assert validated(images) == images
