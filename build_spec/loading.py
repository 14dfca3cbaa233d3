"""What a frozen program runs before anything else, even before Qt is prepared: Ctrl+C ends it at once while it is loaded."""

from pneumo_desktop import ctrl_c

ctrl_c.ends_at_once()
