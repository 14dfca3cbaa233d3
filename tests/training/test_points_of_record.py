"""The bundled model's operating points and parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.training.corpus import CHOOSE, FIT, REPORT, SPLIT_SEED, Sample, part_of
from pneumo_desktop.training.points_of_record import (
    ADULT_SPECIFICITY,
    CHILDREN_SENSITIVITY,
    WIDEST_BAND,
    operating_points,
)

NOTHING = np.zeros((2, 2), np.uint8)


def test_children_are_found_and_adults_not_alarmed_as_the_constants_say() -> None:
    rng = np.random.default_rng(0)
    kinds = [(source, label) for source in ("kermany", "nih") for label in (0, 1) for _ in range(1000)]
    samples = [Sample(NOTHING, label, source, "", CHOOSE, 1.0, Path()) for source, label in kinds]
    centres = {("kermany", 0): 0.2, ("kermany", 1): 0.7, ("nih", 0): 0.4, ("nih", 1): 0.6}
    scores = np.clip([rng.normal(centres[kind], 0.1) for kind in kinds], 0.001, 0.999)
    points = operating_points(samples, scores)
    child, adult = points[Population.CHILDREN], points[Population.ADULTS]
    ill, well = (scores[[kind == wanted for kind in kinds]] for wanted in (("kermany", 1), ("nih", 0)))
    assert (ill >= child.threshold).mean() == pytest.approx(CHILDREN_SENSITIVITY, abs=0.002)
    assert (well < adult.threshold).mean() == pytest.approx(ADULT_SPECIFICITY, abs=0.002)
    assert child.threshold < points[Population.NOT_KNOWN].threshold < adult.threshold
    assert all(point.low < point.threshold < point.high for point in points.values())
    for population in (Population.ADULTS, Population.NOT_KNOWN):
        point = points[population]
        adults = np.array([kind[0] == "nih" for kind in kinds])
        inside = (scores >= point.low) & (scores < point.high)
        assert inside[adults].mean() <= WIDEST_BAND + 0.001
        wrong = ((scores >= point.threshold) != np.array([kind[1] == 1 for kind in kinds])) & ~inside
        assert wrong[adults].mean() < ((scores >= point.threshold) != [kind[1] == 1 for kind in kinds])[adults].mean()


def test_a_patient_is_in_one_part_and_the_parts_have_their_shares() -> None:
    parts = [part_of("nih", str(patient), SPLIT_SEED) for patient in range(4000)]
    assert parts == [part_of("nih", str(patient), SPLIT_SEED) for patient in range(4000)]
    shares = [parts.count(part) / len(parts) for part in (FIT, CHOOSE, REPORT)]
    assert shares == pytest.approx([0.6, 0.1, 0.3], abs=0.03)
