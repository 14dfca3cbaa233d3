"""Looks at every file of a Windows bundle: does it start on a bare Windows 10 1809, and is none of it Wine's?

``python build_spec/windows/imports.py FOLDER`` (needs pefile) exits 1 when a file is not 64-bit, was made by Wine, or
imports a library that is neither in the bundle nor a part of Windows; when a program has no icon, no version, or a
console where it should have none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pefile

PART_OF_WINDOWS = {
    "advapi32.dll", "authz.dll", "bcrypt.dll", "comctl32.dll", "comdlg32.dll", "crypt32.dll", "d3d11.dll",
    "d3d12.dll", "d3d9.dll", "dbghelp.dll", "dwmapi.dll", "dwrite.dll", "dxgi.dll", "gdi32.dll", "imm32.dll",
    "iphlpapi.dll", "kernel32.dll", "mpr.dll", "msvcrt.dll", "netapi32.dll", "normaliz.dll", "ntdll.dll",
    "ole32.dll", "oleaut32.dll", "psapi.dll", "rpcrt4.dll", "secur32.dll", "setupapi.dll", "shell32.dll",
    "shlwapi.dll", "uiautomationcore.dll", "user32.dll", "userenv.dll", "uxtheme.dll", "version.dll", "winmm.dll",
    "ws2_32.dll", "wtsapi32.dll",
}  # fmt: skip
"""Libraries of every Windows 10, beside the sets named ``api-ms-win-*``. None of the Visual C++ run time is among them."""

_WINE_MARKS = (b"Wine builtin DLL", b"Wine placeholder DLL")
_ICON, _VERSION = (pefile.RESOURCE_TYPE[kind] for kind in ("RT_GROUP_ICON", "RT_VERSION"))
_WITHOUT_CONSOLE, _CONSOLE = (pefile.SUBSYSTEM_TYPE[f"IMAGE_SUBSYSTEM_WINDOWS_{kind}"] for kind in ("GUI", "CUI"))
_TABLES = [pefile.DIRECTORY_ENTRY[f"IMAGE_DIRECTORY_ENTRY_{kind}"] for kind in ("IMPORT", "DELAY_IMPORT")]


def faults(folder: Path) -> Iterator[str]:
    """Yield a sentence for each file that would not start."""
    inside = {path.name.lower() for path in folder.rglob("*") if path.is_file()}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".exe", ".dll", ".pyd"):
            continue
        name = path.relative_to(folder)
        if any(mark in path.read_bytes()[:256] for mark in _WINE_MARKS):
            yield f"{name} is a part of Wine."
        with pefile.PE(str(path), fast_load=True) as binary:
            if binary.FILE_HEADER.Machine != pefile.MACHINE_TYPE["IMAGE_FILE_MACHINE_AMD64"]:
                yield f"{name} is not for 64-bit Windows."
            binary.parse_data_directories(_TABLES)
            if path.parent == folder and path.suffix.lower() == ".exe":
                yield from _look_faults(binary, path.name)
            tables = ("DIRECTORY_ENTRY_IMPORT", "DIRECTORY_ENTRY_DELAY_IMPORT")
            wanted = {entry.dll.decode().lower() for table in tables for entry in getattr(binary, table, [])}
        for library in sorted(wanted - inside - PART_OF_WINDOWS):
            if not library.startswith("api-ms-win-"):
                yield f"{name} needs {library}, which is neither in the bundle nor a part of Windows."


def _look_faults(binary: pefile.PE, name: str) -> Iterator[str]:
    """Yield what Windows would show wrongly of a program: icon, version, a console."""
    binary.parse_data_directories([pefile.DIRECTORY_ENTRY["IMAGE_DIRECTORY_ENTRY_RESOURCE"]])
    resources = getattr(binary, "DIRECTORY_ENTRY_RESOURCE", None)
    kinds = {entry.id for entry in resources.entries} if resources else set()
    wanted = _WITHOUT_CONSOLE if name == "pneumo-desktop.exe" else _CONSOLE
    if binary.OPTIONAL_HEADER.Subsystem != wanted:
        yield f"{name} opens a console where it should not, or has none."
    if _ICON not in kinds:
        yield f"{name} has no icon."
    if _VERSION not in kinds:
        yield f"{name} has no version resource."


def main() -> int:
    """Check one folder."""
    found = list(faults(Path(sys.argv[1])))
    for sentence in found:
        print(sentence, file=sys.stderr)
    print(f"{len(found)} faults in the Windows libraries.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
