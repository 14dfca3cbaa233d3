"""Picture files: JPEG, PNG, TIFF, BMP, WebP.

Grey JPEG, which is nearly all of the work, is decoded by OpenCV straight from the bytes; Pillow is imported
only for what OpenCV does not read strictly enough (it fills a truncated PNG with zeros and says nothing).
The size limits have been looked at before this module is asked: ``sniff.header_of``.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging import codes, libjpeg, limits
from pneumo_desktop.imaging.radiograph import UnreadableImageError, Window
from pneumo_desktop.imaging.sniff import Header, Kind, check_claim, exif_orientation, header_of
from pneumo_desktop.opencv import cv2

if TYPE_CHECKING:
    from PIL import Image

Pixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

BAND_ROWS = 256


@dataclass(frozen=True)
class Picture:
    """A decoded picture: ``pixels`` (H, W) uint8 or uint16, upright; the rest as in ``Radiograph``."""

    pixels: Pixels
    window: Window
    bits_stored: int
    frame_count: int
    colour: float
    notes: tuple[str, ...]


def decode(kind: Kind, data: bytes, frame: int = 0) -> Picture:
    """Decode page ``frame`` of a picture file's bytes; raises UnreadableImageError."""
    header = header_of(kind, data)
    notes: list[str] = []
    frames = 1
    if kind is Kind.JPEG:
        if frame != 0:
            raise UnreadableImageError(codes.NO_PIXELS, f"a JPEG has no frame {frame}")
        channels = _jpeg(header, data)
        orientation = header.orientation
    elif kind is Kind.PNG and header.bits == 16 and header.channels > 1:
        channels, orientation = _deep_png(data)
    else:
        channels, frames, orientation = _pillow(kind, header, data, frame)
    pixels, colour = _grey(channels, notes)
    if orientation != 1:
        pixels = _upright(pixels, orientation)
        notes.append(codes.EXIF_ORIENTATION)
    if frames > 1:
        notes.append(codes.FIRST_FRAME_SHOWN)
    window, bits = full_window(pixels)
    return Picture(pixels, window, bits, frames, colour, tuple(notes))


def full_window(pixels: Pixels) -> tuple[Window, int]:
    """Return the window that shows a picture file as it is, and the bits that its values fill.

    8 bits: 0..255. 16 bits: 0..65535; when the values fill fewer bits, the range of the values.
    """
    if pixels.dtype == np.uint8:
        return Window(127.5, 255.0), 8
    low, high = int(pixels.min()), int(pixels.max())
    bits = max(8, high.bit_length())
    if bits == 16 or low == high:
        top = (1 << bits) - 1
        return Window(top / 2.0, float(top)), bits
    return Window((low + high) / 2.0, float(high - low)), bits


def _jpeg(header: Header, data: bytes) -> npt.NDArray[Any]:
    if header.bits != 8:
        raise UnreadableImageError(codes.UNSUPPORTED_ENCODING, f"JPEG with {header.bits} bits a channel")
    how = cv2.IMREAD_GRAYSCALE if header.channels == 1 else cv2.IMREAD_COLOR_RGB
    decoded = libjpeg.decode(data, how | cv2.IMREAD_IGNORE_ORIENTATION)
    # Pillow knows what the four inks are, but passes over damage in silence.
    return _pillow(Kind.JPEG, header, data, 0)[0] if header.channels == 4 else decoded


def _deep_png(data: bytes) -> tuple[npt.NDArray[Any], int]:
    """Decode a 16-bit PNG with several channels (Pillow would cut them to 8 bits) as RGB or RGBA; with its orientation."""
    # Pillow's strict decoder finds out whether it is whole.
    _cut, _frames, orientation = _pillow(Kind.PNG, Header(1, 1), data, 0)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None:
        raise UnreadableImageError(codes.DAMAGED, "the PNG decoder gave up")
    if decoded.ndim == 3:
        order = [2, 1, 0, 3] if decoded.shape[2] == 4 else [2, 1, 0]
        decoded = np.ascontiguousarray(decoded[:, :, order])
    return decoded, orientation


def _pillow(kind: Kind, header: Header, data: bytes, frame: int) -> tuple[npt.NDArray[Any], int, int]:
    """Decode with Pillow: (H, W) or (H, W, 2..4) uint8 or (H, W) uint16, page count, EXIF orientation."""
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = limits.MAX_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=[kind.upper()]) as image:
            frames = int(getattr(image, "n_frames", 1))
            if not 0 <= frame < frames:
                raise UnreadableImageError(codes.NO_PIXELS, f"no page {frame} of {frames}")
            if frames > 1:
                image.seek(frame)
            # Pillow may have read another header than we did: a second IHDR, another page.
            check_claim(Header(image.width, image.height, header.channels, header.bits), len(data))
            if kind is Kind.TIFF:
                _refuse_mixed_planes(image)
            image.load()
            # Pillow has turned a TIFF itself by now.
            turn = 1 if kind is Kind.TIFF else exif_orientation(_exif(image.info))
            array = _to_array(image) if kind is not Kind.TIFF else _tiff_array(image)
            return array, frames, turn
    except UnreadableImageError:
        raise
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(codes.TOO_LARGE, "the decoder's own pixel limit") from error
    except MemoryError as error:
        raise UnreadableImageError(codes.TOO_LARGE, "not enough memory") from error
    except (UnidentifiedImageError, NotImplementedError) as error:
        # Of a TIFF every page has been read as sound by now (``sniff``): it holds numbers of a kind that Pillow does not know.
        code = codes.UNSUPPORTED_ENCODING if kind is Kind.TIFF else codes.DAMAGED
        raise UnreadableImageError(code, f"{kind}: {error}"[:200]) from error
    except Exception as error:  # a decoder may fail in any way; the file is to blame, not the program
        text = str(error)
        code = codes.TRUNCATED if "truncated" in text or "incomplete" in text else codes.DAMAGED
        raise UnreadableImageError(code, f"{kind}: {type(error).__name__}: {text}"[:200]) from error


def _exif(info: dict[str | tuple[int, int], Any]) -> bytes:
    """Return the EXIF block of a PNG or WebP as it stands; Pillow's own reader would unpack all of it."""
    block, profile = info.get("exif", b""), info.get("Raw profile type exif")
    if not block and isinstance(profile, str):  # ImageMagick's older way: hexadecimal under three lines of title
        block = bytes.fromhex("".join(profile.split("\n")[3:]))
    return block.removeprefix(b"Exif\0\0") if isinstance(block, bytes) else b""


def _refuse_mixed_planes(image: Image.Image) -> None:
    """Refuse what Pillow mixes up without a word: uncompressed planes of 16 bits."""
    tags = getattr(image, "tag_v2", {})
    if tags.get(284) == 2 and tags.get(259, 1) == 1 and max(tags.get(258, (1,))) > 8 and tags.get(277, 1) > 1:
        raise UnreadableImageError(codes.UNSUPPORTED_ENCODING, "uncompressed planes of 16 bits")


def _tiff_array(image: Image.Image) -> npt.NDArray[Any]:
    """Return a loaded TIFF page as ``_to_array`` does, with what Pillow leaves undone: signs, and where white is zero."""
    tags = getattr(image, "tag_v2", {})
    signed = tags.get(339, (1,))[0] == 2
    if image.mode == "I" and not signed and max(tags.get(258, (1,))) == 32:
        array: npt.NDArray[Any] = _deep_range(np.asarray(image).view(np.uint32))
    else:
        array = _to_array(image)
    if image.mode == "L" and signed:
        array = array ^ np.uint8(128)
    if tags.get(262) == 0 and (image.mode.startswith("I;16") or image.mode in ("I", "F")):
        top = (1 << max(8, int(array.max()).bit_length())) - 1  # 12 bits in 16 are a negative of 12 bits
        array = np.uint16(top) - array
    return array


def _to_array(image: Image.Image) -> npt.NDArray[Any]:
    """Return a loaded Pillow image as an array of channels: grey, grey + alpha, RGB or RGBA."""
    mode = image.mode
    if mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16)
    if mode in ("I", "F"):
        return _deep_range(np.asarray(image))
    if mode in ("L", "LA", "RGB", "RGBA"):
        return np.array(image)
    if mode == "1":
        return np.array(image.convert("L"))
    if mode == "P":
        return np.array(image.convert("RGBA" if "transparency" in image.info else "RGB"))
    if mode == "PA":
        return np.array(image.convert("RGBA"))
    return np.array(image.convert("RGB"))


def _deep_range(values: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """Bring 32-bit values to uint16: as they are when they fit, stretched over the range otherwise."""
    if values.dtype.kind == "f":
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind in "iu" and low >= 0 and high <= 65535:
        return values.astype(np.uint16)
    step = 1.0 if values.dtype.kind in "iu" and high - low <= 65535 else max(high - low, 1e-12) / 65535.0
    deep = np.empty(values.shape, np.uint16)
    for rows in bands(values):
        deep[rows] = np.round((values[rows].astype(np.float64) - low) / step)
    return deep


def bands(pixels: npt.NDArray[Any]) -> Iterator[slice]:
    """Yield the rows of a picture a few at a time, for steps that need several times its memory."""
    for row in range(0, pixels.shape[0], BAND_ROWS):
        yield slice(row, row + BAND_ROWS)


def _grey(channels: npt.NDArray[Any], notes: list[str]) -> tuple[Pixels, float]:
    """Return the luminance (H, W) and how colourful the picture was on a 0..255 scale."""
    if channels.ndim == 2:
        return np.ascontiguousarray(channels), 0.0
    if channels.shape[2] in (2, 4):
        alpha = channels[:, :, -1]
        top = int(np.iinfo(channels.dtype).max)
        channels = channels[:, :, :-1]
        if int(alpha.min()) < top and alpha.any():  # where nothing at all is to be seen, the channel was never filled
            notes.append(codes.ALPHA_FLATTENED)
            for rows in bands(channels):
                scale = alpha[rows, :, None].astype(np.float32) / np.float32(top)
                channels[rows] = np.rint(channels[rows] * scale).astype(channels.dtype)
    if channels.shape[2] == 1:
        return np.ascontiguousarray(channels[:, :, 0]), 0.0
    return rgb_to_grey(np.ascontiguousarray(channels), notes)


def rgb_to_grey(rgb: npt.NDArray[Any], notes: list[str]) -> tuple[Pixels, float]:
    """Return the luminance (H, W) of (H, W, 3) uint8 or uint16, and the ``colour`` measure (0..255).

    Equal channels come back exactly.
    """
    red, green, blue = cv2.split(rgb)
    difference = (
        float(cv2.absdiff(red, green).mean())
        + float(cv2.absdiff(green, blue).mean())
        + float(cv2.absdiff(red, blue).mean())
    ) / 3.0
    colour = difference * 255.0 / float(np.iinfo(rgb.dtype).max)
    if colour == 0.0:
        return green, 0.0
    notes.append(codes.COLOUR_MADE_GREY)
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), colour


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation (2..8)."""
    if orientation in (2, 4, 5, 7):
        pixels = np.fliplr(pixels)
    turns = {3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}.get(orientation, 0)
    turned: Any = np.ascontiguousarray(np.rot90(pixels, turns)).astype(pixels.dtype, copy=False)
    return turned
