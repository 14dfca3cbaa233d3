"""DICOM: from bytes to a decoded frame. Imported only when a DICOM is met.

Which decoder reads which transfer syntax is fixed here, so that every computer gives the same pixels and a
hostile stream meets one decoder, not all that happen to be installed. Display (LUTs, windows, padding) is in
``dicom_display``, header text in ``dicom_tags``.

Size claims of the code stream itself are checked before a decoder sees it. What the compiled ones (GDCM, OpenJPEG,
CharLS) do with damaged entropy data is theirs: they run in a helper process (``apart``).
"""

from __future__ import annotations

import io
import logging
import warnings
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import config, uid
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import get_frame
from pydicom.filereader import _read_file_meta_info, read_dataset, read_partial, read_sequence
from pydicom.pixels import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.tag import BaseTag, Tag

from pneumo_desktop.imaging import codes, libjpeg, limits, rle
from pneumo_desktop.imaging.dicom_display import Shown, show_colour, show_grey
from pneumo_desktop.imaging.dicom_tags import age_years, all_rows, at_detector, fits, integer, spacing_mm, tags, text
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.imaging.sniff import Header, check_claim, jpeg2000_frame, jpeg_frame
from pneumo_desktop.opencv import cv2

# pydicom quotes values (names among them) in its warnings; they must reach neither log nor terminal.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
warnings.filterwarnings("ignore", module=r"pydicom(\..*)?")
config.settings.reading_validation_mode = config.IGNORE

NOT_PICTURES = frozenset(
    {
        "SR",
        "ECG",
        "EPS",
        "HD",
        "RTPLAN",
        "RTDOSE",
        "RTSTRUCT",
        "RTRECORD",
        "PR",
        "KO",
        "DOC",
        "AU",
        "SEG",
        "REG",
    }
)
"""Modalities that are refused as having no pixels, although a dose grid or a segmentation has numbers."""

_NATIVE = frozenset(
    {
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
    }
)
_JPEG = frozenset({uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1})
_JPEG_LS = frozenset({uid.JPEGLSLossless, uid.JPEGLSNearLossless})
_UNDEFINED = 0xFFFFFFFF
_RECORDS = Tag(0x0004, 0x1220)
_BINARY = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN", "OB or OW", "US or OW", "US or SS or OW"})
_JPEG_2000 = frozenset({uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K})


def decode(entry: Entry, data: bytes, sha256: str, with_all_tags: bool = False) -> Radiograph:
    """Decode frame ``entry.frame`` of a DICOM file's bytes; raises UnreadableImageError."""
    dataset = read(data)
    modality = text(dataset, "Modality")
    if modality in NOT_PICTURES:
        raise UnreadableImageError(codes.NO_PIXELS, f"modality {modality}")
    frames = max(1, integer(dataset, "NumberOfFrames", 1))
    if frames > limits.MAX_FRAMES:
        raise UnreadableImageError(codes.TOO_LARGE, f"{frames} frames")
    if not 0 <= entry.frame < frames:
        raise UnreadableImageError(codes.NO_PIXELS, f"no frame {entry.frame} of {frames}")
    shown = _show(dataset, data, entry.frame, frames)
    age, age_unclear = age_years(dataset)
    spacing = spacing_mm(dataset, entry.frame)
    notes = list(shown.notes)
    if frames > 1:
        notes.append(codes.FIRST_FRAME_SHOWN)
    if age_unclear:
        notes.append(codes.AGE_UNCLEAR)
    return Radiograph(
        entry=entry,
        pixels=shown.pixels,
        window=shown.window,
        windows=shown.windows,
        sha256=sha256,
        format="DICOM",
        spacing_mm=spacing,
        spacing_at_detector=at_detector(dataset, spacing),
        bits_stored=shown.bits_stored,
        frame_count=frames,
        tags=tags(dataset),
        all_tags=all_rows(dataset) if with_all_tags else (),
        age_years=age,
        colour=shown.colour,
        notes=tuple(notes),
    )


class _Measured(io.BytesIO):
    """Bytes that may be read in so many pieces only: pydicom takes kilobytes for an item of eight bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._pieces = 0

    def read(self, size: int | None = -1) -> bytes:
        self._pieces += 1
        if self._pieces > limits.MAX_DICOM_PIECES:
            raise UnreadableImageError(codes.TOO_LARGE, "a header of too many elements")
        return super().read(size)


def read(data: bytes) -> FileDataset:
    """Parse a DICOM file's bytes, with or without preamble and file meta; raises UnreadableImageError."""
    try:
        return _read(data)
    except UnreadableImageError:
        raise
    except MemoryError as error:
        raise UnreadableImageError(codes.TOO_LARGE, "not enough memory") from error
    except Exception as error:  # pydicom raises whatever the damaged place leads to
        raise UnreadableImageError(codes.DAMAGED, f"DICOM header: {type(error).__name__}") from error


def _read(data: bytes) -> FileDataset:
    begin = 132 if data[128:132] == b"DICM" else 0
    head = _Measured(data[begin : begin + limits.MAX_META_BYTES])
    meta = _read_file_meta_info(head)
    if head.tell() >= limits.MAX_META_BYTES:
        raise UnreadableImageError(codes.DAMAGED, "file meta without an end")
    if meta.get("TransferSyntaxUID") == uid.DeflatedExplicitVRLittleEndian:
        # pydicom would unpack it without a limit.
        plain = _inflate(data[begin + head.tell() :])
        main = read_dataset(_Measured(plain), False, True, stop_when=_measure)
        dataset = FileDataset("", main, b"", meta, is_implicit_VR=False, is_little_endian=True)
        dataset.set_original_encoding(False, True, main.original_character_set)
        return dataset
    dataset = read_partial(_Measured(data), stop_when=_measure, force=True)
    meta = dataset.file_meta
    if not meta.get("TransferSyntaxUID"):
        implicit, little = dataset.original_encoding
        if implicit:
            meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        else:
            meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
    return dataset


def _measure(tag: BaseTag, vr: str | None, length: int) -> bool:
    """Refuse words and numbers of megabytes before pydicom makes a Python object of each; never ends the reading."""
    if length != _UNDEFINED and length > limits.MAX_VALUE_BYTES and not tag.is_private:
        kind = vr if vr not in (None, "UN") else dictionary_VR(tag) if dictionary_has_tag(tag) else "UN"
        if kind not in _BINARY and tag != _RECORDS:
            raise UnreadableImageError(codes.TOO_LARGE, f"{length} bytes in {tag}")
    return False


def _inflate(packed: bytes) -> bytes:
    """Unpack the data set of a deflated file, within the limits of an archive."""
    most = max(limits.ARCHIVE_RATIO_FROM_BYTES, limits.MAX_ARCHIVE_RATIO * len(packed))
    most = min(most, limits.MAX_FILE_BYTES)
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(packed, most)
    except zlib.error as error:
        raise UnreadableImageError(codes.DAMAGED, "deflated DICOM") from error
    if len(plain) >= most:
        raise UnreadableImageError(codes.BOMB, "deflated DICOM")
    if not unpacker.eof:
        raise UnreadableImageError(codes.TRUNCATED, "deflated DICOM")
    return plain


def referenced_files(data: bytes) -> list[tuple[str, ...]]:
    """Return the ReferencedFileID of each record of a DICOMDIR as path parts, in order, each once.

    Raises UnreadableImageError.
    """
    dataset = read(data)
    found: dict[tuple[str, ...], None] = {}
    try:
        raw = dataset.get_item(_RECORDS)
        records: Any = () if raw is None else raw.value
        if isinstance(records, bytes):
            stream = _Measured(records)
            records = read_sequence(stream, raw.is_implicit_VR, raw.is_little_endian, len(records), "iso8859")
        for record in records:
            value = record.get("ReferencedFileID") if fits(record, "ReferencedFileID") else None
            if value:
                found[(value,) if isinstance(value, str) else tuple(str(part) for part in value)] = None
    except UnreadableImageError:
        raise
    except Exception as error:  # as in read
        raise UnreadableImageError(codes.DAMAGED, f"DICOMDIR: {type(error).__name__}") from error
    return list(found)


def _show(dataset: FileDataset, data: bytes, frame: int, frames: int) -> Shown:
    syntax = uid.UID(str(dataset.file_meta.TransferSyntaxUID))
    rows, columns = integer(dataset, "Rows", 0), integer(dataset, "Columns", 0)
    keyword = next((k for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData") if k in dataset), None)
    if keyword is None:
        cut = b"\xe0\x7f\x10\x00" in data or b"\x7f\xe0\x00\x10" in data
        raise UnreadableImageError(codes.TRUNCATED if cut else codes.NO_PIXELS, "no PixelData")
    if keyword != "PixelData":
        raise UnreadableImageError(codes.UNSUPPORTED_ENCODING, keyword)
    samples = integer(dataset, "SamplesPerPixel", 1)
    allocated = integer(dataset, "BitsAllocated", 0)
    if samples not in (1, 3) or allocated not in (1, 8, 16, 32):
        raise UnreadableImageError(codes.UNSUPPORTED_ENCODING, f"{samples} samples of {allocated} bits")
    payload: bytes = dataset.PixelData or b""
    check_claim(Header(columns, rows, samples, allocated), len(data))
    if syntax in _NATIVE:
        _check_native(dataset, payload, rows * columns * samples * frames * allocated // 8)
        plugin = ""
    else:
        plugin = _check_encapsulated(syntax, payload, frame, frames, Header(columns, rows, samples, allocated))
    stored = _frame(dataset, syntax, frame, frames, plugin)
    if stored.shape[:2] != (rows, columns):
        raise UnreadableImageError(codes.DAMAGED, f"decoded to {stored.shape}, not {rows} x {columns}")
    if samples == 3:
        return show_colour(stored)
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
        if "SegmentedRedPaletteColorLookupTableData" in dataset:  # six bytes of it become 65,535 entries
            raise UnreadableImageError(codes.UNSUPPORTED_ENCODING, "segmented palette")
        return show_colour(apply_color_lut(stored, dataset))
    return show_grey(stored, dataset, frame, exact=syntax in _NATIVE or syntax == uid.RLELossless)


def _check_native(dataset: Dataset, payload: bytes, expected: int) -> None:
    if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        expected = expected * 2 // 3
    if len(payload) < expected:
        raise UnreadableImageError(codes.TRUNCATED, f"{len(payload)} of {expected} bytes of pixels")


def _check_encapsulated(syntax: uid.UID, payload: bytes, frame: int, frames: int, header: Header) -> str:
    """Hold the code stream's own claim to the header's, and return the decoder to use."""
    if syntax not in _JPEG | _JPEG_LS | _JPEG_2000 | {uid.RLELossless}:
        raise UnreadableImageError(codes.UNSUPPORTED_ENCODING, f"transfer syntax {syntax}")
    try:
        stream = get_frame(payload, frame, number_of_frames=frames)
        if syntax == uid.RLELossless:
            return rle.PLUGIN
        claim = jpeg2000_frame(stream) if syntax in _JPEG_2000 else jpeg_frame(stream)
    except UnreadableImageError:
        raise
    except Exception as error:
        raise UnreadableImageError(codes.DAMAGED, f"fragments: {type(error).__name__}") from error
    if (claim.width, claim.height) != (header.width, header.height) or claim.channels != header.channels:
        raise UnreadableImageError(codes.DAMAGED, f"code stream is {claim}, header {header}")
    if syntax in _JPEG_2000 and b"\xff\xd9" not in stream[-64:]:
        raise UnreadableImageError(codes.TRUNCATED, "code stream without an end marker")
    if syntax in _JPEG_2000:
        return "pylibjpeg"
    if syntax in _JPEG_LS:
        return "pyjpegls"
    lossless = syntax in (uid.JPEGLossless, uid.JPEGLosslessSV1)
    if lossless or claim.bits != 8:
        return "gdcm"
    libjpeg.decode(stream, cv2.IMREAD_GRAYSCALE)  # Pillow, which pydicom decodes it with, says nothing of damage
    return "pillow"


def _frame(dataset: Dataset, syntax: uid.UID, frame: int, frames: int, plugin: str) -> npt.NDArray[Any]:
    """Return one frame, (H, W) or (H, W, 3) RGB."""
    try:
        if syntax == uid.JPEGExtended12Bit and plugin == "gdcm":
            return _extended_12_bit(dataset, frame, frames)
        # pydicom masks the bits above BitsStored, which are the picture itself where HighBit says so.
        options: dict[str, Any] = {"correct_unused_bits": False}
        if syntax not in _NATIVE:
            # The decoder must find the very stream that was checked: no second table of offsets.
            options |= {"number_of_frames": frames, "extended_offsets": None}
        array, _ = get_decoder(syntax).as_array(dataset, index=frame, decoding_plugin=plugin, **options)
    except MemoryError as error:
        raise UnreadableImageError(codes.TOO_LARGE, "not enough memory") from error
    except Exception as error:  # pydicom and its plugins raise whatever the damage leads to
        raise UnreadableImageError(codes.DAMAGED, f"{syntax}: {type(error).__name__}") from error
    return np.asarray(array)


def _extended_12_bit(dataset: Dataset, frame: int, frames: int) -> npt.NDArray[Any]:
    """Decode 12-bit JPEG Extended through GDCM, which can, although pydicom's plugin declines to ask it."""
    import gdcm

    rows, columns = integer(dataset, "Rows", 0), integer(dataset, "Columns", 0)
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(get_frame(dataset.PixelData, frame, number_of_frames=frames))
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    kind = gdcm.PhotometricInterpretation.GetPIType(text(dataset, "PhotometricInterpretation"))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
    values = np.frombuffer(image.GetBuffer().encode("utf-8", "surrogateescape"), dtype="<u2")
    if values.size != rows * columns:
        raise ValueError("the decoder gave another number of pixels")
    return values.reshape(rows, columns)
