"""argparse speaks the program's language: its own words (Python 3.11) stand in the program's catalogue."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping

from pneumo_desktop.words import N_, ntr, tr

ARGPARSE_WORDS = (
    N_("usage: "), N_("positional arguments"), N_("options"), N_("show this help message and exit"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"), N_("invalid %(type)s value: %(value)r"),
    N_("the following arguments are required: %s"), N_("unrecognized arguments: %s"), N_("expected one argument"),
    N_("expected at least one argument"), N_("ignored explicit argument %r"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
)  # fmt: skip
"""What argparse says of this command line, in help and in errors; "error" is one word in both languages."""


def _counted(_singular: str, _plural: str, count: int) -> str:
    """Return argparse's only message with a plural."""
    return ntr("expected %s argument", "expected %s arguments", count)


def speak() -> None:
    """Have argparse ask the program's catalogue for its words, in the language of the moment."""
    vars(argparse).update({"_": tr, "ngettext": _counted})  # the names by which it calls gettext


def whole(text: str) -> int:
    """Return a whole number; argparse tells what is wrong with another text."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(tr("{value} is no whole number.").format(value=text)) from None


SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
"""What may stand between the columns of a CSV, by name."""

DECIMALS = {"point": ".", "comma": ","}
"""The decimal signs of a CSV, by name."""


def one_of(signs: Mapping[str, str]) -> Callable[[str], str]:
    """Return what takes a sign itself or its name; argparse tells which ones there are."""

    def sign(text: str) -> str:
        if text in signs.values():
            return text
        try:
            return signs[text.lower()]
        except KeyError:
            known = ", ".join(signs)
            text = tr("{value} is none of these: {known}.").format(value=text, known=known)
            raise argparse.ArgumentTypeError(text) from None

    return sign


def share(text: str) -> float:
    """Return a share above 0 and below 1, with a point or a comma; argparse tells what is wrong with another one."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(
            tr("{value} is no share. Write a number between 0 and 1, such as 0.1 for 10 %.").format(value=text)
        )
    return value
