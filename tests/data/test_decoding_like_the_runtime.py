"""Training sees an image file as the runtime will: the two readers give the same pixels."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tfcomp.data.decoding import decode_rgb
from tfcomp.runtime.image_input import read_image

RANDOM = np.random.default_rng(0)
COLOURS = RANDOM.integers(0, 256, (12, 10, 3), dtype=np.uint8)
ALPHA = RANDOM.integers(0, 256, (12, 10), dtype=np.uint8)
ALPHA[:2], ALPHA[2:4] = 0, 255
GREY = COLOURS[:, :, 0]
DEEP = RANDOM.integers(0, 65536, (12, 10, 4)).astype(np.uint16)

RGB = Image.fromarray(COLOURS)
RGBA = Image.fromarray(np.dstack([COLOURS, ALPHA]))
GREY_ALPHA = Image.fromarray(np.dstack([GREY, ALPHA]))
PALETTE = RGB.quantize(16)


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)


def deep_png(colour_type: int, samples: np.ndarray, *transparent: int) -> bytes:
    """A PNG of 16 bits a sample, which Pillow does not write; `transparent` is one pixel."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    key = chunk(b"tRNS", np.array(transparent, ">u2").tobytes()) if transparent else b""
    body = chunk(b"IHDR", header) + key + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


FILES = {
    "RGBA": saved(RGBA),
    "grey and alpha": saved(GREY_ALPHA),
    "RGB with a transparent colour": saved(RGB, transparency=tuple(COLOURS[3, 3].tolist())),
    "grey with a transparent level": saved(Image.fromarray(GREY), transparency=int(GREY[3, 3])),
    "two levels, one transparent": saved(Image.fromarray(GREY > 128), transparency=1),
    "palette with a transparent colour": saved(PALETTE, transparency=3),
    "palette with alphas": saved(PALETTE, transparency=bytes(range(0, 160, 10))),
    "palette of RGBA": saved(RGBA.quantize(8)),
    "16 bit RGBA": deep_png(6, DEEP),
    "16 bit grey and alpha": deep_png(4, DEEP[:, :, :2]),
    "16 bit grey": deep_png(0, DEEP[:, :, 0]),
    "16 bit RGB with a transparent colour": deep_png(2, DEEP[:, :, :3], *DEEP[3, 3, :3]),
    "16 bit grey with a transparent level": deep_png(0, DEEP[:, :, 0], DEEP[3, 3, 0]),
    "WebP": saved(RGBA, "WEBP", lossless=True, exact=True),
    "TIFF": saved(RGBA, "TIFF"),
    "TGA": saved(GREY_ALPHA, "TGA"),
    "GIF": saved(PALETTE, "GIF", transparency=2),
}


@pytest.mark.parametrize("name", FILES)
def test_an_image_with_transparency_is_the_same_in_training_and_at_run_time(name):
    trained_on = decode_rgb(FILES[name])
    np.testing.assert_array_equal(trained_on, read_image(FILES[name]).pixels)
    assert len(np.unique(trained_on)) > 1


@pytest.mark.parametrize("name", ["RGBA", "WebP"])
def test_what_is_transparent_lies_on_white(name):
    share = ALPHA[:, :, None] / 255.0
    expected = COLOURS * share + 255 * (1 - share)
    assert np.abs(decode_rgb(FILES[name]) - expected).max() <= 1


def test_a_transparent_colour_becomes_white_and_no_other():
    clear = (COLOURS[3, 3] == COLOURS).all(axis=2, keepdims=True)
    expected = np.where(clear, 255, COLOURS)
    np.testing.assert_array_equal(decode_rgb(FILES["RGB with a transparent colour"]), expected)
