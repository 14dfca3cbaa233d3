"""The version resource of the Windows programs: what Explorer's properties and the task manager show."""

from __future__ import annotations

import re

from PyInstaller.utils.win32 import versioninfo

_ENGLISH_UNICODE = "040904B0"


def version_resource(version: str) -> versioninfo.VSVersionInfo:
    """Return the resource of ``version``; its numbers are the leading digits of the first three parts."""
    numbers = tuple(int(part) for part in (*re.findall(r"\d+", version)[:3], "0", "0", "0")[:3])
    texts = {
        "CompanyName": "The Pneumo Desktop maintainers",
        "FileDescription": "Pneumo Desktop",
        "FileVersion": version,
        "InternalName": "pneumo-desktop",
        "LegalCopyright": "Apache License 2.0",
        "ProductName": "Pneumo Desktop",
        "ProductVersion": version,
    }
    return versioninfo.VSVersionInfo(
        ffi=versioninfo.FixedFileInfo(filevers=(*numbers, 0), prodvers=(*numbers, 0)),
        kids=[
            versioninfo.StringFileInfo(
                [versioninfo.StringTable(_ENGLISH_UNICODE, [versioninfo.StringStruct(*pair) for pair in texts.items()])]
            ),
            versioninfo.VarFileInfo([versioninfo.VarStruct("Translation", [0x0409, 0x04B0])]),
        ],
    )
