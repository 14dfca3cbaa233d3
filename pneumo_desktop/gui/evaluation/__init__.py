"""Measured models on the screen: the page, the gallery behind a cell, and the dialog that measures."""

from pneumo_desktop.gui.evaluation.dialog import EvaluationDialog
from pneumo_desktop.gui.evaluation.page import EvaluationPage

__all__ = ["EvaluationDialog", "EvaluationPage"]
