"""What the specs of the base and of the training component share."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from exclusions import kept
from identity import ROOT, version
from PyInstaller.utils.hooks import collect_dynamic_libs, copy_metadata

WINDOWS = sys.platform == "win32"
CODECS = ("openjpeg", "jpeg_ls", "_CharLS", "gdcm")
"""Decoders that pydicom and our own code look up by name, unseen by the analysis."""

UTF8 = [("X utf8", None, "OPTION")]
"""For EXE: Python's UTF-8 mode, or what is piped on Windows would be written in a code page that lacks most names."""

CODEC_METADATA = ("pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pyjpegls", "python-gdcm")


def metadata(*distributions: str) -> list[tuple[str, str]]:
    """Return the metadata folders of ``distributions``, as ``datas`` entries: entry points and versions are read there."""
    return [entry for name in distributions for entry in copy_metadata(name)]


def legal_texts() -> list[tuple[str, str]]:
    """Return our own licence and notice, as ``datas`` entries."""
    return [(str(ROOT / "LICENSE"), "."), (str(ROOT / "NOTICE"), ".")]


def runtime() -> list[tuple[str, str]]:
    """Return the libraries that the analysis does not see, as ``binaries`` entries; none on Linux.

    LiteRT's DLLs are loaded by name; they import VCRUNTIME140_THREADS and MSVCP140, which neither Windows nor LiteRT's
    wheel has, and which msvc-runtime puts beside the interpreter.
    """
    if not WINDOWS:
        return []
    beside = [(str(path), ".") for path in Path(sys.prefix).glob("*140*.dll")]
    return [*collect_dynamic_libs("ai_edge_litert"), *beside]


def prune(analysis: Any) -> None:
    """Take out what the list of exclusions names, whatever asked for it.

    PyInstaller's own preparation for matplotlib goes as well: every process of the program would make a temporary folder at
    its start, and one that is killed, as a decoder is, leaves it. ``evaluation.figures`` makes one where a figure is drawn.
    """
    analysis.scripts = [entry for entry in analysis.scripts if entry[0] != "pyi_rth_mplconfig"]
    analysis.binaries = [entry for entry in analysis.binaries if kept(entry[0])]
    analysis.datas = [entry for entry in analysis.datas if kept(entry[0])]


def write_sources(workpath: str, analysis: Any) -> None:
    """Write sources.json: which file of the bundle came from where. The notices are made from it."""
    found = {
        (inside.replace(os.sep, "/"), source)
        for entries in (analysis.pure, analysis.binaries, analysis.datas)
        for inside, source, _kind in entries
        if source != "-"  # a namespace package, no file
    }
    Path(workpath, "sources.json").write_text(json.dumps(sorted(found)), "utf-8")


def look() -> dict[str, Any]:
    """Return icon and version resource of a Windows program, as arguments of EXE; nothing elsewhere."""
    if not WINDOWS:
        return {}
    from windows.version_resource import version_resource

    return {
        "icon": str(ROOT / "resources" / "icons" / "pneumo-desktop.ico"),
        "version": version_resource(version()),
    }
