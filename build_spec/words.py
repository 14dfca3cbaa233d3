"""Keeps the catalogues: extracts every marked message, updates each .po, compiles each .mo.

``python build_spec/words.py`` updates; ``--check`` changes nothing and exits 1 when a catalogue is stale, or a message
is untranslated, doubtful, or has other placeholders than the original.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ROOT / "resources" / "locale"
DOMAIN = "pneumo_desktop"
KEYWORDS = {"tr": None, "N_": None, "ntr": (1, 2)}
_PLACEHOLDER = re.compile(r"\{(\w+)")


def extracted() -> Catalog:
    """Return a catalogue of every message marked in the program, in a stable order."""
    catalog = Catalog(project=DOMAIN, fuzzy=False)
    found = extract_from_dir(ROOT / "pneumo_desktop", [("**.py", "python")], keywords=KEYWORDS)
    for name, _line, message, comments, context in sorted(found, key=lambda item: (item[0], item[1])):
        catalog.add(message, None, [(f"pneumo_desktop/{name}", 0)], auto_comments=comments, context=context)
    return catalog


def _texts(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, tuple | list) else [str(value or "")]


def faults(message: Message) -> list[str]:
    """Return what is wrong with the translation of one message."""
    wanted = {name for text in _texts(message.id) for name in _PLACEHOLDER.findall(text)}
    wrong = []
    if message.fuzzy:
        wrong.append("doubtful")
    for text in _texts(message.string):
        if not text.strip():
            wrong.append("untranslated")
        elif not set(_PLACEHOLDER.findall(text)) <= wanted:
            wrong.append("other placeholders")
    return wrong


def compiled(catalog: Catalog) -> bytes:
    """Return the .mo bytes of a catalogue."""
    stream = io.BytesIO()
    write_mo(stream, catalog)
    return stream.getvalue()


def check(path: Path, template: Catalog) -> list[str]:
    """Return the sentences that say what is wrong with one catalogue."""
    with path.open("rb") as stream:
        catalog = read_po(stream)
    wanted = {str(message.id) for message in template if message.id}
    held = {str(message.id) for message in catalog if message.id}
    wrong = [f"{path}: not extracted yet: {message}" for message in sorted(wanted - held)]
    wrong += [f"{path}: no longer used: {message}" for message in sorted(held - wanted)]
    for message in catalog:
        if message.id:
            wrong += [f"{path}: {fault}: {message.id}" for fault in faults(message)]
    if not wrong and path.with_suffix(".mo").read_bytes() != compiled(catalog):
        wrong.append(f"{path}: the compiled catalogue is stale")
    return wrong


def update(path: Path, template: Catalog) -> None:
    """Bring one catalogue up to the program's messages and compile it."""
    with path.open("rb") as stream:
        catalog = read_po(stream, locale=path.parents[1].name)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    with path.open("wb") as stream:
        write_po(stream, catalog, width=120, no_location=True, omit_header=False, sort_output=True)
    with path.open("rb") as stream:
        path.with_suffix(".mo").write_bytes(compiled(read_po(stream)))


def main() -> int:
    """Update or check every catalogue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    template = extracted()
    wrong: list[str] = []
    check_only = parser.parse_args().check
    for path in sorted(LOCALES.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        if check_only:
            wrong += check(path, template)
        else:
            update(path, template)
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
