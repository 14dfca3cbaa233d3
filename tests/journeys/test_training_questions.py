"""What the training dialog asks before something is given up: the safe answer is the one that Enter takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.questions import LongQuestion
from pneumo_desktop.gui.training.augmentation import USUAL, AugmentationDialog
from pneumo_desktop.gui.training.dialog import TrainingDialog
from pneumo_desktop.gui.training.train_page import TrainPage


@pytest.fixture
def dialog(services: Services, qtbot: QtBot) -> Iterator[TrainingDialog]:
    made = TrainingDialog(services)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.shut()


def asking(answer: Callable[[QMessageBox], None]) -> list[str]:
    """Have ``answer`` called with the next question; returns a list that holds its text then."""
    seen: list[str] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(20, look)
            return
        seen.append(box.text())
        answer(box)

    QTimer.singleShot(0, look)
    return seen


def test_the_question_while_training_runs_goes_away_when_the_training_ends(
    dialog: TrainingDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainPage, "running", property(lambda _page: True))

    def end(_box: QMessageBox) -> None:
        monkeypatch.setattr(TrainPage, "running", property(lambda _page: False))
        dialog.train.busy.emit(False)

    seen = asking(end)
    dialog.reject()  # what Escape does
    assert "Training is running" in seen[0]
    assert QApplication.activeModalWidget() is None
    assert dialog.isVisible()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_enter_and_escape_stay_while_training_runs(
    dialog: TrainingDialog, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, key: Qt.Key
) -> None:
    monkeypatch.setattr(TrainPage, "running", property(lambda _page: True))
    seen = asking(lambda box: qtbot.keyClick(box, key))
    dialog.close()
    assert len(seen) == 1
    assert dialog.isVisible()
    monkeypatch.setattr(TrainPage, "running", property(lambda _page: False))


def test_enter_does_not_train_in_spite_of_the_warnings(dialog: TrainingDialog, qtbot: QtBot) -> None:
    warning = {"code": "too_few_warn", "severity": "warning", "sentence": "There are few images."}
    dialog.data.scan = {"images": 44, "blocked": False, "findings": [warning]}
    seen = asking(lambda box: qtbot.keyClick(box, Qt.Key.Key_Return))
    dialog.next.setEnabled(True)
    dialog.next.click()
    assert "There are few images." in seen[0]
    assert dialog.data.isVisible()


@pytest.mark.parametrize(("key", "goes_on"), [(Qt.Key.Key_Return, False), (Qt.Key.Key_Escape, False), ("yes", True)])
def test_many_warnings_scroll_and_leave_the_answers_on_the_screen(
    dialog: TrainingDialog, qtbot: QtBot, key: Qt.Key | str, goes_on: bool
) -> None:
    warnings = [
        f"{number}. " + "The result will be unsure; more images of each class are better. " * 3 for number in range(15)
    ]
    dialog.data.scan = {"findings": [{"severity": "warning", "sentence": words} for words in warnings]}

    def answer() -> None:
        question = QApplication.activeModalWidget()
        assert isinstance(question, LongQuestion)
        assert question.frameGeometry().height() <= question.screen().availableSize().height()
        assert all(words in question.words.toPlainText() for words in warnings)
        if isinstance(key, str):
            qtbot.keyClick(question.focusWidget(), Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
            qtbot.keyClick(question.focusWidget(), Qt.Key.Key_Space)
        else:
            qtbot.keyClick(question.focusWidget(), key)

    QTimer.singleShot(100, answer)
    assert dialog.data.ask_warnings() is goes_on


def test_the_pages_scroll_where_the_screen_has_no_room(dialog: TrainingDialog) -> None:
    assert dialog.minimumSizeHint().width() <= 683
    assert dialog.minimumSizeHint().height() <= 344  # at 200 % on a small screen, beside frame and task bar
    strengths = AugmentationDialog(USUAL, dialog)
    assert strengths.minimumSizeHint().height() <= 344
