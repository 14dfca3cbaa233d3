"""From a trained network to a verified package: calibration, operating points, gate, test against the old model, card."""

from __future__ import annotations

import datetime
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.evaluation.cases import Case
from pneumo_desktop.evaluation.command import comparison_json
from pneumo_desktop.evaluation.report import Report, compare_reports, make_report
from pneumo_desktop.evaluation.thresholds import row_at, table
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.models.card import Calibration, Card
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.gate import Gate
from pneumo_desktop.reading.outcome import Judgement, Population
from pneumo_desktop.reading.reader import Reader
from pneumo_desktop.reading.reference import TOLERANCE, largest_difference
from pneumo_desktop.reading.whose import OLDEST_CHILD_YEARS
from pneumo_desktop.training.adapt import VIEWS, Adapted
from pneumo_desktop.training.cache import write_json
from pneumo_desktop.training.choose import Before, calibration_of, operating_points
from pneumo_desktop.training.control import Control
from pneumo_desktop.training.corpus import FIT, Sample
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.fit_gate import (
    fit_gate,
    kind_examples,
    passing_as_one_film,
    pieces_of,
    with_limits,
    with_one_film,
)
from pneumo_desktop.training.job import FROM_BASE, TRANSFER, Job
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.local import LocalImage, LocalImages
from pneumo_desktop.training.perturb import CHANGES, perturbed
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.rehearsal import Rehearsal
from pneumo_desktop.training.scan import check_reach
from pneumo_desktop.training.split import PARTS
from pneumo_desktop.training.torch_weights import WEIGHTS_LICENCE
from pneumo_desktop.training.wrong_pictures import wrong_pictures
from pneumo_desktop.words import tr

Array = npt.NDArray[np.float32]
OLD_REHEARSAL, OWN_REHEARSAL = 1000, 500
"""So many features of earlier images and of the clinic's own travel on in the package of an adapted model."""

NEW_REHEARSAL = 1000
"""So many features of its own images travel in the package of a new network."""

_GATE_FILMS, _GATE_WRONG = 600, 140
_CENTRES = 16
_STRANGE = 0.02
"""When the carried-over gate refuses a larger share of the validation part, it learns where these films lie."""

_OLDEST = 120
"""Years; a higher age is a mistyped one (DICOM has room for 999) and counts for nothing."""

_EDGE_PATIENTS = 3
"""So many different patients hold an edge of the card's ages: one may have a mistyped age, two may be chance."""

_TOLD_AGES = {
    Population.CHILDREN: (0.0, OLDEST_CHILD_YEARS + 1.0),
    Population.ADULTS: (OLDEST_CHILD_YEARS + 1.0, _OLDEST + 1.0),
    Population.NOT_KNOWN: (0.0, _OLDEST + 1.0),
}
"""The ages (youngest, end) of patients of whom only this was told."""

_KINDS_OF_FIGURES = ("auc", "accuracy", "sensitivity", "specificity")


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with what is known of it before it has a card.

    logits (2n,), features (2n, F): of the validation part, plain and then changed. gate: the gate's arrays.
    rehearsal: what travels on. before: the rehearsal under the old and the new network, or None.
    """

    network: bytes
    architecture: str
    parameters: int
    logits: npt.NDArray[np.float64]
    gate: Mapping[str, Array]
    rehearsal: Rehearsal
    before: Before | None
    details: Mapping[str, Any]


def from_adapted(adapted: Adapted, base: ModelPackage, seed: int) -> Trained:
    """Put together what adapting gave; the gate is carried over, the rehearsal grows by the clinic's own features."""
    features, rehearsal, space = adapted.features, adapted.rehearsal, adapted.space
    rng = np.random.default_rng((seed, 31))
    plain, seen = len(features.train_labels) // VIEWS, features.train[:, : space.width]
    known = space.known(rehearsal)
    old = np.sort(rng.permutation(len(rehearsal.labels))[:OLD_REHEARSAL])
    own = np.sort(rng.permutation(plain)[:OWN_REHEARSAL])
    gate = {name: values for name, values in base.arrays.items() if name.startswith("gate_")}
    return Trained(
        network=adapted.network,
        architecture=base.card.architecture,
        parameters=base.card.parameters,
        logits=adapted.head.logits(features.val),
        gate=_suited(gate, seen[:plain], features.train_labels[:plain], features.val[:, : space.width]),
        rehearsal=Rehearsal(
            np.concatenate((rehearsal.features[old], seen[own])),
            np.concatenate((known[old], features.train[own]))[:, space.width :],
            np.concatenate((rehearsal.labels[old], features.train_labels[own])),
        ),
        before=Before(
            rehearsal.labels,
            space.old.logits(known),
            adapted.known,
            base.card,
        ),
        details={"best_epoch": adapted.best_epoch, "rehearsal_images": len(rehearsal.labels)},
    )


def _suited(gate: Mapping[str, Array], train: Array, labels: npt.NDArray[np.int64], val: Array) -> dict[str, Array]:
    """Return the gate, with the centres of the clinic's classes where it would refuse too many of its films.

    Where it would take too many for several films or a part of one, less is asked of one whole film.
    """
    gate = passing_as_one_film(dict(gate), list(val), 1.0 - _STRANGE)
    judge = Gate(gate)
    far = np.mean([judge.answer(one).distance > 1.0 for one in val])
    if far <= _STRANGE or len(gate["gate_centres"]) + 2 > _CENTRES:
        return dict(gate)
    placed = ((train - gate["gate_mean"]) @ gate["gate_basis"]) * gate["gate_scale"]
    own = np.stack([placed[labels == label].mean(axis=0) for label in (0, 1)]).astype(np.float32)
    return {**gate, "gate_centres": np.concatenate((gate["gate_centres"], own))}


def from_learnt(
    job: Job, network: bytes, architecture: str, parameters: int, local: LocalImages, events: Events, control: Control
) -> Trained:
    """Ask a newly trained network about the clinic's images and fit its gate on them."""
    card = _bare_card(job, architecture, parameters)
    judge = Judge(unwritten(card, network))
    val, train = local.part("val"), local.part("train")
    names = list(CHANGES)
    events.tell("stage", stage="calibrating")
    outputs = []
    for number, image in enumerate([*val, *val]):
        control.check()
        picture = local.picture(image)
        if number >= len(val):
            picture = perturbed(picture, names[number % len(names)], job.seed + number)
        outputs.append(judge.look(picture))
    events.tell("stage", stage="gate")
    rng = np.random.default_rng((job.seed, 32))
    chosen = [train[place] for place in np.sort(rng.permutation(len(train))[:_GATE_FILMS])]
    samples = [Sample(local.picture(i), i.label, "local", i.patient, FIT, 1.0, Path(i.path)) for i in chosen]
    size = int(job.size or 0)
    wrong = wrong_pictures([sample.picture for sample in samples], min(_GATE_WRONG, 2 * len(samples)), size, job.seed)

    def features_of(picture: npt.NDArray[np.uint8]) -> Array:
        control.check()
        return judge.look(picture).features

    examples = kind_examples(samples, wrong, size, rng)
    features = np.stack([features_of(picture) for picture, _, _ in examples])
    chosen = [output.features for output in outputs]
    gate = with_limits(fit_gate(examples, features), chosen)
    pieces = pieces_of([sample.picture for sample in samples], len(samples) // 2, job.seed)
    whole = features[[kind == "chest" for _, kind, _ in examples]]
    gate = with_one_film(gate, whole, np.stack([features_of(picture) for _, picture in pieces]), chosen)
    own = [train[place] for place in np.sort(rng.permutation(len(train))[:NEW_REHEARSAL])]
    pictures = [local.picture(image) for image in own]
    remembered = Rehearsal.seen(card, network, pictures, [image.label for image in own], control.check)
    return Trained(
        network=network,
        architecture=architecture,
        parameters=parameters,
        logits=np.array([output.logit for output in outputs], np.float64),
        gate=gate,
        rehearsal=remembered,
        before=None,
        details={},
    )


def _bare_card(job: Job, architecture: str, parameters: int) -> Card:
    return Card(
        model_id="new", name="new", created=datetime.date.today().isoformat(), architecture=architecture,
        input_size=int(job.size or 0), preprocessing_version=PREPROCESSING_VERSION, parameters=parameters,
        calibration=Calibration(), operating_points={}, age_range=(0.0, 150.0),
    )  # fmt: skip


def _held_ages(job: Job, images: Sequence[LocalImage]) -> dict[Population, tuple[float, float]]:
    """Return the ages (youngest, end) in whole years that the patients of each population hold.

    As many as ``_EDGE_PATIENTS`` lie at or beyond each edge. A population of so few that the edges would cross (three
    patients of 8, 9 and 10 years) is not there.
    """
    known: dict[Population, dict[str, list[int]]] = {}
    for image in images:
        if image.age is not None and image.age < _OLDEST + 1:
            patients = known.setdefault(image.population(job.population), {})
            patients.setdefault(image.patient, []).append(math.floor(image.age))
    held = {}
    for population, patients in known.items():
        if len(patients) < _EDGE_PATIENTS:
            continue
        youngest = sorted(min(ages) for ages in patients.values())[_EDGE_PATIENTS - 1]
        oldest = sorted(max(ages) for ages in patients.values())[-_EDGE_PATIENTS]
        if youngest <= oldest:
            held[population] = (float(youngest), oldest + 1.0)
    return held


def _age_range(job: Job, images: Sequence[LocalImage], base: Card | None) -> tuple[float, float]:
    """Return the (youngest, oldest) in whole years of all populations together, by the rules of ``_ages``."""
    ranges = list(_held_ages(job, images).values())
    if job.architecture in FROM_BASE and base is not None:
        youngest, oldest = base.age_range
        ranges.append((youngest, oldest + 1.0))
    widens = job.population is not Population.NOT_KNOWN and any(image.age is None for image in images)
    if widens or not ranges:
        ranges.append(_TOLD_AGES[job.population])
    return min(low for low, _ in ranges), max(end for _, end in ranges) - 1.0


def _ages(job: Job, images: Sequence[LocalImage], base: Card | None) -> dict[Population, tuple[float, float]]:
    """Return the card's ages: the base's, widened in each population by the ages that the clinic's patients hold.

    Images without an age count for all ages of the population that the user told, for none where it is not known.
    That population has these ages too where nothing else is known of any age. A base without ages goes on as it is:
    split at ``OLDEST_CHILD_YEARS`` within its ``age_range``.
    """
    known: Mapping[Population, tuple[float, float]] = {}
    if job.architecture in FROM_BASE and base is not None:
        if not base.ages:
            return {}
        known = base.ages
    held = _held_ages(job, images)
    ages = {}
    for population in (Population.CHILDREN, Population.ADULTS):
        ranges = [of[population] for of in (known, held) if population in of]
        own = [image.age for image in images if image.population(job.population) is population]
        if population is job.population and (None in own or (own and not known and not held)):
            ranges.append(_TOLD_AGES[population])
        if ranges:
            ages[population] = (min(low for low, _ in ranges), max(end for _, end in ranges))
    if len(ages) == 2:  # at an age that both have the children's figures hold
        (_, grown), (youngest, end) = ages[Population.CHILDREN], ages[Population.ADULTS]
        ages[Population.ADULTS] = (max(youngest, grown), end)
    return {population: (low, end) for population, (low, end) in ages.items() if low < end}


def make_card(job: Job, trained: Trained, local: LocalImages, base: Card | None) -> Card:
    """Return the card without the figures of the test; writes thresholds.json into the job's folder."""
    val = local.part("val")
    labels = np.array([image.label for image in val] * 2, np.int64)
    calibration = calibration_of(trained.logits, labels, trained.before)
    scores = scores_of(calibration, trained.logits)
    populations = [image.population(job.population) for image in val] * 2
    points = operating_points(job.goal, populations, labels, scores, calibration, trained.before)
    rows = table(labels, scores)
    own = {point.threshold for point in points.values()} - {row.threshold for row in rows}
    rows = sorted([*rows, *(row_at(labels, scores, one) for one in own)], key=lambda row: row.threshold)
    chosen = {population.value: asdict(point) for population, point in points.items()}
    write_json(
        job.folder_of_job / "thresholds.json", {"operating_points": chosen, "table": [asdict(row) for row in rows]}
    )
    today = datetime.date.today().isoformat()
    settings = {**job.recipe(), **trained.details}
    digest = hashlib.sha256(trained.network + json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]
    learns_on = job.architecture in FROM_BASE and base is not None
    licences = base.licences if base is not None and learns_on else ()
    if job.architecture == TRANSFER:
        licences = (WEIGHTS_LICENCE,)
    return Card(
        model_id=job.model_id or f"local-{today.replace('-', '')}-{digest}",
        name=job.name or tr("Local model {date}").format(date=today),
        created=today,
        architecture=trained.architecture,
        input_size=int(job.size or 0),
        preprocessing_version=PREPROCESSING_VERSION,
        parameters=trained.parameters,
        calibration=calibration,
        operating_points=points,
        age_range=_age_range(job, local.images, base),
        ages=_ages(job, local.images, base),
        parent=base.model_id if base is not None and learns_on else None,
        populations={
            **(base.populations if base is not None and trained.before is not None else {}),
            "local": whose_images(job.population),
        },
        data={
            "counts": {
                part: {
                    "normal": sum(image.label == 0 for image in local.part(part)),
                    "pneumonia": sum(image.label == 1 for image in local.part(part)),
                    "patients": len({image.patient for image in local.part(part)}),
                }
                for part in PARTS
            },
            "fingerprint": local.fingerprint,
            "split_seed": job.seed,
            "split_key": "patient (the image where the patient is not known)",
        },
        training=settings,
        licences=(*licences, "Images of the clinic that trained it"),
        limits=_limits(job, base if learns_on else None),
    )


def whose_images(told: Population) -> str:
    """Return what a card, which travels in English, says of the clinic's images (``words.card`` has it in words)."""
    whose = "population not told" if told is Population.NOT_KNOWN else f"population told: {told.value}"
    return f"the clinic's own images, {whose}"


def _limits(job: Job, base: Card | None) -> tuple[str, ...]:
    texts = ["Trained and tested at one clinic. Not a medical device; it assists a reader and never replaces one."]
    if base is not None and job.architecture != "adapt":
        texts.append(f"Fine-tuned on local images alone: what {base.model_id} knew of others was not rehearsed.")
    return tuple(texts)


def arrays_of(trained: Trained) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of the package: the gate in float32, the rehearsal in float16."""
    return {**trained.gate, **trained.rehearsal.arrays()}


def write_verified(path: Path, card: Card, trained: Trained) -> ModelPackage:
    """Write a package and open it again; raises Problem where it does not give its own reference scores."""
    path.parent.mkdir(parents=True, exist_ok=True)
    references = Judge(unwritten(card, trained.network)).references()
    write_package(path, card, trained.network, arrays_of(trained), references)
    package = ModelPackage.open(path)
    difference = largest_difference(package)
    if not difference <= TOLERANCE:
        path.unlink()
        raise Problem("internal", what=f"reference scores differ by {difference:.2g}")
    return package


@dataclass(frozen=True, eq=False)
class Tested:
    """Both models on the locked test part."""

    new: Report
    old: Report | None
    comparison: Mapping[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """Return what evaluation.json holds."""
        return {
            "new": self.new.as_json(),
            "old": self.old.as_json() if self.old else None,
            "comparison": dict(self.comparison) if self.comparison else None,
        }

    def figures(self) -> dict[str, Any]:
        """Return the short figures of the ``done`` event."""
        new, old = self.new.as_json(), self.old.as_json() if self.old else None
        return {
            "test": {"normal": new["normal"], "pneumonia": new["pneumonia"]},
            "new": {name: new["metrics"][name] for name in _KINDS_OF_FIGURES},
            "old": {name: old["metrics"][name] for name in _KINDS_OF_FIGURES} if old else None,
            "difference": self.comparison["auc_difference"] if self.comparison else None,
            "verdict": self.comparison["verdict"] if self.comparison else None,
        }


def test_both(
    job: Job, new: ModelPackage, old: ModelPackage | None, local: LocalImages, events: Events, control: Control
) -> Tested:
    """Read the locked test part from its files with both models, the way the program reads, and compare them.

    Raises Problem(code='not_found') where a file is out of reach by now.
    """
    readers = [Reader(package) for package in (new, old) if package is not None]
    cases: list[list[Case]] = [[] for _ in readers]
    images = local.part("test")
    for done, image in enumerate(images, start=1):
        control.check()
        for own, judgement in zip(cases, _judgements(job, readers, image), strict=True):
            own.append(Case(image.entry, image.name, image.label, image.patient, judgement))
        events.progress("test", done, len(images))
    reports = [make_report(own, job.folder.name, "test") for own in cases]
    other = reports[1] if len(reports) > 1 else None
    comparison = comparison_json(compare_reports(reports[0], other)) if other is not None and images else None
    return Tested(reports[0], other, comparison)


def _judgements(job: Job, readers: Sequence[Reader], image: LocalImage) -> list[Judgement]:
    try:
        radiograph = load(image.entry)
    except UnreadableImageError as error:
        check_reach(image.entry, error)
        return [reader.unreadable(error, job.population) for reader in readers]
    return [reader.read(radiograph, job.population).judgement for reader in readers]


def with_figures(card: Card, tested: Tested, compared_with: str | None) -> Card:
    """Return the card with the figures of the locked test part."""
    return replace(
        card,
        metrics={
            "locked_test": tested.new.card_figures(),
            "compared_with": compared_with,
            "comparison": dict(tested.comparison) if tested.comparison else None,
        },
    )
