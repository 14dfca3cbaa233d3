"""A screen reader has words for whatever can have the focus, and the Tab key comes to it: in the window and in each dialog."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QButtonGroup,
    QComboBox,
    QDialog,
    QLabel,
    QRadioButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.checkup import CheckupDialog
from pneumo_desktop.gui.errors import ErrorDialog
from pneumo_desktop.gui.evaluation import EvaluationDialog
from pneumo_desktop.gui.export_dialog import ExportChoice, ExportDialog
from pneumo_desktop.gui.help_dialog import HelpDialog
from pneumo_desktop.gui.invitations import Offer
from pneumo_desktop.gui.left_out_dialog import LeftOutDialog
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.models_dialog import ModelsDialog
from pneumo_desktop.gui.reason_dialog import ReasonDialog
from pneumo_desktop.gui.settings_dialog import Settings, SettingsDialog
from pneumo_desktop.gui.theme import Theme
from pneumo_desktop.gui.training.augmentation import AugmentationDialog
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.gui.training.preview import PreviewDialog
from pneumo_desktop.gui.viewer.dialogs import CheatSheet, TagsDialog
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.imaging.sources import LeftOut
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.reading.pipeline import Callbacks
from pneumo_desktop.words import set_language

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
LANGUAGES = ("en", "es")


def within(interface: QAccessibleInterface) -> Iterator[QAccessibleInterface]:
    """An interface and all below it; what has no object of its own (cells, items of a list) is its view's."""
    yield interface
    for number in range(interface.childCount()):
        child = interface.child(number)
        if child is not None and child.isValid() and child.object() is not None:
            yield from within(child)


def name_of(interface: QAccessibleInterface) -> str:
    """What a screen reader says of a control: its label's words, or its own name.

    Of a drop-down list Qt tells its value as the name on Linux, which is none: there a label must be related to it.
    """
    labels = [other.text(QAccessible.Text.Name) for other, _kind in interface.relations(QAccessible.RelationFlag.Label)]
    own = "" if isinstance(interface.object(), QComboBox) else interface.text(QAccessible.Text.Name)
    return next((words for words in (*labels, own) if words.strip()), "")


def focusable(window: QWidget) -> list[QAccessibleInterface]:
    """Whatever of a window can have the focus.

    The list that a drop-down list opens is announced as that; a hidden button or label without words gets them when it is shown.
    """
    found = []
    for interface in within(QAccessible.queryAccessibleInterface(window)):
        thing = interface.object()
        in_a_drop_down = isinstance(thing, QAbstractItemView) and isinstance(above(thing), QComboBox)
        not_asked = isinstance(thing, QAbstractButton | QLabel) and not thing.isVisible() and not thing.text()
        if interface.state().focusable and not in_a_drop_down and not not_asked:  # type: ignore[attr-defined]
            found.append(interface)
    return found


def above(view: QAbstractItemView) -> QObject | None:
    """The drop-down list that a view belongs to."""
    container = view.parent()
    return container.parent() if container is not None else None


def unnamed(window: QWidget) -> list[str]:
    return [
        f"{type(interface.object()).__name__} in {type(interface.object().parent()).__name__}"
        for interface in focusable(window)
        if not name_of(interface)
    ]


def in_reach(window: QWidget) -> set[QWidget]:
    """Whatever Tab should come to: shown, enabled, and of a group of radio buttons the one that is chosen."""
    found = set()
    for widget in window.findChildren(QWidget):
        if widget.window() is not window or not widget.isVisible() or not widget.isEnabled():
            continue
        if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus or widget.focusProxy() is not None:
            continue
        if isinstance(widget, QRadioButton) and not widget.isChecked() and grouped(widget):
            continue
        found.add(widget)
    return found


def grouped(button: QRadioButton) -> QButtonGroup | bool:
    return button.group() or button.autoExclusive()


def tabbed(window: QWidget, qtbot: QtBot) -> set[QWidget]:
    """Whatever Tab does come to, round the whole window."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    seen: list[QWidget] = []
    for _press in range(400):
        qtbot.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        here = QApplication.focusWidget()
        if here is None or (seen and here is seen[0]):
            break
        assert here not in seen, f"Tab goes round in a circle at {type(here).__name__} {here.accessibleName()!r}"
        seen.append(here)
    return set(seen)


def described(widgets: set[QWidget]) -> list[str]:
    return sorted(f"{type(widget).__name__} {widget.accessibleName() or widget.objectName()!r}" for widget in widgets)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """The program's services with a list of four films in the records."""
    made = Services.create(tmp_path / "data")
    films = tmp_path / "films"
    films.mkdir()
    for path in FIXTURES.glob("*.jpeg"):
        shutil.copyfile(path, films / path.name)
    queue = made.store.new_queue("films", Population.NOT_KNOWN)
    made.store.add_entries(queue, [Entry(path) for path in sorted(films.glob("*.jpeg"))])
    made.store.add_left_out(queue, [(films / "notes.txt", None, "not_an_image")])
    made.resume_queue(queue, Population.NOT_KNOWN, Callbacks(lambda rows: None)).wait()
    yield made
    made.close()


@pytest.fixture
def window(services: Services, qtbot: QtBot) -> Iterator[MainWindow]:
    made = MainWindow(services)
    qtbot.addWidget(made)
    made.resize(1366, 768)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()


def listed(window: MainWindow, services: Services, qtbot: QtBot) -> None:
    """Show the list and the first film, and ask whatever the window may ask."""
    window.show_list(services.store.queues()[0][0])
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 4)
    window.queue.choose(0)
    qtbot.waitUntil(lambda: window.viewer.snapshot() is not None)
    for offer in window.findChildren(Offer):
        offer.ask(lambda: ("?", "yes", "no"))
    window.population_question.ask((Path("/clinic"),))
    window.queue.reading_bar.begin()
    for button in (window.result.show_verdict, window.result.withhold, window.result.read_again):
        button.show()
    QApplication.processEvents()


@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_in_the_window_has_a_name_and_is_in_reach_of_tab(
    window: MainWindow, services: Services, code: str, qtbot: QtBot
) -> None:
    window.appearance.choose_language(code)
    try:
        assert unnamed(window) == []  # the empty window
        assert described(in_reach(window) - tabbed(window, qtbot)) == []
        listed(window, services, qtbot)
        assert len(focusable(window)) > 50
        assert unnamed(window) == []
        assert described(in_reach(window) - tabbed(window, qtbot)) == []
    finally:
        window.appearance.choose_language("en")


def some_training(services: Services) -> TrainingDialog:
    dialog = TrainingDialog(services)
    dialog.train.more.setChecked(True)
    return dialog


DIALOGS: dict[str, Callable[[Services], QDialog]] = {
    "settings": lambda _services: SettingsDialog(Settings("en", Theme.DARK)),
    "export": lambda _services: ExportDialog(ExportChoice.usual(), 3, 10),
    "models": ModelsDialog,
    "evaluation": EvaluationDialog,
    "training": some_training,
    "augmentation": lambda _services: AugmentationDialog({}),
    "help": lambda services: HelpDialog(services.bundled_card()),
    "checkup": CheckupDialog,
    "left out": lambda _services: LeftOutDialog([LeftOut(Path("/a/notes.txt"), None, "not_an_image")]),
    "tags": lambda _services: TagsDialog("film.dcm", [("0010,0010", "PatientName", "PN", "X")]),
    "keys": lambda _services: CheatSheet([]),
    "error": lambda _services: ErrorDialog("report"),
    "reason": lambda _services: ReasonDialog("Models", "The new model is worse. Why is it used?"),
    "preview": lambda _services: PreviewDialog([[str(path)] * 3 for path in sorted(FIXTURES.glob("*.jpeg"))]),
}


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", DIALOGS)
def test_everything_in_a_dialog_has_a_name_and_is_in_reach_of_tab(
    name: str, code: str, services: Services, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingDialog, "may_close", lambda _self: True)
    set_language(code)
    dialog = DIALOGS[name](services)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    if isinstance(dialog, ModelsDialog):
        qtbot.waitUntil(lambda: dialog.table.rowCount() == 1)
    pages = range(dialog.pages.count()) if isinstance(dialog, TrainingDialog) else (None,)
    for page in pages:
        if page is not None:
            assert isinstance(dialog, TrainingDialog)
            dialog.pages.setCurrentIndex(page)
            QApplication.processEvents()
        assert focusable(dialog)
        assert unnamed(dialog) == []
        assert described(in_reach(dialog) - tabbed(dialog, qtbot)) == []
    dialog.close()


@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_in_an_evaluation_with_results_has_a_name_and_is_in_reach_of_tab(
    code: str, services: Services, tmp_path: Path, qtbot: QtBot
) -> None:
    for number, path in enumerate(sorted(FIXTURES.glob("*.jpeg"))):
        place = tmp_path / "labelled" / ("NORMAL" if number % 2 else "PNEUMONIA") / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    set_language(code)
    dialog = EvaluationDialog(services, tmp_path / "labelled")
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.focusWidget() is dialog.folder  # a path can be typed at once
    qtbot.waitUntil(lambda: dialog.model.count() == 1)
    dialog.other.setCurrentIndex(1)  # two models: every part of the page is shown
    dialog.toggle()
    qtbot.waitUntil(dialog.page.isVisible, timeout=60_000)
    assert dialog.minimumSizeHint().width() <= 683
    assert dialog.minimumSizeHint().height() <= 344  # at 200 % on a small screen, beside frame and task bar
    page = dialog.page
    page.gallery.show_cases("all", page.reports()[0].cases)
    for tab in range(page.tabs.count()):
        page.tabs.setCurrentIndex(tab)
        QApplication.processEvents()
        assert unnamed(dialog) == []
        assert described(in_reach(dialog) - tabbed(dialog, qtbot)) == []
    dialog.close()
