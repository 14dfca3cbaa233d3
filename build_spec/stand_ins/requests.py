"""Stands in for the HTTP library that TensorFlow imports at its start: the training program opens no connection."""
