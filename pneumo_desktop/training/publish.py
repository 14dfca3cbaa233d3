"""From finished runs to the bundled package: gate, calibration, operating points, figures, card.

``python -m pneumo_desktop.training.publish --run RUN [RUN ...] --out FILE.pneumo``; with ``--network-of PACKAGE`` instead of
the runs the network stays as it is, or gets a second head (``--second-head``).
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION
from pneumo_desktop.models.card import Calibration, Card
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.opencv import cv2
from pneumo_desktop.reading.heatmap import FULL_SCALE_LOGIT
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.training.corpus import (
    ADULT_NORMALS,
    ADULT_SOURCE,
    CHILDREN_SOURCE,
    CHOOSE,
    FIT,
    REPORT,
    SOURCES,
    SPLIT_SEED,
    Sample,
    load_corpus,
)
from pneumo_desktop.training.depths import terms_of
from pneumo_desktop.training.figures_of_record import (
    against_rsna_normals,
    all_figures,
    auc_with_interval,
    gate_figures,
    pairs_and_raw,
    same_answer,
)
from pneumo_desktop.training.fit_gate import (
    WrongImage,
    fit_gate,
    kind_examples,
    pieces_of,
    with_limits,
    with_one_film,
    wrong_images,
)
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.learnt_from import LearntFrom
from pneumo_desktop.training.look import other_look
from pneumo_desktop.training.perturb import CHANGES, perturbed
from pneumo_desktop.training.points_of_record import calibrated, operating_points
from pneumo_desktop.training.rehearsal import Rehearsal
from pneumo_desktop.training.second_head import PULL, stretched, with_second_head
from pneumo_desktop.training.torch_weights import WEIGHTS_LICENCE

if TYPE_CHECKING:
    import keras

LICENCES = {
    CHILDREN_SOURCE: "Kermany et al. 2018, CC BY 4.0 (doi 10.17632/rscbjbr9sj)",
    ADULT_SOURCE: "NIH ChestX-ray14, NIH Clinical Center, Wang et al. 2017",
    ADULT_NORMALS: "RSNA Pneumonia Detection Challenge normals (academic use, Shih et al. 2019)",
}
LIMITS = (
    "Not a medical device; it assists a reader and never replaces one.",
    "Not tested on patients under 1 year, from 6 to 17 or over 85, nor on films of hospitals other than these two.",
    "The RSNA normals are held out by image, their patients are not known: some may be of patients it has learnt from.",
    "The report part has been read for this network and for earlier ones too; no figure of it is the first look.",
    "An exploration before this recipe had looked once at the official Kermany test part and at films of a third kind.",
    "Intervals are of these films alone: other seeds of a like recipe moved the AUC of adults by 0.02.",
    "Adults: 4 of the 117 with pneumonia are 6 to 17 years old; the ages of the RSNA normals are not known.",
    "Scores are calibrated for these shares of ill and well, children and adults together; for adults alone less well.",
    "Full size and 224 pixels: films of children alone, most of them learnt from; adults were not compared.",
    "Sensitivity and specificity count an uncertain film on its side of the point.",
    "Points: children at a sensitivity of 0.975, adults at a specificity of 0.92, on the choose part; not known midway.",
)
"""The figures are those of ``points_of_record``; a test compares them."""

POPULATIONS = {
    "children": "Guangzhou Women and Children's Medical Center, 1 to 5 years, AP view",
    "adults": "NIH Clinical Center, mostly adults, AP and PA; labels mined from reports, "
    "radiologists agree with about 4 of 10",
}
_PIECES = 1200
"""So many pictures of several films and of parts of one the gate learns from."""

NIH_LABELS = {
    False: "Lung Opacity weighted double; labels of pneumonia that radiologists called Normal, and of normals that "
    "they called Lung Opacity, are not learnt from",
    True: "as they were mined from reports",
}


def changed_copies(samples: Sequence[Sample], seed: int) -> list[npt.NDArray[np.uint8]]:
    """Return each picture after one of the changes, in turn."""
    names = list(CHANGES)
    return [perturbed(s.picture, names[i % len(names)], seed + i) for i, s in enumerate(samples)]


def _learnt_from(runs: Sequence[Path]) -> LearntFrom:
    """Return what all ``runs`` have learnt from; raises SystemExit where they differ."""
    first, *others = (LearntFrom.read(run) for run in runs)
    if any(other != first for other in others):
        raise SystemExit(
            "the runs have learnt from different images or labels or began with different weights: these cannot be averaged"
        )
    return first


def told_of_pretraining(learnt: LearntFrom) -> dict[str, Any]:
    """Return what the card's training says of it; nothing where there was none."""
    return {"pretraining": dict(learnt.pretraining)} if learnt.pretraining else {}


def mean_of(runs: Sequence[Path]) -> tuple[keras.Model, dict[str, Any]]:
    """Return the network of finished runs, their weights averaged, and what the card says of their training."""
    from pneumo_desktop.training.average import mean_weights
    from pneumo_desktop.training.fit import FINAL, SETTINGS
    from pneumo_desktop.training.networks import build

    every = [json.loads((run / SETTINGS).read_text()) for run in runs]
    settings = every[0]
    if any(one[key] != settings[key] for one in every for key in ("architecture", "size")):
        raise SystemExit("the runs have different networks: their weights cannot be averaged")
    model = build(settings["architecture"], settings["size"], settings["dropout"])
    model.set_weights(mean_weights([run / FINAL for run in runs]))
    told = {key: value for key, value in settings.items() if all(one[key] == value for one in every)}
    if len(every) > 1:
        told["mean_of"] = {
            str(place + 1): {key: one[key] for key in one if key not in told} for place, one in enumerate(every)
        }
    return model, told


def _levelled(model: keras.Model, card: Card, fitting: Sequence[Sample], choosing: Sequence[Sample]) -> Card:
    """Bring the populations onto one scale in ``model``, on both parts plain and changed; the card tells by how much."""
    from pneumo_desktop.training.average import level_populations
    from pneumo_desktop.training.export_network import to_litert

    judge = Judge(unwritten(card, to_litert(model)))
    fit_part, choose_part = (
        ([*samples, *samples], judge.features([s.picture for s in samples] + changed_copies(samples, seed)))
        for samples, seed in ((fitting, 77), (choosing, 1000))
    )
    share = level_populations(model, fit_part, choose_part)
    return replace(card, training={**card.training, "share_of_population_direction": round(share, 4)})


def _stretched(card: Card, network: bytes, choosing: Sequence[Sample]) -> tuple[Card, bytes]:
    """Stretch the logits so that one in ten ill children of ``choosing`` has a place in the strongest colour."""
    ill = [s.picture for s in choosing if s.is_child and s.label == 1]
    strongest = [output.map.max() for output in Judge(unwritten(card, network)).look_at_all(ill)]
    factor = FULL_SCALE_LOGIT / float(np.quantile(strongest, 0.9))
    told = round(card.training.get("logits_stretched_by", 1.0) * factor, 4)
    return replace(card, training={**card.training, "logits_stretched_by": told}), stretched(network, factor)


def _order_alone(base: Card, run: Path, reporting: Sequence[Sample]) -> dict[str, Any]:
    """Return the AUCs of another run on the report part; they need neither calibration nor gate."""
    from pneumo_desktop.training.export_network import to_litert

    model, settings = mean_of([run])
    settings |= told_of_pretraining(LearntFrom.read(run))
    card = replace(base, architecture=settings["architecture"], input_size=settings["size"])
    logits = Judge(unwritten(card, to_litert(model))).logits([s.picture for s in reporting])
    child = np.array([sample.is_child for sample in reporting])
    children = [sample for sample in reporting if sample.is_child]
    return {
        "children": auc_with_interval(children, logits[child]),
        "adults": against_rsna_normals(reporting, logits, auc_with_interval) | pairs_and_raw(reporting, logits),
        "training": {
            key: settings[key]
            for key in ("epochs", "steps_per_epoch", "batch", "seed", "size", "mixup", "mixed_epoch", "pretraining")
            if key in settings
        },
    }  # fmt: skip


def figures_without_rsna_normals(base: Card, source: Path, reporting: Sequence[Sample]) -> dict[str, Any]:
    """Return the figures without the RSNA normals: of the run in the folder ``source``, or out of an earlier package."""
    if source.is_file():
        earlier = ModelPackage.open(source).card
        figures = dict(earlier.metrics["without_rsna_normals"])
        told = {"size": earlier.input_size, "of_package": earlier.model_id}
        return {**figures, "training": {**told, **figures["training"]}}
    if ADULT_NORMALS not in LearntFrom.read(source).left_out:
        raise SystemExit(f"{source} has learnt from the RSNA normals")
    return _order_alone(base, source, reporting)


def _with_points(base: Card, judge: Judge, choosing: Sequence[Sample]) -> Card:
    """Return the card with calibration and operating points, from the choose part plain, changed and disguised."""
    young = [s for s in choosing if s.is_child]
    logits = judge.logits([s.picture for s in choosing] + changed_copies(choosing, 1000))
    twice = [*choosing, *choosing]
    calibration = calibrated(logits, np.array([s.label for s in twice]), np.array([s.is_child for s in twice]))
    disguised = judge.logits(other_look(young, base.input_size))
    scores = scores_of(calibration, np.concatenate((logits, disguised)))
    return replace(base, calibration=calibration, operating_points=operating_points([*twice, *young], scores))


def _arrays(
    package: ModelPackage, fitting: Sequence[Sample], choosing: Sequence[Sample], wrong: Sequence[WrongImage], seed: int
) -> dict[str, npt.NDArray[Any]]:
    """Return the gate's arrays and the rehearsal: 1,000 images of the fit part as features, depths and labels."""
    judge, size = Judge(package), package.card.input_size
    rng = np.random.default_rng(seed)
    sample_of_fit = [fitting[i] for i in rng.permutation(len(fitting))[:3500]]
    examples = kind_examples(sample_of_fit, [image.picture for image in wrong if image.part == FIT], size, rng)
    features = judge.features([picture for picture, _, _ in examples])
    arrays = fit_gate(examples, features)
    looked_at = [s.picture for s in choosing] + changed_copies(choosing, 5000)
    strange = [image for image in wrong if image.part == CHOOSE]
    chosen = list(judge.features(looked_at))
    arrays = with_limits(
        arrays, chosen, [s.source for s in choosing] * 2,
        list(judge.features([image.picture for image in strange])), [image.kind for image in strange],
    )  # fmt: skip
    whole = features[[kind == "chest" for _, kind, _ in examples]]
    pieces = pieces_of([s.picture for s in sample_of_fit], _PIECES, seed)
    arrays = with_one_film(arrays, whole, judge.features([picture for _, picture in pieces]), chosen)
    kept = [fitting[i] for i in rng.permutation(len(fitting))[:1000]]
    card, network = package.card, package.network_bytes
    return arrays | Rehearsal.seen(card, network, [s.picture for s in kept], [s.label for s in kept]).arrays()


def _data(parts: Mapping[str, Sequence[Sample]], learnt: LearntFrom) -> dict[str, Any]:
    """Return what the card says of the images: counts by part, source and label, fingerprint, split, labels.

    What no label is learnt from, its weight being 0, is counted in the report part alone.
    """
    return {
        "counts": {
            part: {
                f"{source}:{label}": sum(s.source == source and s.label == label for s in members)
                for source in SOURCES
                for label in (0, 1)
                if any(s.source == source for s in members)
            }
            for part, members in parts.items()
        },
        "fingerprint": learnt.fingerprint,
        "split_seed": SPLIT_SEED,
        "split_key": "patient (RSNA normals: image)",
        "nih_labels": NIH_LABELS[learnt.as_mined],
    }


@dataclass(frozen=True, eq=False)
class Source:
    """Where the network is from: finished runs, or an earlier package whose gate, points and figures are made anew."""

    learnt: LearntFrom
    architecture: str
    size: int
    parameters: int
    training: Mapping[str, Any]
    model: keras.Model | None = None
    network: bytes = b""
    second_head: bool = True

    @staticmethod
    def runs(runs: Sequence[Path]) -> Source:
        """The mean of the weights of finished runs; raises SystemExit where they do not go together."""
        learnt = _learnt_from(runs)
        model, settings = mean_of(runs)
        settings |= told_of_pretraining(learnt)
        return Source(learnt, settings["architecture"], settings["size"], int(model.count_params()), settings, model)

    @staticmethod
    def package(path: Path, second_head: bool = False) -> Source:
        """The network of the package at ``path``, as it is or with a second head; what it has learnt from is what its card says.

        Raises SystemExit where its parts are not this corpus'.
        """
        package = ModelPackage.open(path)
        card = package.card
        counted = [source for source in SOURCES if card.data["counts"][FIT].get(f"{source}:0")]
        left_out = tuple(source for source in SOURCES if source not in counted)
        as_mined = bool(card.data["nih_labels"] == NIH_LABELS[True])
        if card.data["split_seed"] != SPLIT_SEED:
            raise SystemExit(f"{path} has learnt from films of the report part: its split is another one")
        return Source(
            LearntFrom(left_out, as_mined, card.data["fingerprint"], card.training.get("pretraining", {})),
            card.architecture, card.input_size, card.parameters, card.training,
            network=package.network_bytes, second_head=second_head,
        )  # fmt: skip

    def finished(self, card: Card, fitting: Sequence[Sample], choosing: Sequence[Sample]) -> tuple[Card, bytes]:
        """Return the card and the network: that of runs is levelled, and what gets a second head is stretched after that."""
        network = self.network
        if self.model is not None:
            from pneumo_desktop.training.export_network import to_litert

            card = _levelled(self.model, card, fitting, choosing)
            network = to_litert(self.model)
        if not self.second_head:
            return card, network
        before, network = network, with_second_head(card, network, fitting)
        if network == before and self.model is None:  # it has a second head already, or none can be given to it
            return card, network
        if added := sum(kernel.size for kernel in terms_of(network).values()):
            told = {**card.training, "second_head_pull": PULL}
            card = replace(card, training=told, parameters=card.parameters + added)
        return _stretched(card, network, choosing)


def publish(
    source: Source,
    corpus: Sequence[Sample],
    data: Path,
    out: Path,
    model_id: str,
    without_rsna: Path | None = None,
    seed: int = SPLIT_SEED,
) -> Card:
    """Write the package for ``source`` to ``out`` and return its card.

    A source of images that the runs have left out is nowhere in the package: it is neither learnt nor levelled nor chosen
    by, and only the figures of the report part may still be of it. ``without_rsna``: a run of the same recipe that has
    left out the RSNA normals, or an earlier package with figures of one, for the card. ``seed`` draws what the gate and
    the rehearsal learn from.
    """
    learnt = source.learnt
    usable = [s for s in corpus if s.weight > 0 and s.source not in learnt.left_out]
    fitting, choosing = ([s for s in usable if s.part == part] for part in (FIT, CHOOSE))
    reporting = [s for s in corpus if s.part == REPORT]
    licences = (*(LICENCES[name] for name in SOURCES if name not in learnt.left_out), WEIGHTS_LICENCE)
    card = Card(
        model_id=model_id, name=model_id.replace("-", " ").capitalize(), created=datetime.date.today().isoformat(),
        architecture=source.architecture, input_size=source.size, preprocessing_version=PREPROCESSING_VERSION,
        parameters=source.parameters, calibration=Calibration(), operating_points={}, age_range=(1.0, 85.0),
        ages={Population.CHILDREN: (1.0, 6.0), Population.ADULTS: (18.0, 86.0)}, populations=POPULATIONS,
        data=_data({FIT: fitting, CHOOSE: choosing, REPORT: reporting}, learnt), training=source.training,
        licences=licences, limits=LIMITS,
    )  # fmt: skip
    card, network = source.finished(card, fitting, choosing)
    judge = Judge(unwritten(card, network))
    card = _with_points(card, judge, choosing)
    wrong = wrong_images(data / "not_cxr")
    package = unwritten(card, network)
    arrays = _arrays(package, fitting, choosing, wrong, seed)
    package = replace(package, arrays=arrays)
    metrics = all_figures(package, judge, reporting) | {
        "same_verdict_original_and_copy": same_answer(package, data / "kermany"),
        "gate": gate_figures(package, reporting, wrong),
    }
    if without_rsna is not None:
        metrics["without_rsna_normals"] = figures_without_rsna_normals(card, without_rsna, reporting)
    card = replace(card, metrics=metrics)
    write_package(out, card, network, arrays, judge.references())
    ModelPackage.open(out)
    return card


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    network = parser.add_mutually_exclusive_group(required=True)
    network.add_argument("--run", type=Path, nargs="+", help="the weights of several runs are averaged")
    network.add_argument(
        "--network-of", type=Path, help="a package: its network with gate, points and figures made anew"
    )
    parser.add_argument(
        "--second-head", action="store_true", help="with --network-of: the network gets one, as those of runs do"
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model-id", default="pneumo-6")
    parser.add_argument(
        "--figures-without-rsna",
        type=Path,
        help="for the card: a run that has left out the RSNA normals, or an earlier package with figures of one",
    )
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    corpus = load_corpus(chosen.data)
    source = Source.runs(chosen.run) if chosen.run else Source.package(chosen.network_of, chosen.second_head)
    card = publish(source, corpus, chosen.data, chosen.out, chosen.model_id, chosen.figures_without_rsna)
    points = {name.value: vars(point) for name, point in card.operating_points.items()}
    print(json.dumps({"metrics": card.metrics, "points": points, "calibration": vars(card.calibration)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
