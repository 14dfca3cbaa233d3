"""Every sentence a person sees, in one gettext catalogue. No Qt."""

from pneumo_desktop.words.catalogue import (
    N_,
    available_languages,
    decimal,
    in_language,
    language,
    ntr,
    percent,
    set_language,
    system_language,
    tr,
)
from pneumo_desktop.words.streams import lead_nowhere, on_a_terminal, printable, printing_to, speak_utf8

__all__ = [
    "N_", "available_languages", "decimal", "in_language", "language", "lead_nowhere", "ntr", "on_a_terminal", "percent",
    "printable", "printing_to", "set_language", "speak_utf8", "system_language", "tr",
]  # fmt: skip
