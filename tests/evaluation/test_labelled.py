"""Labels from folders and tables, Spanish and English."""

from __future__ import annotations

import codecs
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest

from pneumo_desktop.evaluation.labelled import NORMAL, PNEUMONIA, LabelsError, class_of, find, part_of
from pneumo_desktop.evaluation.patients import patient_from_name
from pneumo_desktop.evaluation.summary import labels_sentence
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.records.export import write_csv
from pneumo_desktop.records.rows import Decision, Row

from .conftest import picture


def test_class_folders_and_patients(folder: Path) -> None:
    found = find(folder)
    assert [(image.name, image.label) for image in found.images] == [
        ("NORMAL/IM-0001-0001.png", NORMAL),
        ("NORMAL/IM-0002-0001.png", NORMAL),
        ("NORMAL/NORMAL2-IM-0003-0001.png", NORMAL),
        ("PNEUMONIA/person1_bacteria_1.png", PNEUMONIA),
        ("PNEUMONIA/person1_bacteria_2.png", PNEUMONIA),
        ("PNEUMONIA/person1_virus_3.png", PNEUMONIA),
    ]
    patients = [image.patient for image in found.images]
    assert patients[3] == patients[4] == "bacteria_person1"
    assert patients[5] == "virus_person1"
    assert [name for name, _ in found.left_out] == ["leeme.txt"]
    assert {image.part for image in found.images} == {None}


def test_parts_in_spanish_and_nested_kinds(tmp_path: Path) -> None:
    for seed, name in enumerate(
        (
            "Entrenamiento/Normales/a.png",
            "Entrenamiento/Neumonía/virus/b.png",
            "prueba/Sanos/c.png",
            "otros/d.png",
        )
    ):
        picture(tmp_path / name, seed)
    found = find(tmp_path)
    assert sorted((image.name, image.label, image.part) for image in found.images) == [
        ("Entrenamiento/Neumonía/virus/b.png", PNEUMONIA, "train"),
        ("Entrenamiento/Normales/a.png", NORMAL, "train"),
        ("prueba/Sanos/c.png", NORMAL, "test"),
    ]
    assert found.unlabelled == ("otros/d.png",)
    assert found.folders == {"otros": 1}
    assert {image.part for image in found.images} == {"train", "test"}


def test_folders_mapped_by_hand(tmp_path: Path) -> None:
    picture(tmp_path / "grupo A" / "a.png")
    picture(tmp_path / "grupo B" / "b.png", 1)
    with pytest.raises(LabelsError) as caught:
        find(tmp_path)
    assert caught.value.code == "no_class_folders"
    found = find(tmp_path, {"grupo A": NORMAL, "Grupo B": PNEUMONIA})
    assert [image.label for image in found.images] == [NORMAL, PNEUMONIA]


def test_a_folder_that_is_itself_a_class(tmp_path: Path) -> None:
    picture(tmp_path / "PNEUMONIA" / "a.png")
    assert [image.label for image in find(tmp_path / "PNEUMONIA").images] == [PNEUMONIA]


def test_a_zip_with_class_folders(tmp_path: Path) -> None:
    source = picture(tmp_path / "x.png")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(source, "NORMAL/a.png")
        archive.write(source, "PNEUMONIA/b.png")
    found = find(tmp_path / "set.zip")
    assert sorted((image.entry.member, image.label) for image in found.images) == [
        ("NORMAL/a.png", NORMAL),
        ("PNEUMONIA/b.png", PNEUMONIA),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table(tmp_path: Path, separator: str, encoding: str) -> None:
    for seed, name in enumerate(("uno.png", "images/dos.png", "tres.png")):
        picture(tmp_path / name, seed)
    rows = [
        ("Archivo", "Diagnóstico", "Paciente", "Conjunto"),
        ("uno.png", "Neumonía", "p1", "prueba"),
        ("dos.png", "normal", "", "train"),
        ("tres.png", "otra cosa", "p2", "train"),
        ("cuatro.png", "0", "p2", "train"),
    ]
    table = tmp_path / "etiquetas.csv"
    table.write_text("\n".join(separator.join(row) for row in rows), encoding=encoding)
    for place in (table, tmp_path):
        found = find(place)
        assert [(image.name, image.label, image.patient, image.part) for image in found.images] == [
            ("uno.png", PNEUMONIA, "p1", "test"),
            ("dos.png", NORMAL, None, "train"),
        ]
        assert found.unlabelled == ("tres.png",)
        assert found.left_out == (("cuatro.png", "missing"),)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize(
    ("name", "separator", "first"),
    [
        ("Texto Unicode.txt", "\t", ""),
        ("libro.csv", ";", "sep=;\r\n"),
        ("libro.CSV", ",", '"sep=,",\r\n'),
        ("libro.csv", "|", "SEP=|\r\n"),
        ("libro.tsv", "\t", "sep=\t\r\n"),
        ("libro.csv", ";", "sep=,\r\n"),  # of a table that was edited since
    ],
)
def test_a_table_as_excel_saves_it(tmp_path: Path, name: str, separator: str, first: str, encoding: str) -> None:
    for seed, film in enumerate(("uno.png", "dos, ñ.png", "tres.png", "cuatro.png")):
        picture(tmp_path / film, seed)
    rows = [
        ("Edad (años, meses, días)", "Archivo", "Diagnóstico"),
        ("4,5", "uno.png", "1,0"),
        ("0,25", '"dos, ñ.png"', "0,00"),
        ("3,0", "tres.png", "0,5"),
        ("3,0", "cuatro.png", "Neumonía"),
    ]
    header = ('"' + rows[0][0] + '"', *rows[0][1:]) if separator == "," else rows[0]
    quoted = [header, *((f'"{row[0]}"', row[1], f'"{row[2]}"') for row in rows[1:])]
    text = first + "".join(separator.join(row) + "\r\n" for row in quoted)
    mark = codecs.BOM_UTF16_BE if encoding == "utf-16-be" else b""
    (tmp_path / name).write_bytes(mark + text.encode(encoding))
    for place in (tmp_path / name, tmp_path):
        found = find(place)
        assert [(image.name, image.label) for image in found.images] == [
            ("uno.png", PNEUMONIA),
            ("dos, ñ.png", NORMAL),
            ("cuatro.png", PNEUMONIA),
        ]
        assert found.unlabelled == ("tres.png",)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.xlsx", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml"),
        ("renamed.csv", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0[Content_Types].xml"),
        ("t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)),
        ("no mark.csv", "file,label\r\na.png,normal\r\n".encode("utf-16-le")),
        ("cut.txt", "file\tlabel\r\na.png\tnormal\r\n".encode("utf-16")[:-1]),
    ],
    ids=["workbook", "renamed", "old", "no mark", "cut"],
)
def test_what_is_no_table_is_told_how_to_save_it(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LabelsError) as caught:
        find(tmp_path / name)
    assert (caught.value.code, caught.value.detail) == ("csv_unreadable", name)
    assert "save it as CSV in UTF-8" in labels_sentence(caught.value)


def test_the_index_that_pandas_writes_is_no_patient_and_no_part(tmp_path: Path) -> None:
    for seed in range(3):
        picture(tmp_path / f"{seed}.png", seed)
    table = tmp_path / "t.csv"
    table.write_text(",file,label\n0,0.png,0\n1,1.png,1\ntest,2.png,1\n", encoding="utf-8")
    assert [(image.patient, image.part) for image in find(table).images] == [(None, None)] * 3
    table.write_text(",file,label,patient\n0,0.png,0,p1\n1,1.png,1,p1\n", encoding="utf-8")
    assert [image.patient for image in find(table).images] == ["p1", "p1"]


def test_a_column_of_the_patients_names_is_not_taken_for_that_of_the_files(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    table = tmp_path / "t.csv"
    table.write_text("Nombre;Archivo;Diagnóstico\nAna Pérez;a.png;normal\n", encoding="utf-8")
    assert [image.name for image in find(table).images] == ["a.png"]
    table.write_text("Nombre;Diagnóstico\na.png;normal\n", encoding="utf-8")
    assert [image.name for image in find(table).images] == ["a.png"]


@pytest.mark.parametrize(("on_disk", "in_table"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_an_accent_is_the_same_letter_however_it_is_spelt(tmp_path: Path, on_disk: str, in_table: str) -> None:
    name = "niño.png"
    picture(tmp_path / unicodedata.normalize(on_disk, name))
    table = tmp_path / "t.csv"
    table.write_text(f"file,label\n{unicodedata.normalize(in_table, name)},normal\n", encoding="utf-8")
    (image,) = find(table).images
    assert image.entry.path.is_file()


def test_a_name_that_no_disk_can_hold_is_a_missing_row(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    names = ("x" * 300 + ".png", "y/" * 3000 + "b.png", "c\0.png")
    table = tmp_path / "t.csv"
    table.write_text("file,label\na.png,normal\n" + "".join(f"{name},normal\n" for name in names), encoding="utf-8")
    found = find(table)
    assert [image.name for image in found.images] == ["a.png"]
    assert found.left_out == tuple((name, "missing") for name in names)


def test_a_backslash_parts_folders_in_a_table_from_windows(tmp_path: Path) -> None:
    picture(tmp_path / "sala 1" / "a.png")
    (tmp_path / "t.csv").write_text("file,label\nsala 1\\a.png,normal\n", encoding="utf-8")
    found = find(tmp_path / "t.csv")
    assert [(image.entry.path, image.name) for image in found.images] == [
        (tmp_path / "sala 1" / "a.png", "sala 1/a.png")
    ]


@pytest.mark.skipif(os.sep == "\\", reason="no file of Windows has a backslash in its name")
def test_a_film_with_a_backslash_in_its_name_is_found_by_the_worklists_own_table(tmp_path: Path) -> None:
    films = [picture(tmp_path / name, seed) for seed, name in enumerate((r"sala\a.png", "sala/a.png"))]
    decided = [
        Row(number, 1, Entry(film), None, "done", None, decision=decision)
        for number, (film, decision) in enumerate(zip(films, (Decision.PNEUMONIA, Decision.NORMAL), strict=True))
    ]
    write_csv(decided, tmp_path / "list.csv")
    found = find(tmp_path / "list.csv")
    assert [(image.entry.path, image.label) for image in found.images] == [(films[0], PNEUMONIA), (films[1], NORMAL)]
    assert [image.name for image in found.images] == [str(film) for film in films], "two films, two names"
    assert found.left_out == ()


def test_tables_that_do_not_work(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    for content, code in (
        ("a,b\n1,2\n", "csv_columns"),
        ("", "csv_columns"),
        ("file,label\n", "csv_columns"),
    ):
        table.write_text(content, encoding="utf-8")
        with pytest.raises(LabelsError) as caught:
            find(table)
        assert caught.value.code == code
    table.write_bytes(b'file,label\n"' + b"x" * 200_000 + b'",normal\n')
    with pytest.raises(LabelsError) as caught:
        find(table)
    assert caught.value.code == "csv_unreadable"
    with pytest.raises(LabelsError) as caught:
        find(tmp_path / "nothing here")
    assert caught.value.code == "missing"
    with pytest.raises(LabelsError) as caught:
        find(tmp_path / ("x" * 300))
    assert caught.value.code == "missing"


@pytest.mark.parametrize(
    ("rows", "code", "sentence"),
    [
        (("fotos/a.png,normal", "fotos/b.png,neumonía"), "csv_files", "t.csv (fotos/a.png, …) names was found"),
        (("a.png,viral", "a.png,bacteriana"), "csv_labels", "No label of the table t.csv is known"),
    ],
)
def test_a_table_whose_files_or_labels_are_not_known_is_not_said_to_lack_columns(
    tmp_path: Path, rows: tuple[str, ...], code: str, sentence: str
) -> None:
    picture(tmp_path / "a.png")
    table = tmp_path / "t.csv"
    table.write_text("\n".join(("file,label", *rows)), encoding="utf-8")
    for place in (table, tmp_path):
        with pytest.raises(LabelsError) as caught:
            find(place)
        assert caught.value.code == code
        assert sentence in labels_sentence(caught.value)
        assert bool(caught.value.folders) == (code == "csv_labels"), "they can be mapped by hand"


@pytest.mark.parametrize(
    ("row", "labels"), [("elsewhere/a.png,normal", {}), ("1/a.png,ward 3", {"ward 3": 1})], ids=["files", "labels"]
)
def test_a_table_of_other_files_leaves_the_folders_of_unknown_names_to_be_mapped(
    tmp_path: Path, row: str, labels: dict[str, int]
) -> None:
    for name in ("1/a.png", "1/b.png", "2/c.png"):
        picture(tmp_path / name)
    (tmp_path / "old.csv").write_text(f"file,label\n{row}\n", encoding="utf-8")
    with pytest.raises(LabelsError) as caught:
        find(tmp_path)
    assert caught.value.folders == {**labels, "1": 2, "2": 1}
    assert len(find(tmp_path, {"1": NORMAL, "2": PNEUMONIA}).images) == 3


def test_words_for_classes_and_parts() -> None:
    assert [class_of(word) for word in ("NORMAL", "Sin neumonía", "No_Pneumonia", "sano")] == [NORMAL] * 4
    assert [class_of(word) for word in ("Pneumonia", "NEUMONÍA", "neumonias", "positivo")] == [PNEUMONIA] * 4
    assert class_of("abnormal") is None
    assert class_of("images") is None
    assert [part_of(word) for word in ("Train", "Validación", "PRUEBA", "images")] == [
        "train",
        "val",
        "test",
        None,
    ]


def test_patients_from_names() -> None:
    assert patient_from_name("x/person12_virus_34.jpeg") == "virus_person12"
    assert patient_from_name("person12_bacteria_34.jpeg") == "bacteria_person12"
    assert patient_from_name("IM-0115-0001-0002.jpeg") == "IM-0115"
    assert patient_from_name("NORMAL2-IM-0115-0001.jpeg") == "NORMAL2-IM-0115"
    assert patient_from_name("VIRUS-1008087-0001.jpeg") == "VIRUS-1008087"
    assert patient_from_name("00000061_012.png") == "nih-00000061"
    assert patient_from_name("holiday.jpeg") is None
    assert patient_from_name("20230115_104233.jpg") is None, "a day and a time of day"
    assert patient_from_name("20230115_001.jpg") is None
