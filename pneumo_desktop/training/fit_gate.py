"""Learning the gate: kinds and open-set distance on the features of the trained network. NumPy only."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import logit
from pneumo_desktop.opencv import cv2
from pneumo_desktop.reading.gate import KINDS, Gate
from pneumo_desktop.training.augment import Augmentation, augment
from pneumo_desktop.training.corpus import CHOOSE, FIT, REPORT, Sample, read_grey
from pneumo_desktop.training.perturb import photograph_film

Features = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]
_PERMISSIVE = (
    "generated here, CC0",
    "CC0",
    "public domain or CC0",
    "CC BY 4.0 (",
    "CC BY 2.0",
    "BSD-3-Clause",
    "MIT",
    "NASA",
)
COMPONENTS = 256
WIDEST, WRONG_REFUSED = 1.3, 0.96
"""How far the distance is let out, and the share of the choose part's wrong images, and of the lateral chest films among
them, that is still refused: a little more than the 95 % that are wanted (models/experiments.md tells when it was set)."""
LATERAL = "xray_chest_lateral"

PIECES = ("side_by_side", "above_each_other", "left_or_right_half", "upper_or_lower_half")
"""What ``pieces_of`` makes of films: two in one picture, or half of one."""

_ROUNDING = 1e-3
"""Of a sum in float32."""

ONE_FILM = 0.1
"""A picture is refused where the probability that it is one whole film is smaller (models/experiments.md, "Pieces of films")."""

MILD = Augmentation(crop_area=0.7, rotation_degrees=8, gamma=0.3, contrast=0.25, cut_out=0.0, noise=0.2, equalise=0.1)


def may_be_fitted(licence: str) -> bool:
    """Tell whether a wrong image may be learnt from: CC0, CC BY, public domain or a permissive licence, and certain."""
    if "UNCERTAIN" in licence or "-SA" in licence or "-NC" in licence:
        return False
    return licence == "CC BY 4.0" or any(licence.startswith(start) for start in _PERMISSIVE)


@dataclass(frozen=True, eq=False)
class WrongImage:
    """A picture (H, W) uint8 that is no frontal chest film, its kind, and its part: ``fit``, ``choose`` or ``report``."""

    picture: npt.NDArray[np.uint8]
    kind: str
    part: str
    path: Path


def wrong_images(folder: Path) -> list[WrongImage]:
    """Return every wrong image of ``folder`` (its labels.csv); no two parts share a source.

    Rows that may be fitted are learnt from; the sources of all others are halved between choose and report.
    """
    with (folder / "labels.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    part_of_source = halved([_source(row) for row in rows if not may_be_fitted(row["licence"])])
    return [
        WrongImage(
            read_grey(folder / row["file"]), row["kind"],
            FIT if may_be_fitted(row["licence"]) else part_of_source[_source(row)], folder / row["file"],
        )
        for row in rows
    ]  # fmt: skip


def _source(row: Mapping[str, str]) -> str:
    """Return where a row's picture is from; the same picture turned to grey is of the same source."""
    return row["source"].replace(" (turned to grey scale)", "")


def halved(sources: Sequence[str]) -> dict[str, str]:
    """Return the part of each source, one entry of ``sources`` an image: CHOOSE or REPORT, with about as many images.

    From the source with the most images to those with the fewest, by name where they have as many, each goes to the
    part with fewer images so far.
    """
    sizes, parts = Counter(sources), {CHOOSE: 0, REPORT: 0}
    placed = {}
    for source in sorted(sizes, key=lambda name: (-sizes[name], name)):
        part = min(parts, key=lambda name: parts[name])
        placed[source] = part
        parts[part] += sizes[source]
    return placed


def _turned(picture: npt.NDArray[np.uint8], degrees: int) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(picture, -degrees // 90))


def kind_examples(
    samples: Sequence[Sample], wrong: Sequence[npt.NDArray[np.uint8]], size: int, rng: np.random.Generator
) -> list[tuple[npt.NDArray[np.uint8], str, str]]:
    """Return (picture, kind, group) to learn the gate from; ``group`` is source and label for chest images."""
    examples = []
    for index, sample in enumerate(samples):
        group = f"{sample.source}:{sample.label}"
        plain = sample.picture if index % 2 else augment(sample.picture, size, MILD, rng)
        examples.append((plain, "chest", group))
        changed = augment(sample.picture, size, MILD, rng)
        other = index % 5
        if other < 3:
            examples.append((_turned(changed, 90 * (other + 1)), f"turned_{90 * (other + 1)}", ""))
        elif other == 3:
            examples.append((255 - changed, "inverted", ""))
        else:
            examples.append((photograph_film(sample.picture, rng), "photo_of_film", ""))
    for picture in wrong:
        examples.append((picture, "not_chest", ""))
        for _copy in range(5):
            changed = augment(picture, size, MILD, rng)
            examples.append((255 - changed if rng.random() < 0.2 else changed, "not_chest", ""))
    return examples


def _softmax_regression(
    x: Features, y: npt.NDArray[Any], classes: int, decay: float = 2e-3
) -> tuple[Features, Features]:
    """Fit softmax regression with classes balanced, by Adam on the full batch (400 steps)."""
    shares = np.bincount(y, minlength=classes).astype(np.float64)
    importance = (1.0 / np.maximum(shares, 1.0))[y]
    importance /= importance.sum()
    target = np.eye(classes)[y]
    weights, bias = np.zeros((x.shape[1], classes)), np.zeros(classes)
    moments = [np.zeros_like(weights), np.zeros_like(weights), np.zeros_like(bias), np.zeros_like(bias)]
    for step in range(1, 401):
        values = x @ weights + bias
        values = np.exp(values - values.max(axis=1, keepdims=True))
        slope = (values / values.sum(axis=1, keepdims=True) - target) * importance[:, None]
        for parameter, gradient, first, second in (
            (weights, x.T @ slope + decay * weights, moments[0], moments[1]),
            (bias, slope.sum(axis=0), moments[2], moments[3]),
        ):
            first += 0.1 * (gradient - first)
            second += 0.01 * (gradient**2 - second)
            parameter -= 0.02 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-9)
    return weights.astype(np.float32), bias.astype(np.float32)


def fit_gate(examples: Sequence[tuple[npt.NDArray[np.uint8], str, str]], features: Features) -> dict[str, Features]:
    """Return the gate's arrays without limits (see ``with_limits``); ``features`` (n, F) are those of ``examples``."""
    kinds = np.array([KINDS.index(kind) for _, kind, _ in examples])
    groups = np.array([group for _, _, group in examples])
    mean = features.mean(axis=0)
    centred = features - mean
    _, axes = np.linalg.eigh(centred.T @ centred)
    union = axes[:, ::-1][:, : min(COMPONENTS, features.shape[1])]
    placed = centred @ union
    names = sorted(set(groups) - {""})
    within = np.concatenate([placed[groups == name] - placed[groups == name].mean(axis=0) for name in names])
    variances, rotation = np.linalg.eigh(within.T @ within / len(within))
    basis = (union @ rotation).astype(np.float32)
    scale = (1.0 / np.sqrt(variances + 0.1 * variances.mean())).astype(np.float32)
    whitened = (centred @ basis) * scale
    centres = np.stack([whitened[groups == name].mean(axis=0) for name in names]).astype(np.float32)
    weights, bias = _softmax_regression(whitened, kinds, len(KINDS))
    return {
        "gate_mean": mean.astype(np.float32), "gate_basis": basis, "gate_scale": scale, "gate_centres": centres,
        "gate_kind_weights": weights, "gate_kind_bias": bias, "gate_limits": np.array([1.0, 0.5], np.float32),
    }  # fmt: skip


def side_by_side(left: Picture, right: Picture) -> Picture:
    """Return two pictures as one, of the height of the left one; both keep their proportions."""
    width = max(1, round(right.shape[1] * left.shape[0] / right.shape[0]))
    return np.hstack([left, cv2.resize(right, (width, left.shape[0]), interpolation=cv2.INTER_AREA)])


def pieces_of(films: Sequence[Picture], count: int, seed: int) -> list[tuple[str, Picture]]:
    """Return ``count`` pictures that hold two of ``films`` or half of one, each with its name of ``PIECES``, in turn."""
    rng = np.random.default_rng((seed, 83))
    pieces = []
    for number in range(count):
        first, second = (films[int(place)] for place in rng.integers(len(films), size=2))
        name, second_half = PIECES[number % len(PIECES)], bool(rng.integers(2))
        height, width = first.shape
        if name == "side_by_side":
            piece = side_by_side(first, second)
        elif name == "above_each_other":
            piece = side_by_side(first.T, second.T).T
        elif name == "left_or_right_half":
            piece = first[:, width // 2 :] if second_half else first[:, : width // 2]
        else:
            piece = first[height // 2 :] if second_half else first[: height // 2]
        pieces.append((name, np.ascontiguousarray(piece)))
    return pieces


def with_one_film(
    arrays: dict[str, Features], whole: Features, pieces: Features, chosen: Sequence[Features]
) -> dict[str, Features]:
    """Return the gate with the answer whether a picture is one whole film; features (n, F) of whole films and of pieces.

    It is apart from the kinds: as one of them it would take probability from what tells lateral films. A probability of
    ``ONE_FILM`` is asked for, or less, so that 99.5 % of ``chosen``, features of films that nothing was learnt from, pass.
    """

    def placed(features: Features) -> Features:
        return np.float32((features - arrays["gate_mean"]) @ arrays["gate_basis"]) * arrays["gate_scale"]

    places = placed(np.concatenate((whole, pieces)))
    both, biases = _softmax_regression(places, np.repeat([1, 0], [len(whole), len(pieces)]), 2)
    kernel, bias = both[:, 1] - both[:, 0], float(biases[1] - biases[0]) - float(logit(ONE_FILM))
    return passing_as_one_film({**arrays, "gate_one_film": np.append(kernel, bias).astype(np.float32)}, chosen, 0.995)


def passing_as_one_film(arrays: dict[str, Features], films: Sequence[Features], share: float) -> dict[str, Features]:
    """Return the gate with so much less asked of one whole film that at least ``share`` of ``films``, features, pass."""
    if "gate_one_film" not in arrays:
        return arrays
    judge = Gate(arrays)
    lacking = -float(np.quantile([judge.answer(film).one_film for film in films], 1 - share, method="lower"))
    raised = arrays["gate_one_film"].copy()
    raised[-1] += max(0.0, lacking + _ROUNDING)
    return {**arrays, "gate_one_film": raised}


def with_limits(
    arrays: dict[str, Features],
    features: Sequence[Features],
    sources: Sequence[str] | None = None,
    wrong: Sequence[Features] = (),
    wrong_kinds: Sequence[str] = (),
) -> dict[str, Features]:
    """Return the gate with limits that refuse about 1 % of these features, of true chest films plain and changed.

    With ``sources``, one a film, the limits suit the source that they would refuse most of. With ``wrong``, features of
    wrong images, the distance is let out (at most by ``WIDEST``), and then the probability of a frontal chest that is asked
    for lowered in twentieths, while ``WRONG_REFUSED`` of these are still refused, and as many of the lateral chest films
    (``wrong_kinds`` tells which, one a wrong image), which a clinic has beside its frontal ones: films of hospitals that
    nobody has learnt from lie further out than those of the choose part, and look a little less like what was learnt.
    """
    distances, frontal = _answers(arrays, features)
    names = np.array(sources if sources is not None else [""] * len(features))
    parts = [names == name for name in sorted(set(names.tolist()))]
    distance = max(float(np.quantile(distances[part], 0.995)) for part in parts)
    floor = float(np.clip(min(np.quantile(frontal[part], 0.005) for part in parts), 0.02, 0.9))
    if len(wrong):
        wrong_distances, wrong_frontal = _answers(arrays, wrong)
        lateral = np.array([kind == LATERAL for kind in wrong_kinds] or [False] * len(wrong))

        def still_refused(distance: float, floor: float) -> bool:
            refused = (wrong_distances > distance) | (wrong_frontal < floor)
            return all(float(np.mean(group)) >= WRONG_REFUSED for group in (refused, refused[lateral]) if len(group))

        let_out = [factor * distance for factor in np.arange(WIDEST, 1.0, -0.05)]
        distance = next((float(one) for one in let_out if still_refused(float(one), floor)), distance)
        lowered = [one for one in np.arange(0.1, floor, 0.05) if still_refused(distance, float(one))]
        floor = float(min(lowered, default=floor))
    return {**arrays, "gate_limits": np.array([distance, 1 - floor], np.float32)}


def _answers(
    arrays: dict[str, Features], features: Sequence[Features]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the distances and the probabilities of a frontal chest; ``arrays`` still have a distance limit of 1."""
    answers = [Gate(arrays).answer(one) for one in features]
    return np.array([a.distance for a in answers]), np.array([a.frontal for a in answers])
