"""The settings of one training: read from JSON, checked, with each way's own defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from pneumo_desktop import places
from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA
from pneumo_desktop.evaluation.thresholds import Goal, GoalKind
from pneumo_desktop.models.card import MAX_INPUT_SIZE, is_plain_name
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.recipe import RECIPE_KEYS
from pneumo_desktop.training.augment import Augmentation
from pneumo_desktop.training.computer import WAYS
from pneumo_desktop.training.problems import Problem

ADAPT, FINE_TUNE, TRANSFER, COMPACT, CLASSIC = WAYS
FROM_BASE = (ADAPT, FINE_TUNE)
"""The ways that start from a package and keep its picture size."""

FILE = "job.json"
SIZE_STEP = 32
"""Picture sizes are multiples of it, so that every network halves its maps without a rest."""

_CLASSES = {"normal": NORMAL, "pneumonia": PNEUMONIA}
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    ADAPT: {"epochs": 12, "size": 192, "batch": 32, "learning_rate": 0.0},
    FINE_TUNE: {"epochs": 5, "size": 192, "batch": 16, "learning_rate": 1e-4},
    TRANSFER: {"epochs": 6, "size": 192, "batch": 32, "learning_rate": 5e-4},
    COMPACT: {"epochs": 15, "size": 160, "batch": 32, "learning_rate": 2e-3},
    CLASSIC: {"epochs": 15, "size": 160, "batch": 32, "learning_rate": 1e-3},
}


@dataclass(frozen=True)
class Job:
    """The keys of job.json (docs/training-events.md); ``folder_of_job`` is where it lies.

    After ``with_defaults`` epochs, size, batch and learning_rate are numbers.
    """

    folder: Path
    out: Path
    folder_of_job: Path
    csv: Path | None = None
    mapping: Mapping[str, int] = field(default_factory=dict)
    parts: str = "new"
    base: Path | None = None
    locked_test: Path | None = None
    name: str | None = None
    model_id: str | None = None
    population: Population = Population.NOT_KNOWN
    architecture: str = ADAPT
    epochs: int | None = None
    size: int | None = None
    batch: int | None = None
    learning_rate: float | None = None
    seed: int = 1
    threads: int = 0
    class_weighting: bool = True
    early_stopping: int = 4
    augmentation: Augmentation = field(default_factory=Augmentation)
    goal: Goal = field(default_factory=lambda: Goal(GoalKind.MISS_AT_MOST, 0.05))
    cache_mb: int = 4000

    @property
    def locked_file(self) -> Path:
        """The file of the locked test part."""
        return self.locked_test or self.folder_of_job / "locked-test.json"

    @property
    def base_file(self) -> Path:
        """The package to start from and to compare with."""
        return self.base or places.bundled_model()

    def with_defaults(self, base_size: int | None) -> Job:
        """Return the job with each open number filled in; ``base_size`` goes before for ways that start from a package."""
        own = defaults_of(self.architecture, base_size)
        if self.architecture in FROM_BASE and base_size is not None and self.size not in (None, base_size):
            raise Problem("job", what=f"size: {self.size} (the model reads {base_size})")
        given = {key: getattr(self, key) for key in own}
        return replace(self, **{key: own[key] if value is None else value for key, value in given.items()})

    def recipe(self) -> dict[str, Any]:
        """Return the settings that a recipe file may hold, as JSON values."""
        values = {key: getattr(self, key) for key in RECIPE_KEYS}
        values["population"] = self.population.value
        values["augmentation"] = asdict(self.augmentation)
        values["goal"] = {"kind": self.goal.kind.value, "share": self.goal.share}
        values["mapping"] = mapping_as_json(self.mapping)
        return values


def defaults_of(architecture: str, base_size: int | None) -> dict[str, Any]:
    """Return epochs, size, batch and learning_rate that a way of training uses when nothing else is said."""
    own = dict(_DEFAULTS[architecture])
    if architecture in FROM_BASE and base_size is not None:
        own["size"] = base_size
    return own


def _is_class(value: Any) -> bool:
    return isinstance(value, str) and value in _CLASSES


def mapping_of(values: Any) -> dict[str, int]:
    """Return folder name -> class from JSON; raises Problem(code='job')."""
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(map(_is_class, values.values())):
        raise Problem("job", what='mapping: {"folder": "normal" | "pneumonia"}')
    return {str(name): _CLASSES[value] for name, value in values.items()}


def mapping_as_json(mapping: Mapping[str, int]) -> dict[str, str]:
    """Return the opposite of ``mapping_of``."""
    return {name: next(word for word, code in _CLASSES.items() if code == label) for name, label in mapping.items()}


def augmentation_of(values: Any) -> Augmentation:
    """Return the default strengths with the changes in ``values``; raises Problem(code='job')."""
    known = {strength.name for strength in fields(Augmentation)}
    if not isinstance(values, dict) or not set(values) <= known:
        raise Problem("job", what=f"augmentation: {', '.join(sorted(known))}")
    if not all(isinstance(value, int | float) and 0 <= value <= 90 for value in values.values()):
        raise Problem("job", what="augmentation: 0..90")
    changed = replace(Augmentation(), **{name: float(value) for name, value in values.items()})
    if not 0.05 <= changed.crop_area <= 1.0:
        raise Problem("job", what="augmentation: crop_area 0.05..1")
    return changed


def _number(values: Mapping[str, Any], key: str, low: float, high: float, whole: bool = True) -> Any:
    value = values[key]
    number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise Problem("job", what=f"{key}: {low}..{high}")
    return value


_NUMBERS: Mapping[str, tuple[float, float, bool]] = {
    "epochs": (1, 1000, True),
    "size": (64, MAX_INPUT_SIZE, True),
    "batch": (2, 256, True),
    "learning_rate": (0.0, 1.0, False),
    "seed": (0, 2**31, True),
    "threads": (0, 256, True),
    "early_stopping": (0, 1000, True),
    "cache_mb": (1, 1_000_000, True),
}
_PATHS = ("folder", "out", "csv", "base", "locked_test")


def parse(values: Any, folder_of_job: Path) -> Job:
    """Return the job that ``values`` describe; raises Problem(code='job')."""
    if not isinstance(values, dict):
        raise Problem("job", what=FILE)
    known = {one.name for one in fields(Job)} - {"folder_of_job"}
    strange = sorted(set(values) - known)
    if strange:
        raise Problem("job", what=", ".join(strange))
    given: dict[str, Any] = {key: value for key, value in values.items() if value is not None}
    for key in ("folder", "out"):
        if key not in given:
            raise Problem("job", what=key)
    for key in _PATHS:
        if key in given:
            if not isinstance(given[key], str) or not given[key] or "\0" in given[key]:
                raise Problem("job", what=key)
            given[key] = Path(given[key])
    for key, (low, high, whole) in _NUMBERS.items():
        if key in given:
            _number(given, key, low, high, whole)
    if given.get("size", SIZE_STEP) % SIZE_STEP:
        raise Problem("job", what=f"size: a multiple of {SIZE_STEP}")
    if given.get("architecture", ADAPT) not in WAYS:
        raise Problem("job", what=f"architecture: {', '.join(WAYS)}")
    if given.get("parts", "new") not in ("new", "folder"):
        raise Problem("job", what="parts: new, folder")
    if not isinstance(given.get("class_weighting", True), bool):
        raise Problem("job", what="class_weighting")
    for key in ("name", "model_id"):
        if key in given and (not isinstance(given[key], str) or not 0 < len(given[key]) <= 80):
            raise Problem("job", what=key)
    if not is_plain_name(given.get("model_id", "free")):  # else its package would not open
        raise Problem("job", what="model_id")
    try:
        if "population" in given:
            given["population"] = Population(given["population"])
        if "goal" in given:
            goal = given["goal"]
            given["goal"] = Goal(GoalKind(goal["kind"]), float(_number(goal, "share", 0.0, 1.0, whole=False)))
    except (ValueError, TypeError, KeyError) as problem:
        raise Problem("job", what=str(problem)) from problem
    if "mapping" in given:
        given["mapping"] = mapping_of(given["mapping"])
    if "augmentation" in given:
        given["augmentation"] = augmentation_of(given["augmentation"])
    return Job(folder_of_job=folder_of_job, **given)


def load(folder_of_job: Path) -> Job:
    """Read ``job.json``; raises Problem with code ``job`` or ``not_found``."""
    path = folder_of_job / FILE
    try:
        return parse(json.loads(path.read_text("utf-8")), folder_of_job)
    except (FileNotFoundError, NotADirectoryError) as problem:
        raise Problem("not_found", path=path) from problem
    except (ValueError, RecursionError) as problem:
        raise Problem("job", str(problem), what=FILE) from problem
