"""A folder of everything that goes wrong: each file has its row and its reason, memory stays bounded, nothing crashes."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from pydicom import uid
from pydicom.encaps import get_frame

from pneumo_desktop.imaging import limits
from pneumo_desktop.imaging.dicom import read
from tests import making
from tests.fuzzing.fuzz import mutate
from tests.imaging.test_load import MAGIC

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
MOST_MEGABYTES = 350

MEASURED = """
import re, sys
from pathlib import Path
from pneumo_desktop.cli import main
from pneumo_desktop.imaging import apart
def tell(process):  # getrusage would count what the tests' own process had when it started this one
    print("PEAK", re.search(r"VmHWM:\\s+(\\d+)", Path(f"/proc/{{process}}/status").read_text())[1], file=sys.stderr)
close = apart.close
def close_and_tell():
    tell(apart._HELPER._process.pid)
    close()
apart.close = close_and_tell
code = main({arguments!r})
tell("self")
sys.exit(code)
"""


def _png_bomb() -> bytes:
    """A sound PNG of 200 MB of zeros in 200 kB."""
    header = struct.pack(">IIBBBBB", 14_000, 14_000, 8, 0, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(b"\0" * 14_001) for _ in range(14_000)) + rows.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _huge(form: str) -> bytes:
    data = bytearray(making.picture(form))
    if form == "PNG":
        data[16:24] = struct.pack(">II", 2**31 - 1, 2**31 - 1)
    elif form == "BMP":
        data[18:26] = struct.pack("<ii", 2**31 - 1, 2**31 - 1)
    elif form == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(data)


def _deflated_bomb() -> bytes:
    whole = making.written(making.dataset(making.film()), uid.DeflatedExplicitVRLittleEndian)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = b"\0" * limits.MIB
    packed = b"".join(packer.compress(block) for _ in range(300)) + packer.flush()
    return whole[: 144 + struct.unpack_from("<I", whole, 140)[0]] + packed


def _crashing(seed: int) -> bytes:
    film = making.film(size=(128, 128)).clip(0, 4000)
    sound = read(making.written(making.dataset(film), uid.JPEGExtended12Bit))
    stream = mutate(get_frame(sound.PixelData, 0, number_of_frames=1), random.Random(seed))
    return making.encapsulated(making.dataset(film), stream, uid.JPEGExtended12Bit)


@pytest.fixture
def hostile(tmp_path: Path) -> dict[str, bytes]:
    """Files that must have a row with the reason ``unreadable``."""
    made = {f"random {kind}.dcm": magic + random.Random(kind).randbytes(3000) for kind, magic in MAGIC.items()}
    made |= {f"zero.{suffix}": b"" for suffix in ("jpg", "png", "tif", "bmp", "webp", "dcm")}
    made |= {f"one byte.{suffix}": b"\xff" for suffix in ("jpg", "dcm")}
    made |= {f"huge.{form.lower()}": _huge(form) for form in ("PNG", "BMP", "JPEG")}
    made |= {
        f"cut.{form.lower()}": making.picture(form, "RGB")[:900] for form in ("PNG", "BMP", "JPEG", "TIFF", "WEBP")
    }
    film = making.film()
    made |= {
        "huge.dcm": making.written(making.dataset(film, Rows=65_535, Columns=65_535)),
        "frames.dcm": making.written(making.dataset(film, NumberOfFrames=str(2**31 - 1))),
        "cut.dcm": making.written(making.dataset(film))[:9000],
        "bomb.png": _png_bomb(),
        "bomb.dcm": _deflated_bomb(),
        "abort 1.dcm": _crashing(37),
        "abort 2.dcm": _crashing(391),
        "text.jpg": b"this is no picture",
        "page.png": b"<!DOCTYPE html><html>",
    }
    return made


@pytest.mark.skipif(sys.platform != "linux", reason="pipes, links and /proc")
def test_everything_hostile_has_its_row(hostile: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    for name, data in hostile.items():
        (folder / name).write_bytes(data)
    for path in FIXTURES.glob("*.jpeg"):
        shutil.copyfile(path, folder / path.name)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.png", b"\0" * (80 * limits.MIB))
    (folder / "bomb.zip").write_bytes(stream.getvalue())
    os.mkfifo(folder / "pipe.jpg")
    (folder / "loop").symlink_to(folder)

    out = tmp_path / "results.json"
    arguments = ["predict", str(folder), "--out", str(out), "--data-dir", str(tmp_path / "data"), "--language", "en"]
    run = subprocess.run(
        [sys.executable, "-c", MEASURED.format(arguments=arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert run.returncode == 3, run.stderr
    assert "Traceback" not in run.stderr
    results = {Path(item["file"]).name: item for item in json.loads(out.read_text("utf-8"))["results"]}
    for name in hostile:
        found = results[name]
        assert (found["outcome"], found["reason"], found["score"]) == ("not_analysed", "unreadable", None), name
    for path in FIXTURES.glob("*.jpeg"):
        assert results[path.name]["score"] is not None
    assert set(results) == {*hostile, *(path.name for path in FIXTURES.glob("*.jpeg"))}
    assert "3 files were left out:" in run.stderr
    peaks = [int(kilobytes) // 1024 for kilobytes in re.findall(r"PEAK (\d+)", run.stderr)]
    assert len(peaks) == 2, "the program and its helper"
    assert max(peaks) < MOST_MEGABYTES
