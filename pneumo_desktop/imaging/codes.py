"""Every code this room gives away. ``words.sentences`` has a sentence for each; a test holds it to that."""

from __future__ import annotations

from typing import Final

# Why a file did not become a Radiograph: UnreadableImageError.code
EMPTY: Final = "empty"
UNKNOWN_FORMAT: Final = "unknown_format"
TRUNCATED: Final = "truncated"
DAMAGED: Final = "damaged"
TOO_LARGE: Final = "too_large"
BOMB: Final = "bomb"
NO_PIXELS: Final = "no_pixels"
UNSUPPORTED_ENCODING: Final = "unsupported_encoding"
ENCRYPTED: Final = "encrypted"
MISSING: Final = "missing"
NO_PERMISSION: Final = "no_permission"
IO: Final = "io"
NOT_A_FILE: Final = "not_a_file"
NO_DECODER: Final = "no_decoder"
CHANGED: Final = "changed"

UNREADABLE_CODES: Final = frozenset(
    {
        EMPTY,
        UNKNOWN_FORMAT,
        TRUNCATED,
        DAMAGED,
        TOO_LARGE,
        BOMB,
        NO_PIXELS,
        UNSUPPORTED_ENCODING,
        ENCRYPTED,
        MISSING,
        NO_PERMISSION,
        IO,
        NOT_A_FILE,
        NO_DECODER,
        CHANGED,
    }
)

OUT_OF_REACH: Final = frozenset({MISSING, IO})
"""Codes that say nothing of the file: its medium was taken away or failed, and may be back."""

# Why a file was not even tried: LeftOut.code (MISSING, NO_PERMISSION, IO, NOT_A_FILE as above)
NOT_AN_IMAGE: Final = "not_an_image"
CD_INDEX: Final = "cd_index"
TOO_DEEP: Final = "too_deep"
ZIP_BOMB: Final = "zip_bomb"
ZIP_ENCRYPTED: Final = "zip_encrypted"
ZIP_DAMAGED: Final = "zip_damaged"
LINK_LOOP: Final = "link_loop"

LEFT_OUT_CODES: Final = frozenset(
    {
        NOT_AN_IMAGE,
        CD_INDEX,
        TOO_DEEP,
        ZIP_BOMB,
        ZIP_ENCRYPTED,
        ZIP_DAMAGED,
        LINK_LOOP,
        MISSING,
        NO_PERMISSION,
        IO,
        NOT_A_FILE,
    }
)

# What was done on the way: Radiograph.notes
EXIF_ORIENTATION: Final = "exif_orientation"
FIRST_FRAME_SHOWN: Final = "first_frame_shown"
WINDOW_IGNORED: Final = "window_ignored"
ALPHA_FLATTENED: Final = "alpha_flattened"
COLOUR_MADE_GREY: Final = "colour_made_grey"
AGE_UNCLEAR: Final = "age_unclear"
PADDING_CUT: Final = "padding_cut"
BITS_BEYOND: Final = "bits_beyond"

NOTE_CODES: Final = frozenset(
    {
        EXIF_ORIENTATION,
        FIRST_FRAME_SHOWN,
        WINDOW_IGNORED,
        ALPHA_FLATTENED,
        COLOUR_MADE_GREY,
        AGE_UNCLEAR,
        PADDING_CUT,
        BITS_BEYOND,
    }
)
