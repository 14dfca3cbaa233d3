"""How a command ends."""

FINE, USAGE, UNREADABLE = 0, 2, 3
"""Done; wrong usage or a problem that was told; some file could not be read or the run was stopped."""
