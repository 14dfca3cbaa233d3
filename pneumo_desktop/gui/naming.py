"""Names for screen readers where no visible label stands beside a control."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox

from pneumo_desktop.gui.labels import Label

_LABEL = "name for screen readers"


def name_box(box: QComboBox, name: str) -> None:
    """Name a drop-down list, again after a change of the language; it lies in its parent by then.

    On Linux Qt tells screen readers the list's value and the words of its label, and never its own name: the label is there
    and hidden.
    """
    box.setAccessibleName(name)
    parent = box.parentWidget()
    labels = list[Label](parent.findChildren(Label, _LABEL)) if parent is not None else []
    label = next((label for label in labels if label.buddy() is box), None) or Label(parent=parent)
    label.setObjectName(_LABEL)
    label.setBuddy(box)
    label.setText(name)
    label.hide()
