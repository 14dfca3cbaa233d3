"""Pneumo Desktop: an offline reading assistant for chest radiographs."""

__version__ = "0.1.0"
