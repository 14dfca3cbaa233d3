"""A JPEG that is damaged inside: what libjpeg only mumbles about must not get a verdict."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from pneumo_desktop.imaging import apart, codes, libjpeg, load
from pneumo_desktop.imaging.phantom import chest
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, UnreadableImageError
from pneumo_desktop.imaging.raster import decode
from pneumo_desktop.imaging.sniff import Kind
from tests import making

FILMS = sorted((Path(__file__).resolve().parents[1] / "fixtures").glob("*.jpeg"))


def jpeg(seed: int = 1) -> bytes:
    """Return a chest of 300 x 300 as JPEG, about 20 KB."""
    return bytes(cv2.imencode(".jpg", chest(seed, True, (300, 300)), [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes())


def damaged(data: bytes, how: str) -> bytes:
    """Return ``data`` with its segments and its end marker whole and the compressed data in between not."""
    size = len(data)
    return {
        "zeros at a fifth": data[: size // 5] + bytes(512) + data[size // 5 + 512 :],
        "512 bytes lost": data[: size // 2] + data[size // 2 + 512 :],
        "the last tenth zeros": data[: size * 9 // 10] + bytes(size - size * 9 // 10 - 2) + data[-2:],
    }[how]


def read(data: bytes) -> Radiograph:
    """Read a file's bytes as the program does."""
    return load.decode(Entry(Path("film.jpeg")), data, "")


@pytest.mark.parametrize("how", ["zeros at a fifth", "512 bytes lost", "the last tenth zeros"])
def test_a_jpeg_that_is_damaged_inside_is_refused(how: str, capfd: pytest.CaptureFixture[str]) -> None:
    films = [film.read_bytes() for film in FILMS]
    assert len(films) == 4
    for film in (*films, jpeg(), making.picture("JPEG", "CMYK", quality=95)):
        assert decode(Kind.JPEG, film).notes == ()
        with pytest.raises(UnreadableImageError) as caught:
            decode(Kind.JPEG, damaged(film, how))
        assert caught.value.code == codes.DAMAGED
    assert capfd.readouterr().err == ""


def test_an_encoders_padding_is_no_damage() -> None:
    film = jpeg()
    padded = film[:-2] + b"\x01" * 20 + film[-2:]
    np.testing.assert_array_equal(decode(Kind.JPEG, padded).pixels, decode(Kind.JPEG, film).pixels)


def test_what_another_thread_says_meanwhile_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    real = cv2.imdecode

    def while_it_talks(*arguments: object) -> object:
        talking = threading.Thread(target=lambda: print("Reading 3 of 96", file=sys.__stderr__, flush=True))
        talking.start()
        talking.join()
        return real(*arguments)

    assert libjpeg.is_heard()
    monkeypatch.setattr(libjpeg.cv2, "imdecode", while_it_talks)
    decode(Kind.JPEG, jpeg())
    with pytest.raises(UnreadableImageError):
        decode(Kind.JPEG, damaged(jpeg(), "512 bytes lost"))
    assert capfd.readouterr().err.splitlines() == ["Reading 3 of 96"] * 2


def test_threads_hear_of_their_own_pictures_alone() -> None:
    whole, torn = jpeg(2), damaged(jpeg(3), "zeros at a fifth")
    found: dict[int, bool] = {}

    def read(place: int) -> None:
        try:
            decode(Kind.JPEG, torn if place % 2 else whole)
            found[place] = True
        except UnreadableImageError:
            found[place] = False

    for _ in range(10):
        threads = [threading.Thread(target=read, args=(place,)) for place in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == {place: place % 2 == 0 for place in range(8)}
        found.clear()


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let libjpeg say nothing in this process."""

    @contextlib.contextmanager
    def deaf() -> Iterator[bytearray]:
        yield bytearray()

    with monkeypatch.context() as for_a_while:
        for_a_while.setattr(libjpeg, "listening", deaf)
        libjpeg.is_heard.cache_clear()
        yield
    libjpeg.is_heard.cache_clear()
    apart.close()


@pytest.mark.usefixtures("unheard")
def test_where_libjpeg_is_not_heard_a_helper_reads() -> None:
    film = jpeg()
    np.testing.assert_array_equal(read(film).pixels, cv2.imdecode(np.frombuffer(film, np.uint8), cv2.IMREAD_GRAYSCALE))
    for how in ("zeros at a fifth", "512 bytes lost", "the last tenth zeros"):
        with pytest.raises(UnreadableImageError) as caught:
            read(damaged(film, how))
        assert caught.value.code == codes.DAMAGED


@pytest.mark.usefixtures("unheard")
def test_where_libjpeg_is_heard_nowhere_no_jpeg_is_read() -> None:
    with pytest.raises(UnreadableImageError) as caught:
        decode(Kind.JPEG, jpeg())
    assert caught.value.code == codes.NO_DECODER not in codes.OUT_OF_REACH


def test_without_standard_error_damage_is_noticed_all_the_same() -> None:
    kept = os.dup(2)
    os.close(2)
    libjpeg.is_heard.cache_clear()
    try:
        assert read(jpeg()).pixels.shape == (300, 300)
        with pytest.raises(UnreadableImageError) as caught:
            read(damaged(jpeg(), "512 bytes lost"))
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        libjpeg.is_heard.cache_clear()
        apart.close()
    assert caught.value.code == codes.DAMAGED


if sys.platform == "win32":  # elsewhere no program is started so

    def test_damage_is_noticed_by_a_program_that_was_given_open_files_in_microsofts_way(tmp_path: Path) -> None:
        film, answer, script = tmp_path / "film.jpeg", tmp_path / "answer.txt", tmp_path / "script.py"
        film.write_bytes(damaged(jpeg(), "512 bytes lost"))
        script.write_text(
            "import sys\n"
            "from pathlib import Path\n"
            "from pneumo_desktop.imaging import libjpeg, load\n"
            "from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError\n"
            "try:\n    told = load.load(Entry(Path(sys.argv[1]))).format\n"
            "except UnreadableImageError as problem:\n    told = problem.code\n"
            "Path(sys.argv[2]).write_text(f'{libjpeg.is_heard()} {told}')\n"
        )
        words = [f'"{word}"' for word in (sys.executable, script, film, answer)]
        assert os.spawnv(os.P_WAIT, sys.executable, words) == 0
        assert answer.read_text() == "False damaged"
