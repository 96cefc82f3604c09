"""Why a reader refuses bytes: one name a reason, and how messages say it."""

from __future__ import annotations

import re

# In the order of the format's checks. The page's messages and the graph's are Python's, nearly.
MESSAGES = {
    "empty": "file is empty",
    "not-tfcomp": r"is not a \.tfcomp file",
    "version": "has format version",
    "too-short": "too short",
    "checksum": "CRC differs",
    "other-bundle": "another (bundle|model)",
    "quality": "asks for quality",
    "no-pixels": r"says \S+ pixels; get",
    "too-large": r"pixels, more than|is too large",
    "length-cut": "ends inside a length field",
    "length-overlong": "length field is over-long",
    "length-exceeds": "length field exceeds 32 bits",
    "section-cut": "runs past the end",
    "left-over": "bytes are left",
    "too-little": "too little of the file",
    "no-end": "file has no end",
    "no-box": "no box begins",
    "box-cut": "box breaks off",
    "many-boxes": "more than 65536 boxes",
    "unknown-box": "doesn't know",
    "order": "box '.' where",
    "twice": "a second box",
    "metadata-large": "(icc_profile|exif|xmp) has",
    "too-few": "too few (pictures|tiles)",
    "dependent": "a dependent frame",
    "sequence": "a sequence ",
    "frame-sizes": "frames of different sizes",
    "tiles": "a tile of|tiles of",
    "alpha": "has alpha",
    "rows-cut": "ends in its row lengths",
    "rows-wide": r"row lengths (of \d+ bits )?exceed",
    "rows-past": "rows run past",
    "rows-padding": "padded",
    "rows-unfilled": "rows do not fill",
    "coded-values": "coded values are damaged|coded value exceeds 32 bits",
    "far-values": "impossible latents",
}


def kind_of(message: str) -> str:
    """The name of the reason that a message gives; ValueError where it gives none or several."""
    found = [kind for kind, said in MESSAGES.items() if re.search(said, message, re.IGNORECASE)]
    if len(found) != 1:
        raise ValueError(f"{message!r} says {found or 'no known reason'}")
    return found[0]
