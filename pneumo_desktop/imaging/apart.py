"""Decoding in a process of its own, so that a decoder that crashes takes one file with it and not the queue.

GDCM ends its process on a damaged JPEG of a few hundred bytes (``tests/fuzzing``, room ``codestreams``, case 0), and the
other compiled decoders of DICOM, TIFF and WebP have had such faults. So these kinds go to a helper: the bytes over its
standard input, a JSON header and the pixels back over its standard output. It is held to an amount of memory and of
seconds a file, its own messages go nowhere, and it ends when its input does: also when the program is killed.
JPEG, PNG and BMP stay in the program, where they are read faster, unless the caller asks for caution or a JPEG's damage is
not heard there (``libjpeg``).

One helper, not one a thread: it takes 110 MB, and two threads that decode in the program are no faster, because GDCM and
OpenJPEG hold the interpreter's lock; they also held up the window by as long (docs/decisions.md).
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import json
import os
import struct
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from pneumo_desktop import places
from pneumo_desktop.imaging import codes, limits
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError, Window
from pneumo_desktop.imaging.sniff import Kind

COMMAND: Final = "decode-apart"
"""The hidden sub-command that starts a helper."""

KINDS: Final = frozenset({Kind.DICOM, Kind.TIFF, Kind.WEBP})

CLOSE_SECONDS: Final = 2.0
_LENGTH = struct.Struct("<Q")


def decode(entry: Entry, data: bytes, sha256: str, all_tags: bool = False) -> Radiograph:
    """Decode the bytes of an entry in a helper, as ``load.decode_here`` does here; raises UnreadableImageError.

    A helper that dies, takes too long or answers nonsense is ``damaged``; the next file gets a new one.
    """
    return _HELPER.decode(entry, data, sha256, all_tags)


def start() -> None:
    """Start the helper, without waiting for it, because pictures for it were found: it takes as long as the network."""
    _HELPER.start()


def close() -> None:
    """End the helper. The next picture starts one again."""
    _HELPER.close()


def command() -> list[str]:
    """Return how this program starts as a helper."""
    return places.own_command(COMMAND)


class _Helper:
    """The one helper process, started when it is needed and kept for the next picture; threads take turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # Who has the lock has started it; where it does not start, the first picture tells.
        if self._lock.acquire(blocking=False):
            try:
                with contextlib.suppress(UnreadableImageError):
                    self._running()
            finally:
                self._lock.release()

    def decode(self, entry: Entry, data: bytes, sha256: str, all_tags: bool) -> Radiograph:
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                _send(process.stdin, {"frame": entry.frame, "sha256": sha256, "all_tags": all_tags}, data)
                header, pixels = _receive(process.stdout, limits.MAX_RAW_BYTES)
            except (OSError, EOFError, ValueError, MemoryError) as problem:
                code = self._end()
                raise UnreadableImageError(codes.DAMAGED, f"the decoder ended with {code}") from problem
        if "code" in header:
            raise UnreadableImageError(str(header["code"]), str(header.get("detail", "")))
        return _radiograph(entry, header, pixels)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            try:
                self._process = subprocess.Popen(  # noqa: S603
                    command(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    cwd=Path(__file__).resolve().parents[2],  # in a checkout the package is found from there
                    # Ctrl+C on a terminal goes to the program alone: a helper that it ended would look like a damaged file.
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                    | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                    start_new_session=True,
                )
            except OSError as problem:
                raise UnreadableImageError(codes.NO_DECODER, f"the decoder did not start: {problem.errno}") from problem
        return self._process

    def _end(self) -> int | None:
        """End the process and return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return None
        process.kill()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):  # what was still to be written has nobody to read it
                if stream is not None:
                    stream.close()
        return process.wait()

    def close(self) -> None:
        free = self._lock.acquire(timeout=CLOSE_SECONDS)
        try:
            if free:
                self._end()
            elif self._process is not None:
                self._process.kill()  # the thread that waits for its answer is told so
        finally:
            if free:
                self._lock.release()


_HELPER = _Helper()
atexit.register(_HELPER.close)


def _send(stream: IO[bytes], header: dict[str, Any], data: Any) -> None:
    text = json.dumps(header).encode("ascii")
    stream.write(_LENGTH.pack(len(text)) + _LENGTH.pack(len(data)) + text)
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes], most: int) -> tuple[dict[str, Any], bytearray]:
    """Return the header and the bytes of one message; raises EOFError or ValueError."""
    text_length, length = _LENGTH.unpack(_exactly(stream, _LENGTH.size)) + _LENGTH.unpack(
        _exactly(stream, _LENGTH.size)
    )
    if text_length > limits.MAX_ANSWER_BYTES or length > most:
        raise ValueError(f"a message of {text_length} and {length} bytes")
    header = json.loads(_exactly(stream, text_length))
    if not isinstance(header, dict):
        raise ValueError("no header")
    return header, _exactly(stream, length)


def _exactly(stream: IO[bytes], length: int) -> bytearray:
    made = bytearray(length)
    view, filled = memoryview(made), 0
    while filled < length:
        read = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not read:
            raise EOFError
        filled += read
    return made


def _radiograph(entry: Entry, header: dict[str, Any], pixels: bytearray) -> Radiograph:
    try:
        height, width, depth = header.pop("shape")
        array = np.frombuffer(pixels, np.dtype(f"<u{depth}")).reshape(height, width)
        window = Window(**header.pop("window"))
        windows = tuple(Window(**one) for one in header.pop("windows"))
        spacing = header.pop("spacing_mm")
        return Radiograph(
            entry=entry, pixels=array, window=window, windows=windows,
            spacing_mm=None if spacing is None else (spacing[0], spacing[1]),
            all_tags=tuple(tuple(row) for row in header.pop("all_tags")), notes=tuple(header.pop("notes")), **header,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as problem:
        raise UnreadableImageError(codes.DAMAGED, f"the decoder's answer: {type(problem).__name__}") from problem


def _answer(radiograph: Radiograph) -> tuple[dict[str, Any], Any]:
    header = {
        "shape": (*radiograph.pixels.shape, radiograph.pixels.dtype.itemsize),
        "window": asdict(radiograph.window),
        "windows": [asdict(window) for window in radiograph.windows],
        "tags": dict(radiograph.tags),
    }
    for name in (
        "sha256", "format", "spacing_mm", "spacing_at_detector", "bits_stored", "frame_count", "all_tags", "age_years",
        "colour", "notes",
    ):  # fmt: skip
        header[name] = getattr(radiograph, name)
    pixels = np.ascontiguousarray(radiograph.pixels, radiograph.pixels.dtype.newbyteorder("<"))
    return header, pixels.reshape(-1).view(np.uint8).data


def serve() -> int:
    """Be a helper: decode what comes over standard input until it ends."""
    from pneumo_desktop.imaging import load

    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Some decoders print what they think of a file; it must not get between the answers.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    limit_memory()
    while True:
        try:
            header, data = _receive(source, limits.MAX_FILE_BYTES)
        except (EOFError, ValueError):
            return 0
        faulthandler.dump_traceback_later(limits.MAX_DECODE_SECONDS, exit=True)
        try:
            entry = Entry(Path(), frame=header["frame"])
            decoded = load.decode_here(entry, bytes(data), header["sha256"], header["all_tags"])
            answer, pixels = _answer(decoded)
        except UnreadableImageError as problem:
            answer, pixels = {"code": problem.code, "detail": problem.detail}, b""
        faulthandler.cancel_dump_traceback_later()
        try:
            _send(sink, answer, pixels)
        except OSError:
            return 0


def limit_memory() -> None:
    """Hold this process to ``limits.MAX_HELPER_BYTES``."""
    if sys.platform == "win32":
        from pneumo_desktop.imaging.job_object import limit_own_memory

        # Where the system refuses, it is as it would be without: sizes are checked before memory is taken.
        with contextlib.suppress(OSError):
            limit_own_memory(limits.MAX_HELPER_BYTES)
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or hard > limits.MAX_HELPER_BYTES:
        resource.setrlimit(resource.RLIMIT_AS, (limits.MAX_HELPER_BYTES, hard))
