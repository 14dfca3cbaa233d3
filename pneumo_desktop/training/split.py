"""Who learns, who chooses, who is never looked at: parts by patient, stratified, seeded, with a locked test part."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA
from pneumo_desktop.training.cache import write_json
from pneumo_desktop.training.traits import Traits

PARTS = ("train", "val", "test")
SHARES = (0.70, 0.15, 0.15)
SCHEMA = "pneumo-desktop locked test part 1"
MOST_ALIKE = 20
"""So many pictures that are all near duplicates of each other are alike by kind, not copies: they are not joined."""

MAX_FILE_BYTES = 64 * 1024 * 1024


class LockedPartError(Exception):
    """The file of the locked test part cannot be used; ``code``: ``unreadable`` or ``damaged``."""

    def __init__(self, code: str, path: Path) -> None:
        super().__init__(f"{code}: {path.name}")
        self.code = code
        self.path = path


@dataclass(frozen=True)
class Locked:
    """The locked test part: digests of its patients and of its images' bytes. No name or number of a patient."""

    patients: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()

    def holds(self, image: Traits) -> bool:
        """Tell whether an image, or another of its patient, was locked away before."""
        return image.sha256 in self.images or (
            image.patient is not None and patient_digest(image.patient) in self.patients
        )

    def save(self, path: Path) -> None:
        """Write the file, replacing an older one in one step; raises OSError."""
        write_json(path, {"schema": SCHEMA, "patients": sorted(self.patients), "images": sorted(self.images)})

    @classmethod
    def load(cls, path: Path) -> Locked:
        """Read the file, or return an empty part where there is none; raises LockedPartError."""
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise LockedPartError("damaged", path)
            document = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return cls()
        except OSError as error:
            raise LockedPartError("unreadable", path) from error
        except (ValueError, RecursionError) as error:
            raise LockedPartError("damaged", path) from error
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise LockedPartError("damaged", path)
        lists = [document.get(key) for key in ("patients", "images")]
        if not all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in lists):
            raise LockedPartError("damaged", path)
        return cls(frozenset(document["patients"]), frozenset(document["images"]))


def patient_digest(patient: str) -> str:
    """Return what stands for a patient in the locked file."""
    return hashlib.sha256(f"pneumo-desktop patient {patient}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Split:
    """Image name -> part, the test part to lock, and how many images of each class each part has."""

    parts: Mapping[str, str]
    locked: Locked
    counts: Mapping[str, tuple[int, int]]
    seed: int


class _Joined:
    """Names joined into groups (union-find); the smallest name leads."""

    def __init__(self, names: Iterable[str]) -> None:
        self._leader = {name: name for name in names}

    def find(self, name: str) -> str:
        while self._leader[name] != name:
            self._leader[name] = self._leader[self._leader[name]]
            name = self._leader[name]
        return name

    def join(self, first: str, second: str) -> None:
        one, two = sorted((self.find(first), self.find(second)))
        self._leader[two] = one


def groups_of(images: Sequence[Traits], near: Iterable[tuple[str, str]] = ()) -> list[list[Traits]]:
    """Return the images in groups that must not be torn: one patient, exact copies, near copies; sorted by name.

    Near copies that hang together in more than ``MOST_ALIKE`` images are not joined.
    """
    names = [image.name for image in images]
    pairs = list(near)
    alike, joined = _Joined(names), _Joined(names)
    for first, second in pairs:
        alike.join(first, second)
    sizes = Counter(map(alike.find, names))
    for first, second in pairs:
        if sizes[alike.find(first)] <= MOST_ALIKE:
            joined.join(first, second)
    seen: dict[tuple[str, str], str] = {}
    for image in images:
        for key in (("patient", image.patient or ""), ("bytes", image.sha256)):
            if key[1]:
                joined.join(seen.setdefault(key, image.name), image.name)
    groups: dict[str, list[Traits]] = defaultdict(list)
    for image in sorted(images, key=lambda image: image.name):
        groups[joined.find(image.name)].append(image)
    return [groups[name] for name in sorted(groups)]


def split(
    images: Sequence[Traits],
    near: Iterable[tuple[str, str]] = (),
    seed: int = 0,
    shares: tuple[float, float, float] = SHARES,
    locked: Locked | None = None,
) -> Split:
    """Divide images into train, val and test, whole patients at a time, each class in its share.

    ``near`` are name pairs of near duplicates (``Scan.near``). With a ``locked`` part whose images are here, those
    and no others are the test part, so that models stay comparable; where none of them is here a new one is drawn.
    The result depends on the images and the seed, not on their order. Raises ValueError for bad shares.
    """
    if min(shares) < 0 or abs(sum(shares) - 1.0) > 1e-9:
        raise ValueError("the shares must not be negative and must add up to 1")
    groups = groups_of(images, near)
    kept = [group for group in groups if locked is not None and any(map(locked.holds, group))]
    train, val, test = shares
    parts = {image.name: "test" for group in kept for image in group}
    if not kept:
        dealt = _deal(groups, {"rest": train + val, "test": test}, seed)
        parts = {name: part for name, part in dealt.items() if part == "test"}
    # The rest is dealt on its own: a later training that finds its test part locked learns from the same images.
    rest = [group for group in groups if group[0].name not in parts]
    parts |= _deal(rest, {"train": train / max(train + val, 1e-9), "val": val / max(train + val, 1e-9)}, seed)
    counts = {part: Counter(image.label for image in images if parts[image.name] == part) for part in PARTS}
    tested = [image for image in images if parts[image.name] == "test"]
    before = locked or Locked()
    return Split(
        parts=parts,
        locked=Locked(
            before.patients | {patient_digest(image.patient) for image in tested if image.patient},
            before.images | {image.sha256 for image in tested},
        ),
        counts={part: (own[NORMAL], own[PNEUMONIA]) for part, own in counts.items()},
        seed=seed,
    )


def _deal(groups: Sequence[Sequence[Traits]], wanted: Mapping[str, float], seed: int) -> dict[str, str]:
    """Give each group to the part that misses most of its images' classes, large groups first."""
    order = np.random.default_rng(seed).permutation(len(groups))
    dealt = sorted((groups[place] for place in order), key=len, reverse=True)
    total = Counter(image.label for group in groups for image in group)
    missing = {(part, label): share * total[label] for part, share in wanted.items() for label in total}
    parts: dict[str, str] = {}
    for group in dealt:
        labels = Counter(image.label for image in group)

        def lack(part: str, labels: Counter[int] = labels) -> float:
            # Relative to the part's own share: a small part must not wait until the large one is full.
            return sum(n * missing[part, label] / (wanted[part] * total[label]) for label, n in labels.items())

        chosen = max((part for part in wanted if wanted[part] > 0), key=lack)
        for label, n in labels.items():
            missing[chosen, label] -= n
        parts.update({image.name: chosen for image in group})
    return parts
