"""Opens every dialog of an installed program by its keys, as a reader without a mouse does, and takes a picture of each."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sandbox import on_screen, picture, press
from seen import expect

DIALOGS = {
    "settings": (("ctrl+comma",), "Ajustes"),
    "open-folder": (("ctrl+o",), "Abrir una carpeta de radiografías"),
    "export": (("ctrl+e",), "Exportar los resultados"),
    "save-picture": (("ctrl+s",), "Guardar la imagen"),
    "models": (("ctrl+m",), "Modelos"),
    "help": (("F1",), "Ayuda"),
    "keys": (("question",), "Teclas"),
    "checkup": (("alt+y", "Up", "Up", "Return"), "Comprobación de este equipo"),
    "about": (("alt+y", "Up", "Return"), "Acerca de Pneumo Desktop"),
    "evaluation": (("ctrl+l",), "Evaluar con una carpeta etiquetada"),
    "training": (("ctrl+t",), "Entrenamiento"),
}
"""Name of the picture: the keys that open a dialog, and how its title begins in Spanish."""

ON_A_FOLDER = ("evaluation", "training")
IDLE_TICKS = 3
READING_TICKS = 40
"""Some eighty radiographs take more than 0.4 s of any processor; typing a path takes less."""
SECONDS = 30


def _windows() -> set[str]:
    return set(on_screen("search", "--onlyvisible", "--name", ".+").split())


def _until(true: Callable[[], object], words: str, seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not true():
        expect(time.monotonic() < end, f"{words} (within {seconds:.0f} s)")
        time.sleep(0.1)


def _worked(processes: Sequence[int]) -> int:
    """Return the processor time that ``processes`` and their children have used so far, in ticks of 10 ms (proc(5))."""
    used = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) in processes:
                used += sum(int(word) for word in words[11:15])  # its own, and of children that have ended
            elif int(words[1]) in processes:
                used += sum(int(word) for word in words[11:13])
    return used


class Pages:
    """The pages of the program with the main window ``window`` and these ``processes``.

    Pictures go to ``out``; their names begin with ``name``.
    """

    def __init__(self, window: str, processes: Sequence[int], out: Path, name: str) -> None:
        self._window, self._processes, self._out, self._name = window, processes, out, name
        self.seen: list[str] = []

    def _open(self, page: str, keys: tuple[str, ...], title: str) -> str:
        before = _windows()
        for key in keys:
            press(self._window, key)
            time.sleep(0.3)
        _until(lambda: self._titled(before, title), f"{self._name}: {page} was not opened by {' '.join(keys)}.")
        return self._titled(before, title)[0]

    @staticmethod
    def _titled(before: set[str], title: str = "") -> list[str]:
        return [one for one in _windows() - before if on_screen("getwindowname", one).startswith(title)]

    def _idle(self) -> bool:
        """Return whether the program has done nothing for a second: nothing is read or drawn any more."""
        before = _worked(self._processes)
        time.sleep(1)
        return 0 <= _worked(self._processes) - before <= IDLE_TICKS

    def _leave(self, page: str, dialog: str) -> None:
        _until(self._idle, f"{self._name}: {page} does not come to rest.", 120)
        picture(self._out / f"{self._name}-page-{page}.png")
        press(dialog, "Escape")
        _until(lambda: dialog not in _windows(), f"{self._name}: {page} was not closed by Escape.")
        self.seen.append(page)

    def look(self, labelled: str) -> None:
        """Open and close every dialog; evaluate on the folder ``labelled``, and have it scanned for a training.

        Raises Broken where a dialog does not come, does not come to rest, or does not go.
        """
        press(self._window, "n")
        for page, (keys, title) in DIALOGS.items():
            dialog = self._open(page, keys, title)
            if page in ON_A_FOLDER:
                before = _worked(self._processes)
                on_screen("windowfocus", dialog)
                on_screen("type", labelled)
                press(dialog, "Return")
                _until(
                    lambda before=before: _worked(self._processes) - before > READING_TICKS, f"{page}: nothing is read."
                )
            self._leave(page, dialog)
        left = [on_screen("getwindowname", one).strip() for one in self._titled({self._window})]
        expect(not left, f"{self._name}: windows that nobody asked for: {left}")
