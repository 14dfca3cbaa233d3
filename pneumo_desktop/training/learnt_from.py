"""What a run of the bundled recipe has learnt from, in a file beside its weights: what the card says of it is read there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pneumo_desktop.training.corpus import Sample, pixels_fingerprint

NAME = "learnt_from.json"


@dataclass(frozen=True)
class LearntFrom:
    """left_out: sources of the corpus that the run has not seen. as_mined: every label counted as it came.

    fingerprint: SHA-256 (hex) of the images' pixels, labels and weights. pretraining: what ``bundled.pretraining_of``
    says of the one that the run began with; empty where it began with ImageNet's weights or drawn ones.
    """

    left_out: tuple[str, ...]
    as_mined: bool
    fingerprint: str
    pretraining: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(
        fitting: Sequence[Sample], left_out: Sequence[str], as_mined: bool, pretraining: Mapping[str, Any] | None = None
    ) -> LearntFrom:
        """Describe the samples that a run is about to learn from."""
        return LearntFrom(tuple(left_out), as_mined, pixels_fingerprint(fitting), pretraining or {})

    def differs(self, run: Path) -> bool:
        """Tell whether the folder ``run`` holds a run that was begun with something else."""
        return (run / NAME).is_file() and LearntFrom.read(run) != self

    def write(self, run: Path) -> None:
        """Write it into the folder ``run``."""
        (run / NAME).write_text(json.dumps(asdict(self), indent=1))

    @staticmethod
    def read(run: Path) -> LearntFrom:
        """Read what ``write`` wrote; raises FileNotFoundError for a run that has none, SystemExit for an earlier version's."""
        values = json.loads((run / NAME).read_text())
        if "pretraining" not in values:
            raise SystemExit(
                f"{run} is of an earlier version and does not say what weights it began with: begin it anew"
            )
        return LearntFrom(tuple(values["left_out"]), values["as_mined"], values["fingerprint"], values["pretraining"])
