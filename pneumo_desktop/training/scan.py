"""Look at labelled images before anything is learnt from them: what is there, what is wrong, what to do.

No TensorFlow here: it answers before that is loaded.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA, LabelledFolder
from pneumo_desktop.imaging.codes import OUT_OF_REACH
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.training.findings import Finding, Severity, by_severity, sentence
from pneumo_desktop.training.fingerprint import near_pairs
from pneumo_desktop.training.problems import Problem
from pneumo_desktop.training.shortcuts import find_shortcuts, single_source_classes
from pneumo_desktop.training.traits import Traits, traits_of

STOP_BELOW = 20
WARN_BELOW = 100
PART_NOTE_BELOW = 100
"""Images in the folder's own validation or test part."""
IMBALANCE = 3.0
SHOWN_NAMES = 50


@dataclass(frozen=True, eq=False)
class Scan:
    """The readable images and the findings, errors first.

    unreadable: (name, code). near: (name, name) pairs of near duplicates that are no exact copies.
    counts: part (``train``, ``val``, ``test``, or ``all`` for images under no part) -> (normal, pneumonia).
    """

    images: tuple[Traits, ...]
    unreadable: tuple[tuple[str, str], ...]
    near: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]
    counts: dict[str, tuple[int, int]]

    @property
    def blocked(self) -> bool:
        """True when a finding forbids training."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        """Return counts and findings as JSON can hold them."""
        return {
            "images": len(self.images),
            "unreadable": [{"file": name, "code": code} for name, code in self.unreadable],
            "counts": {part: {"normal": n, "pneumonia": p} for part, (n, p) in self.counts.items()},
            "findings": [{**finding.as_json(), "sentence": sentence(finding)} for finding in self.findings],
            "blocked": self.blocked,
        }


def scan(
    found: LabelledFolder,
    refuse: Callable[[Radiograph], str | None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    stopped: Callable[[], bool] | None = None,
) -> Scan:
    """Read every labelled image once and say what is wrong with the set.

    ``refuse`` is the gate: a reason code for an image that reading would refuse, or None. ``on_progress(done, total)``
    is called after each image; ``stopped`` is asked before each, and then the findings are about what was read.
    Raises Problem(code='not_found') where an image is out of reach: the medium was taken away.
    """
    images: list[Traits] = []
    unreadable: list[tuple[str, str]] = []
    for done, image in enumerate(found.images, start=1):
        if stopped is not None and stopped():
            break
        try:
            images.append(traits_of(image, refuse))
        except UnreadableImageError as error:
            check_reach(image.entry, error)
            unreadable.append((image.name, error.code))
        if on_progress is not None:
            on_progress(done, len(found.images))
    left_out = [name for name, _ in found.left_out] + list(found.unlabelled)
    return judge(images, unreadable, left_out)


def check_reach(entry: Entry, error: UnreadableImageError) -> None:
    """Raise Problem(code='not_found') where a file that was found cannot be read because it is not there any more.

    It is not an image that cannot be read: without the others of its medium, parts and figures would be of a few.
    """
    if error.code in OUT_OF_REACH and not os.path.exists(entry.path):
        raise Problem("not_found", error.code, path=entry.path)


def judge(images: Sequence[Traits], unreadable: Sequence[tuple[str, str]] = (), left_out: Sequence[str] = ()) -> Scan:
    """Return the scan of images whose traits are known.

    What is wrong with the folder's own parts is a note: the program deals them anew (``local.divide``).
    """
    findings: list[Finding] = []
    if unreadable:
        findings.append(_about("unreadable", Severity.WARNING, [name for name, _ in unreadable]))
    if left_out:
        findings.append(_about("left_out", Severity.NOTE, left_out))
    refused = [image.name for image in images if image.refused]
    if refused:
        findings.append(_about("refused", Severity.WARNING, refused))
    near = _copies(images, findings)
    _patients(images, findings)
    counts = _amounts(images, findings)
    _shortcuts(images, findings)
    return Scan(tuple(images), tuple(unreadable), near, tuple(by_severity(findings)), counts)


def _about(code: str, severity: Severity, names: Sequence[str], count: int | None = None) -> Finding:
    number = len(names) if count is None else count
    return Finding(code, severity, {"count": number}, tuple(names[:SHOWN_NAMES]))


def _copies(images: Sequence[Traits], findings: list[Finding]) -> tuple[tuple[str, str], ...]:
    """Exact and near copies, copies under both labels, copies in two parts; returns the near pairs."""
    by_content: dict[str, list[Traits]] = defaultdict(list)
    for image in images:
        by_content[image.sha256].append(image)
    copies = [group for group in by_content.values() if len(group) > 1]
    both = [group for group in copies if len({image.label for image in group}) > 1]
    if copies:
        extra = [image.name for group in copies for image in group[1:]]
        findings.append(_about("duplicates", Severity.WARNING, extra))
    if both:
        names = [image.name for group in both for image in group]
        findings.append(_about("both_labels", Severity.ERROR, names, len(both)))
    pairs = [
        (images[first], images[second])
        for first, second, _ in near_pairs([image.print for image in images])
        if images[first].sha256 != images[second].sha256
    ]
    if pairs:
        names = [f"{a.name} = {b.name}" for a, b in pairs]
        findings.append(_about("near_duplicates", Severity.WARNING, names))
    crossed = [f"{a.name} = {b.name}" for a, b in pairs if a.label != b.label]
    if crossed:
        findings.append(_about("near_both_labels", Severity.WARNING, crossed))
    joined = [*copies, *pairs]
    leaking = sorted({group[0].name for group in joined if len({image.part for image in group}) > 1})
    if leaking:
        findings.append(_about("copy_in_parts", Severity.NOTE, leaking))
    return tuple((a.name, b.name) for a, b in pairs)


def _patients(images: Sequence[Traits], findings: list[Finding]) -> None:
    parts: dict[str, set[str | None]] = defaultdict(set)
    examples: dict[str, str] = {}
    for image in images:
        if image.patient:
            parts[image.patient].add(image.part)
            examples.setdefault(image.patient, image.name)
    torn = [examples[patient] for patient in sorted(parts) if len(parts[patient]) > 1]
    if torn:
        findings.append(_about("patient_in_parts", Severity.NOTE, torn))
    for label in (NORMAL, PNEUMONIA):
        own = [image for image in images if image.label == label]
        if len(own) > 1 and own[0].patient and len({image.patient for image in own}) == 1:
            # All in one part: the others have nothing of this class.
            findings.append(_about("one_patient", Severity.ERROR, [image.name for image in own]))
            break
    unknown = sum(not image.patient for image in images)
    if unknown:
        values = {"count": unknown, "of": len(images)}
        findings.append(Finding("no_patients", Severity.WARNING, values))


def _amounts(images: Sequence[Traits], findings: list[Finding]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for part in ("train", "val", "test", None):
        labels = [image.label for image in images if image.part == part]
        if labels:
            counts[part or "all"] = (labels.count(NORMAL), labels.count(PNEUMONIA))
    normal, pneumonia = (sum(pair[label] for pair in counts.values()) for label in (NORMAL, PNEUMONIA))
    values: dict[str, str | int | float] = {"normal": normal, "pneumonia": pneumonia}
    least, most = sorted((normal, pneumonia))
    if not images:
        findings.append(Finding("no_images", Severity.ERROR, {}))
    elif least < STOP_BELOW:
        findings.append(Finding("too_few_stop", Severity.ERROR, {**values, "least": STOP_BELOW}))
    elif least < WARN_BELOW:
        findings.append(Finding("too_few_warn", Severity.WARNING, {**values, "least": WARN_BELOW}))
    if least and most / least >= IMBALANCE:
        findings.append(Finding("imbalance", Severity.WARNING, values))
    for part in ("val", "test"):
        own = counts.get(part)
        if own is not None and (min(own) == 0 or sum(own) < PART_NOTE_BELOW):
            findings.append(
                Finding("part_too_small", Severity.NOTE, {"part": part, "normal": own[0], "pneumonia": own[1]})
            )
    return counts


def _shortcuts(images: Sequence[Traits], findings: list[Finding]) -> None:
    shortcuts = find_shortcuts(images)
    pattern = next((shortcut.auc for shortcut in shortcuts if shortcut.trait == "name_pattern"), None)
    apart = single_source_classes(images) if pattern is not None else None
    if pattern is not None and apart is not None:
        names = apart[1]
        values: dict[str, str | int | float] = {
            "auc": pattern,
            "normal_name": names[NORMAL],
            "pneumonia_name": names[PNEUMONIA],
        }
        findings.append(Finding("one_class_one_source", Severity.WARNING, values))
    for shortcut in shortcuts:
        if shortcut.trait != "name_pattern":
            findings.append(Finding("shortcut", Severity.WARNING, {"trait": shortcut.trait, "auc": shortcut.auc}))
