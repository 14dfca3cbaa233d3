"""Original images and random changes of them, as training will see them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QVBoxLayout, QWidget

from pneumo_desktop.gui.labels import Label
from pneumo_desktop.gui.screen_room import resize_within_screen, scrolled
from pneumo_desktop.words import tr

PREVIEWED = 4
_HEIGHT, _MOST_COLUMNS = 130, 6


class PreviewDialog(QDialog):
    """A row an image: the original, then its variants."""

    def __init__(self, groups: list[list[str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Augmented images"))
        grid = QGridLayout()
        grid.addWidget(Label(tr("Original")), 0, 0)
        grid.addWidget(Label(tr("Changed")), 0, 1)
        for row, paths in enumerate(groups[:PREVIEWED], start=1):
            for column, path in enumerate(paths[:_MOST_COLUMNS]):
                picture = Label()
                picture.setPixmap(QPixmap(path).scaledToHeight(_HEIGHT, Qt.TransformationMode.SmoothTransformation))
                picture.setAccessibleName(tr("Original") if column == 0 else tr("Changed"))
                grid.addWidget(picture, row, column)
        grid.setRowStretch(grid.rowCount(), 1)  # room that is left over goes below the pictures
        pictures = QWidget()
        pictures.setLayout(grid)
        text = tr("Left the original, beside it random changes. They must not change what is to be seen.")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(Label(text, wordWrap=True))
        layout.addWidget(scrolled(pictures, self.windowTitle()), 1)
        layout.addWidget(buttons)
        wanted = pictures.sizeHint()
        resize_within_screen(self, wanted.width() + 40, wanted.height() + 120)
