"""The images behind a number: a list, the chosen film, and what was said of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QSizePolicy, QVBoxLayout, QWidget

from pneumo_desktop.evaluation.cases import Case
from pneumo_desktop.evaluation.labelled import PNEUMONIA
from pneumo_desktop.gui.labels import Label, as_it_is
from pneumo_desktop.gui.outcomes import score_text, summary
from pneumo_desktop.gui.thumbnails import make_thumbnail
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.words import ntr, tr
from pneumo_desktop.words.sentences import sentence

_SIDE = 640


def case_words(case: Case) -> str:
    """Return label, outcome and score of a case in one line."""
    label = tr("Pneumonia") if case.label == PNEUMONIA else tr("Normal")
    words = tr("Labelled {label}; read as: {outcome}").format(
        label=label.lower(), outcome=summary(case.judgement).lower()
    )
    reason = case.judgement.reason
    return words if reason is None else f"{words}. {sentence(reason.value)}"


class _Picture(Label):
    """A label that keeps its picture's aspect."""

    def __init__(self) -> None:
        super().__init__(alignment=Qt.AlignmentFlag.AlignCenter)
        self._pixmap = QPixmap()
        self.setMinimumSize(200, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_image(self, image: QImage | None) -> None:
        self._pixmap = QPixmap() if image is None else QPixmap.fromImage(image)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._pixmap.isNull():
            self.clear()
            return
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        self.setPixmap(self._pixmap.scaled(self.size(), keep, smooth))


class Gallery(QWidget):
    """Shows ``cases`` one at a time; arrows move through them. Close it before the program ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cases: list[Case] = []
        self._background = Background(1, self)
        self.title = Label(wordWrap=True)
        self.list = QListWidget()
        self.list.currentRowChanged.connect(self._chosen)
        self.picture = _Picture()
        self.words = Label(wordWrap=True)
        self.words.setMinimumHeight(48)
        left, right, both = QVBoxLayout(), QVBoxLayout(), QHBoxLayout(self)
        left.addWidget(self.title)
        left.addWidget(self.list, 1)
        right.addWidget(self.picture, 1)
        right.addWidget(self.words)
        both.addLayout(left, 1)
        both.addLayout(right, 2)
        self.list.setAccessibleName(tr("Images"))
        self.picture.setAccessibleName(tr("The chosen image"))

    def show_cases(self, title: str, cases: Sequence[Case]) -> None:
        """List ``cases`` under ``title`` and choose the first."""
        self._cases = list(cases)
        count = ntr("{count} image", "{count} images", len(cases)).format(count=len(cases))
        self.title.setText(f"{title}: {count}")
        self.list.clear()
        for case in cases:
            item = QListWidgetItem(f"{score_text(case.judgement.score) or '–'}   {case.name}")
            item.setToolTip(as_it_is(case.name))
            self.list.addItem(item)
        if cases:
            self.list.setCurrentRow(0)
        else:
            self._chosen(-1)

    def close_workers(self) -> None:
        """Wait for the picture that is being loaded."""
        self._background.close()

    def _chosen(self, number: int) -> None:
        if not 0 <= number < len(self._cases):
            self.picture.show_image(None)
            self.words.clear()
            return
        case = self._cases[number]
        self.words.setText(case_words(case))
        self._background.submit(
            lambda: make_thumbnail(case.entry, _SIDE), self.picture.show_image,
            lambda _error: self.picture.show_image(None), topic="picture",
        )  # fmt: skip
