"""Every sentence a person sees, in one gettext catalogue. No Qt."""
