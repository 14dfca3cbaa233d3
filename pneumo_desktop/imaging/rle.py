"""RLE Lossless (DICOM PS3.5, annex G) that stops at the size the header promised.

pydicom's own decoder unpacks a segment to its end before it looks at the length: two bytes can become 128 there.
Registered with pydicom as the plugin ``PLUGIN``; pydicom asks for the two names without an underscore below.
"""

from __future__ import annotations

import struct

from pydicom.pixels.decoders import RLELosslessDecoder
from pydicom.pixels.decoders.base import DecodeRunner
from pydicom.uid import RLELossless

PLUGIN = "bounded"

DECODER_DEPENDENCIES: dict[str, tuple[str, ...]] = {RLELossless: ()}


def is_available(syntax: str) -> bool:
    """Tell pydicom that RLE Lossless can be decoded."""
    return syntax in DECODER_DEPENDENCIES


def decode_frame(source: bytes, runner: DecodeRunner) -> bytearray:
    """Return a frame, little endian, one plane a channel; raises ValueError when the stream does not hold it."""
    size, pixels = runner.bits_allocated // 8, runner.rows * runner.columns
    count, *offsets = struct.unpack_from("<16L", source)
    if not size or runner.bits_allocated % 8 or count != size * runner.samples_per_pixel or count > 15:
        raise ValueError(f"{count} segments for {runner.samples_per_pixel} samples of {runner.bits_allocated} bits")
    ends = [*offsets[1:count], len(source)]
    plane = size * pixels
    decoded = bytearray(plane * runner.samples_per_pixel)
    for index in range(count):
        channel, byte = divmod(index, size)  # the most significant byte comes first
        begin = channel * plane + size - 1 - byte
        decoded[begin : (channel + 1) * plane : size] = _unpack(source[offsets[index] : ends[index]], pixels)
    runner.set_option("planar_configuration", 1)
    return decoded


def _unpack(segment: bytes, length: int) -> bytearray:
    unpacked = bytearray()
    position, end = 0, len(segment)
    while len(unpacked) < length:
        if position >= end:
            raise ValueError(f"RLE segment of {len(unpacked)} bytes, not {length}")
        run = segment[position]
        if run < 128:
            unpacked += segment[position + 1 : position + 2 + run]
            position += 2 + run
        else:
            if run > 128:
                unpacked += segment[position + 1 : position + 2] * (257 - run)
                position += 1
            position += 1
    del unpacked[length:]
    return unpacked


RLELosslessDecoder.add_plugin(PLUGIN, (__name__, "decode_frame"))
