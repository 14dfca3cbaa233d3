"""What the gate of a package would refuse of the choose part, by what counts as a frontal chest and how much of it is asked for.

    .venv/bin/python bench/gate_limits.py [--package FILE]

*Rooms*: films of the choose part in the rooms of ``detector_chain`` (strength 0.8, three trials, seeds 7 and 8), children and
adults. *Wrong* and *lateral*: the wrong images that the limits are set by. *Photos*, *negatives*: imitated photos (seed 41) and
negatives of all films of the choose part, and of its adults with the shortcut in their rooms (seed 7), that would be read as
they are. Every picture is judged once, without the repairs of the program's reader. The distance limit is the package's.

Second table: what the package takes for several films in one picture or a part of one (``fit_gate.pieces_of``, seed 6), by itself:
of such pictures of the choose part, of its films plain and changed (seed 5000), and of those in their rooms.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from detector_chain import TRIALS, Picture, in_other_rooms
from unseen_look import STRENGTH, films

from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.reading.gate import Gate, GateAnswer
from pneumo_desktop.training.corpus import CHOOSE, load_corpus
from pneumo_desktop.training.fit_gate import LATERAL, PIECES, pieces_of, wrong_images
from pneumo_desktop.training.judge import Judge
from pneumo_desktop.training.perturb import photograph_film
from pneumo_desktop.training.publish import changed_copies

RULES = {
    "chest alone": ("chest",),
    "chest, photo": ("chest", "photo_of_film"),
    "chest, photo, negative": ("chest", "photo_of_film", "inverted"),
}
FLOORS = (0.7, 0.75, 0.8, 0.85, 0.9)


def refused(answers: Sequence[GateAnswer], kinds: Sequence[str], floor: float) -> npt.NDArray[np.bool_]:
    """Return (n,) whether each is refused where ``kinds`` together need a probability of ``floor``."""
    return np.array(
        [
            one.distance > 1.0 or one.kind not in ("chest", "inverted") or sum(one.probabilities[k] for k in kinds) < floor
            for one in answers
        ]
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--package", type=Path, default=Path("models/bundled.pneumo"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    cv2.setNumThreads(1)
    package = ModelPackage.open(options.package)
    judge, gate = Judge(package), Gate(package.arrays)

    def answers(pictures: Sequence[Picture]) -> list[GateAnswer]:
        return [gate.answer(features) for features in judge.features(pictures)]

    corpus = [sample for sample in load_corpus(options.data) if sample.weight > 0]
    groups = films(corpus, CHOOSE)
    rooms = {
        (population, trial): [
            answer
            for seed in (7, 8)
            for answer in answers(
                in_other_rooms([s.picture for s in samples], [s.label for s in samples], trial, STRENGTH, seed)
            )
        ]
        for population, samples in groups.items()
        for trial in TRIALS
    }
    strange = [image for image in wrong_images(options.data / "not_cxr") if image.part == CHOOSE]
    wrong = answers([image.picture for image in strange])
    lateral = np.array([image.kind == LATERAL for image in strange])
    adults = groups["adults"]
    plain = [sample.picture for sample in corpus if sample.part == CHOOSE]
    plain += in_other_rooms([s.picture for s in adults], [s.label for s in adults], "with the shortcut", STRENGTH, 7)
    rng = np.random.default_rng(41)
    photos = answers([photograph_film(picture, rng) for picture in plain])
    negatives = answers([255 - picture for picture in plain])

    print(f"{package.card.model_id}, limit {1 - float(package.arrays['gate_limits'][1]):.2f}\n")
    names = [f"{population} {trial}" for population, trial in rooms]
    print(f"| rule | asked for | wrong | lateral | rooms | {' | '.join(names)} | photos | negatives |")
    print(f"|{'---|' * (7 + len(names))}")
    for rule, kinds in RULES.items():
        for floor in FLOORS:
            of_wrong = refused(wrong, kinds, floor)
            of_rooms = [refused(some, kinds, floor) for some in rooms.values()]
            of_negatives = refused(negatives, kinds, floor)
            read = [
                int((~refused(photos, kinds, floor)).sum()),
                sum(not no and one.kind == "chest" for no, one in zip(of_negatives, negatives, strict=True)),
            ]
            cells = [f"{of_wrong.sum()} of {len(wrong)}", f"{of_wrong[lateral].sum()} of {lateral.sum()}"]
            cells += [
                f"{100 * np.concatenate(of_rooms).mean():.1f} %",
                *(f"{100 * one.mean():.1f}" for one in of_rooms),
            ]
            cells += [f"{read[0]} of {len(photos)}", f"{read[1]} of {len(negatives)}"]
            print(f"| {rule} | {floor} | {' | '.join(cells)} |")

    films_of_choose = [sample for sample in corpus if sample.part == CHOOSE]
    pieces = pieces_of([sample.picture for sample in films_of_choose], 600, 6)
    looked_at = [sample.picture for sample in films_of_choose] + changed_copies(films_of_choose, 5000)
    told = {
        **{name: answers([piece for kind, piece in pieces if kind == name]) for name in PIECES},
        "films, plain and changed": answers(looked_at),
        **{f"{population} {trial}": some for (population, trial), some in rooms.items()},
    }
    print("\n| pictures | taken for several films or a part of one |\n|---|---|")
    for name, some in told.items():
        taken = sum(one.one_film < 0 for one in some)
        print(f"| {name} | {taken} of {len(some)}, {100 * taken / len(some):.1f} % |")


if __name__ == "__main__":
    main()
