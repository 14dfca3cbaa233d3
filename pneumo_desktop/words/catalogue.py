"""gettext over ``resources/locale``; English is the message id, so English needs no catalogue."""

from __future__ import annotations

import gettext
import locale
import os
import sys

from pneumo_desktop import places

DOMAIN = "pneumo_desktop"
ENGLISH = "en"

_DECIMAL_COMMA = ("es",)

_state: dict[str, gettext.NullTranslations | str] = {"language": ENGLISH, "catalogue": gettext.NullTranslations()}


def available_languages() -> list[str]:
    """Return the languages that can be chosen: English and every compiled catalogue."""
    compiled = places.resource("locale").glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return [ENGLISH, *sorted(path.parents[1].name for path in compiled)]


def system_language() -> str:
    """Return the system's language if it is available, else English."""
    wanted = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    if not wanted and sys.platform == "win32":
        import ctypes

        wanted = locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")
    code = wanted.split("_")[0].split(".")[0].lower()
    return code if code in available_languages() else ENGLISH


def set_language(code: str) -> None:
    """Speak ``code`` from now on; a language without a catalogue falls back to English."""
    known = code if code in available_languages() else ENGLISH
    _state["language"] = known
    _state["catalogue"] = (
        gettext.NullTranslations()
        if known == ENGLISH
        else gettext.translation(DOMAIN, str(places.resource("locale")), languages=[known])
    )


def language() -> str:
    """Return the code of the language in use."""
    return str(_state["language"])


def _catalogue() -> gettext.NullTranslations:
    found = _state["catalogue"]
    assert isinstance(found, gettext.NullTranslations)
    return found


def tr(message: str) -> str:
    """Return ``message`` in the language in use."""
    return _catalogue().gettext(message) if message else ""


def ntr(singular: str, plural: str, count: int) -> str:
    """Return the form of the message that goes with ``count``."""
    return _catalogue().ngettext(singular, plural, count)


def N_(message: str) -> str:
    """Mark ``message`` for the catalogue without translating it yet."""
    return message


def decimal(value: float, digits: int, sign: bool = False) -> str:
    """Return a number with ``digits`` decimals and the language's decimal sign; ``sign`` writes a plus as well."""
    return in_language(f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}")


def in_language(number: str) -> str:
    """Return a number that is written with a point, with the language's decimal sign."""
    return number.replace(".", ",") if language() in _DECIMAL_COMMA else number


def percent(share: float, digits: int = 1) -> str:
    """Return a share of 0..1 in per cent."""
    return f"{decimal(100.0 * share, digits)} %"
