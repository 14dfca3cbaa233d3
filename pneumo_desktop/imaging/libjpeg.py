"""Decoding JPEG with OpenCV, and hearing what libjpeg says of damage.

Where the compressed data are bad libjpeg goes on with garbage, and all that it does is write a line to the process'
standard error: OpenCV and Pillow return the picture as if it were whole. A film whose lower half is noise must not get
a verdict, so that line is caught.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from pneumo_desktop.imaging import codes
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.standard_error import STANDARD_ERROR, led_to

_DAMAGE = re.compile(rb"(?:Corrupt JPEG data|Premature end of JPEG)[^\n]*\n")
_LEFT_OVER = re.compile(rb"(\d+) extraneous bytes before marker 0xd9")

_PADDING = 64
"""So many bytes between the last block and the end marker may be an encoder's padding, and not the rest of a picture that
came to its end too early: with 512 bytes lost there were more than 500."""


def decode(data: bytes, how: int) -> npt.NDArray[Any]:
    """Return the pixels of a JPEG file as OpenCV reads them with the flags ``how``.

    Raises UnreadableImageError(code='damaged') where libjpeg gives up or goes on with garbage. The second is heard where
    standard error can be led into memory for a moment, which is Linux: one picture is decoded at a time there.
    """
    compressed = np.frombuffer(data, np.uint8)
    if not hasattr(os, "memfd_create"):
        decoded, said = cv2.imdecode(compressed, how), b""
    else:
        # Of its own for every picture: a process that is started meanwhile inherits it, and what that writes is nobody's.
        memory = os.memfd_create("libjpeg")
        try:
            with led_to(memory):
                decoded = cv2.imdecode(compressed, how)
            said = os.pread(memory, os.fstat(memory).st_size, 0)
        finally:
            os.close(memory)
    told = _DAMAGE.findall(said)
    others = _DAMAGE.sub(b"", said)
    if others and sys.stderr is not None:  # another thread's words, as the progress of a list
        os.write(STANDARD_ERROR, others)
    if decoded is None:
        raise UnreadableImageError(codes.DAMAGED, "the JPEG decoder gave up")
    for line in told:
        left_over = _LEFT_OVER.search(line)
        if left_over is None or int(left_over[1]) > _PADDING:
            raise UnreadableImageError(codes.DAMAGED, line.decode("ascii", "replace").strip()[:200])
    return np.asarray(decoded)
