"""Find images whose label is known: class folders in Spanish or English, or a CSV of file and label."""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from pneumo_desktop.evaluation.patients import patient_from_name
from pneumo_desktop.imaging import sources
from pneumo_desktop.imaging.radiograph import Entry

NORMAL = 0
PNEUMONIA = 1

_CLASS_WORDS: Mapping[int, frozenset[str]] = {
    NORMAL: frozenset(
        [
            "normal",
            "normals",
            "normales",
            "sano",
            "sanos",
            "sana",
            "sanas",
            "healthy",
            "negative",
            "negatives",
            "negativo",
            "negativos",
            "negativa",
            "nopneumonia",
            "noneumonia",
            "sinneumonia",
            "nofinding",
            "sinhallazgos",
        ]
    ),
    PNEUMONIA: frozenset(
        [
            "pneumonia",
            "pneumonias",
            "neumonia",
            "neumonias",
            "neumonico",
            "neumonicos",
            "positive",
            "positives",
            "positivo",
            "positivos",
            "positiva",
            "pulmonia",
            "conneumonia",
        ]
    ),
}
_PART_WORDS: Mapping[str, frozenset[str]] = {
    "train": frozenset(["train", "training", "entrenamiento", "entrenar", "entreno"]),
    "val": frozenset(["val", "valid", "validation", "validacion", "validar", "dev"]),
    "test": frozenset(["test", "testing", "prueba", "pruebas"]),
}
_COLUMN_WORDS: Mapping[str, frozenset[str]] = {
    "file": frozenset(
        [
            "file",
            "filename",
            "filepath",
            "image",
            "imagename",
            "path",
            "archivo",
            "fichero",
            "imagen",
            "ruta",
        ]
    ),
    "label": frozenset(
        [
            "label",
            "class",
            "etiqueta",
            "clase",
            "diagnosis",
            "diagnostico",
            "target",
            "resultado",
            "hallazgo",
            "decision",
        ]
    ),
    "patient": frozenset(["patient", "patientid", "patientkey", "paciente", "idpaciente", "pacienteid", "subject"]),
    "part": frozenset(["part", "split", "subset", "conjunto", "parte", "particion"]),
}
_NAME_WORDS = frozenset(["nombre", "name"])
"""Columns of files where there is no better one: beside one they hold the patient's name."""

_IMAGE_FOLDERS = ("images", "imagenes", "imágenes")
_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods")
"""Suffixes of tables. A workbook is none that can be read, and is said to be none: it is no archive of images."""

_SEPARATORS = (",", ";", "\t")
_NAMED_SEPARATOR = re.compile(r"""\s*"?sep=([^\r\n"])"?[,;\t]*(\r\n|\r|\n|$)""", re.IGNORECASE)
"""The first line by which Excel is told the separator of what follows."""

MAX_CSV_BYTES = 64 * 1024 * 1024


class LabelsError(Exception):
    """No labels could be found.

    ``code``: ``no_class_folders``, ``csv_columns``, ``csv_labels`` (none is known), ``csv_files`` (none was found),
    ``csv_unreadable``, ``missing``; ``detail`` names the file or folder, or what was seen of the table. ``folders``:
    names of folders (or labels of a table) whose class is not known, with how many images each holds, so that they can
    be mapped by hand.
    """

    def __init__(self, code: str, detail: str, folders: Mapping[str, int] | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.folders = folders or {}


@dataclass(frozen=True)
class LabelledImage:
    """An image, its label (0 normal, 1 pneumonia), and what its place says of it.

    name: path relative to the root, with forward slashes. part: ``train``, ``val``, ``test`` or None.
    patient: a patient key from a column or from the file's name, or None. patient_told: True where a column told it.
    """

    entry: Entry
    name: str
    label: int
    part: str | None = None
    patient: str | None = None
    patient_told: bool = False

    def patient_with(self, in_file: str | None) -> str | None:
        """Return the patient key where the file itself bears the number ``in_file`` (DICOM), or None.

        A column that somebody wrote goes first: a number that was removed from the files is the same in all of them.
        """
        return self.patient if self.patient_told else in_file or self.patient


@dataclass(frozen=True)
class LabelledFolder:
    """What was found under ``root``.

    unlabelled: names of images under no class folder, or with a label that is neither class.
    folders: for each folder (or label of a table) whose class is not known, how many images it holds (to be mapped by
    hand).
    left_out: (name, code) of what is no image, as ``imaging.sources`` says, and ``missing`` rows of a CSV; after ``once``
        ``repeated`` and ``both_labels`` too.
    table: the CSV whose rows these are, or None.
    """

    root: Path
    images: tuple[LabelledImage, ...]
    unlabelled: tuple[str, ...] = ()
    folders: Mapping[str, int] | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    table: Path | None = None

    def part(self, name: str | None) -> tuple[LabelledImage, ...]:
        """Return the images of one part (None: those under no part folder)."""
        return tuple(image for image in self.images if image.part == name)

    def once(self, part: str | None = None) -> LabelledFolder:
        """Return the folder with each file once, as a measure of ``part`` needs it; a table may name one in several rows.

        Of a file in several parts the row in ``part`` is kept, else the first. A row that says the same again is left
        out as ``repeated``. Of a file under both labels nobody knows which is right: all its rows are left out as
        ``both_labels``.
        """
        by_file: dict[tuple[str, str | None, int], list[LabelledImage]] = {}
        for image in self.images:
            entry = image.entry
            by_file.setdefault((os.path.realpath(entry.path), entry.member, entry.frame), []).append(image)
        kept: list[LabelledImage] = []
        left_out = list(self.left_out)
        for rows in by_file.values():
            first, *others = sorted(rows, key=lambda row: row.part != part)
            if any(other.label != first.label for other in others):
                left_out += [(image.name, "both_labels") for image in rows]
            else:
                kept.append(first)
                left_out += [(image.name, "repeated") for image in others]
        return replace(self, images=tuple(kept), left_out=tuple(left_out))


def plain(text: str) -> str:
    """Return ``text`` lower-case, without accents, spaces or punctuation: how names are compared."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


def class_of(name: str, mapping: Mapping[str, int] | None = None) -> int | None:
    """Return the class a folder or label stands for, or None; ``mapping`` (name -> class) goes first."""
    if mapping:
        for known, label in mapping.items():
            if plain(known) == plain(name):
                return label
    word = plain(name)
    return next((label for label, words in _CLASS_WORDS.items() if word in words), None)


def part_of(name: str) -> str | None:
    """Return ``train``, ``val`` or ``test`` for a folder name in Spanish or English, or None."""
    word = plain(name)
    return next((part for part, words in _PART_WORDS.items() if word in words), None)


def is_labelled(folder: Path) -> bool:
    """Tell from the names of its sub-folders (two levels) whether a folder holds both classes; reads no image."""
    try:
        below = [item for item in folder.iterdir() if item.is_dir()] if folder.is_dir() else []
        for parts in [item for item in below if part_of(item.name)]:
            below += [item for item in parts.iterdir() if item.is_dir()]
    except OSError:
        return False
    return {class_of(item.name) for item in below} >= {NORMAL, PNEUMONIA}


def find(root: Path, mapping: Mapping[str, int] | None = None) -> LabelledFolder:
    """Find the labelled images under a folder, in a ZIP archive, or listed by a table as spreadsheets save one (CSV, text).

    The nearest folder above an image whose name is a class decides, so ``train/PNEUMONIA/virus/x.png`` is pneumonia.
    A folder without class folders but with a CSV of file and label at its top is read through that CSV.
    Raises LabelsError when there is no label at all.
    """
    if not os.path.exists(root):
        raise LabelsError("missing", str(root))
    if root.is_file() and _is_table(root):
        return _from_csv(root, mapping)
    found = _from_folders(root, mapping)
    if found.images:
        return found
    told = LabelsError("no_class_folders", str(root), found.folders)
    for table in sorted(filter(_is_table, root.glob("*"))) if root.is_dir() else []:
        try:
            return _from_csv(table, mapping)
        except LabelsError as error:
            if error.code in ("csv_labels", "csv_files"):  # a table of labels, and what is wrong with it
                told = LabelsError(error.code, error.detail, {**error.folders, **(found.folders or {})})
    raise told


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in _TABLES


def _from_folders(root: Path, mapping: Mapping[str, int] | None) -> LabelledFolder:
    images: list[LabelledImage] = []
    unlabelled: list[str] = []
    folders: dict[str, int] = {}
    left_out: list[tuple[str, str]] = []
    for item in sources.find([root]):
        name = _relative(item.path, item.member, root)
        if not isinstance(item, Entry):
            left_out.append((name, item.code))
            continue
        above = [*PurePosixPath(name).parts[:-1]]
        label = _nearest(above, mapping)
        if label is None:
            label = class_of(root.name, mapping)
        if label is None:
            unlabelled.append(name)
            if above:
                folders[above[-1]] = folders.get(above[-1], 0) + 1
            continue
        parts = [part for part in map(part_of, reversed(above)) if part]
        part = parts[0] if parts else part_of(root.name)
        images.append(LabelledImage(item, name, label, part, patient_from_name(name)))
    return LabelledFolder(root, tuple(images), tuple(unlabelled), folders, tuple(left_out))


def _nearest(above: Iterable[str], mapping: Mapping[str, int] | None) -> int | None:
    for folder in reversed(list(above)):
        label = class_of(folder, mapping)
        if label is not None:
            return label
    return None


def _relative(path: Path, member: str | None, root: Path) -> str:
    base = root if root.is_dir() else root.parent
    try:
        name = path.relative_to(base).as_posix()
    except ValueError:
        name = path.name
    return name if member is None else f"{name}/{member}"


def _from_csv(table: Path, mapping: Mapping[str, int] | None) -> LabelledFolder:
    rows, columns = _read_rows(table)
    images: list[LabelledImage] = []
    unlabelled: list[str] = []
    unknown: dict[str, int] = {}
    left_out: list[tuple[str, str]] = []
    for row in rows:
        name = row.get(columns["file"], "").strip()
        if not name:
            continue
        text = row.get(columns["label"], "").strip()
        label = class_of(text, mapping)
        if label is None:
            label = _number_label(text)
        if label is None:
            unlabelled.append(name)
            if text:
                unknown[text] = unknown.get(text, 0) + 1
            continue
        located = _locate(table.parent, name)
        if located is None:
            left_out.append((name, "missing"))
            continue
        patient = row[columns["patient"]].strip() if "patient" in columns else ""
        part = part_of(row[columns["part"]]) if "part" in columns else None
        path, shown = located
        images.append(
            LabelledImage(Entry(path), shown, label, part, patient or patient_from_name(shown), bool(patient))
        )
    if not images:
        if unknown:
            raise LabelsError("csv_labels", table.name, unknown)
        if left_out:
            raise LabelsError("csv_files", f"{table.name} ({left_out[0][0]}, …)")
        raise LabelsError("csv_columns", table.name)
    return LabelledFolder(table.parent, tuple(images), tuple(unlabelled), unknown, tuple(left_out), table)


def _read_rows(table: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Return the rows and, for ``file``, ``label`` and perhaps ``patient`` and ``part``, the column's own name."""
    try:
        if table.stat().st_size > MAX_CSV_BYTES:
            raise LabelsError("csv_unreadable", table.name)
        raw = table.read_bytes()
    except OSError as error:
        raise LabelsError("csv_unreadable", table.name) from error
    try:
        text = _text_of(raw)
        named = _NAMED_SEPARATOR.match(text)
        text = text[named.end() :] if named else text
        separator = _separator_of(text, named.group(1) if named else None)
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
        header = [name for name in reader.fieldnames or [] if name]
        # pandas writes its index under an empty header: a number of the row, which tells nothing of the image.
        rows = [{key: value or "" for key, value in row.items() if key} for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise LabelsError("csv_unreadable", table.name) from error
    if any("\0" in name for name in header):  # a workbook, or UTF-16 without its mark
        raise LabelsError("csv_unreadable", table.name)
    columns = _roles(header)
    if not _is_of_labels(columns):
        raise LabelsError("csv_columns", ": ".join(filter(None, (table.name, ", ".join(header[:12])))))
    return rows, columns


def _text_of(raw: bytes) -> str:
    """Return the text of a table as spreadsheets save one: UTF-8, UTF-16 ("Unicode text"), or that of old Windows."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16")
    try:
        # With a byte order mark a table is UTF-8 for sure: what is none there is a file's name that is no Unicode.
        marked = raw.startswith(codecs.BOM_UTF8)
        return raw.decode("utf-8-sig", sys.getfilesystemencodeerrors() if marked else "strict")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _separator_of(text: str, named: str | None) -> str:
    """Return what parts the header of ``text`` into the columns that are needed; where nothing does, what is there most."""
    separators = (named, *_SEPARATORS) if named else _SEPARATORS
    for separator in separators:
        if _is_of_labels(_roles(next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), []))):
            return separator
    return max(separators, key=text.partition("\n")[0].count)


def _roles(header: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for name in header:
        for role, words in _COLUMN_WORDS.items():
            if plain(name) in words:
                columns.setdefault(role, name)
    names = [name for name in header if plain(name) in _NAME_WORDS]
    if names:
        columns.setdefault("file", names[0])
    return columns


def _is_of_labels(columns: Mapping[str, str]) -> bool:
    return "file" in columns and "label" in columns


def _number_label(text: str) -> int | None:
    """Return the class of a label that is the number 0 or 1, with a decimal point or comma."""
    try:
        return {0.0: NORMAL, 1.0: PNEUMONIA}.get(float(text.replace(",", ".")))
    except ValueError:
        return None


def _locate(folder: Path, name: str) -> tuple[Path, str] | None:
    """Return the file of a name in a table, and the name with forward slashes.

    A backslash parts folders in a table from Windows, and is a letter of a film's own name on Linux. An accented letter is
    one sign in most tables and two in names that a Mac has written.
    """
    written = (name, name.replace("\\", "/"))
    composed = (unicodedata.normalize(form, one) for form in ("NFC", "NFD") for one in written)
    for spelling in (*written, *composed):
        for below in ("", *_IMAGE_FOLDERS):
            path = folder / below / spelling
            # Unlike Path.is_file this is False for a name that is too long for the disk.
            if os.path.isfile(path):
                return path, spelling.replace(os.sep, "/")
    return None
