"""The figures that runs are compared by count the right films."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.prepare import squash
from pneumo_desktop.training.choose_part import ChoosePart
from pneumo_desktop.training.corpus import CHOOSE, FIT, Sample


def _sample(label: int, source: str, part: str = CHOOSE, weight: float = 1.0, opinion: str = "") -> Sample:
    return Sample(squash(chest(1, bool(label)), 96), label, source, "", part, weight, Path(), rsna_class=opinion)


def test_each_figure_is_of_its_own_films() -> None:
    corpus = [
        _sample(1, "kermany"), _sample(0, "kermany"), _sample(0, "kermany", FIT),
        _sample(1, "nih", opinion="Lung Opacity"), _sample(1, "nih"), _sample(0, "nih"), _sample(1, "nih", weight=0.0),
        _sample(0, "rsna_normal"), _sample(0, "rsna_normal"),
    ]  # fmt: skip
    part = ChoosePart.of(corpus, 96)
    assert len(part.samples) == 7
    assert [picture.shape for picture in part.pictures[7:]] == [(96, 96), (96, 96)]
    # children in order, adults: opacity above both normals, the other pneumonia between; the other look the wrong way round
    values = np.array([2.0, 1.0, 0.9, 0.2, 5.0, 0.1, 0.3, 1.0, 2.0], np.float32)
    assert part.figures(values) == {
        "auc_children": 1.0, "auc_children_other_look": 0.0, "auc_adults": 0.75, "auc_opacity": 1.0,
    }  # fmt: skip
