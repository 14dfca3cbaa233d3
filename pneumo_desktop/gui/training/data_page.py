"""Which images to learn from, what is wrong with them, and how they are parted."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop import training_program
from pneumo_desktop.gui.dropped import local_paths, taken_as_copy
from pneumo_desktop.gui.figure_view import FigureView
from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.outcomes import population_word
from pneumo_desktop.gui.questions import asked
from pneumo_desktop.gui.training.findings_view import FindingsView
from pneumo_desktop.gui.training.jobs import PreviewFolder
from pneumo_desktop.gui.training.mapping_form import MappingForm
from pneumo_desktop.gui.training.preview import PREVIEWED, PreviewDialog
from pneumo_desktop.gui.training.process import TrainingProcess, read_json
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.words import N_, ntr, tr
from pneumo_desktop.words.system_errors import no_unicode, refused

_PARTS = {"train": N_("Training"), "val": N_("Validation"), "test": N_("Test, locked")}


def split_text(scan: Mapping[str, Any]) -> str:
    """Return how the images are parted, in words; empty where nothing may be trained."""
    split = scan.get("split")
    if not isinstance(split, Mapping):
        return ""
    lines = []
    for part, words in _PARTS.items():
        counts = split.get(part, {})
        patients = int(counts.get("patients", 0))
        text = ntr(
            "{part}: {normal} normal, {pneumonia} pneumonia, {patients} patient",
            "{part}: {normal} normal, {pneumonia} pneumonia, {patients} patients",
            patients,
        )
        lines.append(
            text.format(
                part=tr(words), normal=counts.get("normal", 0), pneumonia=counts.get("pneumonia", 0), patients=patients
            )
        )
    if scan.get("locked", {}).get("kept"):
        lines.append(tr("The test part is the one of earlier trainings, so that models can be compared."))
    elif any(finding.get("code") == "no_patients" for finding in scan.get("findings", [])):
        lines.append(
            tr(
                "An image whose patient nobody knows counts as a patient of its own. The test part stays locked for later "
                "trainings as well."
            )
        )
    else:
        lines.append(tr("No patient is in two parts. The test part stays locked for later trainings as well."))
    return "\n".join(lines)


class DataPage(QWidget):
    """Scans what is chosen into the job that ``job_for_scan`` gives.

    ``ready`` says whether training may go on; ``reviewed_wanted`` asks for a table of the reader's decisions;
    ``failed`` carries the sentence of what did not come to its end, for a preview that was asked for on another page.
    ``recipe`` tells the seed and the augmentation that training will use; ``model`` the package whose gate looks.
    """

    ready = Signal(bool)
    reviewed_wanted = Signal()
    failed = Signal(str)

    def __init__(
        self,
        locked: Path,
        job_for_scan: Callable[[], Path],
        model: Callable[[], Path | None],
        recipe: Callable[[], Mapping[str, Any]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._locked, self._job_for_scan, self._model, self._recipe = locked, job_for_scan, model, recipe
        self.scan: dict[str, Any] = {}
        self._looked_at: object = None
        self.seed: int | None = None
        self._problem = ""
        self._previewed: PreviewFolder | None = None
        self._worker = Background(1, self)
        self._process = TrainingProcess(self)
        self._process.told.connect(self._told)
        self._process.ended.connect(self._ended)
        self.setAcceptDrops(True)
        self.words = Label("" if training_program.command() else training_program.missing(), wordWrap=True)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(tr("Progress of the scan"))
        self.progress.setTextVisible(False)
        self.stop_button = QPushButton(tr("Stop"))
        self.stop_button.setAutoDefault(False)
        self.stop_button.clicked.connect(self._process.stop)
        busy = QHBoxLayout()
        busy.addWidget(self.progress, 1)
        busy.addWidget(self.stop_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._choices())
        layout.addLayout(self._questions())
        layout.addLayout(busy)
        layout.addWidget(self.words)
        self._inside = QStackedWidget()
        self._inside.addWidget(self._invitation())
        self._inside.addWidget(self._results())
        layout.addWidget(self._inside, 1)
        self._busy(False)

    def _choices(self) -> QHBoxLayout:
        self.folder = QLineEdit()
        self.folder.setPlaceholderText(tr("Folder, ZIP or CSV of labelled images"))
        self.folder.setAccessibleName(tr("Labelled folder"))
        self.folder.returnPressed.connect(self._typed)
        self.folder.textEdited.connect(self._chosen_anew)
        self.choose = QPushButton(tr("Folder…"))
        self.choose.clicked.connect(self._choose_folder)
        self.choose_file = QPushButton(tr("ZIP or CSV…"))
        self.choose_file.clicked.connect(self._choose_file)
        self.reviewed = QPushButton(tr("Train from reviewed images"))
        self.reviewed.setToolTip(tr("Learn from the images that readers have decided in this program"))
        self.reviewed.clicked.connect(self.reviewed_wanted)
        line = QHBoxLayout()
        line.addWidget(self.folder, 1)
        for button in (self.choose, self.choose_file, self.reviewed):
            button.setAutoDefault(False)
            line.addWidget(button)
        return line

    def _questions(self) -> QHBoxLayout:
        self.population = QComboBox()
        for known in (Population.NOT_KNOWN, Population.CHILDREN, Population.ADULTS):
            self.population.addItem(population_word(known), known.value)
        label = Label(tr("Whose images are these?"))
        self.population.setAccessibleName(label.text())
        label.setBuddy(self.population)
        self.population.setToolTip(tr("For files that do not tell the age themselves, as DICOM does"))
        self.own_test = QCheckBox(tr("Use the folder's own test part as the locked one"))
        self.own_test.toggled.connect(self.start_scan)
        self.own_test.hide()
        line = QHBoxLayout()
        line.addWidget(label)
        line.addWidget(self.population)
        line.addSpacing(16)
        line.addWidget(self.own_test)
        line.addStretch(1)
        return line

    @staticmethod
    def _invitation() -> QWidget:
        text = tr(
            "<h3>Drop a folder of labelled images here</h3>"
            "<p>It holds two folders, <b>NORMAL</b> and <b>PNEUMONIA</b> (or names like them), each with its images; "
            "above them there may be <b>train</b>, <b>val</b> and <b>test</b>.</p>"
            "<p>A ZIP of such a folder, or a CSV with a column of files and a column of labels, will do as well.<br>"
            "Or train from the images that were decided in this program.</p>"
            "<p>The files are only read; they are never changed.</p>"
        )
        label = Label(text, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setMargin(40)
        return label

    def _results(self) -> QWidget:
        self.findings = FindingsView()
        self.mapping = MappingForm()
        self.mapping.wanted.connect(self.start_scan)
        self.mapping.changed.connect(self._chosen_anew)
        self.chart = FigureView(self._worker, tr("Class distribution"))
        self.split = Label(wordWrap=True)
        self.split.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.preview = QPushButton(tr("Show augmented images…"))
        self.preview.setAutoDefault(False)
        self.preview.clicked.connect(self.start_preview)
        self._parts = QWidget()
        left, right = QVBoxLayout(), QVBoxLayout(self._parts)
        right.setContentsMargins(0, 0, 0, 0)
        left.addWidget(self.findings, 3)
        left.addWidget(self.mapping, 2)
        right.addWidget(self.chart, 1)
        right.addWidget(self.split)
        right.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignRight)
        results = QWidget()
        both = QHBoxLayout(results)
        both.setContentsMargins(0, 0, 0, 0)
        both.addLayout(left, 1)
        both.addWidget(self._parts, 1)
        return results

    # What was chosen

    @property
    def scanning(self) -> bool:
        """True while images are looked at or changed."""
        return self._process.running

    @property
    def may_train(self) -> bool:
        """True where nothing forbids training, and what is chosen now was looked at."""
        return bool(self.scan) and not self.scan.get("blocked", True) and self._choice() == self._looked_at

    def _choice(self) -> object:
        """Return what a scan depends on and a person changes without one."""
        return self.folder.text().strip(), self.mapping.mapping()

    def _chosen_anew(self) -> None:
        if self.scan:
            self._say_scanned()
        self.ready.emit(self.may_train)

    def _say_scanned(self) -> None:
        """Say what the scan came to, or that what is chosen now is not what it looked at."""
        if self._choice() != self._looked_at:
            text = tr(
                "This was not looked at yet: press Enter in the field of the folder, or scan again with the classes."
            )
            self.words.setText(text)
            return
        count = int(self.scan.get("images", 0))
        text = ntr("{count} image can be learnt from.", "{count} images can be learnt from.", count)
        words = text.format(count=count)
        if self.scan.get("blocked", True):
            words += " " + tr("Something must be mended before training can begin.")
        self.words.setText(words)

    def settings(self) -> dict[str, Any]:
        """Return the keys of job.json that this page decides."""
        return {
            "folder": self.folder.text().strip(), "mapping": self.mapping.mapping() or None,
            "parts": "folder" if self.own_test.isChecked() else "new", "locked_test": str(self._locked),
            "population": self.population.currentData(),
        }  # fmt: skip

    def take(self, folder: Path) -> None:
        """Choose ``folder`` and scan it."""
        lost = no_unicode(str(folder))  # the field would have another name
        if lost:
            self._fail(lost)
        elif not self._process.running:
            self.folder.setText(str(folder))
            self._typed()

    def _typed(self) -> None:
        self.folder.setText(self.folder.text().strip().removeprefix('"').removesuffix('"'))  # as Windows copies a path
        self.mapping.clear()
        self.own_test.blockSignals(True)
        self.own_test.setChecked(False)
        self.own_test.blockSignals(False)
        self.own_test.hide()
        self.start_scan()

    def restore(self, settings: Mapping[str, Any], scan: Any) -> None:
        """Show an earlier job as it was left."""
        self.folder.setText(str(settings.get("folder", "")))
        self.population.setCurrentIndex(max(0, self.population.findData(settings.get("population"))))
        self.own_test.blockSignals(True)
        self.own_test.setChecked(settings.get("parts") == "folder")
        self.own_test.blockSignals(False)
        self.mapping.take(settings.get("mapping") or {})
        self._looked_at = self._choice()
        seed = settings.get("seed")
        self.seed = seed if isinstance(seed, int) else None
        if isinstance(scan, dict):
            self._show_scan(scan)

    def ask_warnings(self) -> bool:
        """Ask whether to go on in spite of the warnings; True where there is none."""
        found = self.scan.get("findings", [])
        warnings = [finding["sentence"] for finding in found if finding["severity"] == "warning"]
        if not warnings:
            return True
        text = tr("The scan warns:") + "\n\n" + "\n\n".join(warnings) + "\n\n" + tr("Train in spite of this?")
        return asked(self, tr("Training"), text)

    # Scanning

    def start_scan(self) -> None:
        """Look at every image of the chosen folder; training may go on when nothing forbids it."""
        if self._process.running or not self.folder.text().strip():
            return
        self.scan, self._problem, self.seed = {}, "", int(self._recipe().get("seed", 1))
        self._looked_at = self._choice()
        self.ready.emit(False)
        self._inside.setCurrentIndex(0)
        self.words.setText(tr("Looking at the images…"))
        model = self._model()
        try:
            out = self._job_for_scan() / "scan.json"
        except OSError as problem:
            self._fail(refused(problem))
            return
        self._run(
            "scan", self.folder.text().strip(), "--out", str(out), "--locked", str(self._locked), "--seed",
            str(self.seed), "--parts", "folder" if self.own_test.isChecked() else "new",
            "--mapping", json.dumps(self.mapping.mapping()), *(("--model", str(model)) if model else ()),
        )  # fmt: skip

    def start_preview(self) -> None:
        """Have some images changed as training will change them."""
        if self._process.running or not self.scan.get("images"):
            return
        self._problem = ""
        try:
            self._previewed = PreviewFolder(self._locked.parent)
        except OSError as problem:
            self._fail(refused(problem))
            return
        strengths = json.dumps(self._recipe().get("augmentation", {}))
        self._run(
            "preview", self.folder.text().strip(), "--out", str(self._previewed.path),
            "--count", str(PREVIEWED), "--mapping", json.dumps(self.mapping.mapping()), "--augmentation", strengths,
        )  # fmt: skip

    def _run(self, *arguments: str) -> None:
        lost = next(filter(None, map(no_unicode, arguments)), "")
        if lost:
            self._forget_preview()
            self._fail(lost)
            return
        if not self._process.start(arguments):
            self._forget_preview()
            self._fail(training_program.missing())
            return
        self.progress.setRange(0, 0)
        self._busy(True)

    def _fail(self, words: str) -> None:
        self.words.setText(words)
        self.failed.emit(words)

    def _forget_preview(self) -> None:
        """Delete the files of a preview: its dialog has them in memory."""
        if self._previewed is not None:
            self._previewed.delete()
            self._previewed = None

    def _busy(self, busy: bool) -> None:
        self.progress.setVisible(busy)
        self.stop_button.setVisible(busy)
        for widget in (self.folder, self.choose, self.choose_file, self.reviewed, self.own_test, self.mapping):
            widget.setEnabled(not busy)
        self.preview.setEnabled(not busy)

    def _told(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "progress":
            done, of = int(event.get("done", 0)), max(1, int(event.get("of", 0)))
            self.progress.setRange(0, of)
            self.progress.setValue(done)
            self.words.setText(tr("Looking at the images: {done} of {of}").format(done=done, of=of))
        elif kind == "error":
            self._problem = str(event.get("sentence", ""))
            folders = event.get("folders")
            if isinstance(folders, dict) and folders:
                self._inside.setCurrentIndex(1)
                self._show_results({})
                self.mapping.offer(folders)
        elif kind == "scanned":
            self._show_scan(read_json(Path(event["out"])))
        elif kind == "previewed":
            PreviewDialog(event.get("files", []), self).show()

    def _ended(self, code: int) -> None:
        self._busy(False)
        self._forget_preview()
        if self._problem:
            self._fail(self._problem)
        elif code == 3:
            self.words.setText(tr("Stopped."))
        elif code != 0:
            self._fail(tr("The training program ended unexpectedly. Please try again."))

    def _show_scan(self, scan: Any) -> None:
        if not isinstance(scan, dict):
            self._problem = tr("The training program ended unexpectedly. Please try again.")
            return
        self.scan = scan
        self._say_scanned()
        self._inside.setCurrentIndex(1)
        self._show_results(scan)
        self.mapping.offer(scan.get("folders") or {})
        self.own_test.setVisible("test" in scan.get("counts", {}))
        self.ready.emit(self.may_train)

    def _show_results(self, scan: Mapping[str, Any]) -> None:
        if scan:
            self.findings.take(scan.get("findings", []), scan.get("unreadable", []))
        self.findings.setVisible(bool(scan))
        self.split.setText(split_text(scan))
        parts = scan.get("split") or scan.get("counts", {})
        counts = {name: (c.get("normal", 0), c.get("pneumonia", 0)) for name, c in parts.items()}
        self._parts.setVisible(bool(counts))  # else what is asked has the room
        self.chart.draw((lambda figures: figures.class_distribution(counts)) if counts else None)
        self.preview.setVisible(bool(scan.get("images")))

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Choose a labelled folder"), self.folder.text())
        if chosen:
            self.take(Path(chosen))

    def _choose_file(self) -> None:
        kinds = tr("ZIP or CSV (*.zip *.csv *.tsv *.txt)")
        chosen, _kind = QFileDialog.getOpenFileName(self, tr("Choose a ZIP or a CSV"), self.folder.text(), kinds)
        if chosen:
            self.take(Path(chosen))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one folder or file."""
        if event.mimeData().hasUrls() and not self._process.running:
            taken_as_copy(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Scan what was dropped."""
        paths = local_paths(event)
        if paths and taken_as_copy(event):
            self.take(paths[0])

    def close_process(self) -> None:
        """End a scan or a preview that runs."""
        self._process.close()
        self._forget_preview()
        self._worker.close()
