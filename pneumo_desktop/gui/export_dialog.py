"""Exporting the list: which rows, in which form, and the writing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.picture_file import write_picture
from pneumo_desktop.gui.preferences import Preferences
from pneumo_desktop.gui.questions import warn
from pneumo_desktop.gui.queue_model import QueueModel
from pneumo_desktop.gui.where_to_save import unused, where_to_save
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.imaging.sources import LeftOut
from pneumo_desktop.records.export import write_csv, write_json
from pneumo_desktop.records.rows import Row
from pneumo_desktop.words import N_, language, ntr, tr
from pneumo_desktop.words.system_errors import system_words

_SEPARATORS = {",": N_("comma  ,"), ";": N_("semicolon  ;"), "\t": N_("tab")}
_DECIMALS = {".": N_("point  0.5"), ",": N_("comma  0,5")}


@dataclass(frozen=True)
class ExportChoice:
    """``form`` is csv or json; ``shown_only`` leaves out what the filter hides; ``patient`` adds name, number and date."""

    form: str = "csv"
    separator: str = ","
    decimal: str = "."
    shown_only: bool = False
    patient: bool = False

    @staticmethod
    def usual() -> ExportChoice:
        """Return what a spreadsheet in the language in use reads."""
        return ExportChoice(separator=";", decimal=",") if language() == "es" else ExportChoice()

    @staticmethod
    def from_setting(stored: Any) -> ExportChoice:
        """Return a choice as it was stored, without names of patients; what cannot be chosen is as usual."""
        usual = ExportChoice.usual()
        if not isinstance(stored, dict):
            return usual
        choices: dict[str, tuple[Any, ...]] = {
            "form": ("csv", "json"), "separator": (*_SEPARATORS,), "decimal": (*_DECIMALS,), "shown_only": (False, True),
        }  # fmt: skip
        chosen = {
            name: value for name, values in choices.items() for value in values if value == stored.get(name)
        }  # fmt: skip
        return replace(usual, **chosen)

    def setting(self) -> dict[str, Any]:
        """Return the choice as it is stored; names of patients are asked for anew each time."""
        return asdict(self) | {"patient": False}


def write(rows: Sequence[Row], path: Path, choice: ExportChoice, left_out: Sequence[LeftOut] = ()) -> None:
    """Write ``rows`` to ``path``; JSON names what was left out as well. Raises OSError; then what was there is still there."""
    if choice.form == "json":
        write_json(rows, path, choice.patient, left_out=left_out)
    else:
        write_csv(rows, path, choice.separator, choice.decimal, choice.patient)


class ExportDialog(QDialog):
    """Asks how to export ``total`` rows, of which the filter shows ``shown``."""

    def __init__(self, choice: ExportChoice, shown: int, total: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Export the results"))
        self.rows, self.form, self.separator, self.decimal = QComboBox(), QComboBox(), QComboBox(), QComboBox()
        self.set_counts(shown, total)
        self.form.addItem(tr("CSV, for a spreadsheet"), "csv")
        self.form.addItem(tr("JSON, for other programs"), "json")
        for box, words in ((self.separator, _SEPARATORS), (self.decimal, _DECIMALS)):
            for sign, word in words.items():
                box.addItem(tr(word), sign)
        self.patient = QCheckBox(tr("With the patient's name, number and study date"))
        self.patient.setChecked(choice.patient)
        for box, value in (
            (self.rows, choice.shown_only),
            (self.form, choice.form),
            (self.separator, choice.separator),
            (self.decimal, choice.decimal),
        ):
            box.setCurrentIndex(max(0, box.findData(value)))
        self.problem = Label(wordWrap=True)
        self.problem.setText(tr("Separator and decimal sign must be different."))
        form = QFormLayout()
        form.addRow(tr("Rows"), self.rows)
        form.addRow(tr("Form"), self.form)
        form.addRow(tr("Between columns"), self.separator)
        form.addRow(tr("Decimal sign"), self.decimal)
        form.addRow("", self.patient)
        hint = Label(tr("The reader's decisions, notes and initials are exported too."), wordWrap=True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = buttons.addButton(tr("Choose a file…"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(hint)
        layout.addWidget(self.problem)
        layout.addWidget(buttons)
        for box in (self.form, self.separator, self.decimal):
            box.currentIndexChanged.connect(self._check)
        self._check()

    def set_counts(self, shown: int, total: int) -> None:
        """Say how many rows there are now: the reading may go on while the dialog is open."""
        words = [ntr("All {count} row", "All {count} rows", total).format(count=total)]
        if shown != total:
            words.append(ntr("The {count} row shown", "The {count} rows shown", shown).format(count=shown))
        while self.rows.count() > len(words):
            self.rows.removeItem(self.rows.count() - 1)
        for number, text in enumerate(words):
            if number == self.rows.count():
                self.rows.addItem("", bool(number))
            self.rows.setItemText(number, text)

    def choice(self) -> ExportChoice:
        """Return what is chosen now."""
        return ExportChoice(
            form=self.form.currentData(), separator=self.separator.currentData(), decimal=self.decimal.currentData(),
            shown_only=bool(self.rows.currentData()), patient=self.patient.isChecked(),
        )  # fmt: skip

    def _check(self) -> None:
        chosen = self.choice()
        as_csv = chosen.form == "csv"
        self.separator.setEnabled(as_csv)
        self.decimal.setEnabled(as_csv)
        clash = as_csv and chosen.separator == chosen.decimal
        self.problem.setVisible(clash)
        self.save.setEnabled(not clash)


def ask_and_export(
    window: QWidget,
    model: QueueModel,
    preferences: Preferences,
    background: Background,
    left_out: Sequence[LeftOut],
    as_recorded: Callable[[Row], Row],
) -> None:
    """Ask how and where to, and write the rows ``as_recorded`` off the GUI thread; an error becomes a sentence."""
    dialog = ExportDialog(ExportChoice.from_setting(preferences.get("export")), *model.counts(), window)
    changes = [
        signal.connect(lambda *_: dialog.set_counts(*model.counts()))
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset)
    ]
    wanted = dialog.exec()
    for change in changes:
        QObject.disconnect(change)
    if not wanted:
        return
    choice = dialog.choice()
    preferences.set("export", choice.setting())
    suffix = f".{choice.form}"
    start = Path(preferences.get("export_folder", "")) / f"pneumo{suffix}"
    kinds = {"CSV (*.csv)" if choice.form == "csv" else "JSON (*.json)": suffix}
    path = where_to_save(window, tr("Export the results"), start, kinds, films_of(model))
    if path is not None:
        preferences.set("export_folder", str(path.parent))
        rows = model.shown_rows() if choice.shown_only else model.all_rows()
        export_to(window, rows, path, choice, background, left_out, as_recorded)


def films_of(model: QueueModel) -> Iterator[Path]:
    """Yield the files of everything that is listed by then, shown or not."""
    for row in model.all_rows():
        yield row.entry.path


def export_to(
    window: QWidget,
    rows: Sequence[Row],
    path: Path,
    choice: ExportChoice,
    background: Background,
    left_out: Sequence[LeftOut] = (),
    as_recorded: Callable[[Row], Row] = lambda row: row,
) -> None:
    """Write ``rows`` off the GUI thread and say so in the window's status bar.

    ``as_recorded`` is asked there for what is written of each: the list may say less than the records.
    """

    def written(_nothing: object) -> None:
        text = ntr("{count} row written to {name}.", "{count} rows written to {name}.", len(rows))
        _say(window, text.format(count=len(rows), name=path.name))

    def failed(error: Exception) -> None:
        if not isinstance(error, OSError):
            raise error
        text = tr("The results could not be written to {name}: {why}. Please choose another place.")
        warn(window, window.windowTitle(), text.format(name=path.name, why=system_words(error)))

    beside = tuple(left_out)
    background.submit(lambda: write([as_recorded(row) for row in rows], path, choice, beside), written, failed)


def ask_and_save_picture(
    window: QWidget,
    stem: str,
    make: Callable[[], QImage],
    model: QueueModel,
    preferences: Preferences,
    background: Background,
) -> None:
    """Ask for a file and save the picture as it is shown, in its own size; a film of the list stays as it is."""
    start = unused(Path(preferences.get("export_folder", "")) / f"{stem}.png")
    path = where_to_save(window, tr("Save the picture"), start, {"PNG (*.png)": ".png"}, films_of(model))
    if path is not None:
        preferences.set("export_folder", str(path.parent))
        save_picture_to(window, path, make, background)


def save_picture_to(window: QWidget, path: Path, make: Callable[[], QImage], background: Background) -> None:
    """Make and write a picture off the GUI thread."""

    def saved(_nothing: None) -> None:
        _say(window, tr("Picture saved as {name}.").format(name=path.name))

    def failed(problem: Exception) -> None:
        if not isinstance(problem, OSError):
            raise problem
        text = tr("The picture could not be written to {name}: {why}. Please choose another place.")
        why = system_words(problem)
        warn(window, window.windowTitle(), text.format(name=path.name, why=why))

    background.submit(lambda: write_picture(make(), path), saved, failed)


def _say(window: QWidget, text: str) -> None:
    if isinstance(window, QMainWindow):
        window.statusBar().showMessage(text)
