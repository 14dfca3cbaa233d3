"""The worklist: order, filter, selection and keys, with thousands of rows as with ten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.queue_delegate import broken, name_lines
from pneumo_desktop.gui.queue_model import TWIN_ROLE, QueueModel
from pneumo_desktop.gui.queue_order import Column, Show
from pneumo_desktop.gui.queue_view import QueueView
from pneumo_desktop.gui.row_words import below_outcome, second_line, status_text
from pneumo_desktop.gui.thumbnails import SIDE
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.words import set_language

POINT = OperatingPoint(0.5, 0.4, 0.6)


def row(number: int, score: float | None, **more: object) -> Row:
    outcome = Outcome.NOT_ANALYSED if score is None else POINT.judge(score)
    reason = Reason.UNREADABLE if score is None else None
    judged = Judgement(outcome, reason, score, POINT, Population.ADULTS, "m", 1, "0")
    made = Row(number, 1, Entry(Path(f"/gone/{number:05}.jpg")), f"content {number}", "done", judged)
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[QueueView]:
    made = QueueView(QueueModel())
    qtbot.addWidget(made)
    made.resize(450, 600)
    made.show()
    yield made
    made.close_workers()


def shown(view: QueueView) -> list[int]:
    return [row.entry_id for row in view.model.shown_rows()]


def fill(view: QueueView, rows: list[Row]) -> None:
    view.add_rows(rows)
    view.flush()


def test_the_most_suspicious_come_first_and_unread_ones_last(view: QueueView) -> None:
    fill(view, [row(1, 0.2), row(2, None), row(3, 0.9), replace(row(4, 0.1), judgement=None), row(5, 0.5)])
    assert shown(view) == [3, 5, 1, 2, 4]


@pytest.mark.parametrize("column", list(Column))
def test_every_column_sorts_both_ways(view: QueueView, column: Column, qtmodeltester: ModelTester) -> None:
    rows = [row(n, n / 10, patient_name=f"{'CAB'[n % 3]}", study_date=f"2020010{n}") for n in range(1, 8)]
    fill(view, rows)
    view.model.sort(column, Qt.SortOrder.AscendingOrder)
    up = shown(view)
    view.model.sort(column, Qt.SortOrder.DescendingOrder)
    assert shown(view) == up[::-1]
    qtmodeltester.check(view.model)


def test_a_click_on_a_header_sorts_and_a_second_one_turns_it_round(view: QueueView) -> None:
    fill(view, [row(1, 0.2), row(2, 0.9)])
    click = view.table.horizontalHeader().sectionClicked.emit
    for column, once, again in ((Column.NAME, [1, 2], [2, 1]), (Column.OUTCOME, [1, 2], [2, 1])):
        click(column)
        assert shown(view) == once
        click(column)
        assert shown(view) == again
        click(column)
        assert shown(view) == once


def test_the_box_says_which_order_a_header_chose_and_offers_every_other(view: QueueView) -> None:
    fill(view, [row(1, 0.2), row(2, 0.9)])
    header = view.table.horizontalHeader()
    header.sectionClicked.emit(Column.NAME)
    assert view.order_box.currentText() == "By name"
    header.sectionClicked.emit(Column.NAME)
    assert view.order_box.currentText() == "By name, from Z to A"
    header.sectionClicked.emit(Column.OUTCOME)
    assert view.order_box.currentText() == "By outcome"
    assert (header.isSortIndicatorShown(), header.sortIndicatorSection()) == (True, Column.OUTCOME)
    view.order_box.setCurrentIndex(0)
    assert (view.order_box.currentText(), shown(view)) == ("Most suspicious first", [2, 1])
    assert not header.isSortIndicatorShown()


@pytest.mark.parametrize("column", list(Column))
def test_a_click_on_any_header_chooses_an_order_of_its_own_or_none(view: QueueView, column: Column) -> None:
    fill(view, [row(1, 0.2), row(2, 0.9)])
    before = view.order_box.currentIndex()
    view.table.horizontalHeader().sectionClicked.emit(column)
    assert (view.order_box.currentIndex() == before) is (column is Column.SCORE)


def test_filters_by_words_and_by_outcome(view: QueueView) -> None:
    fill(view, [row(1, 0.9, patient_name="Muñoz^Ana"), row(2, 0.9), row(3, 0.1, patient_name="MUÑOZ^Eva")])
    view.filter_box.setText("muñoz a")
    view._refilter()
    assert shown(view) == [1, 3]  # "a" is in both
    view.filter_box.setText("ana muñoz")
    view._refilter()
    assert shown(view) == [1]
    view.filter_box.clear()
    view.show_box.setCurrentIndex(view.show_box.findData(Show.LIKELY_NORMAL))
    assert shown(view) == [3]


def test_names_with_accents_stand_in_the_order_of_the_alphabet_and_are_found_without_them(view: QueueView) -> None:
    names = ["Zúñiga, Eva", "Álvarez, Ana", "Nzuri, Jo", "Ñahui, Rosa", "Ortiz, Paz", "alvear, Luz", "N\u0303ique, Sol"]
    fill(view, [row(number, 0.5, patient_name=name) for number, name in enumerate(names)])
    view.order_box.setCurrentIndex(view.order_box.findText("By patient"))
    assert [names[number] for number in shown(view)] == [
        "Álvarez, Ana", "alvear, Luz", "Nzuri, Jo", "Ñahui, Rosa", "N\u0303ique, Sol", "Ortiz, Paz", "Zúñiga, Eva",
    ]  # fmt: skip
    for typed, found in (
        ("alvarez", [1]), ("ÁLVAREZ", [1]), ("A\u0301lvarez", [1]), ("nahui", [3]), ("ñique", [6]), ("zuñi", [0]),
    ):  # fmt: skip
        view.filter_box.setText(typed)
        view._refilter()
        assert shown(view) == found, typed


def test_what_is_left_shrinks_with_each_decision(view: QueueView) -> None:
    fill(view, [row(1, 0.9), row(2, 0.8)])
    view.show_left()
    view.choose_entry(2)
    view.take_decided(row(1, 0.9, decision=Decision.NORMAL))
    assert shown(view) == [2]
    view.show_left()
    assert shown(view) == [1, 2]


def test_a_chosen_row_that_leaves_the_filter_stays_until_the_reader_moves(view: QueueView, qtbot: QtBot) -> None:
    fill(view, [row(1, 0.9), row(2, 0.8), row(3, 0.7)])
    view.show_box.setCurrentIndex(view.show_box.findData(Show.LIKELY_PNEUMONIA))
    view.choose_entry(2)
    told: list[Row | None] = []
    view.current_changed.connect(told.append)
    fill(view, [row(1, 0.1), row(2, 0.5)])  # read again as somebody else's: normal, and uncertain
    assert shown(view) == [3, 2]
    assert told == [row(2, 0.5)] and view.current_row() == row(2, 0.5)
    (selected,) = view.table.selectionModel().selectedRows()
    assert view.model.row_at(selected.row()).entry_id == 2
    view.step(-1)
    assert told[1:] == [row(3, 0.7)]
    assert shown(view) == [3, 2], "a second click lands where the first did"
    qtbot.waitUntil(lambda: shown(view) == [3])
    assert view.counts.text().startswith("1 of 3 shown")
    assert view.current_row() == row(3, 0.7) and len(told) == 2


def test_a_row_that_was_left_goes_from_under_no_click(
    view: QueueView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(view, [row(1, 0.9), row(2, 0.8)])
    view.show_left()
    view.choose_entry(1)
    view.take_decided(row(1, 0.9, decision=Decision.NORMAL))
    view.choose_entry(2)
    with monkeypatch.context() as pressed:
        pressed.setattr(QApplication, "mouseButtons", lambda: Qt.MouseButton.LeftButton)
        view._drop_misfits()
        assert shown(view) == [1, 2]
    qtbot.waitUntil(lambda: shown(view) == [2])
    view.choose_entry(2)
    view.filter_box.setText("00001")
    view.show_left()
    assert shown(view) == [1], "a filter of the reader's own hides the chosen row, too"


def test_a_decision_reaches_rows_that_are_hidden_or_on_their_way(view: QueueView) -> None:
    fill(view, [row(1, 0.9, sha256="a"), row(2, 0.9, sha256="a"), row(3, 0.8)])
    view.filter_box.setText("00001")
    view._refilter()
    assert shown(view) == [1]
    view.add_rows([row(4, 0.9, sha256="a"), row(5, 0.3)])  # read before the decision, listed after it
    changed = view.take_decided(row(1, 0.9, sha256="a", decision=Decision.NORMAL, note="clear", initials="AB"))
    assert [one.entry_id for one in changed] == [1, 2]
    view.flush()
    told = {one.entry_id: (one.decision, one.note, one.initials) for one in view.model.all_rows()}
    decided, open_ = (Decision.NORMAL, "clear", "AB"), (None, "", "")
    assert told == {1: decided, 2: decided, 3: open_, 4: decided, 5: open_}
    assert view.model.left_count() == 2


def test_the_selection_stays_while_the_list_fills(view: QueueView) -> None:
    fill(view, [row(n, n / 100) for n in range(1, 50)])
    view.choose_entry(7)
    told: list[object] = []
    view.current_changed.connect(told.append)
    for n in range(100, 1000, 9):
        fill(view, [row(n + k, (n * 7 + k) % 100 / 100) for k in range(9)])
    view.open_at_the_top()
    chosen = view.current_row()
    assert chosen is not None and chosen.entry_id == 7
    selected = view.table.selectionModel().selectedRows()
    assert [view.model.row_at(index.row()).entry_id for index in selected] == [7]
    assert told == []


def test_a_long_list_from_the_records_comes_in_steps_and_opens_at_its_top(view: QueueView, qtbot: QtBot) -> None:
    told: list[object] = []
    view.current_changed.connect(told.append)
    view.add_rows([row(n, n / 10_000) for n in range(10_000)])
    steps = []
    view.model.rowsInserted.connect(lambda _parent, first, last: steps.append(last - first + 1))
    qtbot.waitUntil(lambda: view.model.rowCount() == 10_000)
    assert sum(steps) == 10_000
    assert max(steps) < 2_000
    assert told == [row(9_999, 0.9999)]


def test_the_chosen_row_stays_through_every_order_and_filter(view: QueueView) -> None:
    fill(view, [row(n, n % 100 / 100, patient_name=f"{n % 7}") for n in range(1, 500)])
    view.choose_entry(123)
    told: list[object] = []
    view.current_changed.connect(told.append)
    for number in (*range(1, view.order_box.count()), 0):
        view.order_box.setCurrentIndex(number)
        (selected,) = view.table.selectionModel().selectedRows()
        assert view.model.row_at(selected.row()).entry_id == 123
    view.filter_box.setText("00123")
    view._refilter()
    assert shown(view) == [123]
    assert told == []


def test_an_order_by_words_follows_the_language(view: QueueView) -> None:
    decided = [row(1, 0.9, decision=Decision.AGREE), row(2, 0.8), row(3, 0.7, decision=Decision.NORMAL)]
    fill(view, decided)
    view.model.sort(Column.STATUS)
    assert shown(view) == [1, 3, 2]  # Agreed, Reader: normal, To review
    set_language("es")
    view.retranslate()
    words = [status_text(known).casefold() for known in view.model.shown_rows()]
    assert words == sorted(words)


def test_what_sorts_is_made_once_a_row_and_not_in_each_comparison(
    view: QueueView, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(view, [row(n, n / 2_000) for n in range(2_000)])
    asked: list[str] = []
    monkeypatch.setattr("pneumo_desktop.gui.queue_order.tr", lambda text: asked.append(text) or text)
    monkeypatch.setattr("pneumo_desktop.gui.row_words.tr", lambda text: asked.append(text) or text)
    monkeypatch.setattr(Entry, "display_name", lambda entry: asked.append(str(entry.path)) or entry.path.name)
    view.table.hide()  # what is painted asks for words, too
    for column in (-1, *Column):
        view.model.sort(column, Qt.SortOrder.DescendingOrder)
    view.model.set_filter("0", Show.ALL)
    assert len(asked) < 50


def test_what_is_first_shown_stays_until_the_reader_moves(view: QueueView) -> None:
    fill(view, [row(1, None)])
    assert view.current_row() is None  # nothing to see in a file that cannot be read
    fill(view, [row(2, 0.3)])
    fill(view, [row(3, 0.9)])
    view.order_box.setCurrentIndex(view.order_box.findText("By name"))
    view.open_at_the_top()
    assert view.current_row() == row(2, 0.3)
    assert view.automatic
    view.step(1)
    assert not view.automatic


def test_a_list_without_a_score_opens_at_the_top_at_the_end(view: QueueView) -> None:
    fill(view, [row(1, None), row(2, None)])
    view.open_at_the_top()
    assert view.current_row() == row(1, None)


def test_keys_lead_through_ten_thousand_rows(view: QueueView, qtbot: QtBot) -> None:
    fill(view, [row(n, n / 10_000) for n in range(10_000)])
    assert view.model.rowCount() == 10_000
    view.focus_table()
    for key, wanted in (
        (Qt.Key.Key_End, 0), (Qt.Key.Key_Up, 1), (Qt.Key.Key_Home, 9999), (Qt.Key.Key_Down, 9998),
    ):  # fmt: skip
        qtbot.keyClick(view.table, key)
        chosen = view.current_row()
        assert chosen is not None and chosen.entry_id == wanted
    assert len(view.thumbnails._wishes) <= 40  # made for what is seen, not for the whole list


def test_patient_and_date_stand_under_the_name(view: QueueView) -> None:
    fill(view, [row(1, 0.9, patient_name="Testkind^Anna", study_date="20220615")])
    assert second_line(view.model.row_at(0)) == "Testkind Anna · 2022-06-15"


def test_a_narrow_list_keeps_the_outcome_under_the_name(view: QueueView) -> None:
    fill(view, [row(1, 0.9)])
    assert not view.table.isColumnHidden(Column.OUTCOME)
    view.resize(210, 500)
    assert view.table.isColumnHidden(Column.OUTCOME)
    assert view._delegate.compact


def test_a_row_says_everything_to_a_screen_reader(view: QueueView) -> None:
    fill(view, [row(1, 0.9)])
    index = view.model.index(0, Column.NAME)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "00001.jpg, Likely pneumonia, score 0.90, To review"
    fill(view, [row(1, 0.9, patient_name="Testkind^Anna", study_date="20220615")])
    said = "00001.jpg, Testkind Anna, 2022-06-15, Likely pneumonia, score 0.90, To review"
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == said
    set_language("es")
    assert "Probable neumonía" in index.data(Qt.ItemDataRole.AccessibleTextRole)


def test_files_with_the_same_image_name_each_other(view: QueueView) -> None:
    fill(view, [row(1, 0.9, sha256="a"), row(2, 0.9, sha256="a"), row(3, 0.8, sha256="b"), row(4, 0.2, sha256="")])
    names = [view.model.index(place, 0).data(TWIN_ROLE) for place in range(4)]
    assert names == ["00002.jpg", "00001.jpg", "", ""]
    assert "same image as 00002.jpg" in view.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert view.counts.text().endswith("1 with the same image as another")
    fill(view, [row(1, 0.9, sha256="c")])  # another content now
    assert view.model.twin_count() == 0
    fill(view, [row(3, 0.8, sha256="c")])
    assert view.model.twin_name(view.model.row_of(3) or row(0, None)) == "00001.jpg"
    view.clear()
    assert view.model.twin_count() == 0


NAMES = (
    "00000583_008.jpg", "Niño_Ñández López, radiografía de tórax (2).jpeg", "archivo-de-imagen-20260607.jpeg", "x" * 80,
)  # fmt: skip


@pytest.mark.parametrize("code", ["en", "es"])
def test_a_row_says_its_words_in_full_at_the_usual_width(view: QueueView, code: str) -> None:
    set_language(code)
    view.retranslate()
    metrics = view.table.fontMetrics()
    word_room = view.table.columnWidth(Column.OUTCOME) - 27
    for decision in Decision:
        text = below_outcome(row(1, 0.9, decision=decision))
        assert " ".join(broken(text, metrics, word_room, 2)) == text
    for reason in Reason:
        judged = replace(row(1, None).judgement, reason=reason)  # type: ignore[type-var]
        text = below_outcome(row(1, None, judgement=judged))
        assert " ".join(broken(text, metrics, word_room, 2)) == text
    room = view.table.columnWidth(Column.NAME) - SIDE - 13
    for name in NAMES[:3]:
        lines, below = name_lines(row(1, 0.9, entry=Entry(Path("/gone", name))), "", metrics, room)
        assert "".join(lines).replace(" ", "") == name.replace(" ", "")
        assert below == []
    film = row(1, 0.9, patient_name="Testkind^Anna María de la Concepción", study_date="20220615")
    lines, below = name_lines(film, "", metrics, room)
    assert below[-1] == "2022-06-15"
    long, _below = name_lines(row(1, 0.9, entry=Entry(Path("/gone", NAMES[3]))), "", metrics, room)
    assert len(long) == 2 and "…" in long[1]
    lines, below = name_lines(film, "00001.jpg", metrics, room)
    assert len(lines) + len(below) <= 3


def test_a_note_is_told_of(view: QueueView) -> None:
    fill(view, [row(1, 0.9, note="ask again")])
    index = view.model.index(0, 0)
    assert "has a note" in index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Note: ask again" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert "Note by" not in index.data(Qt.ItemDataRole.ToolTipRole)
    fill(view, [row(1, 0.9, note="ask again", initials="AB", note_initials="CD")])
    assert "Note: ask again\nNote by CD" in index.data(Qt.ItemDataRole.ToolTipRole)
    with_note = view.table.grab().toImage()
    fill(view, [row(1, 0.9)])
    assert view.table.grab().toImage() != with_note
