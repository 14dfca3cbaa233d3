"""Every installed model with its card; activate, go back, exchange by USB."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop import training_program
from pneumo_desktop.app import RECORDS, Services
from pneumo_desktop.gui.card_text import card_text, learnt_from
from pneumo_desktop.gui.labels import Label, as_it_is
from pneumo_desktop.gui.questions import asked
from pneumo_desktop.gui.reason_dialog import ReasonDialog
from pneumo_desktop.gui.screen_room import resize_within_screen
from pneumo_desktop.gui.training.process import TrainingProcess
from pneumo_desktop.gui.where_to_save import where_to_save
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.headline import headline_auc
from pneumo_desktop.models.registry import ModelInfo, UnknownModelError
from pneumo_desktop.words import N_, tr
from pneumo_desktop.words.sentences import sentence
from pneumo_desktop.words.system_errors import refused

_COLUMNS = (N_("Model"), N_("Made on"), N_("Made from"), N_("Images learnt from"), N_("AUC"), N_("State"))
_CONVERTED = (".tflite", ".keras", ".onnx")
"""Written by the training program; everything else is the package itself."""


class _Table(QTableWidget):
    """Says ``without_rows`` where the rows will be, until there are some."""

    without_rows = ""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.rowCount():
            QPainter(self.viewport()).drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self.without_rows)


class ModelsDialog(QDialog):
    """The models of this installation. ``activated`` says that another model reads from now on."""

    activated = Signal()

    def __init__(self, services: Services, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self._models: list[ModelInfo] = []
        self._before: ModelInfo | None = None
        self._told_why = False
        self._background = Background(1, self)
        self._converter = TrainingProcess(self)
        self._converter.told.connect(self._converted)
        self._converter.ended.connect(self._conversion_ended)
        self.setWindowTitle(tr("Models"))
        resize_within_screen(self, 940, 560)
        self.table = _Table(0, len(_COLUMNS))
        self.table.setHorizontalHeaderLabels([tr(words) for words in _COLUMNS])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setHighlightSections(False)  # bold words need more room than is kept for them
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setAccessibleName(tr("Models"))
        self.table.itemSelectionChanged.connect(self._chosen)
        self.card = QPlainTextEdit(readOnly=True)
        self.card.setAccessibleName(tr("The card of the chosen model"))
        self.words = Label(wordWrap=True)
        self.activate = QPushButton(tr("Use this model"))
        self.back = QPushButton(tr("Back to the model before"))
        self.import_model = QPushButton(tr("Import…"))
        self.export = QPushButton(tr("Export…"))
        self.remove = QPushButton(tr("Remove"))
        self.activate.clicked.connect(self.activate_chosen)
        self.back.clicked.connect(self.go_back)
        self.import_model.clicked.connect(self._ask_import)
        self.export.clicked.connect(self._ask_export)
        self.remove.clicked.connect(self._ask_remove)
        buttons = QHBoxLayout()
        for button in (self.activate, self.back, self.import_model, self.export, self.remove):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        close = QPushButton(tr("Close"))
        close.clicked.connect(self.accept)
        buttons.addWidget(close)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.table)
        splitter.addWidget(self.card)
        splitter.setSizes([200, 300])
        layout = QVBoxLayout(self)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.words)
        layout.addLayout(buttons)
        self._chosen()
        self.card.setPlaceholderText(tr("Reading the models…"))
        self.words.setText(self.card.placeholderText())
        self.table.without_rows = self.card.placeholderText()
        self._reload()

    def chosen(self) -> ModelInfo | None:
        """Return the model of the chosen row."""
        rows = self.table.selectionModel().selectedRows()
        return self._models[rows[0].row()] if rows else None

    def activate_chosen(self) -> None:
        """Read with the chosen model from now on."""
        info = self.chosen()
        if info is None:
            return
        reason = ""
        if info.needs_reason:
            text = tr(
                "The card of {name} says that it is worse on the locked test part than the model that it was compared "
                "with. If you want to use it all the same, say why. The reason is kept with the list of models."
            )
            dialog = ReasonDialog(tr("This model is worse"), text.format(name=info.model_id), self)
            if not dialog.exec():
                return
            reason = dialog.reason.text().strip()
        self.words.setText(tr("Checking {name}…").format(name=info.model_id))
        self._do(lambda: self._services.activate_model(info.model_id, reason), self._changed, self._refused)

    def go_back(self) -> None:
        """Use the model that was active before."""
        self._do(self._services.roll_back_model, self._changed, self._refused)

    def import_from(self, path: Path) -> None:
        """Verify a package and install it; it is offered, not activated."""
        self.words.setText(tr("Checking {name}…").format(name=path.name))
        self._do(lambda: self._services.install_model(path), self._imported)

    def export_to(self, path: Path) -> None:
        """Copy the chosen model into one file; for other programs the training program converts its network."""
        info = self.chosen()
        if info is None:
            return
        done = tr("Written to {name}.").format(name=path.name)
        if path.suffix.lower() not in _CONVERTED:
            self._do(lambda: self._services.registry.export(info.model_id, path), lambda _: self.words.setText(done))
        elif not self._converter.running:
            started = self._converter.start(["export", str(info.path), str(path)])
            self.words.setText(tr("Writing {name}…").format(name=path.name) if started else training_program.missing())

    def _conversion_ended(self, code: int) -> None:
        if code not in (0, 2):  # with these an event has said how it went
            self.words.setText(tr("The training program ended unexpectedly. Please try again."))

    def _converted(self, event: dict[str, Any]) -> None:
        if event["event"] == "exported":
            self.words.setText(tr("Written to {name}.").format(name=Path(str(event.get("file", ""))).name))
        elif event["event"] == "error":
            self.words.setText(str(event.get("sentence", "")))

    def remove_chosen(self) -> None:
        """Delete the chosen model's file."""
        info = self.chosen()
        if info is not None:
            gone = tr("{name} was removed.").format(name=info.model_id)
            self._do(lambda: self._services.registry.remove(info.model_id), lambda _: self._reload(gone))

    def _do(
        self, work: Callable[[], Any], done: Callable[[Any], None], failed: Callable[[Exception], None] | None = None
    ) -> None:
        self._background.submit(work, done, failed or self._failed)

    def _refused(self, error: Exception) -> None:
        self._told_why = True
        if isinstance(error, BadPackageError):
            self.words.setText(tr("The model is not used. {why}").format(why=sentence(error.code)))
        else:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._told_why = True
        if isinstance(error, BadPackageError):
            self.words.setText(tr("The file was not imported. {why}").format(why=sentence(error.code)))
        elif isinstance(error, PermissionError) and error.errno is None:
            self._reload(tr("The bundled and the active model cannot be removed."))
        elif isinstance(error, UnknownModelError):  # another window has removed it since the list was made
            self._reload(tr("There is no model with the name {name}.").format(name=error))
        elif isinstance(error, (OSError, sqlite3.Error)):
            self.words.setText(refused(error, RECORDS if isinstance(error, sqlite3.Error) else ""))
        else:
            raise error

    def _changed(self, info: ModelInfo | None) -> None:
        name = info.model_id if info is not None else "–"
        self._reload(
            tr("New images are read with {name}. Results made before keep their model's name.").format(name=name)
        )
        self.activated.emit()

    def _imported(self, info: ModelInfo) -> None:
        text = tr("{name} is complete and gives its reference scores. It is not used until you say so.")
        self._reload(text.format(name=info.model_id), info.model_id)

    def _reload(self, words: str = "", choose: str | None = None) -> None:
        registry = self._services.registry
        self._background.submit(
            lambda: (registry.list(), registry.before()), lambda told: self._show(told[0], told[1], words, choose), self._failed,
            topic="list",
        )  # fmt: skip

    def _show(self, models: Sequence[ModelInfo], back_to: ModelInfo | None, words: str, choose: str | None) -> None:
        before = self.chosen()
        self._before = back_to
        wanted = choose or (before.model_id if before else None)
        self._models = list(models)
        self.card.setPlaceholderText("")
        self.table.without_rows = tr("No model can be opened here. Please import one, or install the program again.")
        self.table.setRowCount(len(models))
        for row, info in enumerate(models):
            state = [tr("In use")] if info.active else []
            state += [tr("Bundled")] if info.bundled else []
            texts = (
                f"{info.card.name} ({info.model_id})", info.card.created, info.card.parent or "–",
                learnt_from(info.card), headline_auc(info.card) or "–", ", ".join(state),
            )  # fmt: skip
            for column, text in enumerate(texts):
                self.table.setItem(row, column, QTableWidgetItem(text))
        names = [info.model_id for info in models]
        if wanted in names:
            self.table.selectRow(names.index(wanted))
        elif models:
            self.table.selectRow(next((i for i, info in enumerate(models) if info.active), 0))
        self.words.setText(words)
        self._chosen()

    def _chosen(self) -> None:
        info = self.chosen()
        self.card.setPlainText(card_text(info) if info is not None else "")
        self.activate.setEnabled(info is not None and not info.active)
        self.export.setEnabled(info is not None)
        self.remove.setEnabled(info is not None and not info.active and not info.bundled)
        self.back.setEnabled(self._before is not None)
        self.back.setToolTip(as_it_is(self._before.model_id) if self._before is not None else "")

    def _ask_import(self) -> None:
        name, _kind = QFileDialog.getOpenFileName(self, self.windowTitle(), "", tr("Model package (*.pneumo)"))
        if name:
            self.import_from(Path(name))

    def _ask_export(self) -> None:
        info = self.chosen()
        if info is not None:
            kinds = {
                tr("Model package (*.pneumo)"): ".pneumo", tr("Network for LiteRT (*.tflite)"): ".tflite",
                tr("Network for Keras (*.keras)"): ".keras", tr("Network for ONNX (*.onnx)"): ".onnx",
            }  # fmt: skip
            path = where_to_save(self, self.windowTitle(), Path(f"{info.model_id}.pneumo"), kinds)
            if path is not None:
                self.export_to(path)

    def _ask_remove(self) -> None:
        info = self.chosen()
        if info is None:
            return
        question = tr("Remove {name}? Results that it made are kept.").format(name=info.model_id)
        if asked(self, self.windowTitle(), question):
            self.remove_chosen()

    def done(self, result: int) -> None:
        """Wait for what runs, whichever way the dialog is closed; stay where it was refused, so that the words are read."""
        if self._finished():
            super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close as ``done`` does."""
        if self._finished():
            super().closeEvent(event)
        else:
            event.ignore()

    def _finished(self) -> bool:
        """Wait for what was asked for and tell of it, a switch to ``activated`` too; False where something was refused."""
        self._told_why = False
        self._background.finish()
        if self._told_why:
            return False
        self._converter.close()
        self._background.close()
        return True
