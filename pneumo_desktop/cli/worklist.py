"""``predict``: reads images, prints the worklist, writes results."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import cv2

from pneumo_desktop.app import Services
from pneumo_desktop.imaging.load import invert, load, turn
from pneumo_desktop.imaging.radiograph import UnreadableImageError, as_display
from pneumo_desktop.imaging.sources import LeftOut
from pneumo_desktop.reading.heatmap import overlay
from pneumo_desktop.reading.outcome import Outcome, Population, Reason
from pneumo_desktop.reading.pipeline import Callbacks, Progress
from pneumo_desktop.records.export import write_csv, write_json
from pneumo_desktop.records.store import Row, Store
from pneumo_desktop.words import ntr, tr
from pneumo_desktop.words.sentences import sentence, title

EXIT_FINE, EXIT_USAGE, EXIT_UNREADABLE = 0, 2, 3
_ORDER = {Outcome.LIKELY_PNEUMONIA: 0, Outcome.UNCERTAIN: 1, Outcome.NOT_ANALYSED: 2, Outcome.LIKELY_NORMAL: 3}


def suspicion(row: Row) -> tuple[int, float]:
    """Return a key that puts the suspicious rows first."""
    if row.judgement is None:
        return (9, 0.0)
    score = row.judgement.score
    return (_ORDER[row.judgement.outcome], -(score if score is not None else 0.0))


def read(services: Services, paths: Sequence[Path], population: Population, examples: bool = False) -> list[Row]:
    """Read ``paths`` through the pipeline and return the rows. Progress on a terminal, quiet in a pipe.

    Raises the error that stopped the run, if one did. Ctrl+C cancels and keeps what was read.
    """
    ended = threading.Event()
    errors: list[BaseException] = []
    left_out: list[LeftOut] = []

    def on_progress(progress: Progress) -> None:
        if sys.stderr.isatty():
            text = tr("Reading {done} of {total}").format(done=progress.done, total=progress.total)
            if progress.seconds_left is not None:
                text += tr(", {rate:.0f} a second, {seconds:.0f} s left").format(
                    rate=progress.images_per_second, seconds=progress.seconds_left
                )
            print(f"\r{text:60s}", end="", file=sys.stderr, flush=True)

    def on_end(error: BaseException | None) -> None:
        if error is not None:
            errors.append(error)
        ended.set()

    callbacks = Callbacks(lambda rows: None, on_progress, left_out.extend, on_end)
    pipeline = services.start_queue(paths, callbacks, population, examples=examples)
    try:
        while not ended.wait(0.2):
            pass
    except KeyboardInterrupt:
        pipeline.cancel()
    pipeline.wait()
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if errors:
        raise errors[0]
    _tell_left_out(left_out)
    return services.store.rows(pipeline.queue_id)


def _tell_left_out(items: Sequence[LeftOut]) -> None:
    if not items:
        return
    count = len(items)
    print(ntr("{count} file was left out:", "{count} files were left out:", count).format(count=count), file=sys.stderr)
    for code, number in Counter(item.code for item in items).most_common():
        print(f"  {number}  {sentence(code)}", file=sys.stderr)


def print_worklist(rows: Sequence[Row]) -> None:
    """Print the worklist, the suspicious first."""
    for row in sorted(rows, key=suspicion):
        judged = row.judgement
        if judged is None:
            continue
        score = "   -  " if judged.score is None else f"{judged.score:6.3f}"
        why = f"  {sentence(judged.detail or judged.reason.value)}" if judged.reason else ""
        name = row.entry.display_name().encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        print(f"{title(judged.outcome.value):18s} {score}  {name}{why}")
    print(sentence("disclaimer"))


def write_results(rows: Sequence[Row], out: Path, separator: str, decimal: str) -> None:
    """Write rows to ``out``: CSV by its suffix, else JSON."""
    if out.suffix.lower() == ".csv":
        write_csv(rows, out, separator, decimal)
    else:
        write_json(rows, out)


def write_heat_maps(rows: Sequence[Row], folder: Path, store: Store) -> None:
    """Write a PNG with the heat map laid over the image for each row that has one."""
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        heat_map = store.heat_map(row.entry_id)
        if heat_map is None or row.judgement is None:
            continue
        try:
            radiograph = load(row.entry)
        except UnreadableImageError:
            continue
        if row.judgement.turned:
            radiograph = turn(radiograph, row.judgement.turned)
        if row.judgement.inverted:
            radiograph = invert(radiograph)
        picture = overlay(as_display(radiograph), heat_map, 0.5)
        _, encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        (folder / f"{row.entry_id:05d}-{row.entry.path.stem}.png").write_bytes(encoded.tobytes())


def exit_code(rows: Sequence[Row]) -> int:
    """Return 3 when some file could not be read, else 0; a refusal by the gate is no failure."""
    unreadable = any(row.judgement and row.judgement.reason is Reason.UNREADABLE for row in rows)
    return EXIT_UNREADABLE if unreadable else EXIT_FINE
