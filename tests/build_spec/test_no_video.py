"""FFmpeg is not in the Linux bundle: nothing of the program may ask OpenCV for films."""

from __future__ import annotations

import ast
import ctypes
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the Linux bundle")


@pytest.fixture(scope="module")
def no_video() -> ModuleType:
    path = ROOT / "build_spec" / "linux" / "no_video.py"
    spec = importlib.util.spec_from_file_location("no_video", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_program_opens_no_film() -> None:
    asked = set()
    for path in (ROOT / "pneumo_desktop").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cv2":
                asked.add(node.attr)
    assert "imdecode" in asked
    assert not {name for name in asked if name.startswith(("Video", "videoio", "CAP_"))}


def test_an_empty_library_stands_in_for_the_real_one(no_video: ModuleType, tmp_path: Path) -> None:
    if shutil.which("ld") is None:
        pytest.skip("no binutils here")
    library = tmp_path / "libavcodec-c0ffee.so.62"
    no_video.write_empty(library, "LIBAVCODEC_62", {"avcodec_open2", "av_packet_alloc"})
    loaded = ctypes.CDLL(str(library))
    assert (loaded.avcodec_open2(), loaded.av_packet_alloc()) == (0, 0)
    assert not hasattr(loaded, "avcodec_close")
    first = library.read_bytes()
    no_video.write_empty(library, "LIBAVCODEC_62", {"av_packet_alloc", "avcodec_open2"})
    assert library.read_bytes() == first


def test_functions_are_read_with_their_versions(no_video: ModuleType, tmp_path: Path) -> None:
    if shutil.which("ld") is None or shutil.which("as") is None:
        pytest.skip("no binutils here")
    library, user = tmp_path / "libavutil-c0ffee.so.60", tmp_path / "user.so"
    no_video.write_empty(library, "LIBAVUTIL_60", {"av_free"})
    (tmp_path / "user.s").write_text(".text\n.globl mine\nmine: call av_free@plt\nret\n")
    subprocess.run(["as", "--64", "-o", str(tmp_path / "user.o"), str(tmp_path / "user.s")], check=True)
    subprocess.run(["ld", "-shared", "-o", str(user), str(tmp_path / "user.o"), str(library)], check=True)
    assert no_video.asked_for(user) == {"LIBAVUTIL_60": {"av_free"}}
