"""Pictures, exports, language, settings and help of the real window."""

from __future__ import annotations

import errno
import json
import re
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QImage
from PySide6.QtWidgets import QFileDialog, QLabel, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from pneumo_desktop import places
from pneumo_desktop.app import Services
from pneumo_desktop.gui.export_dialog import ExportChoice, ExportDialog, export_to, save_picture_to
from pneumo_desktop.gui.help_dialog import HelpDialog
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.gui.model_words import model_text
from pneumo_desktop.gui.outcomes import score_text
from pneumo_desktop.gui.settings_dialog import Settings
from pneumo_desktop.gui.start import save_picture
from pneumo_desktop.gui.theme import Theme
from pneumo_desktop.gui.thumbnails import make_thumbnail
from pneumo_desktop.imaging.load import load
from pneumo_desktop.imaging.radiograph import Entry, Radiograph
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.reading.pipeline import Callbacks
from pneumo_desktop.records.rows import UnfinishedQueue
from pneumo_desktop.words import set_language
from pneumo_desktop.words.sentences import sentence
from tests.using_the_window import FIXTURES, as_a_tool_tip, look_at, open_window, picture, read_folder


def test_the_viewer_shows_the_chosen_film_with_its_map(window: MainWindow, folder: Path, qtbot: QtBot) -> None:
    read_folder(window, folder, qtbot, 6)
    window.queue.choose(0)
    with_map = picture(window, qtbot).copy(0, 0, 224, 224)
    window.viewer.action("heat_map").setChecked(False)
    plain = picture(window, qtbot).copy(0, 0, 224, 224)
    assert with_map != plain


def test_a_film_that_loads_slowly_does_not_leave_the_one_before_beside_its_verdict(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stick or a share that takes its time: what is on the screen would be taken for the film that was judged."""
    read_folder(window, folder, qtbot, 6)
    look_at(window, 0, qtbot)
    qtbot.waitUntil(window.queue.thumbnails.idle)
    comes = threading.Event()

    def slowly(*arguments: Any, **named: Any) -> Radiograph:
        comes.wait()
        return load(*arguments, **named)

    monkeypatch.setattr("pneumo_desktop.imaging.load.load", slowly)
    try:
        window.queue.choose(1)
        row = window.review.current
        assert row is not None
        qtbot.waitUntil(lambda: window.viewer.canvas.message == f"{row.entry.display_name()}\n\nLoading…")
        assert window.viewer.snapshot() is None
        assert not any(action.isEnabled() for action in window.viewer.actions_by_name.values())
        assert not window.review.seen
    finally:
        comes.set()
    look_at(window, 1, qtbot)
    assert window.viewer.snapshot() is not None
    assert window.viewer.action("invert").isEnabled()


def test_a_name_that_looks_like_html_is_shown_as_it_is(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    """From an archive of somebody else's it would have a picture loaded from the disk or, on Windows, from the network."""
    tall = QImage(20, 900, QImage.Format.Format_RGB32)
    assert tall.save(str(tmp_path / "tall.png"))
    hostile = f'<img src="file:{(tmp_path / "tall.png").as_posix()}">.jpeg'
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        for name in (hostile, "a.jpeg"):
            archive.write(FIXTURES / "person1_bacteria_1.jpeg", name)
    read_folder(window, tmp_path / "films.zip", qtbot, 2)
    for place in range(2):
        row = look_at(window, place, qtbot)
        twin = "films.zip/" + ("a.jpeg" if row.entry.member == hostile else hostile)
        assert twin in window.result.notes.text()
        assert window.result.notes.heightForWidth(300) < 900, "the words and no picture"
        index = window.queue.model.index(place, 0)
        assert hostile in as_a_tool_tip(index.data(Qt.ItemDataRole.ToolTipRole))
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in window.findChildren(QLabel))


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


def test_a_picture_that_the_disk_refuses_is_told_and_what_was_there_stays(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda _window, _title, text: told.append(text))

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = tmp_path / "view.png"
    before.write_bytes(b"the picture of yesterday")
    monkeypatch.setattr("pneumo_desktop.whole_file.os.fsync", full)
    small = QImage(8, 8, QImage.Format.Format_Grayscale8)  # smaller than any buffer: Qt's own writing would not notice
    small.fill(0)
    save_picture_to(window, before, lambda: small, window._background)
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["The picture could not be written to view.png: the disk is full. Please choose another place."]
    assert before.read_bytes() == b"the picture of yesterday"
    assert list(tmp_path.glob("*.part")) == []


def test_a_picture_is_saved_under_its_own_name_alone(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(_window: QWidget, stem: str, *_arguments: object) -> None:
        asked.append(stem)

    monkeypatch.setattr("pneumo_desktop.gui.export_dialog.ask_and_save_picture", ask)
    read_folder(window, folder, qtbot, 6)
    look_at(window, 0, qtbot)
    window.queue.choose(1)
    assert not window.review.seen
    window.menus.actions["save_picture"].trigger()
    assert not asked, "the film before is still on the screen"
    second = look_at(window, 1, qtbot)
    window.menus.actions["save_picture"].trigger()
    assert asked == [second.entry.path.stem]


def test_the_pictures_of_an_archive_have_each_their_own_name(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    suggested: list[str] = []

    def cancelled(_window: QWidget, _title: str, name: str, _kinds: str) -> tuple[str, str]:
        suggested.append(Path(name).name)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", cancelled)
    with zipfile.ZipFile(tmp_path / "films.zip", "w") as archive:
        archive.write(FIXTURES / "person1_bacteria_1.jpeg", "ward/Ana.jpeg")
        archive.write(FIXTURES / "IM-0131-0001.jpeg", "Luis 03.05.jpeg")
    read_folder(window, tmp_path / "films.zip", qtbot, 2)
    for place in range(2):
        look_at(window, place, qtbot)
        window.menus.actions["save_picture"].trigger()
    assert sorted(suggested) == ["Ana.png", "Luis 03.05.png"]


def test_a_saved_picture_never_takes_the_place_of_a_radiograph(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results were exported beside the films before, and the name is typed without its suffix."""
    told: list[str] = []
    suggested: list[Path] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda _window, _title, text: told.append(text))

    def answered(_window: QWidget, _title: str, name: str, _kinds: str) -> tuple[str, str]:
        suggested.append(Path(name))
        return str(film.with_suffix("")), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answered)
    film = folder / "film.png"
    assert QImage(str(folder / "person1_bacteria_1.jpeg")).save(str(film))
    before = film.read_bytes()
    read_folder(window, folder, qtbot, 7)
    window.preferences.set("export_folder", str(folder))
    place = next(at for at, row in enumerate(window.queue.model.shown_rows()) if row.entry.path == film)
    look_at(window, place, qtbot)
    window.menus.actions["save_picture"].trigger()
    assert suggested == [folder / "film 2.png"]
    assert told == ["film.png is a radiograph of the list: an original is never replaced. Please choose another name."]
    window._background.wait()
    assert film.read_bytes() == before


def test_the_language_changes_at_once(window: MainWindow, qtbot: QtBot) -> None:
    window.appearance.choose_language("es")
    assert window.menus.actions["open_folder"].text() == "Abrir una carpeta…"
    assert "nunca lo reemplaza" in window.result.disclaimer.text()
    window.appearance.choose_language("en")
    assert window.menus.actions["open_folder"].text() == "Open a folder…"


def test_a_list_of_this_sitting_is_never_offered_as_one_of_the_last(
    window: MainWindow, services: Services, folder: Path, qtbot: QtBot
) -> None:
    """The records are looked into beside a folder that is opened at once; what they told then comes late."""
    read_folder(window, folder, qtbot, 6)
    earlier = services.store.new_queue("films", Population.NOT_KNOWN)
    own = window.queue.model.row_at(0).queue_id
    found = [UnfinishedQueue(own, folder.name, Population.NOT_KNOWN, 0)]
    window._unfinished._found(found)
    assert not window.offer.isVisible()
    window._unfinished._found([*found, UnfinishedQueue(earlier, "films", Population.NOT_KNOWN, 2)])
    assert window.offer._label.text() == "2 images of “films” were not read last time."


def test_the_language_changes_what_is_asked_and_why_nothing_is_shown(
    services: Services, folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    queue = services.store.new_queue("films", Population.NOT_KNOWN)
    services.store.add_entries(queue, [Entry(folder / "IM-0131-0001.jpeg")])
    window = open_window(services, qtbot)
    read_folder(window, folder, qtbot, 6)
    broken = next(place for place in range(6) if window.queue.model.row_at(place).entry.path.name == "broken.png")
    look_at(window, broken, qtbot)
    qtbot.waitUntil(window.offer.isVisible)
    assert (window.offer._label.text(), window.offer.yes.text()) == (
        "1 image of “films” was not read last time.", "Continue",
    )  # fmt: skip
    window.appearance.choose_language("es")
    assert window.offer._label.text() == "La última vez no se leyó 1 imagen de «films»."
    assert (window.offer.yes.text(), window.offer.no.text()) == ("Continuar", "No continuar")
    assert window.viewer.canvas.message == f"broken.png\n\n{sentence('damaged')}"
    assert "archivo" in window.viewer.canvas.message
    assert window.statusBar().currentMessage() == ""
    look_at(window, 0, qtbot)
    window.appearance.choose_language("en")
    assert window.viewer.snapshot() is not None, "the picture stays"
    window.close()


def test_settings_hold_at_once_and_later(window: MainWindow, services: Services, qtbot: QtBot) -> None:
    window.appearance.take(Settings("es", Theme.DARK, Population.CHILDREN, initials=False))
    assert [menu.title() for menu, _actions in window.menus._menus][-1] == "A&yuda"
    assert not window.result.decision.initials.isVisible()
    window.keeper.ask(lambda: None)
    qtbot.waitUntil(lambda: services.store.setting("theme") == "dark" and services.store.setting("language") == "es")
    assert services.store.setting("population") == "children"
    window.appearance.choose_language("en")
    window.appearance.choose_theme(Theme.SYSTEM)


@pytest.mark.parametrize(
    "stored",
    [
        {"form": [], "separator": ";", "decimal": ",", "shown_only": "x", "patient": "yes"},
        {"form": "xml", "separator": 5, "decimal": None, "shown_only": True, "patient": True, "more": 1},
        {}, None, "csv", [1], 5,
    ],
)  # fmt: skip
def test_a_stored_export_that_cannot_be_chosen_opens_the_dialog_as_usual(stored: Any, qtbot: QtBot) -> None:
    dialog = ExportDialog(ExportChoice.from_setting(stored), 3, 10)
    qtbot.addWidget(dialog)
    kept = stored if isinstance(stored, dict) else {}
    separator = ";" if kept.get("separator") == ";" else ","
    decimal = "," if kept.get("decimal") == "," else "."
    assert dialog.choice() == ExportChoice("csv", separator, decimal, kept.get("shown_only") is True, patient=False)


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
    adults = card.metrics["adults"]["pneumonia_vs_rsna_normal"]
    for figures in (card.metrics["children"], adults):
        assert f"{100 * figures['sensitivity']['value']:.0f} % ({100 * figures['sensitivity']['low']:.0f}–" in text
    called = (adults[f"pneumonia_{name}"]["value"] for name in ("found", "uncertain", "called_normal"))
    counts = [round(share * adults["pneumonia"]) for share in called]
    assert sum(counts) == adults["pneumonia"]
    assert re.search(r"\D+".join(str(count) for count in (adults["pneumonia"], *counts)), text)
    assert all((places.resource("help") / name).is_file() for name in ("normal.jpg", "pneumonia.jpg"))
    set_language("en")


@pytest.mark.parametrize("other", [False, True], ids=["in use", "another"])
def test_the_saved_picture_waits_for_the_model_s_card(
    services: Services, folder: Path, tmp_path: Path, other: bool, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, package, card = services.registry.list, services.package, services.package().card
    shown: list[str] = []

    def slowly(opened: Callable[[], Any]) -> Callable[[], Any]:
        def after_a_while() -> Any:
            time.sleep(0.8)
            return opened()

        return after_a_while

    def closed(window: MainWindow, event: QCloseEvent) -> None:
        shown.append(window.result.model.text())
        MainWindow.closeEvent(window, event)

    store = services.store
    queue = store.new_queue("folder", Population.NOT_KNOWN)
    store.add_entries(queue, [Entry(next(iter(folder.glob("*.jpeg"))))])
    services.resume_queue(queue, Population.NOT_KNOWN, Callbacks(lambda rows: None)).wait()
    if other:
        with store._transaction() as connection:
            connection.execute("UPDATE result SET model_sha256 = '', model_id = 'gone'")
    monkeypatch.setattr(services, "package", slowly(package))
    monkeypatch.setattr(services.registry, "list", slowly(installed))
    monkeypatch.setattr("pneumo_desktop.gui.start.MainWindow", type("Told", (MainWindow,), {"closeEvent": closed}))
    save_picture(services, queue, tmp_path / "window.png")
    assert shown == ["gone, which is not installed any more." if other else model_text(card)]


def test_the_saved_picture_waits_for_its_thumbnails(
    services: Services, folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def slowly(entry: Entry, side: int, known: str | None) -> QImage:
        time.sleep(0.2)
        made.append(entry.display_name())
        return make_thumbnail(entry, side, known)

    monkeypatch.setattr("pneumo_desktop.gui.thumbnails.make_thumbnail", slowly)
    store = services.store
    queue = store.new_queue("folder", Population.NOT_KNOWN)
    store.add_entries(queue, [Entry(path) for path in sorted(folder.glob("*.jpeg"))])
    services.resume_queue(queue, Population.NOT_KNOWN, Callbacks(lambda rows: None)).wait()
    save_picture(services, queue, tmp_path / "window.png")
    assert (tmp_path / "window.png").is_file()
    assert sorted(made) == sorted(path.name for path in folder.glob("*.jpeg"))
