"""What every test gets: the data that may be there, a home of its own, no network, nothing left running."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from hypothesis import settings

import pneumo_desktop.opencv  # noqa: F401 - before a test imports OpenCV, which on Windows would not be heard

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
FIXTURES = ROOT / "tests" / "fixtures"


# A slow computer is no error: nothing here measures time.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def pytest_configure(config: pytest.Config) -> None:
    """A warning that our own code causes is an error; so is an error nobody could catch.

    Started in the background of a shell that has no job control, pytest and its children would be deaf to Ctrl+C.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for line in (
        r"error:::pneumo_desktop(\..*)?",
        "error::pytest.PytestUnraisableExceptionWarning",
        "error::pytest.PytestUnhandledThreadExceptionWarning",
        r"ignore::UserWarning:pydicom(\..*)?",
    ):
        config.addinivalue_line("filterwarnings", line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need the shared data run only where they are."""
    if not DATA.is_dir():
        for item in items:
            if "shared" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason="the folder ../shared/data is not here"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, with the shared data in place, a test that was skipped is an error."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and DATA.is_dir() and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def shared() -> Path:
    """The folder of the shared data."""
    return DATA


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or writes the user's own data; every test starts in English."""
    from pneumo_desktop.words import set_language

    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    set_language("en")
    widgets = sys.modules.get("PySide6.QtWidgets")
    application = widgets.QApplication.instance() if widgets is not None else None
    if application is not None:  # Qt's own words outlive the window that a test switched to Spanish
        from pneumo_desktop.gui.qt_words import translate_qt

        translate_qt(application)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any socket that leads off this computer fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            raise AssertionError(f"a test tried to connect to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


T = TypeVar("T")


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if not thread.name.startswith("Dummy")}


def _children() -> set[psutil.Process]:
    """The processes begun here that still run, but for those that are kept until the program ends.

    multiprocessing keeps one to tidy up after itself, ``imaging.apart`` one for the next picture (``test_apart.py``).
    """
    found = set()
    for child in psutil.Process().children(recursive=True):
        try:
            kept = any(word in " ".join(child.cmdline()) for word in ("resource_tracker", "decode-apart"))
            if child.status() != psutil.STATUS_ZOMBIE and not kept:
                found.add(child)
        except psutil.NoSuchProcess:
            continue
    return found


def _qt_at_work() -> set[str]:
    """Timers of windows, threads and pools of Qt that are at work. A timer goes with the window that owns it."""
    core = sys.modules.get("PySide6.QtCore")
    if core is None or core.QCoreApplication.instance() is None:
        return set()
    from shiboken6 import isValid

    core.QCoreApplication.processEvents()
    found = set()
    widgets = sys.modules.get("PySide6.QtWidgets")
    for window in widgets.QApplication.topLevelWidgets() if widgets is not None else ():
        for timer in window.findChildren(core.QTimer):
            if timer.isActive():
                found.add(f"a timer of {timer.interval()} ms in {type(window).__name__} ({id(timer)})")
    for known in gc.get_objects():
        kind = type(known)  # isinstance would ask proxies and lazy modules for their class
        if issubclass(kind, core.QThread) and isValid(known) and known.isRunning():
            if known != core.QCoreApplication.instance().thread():
                found.add(f"a QThread ({id(known)})")
        elif issubclass(kind, core.QThreadPool) and isValid(known) and known.activeThreadCount():
            found.add(f"a QThreadPool with {known.activeThreadCount()} at work ({id(known)})")
    return found


def _left_after(running: Callable[[], set[T]], before: set[T], seconds: float = 5.0) -> set[T]:
    """Return what still runs that did not run before, after waiting for it to end by itself."""
    until = time.monotonic() + seconds
    while (left := running() - before) and time.monotonic() < until:
        time.sleep(0.02)
    return left


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """A thread, a child process, a window's timer or a pool at work that outlives its test fails it."""
    with_qt = "qapp" in request.fixturenames
    threads, children, qt = _threads(), _children(), _qt_at_work() if with_qt else set()
    yield
    left = [f"a thread {thread.name}" for thread in _left_after(_threads, threads)]
    for child in _left_after(_children, children):
        left.append(f"a process {child.pid}")
        child.kill()
    if with_qt:
        left.extend(_left_after(_qt_at_work, qt))
    assert not left, f"left running: {left}"
