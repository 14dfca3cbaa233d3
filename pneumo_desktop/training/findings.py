"""What a scan found wrong, as codes with numbers and as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pneumo_desktop.evaluation.summary import one_patient_words
from pneumo_desktop.words import decimal, ntr, tr


class Severity(StrEnum):
    """An error blocks training, a warning asks, a note informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One thing that the scan found. ``values`` fill the sentence; ``names`` are the images or groups it is about."""

    code: str
    severity: Severity
    values: Mapping[str, str | int | float]
    names: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the finding as JSON can hold it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "values": dict(self.values),
            "names": list(self.names),
        }


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings, errors first, notes last; else in their order."""
    order = list(Severity)
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def trait_words(trait: str) -> str:
    """Return the words for a trait of a file."""
    words = {
        "file_bytes": tr("the size of the file"),
        "bytes_per_pixel": tr("how strongly the file is compressed"),
        "jpeg_quality": tr("the JPEG quality"),
        "shorter_side": tr("the number of pixels of the shorter side"),
        "aspect": tr("the shape (width to height)"),
        "dimensions": tr("the size in pixels"),
        "format": tr("the file format"),
        "colour_mode": tr("whether the file is stored in colour"),
        "name_pattern": tr("the pattern of the file name"),
        "global_look": tr("brightness, contrast and sharpness of the whole picture"),
    }
    return words[trait]


def part_words(part: str) -> str:
    """Return the words for a part of the images."""
    words = {"train": tr("training"), "val": tr("validation"), "test": tr("test"), "all": tr("whole")}
    return words[part]


def sentence(finding: Finding) -> str:
    """Return what was found and what to do, in the language of the moment."""
    values: dict[str, str | int | float] = dict(finding.values)
    count = int(values.get("count", 0))
    if "trait" in values:
        values["trait"] = trait_words(str(values["trait"]))
    if "part" in values:
        values["part"] = part_words(str(values["part"]))
    if "auc" in values:
        values["auc"] = decimal(float(values["auc"]), 2)
    words = {
        "no_images": tr("No labelled image can be read. Choose another folder."),
        "too_few_stop": tr(
            "Only {normal} normal and {pneumonia} pneumonia images can be read; at least {least} of each are needed. "
            "Add more images."
        ),
        "too_few_warn": tr(
            "With {normal} normal and {pneumonia} pneumonia images the result will be unsure; {least} of each or more "
            "are better."
        ),
        "unreadable": ntr(
            "{count} image cannot be read and will be left out.",
            "{count} images cannot be read and will be left out.",
            count,
        ),
        "left_out": ntr(
            "{count} file is no image or has no label and will be left out.",
            "{count} files are no images or have no label and will be left out.",
            count,
        ),
        "duplicates": ntr(
            "{count} image is an exact copy of another. It is kept in the same part as the other.",
            "{count} images are exact copies of others. They are kept in the same part as the others.",
            count,
        ),
        "near_duplicates": ntr(
            "{count} pair of images is nearly the same. Both are kept in the same part.",
            "{count} pairs of images are nearly the same. Both of a pair are kept in the same part.",
            count,
        ),
        "both_labels": ntr(
            "{count} image appears with both labels. Remove the wrong copy.",
            "{count} images appear with both labels. Remove the wrong copies.",
            count,
        ),
        "near_both_labels": ntr(
            "{count} pair of nearly identical images has different labels. Look at it and correct the label.",
            "{count} pairs of nearly identical images have different labels. Look at them and correct the labels.",
            count,
        ),
        "patient_in_parts": ntr(
            "{count} patient has images in more than one part of the folder. The program puts all images of a patient "
            "into one part.",
            "{count} patients have images in more than one part of the folder. The program puts all images of a patient "
            "into one part.",
            count,
        ),
        "copy_in_parts": ntr(
            "{count} image is in more than one part of the folder, exactly or nearly. The program puts copies into one "
            "part.",
            "{count} images are in more than one part of the folder, exactly or nearly. The program puts copies into "
            "one part.",
            count,
        ),
        "one_patient": one_patient_words(),
        "no_patients": tr(
            "For {count} of {of} images nobody knows the patient. If one patient has several images, give a CSV with a "
            "patient column, or the figures will look better than they are."
        ),
        "refused": ntr(
            "{count} image does not look like a frontal chest X-ray and would be refused when reading.",
            "{count} images do not look like frontal chest X-rays and would be refused when reading.",
            count,
        ),
        "imbalance": tr(
            "The classes are uneven: {normal} normal and {pneumonia} pneumonia. Class weights will make up for it; "
            "more images of the smaller class would be better."
        ),
        "part_one_class": tr(
            "The {part} part would have images of one class only. Add images of the other class, of more patients."
        ),
        "part_too_small": tr(
            "The folder's {part} part has {normal} normal and {pneumonia} pneumonia images; figures on so few mean "
            "little. The program makes parts of its own; the folder's test part is kept only where that is chosen."
        ),
        "test_few": tr(
            "The locked test part has {normal} normal and {pneumonia} pneumonia images. On so few, two models can "
            "hardly be told apart. Add images of more patients before the first training; later the part stays as it is."
        ),
        "shortcut": tr(
            "Without a look at the lungs {trait} alone tells the label (AUC {auc}; 0.50 would be none). "
            "The network may learn that instead of the disease. "
            "Collect both classes with the same device, settings and export."
        ),
        "one_class_one_source": tr(
            "The classes seem to come from different sources: files are called {normal_name} in one and "
            "{pneumonia_name} in the other (AUC {auc}). The network may learn the source instead of the disease. "
            "Add images of both classes from each source."
        ),
    }
    return words[finding.code].format(**values)
