"""How long the window's thread is at work on a worklist of 10,000 rows: sort, filter, rows coming in, a decision.

Each step is what one event of the window does, with the painting after it. The figure is the thread's own processor
time: the part that does not depend on what else the computer does. Beside it stands Python's own ``sorted`` of as many
ready keys, so that the sort can be read as a ratio. Without a display the window is rendered offscreen.
    python bench/worklist.py [--rows 10000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from measuring import median, show

if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from pneumo_desktop.gui.queue_model import QueueModel
from pneumo_desktop.gui.queue_order import Column, Show
from pneumo_desktop.gui.queue_view import QueueView
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Judgement, OperatingPoint, Outcome, Population, Reason
from pneumo_desktop.records.rows import Decision, Row
from pneumo_desktop.words import set_language

POINT = OperatingPoint(0.5, 0.4, 0.6)
BATCH = 32
"""More rows than a run of 200 images a second brings between two refreshes of the list (80 ms)."""


def made_row(number: int, chance: random.Random) -> Row:
    """Return a read row; one in twenty has no score, one in ten no patient."""
    score = None if chance.random() < 0.05 else chance.random()
    outcome = Outcome.NOT_ANALYSED if score is None else POINT.judge(score)
    reason = Reason.UNREADABLE if score is None else None
    judged = Judgement(outcome, reason, score, POINT, Population.ADULTS, "m", 1, "0")
    name = "" if chance.random() < 0.1 else f"Muñoz^Ana {chance.randrange(3000):04}"
    place = Path(f"/films/2026-{chance.randrange(12):02}/{chance.randrange(10**9):09}.dcm")
    return Row(number, 1, Entry(place), f"{number:064x}", "done", judged, name, str(number), "20260115")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    application = QApplication([])
    set_language("es")
    chance = random.Random(1)
    view = QueueView(QueueModel())
    view.resize(450, 700)
    view.show()
    times: dict[str, list[float]] = {}
    gc.collect()
    gc.freeze()  # as the program does when its window stands
    rows = [made_row(number, chance) for number in range(1, options.rows + 1)]

    def settle() -> None:
        for _turn in range(5):
            application.processEvents()

    def step(name: str, act: Callable[[], object]) -> None:
        """Note the longest turn: the call with its painting, or anything that follows of itself."""
        started = time.thread_time()
        act()
        longest = 0.0
        for _turn in range(10):
            application.processEvents()
            now = time.thread_time()
            longest, started = max(longest, now - started), now
        times.setdefault(name, []).append(longest * 1e3)

    def typed(text: str) -> None:
        view.filter_box.setText(text)
        view._refilter()

    for turn in range(options.rounds):
        view.clear()
        settle()
        view.add_rows(rows)
        while view._pending:
            step("a list from the records", view._take)
        assert view.model.rowCount() == options.rows
        view.choose(options.rows // 2)
        settle()
        for number in range(1, view.order_box.count()):
            step("sort", lambda number=number: view.order_box.setCurrentIndex(number))
        view.order_box.setCurrentIndex(0)
        step("sort by a click on the name", lambda: view.table.horizontalHeader().sectionClicked.emit(Column.NAME))
        view.order_box.setCurrentIndex(1)
        step("sort", lambda: view.order_box.setCurrentIndex(0))
        for text in ("m", "muñoz", "muñoz ana 0", "muñoz ana 01", ""):
            step("filter: a word more or less", lambda text=text: typed(text))
        for show_kind in (Show.LIKELY_PNEUMONIA, Show.LEFT, Show.ALL):
            step(
                "filter by outcome", lambda kind=show_kind: view.show_box.setCurrentIndex(view.show_box.findData(kind))
            )
        fresh = [made_row(options.rows + 1 + number, chance) for number in range(BATCH)]
        step(f"{BATCH} new rows come", lambda fresh=fresh: (view.add_rows(fresh), view.flush()))
        waiting = [replace(row, judgement=None, status="waiting") for row in rows[: BATCH * 2]]
        view.add_rows(waiting)
        view.flush()
        settle()
        step(f"{BATCH} waiting rows are read", lambda: (view.add_rows(rows[:BATCH]), view.flush()))
        chosen = view.current_row()
        assert chosen is not None
        step("a decision", lambda row=chosen: view.take_decided(replace(row, decision=Decision.NORMAL)))
        step("the next row to decide", lambda turn=turn: view.model.next_left(turn))
        step("another language", view.retranslate)
        step("the list is cleared", view.clear)
    keys = [(0, row.judgement.score or 0.0, row.entry.display_name()) for row in rows if row.judgement]
    bare = []
    for _turn in range(options.rounds):
        started = time.thread_time()
        sorted(keys)
        bare.append((time.thread_time() - started) * 1e3)
    figures = [(f"{name}, longest (under 50)", max(found), "ms") for name, found in times.items()]
    figures += [
        ("sort, median", median(times["sort"]), "ms"),
        ("the same as Python's sorted, times", median(times["sort"]) / median(bare), ""),
    ]
    show(f"GUI thread with {options.rows} rows in the worklist", figures)
    view.close_workers()
    view.close()


if __name__ == "__main__":
    main()
