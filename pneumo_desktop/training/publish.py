"""From finished runs to the bundled package: gate, calibration, operating points, figures, card.

``python -m pneumo_desktop.training.publish --run RUN [RUN ...] --out FILE.pneumo``
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from pneumo_desktop.evaluation.calibration import scores_of
from pneumo_desktop.imaging.prepare import PREPROCESSING_VERSION
from pneumo_desktop.models.card import Calibration, Card
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.heatmap import FULL_SCALE_LOGIT
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.training.corpus import CHOOSE, FIT, REPORT, SPLIT_SEED, Sample, load_corpus
from pneumo_desktop.training.figures_of_record import (
    against_rsna_normals,
    all_figures,
    auc_with_interval,
    gate_figures,
    pairs_and_raw,
    same_answer,
)
from pneumo_desktop.training.fit_gate import WrongImage, fit_gate, kind_examples, with_limits, wrong_images
from pneumo_desktop.training.judge import Judge, unwritten
from pneumo_desktop.training.look import other_look
from pneumo_desktop.training.perturb import CHANGES, perturbed
from pneumo_desktop.training.points_of_record import calibrated, operating_points
from pneumo_desktop.training.rehearsal import Rehearsal

if TYPE_CHECKING:
    import keras

LICENCES = (
    "Kermany et al. 2018, CC BY 4.0 (doi 10.17632/rscbjbr9sj)",
    "NIH ChestX-ray14, NIH Clinical Center, Wang et al. 2017",
    "RSNA Pneumonia Detection Challenge normals (academic use, Shih et al. 2019)",
    "Starting weights: EfficientNet-Lite0, ImageNet, Apache-2.0",
)
LIMITS = (
    "Not a medical device; it assists a reader and never replaces one.",
    "Not tested on newborns, nor on films of hospitals other than these two.",
)
POPULATIONS = {
    "children": "Guangzhou Women and Children's Medical Center, 1 to 5 years, AP view",
    "adults": "NIH Clinical Center, mostly adults, AP and PA; labels mined from reports, "
    "radiologists agree with about 4 of 10",
}
NIH_LABELS = (
    "Lung Opacity weighted double; pneumonia that radiologists called Normal, and normals that "
    "they called Lung Opacity, are not learnt from"
)


def _changed(samples: Sequence[Sample], seed: int) -> list[npt.NDArray[np.uint8]]:
    """Return each picture after one of the changes, in turn."""
    names = list(CHANGES)
    return [perturbed(s.picture, names[i % len(names)], seed + i) for i, s in enumerate(samples)]


def _mean_of(runs: Sequence[Path]) -> tuple[keras.Model, dict[str, Any]]:
    """Return the network of finished runs, their weights averaged, and what the card says of their training."""
    from pneumo_desktop.training.average import mean_weights
    from pneumo_desktop.training.fit import FINAL
    from pneumo_desktop.training.networks import build

    every = [json.loads((run / "settings.json").read_text()) for run in runs]
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
        ([*samples, *samples], judge.features([s.picture for s in samples] + _changed(samples, seed)))
        for samples, seed in ((fitting, 77), (choosing, 1000))
    )
    share = level_populations(model, fit_part, choose_part)
    return replace(card, training={**card.training, "share_of_population_direction": round(share, 4)})


def _stretched(model: keras.Model, card: Card, choosing: Sequence[Sample]) -> Card:
    """Stretch the logits so that one in ten ill children of ``choosing`` has a place in the strongest colour."""
    from pneumo_desktop.training.average import stretch
    from pneumo_desktop.training.export_network import to_litert

    ill = [s.picture for s in choosing if s.source == "kermany" and s.label == 1]
    strongest = [output.map.max() for output in Judge(unwritten(card, to_litert(model))).look_at_all(ill)]
    factor = FULL_SCALE_LOGIT / float(np.quantile(strongest, 0.9))
    stretch(model, factor)
    return replace(card, training={**card.training, "logits_stretched_by": round(factor, 4)})


def _order_alone(base: Card, run: Path, reporting: Sequence[Sample]) -> dict[str, Any]:
    """Return the AUCs of another run on the report part; they need neither calibration nor gate."""
    from pneumo_desktop.training.export_network import to_litert

    model, settings = _mean_of([run])
    card = replace(base, architecture=settings["architecture"], input_size=settings["size"])
    logits = Judge(unwritten(card, to_litert(model))).logits([s.picture for s in reporting])
    child = [i for i, s in enumerate(reporting) if s.source == "kermany"]
    return {
        "children": auc_with_interval([reporting[i] for i in child], logits[child]),
        "adults": against_rsna_normals(reporting, logits, auc_with_interval) | pairs_and_raw(reporting, logits),
        "training": {key: settings[key] for key in ("epochs", "steps_per_epoch", "batch", "seed")},
    }  # fmt: skip


def _with_points(base: Card, judge: Judge, choosing: Sequence[Sample]) -> Card:
    """Return the card with calibration and operating points, from the choose part plain, changed and disguised."""
    young = [s for s in choosing if s.source == "kermany"]
    logits = judge.logits([s.picture for s in choosing] + _changed(choosing, 1000))
    twice = [*choosing, *choosing]
    calibration = calibrated(
        logits, np.array([s.label for s in twice]), np.array([s.source == "kermany" for s in twice])
    )
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
    arrays = fit_gate(examples, judge.features([picture for picture, _, _ in examples]))
    looked_at = [s.picture for s in choosing] + _changed(choosing, 5000)
    strange = judge.features([image.picture for image in wrong if image.part == CHOOSE])
    arrays = with_limits(arrays, list(judge.features(looked_at)), [s.source for s in choosing] * 2, list(strange))
    kept = [fitting[i] for i in rng.permutation(len(fitting))[:1000]]
    card, network = package.card, package.network_bytes
    return arrays | Rehearsal.seen(card, network, [s.picture for s in kept], [s.label for s in kept]).arrays()


def _data(samples: Sequence[Sample], parts: dict[str, list[Sample]], seed: int) -> dict[str, Any]:
    """Return what the card says of the images: counts by part, source and label, fingerprint, split, labels."""
    fingerprint = hashlib.sha256("\n".join(sorted(f"{s.source}/{s.path.name}" for s in samples)).encode())
    return {
        "counts": {
            part: {
                f"{source}:{label}": sum(s.source == source and s.label == label for s in members)
                for source in ("kermany", "nih", "rsna_normal")
                for label in (0, 1)
            }
            for part, members in parts.items()
        },
        "fingerprint": fingerprint.hexdigest(),
        "split_seed": seed,
        "split_key": "patient (RSNA normals: image)",
        "nih_labels": NIH_LABELS,
    }


def publish(
    runs: Sequence[Path], data: Path, out: Path, model_id: str, seed: int, without_rsna: Path | None = None
) -> Card:
    """Write the package for ``runs`` to ``out`` and return its card.

    ``without_rsna``: a run of the same recipe that has not learnt from the RSNA normals, for its figures in the card.
    """
    from pneumo_desktop.training.export_network import to_litert

    samples = load_corpus(data, seed)
    parts = {part: [s for s in samples if s.part == part] for part in (FIT, CHOOSE, REPORT)}
    learnable = {part: [s for s in members if s.weight > 0] for part, members in parts.items()}
    model, settings = _mean_of(runs)
    size = settings["size"]
    card = Card(
        model_id=model_id, name=model_id.replace("-", " ").capitalize(), created=datetime.date.today().isoformat(),
        architecture=settings["architecture"], input_size=size, preprocessing_version=PREPROCESSING_VERSION,
        parameters=int(model.count_params()), calibration=Calibration(), operating_points={}, age_range=(1.0, 86.0),
        ages={Population.CHILDREN: (1.0, 6.0), Population.ADULTS: (18.0, 86.0)},
        populations=POPULATIONS, data=_data(samples, parts, seed), training=settings, licences=LICENCES, limits=LIMITS,
    )  # fmt: skip
    card = _levelled(model, card, learnable[FIT], learnable[CHOOSE])
    card = _stretched(model, card, learnable[CHOOSE])
    network = to_litert(model)
    judge = Judge(unwritten(card, network))
    card = _with_points(card, judge, learnable[CHOOSE])
    wrong = wrong_images(data / "not_cxr")
    package = unwritten(card, network)
    arrays = _arrays(package, learnable[FIT], learnable[CHOOSE], wrong, seed)
    package = replace(package, arrays=arrays)
    metrics = all_figures(package, judge, parts[REPORT], size) | {
        "same_verdict_original_and_copy": same_answer(
            data, judge, card.calibration, card.operating_points[Population.NOT_KNOWN]
        ),
        "gate": gate_figures(package, parts[REPORT], wrong),
    }
    if without_rsna is not None:
        metrics["without_rsna_normals"] = _order_alone(card, without_rsna, parts[REPORT])
    card = replace(card, metrics=metrics)
    write_package(out, card, network, arrays, judge.references())
    ModelPackage.open(out)
    return card


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, nargs="+", required=True, help="the weights of several runs are averaged")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--model-id", default="pneumo-4")
    parser.add_argument("--without-rsna", type=Path, help="a run without the RSNA normals, for its figures in the card")
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    card = publish(chosen.run, chosen.data, chosen.out, chosen.model_id, SPLIT_SEED, chosen.without_rsna)
    points = {name.value: vars(point) for name, point in card.operating_points.items()}
    print(json.dumps({"metrics": card.metrics, "points": points, "calibration": vars(card.calibration)}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
