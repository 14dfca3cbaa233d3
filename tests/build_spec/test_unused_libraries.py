"""Libraries that nothing uses are not in the Linux bundle: nothing of the program may ask for what they do."""

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
def unused() -> ModuleType:
    path = ROOT / "build_spec" / "linux" / "unused_libraries.py"
    spec = importlib.util.spec_from_file_location("unused_libraries", path)
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


def test_an_empty_library_stands_in_for_the_real_one(unused: ModuleType, tmp_path: Path) -> None:
    if shutil.which("ld") is None:
        pytest.skip("no binutils here")
    library = tmp_path / "libavcodec-c0ffee.so.62"
    unused.write_empty(library, {"LIBAVCODEC_62": {"avcodec_open2", "av_packet_alloc"}})
    loaded = ctypes.CDLL(str(library))
    assert (loaded.avcodec_open2(), loaded.av_packet_alloc()) == (0, 0)
    assert not hasattr(loaded, "avcodec_close")
    first = library.read_bytes()
    unused.write_empty(library, {"LIBAVCODEC_62": {"av_packet_alloc", "avcodec_open2"}})
    assert library.read_bytes() == first


def _linked(path: Path, name: str, code: str, *libraries: Path) -> Path:
    """Make the library ``path/name`` of assembler ``code``, linked to ``libraries``."""
    path.mkdir(parents=True, exist_ok=True)
    (path / "made.s").write_text(code)
    subprocess.run(["as", "--64", "-o", str(path / "made.o"), str(path / "made.s")], check=True)
    line = ["ld", "-shared", "--no-as-needed", "-soname", name, "-o", str(path / name), str(path / "made.o")]
    subprocess.run([*line, *map(str, libraries)], check=True)
    (path / "made.s").unlink()
    (path / "made.o").unlink()
    return path / name


def _calls(name: str) -> str:
    return f".text\n.globl mine\nmine: call {name}@plt\nret\n"


def _has(name: str) -> str:
    return f".text\n.globl {name}\n.type {name}, @function\n{name}: mov $7, %eax\nret\n"


@pytest.mark.parametrize("version", ["LIBAVUTIL_60", ""])
def test_functions_are_read_with_their_versions(unused: ModuleType, tmp_path: Path, version: str) -> None:
    if shutil.which("ld") is None or shutil.which("as") is None:
        pytest.skip("no binutils here")
    library = tmp_path / "libavutil-c0ffee.so.60"
    unused.write_empty(library, {version: {"av_free", "av_malloc"}})
    user = _linked(tmp_path, "user.so", _calls("av_free"), library)
    assert unused.asked_for(user, library) == {version: {"av_free"}}


def test_a_bundle_keeps_what_is_used_and_loads(unused: ModuleType, tmp_path: Path) -> None:
    if shutil.which("ld") is None or shutil.which("as") is None:
        pytest.skip("no binutils here")
    internal, modules = tmp_path / "_internal", {}
    for folder, name in (
        ("opencv_python_headless.libs", "libaom-1.so.3"), ("python_gdcm.libs", "libcrypto-1.so"), ("pillow.libs", "libxcb-1.so.1"),
    ):  # fmt: skip
        below = _linked(internal / folder, "libbelow-1.so", _has("below"))
        library = _linked(internal / folder, name, _has("unused"), below)
        used = _linked(internal / folder, f"libused-{folder[:4]}.so", _has("used"))
        modules[folder] = _linked(internal, f"{folder}.so", _calls("unused"), library, used)
    ssl = _linked(
        internal / "python_gdcm.libs", "libssl-1.so", _calls("unused"), internal / "python_gdcm.libs/libcrypto-1.so"
    )
    _linked(internal, "python_gdcm.libs.so", _calls("unused"), internal / "python_gdcm.libs/libcrypto-1.so", ssl)
    unused.remove_unused(internal)
    assert sorted(path.name for path in (internal / "pillow.libs").iterdir()) == ["libused-pill.so", "libxcb-1.so.1"]
    assert sorted(path.name for path in (internal / "python_gdcm.libs").iterdir()) == ["libcrypto-1.so", "libssl-1.so"]
    assert ctypes.CDLL(str(internal / "pillow.libs/libxcb-1.so.1")).unused() == 0
    loaded = [ctypes.CDLL(str(internal / "python_gdcm.libs" / name)) for name in ("libcrypto-1.so", "libssl-1.so")]
    assert loaded[0].unused() == 0

    (modules["pillow.libs"]).unlink()
    with pytest.raises(ValueError, match=r"pillow\.libs"):
        unused.remove_unused(internal)
