"""What a file is, by its content, and what it claims to need, before any decoder sees it.

The suffix is never looked at here. Headers are read with plain ``struct``: no library allocates for a claim.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
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


# A marker that says something. Below C0: stuffed bytes (up to 7F in JPEG-LS) and what every decoder refuses; D0 to D7
# are restarts; FF is a fill byte.
_JPEG_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, begin, end) of each segment's content up to the end marker, as libjpeg finds them.

    Raises UnreadableImageError ``truncated`` when there is no end marker. Strict on purpose: a film that is cut off
    shows lungs with a grey bottom, and must not get a score. An embedded thumbnail's markers do not count.
    """
    if data[:2] != b"\xff\xd8":
        raise UnreadableImageError(codes.DAMAGED, "no JPEG stream")
    position = 2
    while (found := _JPEG_MARKER.search(data, position)) is not None:
        marker, position = found[1][0], found.end()
        if marker == 0xD9:
            return
        if marker == 0xD8:
            raise UnreadableImageError(codes.DAMAGED, "a JPEG within the JPEG")
        length = int.from_bytes(data[position : position + 2], "big")
        if length < 2 or position + length > len(data):
            break
        yield marker, position + 2, position + length
        position += length
    raise UnreadableImageError(codes.TRUNCATED, "JPEG without an end marker")


def jpeg_frame(data: bytes) -> Header:
    """Read the frame header (any SOF, JPEG-LS too) and the EXIF orientation of a whole JPEG stream.

    Raises UnreadableImageError (``truncated``, ``damaged``, ``bomb``); the size is not yet held to the limits.
    """
    frame: tuple[int, int, int, int] | None = None
    orientation, scans = 1, 0
    for marker, begin, end in _jpeg_segments(data):
        if (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)) or marker == 0xF7:
            if frame is not None:
                raise UnreadableImageError(codes.DAMAGED, "two JPEG frame headers")
            frame = struct.unpack_from(">BHHB", data, begin)
        elif marker == 0xDA:
            scans += 1
            if frame is None:
                raise UnreadableImageError(codes.DAMAGED, "no frame header before the scan")
            if scans > limits.MAX_JPEG_SCANS:
                raise UnreadableImageError(codes.BOMB, "JPEG scans")
        elif marker == 0xE1 and not scans and data[begin : begin + 6] == b"Exif\0\0":
            orientation = exif_orientation(data[begin + 6 : end])
    if frame is None or not scans:
        raise UnreadableImageError(codes.DAMAGED, "JPEG without a picture")
    bits, height, width, channels = frame
    return Header(width, height, channels, bits, orientation)


def jpeg2000_frame(data: bytes) -> Header:
    """Read the SIZ segment of a JPEG 2000 or HTJ2K code stream (bare, or the first one inside a JP2 file).

    Raises UnreadableImageError (``damaged``, ``bomb``); a stream that ends early raises struct.error or IndexError.
    """
    start = _jp2_codestream(data) if data[4:8] == b"jP  " else 0
    if data[start : start + 4] != b"\xff\x4f\xff\x51":
        raise UnreadableImageError(codes.DAMAGED, "no JPEG 2000 code stream")
    x1, y1, x0, y0, tile_width, tile_height, tile_x, tile_y = struct.unpack_from(">8I", data, start + 8)
    if x0 >= x1 or y0 >= y1 or not tile_width or not tile_height or tile_x > x0 or tile_y > y0:
        raise UnreadableImageError(codes.DAMAGED, "JPEG 2000 without an area")
    tiles = -((tile_x - x1) // tile_width) * -((tile_y - y1) // tile_height)
    if tiles > limits.MAX_TILES:
        raise UnreadableImageError(codes.BOMB, f"{tiles} tiles")
    (channels,) = struct.unpack_from(">H", data, start + 40)
    return Header(x1 - x0, y1 - y0, channels, (data[start + 42] & 0x7F) + 1)


def _jp2_codestream(data: bytes) -> int:
    """Return where the code stream of a JP2 file begins."""
    position = 0
    while True:
        length, name = struct.unpack_from(">I4s", data, position)
        header = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, position + 8)
            header = 16
        if name == b"jp2c":
            return position + header
        if length < header:
            raise UnreadableImageError(codes.DAMAGED, "JP2 box without length")
        position += length


def exif_orientation(block: bytes) -> int:
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
    width, height, bits, colour = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR":
        raise UnreadableImageError(codes.DAMAGED, "PNG without IHDR")
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
        raise UnreadableImageError(codes.TRUNCATED if len(form) < 4 else codes.DAMAGED, "WebP without a picture")
    return Header(width, height, 4)


# TIFF tags that say how much memory a page takes, and of them those that hold a side in pixels.
_TIFF_SIZES = frozenset({256, 257, 258, 277, 322, 323})
_TIFF_TILE = (322, 323)
_TIFF_NUMBERS = {1: "B", 3: "H", 4: "I"}


def _tiff(data: bytes) -> Header:
    """Read the first page's claim, hold every further page to the limits as well, and end a chain without end."""
    order = "<" if data[:2] == b"II" else ">"
    first: Header | None = None
    seen: set[int] = set()
    entries = 0
    (offset,) = struct.unpack_from(order + "I", data, 4)
    while offset and offset not in seen and (first is None or offset + 2 <= len(data)):
        seen.add(offset)
        (count,) = struct.unpack_from(order + "H", data, offset)
        entries += count
        if len(seen) > limits.MAX_PAGES or entries > limits.MAX_TIFF_ENTRIES:
            raise UnreadableImageError(codes.BOMB, "TIFF pages")
        header = _tiff_page(data, order, offset + 2, count)
        if first is None:
            first = header
        else:
            check_claim(header, len(data))
        (offset,) = struct.unpack_from(order + "I", data, offset + 2 + 12 * count)
    if first is None:
        raise UnreadableImageError(codes.DAMAGED, "TIFF without a page")
    return first


def _tiff_page(data: bytes, order: str, start: int, count: int) -> Header:
    found: dict[int, int] = {}
    for index in range(count):
        tag, form, number, raw = struct.unpack_from(order + "HHI4s", data, start + 12 * index)
        if number > limits.MAX_TIFF_VALUES and form not in (1, 2, 6, 7):
            raise UnreadableImageError(codes.BOMB, f"TIFF tag {tag} of {number} values")
        if tag not in _TIFF_SIZES:
            continue
        size = _TIFF_NUMBERS.get(form)
        if size is None or number < 1:
            raise UnreadableImageError(codes.DAMAGED, f"TIFF tag {tag} of type {form}")
        if number * struct.calcsize(size) > 4:
            (where,) = struct.unpack(order + "I", raw)
            value: int = struct.unpack_from(order + size, data, where)[0]
        else:
            value = struct.unpack_from(order + size, raw)[0]
        found.setdefault(tag, value)
    if 256 not in found or 257 not in found:
        raise UnreadableImageError(codes.DAMAGED, "TIFF without a size")
    channels, bits = found.get(277, 1), found.get(258, 1)
    if channels > 16 or bits > 64:
        raise UnreadableImageError(codes.DAMAGED, f"TIFF with {channels} channels of {bits} bits")
    if all(tag in found for tag in _TIFF_TILE):
        check_claim(Header(found[322], found[323], channels, bits), len(data))
    return Header(found[256], found[257], channels, bits)


_READERS = {
    Kind.JPEG: jpeg_frame,
    Kind.PNG: _png,
    Kind.BMP: _bmp,
    Kind.WEBP: _webp,
    Kind.TIFF: _tiff,
}
