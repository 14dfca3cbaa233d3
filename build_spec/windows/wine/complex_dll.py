"""Writes the definition of a ucrtbase.dll for the Wine prefix: Wine's own functions, and ours where Wine has none.

``python build_spec/windows/wine/complex_dll.py OWN.dll OUT.def`` (needs pefile). numpy 2.2.2 and later call C complex
functions that Wine 10 lacks; Windows has them. What is not ours is forwarded to a copy of Wine's file, ucrtw.dll.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pefile

_NAMES = ("ccos", "ccosh", "cexp", "clog", "csin", "csinh", "csqrt", "ctan", "ctanh", "cacos", "cacosh", "casin", "casinh",
          "catan", "catanh", "cabs", "carg", "creal", "cimag", "cpow")  # fmt: skip
OURS = {name + suffix for name in _NAMES for suffix in ("", "f", "l")}
"""What complex_math.c defines, there with the prefix ``my_``."""

if __name__ == "__main__":
    own, out = map(Path, sys.argv[1:])
    exported = {symbol.name.decode() for symbol in pefile.PE(str(own)).DIRECTORY_ENTRY_EXPORT.symbols if symbol.name}
    if not exported or any(not re.fullmatch(r"[\w?@$]+", name) for name in exported):
        sys.exit(f"The exports of {own.name} cannot be read.")
    lines = [f' "{name}" = my_{name}' if name in OURS else f' "{name}" = "ucrtw.{name}"' for name in exported | OURS]
    out.write_text("LIBRARY ucrtbase\nEXPORTS\n" + "\n".join(sorted(lines)) + "\n", "ascii")
    print(f"{len(exported)} exports of Wine, {len(OURS)} of ours.")
