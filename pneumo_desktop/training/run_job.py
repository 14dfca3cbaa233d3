"""One training from its settings to a verified package: the stages in order."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pneumo_desktop.file_lock import lock
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.opencv import cv2
from pneumo_desktop.training import adapt as adapting
from pneumo_desktop.training import computer
from pneumo_desktop.training.cache import write_json
from pneumo_desktop.training.control import Control
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.finish import (
    Trained,
    from_adapted,
    from_learnt,
    make_card,
    test_both,
    with_figures,
    write_verified,
)
from pneumo_desktop.training.job import ADAPT, CLASSIC, FROM_BASE, Job, load
from pneumo_desktop.training.litert_file import check_evidence
from pneumo_desktop.training.local import LocalImages, prepare_images
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.words.sentences import sentence

_CLASSIC_LARGEST = 256


@contextlib.contextmanager
def sole(folder: Path) -> Iterator[None]:
    """Hold the job's folder for this process; raises Problem(code='busy') while another has it. A kill lets it go."""
    with (folder / "lock").open("a+b") as stream:
        try:
            lock(stream)
        except OSError as problem:
            raise Problem("busy") from problem
        yield


def be_polite() -> None:
    """Step behind the window and the reading of images, which the user waits for."""
    if sys.platform == "win32":
        import ctypes

        below_normal = 0x4000
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)
    else:
        with contextlib.suppress(OSError):
            os.nice(5)


def _base(job: Job) -> ModelPackage | None:
    """Return the package to start from and to compare with; None where there is none and none is needed."""
    try:
        base = ModelPackage.open(job.base_file)
        if job.architecture in FROM_BASE:
            check_evidence(base.network_bytes)
        return base
    except BadPackageError as problem:
        if problem.code == "missing" and job.architecture not in FROM_BASE:
            return None
        raise Problem("base_model", str(problem), what=sentence(problem.code)) from problem


def can_finish(folder_of_job: Path) -> bool:
    """Tell whether a package can be made of the best so far."""
    checkpoint = folder_of_job / "checkpoint"
    return adapting.has_best(folder_of_job) or any(
        (checkpoint / name).is_file() for name in ("best.npz", "average.npz")
    )


def run(folder_of_job: Path, events: Events, control: Control, finish: bool = False) -> dict[str, Any]:
    """Train what ``job.json`` says, or go on with it, and return what the ``done`` event says.

    Raises Stopped, Problem, BadPackageError, OSError, MemoryError.
    """
    started = time.monotonic()
    cv2.setNumThreads(1)
    job = load(folder_of_job)
    with sole(folder_of_job):
        base = _base(job)
        job = job.with_defaults(base.card.input_size if base is not None else None)
        if job.architecture == CLASSIC and int(job.size or 0) > _CLASSIC_LARGEST:
            raise Problem("job", what=f"size: 64..{_CLASSIC_LARGEST} (classic)")
        size, batch = int(job.size or 0), int(job.batch or 0)
        for problem in computer.missing(job.architecture, size, batch, 0, [folder_of_job, job.out.parent]):
            raise problem
        events.tell("stage", stage="preparing")
        local = prepare_images(job, size, events, control)
        trained = _trained(job, base, local, events, control, finish)
        events.tell("stage", stage="testing")
        card = make_card(job, trained, local, base.card if base is not None else None)
        draft = write_verified(folder_of_job / "draft.pneumo", card, trained)
        tested = test_both(job, draft, base, local, events, control)
        events.tell("stage", stage="writing")
        with control.held():
            control.check()
            write_json(folder_of_job / "evaluation.json", tested.as_json())
            card = with_figures(card, tested, base.card.model_id if base is not None else None)
            package = write_verified(job.out, card, trained)
            (folder_of_job / "draft.pneumo").unlink()
        points = {population.value: point.threshold for population, point in card.operating_points.items()}
        return {
                "package": str(job.out), "model_id": package.card.model_id, "architecture": job.architecture,
                "seconds": round(time.monotonic() - started, 1),
                "evaluation": str(folder_of_job / "evaluation.json"),
                "figures": {**tested.figures(), "operating_points": points},
        }  # fmt: skip


def _trained(
    job: Job, base: ModelPackage | None, local: LocalImages, events: Events, control: Control, finish: bool
) -> Trained:
    if job.architecture == ADAPT:
        if base is None:
            raise Problem("base_model", what=sentence("missing"))
        adapted = adapting.adapt(job, base, local, events, control, finish)
        events.tell("stage", stage="calibrating")
        return from_adapted(adapted, base, job.seed)
    # TensorFlow is imported where it is needed: adapting works without it, and without AVX.
    from pneumo_desktop.training.learn import learn

    learnt = learn(job, base, local, events, control, finish)
    return from_learnt(job, learnt.network, learnt.architecture, learnt.parameters, local, events, control)
