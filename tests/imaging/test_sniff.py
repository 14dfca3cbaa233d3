"""What a file is by its content, and what it may claim."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid

from pneumo_desktop.imaging import codes, limits
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.imaging.sniff import (
    HEAD_BYTES,
    Header,
    Kind,
    check_claim,
    exif_orientation,
    header_of,
    jpeg2000_frame,
    jpeg_frame,
    kind_of,
)
from tests import making

PICTURES = {Kind.JPEG: "JPEG", Kind.PNG: "PNG", Kind.TIFF: "TIFF", Kind.BMP: "BMP", Kind.WEBP: "WEBP"}


def refused(data: bytes, kind: Kind) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        header_of(kind, data)
    return caught.value.code


@pytest.mark.parametrize(("kind", "form"), PICTURES.items())
def test_pictures_are_known_by_their_content(kind: Kind, form: str) -> None:
    data = making.picture(form, "RGB")
    assert kind_of(data[:HEAD_BYTES]) is kind
    header = header_of(kind, data)
    assert (header.height, header.width) == making.SIZE


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian])
def test_dicom_is_known_with_and_without_its_preamble(syntax: str) -> None:
    data = making.written(making.dataset(making.film()), syntax)
    assert kind_of(data[:HEAD_BYTES]) is Kind.DICOM
    assert kind_of(data[132 : 132 + HEAD_BYTES]) is Kind.DICOM


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0" * 200,
        b"%PDF-1.7",
        b"GIF89a",
        b"BM but no bitmap at all, only text",
        b"\x08\0\x05\0",
        b"plain text" * 50,
    ],
)
def test_everything_else_is_unknown(head: bytes) -> None:
    assert kind_of(head) is Kind.UNKNOWN


@given(st.binary(max_size=300))
def test_any_first_bytes_have_a_kind(head: bytes) -> None:
    assert kind_of(head) in Kind


@given(
    width=st.integers(-5, 2**32), height=st.integers(-5, 2**32), channels=st.integers(0, 16), bits=st.integers(0, 64),
    file_bytes=st.integers(1, limits.MAX_FILE_BYTES),
)  # fmt: skip
def test_what_passes_fits_into_memory(width: int, height: int, channels: int, bits: int, file_bytes: int) -> None:
    try:
        check_claim(Header(width, height, channels, bits), file_bytes)
    except UnreadableImageError:
        return
    raw = width * height * channels * max(1, (bits + 7) // 8)
    assert 0 < raw <= limits.MAX_RAW_BYTES
    assert raw <= max(limits.RATIO_FROM_BYTES, limits.MAX_RATIO * file_bytes)


def test_a_full_size_film_is_no_bomb() -> None:
    check_claim(Header(4280, 3520, 1, 16), 200_000)


def _patched(data: bytes, at: int, values: bytes) -> bytes:
    return data[:at] + values + data[at + len(values) :]


def test_huge_claims_are_refused_from_the_header_alone() -> None:
    png = making.picture("PNG")
    header = struct.pack(">II", 60_000, 60_000) + png[24:29]
    huge = _patched(png, 16, header + struct.pack(">I", zlib.crc32(b"IHDR" + header)))
    assert refused(huge, Kind.PNG) == codes.TOO_LARGE
    jpeg = making.picture("JPEG")
    at = jpeg.index(b"\xff\xc0") + 5
    assert refused(_patched(jpeg, at, struct.pack(">HH", 65_535, 65_535)), Kind.JPEG) == codes.TOO_LARGE
    bmp = making.picture("BMP")
    assert refused(_patched(bmp, 18, struct.pack("<ii", 2**31 - 1, 2**31 - 1)), Kind.BMP) == codes.TOO_LARGE
    webp = making.picture("WEBP", "RGBA", lossless=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    assert webp[12:16] == b"VP8X"
    assert refused(_patched(webp, 24, b"\xff" * 6), Kind.WEBP) == codes.TOO_LARGE


def test_a_jpeg_of_ten_thousand_scans_is_a_bomb() -> None:
    jpeg = making.picture("JPEG")
    at = jpeg.index(b"\xff\xda")
    end = jpeg.index(b"\xff\xd9", at)
    many = jpeg[:end] + jpeg[at:end] * (limits.MAX_JPEG_SCANS + 1) + jpeg[end:]
    assert refused(many, Kind.JPEG) == codes.BOMB


def test_a_jpeg_without_its_end_is_truncated() -> None:
    jpeg = making.picture("JPEG")
    assert refused(jpeg[:-2], Kind.JPEG) == codes.TRUNCATED
    assert refused(jpeg[: len(jpeg) // 2], Kind.JPEG) == codes.TRUNCATED
    assert refused(b"\xff\xd8\xff", Kind.JPEG) == codes.TRUNCATED
    assert refused(b"\xff\xd8\xff\xd9", Kind.JPEG) == codes.DAMAGED


def test_an_embedded_thumbnail_does_not_end_the_jpeg() -> None:
    thumbnail = making.picture("JPEG", size=(32, 24))
    jpeg = making.picture("JPEG")
    segment = b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    header = jpeg_frame(jpeg[:2] + segment + jpeg[2:])
    assert (header.height, header.width) == making.SIZE


def _tiff(pages: list[dict[int, tuple[int, int, int]]], loop: bool = False) -> bytes:
    """Return a TIFF of directories alone: tag -> (type, count, value)."""
    out, offset = b"II*\0\x08\0\0\0", 8
    for number, page in enumerate(pages):
        size = 2 + 12 * len(page) + 4
        following = 0 if number == len(pages) - 1 else offset + size
        out += struct.pack("<H", len(page))
        for tag, (form, count, value) in page.items():
            out += struct.pack("<HHII", tag, form, count, value)
        out += struct.pack("<I", 8 if loop and not following else following)
        offset += size
    return out


_SMALL = {256: (3, 1, 90), 257: (3, 1, 80)}


def test_every_page_of_a_tiff_is_held_to_the_limits() -> None:
    assert header_of(Kind.TIFF, _tiff([_SMALL])).width == 90
    huge = {256: (4, 1, 2**31), 257: (4, 1, 2**31)}
    assert refused(_tiff([huge]), Kind.TIFF) == codes.TOO_LARGE
    assert refused(_tiff([_SMALL, huge]), Kind.TIFF) == codes.TOO_LARGE
    tiles = {**_SMALL, 322: (4, 1, 2**31), 323: (4, 1, 2**31)}
    assert refused(_tiff([tiles]), Kind.TIFF) == codes.TOO_LARGE
    strips = {**_SMALL, 273: (4, 2**30, 0)}
    assert refused(_tiff([strips]), Kind.TIFF) == codes.BOMB
    assert refused(_tiff([_SMALL] * (limits.MAX_PAGES + 1)), Kind.TIFF) == codes.BOMB
    assert refused(_tiff([{256: (3, 1, 90)}]), Kind.TIFF) == codes.DAMAGED
    assert refused(b"II*\0\0\0\0\0", Kind.TIFF) == codes.DAMAGED


def test_a_tiff_whose_pages_go_in_a_circle_ends() -> None:
    assert header_of(Kind.TIFF, _tiff([_SMALL, _SMALL], loop=True)).height == 80


def _siz(width: int, height: int, tile: int) -> bytes:
    return (
        b"\xff\x4f\xff\x51" + struct.pack(">HH8IH", 41, 0, width, height, 0, 0, tile, tile, 0, 0, 1) + b"\x0b\x01\x01"
    )


def test_jpeg_2000_claims() -> None:
    assert jpeg2000_frame(_siz(300, 200, 512)) == Header(300, 200, 1, 12)
    for stream, code in (
        (_siz(60_000, 60_000, 1), codes.BOMB), (_siz(0, 200, 64), codes.DAMAGED), (_siz(300, 200, 0), codes.DAMAGED),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0\0\0\0none", codes.DAMAGED), (b"no stream", codes.DAMAGED),
    ):  # fmt: skip
        with pytest.raises(UnreadableImageError) as caught:
            jpeg2000_frame(stream)
        assert caught.value.code == code


@given(st.binary(max_size=80))
def test_a_damaged_exif_block_is_upright(block: bytes) -> None:
    assert 1 <= exif_orientation(block) <= 8


@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_orientations(order: str) -> None:
    for orientation in range(1, 9):
        mark = b"II*\0" if order == "<" else b"MM\0*"
        entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
        block = mark + struct.pack(order + "IH", 8, 1) + entry
        assert exif_orientation(block) == orientation
