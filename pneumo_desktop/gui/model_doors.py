"""The ways from the window to the models, to training and to evaluation; each room is imported when it is entered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from pneumo_desktop.app import Services
from pneumo_desktop.gui.invitations import Offer
from pneumo_desktop.gui.workers import Background
from pneumo_desktop.words import tr

if TYPE_CHECKING:
    from pneumo_desktop.gui.training.dialog import TrainingDialog


class ModelDoors(QObject):
    """Opens the dialogs, and offers to measure on a labelled folder and to go on with a training that was not finished."""

    model_changed = Signal()

    def __init__(self, services: Services, window: QWidget) -> None:
        super().__init__(window)
        self._services = services
        self._window = window
        self._background = Background(1, self)
        self._training: TrainingDialog | None = None
        self._unfinished: Path | None = None
        self._labelled: Path | None = None
        self.training_offer, self.evaluate_offer = Offer(), Offer()
        self.evaluate_offer.accepted.connect(self._evaluate)
        self.evaluate_offer.declined.connect(self.evaluate_offer.hide)
        self.training_offer.accepted.connect(self._go_on)
        self.training_offer.declined.connect(self._give_up)

    def show_models(self) -> None:
        """Show the installed models."""
        from pneumo_desktop.gui.models_dialog import ModelsDialog

        dialog = ModelsDialog(self._services, self._window)
        dialog.activated.connect(self.model_changed)
        dialog.exec()

    def show_evaluation(self, folder: Path | None = None) -> None:
        """Measure a model on a labelled folder; matplotlib is imported by then, not at the start."""
        from pneumo_desktop.gui.evaluation import EvaluationDialog

        dialog = EvaluationDialog(self._services, folder, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def offer_evaluation(self, folder: Path) -> None:
        """Offer to measure the model on a folder that was dropped, where its images are labelled."""

        def told(labelled: bool) -> None:
            if labelled:
                self._labelled = folder
                self.evaluate_offer.ask(lambda: _measure_words(folder))

        self._background.submit(lambda: _is_labelled(folder), told)

    def _evaluate(self) -> None:
        self.evaluate_offer.hide()
        self.show_evaluation(self._labelled)

    def show_training(self, resume: Path | None = None) -> None:
        """Open the training dialog, or bring it to the front; images are read meanwhile."""
        from pneumo_desktop.gui.training.dialog import TrainingDialog

        if self._training is None or not self._training.isVisible():
            self._training = TrainingDialog(self._services, self._window)
            self._training.activated.connect(self.model_changed)
            self._training.closed.connect(self.offer_training)
            self._training.closed.connect(self.model_changed)  # closed while it switched: nobody has told of it
            self.training_offer.hide()
            self._training.show()
            if resume is not None:
                self._training.resume(resume)
        self._training.raise_()
        self._training.activateWindow()

    def offer_training(self) -> None:
        """Offer to go on with a training that was stopped, cut off or not decided about; the newest first.

        One that another window trains or decides about is not offered. Asked at the start, whenever the dialog was
        closed, and after an offer was declined.
        """
        folder = self._services.folder / "training"
        if not folder.is_dir() or (self._training is not None and self._training.isVisible()):
            return
        from pneumo_desktop.gui.training.jobs import delete_left_previews, in_use, unfinished_jobs

        self._background.submit(lambda: delete_left_previews(folder))
        jobs = [job for job in unfinished_jobs(folder) if not in_use(job)]
        if jobs:
            self._unfinished = jobs[0]
            self.training_offer.ask(lambda: (tr("A training was not finished."), tr("Continue"), tr("Don't continue")))

    def _go_on(self) -> None:
        job = self._still_offered()
        if job is not None:
            self.show_training(job)

    def _still_offered(self) -> Path | None:
        """Return the job of the offer; None where another window has taken it up since, and then the next is offered."""
        from pneumo_desktop.gui.training.jobs import in_use

        job = self._unfinished
        if job is None or not ((job / "over").exists() or in_use(job)):
            return job
        self.training_offer.hide()
        self.offer_training()
        return None

    def _give_up(self) -> None:
        from pneumo_desktop.gui.training.jobs import finish_job

        self.training_offer.hide()
        job = self._still_offered()
        if job is not None:
            self._background.submit(lambda: finish_job(job), lambda _nothing: self.offer_training())

    def may_close(self) -> bool:
        """Ask where a training still runs, and end it if it may be ended; False to stay."""
        if self._training is not None and self._training.isVisible():
            if not self._training.may_close():
                return False
            self._training.shut()
        return True

    def close(self) -> None:
        """Wait for what is being written."""
        self._background.close()


def _measure_words(folder: Path) -> tuple[str, str, str]:
    text = tr("“{name}” holds folders of normal and of pneumonia images. Do you want to measure the model on them?")
    return text.format(name=folder.name), tr("Evaluate"), tr("Only read them")


def _is_labelled(path: Path) -> bool:
    from pneumo_desktop.evaluation.labelled import is_labelled

    return is_labelled(path)
