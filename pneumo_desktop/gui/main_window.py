"""The window: queue left, viewer centre, result right. It asks the services and shows what they answer."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop import __version__, places
from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.gui import window_actions
from pneumo_desktop.gui.keeper import Keeper
from pneumo_desktop.gui.model_words import model_text
from pneumo_desktop.gui.outcomes import population_word
from pneumo_desktop.gui.qt_words import translate_qt
from pneumo_desktop.gui.queue_model import QueueModel
from pneumo_desktop.gui.queue_view import QueueView
from pneumo_desktop.gui.reading_run import ReadingRun
from pneumo_desktop.gui.result_panel import ResultPanel
from pneumo_desktop.gui.settings_dialog import LANGUAGE_NAMES, THEME_WORDS, Settings, SettingsDialog
from pneumo_desktop.gui.theme import Theme, apply_theme
from pneumo_desktop.gui.viewer import ViewerPanel
from pneumo_desktop.gui.welcome import Offer, Welcome
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.export import write_csv, write_json
from pneumo_desktop.records.store import Decision, Row
from pneumo_desktop.words import available_languages, language, ntr, set_language, tr
from pneumo_desktop.words.sentences import sentence

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pneumo_desktop.gui.training.dialog import TrainingDialog
    from pneumo_desktop.imaging.sources import LeftOut
    from pneumo_desktop.reading.pipeline import Progress

MOST_RECENT = 8


def duration_text(seconds: float) -> str:
    """Return a duration as minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _load(entry: Entry, all_tags: bool = False) -> Radiograph:
    """Decode on a worker; the decoders are imported when the first picture is wanted."""
    from pneumo_desktop.imaging.load import load

    return load(entry, all_tags)


class MainWindow(QMainWindow):
    """One window over one ``Services``. ``start`` reads paths; ``close`` waits for every thread."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._runs: list[ReadingRun] = []
        self._left_out: list[LeftOut] = []
        self._paths: list[tuple[Path, bool]] = []
        self._current: Row | None = None
        self._labelled: Path | None = None
        self._training: TrainingDialog | None = None
        self._unfinished_training: Path | None = None
        self._unfinished: tuple[int, str, Population, int] | None = None
        self._background = Background(1, self)
        self._keeper = Keeper(services.store, self)
        self.setAcceptDrops(True)
        self.resize(1366, 768)

        self.queue = QueueView(QueueModel())
        self.viewer = ViewerPanel()
        self.result = ResultPanel()
        self.welcome = Welcome()
        self.offer, self.evaluate_offer, self.training_offer = Offer(), Offer(), Offer()
        self._centre = QStackedWidget()
        self._centre.addWidget(self.welcome)
        self._centre.addWidget(self.viewer)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        for widget, stretch in ((self.queue, 0), (self._centre, 1), (self.result, 0)):
            splitter.addWidget(widget)
            splitter.setStretchFactor(splitter.count() - 1, stretch)
        splitter.setSizes([440, 610, 316])
        splitter.setChildrenCollapsible(False)

        self.population = QComboBox()
        for known in (Population.NOT_KNOWN, Population.CHILDREN, Population.ADULTS):
            self.population.addItem("", known.value)
        self.population.activated.connect(self._population_chosen)
        self._population_label = QLabel()
        self._population_label.setBuddy(self.population)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximumWidth(220)
        self._progress_text = QLabel()
        self.pause_button, self.cancel_button = QPushButton(), QPushButton()
        self.pause_button.clicked.connect(self.toggle_pause)
        self.cancel_button.clicked.connect(self.cancel_reading)
        self._progress_bar = QWidget()
        line = QHBoxLayout(self._progress_bar)
        line.setContentsMargins(0, 0, 0, 0)
        for item in (self.progress, self._progress_text, self.pause_button, self.cancel_button):
            line.addWidget(item)
        self._progress_bar.hide()
        top = QHBoxLayout()
        top.setContentsMargins(8, 6, 8, 0)
        top.addWidget(self._population_label)
        top.addWidget(self.population)
        top.addStretch(1)
        top.addWidget(self._progress_bar)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        for offer in (self.offer, self.evaluate_offer, self.training_offer):
            layout.addWidget(offer)
        layout.addWidget(splitter, 1)
        self.setCentralWidget(page)

        self._actions, self._menus = window_actions.make_menus(self, self.menuBar())
        self._make_file_menus()
        self._make_view_menu()
        self._connect()
        self._ask_initials(self._services.store.setting("initials", True))
        self.retranslate()
        QTimer.singleShot(0, self._offer_to_go_on)
        QTimer.singleShot(0, self._offer_training)

    # Construction

    def _make_file_menus(self) -> None:
        """Put the sub-menus of recent folders and earlier lists below the actions that open something."""
        menu: QMenu = self._menus[0][0]
        before = self._actions["export"]
        self._recent_menu, self._earlier_menu = QMenu(menu), QMenu(menu)
        for sub in (self._recent_menu, self._earlier_menu):
            menu.insertMenu(before, sub)
        menu.insertSeparator(before)
        self._recent_menu.aboutToShow.connect(self._fill_recent)
        self._earlier_menu.aboutToShow.connect(self._fill_earlier)

    def _fill_recent(self) -> None:
        self._recent_menu.clear()
        for name in self._services.store.setting("recent", []):
            action = self._recent_menu.addAction(name.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, chosen=name: self.start([Path(chosen)]))
        if self._recent_menu.isEmpty():
            self._recent_menu.addAction(tr("None yet")).setEnabled(False)

    def _fill_earlier(self) -> None:
        self._earlier_menu.clear()
        for queue_id, label, created, count in self._services.store.queues():
            text = ntr("{label}, {count} file, {date}", "{label}, {count} files, {date}", count)
            text = text.format(label=label.replace("&", "&&"), count=count, date=created[:16].replace("T", " "))
            action = self._earlier_menu.addAction(text)
            action.triggered.connect(lambda _checked=False, chosen=queue_id: self.show_list(chosen))
        if self._earlier_menu.isEmpty():
            self._earlier_menu.addAction(tr("None yet")).setEnabled(False)

    def _make_view_menu(self) -> None:
        self._view_menu: QMenu = self.menuBar().addMenu("")
        self._view_menu.addActions(self.viewer.actions())
        self._view_menu.addSeparator()
        self._theme_menu = self._view_menu.addMenu("")
        themes = QActionGroup(self)
        self._theme = Theme(self._services.store.setting("theme", Theme.SYSTEM.value))
        self._theme_actions: list[tuple[QAction, Theme]] = []
        for theme in Theme:
            action = self._theme_menu.addAction("")
            action.setCheckable(True)
            action.setChecked(theme is self._theme)
            action.triggered.connect(lambda _checked=False, chosen=theme: self.choose_theme(chosen))
            themes.addAction(action)
            self._theme_actions.append((action, theme))
        self._language_menu = self._view_menu.addMenu("")
        languages = QActionGroup(self)
        for code in available_languages():
            action = self._language_menu.addAction(LANGUAGE_NAMES.get(code, code))
            action.setCheckable(True)
            action.setData(code)
            action.setChecked(code == language())
            action.triggered.connect(lambda _checked=False, chosen=code: self.choose_language(chosen))
            languages.addAction(action)
        self._help_menu: QMenu = self.menuBar().addMenu("")
        self._help = self._help_menu.addAction("")
        self._help.setShortcut(QKeySequence(Qt.Key.Key_F1))
        self._help.triggered.connect(self.show_help)
        self._help_menu.addAction(self.viewer.action("keys"))
        self._check = self._help_menu.addAction("")
        self._check.triggered.connect(self.show_checkup)
        self._about = self._help_menu.addAction("")
        self._about.triggered.connect(self.show_about)

    def _connect(self) -> None:
        self.queue.current_changed.connect(self._show_row)
        self.welcome.folder_wanted.connect(self.open_folder)
        self.welcome.files_wanted.connect(self.open_files)
        self.welcome.examples_wanted.connect(self.try_examples)
        self.offer.accepted.connect(self._go_on)
        self.offer.declined.connect(self._give_up)
        self.evaluate_offer.accepted.connect(self._evaluate_dropped)
        self.evaluate_offer.declined.connect(self.evaluate_offer.hide)
        self.training_offer.accepted.connect(self._go_on_training)
        self.training_offer.declined.connect(self._give_up_training)
        self.result.decided.connect(self._decide)
        self.result.note_edited.connect(self._note_edited)
        self.result.undo_wanted.connect(self.undo_decision)
        self.result.verdict_wanted.connect(self._verdict_anyway)
        self.viewer.status.connect(lambda text: self.statusBar().showMessage(text))
        self.viewer.tags_wanted.connect(self._show_tags)
        self._keeper.saved.connect(self._saved)
        self._keeper.failed.connect(self._not_saved)
        QApplication.styleHints().colorSchemeChanged.connect(self._system_colours_changed)

    def retranslate(self) -> None:
        """Say every word of the window again in the language in use."""
        self.setWindowTitle(tr("Pneumo Desktop"))
        window_actions.retranslate(self._actions, self._menus)
        self._view_menu.setTitle(tr("&View"))
        self._help_menu.setTitle(tr("&Help"))
        self._theme_menu.setTitle(tr("Colours"))
        self._language_menu.setTitle(tr("Language"))
        self._recent_menu.setTitle(tr("Recent folders and files"))
        self._earlier_menu.setTitle(tr("Earlier lists"))
        for action, theme in self._theme_actions:
            action.setText(tr(THEME_WORDS[theme]))
        self._help.setText(tr("How to use it, and how to read the answers"))
        self._check.setText(tr("Check this computer…"))
        self._about.setText(tr("About Pneumo Desktop"))
        self._population_label.setText(tr("Whose images are these?"))
        self.population.setAccessibleName(tr("Whose images are these?"))
        for number in range(self.population.count()):
            known = Population(self.population.itemData(number))
            self.population.setItemText(number, population_word(known))
        self.cancel_button.setText(tr("Stop"))
        self._name_pause()
        self.progress.setAccessibleName(tr("Progress of the reading"))
        for part in (self.queue, self.viewer, self.result, self.welcome):
            part.retranslate()
        # Opening the package takes longer than a picture may wait for.
        self._model_changed()

    # Reading

    def start(self, paths: Sequence[Path], examples: bool = False) -> None:
        """Read ``paths`` as a new queue beside what is in the list; what is missing is told as left out."""
        if not paths:
            return
        told = self._services.store.folder_population(self._folder_of(paths[0]))
        if told is None:
            told = Population(self._services.store.setting("population", Population.NOT_KNOWN.value))
        if told is not None:
            self.population.setCurrentIndex(self.population.findData(told.value))
        self._paths += [(path, examples) for path in paths]
        run = self._new_run()
        try:
            run.pipeline = self._services.start_queue(paths, run.callbacks(), self._population(), examples=examples)
        except NoModelError:
            self._no_model()
            return
        if not examples:
            self._remember(paths)
        self._started()

    def _remember(self, paths: Sequence[Path]) -> None:
        names = [str(path.absolute()) for path in paths][:MOST_RECENT]
        before = [name for name in self._services.store.setting("recent", []) if name not in names]
        self._keeper.set_setting("recent", (names + before)[:MOST_RECENT])

    def show_list(self, queue_id: int) -> None:
        """Show a list that was read before; it needs no model and reads nothing again."""
        self.clear_list()
        self._keeper.ask(lambda: self._services.store.rows(queue_id), self._list_came, topic="list")

    def _list_came(self, rows: Sequence[Row]) -> None:
        self.queue.add_rows(list(rows))
        self._centre.setCurrentWidget(self.viewer)

    def _new_run(self) -> ReadingRun:
        run = ReadingRun(self)
        run.rows.connect(self._rows_came)
        run.progress.connect(self._progress_came)
        run.left_out.connect(self._left_out_came)
        run.ended.connect(self._ended)
        self._runs.append(run)
        return run

    def _started(self) -> None:
        self.offer.hide()
        self.progress.setRange(0, 0)
        self._progress_text.setText(tr("Looking for images…"))
        self._progress_bar.show()
        self._name_pause()
        self._centre.setCurrentWidget(self.viewer)

    def _no_model(self) -> None:
        QMessageBox.warning(
            self, self.windowTitle(),
            tr("No model could be opened. Please install the program again, or import a model."),
        )  # fmt: skip

    def _rows_came(self, rows: Sequence[Row]) -> None:
        self.queue.add_rows(list(rows))

    def _progress_came(self, progress: Progress) -> None:
        self.progress.setRange(0, max(1, progress.total))
        self.progress.setValue(progress.done)
        text = tr("{done} of {total} read, {rate:.0f} a second").format(
            done=progress.done, total=progress.total, rate=progress.images_per_second
        )
        if progress.seconds_left is not None:
            text += " · " + tr("{time} left").format(time=duration_text(progress.seconds_left))
        self._progress_text.setText(text)

    def _left_out_came(self, items: Sequence[LeftOut]) -> None:
        self._left_out.extend(items)
        count = len(self._left_out)
        text = ntr("{count} file was left out.", "{count} files were left out.", count).format(count=count)
        self.statusBar().showMessage(text)

    def _ended(self, error: BaseException | None) -> None:
        self.queue.flush()
        if any(run.pipeline is not None and run is not self.sender() and run.active for run in self._runs):
            return
        self._progress_bar.hide()
        if error is not None:
            raise error
        total = len(self.queue.model.all_rows())
        self.statusBar().showMessage(ntr("{count} file read.", "{count} files read.", total).format(count=total))

    def active_runs(self) -> list[ReadingRun]:
        """Return the runs whose threads are still at work."""
        return [run for run in self._runs if run.active]

    def toggle_pause(self) -> None:
        """Pause before the next image, or go on."""
        for run in self.active_runs():
            if run.pipeline is not None:
                (run.pipeline.resume if run.pipeline.paused else run.pipeline.pause)()
        self._name_pause()

    def _name_pause(self) -> None:
        paused = any(run.pipeline is not None and run.pipeline.paused for run in self.active_runs())
        self.pause_button.setText(tr("Go on") if paused else tr("Pause"))

    def cancel_reading(self) -> None:
        """Stop before the next image; what was not read can be resumed at the next start."""
        for run in self.active_runs():
            if run.pipeline is not None:
                run.pipeline.cancel()

    def _offer_to_go_on(self) -> None:
        unfinished = [queue for queue in self._services.store.unfinished() if not self.active_runs()]
        if unfinished:
            self._unfinished = unfinished[0]
            text = ntr(
                "{count} image of “{label}” was not read last time.",
                "{count} images of “{label}” were not read last time.",
                unfinished[0][3],
            )
            self.offer.ask(text.format(count=unfinished[0][3], label=unfinished[0][1]), tr("Go on"), tr("Not any more"))

    def _go_on(self) -> None:
        self.offer.hide()
        if self._unfinished is None:
            return
        queue_id, _label, population, _count = self._unfinished
        run = self._new_run()
        self._keeper.ask(lambda: self._services.store.rows(queue_id), self._list_came, topic="list")
        try:
            run.pipeline = self._services.resume_queue(queue_id, population, run.callbacks())
        except NoModelError:
            self._no_model()
            return
        self._started()

    def _give_up(self) -> None:
        self.offer.hide()
        if self._unfinished is not None:
            queue_id = self._unfinished[0]
            self._keeper.ask(lambda: self._services.store.finish_queue(queue_id))

    # Population

    @staticmethod
    def _folder_of(path: Path) -> Path:
        return path if path.is_dir() else path.parent

    def _population(self) -> Population:
        return Population(self.population.currentData())

    def _population_chosen(self) -> None:
        """Remember it for the folders and read their images again: another population has results of its own."""
        told, listed = self._population(), self._paths
        for path, _examples in listed:
            self._services.store.set_folder_population(self._folder_of(path), told)  # start() asks for it at once
        if listed:
            self.clear_list()
        for examples in (False, True):
            self.start([path for path, example in listed if example is examples], examples)

    def _verdict_anyway(self) -> None:
        """The reader wants the verdict although the patient lies outside the model's population; that is recorded."""
        if self._current is not None:
            run = self._new_run()
            run.pipeline = self._services.read_entry(
                self._current.entry, run.callbacks(), self._population(), analyse_outside=True
            )
            self._started()

    # What is chosen

    def _show_row(self, row: Row | None) -> None:
        changed = (row.entry_id if row else None) != (self._current.entry_id if self._current else None)
        self._current = row
        self.result.set_row(row, example=bool(row and row.example))
        if row is None:
            self.viewer.clear("")
            self._centre.setCurrentWidget(self.welcome)
            return
        if changed:
            self._background.submit(
                lambda: (_load(row.entry), self._services.store.heat_map(row.entry_id)),
                lambda loaded: self._show_picture(row.entry_id, *loaded),
                lambda error: self._picture_failed(row.entry_id, error),
                topic="picture",
            )

    def _show_picture(self, entry_id: int, radiograph: Radiograph, heat_map: npt.NDArray[np.float32] | None) -> None:
        row = self._current
        if row is None or row.entry_id != entry_id:
            return
        judged = row.judgement
        self.viewer.set_radiograph(
            radiograph, heat_map, judged.turned if judged else 0, judged.inverted if judged else False
        )

    def _picture_failed(self, entry_id: int, error: Exception) -> None:
        if not isinstance(error, UnreadableImageError):
            raise error
        if self._current is not None and self._current.entry_id == entry_id:
            self.viewer.clear(f"{self._current.entry.display_name()}\n\n{sentence(error.code)}")

    def _show_tags(self) -> None:
        row = self._current
        if row is not None:
            self._background.submit(
                lambda: _load(row.entry, all_tags=True).all_tags, self.viewer.show_tags, topic="tags"
            )

    def next_row(self) -> None:
        """Choose the next row."""
        self.queue.step(1)

    def previous_row(self) -> None:
        """Choose the row before."""
        self.queue.step(-1)

    def toggle_left(self) -> None:
        """Show only what is left to decide, or everything."""
        self.queue.show_left()

    def focus_filter(self) -> None:
        """Put the cursor into the filter."""
        self.queue.filter_box.setFocus()

    # Decisions

    def _decide(self, decision: Decision) -> None:
        """Write the decision and move on at once; the row says so when it is on disk."""
        row = self._current
        if row is None:
            return
        self._keeper.decide(row.entry_id, decision, self.result.note_text(), self.result.initials_text())
        place = self.queue.model.place_of(row.entry_id)
        following = self.queue.model.next_left(place if place is not None else -1, self._keeper.undecided)
        if following is not None:
            self.queue.choose(following)

    def decide_agree(self) -> None:
        """The reader agrees with the verdict."""
        if self.result.buttons[Decision.AGREE].isEnabled():
            self._decide(Decision.AGREE)

    def decide_pneumonia(self) -> None:
        """The reader sees pneumonia."""
        self._decide(Decision.PNEUMONIA)

    def decide_normal(self) -> None:
        """The reader sees a normal radiograph."""
        self._decide(Decision.NORMAL)

    def decide_cannot_tell(self) -> None:
        """The reader cannot tell."""
        self._decide(Decision.CANNOT_TELL)

    def _note_edited(self) -> None:
        row = self._current
        if row is not None and row.decision is not None:
            self._keeper.decide(row.entry_id, row.decision, self.result.note_text(), self.result.initials_text())

    def undo_decision(self) -> None:
        """Take back the newest decision of this sitting, wherever it was made."""
        self._keeper.undo()

    def _saved(self, row: Row, undone: bool) -> None:
        if self.queue.model.row_of(row.entry_id) is None:
            return
        self.queue.take_decided(row)
        if self._current is not None and self._current.entry_id == row.entry_id:
            self._current = row
            self.result.set_row(row, example=row.example)
        if undone:
            self.queue.choose_entry(row.entry_id)

    def _not_saved(self, error: Exception) -> None:
        if not isinstance(error, (sqlite3.Error, OSError)):
            raise error
        text = tr("The records could not be written: {why}. Please free some disk space and try again.")
        QMessageBox.warning(self, self.windowTitle(), text.format(why=error))

    # Files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read what was dropped anywhere on the window."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.start(paths)
        from pneumo_desktop.evaluation.labelled import is_labelled

        if len(paths) == 1 and is_labelled(paths[0]):
            self._labelled = paths[0]
            text = tr(
                "“{name}” holds folders of normal and of pneumonia images. Do you want to measure the model on them?"
            )
            self.evaluate_offer.ask(text.format(name=paths[0].name), tr("Evaluate"), tr("Only read them"))

    def _evaluate_dropped(self) -> None:
        self.evaluate_offer.hide()
        self.show_evaluation(self._labelled)

    def open_folder(self) -> None:
        """Ask for a folder and read it."""
        start = self._services.store.setting("last_folder", "")
        chosen = QFileDialog.getExistingDirectory(self, tr("Open a folder of radiographs"), start)
        if chosen:
            self._keeper.set_setting("last_folder", chosen)
            self.start([Path(chosen)])

    def open_files(self) -> None:
        """Ask for files and read them."""
        start = self._services.store.setting("last_folder", "")
        chosen, _filter = QFileDialog.getOpenFileNames(self, tr("Open radiographs"), start)
        if chosen:
            self._keeper.set_setting("last_folder", str(Path(chosen[0]).parent))
            self.start([Path(name) for name in chosen])

    def try_examples(self) -> None:
        """Read the generated examples."""
        self.start([places.resource("examples")], examples=True)

    def clear_list(self) -> None:
        """Empty the list; results and decisions stay in the records."""
        for run in self._runs:
            run.stop()
        self._runs.clear()
        self._left_out.clear()
        self._paths = []
        self._progress_bar.hide()
        self.queue.clear()
        self._current = None

    def export_results(self) -> None:
        """Ask for a file and write the list as CSV or JSON."""
        spanish, plain, json_name = tr("CSV for a Spanish spreadsheet (*.csv)"), tr("CSV (*.csv)"), tr("JSON (*.json)")
        kinds = [spanish, plain, json_name] if language() == "es" else [plain, spanish, json_name]
        name, kind = QFileDialog.getSaveFileName(self, tr("Export the results"), "pneumo.csv", ";;".join(kinds))
        if name:
            self.export_to(Path(name), as_json=kind == json_name, spanish=kind == spanish)

    def export_to(self, path: Path, as_json: bool = False, spanish: bool = False) -> None:
        """Write the shown rows; an error becomes a sentence."""
        rows = self.queue.model.shown_rows()

        def write() -> None:
            if as_json or path.suffix.lower() == ".json":
                write_json(rows, path)
            else:
                write_csv(rows, path, *((";", ",") if spanish else (",", ".")))

        def written(_nothing: None) -> None:
            text = ntr("{count} row written to {name}.", "{count} rows written to {name}.", len(rows))
            self.statusBar().showMessage(text.format(count=len(rows), name=path.name))

        def failed(error: Exception) -> None:
            if not isinstance(error, OSError):
                raise error
            text = tr("The results could not be written to {name}: {why}. Please choose another place.")
            QMessageBox.warning(self, self.windowTitle(), text.format(name=path.name, why=error.strerror))

        self._background.submit(write, written, failed)

    def save_viewed_picture(self) -> None:
        """Ask for a file and save the picture as it is shown."""
        name, _kind = QFileDialog.getSaveFileName(self, tr("Save the picture"), "radiograph.png", "PNG (*.png)")
        if name and not self.viewer.save_png(Path(name)):
            text = tr("The picture could not be written to {name}. Please choose another place.")
            QMessageBox.warning(self, self.windowTitle(), text.format(name=Path(name).name))

    def show_left_out(self) -> None:
        """Say what was left out, counted by reason, with the names."""
        if not self._left_out:
            QMessageBox.information(self, self.windowTitle(), tr("No file was left out."))
            return
        lines = [f"{number} × {sentence(code)}" for code, number in Counter(i.code for i in self._left_out).items()]
        box = QMessageBox(QMessageBox.Icon.Information, self.windowTitle(), "\n".join(lines), parent=self)
        box.setDetailedText("\n".join(f"{i.path}{'/' + i.member if i.member else ''}" for i in self._left_out))
        box.exec()

    # Models

    def show_models(self) -> None:
        """Show the installed models."""
        from pneumo_desktop.gui.models_dialog import ModelsDialog

        dialog = ModelsDialog(self._services, self)
        dialog.activated.connect(self._model_changed)
        dialog.exec()

    def _model_changed(self) -> None:
        self._background.submit(
            self._services.card, lambda card: self.result.set_model_text(model_text(card)), topic="model"
        )

    def show_training(self, resume: Path | None = None) -> None:
        """Open the training dialog, or bring it to the front; images are read meanwhile."""
        from pneumo_desktop.gui.training.dialog import TrainingDialog

        if self._training is None or not self._training.isVisible():
            self._training = TrainingDialog(self._services, self)
            self._training.activated.connect(self._model_changed)
            self._training.show()
            if resume is not None:
                self._training.resume(resume)
        self._training.raise_()
        self._training.activateWindow()

    def _offer_training(self) -> None:
        """Offer to go on with a training that a stop, a crash or a power cut has ended."""
        from pneumo_desktop.gui.training.jobs import unfinished_jobs

        jobs = unfinished_jobs(self._services.folder / "training")
        if jobs:
            self._unfinished_training = jobs[0]
            self.training_offer.ask(tr("A training was not finished."), tr("Go on"), tr("Not any more"))

    def _go_on_training(self) -> None:
        self.training_offer.hide()
        if self._unfinished_training is not None:
            self.show_training(self._unfinished_training)

    def _give_up_training(self) -> None:
        from pneumo_desktop.gui.training.jobs import finish_job

        self.training_offer.hide()
        job = self._unfinished_training
        if job is not None:
            self._background.submit(lambda: finish_job(job))

    def show_checkup(self) -> None:
        """Look at this computer and this installation, and tell what was seen."""
        from pneumo_desktop.gui.checkup import CheckupDialog

        dialog = CheckupDialog(self._services, self)
        dialog.begin()
        dialog.exec()

    def show_evaluation(self, folder: Path | None = None) -> None:
        """Measure a model on a labelled folder; matplotlib is imported by then, not at the start."""
        from pneumo_desktop.gui.evaluation import EvaluationDialog

        dialog = EvaluationDialog(self._services, folder, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    # Words and colours

    def choose_language(self, code: str) -> None:
        """Speak another language at once, and from now on."""
        set_language(code)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            translate_qt(application)
        self._keeper.set_setting("language", code)
        for action in self._language_menu.actions():
            action.setChecked(action.data() == code)
        self.retranslate()

    def choose_theme(self, theme: Theme) -> None:
        """Change the colours at once, and from now on."""
        self._theme = theme  # before the colours change: the system's signal asks for it
        application = QApplication.instance()
        if isinstance(application, QApplication):
            apply_theme(application, theme)
        self._keeper.set_setting("theme", theme.value)
        for action, named in self._theme_actions:
            action.setChecked(named is theme)
        self.result.refresh_colours()
        self.queue.table.viewport().update()

    def _system_colours_changed(self) -> None:
        if self._theme is Theme.SYSTEM:
            self.choose_theme(Theme.SYSTEM)

    def _ask_initials(self, wanted: bool) -> None:
        self._initials_wanted = wanted
        self.result.show_initials(wanted)

    def show_settings(self) -> None:
        """Show what can be set, and take over what was changed."""
        population = Population(self._services.store.setting("population", Population.NOT_KNOWN.value))
        dialog = SettingsDialog(Settings(language(), self._theme, population, self._initials_wanted), self)
        if dialog.exec():
            self.take_settings(dialog.settings())

    def take_settings(self, chosen: Settings) -> None:
        """Use ``chosen`` at once, and from now on."""
        self._keeper.set_setting("population", chosen.population.value)
        self._keeper.set_setting("initials", chosen.initials)
        self._ask_initials(chosen.initials)
        if chosen.theme is not self._theme:
            self.choose_theme(chosen.theme)
        if chosen.language != language():
            self.choose_language(chosen.language)

    def show_help(self) -> None:
        """Show the help page."""
        from pneumo_desktop.gui.help_dialog import HelpDialog

        HelpDialog(self._services.bundled_card(), self).exec()

    def show_about(self) -> None:
        """Say what the program is, and what it is not."""
        lines = [
            f"Pneumo Desktop {__version__}",
            sentence("disclaimer"),
            model_text(self._services.card()),
            "Apache-2.0",
        ]
        QMessageBox.about(self, tr("About Pneumo Desktop"), "\n\n".join(lines))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Cancel and wait for everything that runs; what was not read is offered at the next start."""
        if self._training is not None and self._training.isVisible():
            if not self._training.may_close():
                event.ignore()
                return
            self._training.shut()
        for run in self._runs:
            run.stop()
        self.queue.close_workers()
        self._background.close()
        self._keeper.close()
        event.accept()
