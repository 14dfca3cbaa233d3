"""Picture files become grey pixels that are what the file holds."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.radiograph import UnreadableImageError, Window
from pneumo_desktop.imaging.raster import Picture, decode, full_window, rgb_to_grey
from pneumo_desktop.imaging.sniff import Kind
from tests import making

GREY = chest(1, False, making.SIZE)


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (Kind.PNG, {}), (Kind.BMP, {}), (Kind.TIFF, {"compression": "raw"}), (Kind.TIFF, {"compression": "tiff_lzw"}),
        (Kind.TIFF, {"compression": "tiff_adobe_deflate"}), (Kind.TIFF, {"compression": "packbits"}),
    ],
)  # fmt: skip
def test_lossless_files_give_their_very_pixels(kind: Kind, options: dict[str, str]) -> None:
    picture = decode(kind, making.picture(kind.upper(), **options))
    np.testing.assert_array_equal(picture.pixels, GREY)
    assert (picture.window, picture.bits_stored, picture.colour) == (Window(127.5, 255.0), 8, 0.0)


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.WEBP])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_lossy_files_look_the_same(kind: Kind, mode: str) -> None:
    picture = decode(kind, making.picture(kind.upper(), mode, quality=95))
    assert np.abs(picture.pixels.astype(int) - GREY).mean() < 2.0
    assert picture.colour < 1.5


@pytest.mark.parametrize("kind", [Kind.PNG, Kind.TIFF])
def test_sixteen_bits_keep_their_depth(kind: Kind) -> None:
    picture = decode(kind, making.picture(kind.upper(), "I;16"))
    assert picture.pixels.dtype == np.uint16
    np.testing.assert_array_equal(picture.pixels, making.film(16))


def test_twelve_bits_in_a_sixteen_bit_file_are_shown_over_their_range() -> None:
    pixels = making.film(12)
    picture = decode(Kind.PNG, saved(Image.fromarray(pixels), "PNG"))
    low, high = int(pixels.min()), int(pixels.max())
    assert picture.window == Window((low + high) / 2, float(high - low))
    assert picture.bits_stored == 12


def test_sixteen_bit_colour_is_not_cut_to_eight() -> None:
    film = making.film(16)
    encoded = cv2.imencode(".png", np.dstack([film, film, film]))[1].tobytes()
    np.testing.assert_array_equal(decode(Kind.PNG, encoded).pixels, film)
    half = np.full_like(film, 32768)
    clear = decode(Kind.PNG, cv2.imencode(".png", np.dstack([film, film, film, half]))[1].tobytes())
    assert clear.pixels.dtype == np.uint16
    assert np.abs(clear.pixels.astype(float) - film / 2).max() <= 2.0
    assert codes.ALPHA_FLATTENED in clear.notes


def test_palettes_bilevel_and_cmyk() -> None:
    np.testing.assert_array_equal(decode(Kind.PNG, making.picture("PNG", "P")).pixels, GREY)
    two = decode(Kind.PNG, making.picture("PNG", "1")).pixels
    assert set(np.unique(two)) == {0, 255}
    fax = decode(Kind.TIFF, making.picture("TIFF", "1", compression="group4")).pixels
    np.testing.assert_array_equal(fax, two)
    cmyk = decode(Kind.JPEG, making.picture("JPEG", "CMYK", quality=95)).pixels
    assert np.abs(cmyk.astype(int) - GREY).mean() < 3.0


def test_transparency_is_laid_on_black() -> None:
    image = Image.fromarray(np.dstack([GREY, np.full_like(GREY, 128)]), "LA")
    picture = decode(Kind.PNG, saved(image, "PNG"))
    np.testing.assert_allclose(picture.pixels, GREY * (128 / 255), atol=1)
    assert codes.ALPHA_FLATTENED in picture.notes
    opaque = decode(Kind.PNG, making.picture("PNG", "RGBA"))
    np.testing.assert_array_equal(opaque.pixels, GREY)
    assert opaque.notes == ()


def test_a_transparency_that_was_never_filled_hides_nothing() -> None:
    image = Image.fromarray(np.dstack([GREY, GREY, GREY, np.zeros_like(GREY)]), "RGBA")
    picture = decode(Kind.PNG, saved(image, "PNG"))
    np.testing.assert_array_equal(picture.pixels, GREY)
    assert picture.notes == ()


def test_a_colour_picture_is_measured_and_said_to_be_one() -> None:
    colours = np.dstack([GREY, GREY // 2, 255 - GREY])
    picture = decode(Kind.PNG, saved(Image.fromarray(colours), "PNG"))
    assert picture.colour > 20
    assert picture.notes == (codes.COLOUR_MADE_GREY,)
    notes: list[str] = []
    same, colour = rgb_to_grey(np.dstack([GREY] * 3), notes)
    np.testing.assert_array_equal(same, GREY)
    assert (colour, notes) == (0.0, [])


def upright(picture: Picture) -> None:
    """The generated film has its heart on the right of the picture and its lungs above the diaphragm."""
    assert picture.pixels.shape == GREY.shape
    assert np.abs(picture.pixels.astype(int) - GREY).mean() < 4.0
    assert codes.EXIF_ORIENTATION in picture.notes


TRANSPOSED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}  # fmt: skip


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.PNG, Kind.WEBP])
@pytest.mark.parametrize("orientation", TRANSPOSED)
def test_every_exif_orientation_is_undone(kind: Kind, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(GREY).transpose(TRANSPOSED[orientation])
    upright(decode(kind, saved(stored, kind.upper(), exif=exif.tobytes(), quality=95)))


def test_an_orientation_of_a_deep_colour_png_is_undone() -> None:
    stored = cv2.imencode(".png", np.dstack([np.rot90(GREY).astype(np.uint16) * 257] * 3))[1].tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    block = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
    picture = decode(Kind.PNG, stored[:33] + chunk + stored[33:])  # behind the header
    np.testing.assert_array_equal(picture.pixels, GREY.astype(np.uint16) * 257)
    assert picture.notes == (codes.EXIF_ORIENTATION,)


def test_imagemagicks_way_to_write_exif_into_a_png() -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    block = b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
    info = PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(block):8d}\n{block.hex()}\n", zip=True)
    upright(decode(Kind.PNG, saved(Image.fromarray(GREY).rotate(180), "PNG", pnginfo=info)))


def test_an_orientation_in_a_tiff_is_applied_once() -> None:
    stored = saved(Image.fromarray(GREY).transpose(Image.Transpose.ROTATE_90), "TIFF", tiffinfo={274: 6})
    np.testing.assert_array_equal(decode(Kind.TIFF, stored).pixels, GREY)


def test_white_is_zero_is_turned_round() -> None:
    film = making.film(16)
    data = saved(Image.fromarray(65535 - film), "TIFF", tiffinfo={262: 0})
    np.testing.assert_array_equal(decode(Kind.TIFF, data).pixels, film)
    eight = saved(Image.fromarray(GREY), "TIFF", tiffinfo={262: 0})  # Pillow stores 8 bits the other way round itself
    assert (255 - GREY).tobytes() in eight
    np.testing.assert_array_equal(decode(Kind.TIFF, eight).pixels, GREY)


def tiff(planes: list[npt.NDArray[Any]], white_is_zero: bool = False, kind: int = 1, order: str = "<") -> bytes:
    """Return an uncompressed TIFF as its specification writes it; ``kind`` 1 unsigned, 2 signed, 3 float."""
    height, width = planes[0].shape
    size, count = planes[0].dtype.itemsize, len(planes)
    strips = [np.ascontiguousarray(plane, plane.dtype.newbyteorder(order)).tobytes() for plane in planes]
    entries = [
        (256, [width]), (257, [height]), (258, [8 * size] * count), (259, [1]),
        (262, [2 if count == 3 else 0 if white_is_zero else 1]),
        (273, [8 + sum(map(len, strips[:n])) for n in range(count)]), (277, [count]), (278, [height]),
        (279, [len(strip) for strip in strips]), (284, [2 if count > 1 else 1]), (339, [kind] * count),
    ]  # fmt: skip
    pixels = b"".join(strips)
    begin = 8 + len(pixels) + 2 + 12 * len(entries) + 4
    directory, behind = struct.pack(order + "H", len(entries)), b""
    for tag, values in entries:
        packed = struct.pack(order + f"{len(values)}I", *values)
        here = packed if len(packed) == 4 else struct.pack(order + "I", begin + len(behind))
        behind += b"" if len(packed) == 4 else packed
        directory += struct.pack(order + "HHI", tag, 4, len(values)) + here
    first = struct.pack(order + "I", 8 + len(pixels))
    return (b"II*\0" if order == "<" else b"MM\0*") + first + pixels + directory + bytes(4) + behind


def test_white_is_zero_in_any_depth() -> None:
    film = making.film(12)
    twelve = decode(Kind.TIFF, tiff([4095 - film], white_is_zero=True))
    plain = decode(Kind.TIFF, tiff([film]))
    np.testing.assert_array_equal(twelve.pixels, film)
    assert (twelve.window, twelve.bits_stored) == (plain.window, plain.bits_stored)
    part = film.astype(np.float32) / 4095
    negative, positive = (
        decode(Kind.TIFF, tiff([p], white, 3)).pixels for p, white in ((1 - part, True), (part, False))
    )
    assert np.abs(negative.astype(int) - positive).max() <= 1


def test_large_and_signed_numbers_keep_their_order() -> None:
    film = making.film(16)
    large = decode(Kind.TIFF, tiff([film.astype(np.uint32) * 65537])).pixels
    signed = decode(Kind.TIFF, tiff([(GREY.astype(int) - 128).astype(np.int8)], kind=2)).pixels
    assert np.corrcoef(large.ravel(), film.ravel())[0, 1] > 0.9999
    np.testing.assert_array_equal(signed, GREY)


@pytest.mark.parametrize(
    "data",
    [
        tiff([making.film(16)] * 3),  # Pillow makes 8 bits of 16 and mixes the planes
        tiff([making.film(16).astype(np.float64)], kind=3),
        tiff([making.film(16)], white_is_zero=True, order=">"),
    ],
)  # fmt: skip
def test_numbers_that_the_decoder_does_not_know_are_not_called_damaged(data: bytes) -> None:
    with pytest.raises(UnreadableImageError) as caught:
        decode(Kind.TIFF, data)
    assert caught.value.code == codes.UNSUPPORTED_ENCODING


def test_pages_are_counted_and_read_one_by_one() -> None:
    pages = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    first, second = decode(Kind.TIFF, data), decode(Kind.TIFF, data, 1)
    assert first.frame_count == 2
    assert codes.FIRST_FRAME_SHOWN in first.notes
    np.testing.assert_array_equal(second.pixels, 255 - GREY)
    for kind, page in ((Kind.TIFF, 2), (Kind.TIFF, -1)):
        with pytest.raises(UnreadableImageError) as caught:
            decode(kind, data, page)
        assert caught.value.code == codes.NO_PIXELS
    with pytest.raises(UnreadableImageError):
        decode(Kind.JPEG, making.picture("JPEG"), 1)


def test_numbers_that_are_no_pixels_are_stretched() -> None:
    film = making.film(16).astype(np.float32) / 65535.0
    for scale in (1.0, 1e-9, 1e9):
        picture = decode(Kind.TIFF, saved(Image.fromarray(film * scale - scale / 2), "TIFF"))
        assert (int(picture.pixels.min()), int(picture.pixels.max())) == (0, 65535)
    whole = decode(Kind.TIFF, saved(Image.fromarray(making.film(16).astype(np.int32)), "TIFF"))
    np.testing.assert_array_equal(whole.pixels, making.film(16))
    holes = film.copy()
    holes[:10] = np.nan
    assert decode(Kind.TIFF, saved(Image.fromarray(holes), "TIFF")).pixels[:10].max() == 0


def test_a_constant_picture_has_a_window() -> None:
    assert full_window(np.full((9, 9), 7, np.uint16)) == (Window(127.5, 255.0), 8)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP", "WEBP"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_what_is_cut_off_is_not_half_shown(form: str, part: float) -> None:
    data = making.picture(form, "RGB")
    kind = Kind("WebP" if form == "WEBP" else form)
    with pytest.raises(UnreadableImageError) as caught:
        decode(kind, data[: int(len(data) * part)])
    assert caught.value.code in (codes.TRUNCATED, codes.DAMAGED)


def test_a_jpeg_of_twelve_bits_is_refused_in_words() -> None:
    data = making.picture("JPEG")
    at = data.index(b"\xff\xc0") + 4
    with pytest.raises(UnreadableImageError) as caught:
        decode(Kind.JPEG, data[:at] + b"\x0c" + data[at + 1 :])
    assert caught.value.code == codes.UNSUPPORTED_ENCODING
