"""``models``: list, show, choose, take in, hand out and remove model packages."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pneumo_desktop.app import Services
from pneumo_desktop.cli import exit_codes, training
from pneumo_desktop.models.headline import headline_auc
from pneumo_desktop.models.registry import ModelInfo, UnknownModelError
from pneumo_desktop.models.worse import ReasonNeededError
from pneumo_desktop.words import printable, tr


def add_actions(parser: argparse.ArgumentParser, common: argparse.ArgumentParser) -> None:
    """Add the actions of ``models``; ``common`` holds the options of every command."""
    actions = parser.add_subparsers(dest="action", required=True, metavar=tr("ACTION"))

    def add(name: str, words: str) -> argparse.ArgumentParser:
        return actions.add_parser(name, parents=[common], help=words, description=words)

    add("list", tr("list the installed models; the active one has a star"))
    add("show", tr("print a model's card as JSON")).add_argument("model_id", metavar=tr("MODEL"))
    activate = add("activate", tr("read with this model from now on"))
    activate.add_argument("model_id", metavar=tr("MODEL"))
    activate.add_argument(
        "--reason", default="", metavar=tr("TEXT"), help=tr("why, where the model's card says that it is worse")
    )
    add("rollback", tr("go back to the model that was active before"))
    add("import", tr("check a model package and install it; it is not activated")).add_argument(
        "file", type=Path, metavar=tr("FILE")
    )
    export = add("export", tr("write a model as .pneumo, or its network as .tflite, .keras or .onnx"))
    export.add_argument("model_id", metavar=tr("MODEL"))
    export.add_argument("file", type=Path, metavar=tr("FILE"))
    add("remove", tr("delete an installed model")).add_argument("model_id", metavar=tr("MODEL"))


def models(options: argparse.Namespace) -> int:
    """Do one action and return the exit code."""
    services = Services.create(options.data_dir)
    try:
        return _act(options, services)
    except UnknownModelError as problem:
        print(tr("There is no model with the name {name}.").format(name=problem), file=sys.stderr)
    except ReasonNeededError as problem:
        text = tr("The card of {name} says that it is worse on the locked test part. Say why you use it: --reason TEXT")
        print(text.format(name=problem), file=sys.stderr)
    except PermissionError as problem:
        if problem.errno is not None:  # the disk, not the registry
            raise
        print(tr("The bundled and the active model cannot be removed."), file=sys.stderr)
    finally:
        services.close()
    return exit_codes.USAGE


def _act(options: argparse.Namespace, services: Services) -> int:
    registry = services.registry
    if options.action == "show":
        print(json.dumps(registry.get(options.model_id).card.to_json(), indent=1, ensure_ascii=False))
        return exit_codes.FINE
    if options.action == "export":
        info = registry.get(options.model_id)
        if options.file.suffix.lower() != ".pneumo":
            return training.export(info.path, options.file.resolve())
        registry.export(info.model_id, options.file)
        print(tr("Written: {name}").format(name=options.file))
        return exit_codes.FINE
    if options.action == "activate":
        services.activate_model(options.model_id, options.reason)
    elif options.action == "rollback":
        if registry.before() is None:
            print(tr("There is no earlier model to go back to."), file=sys.stderr)
        else:
            services.roll_back_model()
    elif options.action == "import":
        services.install_model(options.file)
    elif options.action == "remove":
        registry.remove(options.model_id)
    for info in registry.list():
        print(_line(info))
    return exit_codes.FINE


def _line(info: ModelInfo) -> str:
    mark = "*" if info.active else " "
    origin = tr("bundled") if info.bundled else tr("installed")
    parent = tr("from {model}").format(model=info.card.parent) if info.card.parent else ""
    auc = headline_auc(info.card)
    auc = f"AUC {auc}" if auc else ""
    line = f"{mark} {info.model_id:30s} {info.card.created:12s} {origin:12s} {auc:36s} {parent}"
    return printable(line).rstrip()
