"""Opening the window, or rendering it where there is no display."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QMessageBox

from pneumo_desktop.app import CREATE_ERRORS, Services, why_not
from pneumo_desktop.gui.errors import ErrorCatcher, close_log, open_log
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.picture_file import write_picture
from pneumo_desktop.gui.preferences import chosen
from pneumo_desktop.gui.qt_words import translate_qt
from pneumo_desktop.gui.questions import box
from pneumo_desktop.gui.theme import Theme, apply_theme
from pneumo_desktop.gui.workers import answer_first
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import set_language, tr

RENDER_SECONDS = 10.0
EXIT_REFUSED = 2


def _application() -> QApplication:
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("pneumo-desktop")
    application.setApplicationDisplayName("Pneumo Desktop")
    return application


def remember_folders_in(folder: Path) -> None:
    """Have Qt's own file dialog remember its folders, whose names may be patients', in ``folder`` and not in ~/.config."""
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(folder / "qt"))


def forget_folders() -> None:
    """Take the folders that a file dialog remembers out again: on Windows they are in the registry, whatever was asked.

    The program keeps the last one itself, in its records.
    """
    kept = QSettings(QSettings.Scope.UserScope, "QtProject")
    for name in ("lastVisited", "history"):
        kept.remove(f"FileDialog/{name}")


def refuse(text: str) -> None:
    """Show why the program ends, and wait until that is closed."""
    translate_qt(_application())
    box(QMessageBox.Icon.Critical, "Pneumo Desktop", text).exec()


def run(
    paths: Sequence[Path],
    data_dir: Path | None = None,
    model: Path | None = None,
    population: Population | None = None,
    language: str | None = None,
) -> int:
    """Open the window with ``paths`` queued as images of ``population`` and return the exit code when it is closed.

    Without ``population`` the folder's own, or the setting's, is used; ``language`` goes before the setting.
    """
    application = _application()
    answer_first()
    try:
        services = Services.create(data_dir, model)
    except CREATE_ERRORS as problem:
        refuse(why_not(problem))
        return EXIT_REFUSED
    open_log(services.folder / "logs")
    remember_folders_in(services.folder)
    catcher = ErrorCatcher()
    catcher.install()
    try:
        spoken = language or services.store.setting("language", "")
        if spoken:
            set_language(spoken)
        translate_qt(application)
        apply_theme(application, chosen(services.store.setting("theme"), Theme.SYSTEM))
        window = MainWindow(services)
        window.open()
        if services.store.set_aside is not None:
            text = tr("The records were damaged and were set aside as {name}; a new file was begun.")
            text = text.format(name=services.store.set_aside.name)
            told = box(QMessageBox.Icon.Warning, window.windowTitle(), text, window)
            told.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            told.open()
        if paths:
            window.start(paths, population=population)
        from pneumo_desktop.gui.checkup import check_first_start

        checkup = check_first_start(services, window)
        gc.freeze()  # modules and widgets stay: a whole garbage collection, which holds the window up, passes them by
        code = int(application.exec())
        if checkup is not None:
            checkup.finish()
        return code
    finally:
        forget_folders()
        catcher.remove()
        services.close()
        close_log()


_LAYOUTS_WITHIN_EACH_OTHER = 5
"""A layout that grows asks the one around it for room by an event of its own."""


def _wait(application: QApplication, ready: Callable[[], bool], seconds: float = RENDER_SECONDS) -> None:
    """Let the window live until ``ready``, and until what that brought has found its place in the layouts."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not ready():
        application.processEvents()
        time.sleep(0.01)
    for _ in range(_LAYOUTS_WITHIN_EACH_OTHER):
        application.processEvents()


def save_picture(
    services: Services, queue_id: int | None, path: Path, theme: Theme = Theme.LIGHT, place: int = 0
) -> None:
    """Render the window with the rows of a queue and save it as PNG; needs no display. Raises OSError that names ``path``."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = _application()
    translate_qt(application)
    qInstallMessageHandler(lambda *_message: None)  # the offscreen platform tells what it does not support
    apply_theme(application, theme)
    window = MainWindow(services)
    window.resize(1366, 768)
    window.show()
    if queue_id is not None:
        window.show_list(queue_id)
        _wait(application, window.queue.model.has_rows)
        if window.queue.model.rowCount():
            window.queue.choose(min(place, window.queue.model.rowCount() - 1))
            _wait(application, lambda: window.review.seen or window.review.changed)
    _wait(application, window.model_of_row.told)
    window.grab()  # what is painted asks for its thumbnails
    _wait(application, window.queue.thumbnails.idle)
    window.offer.hide()
    picture = window.grab().toImage()
    window.close()
    qInstallMessageHandler(None)
    write_picture(picture, path)
