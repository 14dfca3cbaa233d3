"""The helper process: the same answers as here, and nothing but one file is lost when it dies."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from pydicom import uid
from pydicom.encaps import get_frame

from pneumo_desktop.app import Services
from pneumo_desktop.imaging import apart, codes, limits
from pneumo_desktop.imaging.dicom import read
from pneumo_desktop.imaging.load import decode, decode_here, load, sha256_of
from pneumo_desktop.imaging.radiograph import Entry, UnreadableImageError
from tests import making
from tests.fuzzing.fuzz import mutate

HERE = Entry(Path("x"))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A helper of the test's own."""
    apart.close()
    yield
    monkeypatch.undo()
    apart.close()
    assert helpers() == []


def helpers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if apart.COMMAND in " ".join(child.cmdline())]


def soon(count: int) -> list[psutil.Process]:
    """Return the helpers when there are ``count``: a process that has just begun has no command line yet."""
    end = time.monotonic() + 10.0
    while len(found := helpers()) != count and time.monotonic() < end:
        time.sleep(0.01)
    return found


def test_apart_and_here_are_the_same(tmp_path: Path) -> None:
    sound = {
        "deep.dcm": making.written(making.dataset(making.film(), WindowCenter=[2000, 10], WindowWidth=[900, 5],
                                                  PixelSpacing=[0.2, 0.1], PatientName="Ñandú^Ж")),
        "frames.dcm": making.written(making.dataset(np.stack([making.film(), making.film()[::-1]]))),
        "film.tif": making.picture("TIFF", "I;16"), "film.webp": making.picture("WEBP", "RGB"),
        "film.png": making.picture("PNG"),
    }  # fmt: skip
    for name, data in sound.items():
        (tmp_path / name).write_bytes(data)
        entry = Entry(tmp_path / name, frame=int(name == "frames.dcm"))
        here = decode_here(entry, data, sha256_of(data), all_tags=True)
        there = load(entry, all_tags=True, careful=True)
        np.testing.assert_array_equal(there.pixels, here.pixels)
        for field, value in vars(here).items():
            if field != "pixels":
                assert getattr(there, field) == value, field
    assert len(helpers()) == 1


def test_an_error_comes_over_with_its_code() -> None:
    for data in (b"II*\0\0\0\0\0", making.written(making.dataset(making.film(), Modality="SR"))):
        codes_of = []
        for way in (apart.decode, decode_here):
            with pytest.raises(UnreadableImageError) as caught:
                way(HERE, data, "")
            codes_of.append((caught.value.code, caught.value.detail))
        assert codes_of[0] == codes_of[1]


@pytest.mark.parametrize("seed", [37, 159, 285, 391])
def test_streams_that_end_gdcm_are_damaged_files_and_no_more(seed: int) -> None:
    """Each of these ended its process by an abort inside GDCM 3.2.6."""
    film = making.film(size=(128, 128)).clip(0, 4000)
    sound = making.written(making.dataset(film), uid.JPEGExtended12Bit)
    stream = mutate(get_frame(read(sound).PixelData, 0, number_of_frames=1), random.Random(seed))
    with pytest.raises(UnreadableImageError) as caught:
        decode(HERE, making.encapsulated(making.dataset(film), stream, uid.JPEGExtended12Bit), "")
    assert caught.value.code == codes.DAMAGED
    np.testing.assert_allclose(decode(HERE, sound, "").pixels.astype(int), film, atol=4)


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.abort()",
        "print('hello')",
        "import os; os.write(1, b'\\xff' * 64)",
        "import sys; sys.stdin.close()",
    ],
)
def test_a_helper_that_dies_or_talks_nonsense(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "command", lambda: [sys.executable, "-c", program])
    data = making.written(making.dataset(making.film(size=(700, 700))))
    for _again in range(2):
        with pytest.raises(UnreadableImageError) as caught:
            apart.decode(HERE, data, "")
        assert caught.value.code == codes.DAMAGED
    monkeypatch.undo()
    assert apart.decode(HERE, data, "").pixels.shape == (700, 700)


def test_a_helper_started_ahead_is_the_one_that_decodes() -> None:
    apart.start()
    (ahead,) = soon(1)
    apart.start()
    apart.decode(HERE, making.picture("TIFF"), "")
    assert helpers() == [ahead]


def test_a_program_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "command", lambda: [str(Path("no", "such", "program"))])
    apart.start()
    with pytest.raises(UnreadableImageError) as caught:
        apart.decode(HERE, making.picture("TIFF"), "")
    assert caught.value.code == codes.NO_DECODER not in codes.OUT_OF_REACH


def test_a_helper_killed_between_two_pictures_is_replaced() -> None:
    data = making.picture("TIFF")
    apart.decode(HERE, data, "")
    (helper,) = helpers()
    helper.kill()
    helper.wait(10)
    assert apart.decode(HERE, data, "").format == "TIFF"


def test_a_decoder_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = (
        "import time; from pneumo_desktop.imaging import apart, limits, load\n"
        "limits.MAX_DECODE_SECONDS = 0.3\n"
        "load.decode_here = lambda *_: time.sleep(60)\n"
        "apart.serve()"
    )
    monkeypatch.setattr(apart, "command", lambda: [sys.executable, "-c", slow])
    with pytest.raises(UnreadableImageError) as caught:
        apart.decode(HERE, making.picture("TIFF"), "")
    assert caught.value.code == codes.DAMAGED


@pytest.mark.skipif(os.name == "nt", reason="Wine keeps to no limit; Windows is tested in test_job_object")
def test_a_decoder_that_eats_memory_is_refused_some(monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = (
        "from pneumo_desktop.imaging import apart, limits, load\n"
        "limits.MAX_HELPER_BYTES = 1 << 30\n"
        "load._decode = lambda *_: bytearray(2 << 30)\n"
        "apart.serve()"
    )
    monkeypatch.setattr(apart, "command", lambda: [sys.executable, "-c", greedy])
    with pytest.raises(UnreadableImageError) as caught:
        apart.decode(HERE, making.picture("TIFF"), "")
    assert caught.value.code == codes.TOO_LARGE
    assert limits.MAX_HELPER_BYTES < 8 << 30


def test_what_a_decoder_prints_does_not_get_between_the_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    loud = (
        "import os; from pneumo_desktop.imaging import apart, load; quiet = load.decode_here\n"
        "def decode(*rest):\n    os.write(1, b'noise' * 99); os.write(2, b'noise'); return quiet(*rest)\n"
        "load.decode_here = decode; apart.serve()"
    )
    monkeypatch.setattr(apart, "command", lambda: [sys.executable, "-c", loud])
    assert apart.decode(HERE, making.picture("TIFF"), "").format == "TIFF"


def test_threads_take_turns() -> None:
    films = [making.film(size=(60 + number, 70)) for number in range(12)]
    wrong: list[object] = []

    def work(number: int) -> None:
        try:
            pixels = apart.decode(HERE, making.written(making.dataset(films[number])), "").pixels
            np.testing.assert_array_equal(pixels, films[number])
        except BaseException as problem:
            wrong.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(films))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(helpers()) == 1


def test_closing_ends_a_helper_that_is_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "command", lambda: [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(apart, "CLOSE_SECONDS", 0.1)
    told: list[str] = []
    started = threading.Event()

    def work() -> None:
        started.set()
        try:
            apart.decode(HERE, making.picture("TIFF"), "")
        except UnreadableImageError as problem:
            told.append(problem.code)

    thread = threading.Thread(target=work)
    thread.start()
    started.wait(5)
    while apart._HELPER._process is None:
        threading.Event().wait(0.01)
    apart.close()
    thread.join(20)
    assert told == [codes.DAMAGED]


def test_closing_the_services_leaves_no_process(tmp_path: Path) -> None:
    services = Services.create(tmp_path)
    apart.decode(HERE, making.picture("TIFF"), "")
    assert helpers()
    services.close()
    assert helpers() == []


def test_a_helper_ends_with_the_program() -> None:
    """Its standard input ends with the program, however that ends."""
    program = (
        "import os; from pathlib import Path\n"
        "from pneumo_desktop.imaging import apart; from pneumo_desktop.imaging.radiograph import Entry\n"
        "from tests import making\n"
        "apart.decode(Entry(Path('x')), making.picture('TIFF'), '')\n"
        "print(apart._HELPER._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).resolve().parents[2]
    )
    helper = int(told.stdout)
    for _wait in range(500):
        if not psutil.pid_exists(helper) or psutil.Process(helper).status() == psutil.STATUS_ZOMBIE:
            return
        threading.Event().wait(0.02)
    pytest.fail("the helper outlived the program")


@pytest.mark.skipif(os.name == "nt", reason="no process groups as on a terminal")
def test_ctrl_c_on_a_terminal_spares_the_helper() -> None:
    """A helper that it ended would store a sound file as damaged."""
    program = (
        "import os, signal, time; from pathlib import Path\n"
        "from pneumo_desktop.imaging import apart; from pneumo_desktop.imaging.radiograph import Entry\n"
        "from tests import making\n"
        "def decode():\n"
        "    apart.decode(Entry(Path('x')), making.picture('TIFF'), '')\n"
        "    return apart._HELPER._process\n"
        "signal.signal(signal.SIGINT, lambda *_: None)\n"
        "first = decode(); os.killpg(0, signal.SIGINT); time.sleep(0.3); print(decode() is first)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, start_new_session=True,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert told.stdout == "True\n", told.stderr


def test_how_a_frozen_program_starts_its_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", "/opt/pneumo-desktop/pneumo-desktop")
    assert apart.command() == ["/opt/pneumo-desktop/pneumo-desktop", apart.COMMAND]
    monkeypatch.setattr(sys, "platform", "win32")
    assert apart.command()[0].endswith("pneumo-desktop-cli.exe")
