"""Children, adults, or not known: asked, told, told again, and what lies outside the model."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import Services
from pneumo_desktop.cli import main
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.queue_order import Show
from pneumo_desktop.gui.row_words import is_changed
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.models.package import ModelPackage, write_package
from pneumo_desktop.reading.outcome import Judgement, Outcome, Population, Reason
from pneumo_desktop.reading.pipeline import Callbacks
from pneumo_desktop.records.rows import Decision
from pneumo_desktop.words import language
from tests.using_the_window import FIXTURES, kept, look_at, open_window, read_folder


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


def test_a_film_that_leaves_the_filter_takes_nobody_to_another_one(
    window: MainWindow, services: Services, tmp_path: Path, dicom_of: Callable[..., bytes], qtbot: QtBot
) -> None:
    """The verdict that was asked for is not *not analysed*: the note and the decision are still this film's."""
    films = tmp_path / "Ward"
    films.mkdir()
    for name in ("IM-0131-0001", "person1_bacteria_1"):
        (films / f"{name}.dcm").write_bytes(dicom_of(FIXTURES / f"{name}.jpeg", "097Y"))
    read_folder(window, films, qtbot, 2)
    window.queue.show_box.setCurrentIndex(window.queue.show_box.findData(Show.NOT_ANALYSED))
    row, note = look_at(window, 0, qtbot), window.result.decision.note
    window.result.show_verdict.click()
    qtbot.keyClicks(note, "no consolida")

    def judged() -> Judgement:
        now = window.queue.model.row_of(row.entry_id)
        assert now is not None and now.judgement is not None
        return now.judgement

    qtbot.waitUntil(lambda: judged().outcome is not Outcome.NOT_ANALYSED)
    assert window.queue.model.rowCount() == 2, "it stays in the list, too"
    qtbot.keyClicks(note, "tion left")
    qtbot.keyClick(note, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.review.seen)
    window.review.normal()
    qtbot.waitUntil(lambda: not window.keeper.undecided)
    told = [(one.entry_id, one.decision, one.note) for one in services.store.rows() if one.decision or one.note]
    assert told == [(row.entry_id, Decision.NORMAL, "no consolidation left")]


@pytest.fixture
def aged(tmp_path: Path, dicom_of: Callable[..., bytes]) -> Path:
    """A film of somebody older than anybody the model has learnt from, alone in its folder."""
    film = tmp_path / "Ward" / "IM0001.dcm"
    film.parent.mkdir()
    film.write_bytes(dicom_of(FIXTURES / "IM-0131-0001.jpeg", age="097Y"))
    return film


def test_no_verdict_on_a_film_put_in_anothers_place(
    window: MainWindow, services: Services, aged: Path, dicom_of: Callable[..., bytes], qtbot: QtBot
) -> None:
    read_folder(window, aged.parent, qtbot, 1)
    row = look_at(window, 0, qtbot)
    aged.write_bytes(dicom_of(FIXTURES / "person1_bacteria_1.jpeg", age="098Y"))
    window.result.show_verdict.click()
    told = "This file has changed since it was read. Read it again."
    qtbot.waitUntil(lambda: window.statusBar().currentMessage() == told)
    assert kept(services.store, row.entry_id) == row
    qtbot.waitUntil(lambda: window.review.changed)
    listed = window.queue.model.row_of(row.entry_id)
    assert listed is not None and is_changed(listed), "the row says so too"


def test_a_verdict_that_comes_late_brings_no_film_into_a_list_that_was_cleared(
    window: MainWindow, services: Services, aged: Path, qtbot: QtBot
) -> None:
    read_folder(window, aged.parent, qtbot, 1)
    row = look_at(window, 0, qtbot)
    window.result.show_verdict.click()
    window.clear_list()
    window.reading._background.finish()
    window.queue.flush()
    assert not window.queue.model.has_rows()
    assert kept(services.store, row.entry_id) != row, "the records know it"


def test_an_age_without_figures_leads_to_adapting(
    tmp_path: Path, dicom_of: Callable[..., bytes], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled, model, images = ModelPackage.open(places.bundled_model()), tmp_path / "aged.pneumo", tmp_path / "Clinic"
    ages = {Population.CHILDREN: (1.0, 6.0), Population.ADULTS: (18.0, 86.0)}
    card = replace(bundled.card, model_id="aged", ages=ages)
    write_package(model, card, bundled.network_bytes, bundled.arrays, bundled.reference)
    images.mkdir()
    (images / "ten.dcm").write_bytes(dicom_of(FIXTURES / "IM-0131-0001.jpeg", "010Y"))
    services = Services.create(tmp_path / "data", model)
    window, opened = MainWindow(services), list[bool]()
    monkeypatch.setattr(window.doors, "show_training", lambda: opened.append(True))
    qtbot.addWidget(window)
    window.show()
    read_folder(window, images, qtbot, 1)
    qtbot.waitUntil(lambda: "from 1 to 5 years and from 18 to 85 years" in window.result.why.text())
    assert window.population.itemText(1) == "Children (1 to 5 years)"
    before = look_at(window, 0, qtbot).judgement
    choose_population(window, Population.CHILDREN)  # the age in the file goes before it
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    assert before is not None
    assert look_at(window, 0, qtbot).judgement == before
    assert (before.detail, before.population) == ("age", Population.NOT_KNOWN)
    window.result.adapt.click()
    assert opened == [True]
    window.close()
    services.close()


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
        qtbot.waitUntil(lambda: not window.active_runs())
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
    qtbot.waitUntil(lambda: not window.active_runs())
    window.queue.flush()
    told = {row.entry.path.parent: row.judgement.population for row in window.queue.model.all_rows() if row.judgement}
    assert told[folder] is told[other] is Population.CHILDREN
    assert told[known] is Population.ADULTS
    assert services.store.folder_population(other) is Population.CHILDREN
    assert not window.population_question.isVisible()
    assert window.queue.model.rowCount() == 8


def test_an_answer_is_for_the_folder_itself_and_for_no_other_of_that_name(
    window: MainWindow, services: Services, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with ``pneumo-desktop run films`` in two places; earlier versions remembered "films"."""
    services.store.set_folder_population(Path("films"), Population.ADULTS)
    for ward in ("children", "adults"):
        (tmp_path / ward / "films").mkdir(parents=True)
        shutil.copyfile(FIXTURES / "person1_bacteria_1.jpeg", tmp_path / ward / "films" / f"{ward}.jpeg")
        monkeypatch.chdir(tmp_path / ward)
        window.clear_list()
        window.start([Path("films")])
        qtbot.waitUntil(lambda: not window.active_runs() and window.population_question.isVisible())
        if ward == "children":
            window.population_question.answers[Population.CHILDREN].click()
            qtbot.waitUntil(lambda: not window.active_runs())
        window.queue.flush()
    (read,) = window.queue.model.all_rows()
    assert read.judgement is not None
    assert (read.entry.path.name, read.judgement.population) == ("adults.jpeg", Population.NOT_KNOWN)
    assert services.store.folder_population(tmp_path / "children" / "films") is Population.CHILDREN
    assert services.store.folder_population(tmp_path / "adults" / "films") is None


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
    window = open_window(services, qtbot)
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
        assert kept(store, ids[0]).decision is Decision.NORMAL
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
        window.appearance.choose_language("en")  # what is tested next speaks English
        window.close()
        return 0

    monkeypatch.setattr(QApplication, "exec", used)
    monkeypatch.setattr("pneumo_desktop.cli.commands.has_display", lambda: True)
    monkeypatch.setattr("pneumo_desktop.gui.checkup.check_first_start", lambda *_: None)
    assert main(["run", str(folder), "--data-dir", str(data), "--population", "adults", "--language", "es"]) == 0
    assert seen == [("es", {Population.ADULTS}, "adults")]


def test_a_list_that_was_given_up_is_read_when_the_same_population_is_chosen(
    services: Services, folder: Path, qtbot: QtBot
) -> None:
    store = services.store
    queue = store.new_queue("folder", Population.CHILDREN)
    ids = store.add_entries(queue, [Entry(path) for path in sorted(folder.glob("*.jpeg"))])
    window = open_window(services, qtbot)
    qtbot.waitUntil(window.offer.isVisible)
    window.offer.no.click()
    window.keeper.ask(lambda: None)
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
