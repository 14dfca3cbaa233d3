"""The window: toolbar above, queue left, viewer centre, result right. It joins what the desks do and show."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.app import Services
from pneumo_desktop.gui.appearance import Appearance
from pneumo_desktop.gui.dropped import local_paths, not_here, taken_as_copy
from pneumo_desktop.gui.file_doors import FileDoors
from pneumo_desktop.gui.info_dialogs import InfoDoors
from pneumo_desktop.gui.invitations import DropCue, Offer, PopulationQuestion, Welcome
from pneumo_desktop.gui.keeper import Keeper
from pneumo_desktop.gui.lists_of_records import ListsOfRecords
from pneumo_desktop.gui.model_doors import ModelDoors
from pneumo_desktop.gui.model_of_row import ModelOfRow
from pneumo_desktop.gui.population_box import PopulationBox
from pneumo_desktop.gui.preferences import Preferences
from pneumo_desktop.gui.questions import asked, warn
from pneumo_desktop.gui.queue_model import QueueModel
from pneumo_desktop.gui.queue_view import QueueView
from pneumo_desktop.gui.reading_desk import ReadingDesk
from pneumo_desktop.gui.reading_run import EndOfReading, ReadingRun
from pneumo_desktop.gui.result_panel import ResultPanel
from pneumo_desktop.gui.review_desk import ReviewDesk
from pneumo_desktop.gui.row_words import what_is_unrecorded, what_was_read
from pneumo_desktop.gui.screen_room import resize_within_screen, room_for
from pneumo_desktop.gui.unfinished import Unfinished
from pneumo_desktop.gui.viewer import ViewerPanel
from pneumo_desktop.gui.window_menus import WindowMenus, WindowToolbar
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.imaging.radiograph import UnreadableImageError
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.words import language, ntr, tr
from pneumo_desktop.words.sentences import sentence
from pneumo_desktop.words.system_errors import not_recorded

_CARD_MILLISECONDS = 150
_SIZE = (1366, 768)
"""Points; less where the screen has less."""


class MainWindow(QMainWindow):
    """One window over one ``Services``. ``start`` reads paths; ``close`` waits for every thread."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self._background = Background(1, self)
        self.keeper = Keeper(services.store, self)
        self.preferences = Preferences(services.store.settings(), self.keeper)
        self.appearance = Appearance(self.preferences, self)
        self.reading = ReadingDesk(services, self)
        self.reading.default_population = self.appearance.population
        self.doors = ModelDoors(services, self)
        self.setAcceptDrops(True)
        resize_within_screen(self, *_SIZE)
        self.setMinimumSize(640, 336)

        self.queue = QueueView(QueueModel())
        self.viewer = ViewerPanel()
        self.result = ResultPanel()
        self.review = ReviewDesk(services.store, self.keeper, self.queue, self.viewer, self.result, self)
        self.welcome = Welcome()
        self._population_box = PopulationBox()
        self.population = self._population_box.box
        self.offer, self.evaluate_offer, self.training_offer = (
            Offer(),
            self.doors.evaluate_offer,
            self.doors.training_offer,
        )
        self.population_question, self.model_offer = PopulationQuestion(), Offer()
        self.model_of_row = ModelOfRow(
            services, self.queue.model, self.result, self.model_offer, self._background, self
        )
        self.files = FileDoors(
            self.queue.model, self.viewer, self.reading, self.review, self.preferences, self._background, self
        )
        self.info = InfoDoors(services, lambda: self.menus.groups(), self)
        self._lay_out()

        self.menus = WindowMenus(self, self.viewer.actions_by_name, self.files.recent)
        self.toolbar = WindowToolbar(
            self.menus.actions | self.viewer.actions_by_name, self.viewer.presets_menu, self._population_box, self
        )
        self.addToolBar(self.toolbar)
        self._drop_cue = DropCue(self)
        self._unfinished = Unfinished(self.offer, services, self.keeper, lambda: bool(self.active_runs()), self)
        self._lists = ListsOfRecords(services.store, self.keeper, self.reading, self)
        self._left_out = QPushButton(flat=True)
        self._left_out.clicked.connect(self.files.show_left_out)
        self._left_out.hide()
        self.statusBar().addPermanentWidget(self._left_out)
        self._connect()
        self.result.decision.show_initials(self.appearance.initials)
        self.retranslate()
        self._enable_list_actions()
        self._unfinished.look()
        QTimer.singleShot(0, self.doors.offer_training)

    # Construction

    def _lay_out(self) -> None:
        self._centre = QStackedWidget()
        self._centre.addWidget(self.welcome)
        self._centre.addWidget(self.viewer)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        for widget, stretch in ((self.queue, 0), (self._centre, 1), (self.result, 0)):
            splitter.addWidget(widget)
            splitter.setStretchFactor(splitter.count() - 1, stretch)
        splitter.setSizes([450, 568, 348])
        splitter.setCollapsible(1, False)  # list and result may be pushed aside on a small screen, the picture not
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for bar in (self.offer, self.model_offer, self.population_question, self.evaluate_offer, self.training_offer):
            layout.addWidget(bar)
        layout.addWidget(splitter, 1)
        self.setCentralWidget(page)

    def _connect(self) -> None:
        self.welcome.folder_wanted.connect(self.files.open_folder)
        self.welcome.files_wanted.connect(self.files.open_files)
        self.welcome.examples_wanted.connect(self.files.try_examples)
        self.files.wanted.connect(self.start)
        self._unfinished.wanted.connect(self._lists.go_on)
        self._unfinished.refused.connect(self.say)
        self._lists.came.connect(self._list_came)
        self._population_box.told.connect(self.reading.tell)
        self.population_question.told.connect(lambda folders, told: self.reading.tell(told, folders))
        self.review.row_shown.connect(self._row_shown)
        self.result.verdict_wanted.connect(lambda: self._show_verdict(True))
        self.result.verdict_unwanted.connect(lambda: self._show_verdict(False))
        self.result.read_file_wanted.connect(self.read_file_again)
        self.menus.actions["read_file"].setEnabled(False)
        self.result.file_to_read.connect(self.menus.actions["read_file"].setEnabled)
        self.result.adapt_wanted.connect(lambda: self.doors.show_training())
        for field in (self.result.decision.note, self.result.decision.initials):
            field.returnPressed.connect(self.queue.focus_table)
        self.viewer.status.connect(self.say)
        self.viewer.status_outdated.connect(self._say_no_more)
        self.keeper.failed.connect(self._not_saved)
        self.menus.actions["undo"].setEnabled(False)
        self.keeper.undoable.connect(self.menus.actions["undo"].setEnabled)
        reading, bar = self.reading, self.queue.reading_bar
        reading.began.connect(self._reading_began)
        reading.rows.connect(self._rows_came)
        reading.progress.connect(bar.tell)
        reading.pausing.connect(bar.set_paused)
        reading.left_out_changed.connect(self._left_out_came)
        reading.ended.connect(self._reading_ended)
        reading.failed.connect(self._reading_failed)
        reading.changed.connect(self.review.changed_on_disk)
        reading.no_model.connect(self._no_model)
        reading.population_wanted.connect(self.population_question.ask)
        reading.population_used.connect(self._population_box.show_population)
        changed = reading.changed_files
        changed.progress.connect(bar.catch_up)
        changed.progress.connect(self._enable_list_actions)
        changed.ended.connect(bar.caught_up)
        changed.ended.connect(self._enable_list_actions)
        changed.not_read.connect(lambda words: self.say(f"{self.statusBar().currentMessage()} {words}".lstrip()))
        bar.pause_wanted.connect(reading.toggle_pause)
        bar.stop_wanted.connect(reading.cancel)
        bar.go_on_wanted.connect(reading.go_on)
        self.menus.recent_chosen.connect(lambda name: self.start([Path(name)]))
        self.menus.earlier_wanted.connect(
            lambda: self.keeper.ask(self._services.store.queues, self.menus.show_earlier, topic="earlier")
        )
        self.menus.earlier_chosen.connect(self.show_list)
        self.menus.theme_chosen.connect(self.appearance.choose_theme)
        self.menus.language_chosen.connect(self.appearance.choose_language)
        self.appearance.words_changed.connect(self.retranslate)
        self.appearance.colours_changed.connect(self._colours_changed)
        self.appearance.initials_changed.connect(self.result.decision.show_initials)
        self.appearance.population_changed.connect(
            lambda population: setattr(self.reading, "default_population", population)
        )
        self.doors.model_changed.connect(self.model_of_row.look)
        self.model_of_row.read_again_wanted.connect(reading.read_again)
        for box in (self._population_box, self.population_question):
            self.model_of_row.model_known.connect(box.show_card)
        QShortcut(QKeySequence("F6"), self).activated.connect(self._next_part)

    def retranslate(self) -> None:
        """Say every word of the window again in the language in use."""
        self.setWindowTitle(tr("Pneumo Desktop"))
        self.menus.retranslate()
        self.menus.tick(self.appearance.theme, language())
        parts = (self.queue, self.viewer, self.result, self.review, self.welcome, self.population_question,
                 self._drop_cue, self._population_box, self.offer, self.model_offer, self.evaluate_offer,
                 self.training_offer)  # fmt: skip
        for part in parts:
            part.retranslate()
        self.toolbar.retranslate()
        self._left_out_came(len(self.reading.left_out))
        self.statusBar().clearMessage()  # it is of a moment ago, in the language of then
        if self.isVisible():
            self.model_of_row.look()

    def showEvent(self, event: QShowEvent) -> None:
        """The model's card is read when the window is there: opening the package takes longer than that may wait."""
        super().showEvent(event)
        if self.focusWidget() is None:
            (self.queue.table if self.queue.model.has_rows() else self.welcome.folder).setFocus()
        QTimer.singleShot(_CARD_MILLISECONDS, self.model_of_row.look)

    def _colours_changed(self) -> None:
        self.menus.tick(self.appearance.theme, language())
        self.queue.table.viewport().update()

    def say(self, text: str) -> None:
        """Write a line into the status bar."""
        self.statusBar().showMessage(text)

    def _say_no_more(self, text: str) -> None:
        if self.statusBar().currentMessage() == text:
            self.say("")

    def open(self) -> None:
        """Show the window: in its own size, or all over a screen that has no more room than that."""
        room = room_for(self)
        if room.width() < _SIZE[0] or room.height() < _SIZE[1]:
            self.showMaximized()
        else:
            self.show()

    # Reading

    def start(self, paths: Sequence[Path], examples: bool = False, population: Population | None = None) -> None:
        """Read ``paths`` as a new queue beside what is in the list; what is missing is told as left out."""
        if not paths:
            return
        self.reading.start(paths, examples, population)
        if not examples:
            self.files.remember(paths)

    def active_runs(self) -> list[ReadingRun]:
        """Return the runs that have not told their last row."""
        return self.reading.active_runs()

    def _reading_began(self) -> None:
        self.offer.hide()
        self.queue.reading_bar.begin()
        self.queue.focus_table()  # so that the keys decide and do not write into the filter
        self._centre.setCurrentWidget(self.viewer)
        self._enable_list_actions()

    def _rows_came(self, rows: Sequence[Row]) -> None:
        self.queue.add_rows(list(rows))

    def _left_out_came(self, count: int) -> None:
        self._left_out.setText(ntr("{count} file left out…", "{count} files left out…", count).format(count=count))
        self._left_out.setVisible(count > 0)

    def _reading_ended(self, end: EndOfReading) -> None:
        self.queue.flush()
        self.queue.reading_bar.end(end)
        self.queue.open_at_the_top()
        rows = self.queue.model.all_rows()
        self.say(what_was_read(rows, end.unread))
        self.reading.changed_files.catch_up(rows)  # a folder that was opened before: files have changed since
        if not rows:
            self._centre.setCurrentWidget(self.welcome)
        self._enable_list_actions()
        self._unfinished.offer_next()
        self.model_of_row.offer_to_read_again()

    def _reading_failed(self, error: Exception) -> None:
        if not isinstance(error, UnreadableImageError):
            self._not_saved(error)
            return
        self.say(sentence(error.code))

    def _no_model(self) -> None:
        warn(self, self.windowTitle(), sentence("no_model"))

    def _enable_list_actions(self) -> None:
        """What cannot be done now is grey."""
        active, listed = bool(self.active_runs()), self.queue.model.has_rows()
        for name, possible in (
            ("pause", active), ("cancel", active or self.reading.changed_files.active), ("export", listed), ("clear", listed or active),
            ("next", listed), ("previous", listed), ("save_picture", self.review.current is not None),
        ):  # fmt: skip
            self.menus.actions[name].setEnabled(possible)
        for name in ("agree", "pneumonia", "normal", "cannot_tell", "note"):
            self.menus.actions[name].setEnabled(self.review.current is not None)

    # The focus

    def _next_part(self) -> None:
        """Move the focus to the next part: worklist, picture, decision."""
        parts: tuple[tuple[QWidget, QWidget], ...] = (
            (self.queue, self.queue.table), (self.viewer, self.viewer.canvas),
            (self.result, self.result.decision.buttons[Decision.PNEUMONIA]),
        )  # fmt: skip
        here = self.focusWidget()
        at = next((n for n, (part, _) in enumerate(parts) if here is part or (here and part.isAncestorOf(here))), -1)
        for step in range(1, len(parts) + 1):
            target = parts[(at + step) % len(parts)][1]
            if target.isVisible() and target.isEnabled():
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    def focusNextPrevChild(self, next: bool) -> bool:
        """Give the focus of what was hidden or disabled to the list: no key does what nobody chose."""
        left = self.focusWidget()
        if left is not None and not (left.isVisible() and left.isEnabled()):
            self.queue.focus_table()
            return True
        return super().focusNextPrevChild(next)

    def focus_note(self) -> None:
        """Put the cursor into the note; Enter goes back to the list."""
        self.result.decision.note.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # Lists of the records

    def show_list(self, queue_id: int) -> None:
        """Show a list that was read before; it needs no model and reads nothing again."""
        self.clear_list()
        self._lists.show(queue_id)

    def _list_came(self, rows: Sequence[Row], population: Population) -> None:
        """Take rows from the records; what has been read meanwhile is newer than they are."""
        self._population_box.show_population(population)
        model = self.queue.model
        self.queue.add_rows([row for row in rows if row.judgement is not None or model.row_of(row.entry_id) is None])
        self.model_of_row.offer_to_read_again(rows)
        if rows:
            self._centre.setCurrentWidget(self.viewer)
            self.queue.focus_table()

    # Whose images, and the verdict all the same

    def _show_verdict(self, shown: bool) -> None:
        """The reader wants the verdict although the patient lies outside the model's population; that is recorded."""
        if self.review.current is not None:
            self.reading.show_verdict(self.review.current, shown)

    # What is chosen

    def read_file_again(self) -> None:
        """Read the chosen file as it is now, because it has changed or could not be read."""
        row = self.review.current
        if row is not None:
            self.review.finish_note()
            self.queue.thumbnails.forget(row)
            self.queue.focus_table()  # the button goes with what it was for
            self.say("")
            self.reading.changed_files.read_again(row)

    def _row_shown(self, row: Row | None) -> None:
        self.model_of_row.show_row(row)
        if row is None and not self.active_runs():
            self._centre.setCurrentWidget(self.welcome)
        elif row is not None:
            self._centre.setCurrentWidget(self.viewer)
        self._enable_list_actions()

    def next_row(self) -> None:
        """Choose the next row."""
        self.queue.step(1)

    def previous_row(self) -> None:
        """Choose the row before."""
        self.queue.step(-1)

    # What is dropped, and what is cleared

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls() and taken_as_copy(event):
            self._drop_cue.show_over(self.rect())

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """The files were taken elsewhere."""
        self._drop_cue.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        """Read what was dropped anywhere on the window."""
        self._drop_cue.hide()
        if not taken_as_copy(event):
            return
        paths, elsewhere = local_paths(event), not_here(event)
        self.start(paths)
        if elsewhere:
            self.say(elsewhere)
        if len(paths) == 1:
            self.doors.offer_evaluation(paths[0])

    def clear_list(self) -> None:
        """Empty the list; results and decisions stay in the records."""
        self.reading.clear()
        self.queue.reading_bar.hide()
        self.population_question.forget()
        self.evaluate_offer.hide()
        self.model_offer.hide()
        self._left_out.hide()
        self.queue.clear()
        self.say("")

    # What the disk refuses, and the end

    def _not_saved(self, error: Exception) -> None:
        if not isinstance(error, (sqlite3.Error, OSError)):
            raise error
        warn(self, self.windowTitle(), self._with_films(not_recorded(error)))

    def _with_films(self, words: str) -> str:
        """Return ``words`` below the films whose decision or note is not recorded: the list has long moved on from them."""
        films = what_is_unrecorded(self.keeper.unrecorded.values())
        return f"{films}\n\n{words}" if films else words

    def _is_recorded(self) -> bool:
        """Return whether every decision and note is on the disk, or may be lost."""
        self.review.finish_note()
        question = tr("What could not be recorded is lost when the window closes. Close it all the same?")
        return self.keeper.finish() or asked(self, self.windowTitle(), self._with_films(question))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Cancel and wait for everything that runs; what was not read is offered at the next start.

        What the disk refuses is told, and the window stays until the reader gives it up.
        """
        if not (self._is_recorded() and self.doors.may_close()):
            event.ignore()
            return
        self.reading.close()
        self.queue.close_workers()
        self.review.close()
        self.doors.close()
        self._background.close()
        self.keeper.close()
        event.accept()
