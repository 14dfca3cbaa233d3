"""The package that a decision installs: the one that training made, or a copy with the point and the reason of the reader."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.command import Evaluation, comparison_json
from pneumo_desktop.evaluation.thresholds import Goal, point_at
from pneumo_desktop.gui.training.jobs import write_json
from pneumo_desktop.gui.training.process import read_json
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.models.registry import ModelInfo
from pneumo_desktop.models.worse import REASON_KEY

_PICK = "picked.json"


@dataclass(frozen=True)
class Pick:
    """An operating point that was picked on the validation part. goal: what picked it; None for a row that was clicked."""

    threshold: float
    goal: Goal | None


def keep_pick(job: Path, pick: Pick) -> None:
    """Write down that ``pick`` is measured on the locked test part: from then on there is no other for this model."""
    goal = {"kind": pick.goal.kind.value, "share": pick.goal.share} if pick.goal else None
    write_json(job / _PICK, {"threshold": pick.threshold, "goal": goal})


def measured_threshold(job: Path) -> float | None:
    """Return the picked threshold that was measured on the locked test part, or None."""
    values = read_json(job / _PICK)
    return float(values["threshold"]) if isinstance(values, dict) else None


@contextlib.contextmanager
def offered(
    package: Path, job: Path, first: Evaluation | None, at_pick: Evaluation | None, reason: str
) -> Iterator[Path]:
    """Give the package to install: ``package`` itself, never changed, or a copy that is gone afterwards.

    first: the locked test part at the points that training chose; at_pick: at the picked one, None where none was.
    """
    pick = read_json(job / _PICK)
    picked = at_pick is not None and isinstance(pick, dict)
    if not picked and not reason:
        yield package
        return
    opened = ModelPackage.open(package)
    card = opened.card
    training: dict[str, Any] = dict(card.training)
    if reason:
        training[REASON_KEY] = reason
    if picked:
        assert at_pick is not None
        training["operating_point"] = {
            "picked_by": "reader",
            "goal": pick["goal"],
            "counted_on": "validation part",
            "instead_of": {known.value: point.threshold for known, point in card.operating_points.items()},
            "locked_test_before": _figures(first) if first is not None else None,
        }
        points = {known: point_at(pick["threshold"], point) for known, point in card.operating_points.items()}
        card = dataclasses.replace(card, operating_points=points, metrics={**card.metrics, **_figures(at_pick)})
    card = dataclasses.replace(card, training=training)
    with tempfile.TemporaryDirectory(prefix="install-", dir=job) as folder:
        copy = Path(folder, package.name)
        write_package(copy, card, opened.network_bytes, opened.arrays, opened.reference)
        yield copy


def install(
    services: Services, package: Path, job: Path, first: Evaluation | None, at_pick: Evaluation | None, reason: str
) -> ModelInfo:
    """Install what ``offered`` gives, in the place of what an earlier try left behind without coming to its end.

    Raises BadPackageError and OSError; the package of the job is there for another try.
    """
    opened = ModelPackage.open(package)
    for known in services.registry.list():
        left = known.model_id == opened.card.model_id and not known.bundled
        if left and ModelPackage.open(known.path).network_bytes == opened.network_bytes:
            if known.active:  # the earlier try failed after it
                return known
            services.registry.remove(known.model_id)
    with offered(package, job, first, at_pick, reason) as offer:
        return services.install_model(offer)


def _figures(evaluation: Evaluation) -> dict[str, Any]:
    comparison = evaluation.comparison
    return {
        "locked_test": evaluation.report.card_figures(),
        "comparison": comparison_json(comparison) if comparison is not None else None,
    }
