"""The command line: its sub-commands and what each does."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from pneumo_desktop import __version__, ctrl_c, places
from pneumo_desktop.app import NoModelError, Services, why_not
from pneumo_desktop.cli import arguments, exit_codes, models, training, verify
from pneumo_desktop.complaint import complain, complain_of, has_display
from pneumo_desktop.models.card import BadPackageError
from pneumo_desktop.reading.outcome import Population
from pneumo_desktop.records.opening import NewerDatabaseError, RecordsError
from pneumo_desktop.words import (
    available_languages,
    lead_nowhere,
    on_a_terminal,
    printing_to,
    set_language,
    speak_utf8,
    system_language,
    tr,
)
from pneumo_desktop.words.sentences import sentence
from pneumo_desktop.words.system_errors import not_recorded

COMMANDS = ("run", "predict", "train", "evaluate", "self-test", "verify", "models")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the words of a command line, also where there is no console."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End the program with ``status``."""
        if message:
            complain(message.rstrip())
        sys.exit(status)


def _parser() -> _Parser:
    common = _Parser(add_help=False)
    common.add_argument(
        "--data-dir", type=Path, metavar=tr("DIR"), help=tr("folder for results, settings, models and logs")
    )
    common.add_argument("--language", choices=available_languages(), help=tr("language of the program"))
    model = _Parser(add_help=False)
    model.add_argument(
        "--model", type=Path, metavar=tr("FILE"), help=tr("a model package to use instead of the active model")
    )
    population = _Parser(add_help=False)
    population.add_argument(
        "--population", choices=[p.value for p in Population], default="not_known",
        help=tr("whose images they are, where the files do not tell"),
    )  # fmt: skip
    parser = _Parser(
        prog="pneumo-desktop", parents=[common],
        description=tr(
            "Reads chest radiographs and puts the suspicious ones first. Without a command it opens the window."
        ),
        epilog=sentence("disclaimer"),
    )  # fmt: skip
    parser.add_argument(
        "--version", action="version", version=f"pneumo-desktop {__version__}", help=tr("print the version and exit")
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar=tr("COMMAND"))

    run = commands.add_parser("run", parents=[common, model, population], help=tr("open the window"))
    run.add_argument("images", nargs="*", type=Path, metavar=tr("IMAGE"), help=tr("files, folders and ZIP archives"))
    run.add_argument(
        "--picture", type=Path, metavar=tr("FILE") + ".png", help=tr("without a display: save a picture of the window")
    )

    predict = commands.add_parser("predict", parents=[common, model, population], help=tr("read images"))
    predict.add_argument(
        "images", nargs="+", type=Path, metavar=tr("IMAGE"), help=tr("files, folders and ZIP archives")
    )
    predict.add_argument("--out", type=Path, metavar=tr("FILE"), help=tr("write the results as .csv or .json"))
    predict.add_argument("--heatmaps", type=Path, metavar=tr("DIR"), help=tr("write pictures with the heat map"))
    predict.add_argument(
        "--separator",
        default=",",
        type=arguments.one_of(arguments.SEPARATORS),
        metavar="{" + ",".join(arguments.SEPARATORS) + "}",
        help=tr("what stands between the columns of a .csv"),
    )
    predict.add_argument(
        "--decimal",
        default=".",
        type=arguments.one_of(arguments.DECIMALS),
        metavar="{" + ",".join(arguments.DECIMALS) + "}",
        help=tr("the decimal sign of a .csv"),
    )

    training.add_options(
        commands.add_parser("train", parents=[common, model, population], help=tr("train a model on labelled images"))
    )

    evaluate = commands.add_parser(
        "evaluate", parents=[common, model, population], help=tr("measure a model on a labelled folder")
    )
    evaluate.add_argument(
        "folder", type=Path, metavar=tr("FOLDER"),
        help=tr("a folder (or ZIP) with the sub-folders NORMAL and PNEUMONIA, or a CSV of file and label"),
    )  # fmt: skip
    evaluate.add_argument("--compare", type=Path, metavar=tr("FILE"), help=tr("a second model package"))
    evaluate.add_argument(
        "--out", type=Path, metavar=tr("FILE") + ".json",
        help=tr("write the report as JSON, and its tables as CSV beside it"),
    )  # fmt: skip
    evaluate.add_argument("--figures", type=Path, metavar=tr("DIR"), help=tr("write the figures as PNG and SVG"))
    evaluate.add_argument(
        "--prevalence", type=arguments.share, metavar=tr("SHARE"),
        help=tr("share of pneumonia among your patients (0.1 is 10 %%), for the predictive values; else the folder's own"),
    )  # fmt: skip

    check = commands.add_parser("self-test", parents=[common, model], help=tr("check this installation"))
    check.add_argument("--json", action="store_true", help=tr("print what was checked as JSON"))

    commands.add_parser("verify", parents=[common], help=tr("compare this installation with its own manifest"))

    models.add_actions(
        commands.add_parser("models", parents=[common], help=tr("list, choose and exchange models")), common
    )
    return parser


def _missing(paths: Sequence[Path]) -> Path | None:
    return next((path for path in paths if not path.exists() and not path.is_symlink()), None)


def examples() -> list[Path]:
    """Return the folder of generated example images."""
    return [places.resource("examples")]


def _run(options: argparse.Namespace) -> int:
    missing = _missing(options.images)
    if missing is not None:
        complain(tr("There is no file or folder {name}.").format(name=missing), window=True)
        return exit_codes.USAGE
    if has_display():
        from pneumo_desktop.gui import run

        told = Population(options.population)
        return run(
            options.images, options.data_dir, options.model, None if told is Population.NOT_KNOWN else told,
            options.language,
        )  # fmt: skip
    print(tr("There is no display here, so the window cannot be opened. The images are read without it."))
    are_examples = not options.images
    if are_examples:
        print(tr("No images were named: these are generated examples, no patient's images."))
    from pneumo_desktop.cli import worklist

    services = Services.create(options.data_dir, options.model)
    try:
        images = options.images or examples()
        found = worklist.read(services, images, Population(options.population), examples=are_examples)
        worklist.print_worklist(found.rows)
        if options.picture is not None:
            from pneumo_desktop.gui import save_picture

            options.picture.parent.mkdir(parents=True, exist_ok=True)
            save_picture(services, found.rows[0].queue_id if found.rows else None, options.picture)
            print(tr("A picture of the window was saved as {name}.").format(name=options.picture))
        return worklist.exit_code(found)
    finally:
        services.close()


def _predict(options: argparse.Namespace) -> int:
    missing = _missing(options.images)
    if missing is not None:
        print(tr("There is no file or folder {name}.").format(name=missing), file=sys.stderr)
        return exit_codes.USAGE
    if options.out is not None and options.out.suffix.lower() not in (".csv", ".json"):
        text = tr("{name} must end in .csv or .json, so that the program knows what to write.")
        print(text.format(name=options.out.name), file=sys.stderr)
        return exit_codes.USAGE
    if options.out is not None and not options.out.absolute().parent.is_dir():
        print(tr("There is no folder {name}.").format(name=options.out.absolute().parent), file=sys.stderr)
        return exit_codes.USAGE
    if options.separator == options.decimal:
        print(tr("The separator and the decimal sign must differ."), file=sys.stderr)
        return exit_codes.USAGE
    from pneumo_desktop.cli import worklist

    services = Services.create(options.data_dir, options.model)
    try:
        found = worklist.read(services, options.images, Population(options.population))
        try:  # the results first: what comes after them may fail
            if options.out is not None:
                worklist.write_results(found, options.out, options.separator, options.decimal)
        finally:
            worklist.print_worklist(found.rows)
        if options.heatmaps is not None:
            heat_maps = worklist.write_heat_maps(found.rows, options.heatmaps, services.store)
            if options.out is not None:  # once more, now with the names of the heat maps
                worklist.write_results(found, options.out, options.separator, options.decimal, heat_maps)
        with printing_to(sys.stdout):
            for written in filter(None, (options.heatmaps, options.out)):
                print(tr("Written: {name}").format(name=written))
        return worklist.exit_code(found)
    finally:
        services.close()


def _renewed(done: int, of: int) -> None:
    """Say on a terminal how far the reading is."""
    if on_a_terminal(sys.stderr):
        end = "\n" if done == of else ""
        print("\r" + tr("Reading {done} of {total}").format(done=done, total=of), end=end, file=sys.stderr, flush=True)


def _evaluate(options: argparse.Namespace) -> int:
    from pneumo_desktop.evaluation.command import EvaluationError, StoppedError, check_places, measure, reading_with
    from pneumo_desktop.reading.reader import Reader

    services = Services.create(options.data_dir, options.model)
    try:
        check_places(options.out, options.figures, options.folder)
        population = Population(options.population)
        compare = None
        if options.compare is not None:
            compare = reading_with(Reader(services.open_model(options.compare)), population)
        read_one = reading_with(services.make_reader(), population)
        with ctrl_c.asks_to_stop() as stopped:
            measured = measure(
                read_one, options.folder, compare, prevalence=options.prevalence, on_progress=_renewed, stopped=stopped
            )
        if stopped():
            of_its_own = "\n" if on_a_terminal(sys.stderr) else ""  # a line, after the one that was renewed
            with printing_to(sys.stderr):
                print(of_its_own + tr("Stopped: only what was read by then was measured."), file=sys.stderr)
        try:  # written first: what is printed may find no reader
            written = measured.write(options.out, options.figures)
        finally:
            with printing_to(sys.stdout):
                print(measured.text)
        with printing_to(sys.stdout):
            for name in dict.fromkeys(options.figures if path.suffix in (".png", ".svg") else path for path in written):
                print(tr("Written: {name}").format(name=name))
    except EvaluationError as problem:
        print(problem, file=sys.stderr)
        return exit_codes.UNREADABLE if isinstance(problem, StoppedError) else exit_codes.USAGE
    finally:
        services.close()
    return exit_codes.UNREADABLE if stopped() or measured.unreadable else exit_codes.FINE


def _self_test(options: argparse.Namespace) -> int:
    from pneumo_desktop.cli.self_test import self_test

    return 0 if self_test(options.data_dir, options.model, options.json) else 1


def _verify(_options: argparse.Namespace) -> int:
    return verify.command(places.installation())


_HANDLERS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run, "predict": _predict, "train": training.train, "evaluate": _evaluate, "self-test": _self_test,
    "verify": _verify, "models": models.models,
}  # fmt: skip


def _language_of(words: Sequence[str]) -> str:
    """Return the language to speak before the arguments are parsed, so that --help speaks it too."""
    for place, word in enumerate(words):
        if word == "--language" and place + 1 < len(words):
            return words[place + 1]
        if word.startswith("--language="):
            return word.split("=", 1)[1]
    return system_language()


def _command_first(words: Sequence[str]) -> list[str]:
    """Return the words with the command in front, where --data-dir or --language came before it; ``run`` without one."""
    place = 0
    while place < len(words) and words[place].startswith(("--data-dir", "--language")):
        place += 1 if "=" in words[place] else 2
    if place < len(words) and words[place] in COMMANDS:
        return [words[place], *words[:place], *words[place + 1 :]]
    return ["run", *words]


def main(words: Sequence[str]) -> int:
    """Run one command and return its exit code.

    0 done; 1 self-test or verify found a difference; 2 wrong usage or a problem that was told; 3 some file could not be
    read, or it was stopped. A folder without images is done too: that there were none is said.
    """
    speak_utf8()
    set_language(_language_of(words))
    arguments.speak()
    wants_help = any(word in ("-h", "--help", "--version") for word in words)
    options = _parser().parse_args(list(words) if wants_help else _command_first(words))
    window = options.command == "run"
    try:
        ctrl_c.raises()
        code = _HANDLERS[options.command](options)
        with printing_to(sys.stdout):  # what waits in it is written out, and told where it cannot be
            return code
    except BrokenPipeError:  # nobody reads what is printed any more, as after head
        lead_nowhere(sys.stdout)
        return exit_codes.FINE
    except KeyboardInterrupt:
        complain(tr("Stopped."))
        return exit_codes.UNREADABLE
    except (NewerDatabaseError, RecordsError) as problem:
        complain(why_not(problem), window)
    except sqlite3.Error as problem:
        complain(not_recorded(problem), window)
    except BadPackageError as problem:
        package = problem.path
        if getattr(options, "compare", None) is None:  # with two packages the error alone knows which
            package = package or getattr(options, "model", None) or getattr(options, "file", None)
        complain(f"{package}: {sentence(problem.code)}" if package else sentence(problem.code), window)
    except NoModelError:
        complain(sentence("no_model"), window)
    except OSError as problem:
        complain(why_not(problem), window)
    except Exception as problem:
        if not window:
            raise
        text = tr("The program could not start. Please install it again; results and decisions stay as they are.")
        complain_of(problem, text, window)
    return exit_codes.USAGE
