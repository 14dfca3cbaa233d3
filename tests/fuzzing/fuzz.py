"""Damaged and hostile input for each room that parses bytes: nothing but the room's own error may come out.

    python tests/fuzzing/fuzz.py ROOM [--seconds 600 | --cases 200] [--seed 1] [--keep DIR]

Every case is made from a sound file by flipping, cutting, moving or overwriting bytes; the seed and the number of a case
make it again (``--only``). The process is limited in memory and in seconds a case; a crash of a decoder ends it, and the
last line tells which case it was. ``test_fuzz.py`` runs each room for some hundred cases.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fuzzing import rooms

MEMORY_BYTES = 2 << 30
"""Address space beyond what the libraries have taken when the first case begins."""

SECONDS_A_CASE = 30

_NASTY = (
    b"\0",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xd8",
    b"\xff\xd9",
    b"\0\0\0\0\0\0\0\0",
)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Return ``data`` with one to eight damages."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 8))):
        if len(made) < 8:
            break
        # Half of the damage goes to the first kilobytes, where the headers are.
        reach = len(made) if chance.random() < 0.5 else min(len(made), 2048)
        place = chance.randrange(reach)
        kind = chance.randrange(7)
        if kind == 0:
            made[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            made[place] = chance.randrange(256)
        elif kind == 2:
            nasty = chance.choice(_NASTY)
            made[place : place + len(nasty)] = nasty
        elif kind == 3:
            del made[place:]
        elif kind == 4:
            del made[place : place + chance.randrange(1, 64)]
        elif kind == 5:
            other = chance.randrange(len(made))
            made[place:place] = made[other : other + chance.randrange(1, 256)]
        else:
            made[place : place + 16] = chance.randbytes(16)
    return bytes(made)


def _limit_memory() -> None:
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_BYTES, resource.RLIM_INFINITY))


def main() -> int:
    """Run cases until the time or the number is up; return 1 where a case raised what it must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("room", choices=sorted(rooms.ROOMS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--only", type=int, help="one case again")
    parser.add_argument("--keep", type=Path, help="folder for the inputs that went wrong")
    options = parser.parse_args()
    failures, slowest, told = 0, (0.0, 0), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        seeds, attack = rooms.ROOMS[options.room](Path(folder))
        attack(seeds[0])  # what is imported at the first call is not the first case's memory
        _limit_memory()
        started, number = time.monotonic(), options.only or 0
        while True:
            chance = random.Random(f"{options.seed} {number}")
            data = mutate(chance.choice(seeds), chance)
            print(number, file=sys.stderr, flush=True)
            faulthandler.dump_traceback_later(SECONDS_A_CASE, exit=True)
            begun = time.monotonic()
            wrong = _attack(attack, data, told)
            faulthandler.cancel_dump_traceback_later()
            slowest = max(slowest, (time.monotonic() - begun, number))
            if wrong:
                failures += 1
                print(f"case {number}: {wrong}")
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"{options.room}-{options.seed}-{number}").write_bytes(data)
            number += 1
            over = time.monotonic() - started > options.seconds if options.seconds else number >= options.cases
            if over or options.only is not None:
                break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{options.room}: {number} cases, {failures} wrong, slowest {slowest[0]:.2f} s (case {slowest[1]}), {peak} MB"
    )
    print("  " + ", ".join(f"{name} {count}" for name, count in told.most_common()))
    return 1 if failures else 0


def _attack(attack: Callable[[bytes], str], data: bytes, told: Counter[str]) -> str:
    try:
        told[attack(data)] += 1
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
