"""Exif and XMP say that a picture stands upright, and say all else as before."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from tfcomp.images.exif_bytes import PREFIX, DamagedExifError, upright_exif
from tfcomp.images.xmp_text import upright_xmp

ORIENTATION, MAKE, MAKER_NOTE = 0x0112, 0x010F, 0x927C


def exif(order, orientation=6, thumbnail=b"", tail=b""):
    """A camera's Exif: make, orientation, and a thumbnail whose directory has one as well."""
    make = b"cameras\0"
    first, second = 8, 8 + 2 + 2 * 12 + 4
    data_at = second + 2 + 3 * 12 + 4
    entries = [
        struct.pack(order + "HHII", MAKE, 2, len(make), data_at),
        struct.pack(order + "HHIHH", ORIENTATION, 3, 1, orientation, 0),
    ]
    more = [
        struct.pack(order + "HHIHH", ORIENTATION, 3, 1, orientation, 0),
        struct.pack(order + "HHII", 0x0201, 4, 1, data_at + len(make)),
        struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail)),
    ]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", first)
    link = second if thumbnail else 0
    directories = struct.pack(order + "H", 2) + b"".join(entries) + struct.pack(order + "I", link)
    directories += struct.pack(order + "H", 3) + b"".join(more) + struct.pack(order + "I", 0)
    return head + directories + make + thumbnail + tail


def tags(content):
    found = Image.Exif()
    found.load(PREFIX + content)
    return dict(found)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", [1, 3, 8, 99])
def test_orientation_becomes_1_and_nothing_else_changes(order, orientation):
    content = exif(order, orientation, thumbnail=b"\xff\xd8small")
    after = upright_exif(content)
    assert tags(after) == {MAKE: "cameras", ORIENTATION: 1}
    changed = [i for i, (a, b) in enumerate(zip(content, after)) if a != b]
    assert len(after) == len(content) and len(changed) <= 4


def test_the_thumbnail_of_a_turned_picture_is_left_out_with_its_bytes():
    content = exif("<", thumbnail=b"\xff\xd8" + bytes(500))
    after = upright_exif(content, turned=True)
    assert len(after) == len(content) - 502
    assert tags(after) == {MAKE: "cameras", ORIENTATION: 1}
    kept = upright_exif(exif("<", thumbnail=b"\xff\xd8", tail=bytes(99)), turned=True)
    assert kept.endswith(bytes(99))  # who knows what that is


@pytest.mark.parametrize("cut", [0, 3, 8, 9, 12, 33])
def test_exif_that_breaks_off_in_its_first_directory_is_damaged(cut):
    with pytest.raises(DamagedExifError):
        upright_exif(exif("<")[:cut] if cut else b"")


def test_any_bytes_give_exif_or_the_error():
    random = np.random.default_rng(5)
    content = exif(">", thumbnail=b"\xff\xd8small")
    for _ in range(3000):
        damaged = bytearray(content)
        for position in random.integers(0, len(content), 3):
            damaged[position] = random.integers(256)
        try:
            upright_exif(bytes(damaged[: random.integers(1, len(content))]), bool(_ % 2))
        except DamagedExifError:
            continue


@pytest.mark.parametrize(
    "text",
    [
        '<x tiff:Orientation="6"/>',
        "<x tiff:Orientation='8' />",
        "<tiff:Orientation>3</tiff:Orientation>",
        "<tiff:Orientation > 3\n</tiff:Orientation>",
    ],
)
def test_xmp_states_an_orientation_of_1(text):
    after = upright_xmp(text.encode()).decode()
    assert [letter for letter in after if letter.isdigit()] == ["1"]
    stream = io.BytesIO()
    Image.new("RGB", (2, 3)).save(stream, "WEBP", xmp=after.encode())
    assert Image.open(stream).getexif().get(ORIENTATION, 1) == 1
