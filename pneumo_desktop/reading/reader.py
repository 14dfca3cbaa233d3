"""A Radiograph becomes a Judgement and a heat map: gate, repair, network, calibration, operating point."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pneumo_desktop import __version__
from pneumo_desktop.imaging.load import invert, turn
from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION, prepare
from pneumo_desktop.imaging.radiograph import Radiograph, UnreadableImageError
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.gate import UNDO_TURN, Gate, GateAnswer, check_file
from pneumo_desktop.reading.network import Network, NetworkOutput
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.reading.whose import whose

_ANALYSED_OUTSIDE = "analysed_outside"
"""The note on a verdict that the user wanted although the card has no figures for the age."""


@dataclass(frozen=True, eq=False)
class Reading:
    """heat_map: (h, w) float32 evidence of the picture as it was judged (turned, inverted), or None if refused."""

    judgement: Judgement
    heat_map: npt.NDArray[np.float32] | None


class Reader:
    """Reads one image at a time; belongs to one thread. ``analyse_outside`` gives a verdict outside the card's ages."""

    def __init__(self, package: ModelPackage, analyse_outside: bool = False) -> None:
        self._card = package.card
        self._package_sha256 = package.sha256
        self._network = Network(package)
        self._gate = Gate(package.arrays)
        self._analyse_outside = analyse_outside

    def _judgement(
        self,
        outcome: Outcome,
        population: Population,
        reason: Reason | None = None,
        detail: str = "",
        score: float | None = None,
        point: OperatingPoint | None = None,
        turned: int = 0,
        inverted: bool = False,
        notes: tuple[str, ...] = (),
        distance: float | None = None,
    ) -> Judgement:
        return Judgement(
            outcome=outcome, reason=reason, score=score, operating_point=point, population=population,
            model_id=self._card.model_id, preprocessing_version=PREPROCESSING_VERSION, app_version=__version__,
            detail=detail, turned=turned, inverted=inverted, notes=notes, gate_distance=distance,
            model_sha256=self._package_sha256,
        )  # fmt: skip

    def try_out(self) -> None:
        """Run network and gate once; raises BadPackageError where they do not go together."""
        blank = np.zeros((self._network.size, self._network.size), np.float32)
        self._gate.answer(self._network.run(blank).features)

    def unreadable(self, problem: UnreadableImageError, population: Population) -> Judgement:
        """Return the judgement of a file that could not be read: never a score."""
        return self._judgement(Outcome.NOT_ANALYSED, population, Reason.UNREADABLE, problem.code)

    def _look(self, radiograph: Radiograph) -> tuple[NetworkOutput, GateAnswer]:
        output = self._network.run(prepare(radiograph, self._network.size))
        return output, self._gate.answer(output.features)

    def read(self, radiograph: Radiograph, population: Population = Population.NOT_KNOWN) -> Reading:
        """Judge one radiograph. ``population`` is what the user said of its folder."""
        population, outside = whose(self._card, radiograph.age_years, population)
        refusal = check_file(radiograph)
        if refusal is not None:
            judged = self._judgement(
                Outcome.NOT_ANALYSED, population, refusal.reason, refusal.detail, notes=radiograph.notes
            )
            return Reading(judged, None)
        output, answer = self._look(radiograph)
        turned, inverted = 0, False
        repaired = radiograph
        for _attempt in range(2):
            if answer.kind in UNDO_TURN and not turned:
                turned = UNDO_TURN[answer.kind]
                repaired = turn(repaired, turned)
            elif answer.kind == "inverted" and not inverted:
                inverted = True
                repaired = invert(repaired)
            else:
                break
            output, answer = self._look(repaired)
        refusal = self._gate.refusal(answer)
        if refusal is not None:
            # A repair that did not make a chest film of it was no repair.
            judged = self._judgement(
                Outcome.NOT_ANALYSED, population, refusal.reason, refusal.detail,
                notes=radiograph.notes, distance=answer.distance,
            )  # fmt: skip
            return Reading(judged, None)
        return Reading(self._verdict(radiograph, population, outside, output, answer, turned, inverted), output.map)

    def judge_again(self, judgement: Judgement, told_before: Population, told: Population) -> Judgement | None:
        """Return what this model says where ``told`` is said of the folder instead; no network is asked.

        None where it cannot be known whether the population was told or is that of an age in the file. What was
        withheld, or analysed all the same, because of the age stays as it is.
        """
        by_age = judgement.reason is Reason.OUTSIDE_POPULATION and judgement.detail == "age"
        if by_age or _ANALYSED_OUTSIDE in judgement.notes:
            return judgement
        population = judgement.population
        if population is told_before:
            if told_before is not Population.NOT_KNOWN:
                return None
            population = told
        if judgement.score is None:  # refused before there was a score, whoever the patient is
            return replace(judgement, population=population)
        point = self._card.operating_point(population)
        if point is None:
            return replace(
                judgement, population=population, operating_point=point, outcome=Outcome.NOT_ANALYSED,
                reason=Reason.OUTSIDE_POPULATION, detail="no_operating_point",
            )  # fmt: skip
        return replace(
            judgement, population=population, operating_point=point, outcome=point.judge(judgement.score), reason=None,
            detail="",
        )  # fmt: skip

    def _verdict(
        self,
        radiograph: Radiograph,
        population: Population,
        outside: bool,
        output: NetworkOutput,
        answer: GateAnswer,
        turned: int,
        inverted: bool,
    ) -> Judgement:
        score = self._card.calibration.score(output.logit)
        point = self._card.operating_point(population)
        notes = radiograph.notes
        if point is None or (outside and not self._analyse_outside):
            return self._judgement(
                Outcome.NOT_ANALYSED, population, Reason.OUTSIDE_POPULATION, "age" if outside else "no_operating_point",
                score=score, point=point, turned=turned, inverted=inverted, notes=notes, distance=answer.distance,
            )  # fmt: skip
        if outside:
            notes = (*notes, _ANALYSED_OUTSIDE)
        return self._judgement(
            point.judge(score), population, score=score, point=point, turned=turned, inverted=inverted, notes=notes,
            distance=answer.distance,
        )  # fmt: skip
