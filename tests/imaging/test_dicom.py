"""DICOM: every transfer syntax, every way in which a header may lie, and frames."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, get_frame
from pydicom.filewriter import dcmwrite

from pneumo_desktop.imaging import codes, limits
from pneumo_desktop.imaging.dicom import read, referenced_files
from pneumo_desktop.imaging.load import decode_here
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from tests import making

FILM = making.film().clip(0, 4000)  # GDCM's encoder overflows at the very top of 12 bits; its decoder does not


def decoded(data: bytes, frame: int = 0, all_tags: bool = False) -> Radiograph:
    return decode_here(Entry(Path("x.dcm"), frame=frame), data, "sha", all_tags)


def as_it_is(made: Dataset) -> bytes:
    """Return the bytes of a dataset that was compressed already."""
    stream = io.BytesIO()
    dcmwrite(stream, made, implicit_vr=False, little_endian=True)
    return stream.getvalue()


def refused(data: bytes, frame: int = 0) -> str:
    with pytest.raises(UnreadableImageError) as caught:
        decoded(data, frame)
    return caught.value.code


LOSSLESS = [
    uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless, uid.JPEGLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless,
]  # fmt: skip


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_lossless_syntaxes_give_the_stored_values(syntax: uid.UID, bits: int) -> None:
    film = making.film(bits) if bits > 8 else making.film(8).astype(np.uint8)
    radiograph = decoded(making.written(making.dataset(film, bits), syntax))
    np.testing.assert_array_equal(radiograph.pixels, film)
    assert radiograph.tags["TransferSyntaxUID"] == syntax
    assert (radiograph.bits_stored, radiograph.format, radiograph.frame_count) == (bits, "DICOM", 1)


@pytest.mark.parametrize(
    ("syntax", "bits", "most"),
    [
        (uid.JPEGBaseline8Bit, 8, 4),
        (uid.JPEGExtended12Bit, 12, 4),
        (uid.JPEGLSNearLossless, 12, 2),
        (uid.JPEG2000, 12, 150),
    ],
    ids=lambda value: str(value),
)
def test_lossy_syntaxes_come_close(syntax: uid.UID, bits: int, most: int) -> None:
    film = FILM if bits == 12 else making.film(8).astype(np.uint8)
    radiograph = decoded(making.written(making.dataset(film, bits), syntax))
    assert np.abs(radiograph.pixels.astype(int) - film).max() <= most


def test_a_jpeg_frame_that_is_damaged_inside_is_refused() -> None:
    whole = making.written(making.dataset(chest(1, True, (300, 300)), 8), uid.JPEGBaseline8Bit)
    assert decoded(whole).pixels.shape == (300, 300)
    middle = (whole.rfind(b"\xff\xda") + len(whole)) // 2
    assert refused(whole[:middle] + bytes(300) + whole[middle + 300 :]) == codes.DAMAGED


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian])
def test_without_preamble_and_meta(syntax: uid.UID) -> None:
    data = making.written(making.dataset(FILM), syntax)
    length = struct.unpack_from("<I", data, 140)[0]
    np.testing.assert_array_equal(decoded(data[144 + length :]).pixels, FILM)
    np.testing.assert_array_equal(decoded(data[132:]).pixels, FILM)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEG2000Lossless])
def test_each_frame_is_read_and_the_first_is_said_to_be_one_of_several(syntax: uid.UID) -> None:
    frames = np.stack([FILM, FILM[:, ::-1], FILM[::-1]])
    data = making.written(making.dataset(frames), syntax)
    for number in range(3):
        radiograph = decoded(data, number)
        np.testing.assert_array_equal(radiograph.pixels, frames[number])
        assert radiograph.frame_count == 3
        assert codes.FIRST_FRAME_SHOWN in radiograph.notes
    assert refused(data, 3) == codes.NO_PIXELS
    assert refused(data, -1) == codes.NO_PIXELS


def test_an_offset_table_that_leads_elsewhere_is_not_followed() -> None:
    """pydicom would decode a stream that nobody has measured, where an extended offset table points to it."""
    made = making.dataset(FILM)
    made.compress(uid.RLELossless, generate_instance_uid=False)
    made.ExtendedOffsetTable = struct.pack("<Q", 40)
    made.ExtendedOffsetTableLengths = struct.pack("<Q", 8)
    np.testing.assert_array_equal(decoded(as_it_is(made)).pixels, FILM)


@pytest.mark.parametrize("planar", [0, 1])
def test_colour_by_pixel_and_by_plane(planar: int) -> None:
    grey = making.film(8).astype(np.uint8)
    rgb = np.dstack([grey, grey, grey])
    made = making.dataset(rgb, 8, PlanarConfiguration=planar)
    if planar:
        made.PixelData = np.moveaxis(rgb, 2, 0).tobytes()
    np.testing.assert_array_equal(decoded(making.written(made)).pixels, grey)
    rgb[:20, :20] = (255, 255, 0)
    made.PixelData = (np.moveaxis(rgb, 2, 0) if planar else rgb).tobytes()
    radiograph = decoded(making.written(made))
    assert radiograph.colour > 0
    assert codes.COLOUR_MADE_GREY in radiograph.notes


def test_a_palette_is_looked_up() -> None:
    index = making.film(8).astype(np.uint8)
    made = making.dataset(index, 8, PhotometricInterpretation="PALETTE COLOR")
    table = (np.arange(256, dtype=np.uint16)[::-1] << 8).tobytes()
    for colour in ("Red", "Green", "Blue"):
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(made, f"{colour}PaletteColorLookupTableData", table)
    pixels = decoded(making.written(made)).pixels
    assert np.abs(pixels.astype(int) / 256 - (255 - index)).max() <= 1.0
    made.SegmentedRedPaletteColorLookupTableData = b"\1\0\xff\xff\0\0"
    assert refused(making.written(made)) == codes.UNSUPPORTED_ENCODING


@pytest.mark.parametrize("modality", ["SR", "RTPLAN", "RTDOSE", "ECG", "SEG", "PR"])
def test_what_is_no_picture_says_so(modality: str) -> None:
    assert refused(making.written(making.dataset(FILM, Modality=modality))) == codes.NO_PIXELS


def test_headers_that_do_not_fit_their_pixels() -> None:
    assert refused(making.written(making.dataset(FILM, Rows=FILM.shape[0] + 40))) == codes.TRUNCATED
    assert refused(making.written(making.dataset(FILM, Rows=65_535, Columns=65_535))) == codes.TOO_LARGE
    assert refused(making.written(making.dataset(FILM, Rows=0))) == codes.DAMAGED
    assert refused(making.written(making.dataset(FILM, NumberOfFrames=str(2**31)))) == codes.TOO_LARGE
    assert refused(making.written(making.dataset(FILM, SamplesPerPixel=4))) == codes.UNSUPPORTED_ENCODING
    assert refused(making.written(making.dataset(FILM, BitsAllocated=64))) == codes.UNSUPPORTED_ENCODING
    without = making.dataset(FILM)
    del without.PixelData
    assert refused(making.written(without)) == codes.NO_PIXELS
    whole = making.written(making.dataset(FILM))
    assert refused(whole[: len(whole) // 2]) in (codes.TRUNCATED, codes.DAMAGED)
    assert refused(whole[:300]) in (codes.NO_PIXELS, codes.TRUNCATED, codes.DAMAGED)


@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless])
def test_a_code_stream_of_another_size_than_the_header_is_refused(syntax: uid.UID) -> None:
    large = read(making.written(making.dataset(making.film(size=(320, 288))), syntax))
    stream = bytes(large.PixelData)
    made = making.dataset(FILM)
    made.PixelData = stream
    made["PixelData"].is_undefined_length = True
    made["PixelData"].VR = "OB"
    made.file_meta.TransferSyntaxUID = syntax
    made.set_original_encoding(False, True)
    if syntax == uid.RLELossless:  # its segments have no size of their own: they end at the size promised
        assert decoded(as_it_is(made)).pixels.shape == FILM.shape
    else:
        assert refused(as_it_is(made)) == codes.DAMAGED


@pytest.mark.parametrize("syntax", [uid.JPEGLosslessSV1, uid.JPEG2000Lossless, uid.JPEGLSLossless, uid.RLELossless])
def test_a_code_stream_that_is_cut_off_has_no_picture(syntax: uid.UID) -> None:
    sound = read(making.written(making.dataset(FILM), syntax))
    stream = bytes(sound.PixelData)
    assert refused(making.encapsulated(making.dataset(FILM), stream[16 : len(stream) // 2 & ~1], syntax)) in (
        codes.TRUNCATED, codes.DAMAGED,
    )  # fmt: skip


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.3.46.670589.33.1.4.1", "not a uid"])
def test_other_transfer_syntaxes_are_refused_in_words(syntax: str) -> None:
    assert refused(making.encapsulated(making.dataset(FILM), b"\0" * 64, syntax)) == codes.UNSUPPORTED_ENCODING


def test_float_pixels_are_refused_in_words() -> None:
    made = making.dataset(FILM)
    del made.PixelData
    made.FloatPixelData = FILM.astype(np.float32).tobytes()
    assert refused(making.written(made)) == codes.UNSUPPORTED_ENCODING


def _meta(syntax: str) -> bytes:
    whole = making.written(making.dataset(FILM), syntax)
    return whole[: 144 + struct.unpack_from("<I", whole, 140)[0]]


def test_a_deflated_bomb_stops_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 8 * limits.MIB)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(b"\0" * 9 * limits.MIB) + packer.flush()
    assert len(bomb) < 20_000
    assert refused(_meta(uid.DeflatedExplicitVRLittleEndian) + bomb) == codes.BOMB
    assert refused(_meta(uid.DeflatedExplicitVRLittleEndian) + bomb[:2000]) == codes.TRUNCATED
    assert refused(_meta(uid.DeflatedExplicitVRLittleEndian) + b"\xff" * 100) == codes.DAMAGED


def test_a_header_of_millions_of_elements_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DICOM_PIECES", 1_000)
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 4_000
    sequence = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + items + b"\xfe\xff\xdd\xe0\0\0\0\0"
    assert refused(_meta(uid.ExplicitVRLittleEndian) + sequence) == codes.TOO_LARGE


def test_a_sequence_of_megabytes_is_one_row_and_not_a_million_objects() -> None:
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * (limits.MAX_SEQUENCE_BYTES // 8 + 1)
    sequence = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, len(items)) + items
    whole = making.written(making.dataset(FILM))
    meta = len(_meta(uid.ExplicitVRLittleEndian))
    rows = decoded(whole[:meta] + sequence + whole[meta:], all_tags=True).all_tags
    assert ("(0008,1140)", "ReferencedImageSequence", "", f"[{len(items)} B]") in rows
    assert not any(row[0].startswith(">") for row in rows)


def test_words_of_megabytes_are_not_made_into_objects() -> None:
    much = b"1\\" * (limits.MAX_VALUE_BYTES // 2 + 8)
    element = struct.pack("<HH2sHI", 0x0028, 0x1050, b"UC", 0, len(much)) + much
    assert refused(_meta(uid.ExplicitVRLittleEndian) + element) == codes.TOO_LARGE


def test_a_meta_group_without_an_end() -> None:
    element = struct.pack("<HH2sHI", 0x0002, 0x0102, b"OB", 0, limits.MAX_META_BYTES) + b"\0" * limits.MAX_META_BYTES
    assert refused(b"\0" * 128 + b"DICM" + element) == codes.DAMAGED


def _directory(*files: Any) -> bytes:
    made = Dataset()
    records = []
    for file in files:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = file
        records.append(record)
    made.DirectoryRecordSequence = records
    whole = making.dataset(FILM)
    del whole.PixelData
    whole.update(made)
    return making.written(whole)


def test_a_directory_tells_each_file_once() -> None:
    data = _directory(["IMAGES", "IM1"], ["IMAGES", "IM2"], ["IMAGES", "IM1"], "ALONE")
    assert referenced_files(data) == [("IMAGES", "IM1"), ("IMAGES", "IM2"), ("ALONE",)]
    assert referenced_files(making.written(making.dataset(FILM))) == []


def test_no_name_reaches_a_log(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    made = making.dataset(FILM, PatientName="Secret^Name", PatientBirthDate="not a date", PatientAge="old")
    made.add_new(0x00101020, "LO", "tall")  # a number by the dictionary
    decoded(making.written(made), all_tags=True)
    told = capfd.readouterr()
    assert "Secret" not in caplog.text + told.out + told.err
    assert "tall" not in caplog.text + told.out + told.err


def test_all_tags_are_rows() -> None:
    rows = decoded(making.written(making.dataset(FILM)), all_tags=True).all_tags
    assert ("(0010,0010)", "PatientName", "PN", "Test^Generated") in rows
    assert ("(7FE0,0010)", "PixelData", "OW", f"[{FILM.nbytes} B]") in rows
    assert decoded(making.written(making.dataset(FILM))).all_tags == ()


def test_a_frame_may_come_in_fragments() -> None:
    made = making.dataset(FILM)
    made.compress(uid.JPEG2000Lossless, generate_instance_uid=False)
    made.PixelData = encapsulate([get_frame(made.PixelData, 0, number_of_frames=1)], fragments_per_frame=3)
    np.testing.assert_array_equal(decoded(as_it_is(made)).pixels, FILM)
