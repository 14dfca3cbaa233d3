"""From what was dropped to single images: nothing silent, nothing twice, nothing followed for ever."""

from __future__ import annotations

import io
import os
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.dataset import Dataset

from pneumo_desktop.imaging import codes, limits, zip_directory
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError
from pneumo_desktop.imaging.sniff import Kind
from pneumo_desktop.imaging.sources import LeftOut, find, read_bytes
from pneumo_desktop.imaging.zip_directory import ArchiveFile
from tests import making

PNG = making.picture("PNG", size=(20, 20))


def found(*paths: Path) -> tuple[list[Entry], list[LeftOut]]:
    items = list(find(paths))
    return [item for item in items if isinstance(item, Entry)], [item for item in items if isinstance(item, LeftOut)]


def reason(entry: Entry, **limit: int) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        read_bytes(entry, **limit)
    return caught.value.code


def zipped(path: Path, members: Iterable[tuple[str, bytes]], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def test_what_was_found_says_its_kind_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(making.picture("TIFF"))
    zipped(tmp_path / "b.zip", [("c.jpg", making.written(making.dataset(making.film())))])
    (tmp_path / "d.jpg").write_bytes(b"no picture")
    entries, _left = found(tmp_path)
    assert [entry.kind for entry in entries] == [Kind.TIFF, Kind.DICOM, Kind.UNKNOWN]
    assert entries[0] == Entry(tmp_path / "a.png")  # which place it is does not depend on who looked


def test_a_folder_is_walked_in_order_and_what_is_no_image_is_told(tmp_path: Path) -> None:
    (tmp_path / "b" / "inner").mkdir(parents=True)
    for name in ("b/2.png", "b/inner/3.png", "a.png", "c.png"):
        (tmp_path / name).write_bytes(PNG)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "Thumbs.db").write_bytes(b"litter")
    entries, left = found(tmp_path)
    assert [entry.path.relative_to(tmp_path).as_posix() for entry in entries] == [
        "a.png", "b/2.png", "b/inner/3.png", "c.png",
    ]  # fmt: skip
    assert sorted((item.path.name, item.code) for item in left) == [
        ("Thumbs.db", codes.NOT_AN_IMAGE), ("notes.txt", codes.NOT_AN_IMAGE),
    ]  # fmt: skip


def test_the_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(PNG)
    (tmp_path / "film.txt").write_bytes(making.written(making.dataset(making.film(size=(20, 20)))))
    (tmp_path / "text.dcm").write_text("no DICOM")
    (tmp_path / "IM000001").write_bytes(making.picture("TIFF", size=(20, 20)))
    entries, left = found(tmp_path)
    assert {entry.path.name for entry in entries} == {"film", "film.txt", "text.dcm", "IM000001"}
    assert left == []


def test_what_was_named_is_an_entry_whatever_it_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    assert found(tmp_path / "notes.txt")[0] == [Entry(tmp_path / "notes.txt")]


def test_a_file_dropped_twice_is_one_entry(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    entries, left = found(tmp_path / "a.png", tmp_path, tmp_path / "." / "a.png")
    assert (entries, left) == ([Entry(tmp_path / "a.png")], [])


@pytest.mark.parametrize(
    "name",
    ["Röntgen ñ Ж", "胸部 X線", "a'b\"c;d&e", " leading", "emoji 🫁", "=cmd", "-rf", "%n%s", "a\nb"],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows allows fewer names")
def test_any_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / f"{name}.png").write_bytes(PNG)
    (entry,), _left = found(tmp_path)
    assert read_bytes(entry) == PNG


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be no text")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.png"
    Path(os.fsdecode(path)).write_bytes(PNG)
    (entry,), _left = found(tmp_path)
    assert read_bytes(entry) == PNG


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[ArchiveFile]:
    """Every file whose directory was read from now on."""
    files, read = list[ArchiveFile](), zip_directory._directory

    def told(file: ArchiveFile) -> zipfile.ZipFile:
        files.append(file)
        return read(file)

    monkeypatch.setattr(zip_directory, "_directory", told)
    return files


def test_the_directory_of_an_archive_is_read_once_for_all_its_images(tmp_path: Path, parsed: list[ArchiveFile]) -> None:
    path = zipped(tmp_path / "a.zip", [(f"{number}.png", PNG + bytes([number])) for number in range(40)])
    entries, _left = found(path)
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(read_bytes, entries))
    assert {entry.member: data for entry, data in zip(entries, read, strict=True)} == {
        f"{number}.png": PNG + bytes([number]) for number in range(40)
    }
    assert len(parsed) == 1


def test_an_archive_that_changed_is_looked_through_again(tmp_path: Path, parsed: list[ArchiveFile]) -> None:
    path = zipped(tmp_path / "a.zip", [("a.png", PNG), ("b.png", PNG)])
    entries, _left = found(path)
    path.unlink()
    zipped(path, [("b.png", PNG + b"another")])
    assert reason(entries[0]) == codes.MISSING
    assert read_bytes(entries[1]) == PNG + b"another"
    assert len(parsed) == 2


def test_few_directories_are_kept(tmp_path: Path) -> None:
    for number in range(6):
        found(zipped(tmp_path / f"{number}.zip", [("a.png", PNG)]))
    assert len(zip_directory._directories) == zip_directory._KEPT


def test_a_directory_that_asks_for_much_memory_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "a.zip", [("a.png", PNG), ("b" * 200 + ".png", PNG)])
    entry = Entry(path, "a.png")
    assert read_bytes(entry) == PNG
    zip_directory._directories.clear()
    monkeypatch.setattr(limits, "MAX_ARCHIVE_DIRECTORY_BYTES", 200)
    assert found(path) == ([], [LeftOut(path, None, codes.ZIP_BOMB)])
    assert reason(entry) == codes.BOMB


def test_no_member_of_an_archive_with_too_many_is_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its directory may say that there are few: half a kilobyte of memory for each is taken by what is there."""
    path = zipped(tmp_path / "a.zip", [(f"{number}.png", PNG) for number in range(11)])
    whole = path.read_bytes()
    path.write_bytes(whole[:-14] + struct.pack("<2H", 1, 1) + whole[-10:])
    made: list[str] = []

    class Told(zipfile.ZipInfo):
        def __init__(self, filename: str) -> None:
            made.append(filename)
            super().__init__(filename)

    monkeypatch.setattr(zipfile, "ZipInfo", Told)
    monkeypatch.setattr(limits, "MAX_ARCHIVE_MEMBERS", 10)
    zip_directory._directories.clear()
    assert found(path) == ([], [LeftOut(path, None, codes.ZIP_BOMB)])
    assert reason(Entry(path, "0.png")) == codes.BOMB
    assert made == [] and not zip_directory._directories
    monkeypatch.setattr(limits, "MAX_ARCHIVE_MEMBERS", 11)
    assert len(found(path)[0]) == len(made) == 11


def test_a_long_directory_in_the_form_for_large_archives_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """ZIP64: the short record at the end points to a longer one, which tells the size."""
    head, length = b"PK\x03\x04" + bytes(26), limits.MAX_ARCHIVE_DIRECTORY_BYTES + 1
    path = tmp_path / "a.zip"
    with path.open("wb") as file:
        file.write(head)
        file.seek(length, os.SEEK_CUR)
        place = file.tell()
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, length, len(head)))
        file.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, place, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    tracemalloc.start()
    try:
        assert found(path) == ([], [LeftOut(path, None, codes.ZIP_BOMB)])
        assert reason(Entry(path, "a.png")) == codes.BOMB
        assert tracemalloc.get_traced_memory()[1] < limits.MIB
    finally:
        tracemalloc.stop()


def test_a_very_long_path(tmp_path: Path) -> None:
    folder = tmp_path
    for number in range(12):
        folder = folder / (f"{number:02d} a folder with a name that goes on and on " + "x" * 40)
        folder.mkdir()
    path = folder / ("film" + "y" * 100 + ".png")
    path.write_bytes(PNG)
    assert len(str(path)) > 1_000
    (entry,), _left = found(tmp_path)
    assert read_bytes(entry) == PNG


def test_a_path_longer_than_the_system_takes_is_told() -> None:
    entries, left = found(Path("/" + "x" * 5000))
    assert entries == []
    assert [item.code for item in left] == [codes.NOT_A_FILE]
    assert reason(Entry(Path("/" + "x" * 5000))) == codes.NOT_A_FILE
    assert reason(Entry(Path("/a\0b"))) == codes.NOT_A_FILE


def test_folders_deeper_than_anybody_means(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(limits.MAX_FOLDER_DEPTH + 2):
        folder = folder / "d"
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(PNG)
    entries, left = found(tmp_path)
    assert entries == []
    assert [item.code for item in left] == [codes.TOO_DEEP]


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    entries, left = found(tmp_path)
    assert entries == [Entry(tmp_path / "a.png")]
    assert {(item.path.name, item.code) for item in left} == {
        ("again", codes.LINK_LOOP), ("self", codes.LINK_LOOP), ("gone", codes.MISSING),
    }  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="POSIX")
def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert [item.code for item in found(tmp_path)[1]] == [codes.NOT_AN_IMAGE]
    assert reason(Entry(tmp_path / "pipe.png")) == codes.NOT_A_FILE
    assert codes.NOT_A_FILE not in codes.OUT_OF_REACH, "no disk or stick brings it back"


def test_permission_is_told_whoever_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.png").write_bytes(PNG)

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "no")

    monkeypatch.setattr("pneumo_desktop.imaging.sources.os.open", refuse)
    assert reason(Entry(tmp_path / "a.png")) == codes.NO_PERMISSION


def test_a_small_file_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    path.write_bytes(b"x" * 10_000)
    tracemalloc.start()
    try:
        assert len(read_bytes(Entry(path))) == 10_000
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_files_that_are_gone_empty_or_too_large(tmp_path: Path) -> None:
    assert [item.code for item in found(tmp_path / "gone")[1]] == [codes.MISSING]
    assert reason(Entry(tmp_path / "gone")) == codes.MISSING
    (tmp_path / "empty.dcm").write_bytes(b"")
    assert found(tmp_path)[0] == [Entry(tmp_path / "empty.dcm")]
    assert reason(Entry(tmp_path / "empty.dcm")) == codes.EMPTY
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(limits.MAX_FILE_BYTES + 1)
    assert reason(Entry(tmp_path / "huge.png")) == codes.TOO_LARGE


# Archives


def test_an_archive_gives_its_images_in_order(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "cd.zip",
        [("z.png", PNG), ("tiefe/Ordner ñ/Ж.png", PNG), ("readme.txt", b"text"), ("bad.png", b""), ("__MACOSX/._z.png", b"x"),
         ("dir/", b"")],
    )  # fmt: skip
    entries, left = found(path)
    assert [entry.member for entry in entries] == ["bad.png", "tiefe/Ordner ñ/Ж.png", "z.png"]
    assert {(item.member, item.code) for item in left} == {
        ("readme.txt", codes.NOT_AN_IMAGE), ("__MACOSX/._z.png", codes.NOT_AN_IMAGE),
    }  # fmt: skip
    assert read_bytes(entries[1]) == PNG
    assert reason(entries[0]) == codes.EMPTY
    assert reason(Entry(path, "nobody.png")) == codes.MISSING


def test_names_in_an_archive_lead_nowhere_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(making.picture("PNG", size=(30, 30)))
    path = zipped(tmp_path / "cd.zip", [("../secret.png", PNG), (str(secret), PNG)])
    for entry in found(path)[0]:
        assert read_bytes(entry) == PNG


def test_an_archive_by_another_name_is_opened_and_a_document_is_not(tmp_path: Path) -> None:
    zipped(tmp_path / "burned", [("a.png", PNG)])
    zipped(tmp_path / "letter.docx", [("a.png", PNG)])
    entries, left = found(tmp_path)
    assert [entry.member for entry in entries] == ["a.png"]
    assert [(item.path.name, item.code) for item in left] == [("letter.docx", codes.NOT_AN_IMAGE)]


def test_archives_within_archives_are_told(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", [("a.png", PNG)]).read_bytes()
    path = zipped(tmp_path / "outer.zip", [("inner.zip", inner)])
    assert [(item.member, item.code) for item in found(path)[1]] == [("inner.zip", codes.TOO_DEEP)]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", [("a.png", PNG + b"\0" * (96 * limits.MIB))])
    assert path.stat().st_size < limits.MIB
    assert {item.code for item in found(path)[1]} == {codes.ZIP_BOMB}
    assert reason(Entry(path, "a.png")) == codes.BOMB


def test_a_member_that_lies_about_its_size_is_stopped(tmp_path: Path) -> None:
    path = zipped(tmp_path / "liar.zip", [("a.png", b"\0" * 4096)])
    data = path.read_bytes()
    place = data.index(b"PK\x01\x02") + 24
    path.write_bytes(data[:place] + struct.pack("<I", 100) + data[place + 4 :])
    assert reason(Entry(path, "a.png"), limit=1000) in (codes.BOMB, codes.DAMAGED)


def test_members_with_a_password_are_told(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path / "a.zip", [("a.png", PNG)]).read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    assert [item.code for item in found(tmp_path / "locked.zip")[1]] == [codes.ZIP_ENCRYPTED]
    assert reason(Entry(tmp_path / "locked.zip", "a.png")) == codes.ENCRYPTED


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip", [("a.png", PNG)], zipfile.ZIP_STORED).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.zip").write_text("no archive")
    assert [item.code for item in found(tmp_path / "cut.zip")[1]] == [codes.ZIP_DAMAGED]
    assert [item.code for item in found(tmp_path / "text.zip")[1]] == [codes.ZIP_DAMAGED]
    flipped = bytearray(whole)
    flipped[len(b"PK\x03\x04") + 26 + len("a.png") + 20] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(flipped)
    assert reason(Entry(tmp_path / "flipped.zip", "a.png")) == codes.DAMAGED


def test_an_archive_packed_in_an_unknown_way(tmp_path: Path) -> None:
    data = bytearray(zipped(tmp_path / "a.zip", [("a.png", PNG)]).read_bytes())
    data[8:10] = data[data.index(b"PK\x01\x02") + 10 : data.index(b"PK\x01\x02") + 12] = struct.pack("<H", 99)
    (tmp_path / "odd.zip").write_bytes(data)
    (entry,), _left = found(tmp_path / "odd.zip")
    assert reason(entry) == codes.UNSUPPORTED_ENCODING


def test_too_many_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ARCHIVE_MEMBERS", 10)
    path = zipped(tmp_path / "many.zip", [(f"{number}.png", PNG) for number in range(11)])
    assert [item.code for item in found(path)[1]] == [codes.ZIP_BOMB]


@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=400))
def test_any_bytes_after_the_magic_number_of_an_archive(noise: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("zip") / "noise.zip"
    path.write_bytes(b"PK\x03\x04" + noise)
    assert [item.code for item in found(path)[1]] == [codes.ZIP_DAMAGED]


# A burned medium


def medium(folder: Path, *files: tuple[str, ...]) -> Path:
    records = []
    for parts in files:
        record = Dataset()
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", list(parts)
        records.append(record)
    made = making.dataset(making.film(size=(16, 16)), DirectoryRecordSequence=records)
    del made.PixelData
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = uid.MediaStorageDirectoryStorage
    path = folder / "DICOMDIR"
    path.write_bytes(making.written(made))
    return path


def test_a_medium_is_read_through_its_index_and_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "IMAGES").mkdir()
    for name in ("IM1", "IM2"):
        (tmp_path / "IMAGES" / name).write_bytes(making.written(making.dataset(making.film(size=(20, 20)))))
    path = medium(tmp_path, ("IMAGES", "IM1"), ("IMAGES", "IM2"), ("IMAGES", "LOST"))
    for start in (path, tmp_path):
        entries, left = found(start)
        assert sorted(entry.path.name for entry in entries) == ["IM1", "IM2"]
        assert {(item.path.name, item.code) for item in left} == {
            ("DICOMDIR", codes.CD_INDEX), ("LOST", codes.MISSING),
        }  # fmt: skip


def test_a_medium_copied_by_a_system_that_changes_names(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "im1.;1").write_bytes(making.written(making.dataset(making.film(size=(20, 20)))))
    entries, _left = found(medium(tmp_path, ("IMAGES", "IM1")))
    assert [entry.path.name for entry in entries] == ["im1.;1"]


@pytest.mark.parametrize(
    "parts", [("..", "secret.png"), ("", "secret.png"), ("a/../../secret.png",), ("C:secret.png",)]
)
def test_an_index_leads_nowhere_else(parts: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    (tmp_path / "cd").mkdir()
    entries, left = found(medium(tmp_path / "cd", parts))
    assert entries == []
    assert codes.MISSING in {item.code for item in left}


def test_a_damaged_index_is_told(tmp_path: Path) -> None:
    whole = medium(tmp_path, ("IMAGES", "IM1")).read_bytes()
    (tmp_path / "DICOMDIR").write_bytes(whole[:330])
    entries, left = found(tmp_path / "DICOMDIR")
    assert entries == []
    assert {item.code for item in left} <= {codes.NOT_AN_IMAGE, codes.MISSING}
    assert left


def test_an_archive_of_a_medium_gives_its_images(tmp_path: Path) -> None:
    scan = io.BytesIO(making.written(making.dataset(making.film(size=(20, 20))))).getvalue()
    index = medium(tmp_path, ("IMAGES", "IM1")).read_bytes()
    path = zipped(tmp_path / "cd.zip", [("DICOMDIR", index), ("IMAGES/IM1", scan)])
    entries, left = found(path)
    assert [entry.member for entry in entries] == ["IMAGES/IM1"]
    assert [(item.member, item.code) for item in left] == [("DICOMDIR", codes.CD_INDEX)]
