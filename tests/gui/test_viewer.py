"""Every claim of the viewer, on the real panel: what is clicked, dragged and typed, and what is then on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from pytestqt.qtbot import QtBot

from pneumo_desktop.gui.viewer import ViewerPanel
from pneumo_desktop.gui.viewer.canvas import Canvas, Tool
from pneumo_desktop.gui.viewer.dialogs import CheatSheet, TagsDialog
from pneumo_desktop.gui.viewer.picture import Picture, prepare_picture, region, whole_image
from pneumo_desktop.gui.viewer.view_state import ViewState, arrange, source_place
from pneumo_desktop.imaging.radiograph import Entry, Radiograph, Window
from pneumo_desktop.words import set_language


def radiograph(spacing: tuple[float, float] | None = (0.5, 0.25)) -> Radiograph:
    """12 bits, 300 rows, 400 columns; every pixel has a value of its own row and column."""
    rows, columns = np.mgrid[0:300, 0:400]
    pixels = (rows * 10 + columns).astype(np.uint16)
    windows = (Window(1000, 2000, "LUNG"), Window(3000, 500, "BONE"))
    return Radiograph(
        Entry(Path("x.dcm")), pixels, windows[0], "0" * 64, "dicom", windows=windows, spacing_mm=spacing, bits_stored=12
    )


@pytest.fixture
def picture() -> Picture:
    heat = np.zeros((6, 6), dtype=np.float32)
    heat[1, 4] = 6.0
    return prepare_picture(radiograph(), heat)


@pytest.fixture
def viewer(qtbot: QtBot, picture: Picture) -> Iterator[ViewerPanel]:
    panel = ViewerPanel()
    qtbot.addWidget(panel)
    panel.resize(640, 520)
    panel.show()
    qtbot.waitExposed(panel)
    panel.set_picture(picture)
    yield panel
    panel.close()


def screen(panel: ViewerPanel) -> bytes:
    """What is painted now."""
    image = panel.canvas.grab().toImage()
    return bytes(image.constBits())


def drag(
    qtbot: QtBot, panel: ViewerPanel, first: QPoint, last: QPoint, button: Qt.MouseButton, canvas: Canvas | None = None
) -> None:
    canvas = canvas or panel.canvas
    qtbot.mousePress(canvas, button, pos=first)
    qtbot.mouseMove(canvas, last)
    qtbot.mouseRelease(canvas, button, pos=last)


def test_the_wheel_zooms_to_the_pointer(viewer: ViewerPanel) -> None:
    canvas, place = viewer.canvas, QPointF(200, 150)
    under, before = canvas.image_point(place), canvas.scale
    for _turn in range(3):
        canvas.wheelEvent(
            QWheelEvent(
                place, canvas.mapToGlobal(place), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )
        )  # fmt: skip
    assert canvas.scale == pytest.approx(before * 1.2**3)
    now = canvas.image_point(place)
    assert (now.x(), now.y()) == pytest.approx((under.x(), under.y()))


def test_fit_shows_everything_and_one_to_one_shows_pixels(viewer: ViewerPanel) -> None:
    viewer.action("actual_size").trigger()
    assert viewer.canvas.zoom_percent() == 100
    viewer.action("fit").trigger()
    corner = viewer.canvas.image_point(QPointF(0, 0))
    opposite = viewer.canvas.image_point(QPointF(viewer.canvas.width(), viewer.canvas.height()))
    assert corner.x() <= 1e-6 and corner.y() <= 1e-6
    assert opposite.x() >= 400 - 1e-6 and opposite.y() >= 300 - 1e-6


def test_the_left_button_moves_the_picture(viewer: ViewerPanel, qtbot: QtBot) -> None:
    before = QPointF(viewer.canvas.offset)
    drag(qtbot, viewer, QPoint(100, 100), QPoint(130, 80), Qt.MouseButton.LeftButton)
    moved = viewer.canvas.offset - before
    assert (moved.x(), moved.y()) == (30, -20)


def test_a_picture_cannot_be_lost_outside_the_canvas(viewer: ViewerPanel) -> None:
    viewer.canvas.pan(QPointF(100_000, -100_000))
    seen = viewer.canvas.image_point(QPointF(viewer.canvas.width(), 0))
    assert seen.x() > 0


def test_the_right_button_changes_window_and_level_of_all_16_bits(viewer: ViewerPanel, qtbot: QtBot) -> None:
    viewer.use_preset(2)  # BONE: everything below 2750 is black
    before = viewer._view().window
    drag(qtbot, viewer, QPoint(100, 100), QPoint(160, 140), Qt.MouseButton.RightButton)
    after = viewer._view().window
    assert after.width > before.width
    assert after.center > before.center
    assert viewer._picture is not None
    assert viewer._picture.radiograph.pixels.dtype == np.uint16
    viewer.use_preset(0)
    narrow = ViewState(Window(1500, 16))
    grey, _box = region(viewer._picture, narrow, (0, 0, 400, 300), 1.0)
    assert len(np.unique(grey)) == 17  # neighbouring values that 8 bits would have made one


def test_presets_are_the_files_own_and_reset_goes_back(viewer: ViewerPanel) -> None:
    viewer._fill_presets()
    names = [action.text().split("  ")[0] for action in viewer.presets_menu.actions()]
    assert names == ["as in the file", "LUNG", "BONE", "Full range", "Middle 98 %"]
    viewer.presets_menu.actions()[2].trigger()
    assert viewer._view().window == Window(3000, 500, "BONE")
    assert viewer.presets_menu.actions()[2].text() == "BONE   (500 / 3000)"
    assert viewer.canvas.corner_text.startswith("Window 500 / 3000 ·"), "width and centre, as in the menu"
    viewer.action("flip_vertical").trigger()
    viewer.action("invert").trigger()
    viewer.action("reset").trigger()
    assert viewer._view() == ViewState(Window(1000, 2000, "LUNG"))


@pytest.mark.parametrize("name", ["invert", "turn_left", "turn_right", "flip_horizontal", "flip_vertical"])
def test_each_change_is_on_the_screen_and_written_into_the_corner(viewer: ViewerPanel, name: str) -> None:
    before, words = screen(viewer), viewer.canvas.corner_text
    viewer.action(name).trigger()
    assert screen(viewer) != before
    assert viewer.canvas.corner_text != words


def test_four_turns_and_two_flips_are_none(viewer: ViewerPanel) -> None:
    viewer.action("heat_map").setChecked(False)
    before = viewer._view()
    for name in ("turn_right",) * 4 + ("flip_horizontal",) * 2 + ("turn_left", "turn_right"):
        viewer.action(name).trigger()
    assert viewer._view() == before


def test_the_heat_map_has_an_opacity_a_switch_and_a_legend(viewer: ViewerPanel) -> None:
    with_map = screen(viewer)
    viewer.stronger()
    stronger = screen(viewer)
    viewer.opacity.setValue(0)
    none = screen(viewer)
    viewer.action("heat_map").trigger()
    off = screen(viewer)
    assert len({with_map, stronger, none}) == 3
    assert none == off
    assert viewer._legend.isVisible()
    assert not viewer.opacity.isEnabled()


def rgb(image: QImage) -> np.ndarray:  # type: ignore[type-arg]
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(image.constBits(), dtype=np.uint8).reshape(image.height(), image.bytesPerLine())
    return lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def test_the_screen_shows_the_map_as_the_export_does(viewer: ViewerPanel) -> None:
    """What Qt lays over the picture is what ``reading.heatmap.overlay`` computes; the export has a caption below."""
    make = viewer.snapshot()
    assert make is not None
    exported = rgb(make())
    assert exported.shape[1:] == (400, 3)
    viewer.canvas.corner_text = ""
    viewer.action("actual_size").trigger()
    viewer.canvas.offset = QPointF(20, 30)
    viewer.canvas.corner_text = ""
    painted = rgb(viewer.canvas.grab().toImage())[30:330, 20:420]
    assert np.abs(painted.astype(int) - exported[:300]).max() <= 4


def saved(panel: ViewerPanel, rows: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """The picture as it would be saved, and the band of words below it."""
    make = panel.snapshot()
    assert make is not None
    whole = rgb(make())
    return whole[:rows], whole[rows:]


@pytest.mark.parametrize("name", ["invert", "turn_left", "flip_horizontal", "flip_vertical"])
@pytest.mark.parametrize("with_map", [False, True])
def test_a_saved_picture_says_what_was_done_to_it(viewer: ViewerPanel, name: str, with_map: bool) -> None:
    """Whoever gets the PNG does not see the window's corner: a mirrored film must not look like one that is not."""
    viewer.action("heat_map").setChecked(with_map)
    plain, words = saved(viewer, 300)
    assert bool(words.size) is with_map
    viewer.action(name).trigger()
    changed, told = saved(viewer, 400 if "turn" in name else 300)
    assert changed.shape != plain.shape or (changed != plain).any()
    assert told.any()
    assert len(told) > len(words), "a line more"


@pytest.mark.parametrize("code", ["en", "es"])
@pytest.mark.parametrize("side", [24, 224])
def test_a_small_picture_holds_its_whole_caption(side: int, code: str) -> None:
    """The words are as large on a wide picture, where they stand in one line each: as much ink, if none is cut off."""
    set_language(code)

    def ink(width: int) -> float:
        flat = replace(radiograph(), pixels=np.zeros((side, width), np.uint16))
        picture = prepare_picture(flat, np.ones((6, 6), np.float32))
        whole = rgb(whole_image(picture, ViewState(flat.window, flip_horizontal=True), 0.0))
        return float(whole[side:].sum())

    assert ink(side) == pytest.approx(ink(3000), rel=0.05)
    set_language("en")


def test_side_by_side_shows_the_original_at_the_same_place(viewer: ViewerPanel) -> None:
    viewer.action("side_by_side").trigger()
    assert viewer.twin.isVisible()
    viewer.canvas.zoom_at(QPointF(50, 50), 3.0)
    assert (viewer.twin.scale, viewer.twin.offset) == (viewer.canvas.scale, viewer.canvas.offset)
    assert viewer.twin._opacity is None
    assert viewer.canvas._opacity is not None


def beside(viewer: ViewerPanel, qtbot: QtBot) -> tuple[Canvas, Canvas]:
    """Side by side, laid out."""
    viewer.action("side_by_side").setChecked(True)
    qtbot.waitUntil(lambda: abs(viewer.canvas.width() - viewer.twin.width()) <= 1)
    return viewer.canvas, viewer.twin


def test_side_by_side_whichever_is_moved_moves_the_other(viewer: ViewerPanel, qtbot: QtBot) -> None:
    viewer.canvas.zoom_at(QPointF(50, 50), 3.0)
    scale = viewer.canvas.scale
    canvas, twin = beside(viewer, qtbot)
    assert canvas.scale == scale, "it comes beside the picture as that is looked at"

    def views() -> tuple[object, object]:
        return (canvas.scale, canvas.offset), (twin.scale, twin.offset)

    one, other = views()
    assert one == other
    twin.zoom_step(4)
    drag(qtbot, viewer, QPoint(100, 100), QPoint(130, 80), Qt.MouseButton.LeftButton, twin)
    moved, other = views()
    assert moved == other != one
    assert f"{canvas.zoom_percent()} %" in canvas.corner_text
    qtbot.mouseDClick(twin, Qt.MouseButton.LeftButton)
    viewer.resize(760, 400)  # what is shown whole stays whole
    qtbot.waitUntil(lambda: canvas.width() > 370)
    one, other = views()
    assert one == other
    assert canvas.scale == pytest.approx(min(canvas.width() / 400, canvas.height() / 300), abs=0.01)


def test_side_by_side_each_line_has_its_own_length(viewer: ViewerPanel, qtbot: QtBot) -> None:
    canvas, twin = beside(viewer, qtbot)
    viewer.action("actual_size").trigger()
    viewer.action("measure_tool").trigger()
    left = Qt.MouseButton.LeftButton
    drag(qtbot, viewer, QPoint(100, 200), QPoint(140, 200), left, canvas)
    drag(qtbot, viewer, QPoint(100, 200), QPoint(120, 200), left, twin)
    assert (canvas.measure_text, twin.measure_text) == ("10.0 mm", "5.0 mm")
    viewer.action("flip_horizontal").trigger()
    assert (canvas.measure_text, twin.measure_text) == ("", "")
    assert canvas._line is twin._line is None


def test_a_line_goes_with_the_picture_it_was_drawn_on(viewer: ViewerPanel, picture: Picture, qtbot: QtBot) -> None:
    _canvas, twin = beside(viewer, qtbot)
    viewer.action("measure_tool").trigger()
    drag(qtbot, viewer, QPoint(100, 200), QPoint(140, 200), Qt.MouseButton.LeftButton, twin)
    viewer.action("side_by_side").setChecked(False)
    viewer.set_picture(picture)
    viewer.action("side_by_side").setChecked(True)
    assert (twin._line, twin.measure_text) == (None, "")


def test_the_pointer_tells_the_stored_value(viewer: ViewerPanel, qtbot: QtBot) -> None:
    for name in ("turn_right", "flip_horizontal"):
        viewer.action(name).trigger()
    said: list[str] = []
    viewer.status.connect(said.append)
    middle = QPoint(viewer.canvas.width() // 2, viewer.canvas.height() // 2)
    for place in (
        middle - QPoint(20, 20),
        middle,
    ):  # an earlier test may have left the pointer there: then it does not move
        qtbot.mouseMove(viewer.canvas, place)
    column, row, value = (int(part.rstrip(":,")) for part in said[-1].split() if part.rstrip(":,").isdigit())
    assert value == row * 10 + column


def test_a_length_is_in_millimetres_where_the_file_knows_them(viewer: ViewerPanel, qtbot: QtBot) -> None:
    viewer.action("actual_size").trigger()
    viewer.action("measure_tool").trigger()
    assert viewer.canvas.tool is Tool.MEASURE
    drag(qtbot, viewer, QPoint(200, 200), QPoint(240, 200), Qt.MouseButton.LeftButton)
    assert viewer.canvas.measure_text == "10.0 mm"  # 40 columns of 0.25 mm
    viewer.action("turn_right").trigger()
    assert viewer.canvas.measure_text == ""
    viewer.action("actual_size").trigger()
    drag(qtbot, viewer, QPoint(200, 200), QPoint(240, 200), Qt.MouseButton.LeftButton)
    assert viewer.canvas.measure_text == "20.0 mm"  # now rows of 0.5 mm
    set_language("es")
    drag(qtbot, viewer, QPoint(200, 200), QPoint(241, 200), Qt.MouseButton.LeftButton)
    assert viewer.canvas.measure_text == "20,5 mm"
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Escape)
    assert viewer.canvas.measure_text == ""


def test_a_length_at_the_detector_is_not_given_for_the_patients(viewer: ViewerPanel, qtbot: QtBot) -> None:
    viewer.set_picture(prepare_picture(replace(radiograph(), spacing_at_detector=True)))
    viewer.action("actual_size").trigger()
    viewer.action("measure_tool").trigger()
    drag(qtbot, viewer, QPoint(200, 200), QPoint(240, 200), Qt.MouseButton.LeftButton)
    assert viewer.canvas.measure_text == "10.0 mm at the detector"


def test_a_length_without_a_scale_is_in_pixels_and_says_so(viewer: ViewerPanel, qtbot: QtBot) -> None:
    viewer.set_picture(prepare_picture(radiograph(spacing=None)))
    viewer.action("actual_size").trigger()
    viewer.action("measure_tool").trigger()
    drag(qtbot, viewer, QPoint(200, 200), QPoint(240, 200), Qt.MouseButton.LeftButton)
    assert viewer.canvas.measure_text == "40 pixels (no scale in the file)"


def test_the_arrow_keys_move_and_with_shift_change_the_window(viewer: ViewerPanel, qtbot: QtBot) -> None:
    offset, window = QPointF(viewer.canvas.offset), viewer._view().window
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Right)
    assert viewer.canvas.offset.x() < offset.x()
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert viewer._view().window.width > window.width


def test_without_a_picture_the_actions_are_grey(viewer: ViewerPanel) -> None:
    viewer.clear("nothing here")
    assert not any(action.isEnabled() for action in viewer.actions_by_name.values())
    assert viewer.snapshot() is None


def test_tags_are_found_by_any_of_their_words(qtbot: QtBot) -> None:
    rows = [(f"(0010,{n:04X})", f"Keyword{n}", "LO", f"Wert {n} Ж") for n in range(3000)]
    dialog = TagsDialog("x.dcm", rows)
    qtbot.addWidget(dialog)
    dialog.search_box.setText("wert 2999 ж")
    assert dialog.model.rowCount() == 1
    assert dialog.model.index(0, 1).data() == "Keyword2999"
    dialog.search_box.clear()
    assert dialog.model.rowCount() == 3000


def test_the_sheet_holds_every_key(viewer: ViewerPanel, qtbot: QtBot) -> None:
    sheet = CheatSheet([("View", list(viewer.actions_by_name.values()))])
    qtbot.addWidget(sheet)
    words = " ".join(label.text() for label in sheet.findChildren(type(viewer._caption)))
    for action in viewer.actions_by_name.values():
        assert f"<b>{action.shortcut().toString()}</b>" in words


STATES = st.builds(ViewState, st.just(Window(0, 1)), st.integers(0, 3), st.booleans(), st.booleans(), st.booleans())


@given(STATES, st.integers(0, 6), st.integers(0, 4))
def test_a_place_on_the_screen_leads_back_to_its_pixel(state: ViewState, x: int, y: int) -> None:
    pixels = np.arange(35).reshape(5, 7)
    shown = arrange(pixels, state)
    x, y = min(x, shown.shape[1] - 1), min(y, shown.shape[0] - 1)
    row, column = source_place(x, y, (5, 7), state)
    assert pixels[row, column] == shown[y, x]


@given(STATES, st.floats(0.05, 3.0))
def test_a_region_is_the_picture_at_the_size_of_the_screen(state: ViewState, scale: float) -> None:
    flat = radiograph()
    picture = prepare_picture(Radiograph(flat.entry, flat.pixels * 0 + 700, Window(500, 1000), "0", "dicom"))
    grey, box = region(picture, ViewState(Window(500, 1000), state.quarter_turns), (10, 20, 200, 180), scale)
    assert set(np.unique(grey)) == {178}
    assert box[0] <= 10 and box[1] <= 20 and box[2] >= 200 and box[3] >= 180
    if scale < 1:
        assert abs(grey.shape[1] - (box[2] - box[0]) * scale) <= 1


@given(STATES, st.lists(st.sampled_from(["[", "]", "H", "V"]), max_size=6))
def test_what_is_told_of_a_turned_and_mirrored_picture_makes_that_picture(start: ViewState, keys: list[str]) -> None:
    state = ViewState(start.window)
    screen = pixels = np.arange(35).reshape(5, 7)
    for key in keys:
        if key in "[]":
            state = state.turned(1 if key == "]" else -1)
            screen = np.rot90(screen, -1 if key == "]" else 1)
        elif key == "H":
            state, screen = replace(state, flip_horizontal=not state.flip_horizontal), screen[:, ::-1]
        else:
            state, screen = replace(state, flip_vertical=not state.flip_vertical), screen[::-1]
    told = pixels
    for word in state.arrangement_words():
        if word.startswith("turned"):
            told = np.rot90(told, -int(word.removeprefix("turned ").removesuffix("°")) // 90)
        else:
            told = told[:, ::-1] if word == "mirrored left and right" else told[::-1]
    assert np.array_equal(arrange(pixels, state), screen)
    assert np.array_equal(told, screen)


def test_mirrored_and_then_turned_is_told_as_it_was_done(viewer: ViewerPanel) -> None:
    viewer.action("flip_horizontal").trigger()
    viewer.action("turn_right").trigger()
    assert viewer.canvas.corner_text.endswith("mirrored left and right · turned 90°")
    viewer.reset()
    viewer.action("turn_right").trigger()
    viewer.action("flip_horizontal").trigger()
    assert viewer.canvas.corner_text.endswith("turned 90° · mirrored left and right")


def test_the_twin_is_named_by_what_it_shows(viewer: ViewerPanel) -> None:
    viewer.action("side_by_side").setChecked(True)
    viewer.action("invert").trigger()
    viewer.action("turn_left").trigger()
    assert viewer.twin.corner_text == "without heat map · inverted · turned 270°"


def test_a_map_without_colour_says_so(viewer: ViewerPanel) -> None:
    assert viewer._caption.text() == "Where the network looked, not where disease is."
    against = np.full((6, 6), -3.0, np.float32)
    against[2, 2] = 0.4
    viewer.set_picture(prepare_picture(radiograph(), against))
    assert viewer._caption.text() == "No colour to see: nothing here spoke clearly for pneumonia."
    set_language("es")
    viewer.retranslate()
    assert "neumonía" in viewer._caption.text()
    set_language("en")


@pytest.mark.parametrize("repair", [{"inverted": True}, {"turned": 180}])
def test_a_picture_that_is_repaired_otherwise_is_seen_afresh(viewer: ViewerPanel, repair: dict[str, int]) -> None:
    """Another model took it for a negative: through the window of before it would be white."""
    viewer.zoom_in()
    viewer.use_preset(2)
    again = prepare_picture(radiograph(), **repair)  # type: ignore[arg-type]
    viewer.set_picture(again, keep_view=True)
    assert viewer._view() == ViewState(again.radiograph.window)
    assert viewer.canvas._fitted


def test_a_picture_judged_anew_keeps_the_view(viewer: ViewerPanel, picture: Picture) -> None:
    viewer.zoom_in()
    viewer.invert()
    scale = viewer.canvas.scale
    viewer.set_picture(prepare_picture(radiograph(), np.zeros((6, 6), np.float32)), keep_view=True)
    assert (viewer.canvas.scale, viewer._view().inverted) == (scale, True)
    viewer.set_picture(picture)
    assert not viewer._view().inverted
