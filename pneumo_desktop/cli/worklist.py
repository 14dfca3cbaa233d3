"""``predict``: reads images, prints the worklist, writes results."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pneumo_desktop import ctrl_c
from pneumo_desktop.app import Services
from pneumo_desktop.cli import exit_codes
from pneumo_desktop.imaging.load import invert, load, turn
from pneumo_desktop.imaging.radiograph import UnreadableImageError, as_display
from pneumo_desktop.imaging.sources import LeftOut
from pneumo_desktop.opencv import cv2
from pneumo_desktop.reading.heatmap import is_empty, overlay
from pneumo_desktop.reading.outcome import Population, Reason, suspicion
from pneumo_desktop.reading.pipeline import Callbacks, Progress
from pneumo_desktop.records.export import write_csv, write_json
from pneumo_desktop.records.rows import Row
from pneumo_desktop.records.store import Store
from pneumo_desktop.whole_file import write_whole
from pneumo_desktop.words import decimal as number
from pneumo_desktop.words import ntr, on_a_terminal, printable, printing_to, tr
from pneumo_desktop.words.sentences import sentence, title

_NAMED = 10
"""So many files of each kind are named on the screen; ``left_out`` in the JSON names all."""


@dataclass(frozen=True, eq=False)
class Worklist:
    """What a run gave: a row an image, what was found beside the images, and whether it was stopped before its end."""

    rows: list[Row]
    left_out: list[LeftOut]
    stopped: bool = False


def read(services: Services, paths: Sequence[Path], population: Population, examples: bool = False) -> Worklist:
    """Read ``paths`` through the pipeline. Progress on a terminal, quiet in a pipe; says what was left out, or that nothing
    was found.

    Raises the error that stopped the run, if one did. Ctrl+C cancels and keeps what was read.
    """
    ended = threading.Event()
    errors: list[BaseException] = []
    left_out: list[LeftOut] = []

    def on_progress(progress: Progress) -> None:
        if on_a_terminal(sys.stderr):
            text = tr("Reading {done} of {total}").format(done=progress.done, total=progress.total)
            if progress.seconds_left is not None:
                text += tr(", {rate} a second, {seconds} s left").format(
                    rate=number(progress.images_per_second, 1), seconds=round(progress.seconds_left)
                )
            print(f"\r{text:60s}", end="", file=sys.stderr, flush=True)

    def on_end(error: BaseException | None) -> None:
        if error is not None:
            errors.append(error)
        ended.set()

    callbacks = Callbacks(lambda rows: None, on_progress, left_out.extend, on_end)
    with ctrl_c.asks_to_stop() as cancelled:
        pipeline = services.start_queue(paths, callbacks, population, examples=examples)
        while not ended.wait(0.2):
            if cancelled():
                pipeline.cancel()
        pipeline.wait()
    if on_a_terminal(sys.stderr):
        print(file=sys.stderr)
    if errors:
        raise errors[0]
    rows = services.store.rows(pipeline.queue_id)
    with printing_to(sys.stderr):
        _tell_left_out(left_out)
        if cancelled():
            text = tr("Stopped: {count} of {of} images were not read.")
            print(text.format(count=sum(row.judgement is None for row in rows), of=len(rows)), file=sys.stderr)
        if not rows and not cancelled():
            looked = ", ".join(printable(str(path)) for path in paths)
            print(tr("No images were found in {places}.").format(places=looked), file=sys.stderr)
    return Worklist(rows, left_out, cancelled())


def _tell_left_out(items: Sequence[LeftOut]) -> None:
    if not items:
        return
    count = len(items)
    print(ntr("{count} file was left out:", "{count} files were left out:", count).format(count=count), file=sys.stderr)
    kinds: dict[str, list[LeftOut]] = defaultdict(list)
    for item in items:
        kinds[item.code].append(item)
    for code, same in sorted(kinds.items(), key=lambda kind: -len(kind[1])):
        print(f"  {len(same)}  {sentence(code)}", file=sys.stderr)
        for item in same[:_NAMED]:
            name = str(item.path) if item.member is None else f"{item.path}/{item.member}"
            print(f"     {printable(name)}", file=sys.stderr)
        if len(same) > _NAMED:
            more = len(same) - _NAMED
            print("     " + ntr("and {count} more", "and {count} more", more).format(count=more), file=sys.stderr)


def print_worklist(rows: Sequence[Row]) -> None:
    """Print the worklist, the suspicious first; a reader that has gone (``| head``) ends no run."""
    with printing_to(sys.stdout):
        _print_rows(rows)
        print(sentence("disclaimer"))


def _print_rows(rows: Sequence[Row]) -> None:
    for row in sorted(rows, key=lambda row: suspicion(row.judgement)):
        judged = row.judgement
        if judged is None:
            continue
        score = "   -  " if judged.score is None else f"{number(judged.score, 3):>6s}"
        why = f"  {sentence(judged.detail or judged.reason.value)}" if judged.reason else ""
        print(f"{title(judged.outcome.value):18s} {score}  {printable(row.entry.display_name())}{why}")
    unreadable = sum(row.judgement is not None and row.judgement.reason is Reason.UNREADABLE for row in rows)
    if unreadable:
        text = ntr(
            "{count} file could not be read; it stands in the list with the reason.",
            "{count} files could not be read; they stand in the list with the reason.", unreadable,
        )  # fmt: skip
        print(text.format(count=unreadable))


def write_results(
    worklist: Worklist, out: Path, separator: str, decimal: str, heat_maps: Mapping[int, str] | None = None
) -> None:
    """Write a worklist to ``out``: CSV by its suffix, else JSON; ``heat_maps`` as ``write_heat_maps`` returns them."""
    if out.suffix.lower() == ".csv":
        write_csv(worklist.rows, out, separator, decimal, heat_maps=heat_maps)
    else:
        write_json(worklist.rows, out, heat_maps=heat_maps, left_out=worklist.left_out)


def write_heat_maps(rows: Sequence[Row], folder: Path, store: Store) -> dict[int, str]:
    """Write a PNG with the heat map laid over the image for each row that has one; return entry id -> file name.

    A name is the row's number and the image's own. A map without any colour is told of: it is no fault. Raises OSError that
    names the picture or the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[int, str] = {}
    without_colour: list[str] = []
    for row in rows:
        heat_map = store.heat_map(row.entry_id)
        if heat_map is None or row.judgement is None:
            continue
        try:
            radiograph = load(row.entry, known=row.sha256)
        except UnreadableImageError:
            continue
        if row.judgement.turned:
            radiograph = turn(radiograph, row.judgement.turned)
        if row.judgement.inverted:
            radiograph = invert(radiograph)
        picture = overlay(as_display(radiograph), heat_map, 0.5)
        _, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        written[row.entry_id] = f"{row.entry_id:05d}-{row.entry.stem()}.png"
        write_whole(folder / written[row.entry_id], encoded.tobytes())
        if is_empty(heat_map):
            without_colour.append(written[row.entry_id])
    if without_colour:
        with printing_to(sys.stderr):
            print(tr("Heat maps without colour:"), sentence("heat_map_empty"), file=sys.stderr)
            for name in without_colour:
                print(f"  {name}", file=sys.stderr)
    return written


def exit_code(found: Worklist) -> int:
    """Return 3 when some file could not be read or the run was stopped, else 0; a refusal by the gate is no failure."""
    unreadable = any(row.judgement and row.judgement.reason is Reason.UNREADABLE for row in found.rows)
    return exit_codes.UNREADABLE if found.stopped or unreadable else exit_codes.FINE
