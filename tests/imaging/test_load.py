"""One entry in, one radiograph or one reason out; and what must not crash does not."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pneumo_desktop.imaging import codes, load
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.words.sentences import SENTENCES
from tests import making

MAGIC = {
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF", "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "tiff": b"II*\0\x08\0\0\0",
    "tiff be": b"MM\0*\0\0\0\x08", "bmp": b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "webp": b"RIFF\xff\0\0\0WEBPVP8 ",
    "webp l": b"RIFF\xff\0\0\0WEBPVP8L", "dicom": b"\0" * 128 + b"DICM\x02\0\0\0UL\x04\0\x10\0\0\0",
    "dicom bare": b"\x08\0\x05\0CS\x0a\0ISO_IR 100\x08\0\x16\0UI",
}  # fmt: skip


def outcome(data: bytes) -> Radiograph | str:
    try:
        return load.decode_here(Entry(Path("x")), data, "")
    except UnreadableImageError as problem:
        return problem.code


@pytest.mark.parametrize("kind", MAGIC)
def test_random_bytes_behind_each_magic_number(kind: str) -> None:
    for seed in range(60):
        chance = random.Random(f"{kind} {seed}")
        data = MAGIC[kind] + chance.randbytes(chance.choice((0, 1, 7, 60, 900, 9_000)))
        found = outcome(data)
        assert isinstance(found, Radiograph) or found in codes.UNREADABLE_CODES


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(MAGIC)), st.binary(max_size=600))
def test_any_bytes_behind_each_magic_number(kind: str, rest: bytes) -> None:
    found = outcome(MAGIC[kind] + rest)
    assert isinstance(found, Radiograph) or found in codes.UNREADABLE_CODES


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "DICOM"])
def test_a_file_cut_off_anywhere_is_never_half_shown(form: str) -> None:
    """A film that is cut off shows lungs with a grey bottom: it must not get a score."""
    if form == "DICOM":
        data = making.written(making.dataset(making.film(size=(48, 40))))
    else:
        data = making.picture(form, size=(48, 40))
    whole = outcome(data)
    assert isinstance(whole, Radiograph)
    for end in range(0, len(data) - 2, max(1, len(data) // 120)):
        found = outcome(data[:end])
        if isinstance(found, Radiograph):  # what was lost may be an empty tail, but no pixel
            np.testing.assert_array_equal(found.pixels, whole.pixels)
        else:
            assert found in codes.UNREADABLE_CODES


def test_a_decoder_that_fails_in_any_way_is_a_damaged_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, code in (
        (ZeroDivisionError(), codes.DAMAGED),
        (MemoryError(), codes.TOO_LARGE),
        (KeyError(), codes.DAMAGED),
    ):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(load.raster, "decode", fail)
        assert outcome(making.picture("PNG")) == code


def test_what_is_no_image_says_what_it_is(tmp_path: Path) -> None:
    assert outcome(b"plain text") == codes.UNKNOWN_FORMAT
    assert outcome(b"PK\x03\x04 an archive") == codes.UNKNOWN_FORMAT
    directory = b"\0" * 128 + b"DICM" + b"\x02\0\x02\0UI\x14\x001.2.840.10008.1.3.10"
    assert outcome(directory) == codes.NO_PIXELS


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    for name, data in (("a.png", making.picture("PNG")), ("a.tif", making.picture("TIFF"))):
        (tmp_path / name).write_bytes(data)
        assert load.load(Entry(tmp_path / name)).sha256 == hashlib.sha256(data).hexdigest()


def test_other_bytes_than_those_known_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(making.picture("PNG"))
    known = load.load(Entry(path)).sha256
    assert load.load(Entry(path), known=known).sha256 == known
    path.write_bytes(making.picture("TIFF"))
    with pytest.raises(UnreadableImageError) as caught:
        load.load(Entry(path), known=known)
    assert caught.value.code == codes.CHANGED


def test_caution_changes_nothing_but_the_process(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(making.picture("JPEG"))
    entry = Entry(tmp_path / "a.jpg")
    np.testing.assert_array_equal(load.load(entry, careful=True).pixels, load.load(entry).pixels)


def test_every_code_has_a_sentence() -> None:
    for code in codes.UNREADABLE_CODES | codes.LEFT_OUT_CODES | codes.NOTE_CODES:
        assert SENTENCES[code]
