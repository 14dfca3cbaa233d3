"""Decoding JPEG with OpenCV, and hearing what libjpeg says of damage.

Where the compressed data are bad libjpeg goes on with garbage, and all that it does is write a line to standard error:
OpenCV and Pillow return the picture as if it were whole. A film whose lower half is noise must not get a verdict, so that
line is caught; and where it cannot be heard no JPEG is read.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.opencv import cv2, listening
from pneumo_desktop.standard_error import STANDARD_ERROR

_DAMAGE = re.compile(rb"(?:Corrupt JPEG data|Premature end of JPEG)[^\n]*\n")
_LEFT_OVER = re.compile(rb"(\d+) extraneous bytes before marker 0xd9")

_PADDING = 64
"""So many bytes between the last block and the end marker may be an encoder's padding, and not the rest of a picture that
came to its end too early: with 512 bytes lost there were more than 500."""


def decode(data: bytes, how: int) -> npt.NDArray[Any]:
    """Return the pixels of a JPEG file as OpenCV reads them with the flags ``how``; one picture is decoded at a time.

    Raises UnreadableImageError(code='damaged') where libjpeg gives up or goes on with garbage, and with ``no_decoder``
    where the second would not be heard.
    """
    if not is_heard():
        raise UnreadableImageError(codes.NO_DECODER, "damage inside a JPEG would not be noticed")
    decoded, told = _decoded(data, how)
    if decoded is None:
        raise UnreadableImageError(codes.DAMAGED, "the JPEG decoder gave up")
    for line in told:
        left_over = _LEFT_OVER.search(line)
        if left_over is None or int(left_over[1]) > _PADDING:
            raise UnreadableImageError(codes.DAMAGED, line.decode("ascii", "replace").strip()[:200])
    return np.asarray(decoded)


@functools.cache
def is_heard() -> bool:
    """Tell whether libjpeg is heard in this process, tried with a picture half of which is missing.

    It is not where the program was started on Windows with a list of open files of Microsoft's C library, as Node.js and
    ``os.spawnv`` do: OpenCV goes by that list, whatever standard error is.
    """
    whole = cv2.imencode(".jpg", np.arange(4096, dtype=np.uint16).astype(np.uint8).reshape(64, 64))[1].tobytes()
    return bool(_decoded(whole[: len(whole) // 2] + whole[-2:], cv2.IMREAD_GRAYSCALE)[1])


def _decoded(data: bytes, how: int) -> tuple[npt.NDArray[Any] | None, list[bytes]]:
    """Return the pixels, None where there are none, and what libjpeg said of damage."""
    with listening() as said:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    others = _DAMAGE.sub(b"", said)
    if others and sys.stderr is not None:  # another thread's words, as the progress of a list
        os.write(STANDARD_ERROR, others)
    return decoded, _DAMAGE.findall(said)
