"""Does something beside the lungs tell the label? Each trait with its AUC."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from pneumo_desktop.evaluation.intervals import group_codes
from pneumo_desktop.evaluation.metrics import FloatArray, IntArray, auc
from pneumo_desktop.training.traits import Traits, name_pattern

TELLING = 0.70
"""A trait whose AUC (in either direction) reaches this is reported."""

FEWEST = 20
"""With fewer images of a class than this nothing is said of shortcuts."""

FOLDS = 5
SMALLEST_KIND = 5
ONE_SOURCE_SHARE = 0.95


@dataclass(frozen=True)
class Shortcut:
    """A trait that tells the label alone. ``auc`` is 0.5..1, whichever the direction."""

    trait: str
    auc: float


def strength(labels: Sequence[int], values: FloatArray) -> float:
    """Return the AUC of ``values`` for the label, turned round when it lies below 0.5."""
    area = auc(labels, values)
    return max(area, 1.0 - area)


def surely_telling(area: float, positives: int, negatives: int) -> bool:
    """Tell whether an AUC reaches ``TELLING`` and, by its standard error, is no accident.

    Standard error of Hanley and McNeil, Radiology 143, 1982; the lower 95 % end must lie above 0.55.
    """
    q1, q2 = area / (2.0 - area), 2.0 * area * area / (1.0 + area)
    spread = area * (1.0 - area) + (positives - 1) * (q1 - area**2) + (negatives - 1) * (q2 - area**2)
    error = math.sqrt(max(spread, 0.0) / (positives * negatives))
    return area >= TELLING and area - 1.96 * error > 0.55


def folds_of(groups: Sequence[Hashable], seed: int = 0) -> IntArray:
    """Return a fold 0..FOLDS-1 for each image; a patient stays in one fold."""
    codes = group_codes(groups)
    count = int(codes.max()) + 1 if len(codes) else 0
    return (np.random.default_rng(seed).permutation(count) % FOLDS)[codes]


def kinds_as_numbers(kinds: Sequence[str], labels: IntArray, folds: IntArray) -> FloatArray:
    """Replace each kind by its share of pneumonia in the other folds; rare kinds are taken together."""
    often = Counter(kinds)
    known = np.array([kind if often[kind] >= SMALLEST_KIND else "" for kind in kinds])
    values = np.zeros(len(known))
    for fold in range(FOLDS):
        inside, outside = folds == fold, folds != fold
        overall = labels[outside].mean() if outside.any() else 0.5
        for kind in np.unique(known[inside]):
            same = outside & (known == kind)
            # One image's worth of the overall share keeps a kind seen twice from being sure.
            share = (labels[same].sum() + overall) / (same.sum() + 1.0)
            values[inside & (known == kind)] = share
    return values


def cross_validated_look(look: FloatArray, labels: IntArray, folds: IntArray) -> float:
    """Return the AUC of a ridge regression on global numbers (n, k) and their squares, cross-validated by patient.

    The areas of the folds are averaged; a fold with one class is left out. 0.5 where none is left.
    """
    areas = []
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        if len(np.unique(labels[train])) < 2 or len(np.unique(labels[test])) < 2:
            continue
        centre, spread = look[train].mean(axis=0), look[train].std(axis=0)
        known = (look - centre) / np.where(spread > 1e-9, spread, 1.0)
        columns = np.column_stack((known, np.clip(known, -4, 4) ** 2, np.ones(len(known))))
        balance = np.where(labels == 1, 0.5 / labels[train].mean(), 0.5 / (1.0 - labels[train].mean()))
        weighted = columns[train] * balance[train, None]
        square = weighted.T @ columns[train] + np.eye(columns.shape[1])
        beta = np.linalg.solve(square, weighted.T @ (2.0 * labels[train] - 1.0))
        areas.append(auc(labels[test], columns[test] @ beta))
    return float(np.mean(areas)) if areas else 0.5


def find_shortcuts(images: Sequence[Traits]) -> list[Shortcut]:
    """Return the traits that tell the label, the strongest first.

    Traits: ``file_bytes``, ``bytes_per_pixel``, ``jpeg_quality``, ``shorter_side``, ``aspect``, ``dimensions``,
    ``format``, ``colour_mode``, ``name_pattern``, and ``global_look`` (brightness, contrast and sharpness together).
    """
    labels = np.array([image.label for image in images], dtype=np.int64)
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if min(positives, negatives) < FEWEST:
        return []
    folds = folds_of([image.patient or image.name for image in images])
    numbers: dict[str, list[float]] = {
        "file_bytes": [image.bytes for image in images],
        "bytes_per_pixel": [image.bytes / (image.width * image.height) for image in images],
        "shorter_side": [min(image.width, image.height) for image in images],
        "aspect": [image.width / image.height for image in images],
    }
    kinds = {
        "jpeg_quality": [str(image.jpeg_quantisation) for image in images],
        "dimensions": [f"{image.width}x{image.height}" for image in images],
        "format": [image.format for image in images],
        "colour_mode": [str(image.coloured) for image in images],
        "name_pattern": [name_pattern(image.name) for image in images],
    }
    areas = {trait: strength(labels.tolist(), np.array(values)) for trait, values in numbers.items()}
    for trait, names in kinds.items():
        if len(set(names)) > 1:
            areas[trait] = auc(labels, kinds_as_numbers(names, labels, folds))
    areas["global_look"] = cross_validated_look(np.stack([image.look for image in images]), labels, folds)
    found = [Shortcut(trait, area) for trait, area in areas.items() if surely_telling(area, positives, negatives)]
    return sorted(found, key=lambda shortcut: (-shortcut.auc, shortcut.trait))


def single_source_classes(images: Sequence[Traits]) -> tuple[float, dict[int, str]] | None:
    """Tell whether the classes come from different sources, as far as file names show it.

    Returns (share of images whose name pattern occurs in one class only, commonest pattern of each class) when that
    share reaches ``ONE_SOURCE_SHARE`` in patterns of at least ``SMALLEST_KIND`` images, else None.
    """
    table: dict[str, Counter[int]] = defaultdict(Counter)
    for image in images:
        table[name_pattern(image.name)][image.label] += 1
    common = {pattern: counts for pattern, counts in table.items() if counts.total() >= SMALLEST_KIND}
    covered = sum(counts.total() for counts in common.values())
    apart = sum(counts.total() for counts in common.values() if len(counts) == 1)
    examples: dict[int, str] = {}
    for label in (0, 1):
        own = [(counts[label], pattern) for pattern, counts in common.items() if counts[label]]
        if own:
            examples[label] = max(own)[1]
    if len(examples) < 2 or covered < len(images) / 2 or apart / covered < ONE_SOURCE_SHARE:
        return None
    return apart / covered, examples
