"""Why a training could not go on, as codes and as sentences."""

from __future__ import annotations

import errno

from pneumo_desktop.training_program import how_to_get
from pneumo_desktop.words import tr


class Problem(Exception):  # noqa: N818 - told to the user in a sentence
    """Training ends with a sentence; ``values`` fill it, ``detail`` is for the log."""

    def __init__(self, code: str, detail: str = "", **values: object) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.values = values


def sentence(problem: Problem) -> str:
    """Return what happened and what to do, in the language of the moment."""
    words = {
        "blocked": tr("These images cannot be trained from as they are. Please correct what the scan found first."),
        "locked_part": tr("The file of the locked test part is damaged: {path}. Put back a copy of it, or delete it; "
                          "a new test part is then drawn and older figures are not comparable."),
        "locked_unreadable": tr("The file of the locked test part cannot be read at the moment: {path}. Do not delete it: "
                                "connect its disk, close programs that hold it or get the right to read it, and try again."),
        "job": tr("The settings of the training are not valid: {what}."),
        "base_model": tr("The model to start from cannot be used: {what}"),
        "not_adaptable": tr("This model's last layer cannot be adapted. Choose to fine-tune it, or to train from scratch."),
        "no_avx": tr("The processor of this computer lacks AVX, which this way of training needs. "
                     "Adapting the current model works without it."),
        "no_tensorflow": tr(
            "The training component is not installed: {how} Adapting the current model works without it."
        ),
        "memory": tr("About {needed} MB of memory are needed and {free} MB are free. "
                     "Close other programs, or choose a smaller picture size or batch."),
        "disk": tr("About {needed} MB on the disk of {path} are needed and {free} MB are free. "
                   "Free some space, or choose a smaller picture size."),
        "cache_bound": tr("The prepared images would take {needed} MB, more than the bound of {free} MB. "
                          "Choose a smaller picture size, or raise the bound."),
        "disk_full": tr("The disk of {path} is full. Free some space and go on; "
                        "what was trained until the last checkpoint is kept."),
        "read_only": tr("{path} cannot be written to. Choose another folder."),
        "not_found": tr("{path} is not there any more. Connect the disk or choose another folder."),
        "imagenet_missing": tr("The ImageNet weights are not installed with this program. "
                               "Choose to fine-tune the current model instead."),
        "nothing_to_finish": tr("No epoch was finished yet, so there is nothing to keep."),
        "diverged": tr("The training ran away: the loss is no number any more. Choose a smaller learning rate."),
        "out_of_memory": tr("The memory did not suffice. Choose a smaller picture size or batch, and go on."),
        "no_converter": tr("No converter to {suffix} is installed; .tflite and .keras can be written."),
        "busy": tr("This training is already running in another window or program."),
        "internal": tr("The training ended with an error of the program ({what}). Please report it."),
    }  # fmt: skip
    return words[problem.code].format(**{"how": how_to_get(), **problem.values})


def from_os_error(error: OSError, place: str) -> Problem:
    """Return the problem that an OSError means to the user; ``place`` is named where the error names no file."""
    path = str(error.filename or place)
    # EFBIG: a limit on the size of files acts like a full disk.
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return Problem("disk_full", str(error), path=path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Problem("read_only", str(error), path=path)
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.EIO):
        return Problem("not_found", str(error), path=path)
    return Problem("internal", str(error), what=error.strerror or type(error).__name__)
