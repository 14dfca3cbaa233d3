"""Number fields follow the program's language: those that stand, and those of windows made later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QDoubleSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from pneumo_desktop.evaluation.cases import Case
from pneumo_desktop.gui.evaluation.gallery import case_words
from pneumo_desktop.gui.qt_words import translate_qt
from pneumo_desktop.gui.reading_bar import progress_text
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population
from pneumo_desktop.reading.pipeline import Progress
from pneumo_desktop.words import set_language


@pytest.fixture(autouse=True)
def own_locale() -> Iterator[None]:
    before = QLocale()
    yield
    QLocale.setDefault(before)


def field(parent: QWidget) -> QDoubleSpinBox:
    made = QDoubleSpinBox(decimals=1, suffix=" %", value=12.5)
    QVBoxLayout(parent).addWidget(made)
    return made


def test_numbers_follow_the_language_at_once_and_from_then_on(qapp: QApplication, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    standing = field(window)
    for language, text in (("es", "12,5 %"), ("en", "12.5 %"), ("es", "12,5 %")):
        set_language(language)
        translate_qt(qapp)
        dialog = QDialog(window)
        later = field(dialog)
        assert (standing.text(), later.text()) == (text, text)
        later.lineEdit().setText(text.replace("12", "17"))
        later.interpretText()
        assert later.value() == 17.5


def test_keys_are_called_as_the_keyboard_and_the_sentences_call_them(qapp: QApplication) -> None:
    keys = QKeySequence("Ctrl+Shift+O")
    for language, name, cancel in (("es", "Ctrl+Mayús+O", "Cancelar"), ("en", "Ctrl+Shift+O", "Cancel")):
        set_language(language)
        translate_qt(qapp)
        assert keys.toString(QKeySequence.SequenceFormat.NativeText) == name
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        assert box.button(QDialogButtonBox.StandardButton.Cancel).text() == cancel, "the rest is Qt's own"


def test_the_rate_of_the_reading_has_the_languages_decimal_sign() -> None:
    slow = Progress(done=1, total=9, walking=False, images_per_second=0.04, seconds_left=200.0)
    set_language("es")
    assert "0,0 por segundo" in progress_text(slow)
    set_language("en")
    assert "0.0 a second" in progress_text(slow)


def test_an_image_without_a_score_is_not_given_an_empty_one() -> None:
    outcomes = {Outcome.UNCERTAIN: 0.5, Outcome.NOT_ANALYSED: None}
    judged = [
        Judgement(outcome, None, score, None, Population.NOT_KNOWN, "m", 1, "1") for outcome, score in outcomes.items()
    ]
    told = [case_words(Case(Entry(Path("a.png")), "a.png", 1, "p", judgement)) for judgement in judged]
    assert told == [
        "Labelled pneumonia; read as: uncertain, score 0.50",
        "Labelled pneumonia; read as: not analysed",
    ]
