"""Files of two pixels, red and a transparent one, in every way but alpha to say so."""

import io

import numpy as np
from PIL import Image


def saved(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def two_colours():
    """A red and a blue pixel, of mode P."""
    palette = Image.new("P", (2, 1))
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((1, 0), 1)
    return palette


def transparent_files():
    palette = two_colours()
    coloured = Image.fromarray(np.array([[[255, 0, 0], [9, 9, 9]]], np.uint8))
    return (
        saved(palette, transparency=1),
        saved(palette, transparency=b"\xff\x00"),
        saved(palette, "GIF", transparency=1),
        saved(coloured, transparency=(9, 9, 9)),
    )
