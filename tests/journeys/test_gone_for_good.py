"""A list whose films are deleted, or on a stick that does not come back, is let go of when it is offered."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytestqt.qtbot import QtBot

from pneumo_desktop.app import Services
from pneumo_desktop.gui.main_window import MainWindow
from pneumo_desktop.imaging.radiograph import Entry
from pneumo_desktop.reading.outcome import Population


def test_the_offer_says_that_films_were_out_of_reach_and_how_to_let_them_go(
    services: Services, folder: Path, qtbot: QtBot
) -> None:
    queue = services.store.new_queue("stick", Population.NOT_KNOWN)
    services.store.add_entries(queue, [Entry(path) for path in sorted(folder.glob("*.jpeg"))])
    shutil.rmtree(folder)
    offered = []
    for _start in range(3):
        window = MainWindow(services)
        qtbot.addWidget(window)
        window.show()
        services.begun.clear()  # as another start of the program
        window.keeper.finish()
        offered.append(window.offer._label.text() if window.offer.isVisible() else "")
        if len(offered) == 1:
            window.offer.yes.click()
            qtbot.waitUntil(lambda window=window: window.queue.model.has_rows() and not window.active_runs())
        elif len(offered) == 2:
            window.appearance.choose_language("es")
            told = (
                "La última vez no se llegó a 4 imágenes de «stick». Si ya no existen, elija «No continuar» y no se "
                "le volverá a preguntar."
            )
            assert window.offer._label.text() == told
            window.appearance.choose_language("en")
            window.offer.no.click()
        window.close()
    assert offered == [
        "4 images of “stick” were not read last time.",
        "4 images of “stick” could not be reached last time. If they are gone for good, choose “Don't continue”: then "
        "you are not asked again.",
        "",
    ]
