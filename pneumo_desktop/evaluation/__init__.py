"""Metrics with intervals, comparisons, calibration, figures. No Qt, no TensorFlow."""
