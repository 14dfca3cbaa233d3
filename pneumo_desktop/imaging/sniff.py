"""What a file is, by its content, and what it claims to need, before any decoder sees it.

The suffix is never looked at here. Headers are read with plain ``struct``: no library allocates for a claim.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum

from pneumo_desktop.imaging import codes, limits
from pneumo_desktop.imaging.radiograph import UnreadableImageError


class Kind(StrEnum):
    """What the content is. The values are shown as ``Radiograph.format``."""

    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    BMP = "BMP"
    WEBP = "WebP"
    DICOM = "DICOM"
    DICOMDIR = "DICOMDIR"
    ZIP = "ZIP"
    UNKNOWN = "unknown"


IMAGE_KINDS = frozenset({Kind.JPEG, Kind.PNG, Kind.TIFF, Kind.BMP, Kind.WEBP, Kind.DICOM})

HEAD_BYTES = 4096
"""So many first bytes are enough for ``kind_of``."""

_DICOMDIR_CLASS = b"1.2.840.10008.1.3.10"


@dataclass(frozen=True)
class Header:
    """What a picture file claims: size in pixels, channels a pixel, bits a channel, EXIF orientation (1..8)."""

    width: int
    height: int
    channels: int = 1
    bits: int = 8
    orientation: int = 1


def kind_of(head: bytes) -> Kind:
    """Say what a file is from its first ``HEAD_BYTES`` bytes."""
    if head[128:132] == b"DICM":
        return Kind.DICOMDIR if _DICOMDIR_CLASS in head[:1024] else Kind.DICOM
    if head[:3] == b"\xff\xd8\xff":
        return Kind.JPEG
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return Kind.PNG
    if head[:4] in (b"II*\0", b"MM\0*"):
        return Kind.TIFF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return Kind.ZIP
    if head[:2] == b"BM" and len(head) >= 26 and head[14:18] in _BMP_HEADER_SIZES:
        return Kind.BMP
    if _is_bare_dataset(head):
        return Kind.DICOM
    return Kind.UNKNOWN


_BMP_HEADER_SIZES = frozenset(struct.pack("<I", size) for size in (12, 40, 52, 56, 64, 108, 124))
_VRS = frozenset(b"AE AS AT CS DA DS DT FL FD IS LO LT OB OD OF OL OW PN SH SL SQ SS ST TM UI UL UN UR US UT".split())


def _is_bare_dataset(head: bytes) -> bool:
    """Tell whether a file without preamble begins with a DICOM element of group 0002 or 0008."""
    if len(head) < 16:
        return False
    group, element = struct.unpack_from("<HH", head)
    if group not in (0x0002, 0x0008) or element > 0x0100:
        return False
    if head[4:6] in _VRS:
        return True
    # Implicit: a short first value, and the next tag after it in order.
    (length,) = struct.unpack_from("<I", head, 4)
    after = 8 + length
    if length > 256 or length % 2 or after + 4 > len(head):
        return False
    next_group, next_element = struct.unpack_from("<HH", head, after)
    return bool((next_group, next_element) > (group, element) and next_group <= 0x0020)


def header_of(kind: Kind, data: bytes) -> Header:
    """Read what a picture file claims and hold it to the limits.

    ``data`` is the whole file. Raises UnreadableImageError (``truncated``, ``damaged``, ``too_large``,
    ``bomb``); DICOM has its own header and is not accepted here.
    """
    try:
        header = _READERS[kind](data)
    except (struct.error, IndexError) as error:
        raise UnreadableImageError(codes.TRUNCATED, f"{kind} header: {error}") from error
    check_claim(header, len(data))
    return header


def check_claim(header: Header, file_bytes: int) -> None:
    """Raise ``damaged``, ``too_large`` or ``bomb`` when a claim is not to be believed or not to be paid for."""
    width, height = header.width, header.height
    if width < 1 or height < 1 or header.channels < 1 or header.bits < 1:
        raise UnreadableImageError(codes.DAMAGED, f"{width} x {height} pixels claimed")
    raw = width * height * header.channels * (1 if header.bits <= 8 else (header.bits + 7) // 8)
    if width * height > limits.MAX_PIXELS or max(width, height) > limits.MAX_SIDE or raw > limits.MAX_RAW_BYTES:
        raise UnreadableImageError(codes.TOO_LARGE, f"{width} x {height} pixels, {raw} bytes claimed")
    if raw > limits.RATIO_FROM_BYTES and raw > limits.MAX_RATIO * file_bytes:
        raise UnreadableImageError(codes.BOMB, f"{raw} bytes claimed from {file_bytes}")


def jpeg_frame(data: bytes) -> Header:
    """Read the frame header (any SOF, JPEG-LS too) and the EXIF orientation of a JPEG stream."""
    orientation = 1
    position = 2
    while True:
        while data[position] != 0xFF:
            position += 1
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        if marker in (0xD9, 0xDA):
            raise UnreadableImageError(codes.DAMAGED, "no frame header before the scan")
        (length,) = struct.unpack_from(">H", data, position)
        if length < 2:
            raise UnreadableImageError(codes.DAMAGED, "JPEG segment without length")
        if (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            bits, height, width, channels = struct.unpack_from(">BHHB", data, position + 2)
            return Header(width, height, channels, bits, orientation)
        if marker == 0xE1 and data[position + 2 : position + 8] == b"Exif\0\0":
            orientation = _exif_orientation(data[position + 8 : position + length])
        position += length


def jpeg_is_complete(data: bytes) -> bool:
    """Tell whether an end marker follows the first scan.

    Strict on purpose: a film that is cut off shows lungs with a grey bottom, and must not get a score.
    """
    scan = data.find(b"\xff\xda")
    return scan >= 0 and data.rfind(b"\xff\xd9") > scan


def jpeg2000_frame(data: bytes) -> Header:
    """Read the SIZ segment of a JPEG 2000 or HTJ2K codestream (bare, or inside a JP2 box)."""
    start = data[:4096].find(b"\xff\x4f\xff\x51")
    if start < 0:
        raise UnreadableImageError(codes.DAMAGED, "no JPEG 2000 codestream")
    x1, y1, x0, y0 = struct.unpack_from(">IIII", data, start + 8)
    (channels,) = struct.unpack_from(">H", data, start + 40)
    return Header(x1 - x0, y1 - y0, channels, (data[start + 42] & 0x7F) + 1)


def _exif_orientation(block: bytes) -> int:
    """Return the orientation (1..8) from a TIFF block, 1 where it is absent or damaged."""
    try:
        order = "<" if block[:2] == b"II" else ">"
        (offset,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, offset)
        for index in range(count):
            tag, _, _, value = struct.unpack_from(order + "HHIH", block, offset + 2 + 12 * index)
            if tag == 0x0112:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _png(data: bytes) -> Header:
    if data[12:16] != b"IHDR":
        raise UnreadableImageError(codes.DAMAGED, "PNG without IHDR")
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    channels = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}.get(colour)
    if channels is None:
        raise UnreadableImageError(codes.DAMAGED, f"PNG colour type {colour}")
    return Header(width, height, channels, bits)


def _bmp(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 14)
    if size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    return Header(width, abs(height), 4 if bits == 32 else 3 if bits > 8 else 1, 8)


def _webp(data: bytes) -> Header:
    form = data[12:16]
    if form == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif form == b"VP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        width, height = (packed & 0x3FFF) + 1, ((packed >> 14) & 0x3FFF) + 1
    elif form == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise UnreadableImageError(codes.DAMAGED, "WebP without a picture")
    return Header(width, height, 4)


def _tiff(data: bytes) -> Header:
    order = "<" if data[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, offset)
    found: dict[int, int] = {}
    for index in range(count):
        tag, form, number, raw = struct.unpack_from(order + "HHI4s", data, offset + 2 + 12 * index)
        if tag not in (256, 257, 258, 277):
            continue
        size = {1: "B", 3: "H", 4: "I"}.get(form)
        if size is None or number < 1:
            raise UnreadableImageError(codes.DAMAGED, f"TIFF tag {tag} of type {form}")
        if number * struct.calcsize(size) > 4:
            (where,) = struct.unpack(order + "I", raw)
            (found[tag],) = struct.unpack_from(order + size, data, where)
        else:
            (found[tag],) = struct.unpack_from(order + size, raw)
    if 256 not in found or 257 not in found:
        raise UnreadableImageError(codes.DAMAGED, "TIFF without a size")
    channels, bits = found.get(277, 1), found.get(258, 1)
    if channels > 16 or bits > 64:
        raise UnreadableImageError(codes.DAMAGED, f"TIFF with {channels} channels of {bits} bits")
    return Header(found[256], found[257], channels, bits)


_READERS = {
    Kind.JPEG: jpeg_frame,
    Kind.PNG: _png,
    Kind.BMP: _bmp,
    Kind.WEBP: _webp,
    Kind.TIFF: _tiff,
}
