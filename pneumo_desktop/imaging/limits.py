"""How much one file may ask of this computer. Looked at before memory is taken.

A full-size digital chest film has 7 to 18 million pixels, so these leave much room and still keep a hostile
file under about a gigabyte.
"""

from __future__ import annotations

from typing import Final

MIB: Final = 1024 * 1024

MAX_FILE_BYTES: Final = 256 * MIB
"""The largest file, or archive member after unpacking, that is read."""

MAX_PIXELS: Final = 100_000_000
"""The most pixels one frame may have."""

MAX_SIDE: Final = 65_500
"""The longest side, in pixels."""

MAX_RAW_BYTES: Final = 320 * MIB
"""The most bytes one decoded frame may take, all channels together."""

MAX_FRAMES: Final = 100_000
"""The most frames a file may claim."""

MAX_RATIO: Final = 2_000
"""The most decoded bytes for one byte of file, looked at from ``RATIO_FROM_BYTES`` on. Deflate ends at 1032."""

RATIO_FROM_BYTES: Final = 16 * MIB

MAX_JPEG_SCANS: Final = 200
"""The most scans of one JPEG. Progressive films have about ten; each costs the time of a whole decoding."""

MAX_TILES: Final = 4_096
"""The most tiles of a JPEG 2000 picture. OpenJPEG takes kilobytes for each before it has seen any."""

MAX_PAGES: Final = 10_000
"""The most pages of a TIFF."""

MAX_TIFF_ENTRIES: Final = 500_000
"""The most directory entries of all pages of a TIFF together."""

MAX_TIFF_VALUES: Final = 500_000
"""The most numbers of one TIFF entry: a strip or tile has one, and Python takes forty bytes for each."""

MAX_ARCHIVE_MEMBERS: Final = 50_000
MAX_ARCHIVE_DIRECTORY_BYTES: Final = 16 * MIB
"""The longest directory of an archive: 50,000 members with names of 250 characters. Python takes half a kilobyte for each."""

MAX_ARCHIVE_RATIO: Final = 200
"""A member or an archive that unpacks to more than this many times its size, and to more than
``ARCHIVE_RATIO_FROM_BYTES``, is a bomb."""

ARCHIVE_RATIO_FROM_BYTES: Final = 64 * MIB
MAX_ARCHIVE_BYTES: Final = 64 * 1024 * MIB
MAX_FOLDER_DEPTH: Final = 64

MAX_META_BYTES: Final = 64 * 1024
"""The longest file meta group of a DICOM."""

MAX_DICOM_PIECES: Final = 400_000
"""The most pieces a DICOM header is read in; an element takes two or three, and a kilobyte once it is read."""

MAX_VALUE_BYTES: Final = 4 * MIB
"""The most bytes of a DICOM value that becomes Python objects: words and numbers."""

MAX_SEQUENCE_BYTES: Final = MIB
"""The most bytes of a DICOM sequence that is taken apart: an item of eight bytes becomes an object of a kilobyte."""

MAX_DECODE_SECONDS: Final = 60
"""The longest time a helper may take over one file before it is ended."""

MAX_HELPER_BYTES: Final = 4096 * MIB
"""The address space of a helper process (Windows: the memory it commits): its libraries, a file and a decoded frame several times over."""

MAX_ANSWER_BYTES: Final = 32 * MIB
"""The longest header a helper may answer with; ``all_tags`` are most of it."""
