"""Which images belong to one patient, told from the file's name where nothing better is known."""

from __future__ import annotations

import re

_KERMANY_PNEUMONIA = re.compile(r"person(\d+)_(bacteria|virus)_\d+", re.IGNORECASE)
_KERMANY_NORMAL = re.compile(r"(?:NORMAL2-)?IM-\d+", re.IGNORECASE)
_KERMANY_MENDELEY = re.compile(r"(BACTERIA|VIRUS|NORMAL2?)-(\d+)-\d+", re.IGNORECASE)
_NIH = re.compile(r"(000\d{5})_\d{3}(?!\d)")
"""The set has 30,805 patients: ``20230115_104233.jpg`` is a day, on which many patients were seen."""


def patient_from_name(name: str) -> str | None:
    """Return a patient key for the file names of known public sets, or None.

    Kermany (Kaggle): ``person12_virus_34.jpeg`` -> ``virus_person12`` (the bare number joins different children),
    ``IM-0115-0001.jpeg`` -> ``IM-0115``, ``NORMAL2-IM-0173-0001.jpeg`` -> ``NORMAL2-IM-0173``. Kermany (Mendeley):
    ``BACTERIA-1008087-0001.jpeg`` -> ``BACTERIA-1008087``. NIH: ``00000061_012.png`` -> ``nih-00000061``.
    """
    stem = name.replace("\\", "/").rsplit("/", 1)[-1]
    if match := _KERMANY_PNEUMONIA.match(stem):
        return f"{match[2].lower()}_person{int(match[1])}"
    if match := _KERMANY_NORMAL.match(stem):
        return match[0].upper()
    if match := _KERMANY_MENDELEY.match(stem):
        return f"{match[1].upper()}-{match[2]}"
    if match := _NIH.match(stem):
        return f"nih-{match[1]}"
    return None
