"""DICOM: from bytes to a decoded frame. Imported only when a DICOM is met.

Which decoder reads which transfer syntax is fixed here, so that every computer gives the same pixels and a
hostile stream meets one decoder, not all that happen to be installed. Display (LUTs, windows, padding) is in
``dicom_display``, header text in ``dicom_tags``.

The compiled decoders (GDCM, OpenJPEG, CharLS) run in this process. Size claims of the code stream itself are
checked before they see it; what they do with damaged entropy data is theirs.
"""

from __future__ import annotations

import io
import logging
import warnings
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom import config, uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder
from pydicom.pixels.processing import apply_color_lut

from pneumo_desktop.imaging import codes, limits
from pneumo_desktop.imaging.dicom_display import Shown, show_colour, show_grey
from pneumo_desktop.imaging.dicom_tags import age_years, all_rows, integer, spacing_mm, tags, text
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.imaging.sniff import Header, check_claim, jpeg2000_frame, jpeg_frame, jpeg_is_complete

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

_NATIVE = frozenset({uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian})
_JPEG = frozenset({uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1})
_JPEG_LS = frozenset({uid.JPEGLSLossless, uid.JPEGLSNearLossless})
_JPEG_2000 = frozenset({uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K})
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_DEFLATED_ELEMENT = b"\x02\x00\x10\x00UI\x16\x00" + _DEFLATED
_PLAIN_ELEMENT = b"\x02\x00\x10\x00UI\x14\x001.2.840.10008.1.2.1\x00"


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
        spacing_mm=spacing_mm(dataset, entry.frame),
        bits_stored=shown.bits_stored,
        frame_count=frames,
        tags=tags(dataset),
        all_tags=all_rows(dataset) if with_all_tags else (),
        age_years=age,
        colour=shown.colour,
        notes=tuple(notes),
    )


def read(data: bytes) -> FileDataset:
    """Parse a DICOM file's bytes, with or without preamble and file meta; raises UnreadableImageError."""
    if _DEFLATED in data[132:4096]:
        data = _inflate(data)
    try:
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
    except MemoryError as error:
        raise UnreadableImageError(codes.TOO_LARGE, "not enough memory") from error
    except Exception as error:  # pydicom raises whatever the damaged place leads to
        raise UnreadableImageError(codes.DAMAGED, f"DICOM header: {type(error).__name__}") from error
    meta = getattr(dataset, "file_meta", None)
    if meta is None:
        meta = dataset.file_meta = FileMetaDataset()
    if not meta.get("TransferSyntaxUID"):
        implicit, little = dataset.original_encoding
        if implicit:
            meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
        else:
            meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian if little else uid.ExplicitVRBigEndian
    return dataset


def _inflate(data: bytes) -> bytes:
    """Return a deflated file as an explicit little endian one, unpacked within the limits."""
    end = 144 + int.from_bytes(data[140:144], "little")
    meta = data[144:end]
    if data[132:140] != b"\x02\x00\x00\x00UL\x04\x00" or _DEFLATED_ELEMENT not in meta:
        raise UnreadableImageError(codes.DAMAGED, "deflated DICOM without a plain file meta group")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(data[end:], limits.MAX_FILE_BYTES)
    except zlib.error as error:
        raise UnreadableImageError(codes.DAMAGED, "deflated DICOM") from error
    if len(plain) >= limits.MAX_FILE_BYTES:
        raise UnreadableImageError(codes.BOMB, "deflated DICOM")
    if not unpacker.eof:
        raise UnreadableImageError(codes.TRUNCATED, "deflated DICOM")
    meta = meta.replace(_DEFLATED_ELEMENT, _PLAIN_ELEMENT, 1)
    return data[:140] + len(meta).to_bytes(4, "little") + meta + plain


def referenced_files(data: bytes) -> list[tuple[str, ...]]:
    """Return the ReferencedFileID of each record of a DICOMDIR as path parts, in order, each once."""
    dataset = read(data)
    found: dict[tuple[str, ...], None] = {}
    for record in dataset.get("DirectoryRecordSequence") or ():
        value = record.get("ReferencedFileID")
        if value:
            found[(value,) if isinstance(value, str) else tuple(str(part) for part in value)] = None
    return list(found)


def _show(dataset: FileDataset, data: bytes, frame: int, frames: int) -> Shown:
    syntax = uid.UID(str(dataset.file_meta.TransferSyntaxUID))
    rows, columns = integer(dataset, "Rows", 0), integer(dataset, "Columns", 0)
    keyword = next((k for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData") if k in dataset), None)
    if keyword is None:
        cut = rows > 0 and b"\xe0\x7f\x10\x00" in data
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
    stored = _frame(dataset, syntax, frame, plugin)
    if stored.shape[:2] != (rows, columns):
        raise UnreadableImageError(codes.DAMAGED, f"decoded to {stored.shape}, not {rows} x {columns}")
    if samples == 3:
        return show_colour(stored)
    if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
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
            return "pydicom"
        claim = jpeg2000_frame(stream) if syntax in _JPEG_2000 else jpeg_frame(stream)
    except UnreadableImageError:
        raise
    except Exception as error:
        raise UnreadableImageError(codes.DAMAGED, f"fragments: {type(error).__name__}") from error
    if (claim.width, claim.height) != (header.width, header.height) or claim.channels != header.channels:
        raise UnreadableImageError(codes.DAMAGED, f"code stream is {claim}, header {header}")
    complete = b"\xff\xd9" in stream[-64:] if syntax in _JPEG_2000 else jpeg_is_complete(stream)
    if not complete:
        raise UnreadableImageError(codes.TRUNCATED, "code stream without an end marker")
    if syntax in _JPEG_2000:
        return "pylibjpeg"
    if syntax in _JPEG_LS:
        return "pyjpegls"
    lossless = syntax in (uid.JPEGLossless, uid.JPEGLosslessSV1)
    return "gdcm" if lossless or claim.bits != 8 else "pillow"


def _frame(dataset: Dataset, syntax: uid.UID, frame: int, plugin: str) -> npt.NDArray[Any]:
    """Return one frame, (H, W) or (H, W, 3) RGB."""
    try:
        if syntax == uid.JPEGExtended12Bit and plugin == "gdcm":
            return _extended_12_bit(dataset, frame)
        # pydicom masks the bits above BitsStored, which are the picture itself where HighBit says so.
        options = {"correct_unused_bits": False} if syntax in _NATIVE else {}
        array, _ = get_decoder(syntax).as_array(dataset, index=frame, decoding_plugin=plugin, **options)
    except MemoryError as error:
        raise UnreadableImageError(codes.TOO_LARGE, "not enough memory") from error
    except Exception as error:  # pydicom and its plugins raise whatever the damage leads to
        raise UnreadableImageError(codes.DAMAGED, f"{syntax}: {type(error).__name__}") from error
    return np.asarray(array)


def _extended_12_bit(dataset: Dataset, frame: int) -> npt.NDArray[Any]:
    """Decode 12-bit JPEG Extended through GDCM, which can, although pydicom's plugin declines to ask it."""
    import gdcm

    rows, columns = integer(dataset, "Rows", 0), integer(dataset, "Columns", 0)
    frames = max(1, integer(dataset, "NumberOfFrames", 1))
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
