"""The real window, used as a person would: drop, look, decide, undo, export, change the language, go on later."""

from __future__ import annotations

import json
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import Services
from pneumo_desktop.cli import main
from pneumo_desktop.gui.export_dialog import ExportChoice, export_to, save_picture_to
from pneumo_desktop.gui.help_dialog import HelpDialog
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.gui.settings_dialog import Settings
from pneumo_desktop.gui.start import save_picture
from pneumo_desktop.gui.theme import Theme
from pneumo_desktop.gui.thumbnails import make_thumbnail
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population, Reason
from pneumo_desktop.reading.pipeline import Callbacks
from pneumo_desktop.records.rows import Decision
from pneumo_desktop.words import language, set_language

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Röntgen ñ Ж"
    (made / "inner").mkdir(parents=True)
    for path in FIXTURES.glob("*.jpeg"):
        shutil.copyfile(path, made / path.name)
    shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", made / "inner" / "twin.jpg")
    (made / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    (made / "notes.txt").write_text("no image")
    return made


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(QPoint(400, 300)), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    window.dropEvent(event)


def read_folder(window: MainWindow, path: Path, qtbot: QtBot, rows: int) -> None:
    drop(window, path)
    qtbot.waitUntil(lambda: not window.active_runs(), timeout=60_000)
    window.queue.flush()
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == rows)


def test_a_dropped_folder_becomes_a_worklist(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    rows = window.queue.model.shown_rows()
    assert [row.judgement.outcome for row in rows[:2] if row.judgement] == [Outcome.LIKELY_PNEUMONIA] * 2
    broken = next(row for row in rows if row.entry.path.name == "broken.png")
    assert broken.judgement is not None
    assert (broken.judgement.reason, broken.judgement.score) == (Reason.UNREADABLE, None)
    twins = [row for row in rows if row.entry.path.name in ("twin.jpg", "IM-0131-0001.jpeg")]
    assert len({row.judgement.score for row in twins if row.judgement}) == 1
    assert sorted(row.duplicate for row in twins) == [False, True]
    assert [item.path.name for item in window.reading.left_out] == ["notes.txt"]
    assert window._left_out.text() == "1 file left out…"


def look_at(window: MainWindow, place: int, qtbot: QtBot) -> None:
    """Choose a row and wait for its picture."""
    window.queue.choose(place)
    qtbot.waitUntil(lambda: window.review._seen)


def picture(window: MainWindow, qtbot: QtBot) -> QImage:
    """The picture as it is shown, when it has come."""
    qtbot.waitUntil(lambda: window.viewer.snapshot() is not None)
    make = window.viewer.snapshot()
    assert make is not None
    return make()


def test_the_viewer_shows_the_chosen_film_with_its_map(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.choose(0)
    with_map = picture(window, qtbot).copy(0, 0, 224, 224)
    window.viewer.action("heat_map").setChecked(False)
    plain = picture(window, qtbot).copy(0, 0, 224, 224)
    assert with_map != plain


def test_one_key_decides_moves_on_and_is_undone(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    look_at(window, 0, qtbot)
    first = window.queue.current_row()
    assert first is not None
    window.review.normal()
    following = window.queue.current_row()
    assert following is not None
    assert following.entry_id != first.entry_id

    def kept() -> Decision | None:
        row = window._services.store.row(first.entry_id)
        assert row is not None
        return row.decision

    qtbot.waitUntil(lambda: kept() is Decision.NORMAL)
    name = first.entry.display_name()
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == f"{name}: normal. Ctrl+Z takes it back.")
    window.review.undo()
    qtbot.waitUntil(lambda: kept() is None)
    qtbot.waitUntil(lambda: window.queue.current_row() == window.queue.model.row_of(first.entry_id))
    name = first.entry.display_name()
    assert window.statusBar().currentMessage() == f"{name}: The decision “Reader: normal” was taken back."


def test_undoing_a_note_says_that_it_was_the_note(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.choose(0)
    row = window.queue.current_row()
    assert row is not None
    name, told = row.entry.display_name(), window.statusBar().currentMessage
    for note in ("seen", "seen twice"):
        window.result.note.setText(note)
        qtbot.keyClick(window.result.note, Qt.Key.Key_Return)
    window.review.undo()
    qtbot.waitUntil(lambda: told() == f"{name}: The note says “seen” again.")
    window.choose_language("es")
    window.review.undo()
    qtbot.waitUntil(lambda: told() == f"{name}: Se deshizo la nota.")


def test_exports_hold_what_is_listed(window: MainWindow, folder: Path, qtbot: QtBot, tmp_path: Path) -> None:
    read_folder(window, folder, qtbot, 6)
    rows = window.queue.model.all_rows()
    export_to(window, rows, tmp_path / "out.json", ExportChoice("json"), window._background)
    qtbot.waitUntil((tmp_path / "out.json").exists)
    results = json.loads((tmp_path / "out.json").read_text("utf-8"))["results"]
    assert len(results) == 6
    assert {item["outcome"] for item in results} == {"likely_pneumonia", "likely_normal", "not_analysed"}
    export_to(window, rows, tmp_path / "out.csv", ExportChoice("csv", ";", ","), window._background)
    qtbot.waitUntil((tmp_path / "out.csv").exists)
    lines = (tmp_path / "out.csv").read_text("utf-8-sig").splitlines()
    assert len(lines) == 7
    assert lines[0].startswith("file;sha256;outcome")
    picture(window, qtbot)
    make = window.viewer.snapshot()
    assert make is not None
    save_picture_to(window, tmp_path / "view.png", make, window._background)
    qtbot.waitUntil(lambda: (tmp_path / "view.png").exists() and (tmp_path / "view.png").stat().st_size > 1000)
    qtbot.waitUntil(lambda: "view.png" in window.statusBar().currentMessage())


def test_the_language_changes_at_once(window: MainWindow, qtbot: QtBot) -> None:
    window.choose_language("es")
    assert window.menus.actions["open_folder"].text() == "Abrir una carpeta…"
    assert "nunca lo reemplaza" in window.result.disclaimer.text()
    window.choose_language("en")
    assert window.menus.actions["open_folder"].text() == "Open a folder…"


def test_a_cancelled_queue_is_offered_and_finished_later(services: Services, folder: Path, qtbot: QtBot) -> None:
    queue = services.store.new_queue("folder", Population.NOT_KNOWN)
    services.store.add_entries(queue, [Entry(path) for path in sorted(folder.glob("*.jpeg"))])
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(window.offer.isVisible)
    window.offer.yes.click()
    qtbot.waitUntil(lambda: services.store.waiting(queue) == [] and not window.active_runs(), timeout=60_000)
    assert services.store.unfinished() == []
    read = window.queue.model.all_rows
    qtbot.waitUntil(lambda: len([row for row in read() if row.judgement]) == 4)
    window.close()


def test_the_selection_is_not_stolen_while_the_list_fills(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.choose(3)
    chosen = window.queue.current_row()
    assert chosen is not None
    drop(window, FIXTURES)
    qtbot.waitUntil(lambda: not window.active_runs(), timeout=60_000)
    qtbot.waitUntil(lambda: len(window.queue.model.all_rows()) == 10)
    still = window.queue.current_row()
    assert still is not None
    assert still.entry_id == chosen.entry_id


@pytest.fixture
def outside_population(tmp_path: Path, dicom_of: Callable[..., bytes]) -> Path:
    """A film of somebody older than anybody the model has learnt from, in an archive with another one."""
    aged, child = (dicom_of(FIXTURES / "IM-0131-0001.jpeg", age) for age in ("097Y", "003Y"))
    archive = tmp_path / "cd.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("aged.dcm", aged)
        made.writestr("child.dcm", child)
    return archive


def test_a_withheld_verdict_is_shown_on_demand_and_that_is_recorded(
    window: MainWindow, services: Services, outside_population: Path, qtbot: QtBot
) -> None:
    read_folder(window, outside_population, qtbot, 2)
    row = next(row for row in window.queue.model.all_rows() if row.entry.member == "aged.dcm")
    assert row.judgement is not None
    assert (row.judgement.outcome, row.judgement.reason) == (Outcome.NOT_ANALYSED, Reason.OUTSIDE_POPULATION)
    assert row.judgement.score is not None
    window.queue.choose_entry(row.entry_id)
    assert window.result.show_verdict.isVisible()
    window.result.show_verdict.click()

    def judged() -> Judgement:
        now = window.queue.model.row_of(row.entry_id)
        assert now is not None and now.judgement is not None
        return now.judgement

    qtbot.waitUntil(lambda: judged().outcome is not Outcome.NOT_ANALYSED)
    assert "analysed_outside" in judged().notes
    stored = services.store.row(row.entry_id)
    assert stored is not None and stored.judgement == judged()
    assert len(window.queue.model.all_rows()) == 2  # no second row for the same file
    qtbot.waitUntil(window.result.withhold.isVisible)
    window.result.withhold.click()
    qtbot.waitUntil(lambda: judged().outcome is Outcome.NOT_ANALYSED)
    assert judged().score == row.judgement.score


def choose_population(window: MainWindow, told: Population) -> None:
    window.population.setCurrentIndex(window.population.findData(told.value))
    window.population.activated.emit(window.population.currentIndex())


def test_another_population_is_told_in_place(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    look_at(window, 3, qtbot)
    before, chosen = window.queue.model.all_rows(), window.queue.current_row()
    window.viewer.zoom_in()
    zoom, shown = window.viewer.canvas.scale, window.viewer._picture
    moved: list[object] = []
    window.queue.current_changed.connect(lambda row: moved.append(row.entry_id))
    for told in (Population.CHILDREN, Population.ADULTS):
        choose_population(window, told)
        qtbot.waitUntil(lambda: not window.active_runs(), timeout=60_000)
        window.queue.flush()
        rows = window.queue.model.all_rows()
        assert [row.entry_id for row in rows] == [row.entry_id for row in before]
        assert {row.judgement.population for row in rows if row.judgement} == {told}
        assert [row.judgement.score for row in rows if row.judgement] == [
            row.judgement.score for row in before if row.judgement
        ]
        stored = [window._services.store.row(row.entry_id) for row in rows]
        assert stored == rows
    assert chosen is not None
    assert set(moved) <= {chosen.entry_id}
    assert (window.viewer.canvas.scale, window.viewer._picture) == (zoom, shown)
    assert window._left_out.text() == "1 file left out…"
    assert window._services.store.folder_population(folder) is Population.ADULTS
    points = {row.judgement.operating_point for row in rows if row.judgement and row.judgement.score is not None}
    card = window._services.card()
    assert card is not None
    assert points == {card.operating_point(Population.ADULTS)}


def test_the_picture_stays_when_all_is_read(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    looked_at: list[int] = []
    window.queue.current_changed.connect(lambda row: looked_at.append(row.entry_id))
    read_folder(window, folder, qtbot, 6)
    drop(window, FIXTURES)
    qtbot.waitUntil(lambda: not window.active_runs(), timeout=60_000)
    window.queue.flush()
    assert len(set(looked_at)) == 1


def test_no_key_decides_what_nobody_has_seen(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.clear()
    window.queue.add_rows(window._services.store.rows())
    window.queue.flush()
    assert window.queue.automatic
    window.review.pneumonia()
    assert not window._keeper.undecided
    qtbot.waitUntil(lambda: window.review._seen)
    window.review.pneumonia()
    assert window._keeper.undecided


def test_two_folders_are_asked_for_together(
    window: MainWindow, services: Services, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    other, known = tmp_path / "Zweite", tmp_path / "Adultos"
    for made in (other, known):
        made.mkdir()
        shutil.copyfile(FIXTURES / "IM-0131-0001.jpeg", made / "film.jpg")
    services.store.set_folder_population(known, Population.ADULTS)
    window.start([folder, other, known])
    qtbot.waitUntil(window.population_question.isVisible)
    assert window.population_question._label.text().startswith("Whose images are in “Röntgen ñ Ж” and “Zweite”?")
    window.population_question.answers[Population.CHILDREN].click()
    qtbot.waitUntil(lambda: not window.active_runs(), timeout=60_000)
    window.queue.flush()
    told = {row.entry.path.parent: row.judgement.population for row in window.queue.model.all_rows() if row.judgement}
    assert told[folder] is told[other] is Population.CHILDREN
    assert told[known] is Population.ADULTS
    assert services.store.folder_population(other) is Population.CHILDREN
    assert not window.population_question.isVisible()
    assert window.queue.model.rowCount() == 8


@pytest.mark.parametrize("finished", [True, False])
def test_another_population_reads_a_list_of_the_records_again(
    finished: bool, services: Services, folder: Path, qtbot: QtBot
) -> None:
    store = services.store
    queue = store.new_queue("folder", Population.NOT_KNOWN)
    ids = store.add_entries(queue, [Entry(path) for path in sorted(folder.glob("*.jpeg"))])
    if finished:
        services.resume_queue(queue, Population.NOT_KNOWN, Callbacks(lambda rows: None)).wait()
        store.set_decision(ids[0], Decision.NORMAL)
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    if finished:
        window.show_list(queue)
    else:
        qtbot.waitUntil(window.offer.isVisible)
        window.offer.yes.click()
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 4)
    for told in (Population.ADULTS, Population.CHILDREN):
        window.population.setCurrentIndex(window.population.findData(told.value))
        window.population.activated.emit(window.population.currentIndex())
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    rows = window.queue.model.all_rows()
    assert sorted(row.entry_id for row in rows) == ids
    assert {row.judgement.population for row in rows if row.judgement} == {Population.CHILDREN}
    assert window.population.currentData() == "children"
    assert (store.queue_population(queue), store.unfinished()) == (Population.CHILDREN, [])
    if finished:
        assert store.row(ids[0]).decision is Decision.NORMAL  # type: ignore[union-attr]
    window.close()


def test_the_command_line_tells_the_window_whose_images_and_which_language(
    folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, seen = tmp_path / "data", []
    before = Services.create(data)
    before.store.set_setting("language", "en")
    before.close()

    def used(_application: QApplication) -> int:
        window = next(one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow) and one.isVisible())
        qtbot.addWidget(window)
        qtbot.waitUntil(lambda: not window.active_runs())
        window.queue.flush()
        told = {row.judgement.population for row in window.queue.model.all_rows() if row.judgement}
        seen.append((language(), told, window.population.currentData()))
        window.choose_language("en")  # what is tested next speaks English
        window.close()
        return 0

    monkeypatch.setattr(QApplication, "exec", used)
    monkeypatch.setattr("pneumo_desktop.cli.commands.has_display", lambda: True)
    monkeypatch.setattr("pneumo_desktop.gui.checkup.check_first_start", lambda *_: None)
    assert main(["run", str(folder), "--data-dir", str(data), "--population", "adults", "--language", "es"]) == 0
    assert seen == [("es", {Population.ADULTS}, "adults")]


def test_what_does_not_exist_is_told(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.start([tmp_path / "gone"])
    qtbot.waitUntil(lambda: [item.code for item in window.reading.left_out] == ["missing"])
    qtbot.waitUntil(lambda: not window.active_runs())


def test_a_second_quick_key_waits_for_the_second_picture(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    look_at(window, 0, qtbot)
    first, second = [row.entry_id for row in window.queue.model.shown_rows()[:2]]
    window.activateWindow()
    qtbot.keyClick(window.queue.table, Qt.Key.Key_1)
    qtbot.keyClick(window.queue.table, Qt.Key.Key_2)
    assert window._keeper.undecided == {first}
    assert window.review.current is not None and window.review.current.entry_id == second
    refused = "Nothing was decided: this radiograph was not on the screen yet."
    assert window.statusBar().currentMessage() == refused
    assert not window.result.buttons[Decision.NORMAL].isChecked()

    def kept() -> list[Decision | None]:
        return [window._services.store.row(entry_id).decision for entry_id in (first, second)]  # type: ignore[union-attr]

    qtbot.waitUntil(lambda: window.review._seen and not window._keeper.undecided)
    assert kept() == [Decision.PNEUMONIA, None]
    assert window.statusBar().currentMessage().endswith(f": pneumonia. Ctrl+Z takes it back. {refused}")
    qtbot.keyClick(window.queue.table, Qt.Key.Key_2)
    qtbot.waitUntil(lambda: kept() == [Decision.PNEUMONIA, Decision.NORMAL])


def test_a_held_key_decides_once(window: MainWindow) -> None:
    repeating = {name for name, action in window.menus.actions.items() if action.autoRepeat()}
    assert not repeating & {"agree", "pneumonia", "normal", "cannot_tell", "undo"}
    assert {"next", "previous"} <= repeating


def test_an_undoing_is_told_although_its_list_is_closed(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    look_at(window, 0, qtbot)
    row = window.queue.current_row()
    assert row is not None
    window.review.normal()
    qtbot.waitUntil(lambda: not window._keeper.undecided)
    window.clear_list()
    window.review.undo()
    told = f"{row.entry.display_name()}: The decision “Reader: normal” was taken back."
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == told)
    assert window._services.store.row(row.entry_id).decision is None  # type: ignore[union-attr]


def test_what_is_decided_holds_for_every_file_with_the_image(
    window: MainWindow, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    model = window.queue.model
    names = ("IM-0131-0001.jpeg", "twin.jpg")
    twins = [row.entry_id for row in model.all_rows() if row.entry.path.name in names]
    place = model.place_of(twins[0])
    assert place is not None
    look_at(window, place, qtbot)
    left = model.left_count()
    window.review.cannot_tell()
    current = window.queue.current_row()
    assert current is not None and current.entry_id not in twins
    qtbot.waitUntil(lambda: model.left_count() == left - 2)
    export_to(window, model.all_rows(), tmp_path / "out.json", ExportChoice("json"), window._background)
    qtbot.waitUntil((tmp_path / "out.json").exists)
    results = json.loads((tmp_path / "out.json").read_text("utf-8"))["results"]
    told = {Path(item["file"]).name: item["decision"] for item in results}
    assert [name for name, decision in sorted(told.items()) if decision] == sorted(names)
    assert {told[name] for name in names} == {"cannot_tell"}
    assert sorted(model.all_rows(), key=lambda row: row.entry_id) == window._services.store.rows()
    window.review.undo()
    qtbot.waitUntil(lambda: model.left_count() == left)
    assert sorted(model.all_rows(), key=lambda row: row.entry_id) == window._services.store.rows()


def test_closing_at_once_loses_no_decision(services: Services, folder: Path, qtbot: QtBot) -> None:
    window = MainWindow(services)
    qtbot.addWidget(window)
    read_folder(window, folder, qtbot, 6)
    look_at(window, 0, qtbot)
    row = window.queue.current_row()
    assert row is not None
    window.review.cannot_tell()
    window.close()
    assert services.store.row(row.entry_id).decision is Decision.CANNOT_TELL  # type: ignore[union-attr]


def test_a_note_without_a_decision_is_kept(services: Services, folder: Path, qtbot: QtBot) -> None:
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    read_folder(window, folder, qtbot, 6)
    chosen = [row.entry_id for row in window.queue.model.shown_rows()[:3]]
    window.queue.choose(0)
    qtbot.keyClicks(window.result.note, "ask again")
    qtbot.keyClick(window.result.note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.statusBar().currentMessage().endswith("note saved. Ctrl+Z takes it back."))
    window.queue.choose(1)  # neither entered nor left: the note goes with the row
    qtbot.keyClicks(window.result.note, "turned")
    qtbot.waitUntil(lambda: window.review._seen)
    window.review.pneumonia()
    qtbot.keyClicks(window.result.note, "typed when the window was closed")
    window.close()
    kept = [(row.decision, row.note) for row in map(services.store.row, chosen) if row]
    assert kept == [
        (None, "ask again"), (Decision.PNEUMONIA, "turned"), (None, "typed when the window was closed"),
    ]  # fmt: skip
    services.store.undo_decision()
    services.store.undo_decision()  # no write beside the decision: the second one takes it back
    assert services.store.row(chosen[1]).decision is None  # type: ignore[union-attr]
    again = MainWindow(services)
    qtbot.addWidget(again)
    again.show_list(services.store.row(chosen[0]).queue_id)  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: again.queue.model.rowCount() == 6)
    again.queue.choose_entry(chosen[0])
    assert again.result.note_text() == "ask again"
    again.close()


def test_an_earlier_list_is_shown_again_without_reading(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    read_folder(window, folder, qtbot, 6)
    window.clear_list()
    assert window.queue.model.rowCount() == 0
    window.menus.submenus["earlier"].aboutToShow.emit()
    qtbot.waitUntil(lambda: bool(window.menus.submenus["earlier"].actions()))
    window.menus.submenus["earlier"].actions()[0].trigger()
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 6)
    assert not window.active_runs()
    assert window._left_out.text() == "1 file left out…"
    assert window._left_out.isVisible()
    assert [(item.path.name, item.code) for item in window.reading.left_out] == [("notes.txt", "not_an_image")]
    recent = window.menus.submenus["recent"]
    recent.aboutToShow.emit()
    assert recent.actions()[0].text() == str(folder)


def test_a_list_that_was_given_up_is_read_when_the_same_population_is_chosen(
    services: Services, folder: Path, qtbot: QtBot
) -> None:
    store = services.store
    queue = store.new_queue("folder", Population.CHILDREN)
    ids = store.add_entries(queue, [Entry(path) for path in sorted(folder.glob("*.jpeg"))])
    window = MainWindow(services)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(window.offer.isVisible)
    window.offer.no.click()
    window._keeper.ask(lambda: None)
    window.show_list(queue)
    qtbot.waitUntil(lambda: window.queue.model.rowCount() == 4)
    assert store.unfinished() == []
    assert window.population.currentData() == "children"
    for reads in (True, False):
        window.population.activated.emit(window.population.currentIndex())
        window.reading._background.wait()
        qtbot.wait(50)
        assert bool(window.active_runs()) is reads
        qtbot.waitUntil(lambda: not window.active_runs())
        qtbot.waitUntil(lambda: all(row.judgement for row in window.queue.model.all_rows()))
    assert [row.entry_id for row in window.queue.model.all_rows()] == ids
    assert not store.wants_reading(queue, Population.CHILDREN)
    window.close()


def test_settings_hold_at_once_and_later(window: MainWindow, services: Services, qtbot: QtBot) -> None:
    window.appearance.take(Settings("es", Theme.DARK, Population.CHILDREN, initials=False))
    assert [menu.title() for menu, _actions in window.menus._menus][-1] == "A&yuda"
    assert not window.result.initials.isVisible()
    window._keeper.ask(lambda: None)
    qtbot.waitUntil(lambda: services.store.setting("theme") == "dark" and services.store.setting("language") == "es")
    assert services.store.setting("population") == "children"
    window.choose_language("en")
    window.choose_theme(Theme.SYSTEM)


@pytest.mark.parametrize("code", ["en", "es"])
def test_the_help_page_has_pictures_and_the_figures_of_the_card(services: Services, qtbot: QtBot, code: str) -> None:
    set_language(code)
    card = services.bundled_card()
    assert card is not None
    dialog = HelpDialog(card)
    qtbot.addWidget(dialog)
    text = dialog.text.toPlainText()
    assert "{" not in text
    assert score_text(card.metrics["children"]["auc"], 3) in text
    assert all((places.resource("help") / name).is_file() for name in ("normal.jpg", "pneumonia.jpg"))
    set_language("en")


def test_the_saved_picture_waits_for_its_thumbnails(
    services: Services, folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def slowly(entry: Entry, side: int) -> QImage:
        time.sleep(0.4)  # all together longer than the window is given to settle
        made.append(entry.display_name())
        return make_thumbnail(entry, side)

    monkeypatch.setattr("pneumo_desktop.gui.thumbnails.make_thumbnail", slowly)
    store = services.store
    queue = store.new_queue("folder", Population.NOT_KNOWN)
    store.add_entries(queue, [Entry(path) for path in sorted(folder.glob("*.jpeg"))])
    services.resume_queue(queue, Population.NOT_KNOWN, Callbacks(lambda rows: None)).wait()
    save_picture(services, queue, tmp_path / "window.png")
    assert (tmp_path / "window.png").is_file()
    assert sorted(made) == sorted(path.name for path in folder.glob("*.jpeg"))
