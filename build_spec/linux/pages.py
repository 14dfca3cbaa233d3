"""Opens every dialog of an installed program by its keys, as a reader without a mouse does, and takes a picture of each.

For Linux and for Windows under Wine: a window of Wine is a window of X.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from seen import expect

DIALOGS = {
    "settings": (("ctrl+comma",), "Ajustes"),
    "open-folder": (("ctrl+o",), ""),
    "export": (("ctrl+e",), "Exportar los resultados"),
    "save-picture": (("ctrl+s",), ""),
    "models": (("ctrl+m",), "Modelos"),
    "help": (("F1",), "Ayuda"),
    "keys": (("question",), "Teclas"),
    "checkup": (("alt+y", "Up", "Up", "Return"), "Comprobación de este equipo"),
    "about": (("alt+y", "Up", "Return"), "Acerca de Pneumo Desktop"),
    "evaluation": (("ctrl+l",), "Evaluar con una carpeta etiquetada"),
    "training": (("ctrl+t",), "Entrenamiento"),
}
"""Name of the picture: the keys that open a dialog, and how its title begins in Spanish. A file dialog may be the system's own."""

ON_A_FOLDER = ("evaluation", "training")
IDLE_TICKS = 3
READING_TICKS = 40
"""Some eighty radiographs take more than 0.4 s of any processor; typing a path takes less."""
SECONDS = 30


def _until(true: Callable[[], object], words: str, seconds: float = SECONDS) -> None:
    end = time.monotonic() + seconds
    while not true():
        expect(time.monotonic() < end, f"{words} (within {seconds:.0f} s)")
        time.sleep(0.1)


def no_error(log: Path) -> None:
    """Raise Broken where the program's ``log`` tells of an error."""
    told = log.read_text("utf-8") if log.is_file() else ""
    expect("ERROR" not in told and "Traceback" not in told, f"The log tells of an error: {told[-800:]}")


class Pages:
    """The pages of the program whose main window is ``window``; ``processes`` tells which run for it now.

    ``xdotool`` runs it with some words on the screen and returns what it prints; ``picture`` saves what the screen shows.
    Pictures are named ``begin``, ``-page-`` and the page.
    """

    def __init__(
        self,
        window: str,
        processes: Sequence[int],
        begin: Path,
        xdotool: Callable[..., str],
        picture: Callable[[Path], None],
    ) -> None:
        self._window, self._processes, self._begin = window, processes, begin
        self._xdotool, self._picture = xdotool, picture
        self.seen: list[str] = []

    def _windows(self, title: str = "") -> set[str]:
        found = self._xdotool("search", "--onlyvisible", "--name", ".+").split()
        return {one for one in found if self._xdotool("getwindowname", one).startswith(title)}

    def _press(self, window: str, keys: str) -> None:
        self._xdotool("windowfocus", window)
        self._xdotool("key", "--clearmodifiers", keys)

    def _open(self, page: str, keys: tuple[str, ...], title: str) -> str:
        before = self._windows()
        for key in keys:
            self._press(self._window, key)
            time.sleep(0.3)
        _until(lambda: self._windows(title) - before, f"{page} was not opened by {' '.join(keys)}.")
        return (self._windows(title) - before).pop()

    def _worked(self) -> int:
        """Return the processor time that the program has used so far, in ticks of 10 ms (proc(5))."""
        used = 0
        for process in self._processes():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                used += int(words[11]) + int(words[12])
        return used

    def _idle(self) -> bool:
        """Return whether the program has done nothing for a second: nothing is read or drawn any more."""
        before = self._worked()
        time.sleep(1)
        return 0 <= self._worked() - before <= IDLE_TICKS

    def _leave(self, page: str, dialog: str) -> None:
        _until(self._idle, f"{page} does not come to rest.", 180)
        self._picture(self._begin.with_name(f"{self._begin.name}-page-{page}.png"))
        self._press(dialog, "Escape")
        _until(lambda: dialog not in self._windows(), f"{page} was not closed by Escape.")
        self.seen.append(page)

    def look(self, labelled: str) -> None:
        """Open and close every dialog; evaluate on the folder ``labelled``, and have it scanned for a training.

        Raises Broken where a dialog does not come, does not come to rest, or does not go.
        """
        others = self._windows() - {self._window}
        self._press(self._window, "n")
        for page, (keys, title) in DIALOGS.items():
            dialog = self._open(page, keys, title)
            if page in ON_A_FOLDER:
                before = self._worked()
                self._xdotool("windowfocus", dialog)
                self._xdotool("type", labelled)
                self._press(dialog, "Return")
                _until(lambda before=before: self._worked() - before > READING_TICKS, f"{page}: nothing is read.")
            self._leave(page, dialog)
        left = [self._xdotool("getwindowname", one).strip() for one in self._windows() - {self._window} - others]
        expect(not left, f"Windows that nobody asked for: {left}")
