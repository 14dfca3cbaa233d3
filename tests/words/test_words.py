"""Every code has its sentence, every sentence its Spanish, and no catalogue is stale."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pneumo_desktop.imaging import codes
from pneumo_desktop.reading.outcome import Outcome, Population, Reason
from pneumo_desktop.words import available_languages, ntr, set_language, system_language, tr
from pneumo_desktop.words.sentences import SENTENCES, TITLES, sentence, title

ROOT = Path(__file__).resolve().parents[2]
CODES = sorted(codes.UNREADABLE_CODES | codes.LEFT_OUT_CODES | codes.NOTE_CODES | set(Reason) | set(Outcome))


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_sentence(code: str) -> None:
    assert code in SENTENCES
    assert sentence(code).strip()


def test_every_outcome_and_population_has_words() -> None:
    assert {*Outcome, *Population} <= set(TITLES)


def test_an_unknown_code_still_says_something() -> None:
    assert "brand_new" in sentence("brand_new")


def test_spanish_is_spoken() -> None:
    assert available_languages() == ["en", "es"]
    set_language("es")
    assert title("likely_pneumonia") == "Probable neumonía"
    assert ntr("{count} file read.", "{count} files read.", 2) == "{count} archivos leídos."
    set_language("en")
    assert tr("Normal") == "Normal"


@pytest.mark.parametrize(("lang", "expected"), [("es_BO.UTF-8", "es"), ("de_DE.UTF-8", "en"), ("C", "en")])
def test_the_system_chooses_at_first(lang: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", lang)
    assert system_language() == expected


def test_no_catalogue_is_stale() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "build_spec" / "words.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
