"""What a trial of installers expects, what it saw, and the page that it writes of it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from pathlib import Path

BY_HAND = "\n## By hand\n"
"""The heading from which on ``write_page`` keeps what is there."""


class Broken(Exception):  # noqa: N818
    """Something is not as promised; the message says what."""


def expect(true: bool, words: str) -> None:
    """Raise Broken with ``words`` unless ``true``."""
    if not true:
        raise Broken(words)


class Log:
    """What was seen, as lines of a table."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.faults: list[str] = []

    def tell(self, what: str, seen: str) -> None:
        """Note one line and print it."""
        self.lines.append((what, seen))
        print(f"{what}: {seen}", flush=True)


def load() -> str:
    """Return how busy the computer was in the last minute: times of a busy one say little."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def processor() -> str:
    """Return the processor's name, or nothing where the system does not tell it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if "model name" in line), "")


def write_page(path: Path, heading: Sequence[str], machine: str, log: Log) -> None:
    """Write what was seen; what stands from the heading ``BY_HAND`` on is kept as it is."""
    before = path.read_text("utf-8") if path.is_file() else ""
    _, by_hand, kept = before.partition(BY_HAND)
    table = ["| what | seen |", "|---|---|", *(f"| {what} | {seen} |" for what, seen in log.lines)]
    lines = [*heading, "", f"{datetime.date.today()}, {machine}.", "", *table, ""]
    path.write_text("\n".join(lines) + by_hand + kept, "utf-8")
