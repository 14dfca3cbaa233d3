"""From a finished run to the bundled package: gate, calibration, operating points, figures, card.

``python -m pneumo_desktop.training.publish --run RUN --out FILE.pneumo``
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import os
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import fit as fit_calibration
from pneumo_desktop.evaluation.metrics import expected_calibration_error
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.models.card import Calibration, Card
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.outcome import OperatingPoint, Outcome, Population
from pneumo_desktop.reading.reader import Reader
from pneumo_desktop.training.corpus import CHOOSE, FIT, REPORT, Sample, load_corpus, read_grey
from pneumo_desktop.training.figures_of_record import adults, at_operating_point, auc_with_interval, robustness
from pneumo_desktop.training.fit_gate import WrongImage, fit_gate, kind_examples, with_limits, wrong_images
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.look import other_look
from pneumo_desktop.training.perturb import CHANGES, perturbed

BAND_SHARE = 0.06
CHILDREN_SENSITIVITY = 0.975
"""Of children's films plain, changed and with the look of the other class."""

ADULT_SPECIFICITY = 0.92
CHILDREN_WEIGHTS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def _rounded(value: Any) -> float:
    return round(float(value), 4)


def _changed(samples: Sequence[Sample], seed: int) -> list[npt.NDArray[np.uint8]]:
    """Return each picture after one of the changes, in turn."""
    names = list(CHANGES)
    return [perturbed(s.picture, names[i % len(names)], seed + i) for i, s in enumerate(samples)]


def _calibration(
    logits: npt.NDArray[np.float64], labels: npt.NDArray[Any], young: npt.NDArray[np.bool_]
) -> Calibration:
    """Fit one calibration for children and adults alike.

    Their films have different shares of pneumonia, and no line suits both: the children's weight is the one of
    ``CHILDREN_WEIGHTS`` with the smallest calibration error of children and of all, whichever is worse.
    """
    tried = []
    for weight in CHILDREN_WEIGHTS:
        fitted = fit_calibration(logits, labels, np.where(young, weight, 1.0))
        scores = fitted.apply(logits)
        errors = [expected_calibration_error(labels[part], scores[part]) for part in (young, young | True)]
        tried.append((max(errors), Calibration(slope=fitted.slope, intercept=fitted.intercept)))
    return min(tried, key=lambda one: one[0])[1]


def _band(threshold: float, scores: npt.NDArray[np.float64]) -> OperatingPoint:
    """Return the operating point whose uncertain band holds ``BAND_SHARE`` of ``scores``, even on the logit scale."""

    def logit(p: npt.NDArray[np.float64] | float) -> Any:
        return np.log(np.clip(p, 1e-9, 1 - 1e-9) / (1 - np.clip(p, 1e-9, 1 - 1e-9)))

    half = float(np.quantile(np.abs(logit(scores) - logit(threshold)), BAND_SHARE))
    centre = float(logit(threshold))
    low, high = (1 / (1 + np.exp(-(centre + step))) for step in (-half, half))
    return OperatingPoint(threshold=threshold, low=float(low), high=float(high))


def _highest_with_sensitivity(labels: npt.NDArray[Any], scores: npt.NDArray[np.float64], wanted: float) -> float:
    return float(np.quantile(scores[labels == 1], 1 - wanted))


def _lowest_with_specificity(labels: npt.NDArray[Any], scores: npt.NDArray[np.float64], wanted: float) -> float:
    return float(np.quantile(scores[labels == 0], wanted))


def operating_points(choosing: Sequence[Sample], scores: npt.NDArray[np.float64]) -> dict[Population, OperatingPoint]:
    """Choose on the choose part under perturbation: children by sensitivity, adults by specificity; both for not known.

    Where nothing is known of the patient the point lies midway: below the adults' point a false alarm in an adult is
    the commoner error, above the children's a missed child.
    """
    labels = np.array([s.label for s in choosing])
    young = np.array([s.source == "kermany" for s in choosing])
    child = _highest_with_sensitivity(labels[young], scores[young], CHILDREN_SENSITIVITY)
    adult = _lowest_with_specificity(labels[~young], scores[~young], ADULT_SPECIFICITY)
    return {
        Population.CHILDREN: _band(child, scores[young]),
        Population.ADULTS: _band(adult, scores[~young]),
        Population.NOT_KNOWN: _band((child + max(child, adult)) / 2, scores),
    }


def _gate_figures(package: ModelPackage, reporting: Sequence[Sample], wrong: Sequence[WrongImage]) -> dict[str, Any]:
    """Return what the program itself refuses, repairs and header checks included: chest films by source, wrong images."""
    of_thread = threading.local()

    def is_refused(path: Path) -> bool:
        reader: Reader | None = getattr(of_thread, "reader", None)
        if reader is None:
            reader = of_thread.reader = Reader(package)
        return reader.read(load(Entry(path))).judgement.outcome is Outcome.NOT_ANALYSED

    def refused(paths: Sequence[Path]) -> npt.NDArray[np.bool_]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return np.array(list(pool.map(is_refused, paths)))

    def share(values: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"share": _rounded(values.mean()), "images": len(values)}

    chest, sources = refused([s.path for s in reporting]), np.array([s.source for s in reporting])
    strange = [image for image in wrong if image.part == REPORT]
    caught, kinds = refused([image.path for image in strange]), np.array([image.kind for image in strange])
    return {
        "chest_refused": {source: share(chest[sources == source]) for source in sorted(set(sources.tolist()))},
        "wrong_refused": share(caught),
        "wrong_refused_by_kind": {
            kind: f"{caught[kinds == kind].sum()}/{(kinds == kind).sum()}" for kind in sorted(set(kinds.tolist()))
        },
    }


def _network(run: Path) -> tuple[bytes, dict[str, Any], int]:
    """Return a finished run's network as a LiteRT file, its settings and its number of parameters."""
    from pneumo_desktop.training.export_network import to_litert
    from pneumo_desktop.training.fit import FINAL, load_weights
    from pneumo_desktop.training.networks import build

    settings = json.loads((run / "settings.json").read_text())
    model = build(settings["architecture"], settings["size"], settings["dropout"])
    load_weights(run / FINAL, model)
    return to_litert(model), settings, int(model.count_params())


def _order_alone(base: Card, run: Path, reporting: Sequence[Sample]) -> dict[str, Any]:
    """Return the AUCs of another run on the report part; they need neither calibration nor gate."""
    network, settings, _ = _network(run)
    card = replace(base, architecture=settings["architecture"], input_size=settings["size"])
    logits = Judge(unwritten(card, network)).logits([s.picture for s in reporting])
    child = [i for i, s in enumerate(reporting) if s.source == "kermany"]
    return {
        "children": auc_with_interval([reporting[i] for i in child], logits[child]), "adults": adults(reporting, logits),
        "training": {key: settings[key] for key in ("epochs", "steps_per_epoch", "batch", "seed")},
    }  # fmt: skip


def publish(run: Path, data: Path, out: Path, model_id: str, seed: int, without_rsna: Path | None = None) -> Card:
    """Write the package for ``run`` to ``out`` and return its card.

    ``without_rsna``: a run of the same recipe that has not learnt from the RSNA normals, for its figures in the card.
    """
    network, settings, parameters = _network(run)
    samples = load_corpus(data, seed)
    parts = {part: [s for s in samples if s.part == part] for part in (FIT, CHOOSE, REPORT)}
    choosing = [s for s in parts[CHOOSE] if s.weight > 0]
    reporting = parts[REPORT]
    base = Card(
        model_id=model_id, name=model_id.replace("-", " ").capitalize(), created=datetime.date.today().isoformat(),
        architecture=settings["architecture"], input_size=settings["size"],
        preprocessing_version=PREPROCESSING_VERSION, parameters=parameters,
        calibration=Calibration(), operating_points={}, age_range=(1.0, 90.0),
    )  # fmt: skip
    judge = Judge(unwritten(base, network))
    calibrating = [s.picture for s in choosing] + _changed(choosing, 1000)
    labels = np.array([s.label for s in choosing] * 2)
    calibration = _calibration(
        judge.logits(calibrating), labels, np.array([s.source == "kermany" for s in choosing] * 2)
    )

    def scores(pictures: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float64]:
        return np.array([calibration.score(value) for value in judge.logits(pictures)])

    young = [s for s in choosing if s.source == "kermany"]
    disguised = other_look(young, settings["size"])
    points = operating_points([*choosing, *choosing, *young], np.concatenate((scores(calibrating), scores(disguised))))
    wrong = wrong_images(data / "not_cxr")
    rng = np.random.default_rng(seed)
    fitting = [s for s in parts[FIT] if s.weight > 0]
    sample_of_fit = [fitting[i] for i in rng.permutation(len(fitting))[:3500]]
    examples = kind_examples(
        sample_of_fit, [image.picture for image in wrong if image.part == FIT], settings["size"], rng
    )
    arrays = fit_gate(examples, judge.features([picture for picture, _, _ in examples]))
    looked_at = [s.picture for s in choosing] + _changed(choosing, 5000)
    strange = judge.features([image.picture for image in wrong if image.part == CHOOSE])
    arrays = with_limits(arrays, list(judge.features(looked_at)), [s.source for s in choosing] * 2, list(strange))
    rehearsal = [fitting[i] for i in rng.permutation(len(fitting))[:1000]]
    arrays["rehearsal_features"] = judge.features([s.picture for s in rehearsal])
    arrays["rehearsal_labels"] = np.array([s.label for s in rehearsal], np.float32)

    plain = scores([s.picture for s in reporting])
    child = [i for i, s in enumerate(reporting) if s.source == "kermany"]
    children = [reporting[i] for i in child]
    grown = [i for i, s in enumerate(reporting) if s.source != "kermany" and s.weight > 0]
    learnable = [i for i, s in enumerate(reporting) if s.weight > 0]
    everyone = [reporting[i] for i in learnable]
    changed = {name: scores([perturbed(s.picture, name, 9000 + i) for i, s in enumerate(everyone)]) for name in CHANGES}
    at_child = np.array([s.source == "kermany" for s in everyone])
    originals = _same_answer(data, judge, calibration, points[Population.NOT_KNOWN])
    metrics = {
        "children": {
            **auc_with_interval(children, plain[child]),
            **at_operating_point(children, plain[child], points[Population.CHILDREN]),
            "at_not_known": at_operating_point(children, plain[child], points[Population.NOT_KNOWN]),
            "perturbed": robustness(
                children,
                plain[child],
                {name: values[at_child] for name, values in changed.items()},
                points[Population.NOT_KNOWN],
            ),
            "other_look": auc_with_interval(children, scores(other_look(children, settings["size"]))),
        },
        "adults": {
            **adults(reporting, plain),
            "at_adults": at_operating_point([reporting[i] for i in grown], plain[grown], points[Population.ADULTS]),
            "at_not_known": at_operating_point(
                [reporting[i] for i in grown], plain[grown], points[Population.NOT_KNOWN]
            ),
        },
        "everyone": {
            **at_operating_point(everyone, plain[learnable], points[Population.NOT_KNOWN]),
            "perturbed": robustness(everyone, plain[learnable], changed, points[Population.NOT_KNOWN]),
        },
        "same_verdict_original_and_copy": originals,
        "gate": _gate_figures(
            replace(unwritten(replace(base, calibration=calibration, operating_points=points), network), arrays=arrays),
            reporting,
            wrong,
        ),
    }
    if without_rsna is not None:
        metrics["without_rsna_normals"] = _order_alone(base, without_rsna, reporting)
    fingerprint = hashlib.sha256("\n".join(sorted(f"{s.source}/{s.path.name}" for s in samples)).encode())
    card = Card(
        model_id=model_id, name=base.name, created=base.created, architecture=base.architecture,
        input_size=base.input_size, preprocessing_version=PREPROCESSING_VERSION, parameters=base.parameters,
        calibration=calibration, operating_points=points, age_range=base.age_range,
        metrics=metrics,
        populations={
            "children": "Guangzhou Women and Children's Medical Center, 1 to 5 years, AP view",
            "adults": "NIH Clinical Center, mostly adults, AP and PA; labels mined from reports, "
            "radiologists agree with about 4 of 10",
        },
        data={
            "counts": {
                part: {
                    f"{source}:{label}": sum(s.source == source and s.label == label for s in members)
                    for source in ("kermany", "nih", "rsna_normal") for label in (0, 1)
                }
                for part, members in parts.items()
            },
            "fingerprint": fingerprint.hexdigest(), "split_seed": seed, "split_key": "patient (RSNA normals: image)",
            "nih_labels": "Lung Opacity weighted double; pneumonia that radiologists called Normal, and normals that "
            "they called Lung Opacity, are not learnt from",
        },
        training=settings,
        licences=(
            "Kermany et al. 2018, CC BY 4.0 (doi 10.17632/rscbjbr9sj)",
            "NIH ChestX-ray14, NIH Clinical Center, Wang et al. 2017",
            "RSNA Pneumonia Detection Challenge normals (academic use, Shih et al. 2019)",
            "Starting weights: EfficientNet-Lite0, ImageNet, Apache-2.0",
        ),
        limits=(
            "Not a medical device; it assists a reader and never replaces one.",
            "Not tested on newborns, nor on films of hospitals other than these two.",
        ),
    )  # fmt: skip
    stored = {
        name: values.astype(np.float16) if name.startswith("rehearsal") else values for name, values in arrays.items()
    }
    write_package(out, card, network, stored, judge.references())
    ModelPackage.open(out)
    return card


def _same_answer(data: Path, judge: Judge, calibration: Calibration, point: OperatingPoint) -> dict[str, Any]:
    """Compare full-size originals with their 224 px copies: the share with the same verdict, and the largest move."""
    same, moves = [], []
    for path in sorted((data / "kermany" / "train_original").glob("*/*")):
        copy = data / "kermany" / "train_224" / path.parent.name / path.name
        if not copy.is_file():
            continue
        pictures = [read_grey(p) for p in (path, copy)]
        first, second = (calibration.score(judge.look(picture).logit) for picture in pictures)
        moves.append(abs(first - second))
        verdicts = {point.judge(first), point.judge(second)}
        same.append(len(verdicts) == 1 or ("uncertain" in verdicts and moves[-1] < 0.1))
    return {"share": _rounded(np.mean(same)), "images": len(same), "largest_move": _rounded(max(moves))}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model-id", default="pneumo-2")
    parser.add_argument("--without-rsna", type=Path, help="a run without the RSNA normals, for its figures in the card")
    parser.add_argument("--seed", type=int, default=20261123)
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    card = publish(chosen.run, chosen.data, chosen.out, chosen.model_id, chosen.seed, chosen.without_rsna)
    points = {name.value: vars(point) for name, point in card.operating_points.items()}
    print(json.dumps({"metrics": card.metrics, "points": points, "calibration": vars(card.calibration)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
