"""Which images to learn from, what is wrong with them, and how they are parted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from pneumo_desktop import training_program
from pneumo_desktop.evaluation import figures
from pneumo_desktop.gui.training.process import MissingTrainingError, TrainingProcess, read_json
from pneumo_desktop.words import N_, ntr, tr

_PREVIEWED = 4
_PARTS = {"train": N_("Training"), "val": N_("Validation"), "test": N_("Test, locked")}
_ICONS = {
    "error": QStyle.StandardPixmap.SP_MessageBoxCritical,
    "warning": QStyle.StandardPixmap.SP_MessageBoxWarning,
    "note": QStyle.StandardPixmap.SP_MessageBoxInformation,
}
_SEVERITIES = {"error": N_("Must be mended"), "warning": N_("Warning"), "note": N_("Note")}


def split_text(scan: Mapping[str, Any]) -> str:
    """Return how the images are parted, in words; empty where nothing may be trained."""
    split = scan.get("split")
    if not isinstance(split, Mapping):
        return ""
    lines = []
    for part, words in _PARTS.items():
        counts = split.get(part, {})
        text = tr("{part}: {normal} normal, {pneumonia} pneumonia, {patients} patients")
        lines.append(
            text.format(
                part=tr(words), normal=counts.get("normal", 0), pneumonia=counts.get("pneumonia", 0),
                patients=counts.get("patients", 0),
            )
        )  # fmt: skip
    if scan.get("locked", {}).get("kept"):
        lines.append(tr("The test part is the one of earlier trainings, so that models can be compared."))
    return "\n".join(lines)


class PreviewDialog(QDialog):
    """Original images and random changes of them, as training will see them."""

    def __init__(self, groups: list[list[str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Augmented images"))
        grid = QGridLayout()
        for row, paths in enumerate(groups):
            for column, path in enumerate(paths[:6]):
                picture = QLabel()
                picture.setPixmap(QPixmap(path).scaledToHeight(130, Qt.TransformationMode.SmoothTransformation))
                picture.setAccessibleName(tr("Original") if column == 0 else tr("Changed"))
                grid.addWidget(picture, row, column)
        text = tr("Left the original, beside it random changes. They must not change what is to be seen.")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(text, wordWrap=True))
        layout.addLayout(grid)
        layout.addWidget(buttons)


class DataPage(QWidget):
    """Scans what is chosen into ``job``. ``ready`` says whether training may go on; ``reviewed_wanted`` asks for a CSV."""

    ready = Signal(bool)
    reviewed_wanted = Signal()

    def __init__(self, locked: Path, model: Path | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._locked, self._model = locked, model
        self._job: Path | None = None
        self._preview_folder: Path | None = None
        self.scan: dict[str, Any] = {}
        self._process = TrainingProcess(self)
        self._process.told.connect(self._told)
        self._process.ended.connect(self._ended)
        self._problem = ""
        self.setAcceptDrops(True)

        self.folder = QLineEdit()
        self.folder.setPlaceholderText(tr("Drop a folder with NORMAL and PNEUMONIA inside, a ZIP or a CSV here"))
        self.folder.setAccessibleName(tr("Labelled folder"))
        self.folder.returnPressed.connect(self.start_scan)
        self.choose = QPushButton(tr("Choose…"))
        self.choose.clicked.connect(self._choose_folder)
        self.reviewed = QPushButton(tr("Reviewed images"))
        self.reviewed.setToolTip(tr("Learn from the images that readers have decided in this program"))
        self.reviewed.clicked.connect(self.reviewed_wanted)
        self.own_test = QCheckBox(tr("Use the folder's own test part as the locked one"))
        self.own_test.toggled.connect(lambda: self.start_scan() if self.folder.text().strip() else None)
        self.progress = QProgressBar()
        self.progress.hide()
        self.words = QLabel("" if training_program.command() else training_program.missing(), wordWrap=True)
        self.findings = QListWidget()
        self.findings.setWordWrap(True)
        self.findings.setAccessibleName(tr("What the scan found"))
        self.split = QLabel(wordWrap=True)
        self._chart_place = QVBoxLayout()
        self._mapping_form = QFormLayout()
        self._mappings: dict[str, QComboBox] = {}
        self.preview = QPushButton(tr("Show augmented images…"))
        self.preview.setEnabled(False)
        self.preview.clicked.connect(self.start_preview)

        line = QHBoxLayout()
        for widget in (self.folder, self.choose, self.reviewed):
            line.addWidget(widget, 1 if widget is self.folder else 0)
        left, right, both = QVBoxLayout(), QVBoxLayout(), QHBoxLayout()
        left.addWidget(QLabel(tr("What the scan found")))
        left.addWidget(self.findings, 1)
        left.addLayout(self._mapping_form)
        right.addLayout(self._chart_place, 1)
        right.addWidget(self.split)
        right.addWidget(self.preview)
        both.addLayout(left, 1)
        both.addLayout(right, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(line)
        layout.addWidget(self.own_test)
        layout.addWidget(self.progress)
        layout.addWidget(self.words)
        layout.addLayout(both, 1)

    # What was chosen

    def use_job(self, job: Path) -> None:
        """Put the scan's files into ``job``."""
        self._job = job

    def settings(self) -> dict[str, Any]:
        """Return the keys of job.json that this page decides."""
        return {
            "folder": self.folder.text().strip(), "mapping": self._mapping() or None,
            "parts": "folder" if self.own_test.isChecked() else "new", "locked_test": str(self._locked),
        }  # fmt: skip

    def take(self, folder: Path) -> None:
        """Choose ``folder`` and scan it."""
        self.folder.setText(str(folder))
        self._clear_mappings()
        self.start_scan()

    def warnings(self) -> list[str]:
        """Return the sentences of the findings that ask."""
        found = self.scan.get("findings", [])
        return [finding["sentence"] for finding in found if finding["severity"] == "warning"]

    def _mapping(self) -> dict[str, str]:
        return {name: box.currentData() for name, box in self._mappings.items() if box.currentData()}

    # Scanning

    def start_scan(self) -> None:
        """Look at every image of the chosen folder; training may go on when nothing forbids it."""
        if self._job is None or self._process.running or not self.folder.text().strip():
            return
        self.scan, self._problem = {}, ""
        self.ready.emit(False)
        self.preview.setEnabled(False)
        self.findings.clear()
        self.split.clear()
        self._show_chart({})
        self.words.setText(tr("Looking at the images…"))
        self._run(
            "scan", self.folder.text().strip(), "--out", str(self._job / "scan.json"), "--locked", str(self._locked),
            "--parts", "folder" if self.own_test.isChecked() else "new", "--mapping", json.dumps(self._mapping()),
            *(("--model", str(self._model)) if self._model else ()),
        )  # fmt: skip

    def start_preview(self) -> None:
        """Have some images changed as training will change them."""
        if self._job is not None and not self._process.running:
            self._preview_folder = self._job / "preview"
            self._run(
                "preview", self.folder.text().strip(), "--out", str(self._preview_folder), "--count", str(_PREVIEWED),
                "--mapping", json.dumps(self._mapping()),
            )  # fmt: skip

    def _run(self, *arguments: str) -> None:
        try:
            self._process.start(arguments)
        except MissingTrainingError:
            self.words.setText(training_program.missing())
            return
        self.progress.setRange(0, 0)
        self.progress.show()
        for widget in (self.choose, self.reviewed, self.own_test):
            widget.setEnabled(False)

    def _told(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        if kind == "progress":
            self.progress.setRange(0, max(1, int(event.get("of", 0))))
            self.progress.setValue(int(event.get("done", 0)))
        elif kind == "error":
            self._problem = str(event.get("sentence", ""))
        elif kind == "scanned":
            self._show_scan(read_json(Path(event["out"])))
        elif kind == "previewed":
            PreviewDialog(event.get("files", []), self).show()

    def _ended(self, code: int) -> None:
        self.progress.hide()
        for widget in (self.choose, self.reviewed, self.own_test):
            widget.setEnabled(True)
        if self._problem:
            self.words.setText(self._problem)
        elif code not in (0, 3):
            self.words.setText(tr("The training program ended unexpectedly. Please try again."))

    def _show_scan(self, scan: Any) -> None:
        if not isinstance(scan, dict):
            self._problem = tr("The training program ended unexpectedly. Please try again.")
            return
        self.scan = scan
        count = int(scan.get("images", 0))
        blocked = bool(scan.get("blocked", True))
        text = ntr("{count} image can be learnt from.", "{count} images can be learnt from.", count)
        words = text.format(count=count)
        if blocked:
            words += " " + tr("Something must be mended before training can begin.")
        self.words.setText(words)
        for finding in scan.get("findings", []):
            severity = finding.get("severity", "note")
            item = QListWidgetItem(self.style().standardIcon(_ICONS[severity]), finding.get("sentence", ""))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{tr(_SEVERITIES[severity])}: {item.text()}")
            item.setToolTip("\n".join(str(name) for name in finding.get("names", [])[:20]))
            self.findings.addItem(item)
        if not scan.get("findings"):
            self.findings.addItem(tr("Nothing is wrong."))
        self.split.setText(split_text(scan))
        self._show_chart(scan.get("split") or scan.get("counts", {}))
        self._offer_mappings(scan.get("folders") or {})
        self.preview.setEnabled(count > 0)
        self.ready.emit(not blocked)

    def _show_chart(self, parts: Mapping[str, Any]) -> None:
        while (item := self._chart_place.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        counts = {name: (c.get("normal", 0), c.get("pneumonia", 0)) for name, c in parts.items()}
        if counts:
            canvas = FigureCanvasQTAgg(figures.class_distribution(counts))
            canvas.setMinimumHeight(220)
            canvas.setAccessibleName(tr("Class distribution"))
            self._chart_place.addWidget(canvas)

    def _clear_mappings(self) -> None:
        self._mappings.clear()
        while self._mapping_form.rowCount():
            self._mapping_form.removeRow(0)

    def _offer_mappings(self, folders: Mapping[str, int]) -> None:
        for name, number in list(folders.items())[:12]:
            if name in self._mappings:
                continue
            box = QComboBox()
            for words, value in ((tr("Leave out"), ""), (tr("Normal"), "normal"), (tr("Pneumonia"), "pneumonia")):
                box.addItem(words, value)
            box.setAccessibleName(name)
            box.activated.connect(self.start_scan)
            self._mappings[name] = box
            self._mapping_form.addRow(tr("Folder {name} ({count})").format(name=name, count=number), box)

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, tr("Choose a labelled folder"), self.folder.text())
        if chosen:
            self.take(Path(chosen))

    def ask_warnings(self) -> bool:
        """Ask whether to go on in spite of the warnings; True where there is none."""
        warnings = self.warnings()
        if not warnings:
            return True
        text = tr("The scan warns:") + "\n\n" + "\n\n".join(warnings) + "\n\n" + tr("Train in spite of this?")
        return QMessageBox.question(self, tr("Training"), text) == QMessageBox.StandardButton.Yes

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one folder or file."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Scan what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.take(paths[0])

    def close_process(self) -> None:
        """End a scan that runs."""
        self._process.close()
