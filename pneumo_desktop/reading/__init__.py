"""Judging: gate, network, heat map, outcome, and the pipeline over a folder."""
