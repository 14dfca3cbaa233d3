"""The training program: ``python -m pneumo_desktop.training`` (docs/training-events.md)."""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pneumo_desktop import places
from pneumo_desktop.computer import free_disk_mb, free_memory_mb, has_avx
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.models.package import ModelPackage
from pneumo_desktop.opencv import cv2
from pneumo_desktop.training import computer, local
from pneumo_desktop.training.cache import write_json
from pneumo_desktop.training.control import EXIT_STOPPED, Control, Stopped
from pneumo_desktop.training.events import Events
from pneumo_desktop.training.findings import sentence as finding_sentence
from pneumo_desktop.training.job import FROM_BASE, augmentation_of, defaults_of, mapping_of
from pneumo_desktop.training.problems import Problem, from_os_error, sentence
from pneumo_desktop.training.scan import scan
from pneumo_desktop.training.split import Locked
from pneumo_desktop.words import available_languages, set_language, speak_utf8
from pneumo_desktop.words.sentences import sentence as package_sentence

EXIT_FINE, EXIT_PROBLEM, EXIT_INTERNAL = 0, 2, 1

_log = logging.getLogger("pneumo_desktop.training")


def _json_argument(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pneumo-training", description=__doc__)
    parser.add_argument("--language", choices=available_languages(), default="en")
    commands = parser.add_subparsers(dest="command", required=True)
    labels = argparse.ArgumentParser(add_help=False)
    labels.add_argument("folder", type=Path)
    labels.add_argument("--csv", type=Path)
    labels.add_argument("--mapping", type=_json_argument)
    labels.add_argument("--seed", type=int, default=1)

    check = commands.add_parser("check")
    check.add_argument("--images", type=int, default=1000)
    check.add_argument("--architecture", choices=computer.WAYS)
    for name in ("--epochs", "--size", "--batch"):
        check.add_argument(name, type=int)
    check.add_argument("--folder", type=Path, default=Path())
    check.add_argument("--model", type=Path)

    look = commands.add_parser("scan", parents=[labels])
    look.add_argument("--model", type=Path)
    look.add_argument("--locked", type=Path)
    look.add_argument("--parts", choices=["new", "folder"], default="new")
    look.add_argument("--out", type=Path, required=True)

    preview = commands.add_parser("preview", parents=[labels])
    preview.add_argument("--out", type=Path, required=True)
    preview.add_argument("--count", type=int, default=6)
    preview.add_argument("--size", type=int, default=192)
    preview.add_argument("--augmentation", type=_json_argument, default={})

    train = commands.add_parser("train")
    train.add_argument("job", type=Path)
    train.add_argument("--finish", action="store_true")

    export = commands.add_parser("export")
    export.add_argument("package", type=Path)
    export.add_argument("file", type=Path)
    return parser


def _check(options: argparse.Namespace, events: Events, _control: Control) -> None:
    package = ModelPackage.open(options.model or places.bundled_model())
    seconds = computer.pass_seconds(package)
    possible, missing, needed, sentences, estimated = {}, {}, {}, [], {}
    for way in [options.architecture] if options.architecture else computer.WAYS:
        own = defaults_of(way, package.card.input_size)
        epochs, batch = options.epochs or own["epochs"], options.batch or own["batch"]
        size = own["size"] if way in FROM_BASE else options.size or own["size"]
        problems = computer.missing(way, size, batch, options.images, [options.folder])
        possible[way] = not problems
        missing[way] = [problem.code for problem in problems]
        needed[way] = computer.needed_memory_mb(way, size, batch, options.images)
        scale = size / package.card.input_size
        estimated[way] = computer.estimated_seconds(way, options.images, epochs, seconds, scale)
        sentences += [text for text in map(sentence, problems) if text not in sentences]
    events.end(
        "check", possible=possible, missing=missing, sentences=sentences, avx=has_avx(), memory_mb=free_memory_mb(),
        disk_mb=free_disk_mb(options.folder), needed_memory_mb=needed, estimated_seconds=estimated,
    )  # fmt: skip


def _scan(options: argparse.Namespace, events: Events, control: Control) -> None:
    control.listen()
    found = local.labelled(options.folder, options.csv, mapping_of(options.mapping))
    locked = local.locked_part(options.locked) if options.locked else Locked()
    refuse = local.refusal_of(ModelPackage.open(options.model)) if options.model else None
    result = scan(found, refuse, lambda done, of: events.progress("scan", done, of), lambda: control.asked is not None)
    control.check()
    dealt = None if result.blocked else local.divide(result, locked, options.parts, options.seed)
    if dealt is not None:
        result = local.with_parts(result, dealt)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_json(options.out, local.scan_document(result, found, dealt, locked))
    events.end("scanned", out=str(options.out), images=len(result.images), blocked=result.blocked)


def _preview(options: argparse.Namespace, events: Events, _control: Control) -> None:
    from pneumo_desktop.training.preview import write_preview

    found = local.labelled(options.folder, options.csv, mapping_of(options.mapping))
    strength = augmentation_of(options.augmentation)
    files = write_preview(found, options.out, options.count, options.size, strength, options.seed)
    events.end("previewed", files=files)


def _train(options: argparse.Namespace, events: Events, control: Control) -> None:
    from pneumo_desktop.training.run_job import be_polite, run

    control.listen()
    be_polite()
    events.end("done", **run(options.job, events, control, options.finish))


def _export(options: argparse.Namespace, events: Events, _control: Control) -> None:
    from pneumo_desktop.training.export import export

    export(ModelPackage.open(options.package), options.file)
    events.end("exported", file=str(options.file))


_COMMANDS: dict[str, Callable[[argparse.Namespace, Events, Control], None]] = {
    "check": _check, "scan": _scan, "preview": _preview, "train": _train, "export": _export,
}  # fmt: skip


def _tell_stopped(events: Events, job: Path | None, why: str) -> None:
    from pneumo_desktop.training.run_job import can_finish

    finishable = job is not None and can_finish(job)
    events.end("stopped", why=why, can_finish=finishable, can_resume=job is not None)


def _problem_of(error: Exception, place: str) -> Problem:
    """Return what an exception means to the user."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, BadPackageError):
        return Problem("base_model", str(error), what=package_sentence(error.code))
    if isinstance(error, OSError):
        return from_os_error(error, place)
    if _is_of_memory(error):
        return Problem("out_of_memory", str(error))
    return Problem("internal", str(error), what=type(error).__name__)


def _is_of_memory(error: Exception) -> bool:
    if isinstance(error, cv2.error):
        return getattr(error, "code", None) == cv2.Error.StsNoMem
    # TensorFlow's own error for memory is told by its name: here nothing of it may be imported.
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def _where(error: Exception) -> str:
    """Return the places and the kind of an error, without its text: that may name files, and so patients."""
    places_of = (f"  {Path(f.filename).name}:{f.lineno} in {f.name}" for f in traceback.extract_tb(error.__traceback__))
    return "\n".join((*places_of, type(error).__name__))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    multiprocessing.freeze_support()
    speak_utf8()
    options = _parser().parse_args(arguments)
    set_language(options.language)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    events = Events()
    job: Path | None = getattr(options, "job", None)
    control = Control(lambda why: _tell_stopped(events, job, why))
    try:
        _COMMANDS[options.command](options, events, control)
    except Stopped as stop:
        _tell_stopped(events, job, stop.why)
        return EXIT_STOPPED
    except Exception as error:
        problem = _problem_of(error, str(job or getattr(options, "out", None) or ""))
        if problem.code == "internal":
            _log.error("the training program failed\n%s", _where(error))
        values: dict[str, Any] = {"code": problem.code, "detail": problem.detail}
        values["sentence"] = problem.text if isinstance(problem, local.LabelsProblem) else sentence(problem)
        if isinstance(problem, local.LabelsProblem):
            values["folders"] = problem.folders
        if isinstance(problem, local.Blocked):
            values["findings"] = [{**one.as_json(), "sentence": finding_sentence(one)} for one in problem.findings]
        events.end("error", **values)
        return EXIT_INTERNAL if problem.code == "internal" else EXIT_PROBLEM
    return EXIT_FINE


if __name__ == "__main__":
    sys.exit(main())
