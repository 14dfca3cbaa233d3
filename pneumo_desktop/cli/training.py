"""``train`` and the exports: front ends of the training program, which runs as a child process (docs/training-events.md)."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pneumo_desktop import training_program
from pneumo_desktop.app import NoModelError, Services
from pneumo_desktop.cli import arguments, exit_codes
from pneumo_desktop.file_lock import lock
from pneumo_desktop.recipe import PLACE_KEYS
from pneumo_desktop.whole_file import write_whole
from pneumo_desktop.words import language, tr

EXIT_STOPPED = 3
LOG = "log.txt"
"""In the folder of the training: what the training program says to an engineer."""

ARCHITECTURES = ("adapt", "fine-tune", "transfer", "compact", "classic")

_OPTIONS = ("architecture", "epochs", "size", "seed", "threads")
_LAST_EVENTS = {"done", "stopped", "error", "exported"}


class UsageError(Exception):
    """What was asked cannot be done; the text is a sentence for the user."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``train``. What is not given comes from the recipe, or is the architecture's default."""
    parser.add_argument(
        "folder",
        type=Path,
        metavar=tr("FOLDER"),
        help=tr("labelled images: a folder, a ZIP, or a CSV of file and label"),
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar=tr("FILE") + ".pneumo", help=tr("the model package to write")
    )
    parser.add_argument("--architecture", choices=ARCHITECTURES, help=tr("the network, or adapting the model in use"))
    parser.add_argument("--epochs", type=arguments.whole, metavar="N", help=tr("how often every image is seen"))
    parser.add_argument("--size", type=arguments.whole, metavar="N", help=tr("side of the picture in pixels"))
    parser.add_argument("--seed", type=arguments.whole, metavar="N", help=tr("start of the random numbers"))
    parser.add_argument(
        "--threads", type=arguments.whole, metavar="N", help=tr("cores to use; with 1 two runs give identical weights")
    )
    parser.add_argument("--recipe", type=Path, metavar=tr("FILE"), help=tr("settings as JSON; options go before it"))
    parser.add_argument("--resume", action="store_true", help=tr("go on with a training that was stopped or cut off"))
    parser.add_argument(
        "--finish", action="store_true", help=tr("train no more: make the model of the best weights so far")
    )
    parser.add_argument("--progress", choices=["text", "jsonl"], default="text", help=tr("how progress is told"))


def train(options: argparse.Namespace) -> int:
    """Train and return the exit code: 0 done, 2 a problem that was told, 3 stopped."""
    try:
        job = _resumed(options) if options.resume or options.finish else _begun(options)
        arguments = ["train", str(job), *(["--finish"] if options.finish else [])]
        if options.progress == "jsonl":
            code, last = run(arguments, lambda line, _: print(line, flush=True), job / LOG)
        else:
            from pneumo_desktop.cli.training_words import TextProgress

            told = TextProgress(job)
            code, last = run(arguments, lambda _, event: told.tell(event), job / LOG)
            told.end(last)
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return exit_codes.USAGE
    if last.get("event") == "done":
        for name in ("cache", "checkpoint"):
            shutil.rmtree(job / name, ignore_errors=True)
    if not last:
        print(ended_by_itself(), file=sys.stderr)
        return exit_codes.USAGE
    return code if code in (exit_codes.FINE, EXIT_STOPPED) else exit_codes.USAGE


def ended_by_itself() -> str:
    """Return the sentence about a training program that was killed."""
    return tr(
        "The training program was ended from outside, or the memory did not suffice. What was trained until the last "
        "checkpoint is kept; go on with --resume."
    )


def job_folder(out: Path) -> Path:
    """Return the folder that a training keeps its checkpoints and figures in: beside the model that it makes."""
    return out.with_name(out.name + ".training")


def _begun(options: argparse.Namespace) -> Path:
    """Write job.json for a new training and return its folder."""
    job = job_folder(options.out)
    if options.out.suffix != ".pneumo":
        raise UsageError(tr("{name} must end in .pneumo.").format(name=options.out.name))
    if (job / "checkpoint").exists():
        text = tr(
            "A training for {name} was begun before. Go on with it by --resume, or delete {folder} to begin anew."
        )
        raise UsageError(text.format(name=options.out.name, folder=job))
    _check_nobody_trains(job)
    values = _recipe(options.recipe) if options.recipe is not None else {}
    values |= {key: getattr(options, key) for key in _OPTIONS if getattr(options, key) is not None}
    services = Services.create(options.data_dir, options.model)
    try:
        with contextlib.suppress(NoModelError):  # training from scratch needs none
            values["base"] = str(services.package().path.resolve())
        locked = services.folder / "training" / "locked-test.json"
    finally:
        services.close()
    values |= {
        "folder": str(options.folder.resolve()), "out": str(options.out.resolve()),
        "locked_test": str(locked.resolve()),
    }  # fmt: skip
    if "population" not in values or options.population != "not_known":
        values["population"] = options.population
    job.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(job / "cache", ignore_errors=True)  # of a training that did not get as far as a checkpoint
    write_whole(job / "job.json", json.dumps(values, indent=1).encode("ascii"))  # a path may be no Unicode
    return job


def _check_nobody_trains(job: Path) -> None:
    """Raise UsageError where a training program has the folder: its settings and pictures are not to be replaced."""
    try:
        with (job / "lock").open("r+b") as stream:
            lock(stream)
    except BlockingIOError as problem:
        raise UsageError(tr("This training is already running in another window or program.")) from problem
    except OSError:  # none was begun there, or the disk knows no locks
        return


def _resumed(options: argparse.Namespace) -> Path:
    """Return the folder of the training to go on with; its settings stay what they were."""
    job = job_folder(options.out)
    given = [f"--{key}" for key in (*_OPTIONS, "recipe") if getattr(options, key) is not None]
    try:
        values = json.loads((job / "job.json").read_text("utf-8"))
        begun = Path(values["folder"])
        if options.population not in ("not_known", values.get("population")):
            given.append("--population")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as problem:
        text = tr("There is no training for {name} to go on with.")
        raise UsageError(text.format(name=options.out.name)) from problem
    if given:
        text = tr("A training goes on with the settings it was begun with: leave out {options}.")
        raise UsageError(text.format(options=", ".join(given)))
    if begun != options.folder.resolve():
        raise UsageError(tr("That training was begun with the images of {folder}.").format(folder=begun))
    return job


def _recipe(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError, RecursionError) as problem:
        raise UsageError(tr("{name} is not a recipe: it cannot be read as JSON.").format(name=path)) from problem
    if not isinstance(values, dict) or set(values) & set(PLACE_KEYS):
        text = tr("{name} is not a recipe: it may hold settings only, and no files.")
        raise UsageError(text.format(name=path))
    return values


def export(package: Path, file: Path) -> int:
    """Write the network of a package for other programs; return the exit code."""
    try:
        _, last = run(["export", str(package), str(file)], lambda *_: None)
    except UsageError as problem:
        print(problem, file=sys.stderr)
        return exit_codes.USAGE
    if last.get("event") == "exported":
        print(tr("Written: {name}").format(name=file))
        return exit_codes.FINE
    print(last.get("sentence") or ended_by_itself(), file=sys.stderr)
    return exit_codes.USAGE


def run(
    arguments: Sequence[str], on_event: Callable[[str, dict[str, Any]], None], log: Path | None = None
) -> tuple[int, dict[str, Any]]:
    """Run the training program and hand on each event as its line and its values; return exit code and last event.

    The last event is empty where the program was killed. ``log`` gets what it says to an engineer. Ctrl+C stops the
    program and waits for it. Raises UsageError where the training component is not installed, and KeyboardInterrupt where it was
    stopped before it could say so.
    """
    command = training_program.command()
    if command is None:
        raise UsageError(training_program.missing())
    last: dict[str, Any] = {}
    asked = False
    words = [*command, "--language", language(), *arguments]
    with (
        (log or Path(os.devnull)).open("ab") as errors,
        subprocess.Popen(  # noqa: S603 - our own program
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8"
        ) as child,
    ):
        assert child.stdin is not None
        assert child.stdout is not None
        while True:
            try:
                line = child.stdout.readline()
            except KeyboardInterrupt:
                asked = True
                # The stop is asked for by stdin too: not every shell sends the interrupt to both. Past Python's buffer, where it
                # would wait for a program that has gone and be an error at the end.
                with contextlib.suppress(OSError):
                    os.write(child.stdin.fileno(), b"stop\n")
                continue
            if not line:
                break
            event = _event(line)
            if event is not None:
                on_event(line.rstrip("\n"), event)
                last = event if event["event"] in _LAST_EVENTS else last
        code = child.wait()
    if asked and not last:
        raise KeyboardInterrupt
    return code, last


def _event(line: str) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and isinstance(told.get("event"), str) else None
