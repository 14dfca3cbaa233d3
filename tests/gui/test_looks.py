"""Contrast, room and names: what a reader with weak eyes, a small screen or a screen reader needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAccessible, QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QLineEdit,
    QRadioButton,
    QScrollArea,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.evaluation.cases import Case
from pneumo_desktop.evaluation.command import Evaluation
from pneumo_desktop.evaluation.report import Report, compare_reports, make_report
from pneumo_desktop.gui.checkup import CheckupDialog
from pneumo_desktop.gui.errors import ErrorDialog
from pneumo_desktop.gui.evaluation import EvaluationDialog
from pneumo_desktop.gui.export_dialog import ExportChoice, ExportDialog
from pneumo_desktop.gui.help_dialog import HelpDialog
from pneumo_desktop.gui.icons import icon
from pneumo_desktop.gui.invitations import Offer, Welcome
from pneumo_desktop.gui.left_out_dialog import LeftOutDialog
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.models_dialog import ModelsDialog
from pneumo_desktop.gui.outcomes import outcome_colour
from pneumo_desktop.gui.reading_run import EndOfReading
from pneumo_desktop.gui.screen_room import room_for
from pneumo_desktop.gui.settings_dialog import Settings, SettingsDialog
from pneumo_desktop.gui.theme import Theme, _palette, apply_theme
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.gui.training.preview import PreviewDialog
from pneumo_desktop.gui.viewer.dialogs import CheatSheet, TagsDialog
from pneumo_desktop.gui.window_menus import TOOLS
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.imaging.sources import LeftOut
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.reading.pipeline import Progress
from pneumo_desktop.records.rows import Row
from pneumo_desktop.words import set_language
from tests.using_the_window import FIXTURES, open_window

ROLE = QPalette.ColorRole


def luminance(colour: QColor) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(first: QColor, second: QColor) -> float:
    """Contrast ratio, WCAG 2.2: 1 to 21."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        (ROLE.WindowText, ROLE.Window), (ROLE.Text, ROLE.Base), (ROLE.Text, ROLE.AlternateBase),
        (ROLE.ButtonText, ROLE.Button), (ROLE.HighlightedText, ROLE.Highlight), (ROLE.ToolTipText, ROLE.ToolTipBase),
        (ROLE.PlaceholderText, ROLE.Base), (ROLE.PlaceholderText, ROLE.AlternateBase), (ROLE.Link, ROLE.Base),
    ],
)  # fmt: skip
def test_words_stand_out(qapp: QApplication, dark: bool, ink: ROLE, ground: ROLE) -> None:
    palette = _palette(dark)
    assert contrast(palette.color(ink), palette.color(ground)) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_outcomes_stand_out_on_every_ground_they_stand_on(qapp: QApplication, dark: bool, outcome: Outcome) -> None:
    palette = _palette(dark)
    for ground in (ROLE.Base, ROLE.AlternateBase, ROLE.Window):
        assert contrast(outcome_colour(outcome, dark), palette.color(ground)) >= 4.5


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the platform's own style")
@pytest.mark.parametrize("kind", [QRadioButton, QCheckBox])
def test_an_empty_box_is_seen_in_the_dark(qapp: QApplication, qtbot: QtBot, kind: type[QAbstractButton]) -> None:
    apply_theme(qapp, Theme.DARK)
    try:
        button = kind()
        qtbot.addWidget(button)
        picture = button.grab().toImage()
        ground = qapp.palette().color(ROLE.Window)
        places = [(x, y) for x in range(picture.width()) for y in range(picture.height())]
        assert max(contrast(picture.pixelColor(x, y), ground) for x, y in places) >= 3.0
    finally:
        apply_theme(qapp, Theme.LIGHT)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the platform's own style")
def test_the_border_of_a_text_field_is_seen_in_the_dark(qapp: QApplication, qtbot: QtBot) -> None:
    apply_theme(qapp, Theme.DARK)
    try:
        field = QLineEdit()
        qtbot.addWidget(field)
        picture = field.grab().toImage()
        ground = qapp.palette().color(ROLE.Window)
        middle = picture.height() // 2
        assert max(contrast(picture.pixelColor(x, middle), ground) for x in range(4)) >= 3.0
    finally:
        apply_theme(qapp, Theme.LIGHT)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the platform's own style")
@pytest.mark.parametrize("theme", [Theme.DARK, Theme.LIGHT])
def test_a_text_field_that_takes_no_text_has_the_colour_of_the_ground(
    qapp: QApplication, qtbot: QtBot, theme: Theme
) -> None:
    apply_theme(qapp, theme)
    try:
        field = QLineEdit()
        qtbot.addWidget(field)
        field.setEnabled(False)
        picture = field.grab().toImage()
        middle = picture.height() // 2
        ground = qapp.palette().color(ROLE.Window)
        assert picture.pixelColor(picture.width() // 2, middle) == ground
        assert max(contrast(picture.pixelColor(x, middle), ground) for x in range(4)) < 3.0
    finally:
        apply_theme(qapp, Theme.LIGHT)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the platform's own style")
def test_no_button_of_a_dialog_has_an_icon(qapp: QApplication, qtbot: QtBot) -> None:
    apply_theme(qapp, Theme.LIGHT)
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert all(button.icon().isNull() for button in box.buttons())


def test_every_tool_has_an_icon(qapp: QApplication) -> None:
    for name in TOOLS:
        assert name is None or not icon(name, qapp.palette()).isNull()


@pytest.fixture
def window(tmp_path: Path, qtbot: QtBot) -> Iterator[MainWindow]:
    services = Services.create(tmp_path / "data")
    made = open_window(services, qtbot)
    yield made
    made.close()
    services.close()


def test_dark_colours_are_drawn_at_once(window: MainWindow, qtbot: QtBot) -> None:
    judged = Judgement(
        Outcome.LIKELY_PNEUMONIA, None, 0.9, OperatingPoint(0.5, 0.4, 0.6), Population.ADULTS, "m", 1, "0"
    )
    window.result.set_row(Row(1, 1, Entry(Path("/gone.jpg")), "x", "done", judged))
    try:
        for theme, dark in ((Theme.LIGHT, False), (Theme.DARK, True), (Theme.LIGHT, False)):
            window.appearance.choose_theme(theme)
            QApplication.processEvents()
            ground = window.toolbar.palette().color(ROLE.Window)
            drawn = window.menus.actions["open_folder"].icon().pixmap(22, 22).toImage()
            inks = [drawn.pixelColor(x, y) for x in range(drawn.width()) for y in range(drawn.height())]
            assert max(contrast(ink, ground) for ink in inks if ink.alpha() == 255) >= 4.5
            word = window.result.word.palette().color(ROLE.WindowText)
            assert word == outcome_colour(Outcome.LIKELY_PNEUMONIA, dark)
    finally:
        window.appearance.choose_theme(Theme.SYSTEM)


def spoken(widget: QWidget) -> str:
    """What a screen reader says of a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name) if interface is not None else ""


def named(window: QWidget) -> dict[str, QWidget]:
    """Everything that can have the focus, by what is said of it; fails where nothing is."""
    found = {}
    for widget in window.findChildren(QWidget):
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or widget.objectName().startswith("qt_"):
            continue
        if isinstance(widget, QAbstractButton | QComboBox | QLineEdit) or type(widget).__module__.startswith("pneumo"):
            if isinstance(widget, Welcome) or isinstance(widget.parent(), Offer):  # an offer has words when it asks
                continue
            assert spoken(widget), f"{type(widget).__name__} {widget.objectName()} has no name"
            found[spoken(widget)] = widget
    return found


def test_everything_that_can_be_reached_has_a_name_in_both_languages(window: MainWindow) -> None:
    english = set(named(window))
    window.appearance.choose_language("es")
    spanish = set(named(window))
    window.appearance.choose_language("en")
    same = english & spanish
    assert len(english) > 30
    assert same <= {"Normal  [2]", "Normal", "Undo"}


def test_at_double_scale_the_decision_is_in_reach(window: MainWindow, qtbot: QtBot) -> None:
    judged = Judgement(
        Outcome.LIKELY_PNEUMONIA, None, 0.9, OperatingPoint(0.5, 0.4, 0.6), Population.ADULTS, "m", 1, "0"
    )
    window.result.set_row(Row(1, 1, Entry(Path("/gone.jpg")), "x", "done", judged))
    window.population_question.ask((Path("/clinic"),))
    for code in ("en", "es"):
        window.appearance.choose_language(code)
        window.resize(683, 384)
        QApplication.processEvents()
        assert (window.width(), window.height()) == (683, 384)
        for widget in (
            *window.result.decision.buttons.values(),
            window.result.decision.note,
            window.result.decision.undo,
            window.result.disclaimer,
        ):
            assert widget.isVisible()
            place = widget.rect().translated(widget.mapTo(window, widget.rect().topLeft()))
            assert window.rect().contains(place), widget
        tops = sorted(
            button.mapTo(window, button.rect().topLeft()).y() for button in window.result.decision.buttons.values()
        )
        assert all(second - first >= 18 for first, second in pairwise(tops) if second != first)
    window.appearance.choose_language("en")


def test_the_window_opens_no_larger_than_its_screen(window: MainWindow) -> None:
    assert window.size().boundedTo(room_for(window)) == window.size()


@pytest.mark.parametrize(("width", "height", "all_of_it"), [(1366, 768, True), (1920, 1080, False), (683, 384, True)])
def test_a_small_screen_is_filled(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, width: int, height: int, all_of_it: bool
) -> None:
    """With its frame a window of the screen's own size would hang over the edge, and the status bar with it."""
    monkeypatch.setattr("pneumo_desktop.gui.main_window.room_for", lambda _window: QSize(width, height - 40))
    services = Services.create(tmp_path / "data")
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.open()
    assert window.isMaximized() is all_of_it
    window.close()
    services.close()


@pytest.mark.parametrize("code", ["en", "es"])
def test_the_window_fits_a_small_screen_at_double_scale(window: MainWindow, code: str) -> None:
    window.appearance.choose_language(code)
    window.resize(683, 384)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (683, 384)
    assert window.centralWidget().minimumSizeHint().width() <= 683
    for part in (window.queue, window.result):
        right = part.mapTo(window, part.rect().topRight())
        assert right.x() <= 683
    window.appearance.choose_language("en")


@pytest.mark.parametrize("code", ["en", "es"])
def test_at_double_scale_nothing_beside_the_list_is_cut(window: MainWindow, qtbot: QtBot, code: str) -> None:
    window.appearance.choose_language(code)
    window.resize(683, 364)
    QApplication.processEvents()
    for box in (window.queue.show_box, window.queue.order_box):
        options = QStyleOptionComboBox()
        box.initStyleOption(options)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, options, part, box).width()
        widest = max(box.fontMetrics().horizontalAdvance(box.itemText(n)) for n in range(box.count()))
        assert widest <= room, (box.accessibleName(), widest, room)
    bar = window.queue.reading_bar
    bar.begin()
    bar.tell(Progress(110, 137, False, 12.8, 190.0))
    window.population_question.ask((Path("/clinic"),))
    qtbot.waitUntil(lambda: bar.text.height() >= bar.text.heightForWidth(bar.text.width()))
    assert bar.text.width() > 150
    assert window.queue.table.viewport().height() >= window.queue.table.rowHeight(0)
    bar.end(EndOfReading(stopped=False, done=137, total=137, out_of_reach=92))
    qtbot.waitUntil(lambda: bar.text.height() >= bar.text.heightForWidth(bar.text.width()))
    bar.end(EndOfReading(stopped=True, done=37, total=1137))
    qtbot.waitUntil(lambda: bar.text.height() >= bar.text.heightForWidth(bar.text.width()))
    window.appearance.choose_language("en")


@pytest.mark.parametrize("code", ["en", "es"])
def test_dialogs_fit_a_small_screen_at_double_scale(window: MainWindow, code: str, qtbot: QtBot) -> None:
    set_language(code)
    left_out = [LeftOut(Path("/a/notes.txt"), None, "not_an_image")]
    pictures = PreviewDialog([[str(path)] * 6 for path in sorted(FIXTURES.glob("*.jpeg"))])
    for dialog in (
        ExportDialog(ExportChoice.usual(), 3, 10), SettingsDialog(Settings(code, Theme.DARK)),
        CheatSheet(window.menus.groups()), LeftOutDialog(left_out), ErrorDialog("text"),
        HelpDialog(None), CheckupDialog(window._services), TagsDialog("a.dcm", []), pictures,
        ModelsDialog(window._services), EvaluationDialog(window._services), TrainingDialog(window._services),
    ):  # fmt: skip
        qtbot.addWidget(dialog)
        hint = dialog.minimumSizeHint()
        assert hint.width() <= 683, type(dialog).__name__
        assert hint.height() <= 384, type(dialog).__name__
        dialog.close()


@pytest.mark.parametrize("code", ["en", "es"])
def test_what_a_training_asks_is_not_wider_than_a_small_screen(window: MainWindow, code: str, qtbot: QtBot) -> None:
    set_language(code)
    dialog = TrainingDialog(window._services)
    qtbot.addWidget(dialog)
    dialog.data.mapping.offer({"a folder with a name that is longer than half of the window": 24})
    for page in (dialog.data, dialog.train):
        assert page.minimumSizeHint().width() <= 770, type(page).__name__
    dialog.close()
    set_language("en")


def _report(model_id: str) -> Report:
    """One refused film of each class and eleven read ones."""
    point = OperatingPoint(0.5, 0.4, 0.6)
    cases = []
    for number in range(24):
        score = None if number < 2 else 0.04 * number
        outcome = Outcome.NOT_ANALYSED if score is None else point.judge(score)
        reason = Reason.NOT_CHEST_FRONTAL if score is None else None
        judged = Judgement(outcome, reason, score, point if score else None, Population.NOT_KNOWN, model_id, 1, "0.1.0")
        cases.append(Case(Entry(Path(f"{number}.png")), f"{number}.png", number % 2, f"p{number}", judged))
    return make_report(cases, repeats=20)


@pytest.mark.parametrize("code", ["es", "en"])
def test_an_evaluation_of_two_models_is_not_wider_than_a_screen_of_800(
    window: MainWindow, code: str, qtbot: QtBot
) -> None:
    set_language(code)
    new, old = _report("local-20261127-ab12cd34"), _report("pneumo-5")
    dialog = EvaluationDialog(window._services)
    qtbot.addWidget(dialog)
    dialog.resize(800, 560)
    dialog.show()
    page = dialog.page
    dialog.hint.hide()
    page.show_evaluation(Evaluation(new, old, compare_reports(new, old, repeats=20)), by_name=True)
    page.show()
    areas = [area for area in dialog.findChildren(QScrollArea) if area.isAncestorOf(page)]
    for width, beside in ((800, False), (1366, True), (800, False)):  # opened so, and made larger and smaller
        dialog.resize(width, 560)
        for number in range(page.tabs.count()):
            page.tabs.setCurrentIndex(number)
            QApplication.processEvents()
            moving = [*areas, page.numbers, page.thresholds.table]
            assert [area.horizontalScrollBar().maximum() for area in moving] == [0] * 3, (width, number)
        page.tabs.setCurrentIndex(0)
        QApplication.processEvents()
        first, second = (matrix.geometry() for matrix in page.matrices)
        assert (first.top() == second.top()) is beside
    dialog.close()


def test_the_usual_export_reads_in_the_spreadsheet_of_the_language() -> None:
    set_language("es")
    assert (ExportChoice.usual().separator, ExportChoice.usual().decimal) == (";", ",")
    set_language("en")
    assert (ExportChoice.usual().separator, ExportChoice.usual().decimal) == (",", ".")


def test_an_export_that_no_spreadsheet_could_read_cannot_be_chosen(qtbot: QtBot) -> None:
    dialog = ExportDialog(ExportChoice(), 3, 10)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.decimal.setCurrentIndex(1)
    assert not dialog.save.isEnabled()
    assert dialog.problem.isVisible()
    dialog.separator.setCurrentIndex(1)
    assert dialog.save.isEnabled()
    dialog.rows.setCurrentIndex(1)
    dialog.patient.setChecked(True)
    assert dialog.choice() == ExportChoice("csv", ";", ",", shown_only=True, patient=True)
    assert ExportChoice.from_setting(dialog.choice().setting()).patient is False  # asked for anew each time
    assert ExportChoice.from_setting({"unknown": 1}) == ExportChoice.usual()


def test_the_export_counts_rows_that_come_while_it_is_open(qtbot: QtBot) -> None:
    dialog = ExportDialog(ExportChoice(), 3, 3)
    qtbot.addWidget(dialog)
    assert (dialog.rows.count(), dialog.rows.itemText(0)) == (1, "All 3 rows")
    dialog.set_counts(4, 12)
    assert [dialog.rows.itemText(n) for n in range(dialog.rows.count())] == ["All 12 rows", "The 4 rows shown"]
    dialog.rows.setCurrentIndex(1)
    dialog.set_counts(5, 13)
    assert dialog.choice().shown_only
    dialog.set_counts(13, 13)
    assert not dialog.choice().shown_only
