"""Is this a frontal chest radiograph of the kind the model has learnt from?

Cheap checks of the file first. Then two learnt answers on the feature vector of the forward pass: a softmax over
kinds (upright chest, three turns, negative, photo of a film, anything else) and an open-set distance: the
Mahalanobis distance to the nearest of the training groups under their shared covariance (Lee et al., NeurIPS 2018).
The distance needs no list of wrong kinds; the kinds say what can be repaired and what to do instead. A third answer, apart
from these, tells several films in one picture, and a part of one, from a whole film: they show what a chest film shows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging.radiograph import Radiograph
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.reading.outcome import Reason

KINDS = ("chest", "turned_90", "turned_180", "turned_270", "inverted", "photo_of_film", "not_chest")
"""``turned_90``: the picture stands turned by 90 degrees clockwise and has to be turned back by 270."""

FRONTAL_KINDS = ("chest", "inverted", "photo_of_film")
"""Kinds that show a frontal chest. Doubt among them is none about what the picture shows: an unusual film may look a little
like a photo or a negative, and real ones of these are told with certainty (models/experiments.md, "The gate in other rooms")."""

UNDO_TURN = {"turned_90": 270, "turned_180": 180, "turned_270": 90}

SHORTEST_SIDE = 112
"""Pixels, half of what the training copies have; below it an image was a thumbnail of a film rather than a film."""

_CHEST_PARTS = ("CHEST", "RAX", "TORAC", "LUNG", "PULM", "PECHO", "RIB")
"""Parts of words: RAX is in thorax, torax and tórax, however the accent is written."""

_NO_PART = {"UNKNOWN", "OTHER", "NONE", "UNDEFINED", "UNSPECIFIED", "N/A"}
_PROJECTION_MODALITIES = {"CR", "DX", "RG", "SC", "OT", "XA", "RF", "DR", ""}
_LATERAL_VIEWS = {"LL", "RL", "LATERAL", "LLD", "RLD", "LAT"}
_COLOURFUL = 18.0
"""Mean absolute difference between colour channels, 0..255: scans and phone pictures of films stay below."""


@dataclass(frozen=True)
class Refusal:
    """A reason and the finer code whose sentence is shown."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class GateAnswer:
    """kind: the most likely of ``KINDS``; probabilities by kind; distance: open-set distance (1 is the limit).

    one_film: the log odds, over what is asked for, that it is one whole film, and neither several nor a part of one;
    infinite where the gate has not learnt to tell.
    """

    kind: str
    probabilities: Mapping[str, float]
    distance: float
    one_film: float = math.inf

    @property
    def frontal(self) -> float:
        """The probability of a frontal chest that stands upright: film, negative or photo of one."""
        return sum(self.probabilities[kind] for kind in FRONTAL_KINDS)


class Gate:
    """The gate's arrays: ``gate_mean``, ``gate_basis``, ``gate_scale``, ``gate_centres``, ``gate_kind_weights``,
    ``gate_kind_bias``, ``gate_limits`` (distance limit, and how much probability may lie on kinds that show no upright
    frontal chest); ``gate_one_film``, weights and bias, is not in every package.

    Raises BadPackageError(code='arrays') when one is missing or does not fit the others.
    """

    def __init__(self, arrays: Mapping[str, npt.NDArray[np.float32]]) -> None:
        try:
            self._mean = arrays["gate_mean"]
            self._basis = arrays["gate_basis"]
            self._scale = arrays["gate_scale"]
            self._centres = arrays["gate_centres"]
            self._weights = arrays["gate_kind_weights"]
            self._bias = arrays["gate_kind_bias"]
            limits = arrays["gate_limits"]
        except KeyError as problem:
            raise BadPackageError("arrays", f"{problem} is missing") from problem
        features, components = self._basis.shape if self._basis.ndim == 2 else (0, 0)
        shapes = (
            self._mean.shape == (features,) and self._scale.shape == (components,)
            and self._centres.ndim == 2 and self._centres.shape[1] == components
            and self._weights.shape == (components, len(KINDS)) and self._bias.shape == (len(KINDS),)
            and limits.shape == (2,)
        )  # fmt: skip
        self._one_film = arrays.get("gate_one_film")
        shapes = shapes and (self._one_film is None or self._one_film.shape == (components + 1,))
        if not shapes or features == 0:
            raise BadPackageError("arrays", "the gate's arrays do not fit together")
        self._distance_limit, self._kind_limit = float(limits[0]), float(limits[1])

    def answer(self, features: npt.NDArray[np.float32]) -> GateAnswer:
        """Judge the feature vector (F,) float32 of one forward pass."""
        place = ((features - self._mean) @ self._basis) * self._scale
        distance = float(np.sqrt(((self._centres - place) ** 2).sum(axis=1).min()))
        values = place @ self._weights + self._bias
        values = np.exp(values - values.max())
        values /= values.sum()
        probabilities = {kind: float(value) for kind, value in zip(KINDS, values, strict=True)}
        kind = max(probabilities, key=lambda name: probabilities[name])
        one_film = math.inf if self._one_film is None else float(place @ self._one_film[:-1] + self._one_film[-1])
        return GateAnswer(kind, probabilities, distance / self._distance_limit, one_film)

    def refusal(self, answer: GateAnswer) -> Refusal | None:
        """Return why the picture is refused after any repair, or None for a frontal chest radiograph."""
        if answer.kind == "photo_of_film":
            return Refusal(Reason.PHOTO_OF_FILM, "photo_of_film")
        if answer.distance > 1.0 or answer.kind != "chest" or answer.frontal < 1.0 - self._kind_limit:
            return Refusal(Reason.NOT_CHEST_FRONTAL, "not_chest")
        if answer.one_film < 0.0:
            return Refusal(Reason.NOT_CHEST_FRONTAL, "not_one_film")
        return None


def check_file(radiograph: Radiograph) -> Refusal | None:
    """Refuse what the header or plain numbers already rule out, before the network is asked."""
    height, width = radiograph.pixels.shape
    if min(height, width) < SHORTEST_SIDE:
        return Refusal(Reason.TOO_SMALL)
    tags = radiograph.tags
    if tags.get("Modality", "").upper() not in _PROJECTION_MODALITIES:
        return Refusal(Reason.NOT_CHEST_FRONTAL, "modality")
    part = tags.get("BodyPartExamined", "").upper()
    if part and part not in _NO_PART and not any(word in part for word in _CHEST_PARTS):
        return Refusal(Reason.NOT_CHEST_FRONTAL, "body_part")
    if tags.get("ViewPosition", "").upper() in _LATERAL_VIEWS:
        return Refusal(Reason.NOT_CHEST_FRONTAL, "lateral")
    if radiograph.colour > _COLOURFUL:
        return Refusal(Reason.NOT_CHEST_FRONTAL, "colour")
    step = max(1, min(height, width) // 128)
    sample = radiograph.pixels[::step, ::step]
    if int(sample.max()) == int(sample.min()):
        return Refusal(Reason.QUALITY, "constant")
    return None
