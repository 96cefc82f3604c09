"""Alpha in a file: exact, checked before memory is taken, and free of hidden colours."""

import io
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.bundle_factory import photo
from tfcomp.errors import BitstreamError
from tfcomp.images.alpha_png import decode_alpha, encode_alpha, straight
from tfcomp.images.hidden_colours import smooth_hidden

ALPHA = (photo(31, 47)[:, :, 0] // 2).astype(np.uint8)


def chunk(name, body):
    return (
        len(body).to_bytes(4, "big")
        + name
        + body
        + zlib.crc32(name + body).to_bytes(4, "big")
    )  # fmt: skip


def header(width, height, depth=8, colour=0):
    return chunk(
        b"IHDR",
        width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([depth, colour, 0, 0, 0]),
    )


def test_alpha_comes_back_as_it_was():
    for alpha in (ALPHA, np.zeros((1, 1), np.uint8), (ALPHA > 30) * np.uint8(255)):
        png = encode_alpha(alpha)
        assert png[24:29] == b"\x08\0\0\0\0"  # what the format asks for
        np.testing.assert_array_equal(decode_alpha(png, alpha.shape[::-1]), alpha)


def test_masks_and_soft_edges_take_no_more_than_pillow_makes_of_them():
    distance = np.hypot(*np.mgrid[-99:99, -99:99])
    for alpha in (255.0 * (distance < 70), (70 - distance).clip(0, 6) * 42):
        alpha = alpha.astype(np.uint8)
        pillows = io.BytesIO()
        Image.fromarray(alpha).save(pillows, "PNG", optimize=True)
        assert len(encode_alpha(alpha)) < len(pillows.getvalue())


def liars():
    png = encode_alpha(ALPHA)
    start, width, height = png[:8], 47, 31
    pixels = png[8 + len(header(1, 1)) :]
    huge = zlib.compress(bytes(2**26))
    yield "cut", png[: len(png) // 2]
    yield "no pixels", start + header(width, height) + chunk(b"IEND", b"")
    yield "damaged pixels", png[:60] + b"\0\xff\0" + png[63:]
    yield "a second header", start + header(width, height) + header(30000, 30000) + pixels
    yield "a second kind", start + header(width, height) + header(width, height, 8, 2) + pixels
    yield "a bomb of text", (
        start + header(width, height) + chunk(b"zTXt", b"a\0\0" + huge) * 20 + pixels
    )
    yield "a bomb of a profile", start + header(width, height) + chunk(b"iCCP", b"a\0\0" + huge)
    yield "nothing", b""
    jpeg = io.BytesIO()
    Image.fromarray(ALPHA).save(jpeg, "JPEG")
    yield "a JPEG", jpeg.getvalue()


@pytest.mark.parametrize(("name", "png"), liars(), ids=[name for name, _ in liars()])
def test_alpha_that_is_damaged_or_lies_is_one_clear_error_in_bounds(name, png):
    tracemalloc.start()
    begin = time.monotonic()
    try:
        with pytest.raises(BitstreamError, match="alpha is damaged.*undamaged copy"):
            decode_alpha(png, (47, 31))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150e6 and time.monotonic() - begin < 5


def test_colours_multiplied_by_alpha_are_divided_as_the_specification_says():
    colours, alpha = np.meshgrid(np.arange(256), np.arange(256))
    colours, alpha = colours.astype(np.uint8), alpha.astype(np.uint8)
    exact = np.floor(255 * colours.astype(float) / np.maximum(alpha, 1) + 0.5)
    expected = np.where(alpha > 0, np.minimum(exact, 255), 0)
    np.testing.assert_array_equal(straight(colours, alpha), expected)
    three = np.dstack([colours] * 3)
    np.testing.assert_array_equal(straight(three, alpha)[:, :, 2], expected)


# Hidden colours


def test_only_colours_that_nobody_sees_are_replaced():
    picture, alpha = photo(60, 90), np.full((60, 90), 255, np.uint8)
    assert smooth_hidden(picture, alpha) is picture
    alpha[:, 30:] = 0
    alpha[:, 29] = 1
    after = smooth_hidden(picture, alpha)
    np.testing.assert_array_equal(after[:, :30], picture[:, :30])
    assert not np.array_equal(after[:, 30:], picture[:, 30:])


def test_what_is_hidden_is_smooth_and_goes_on_from_what_is_seen():
    random = np.random.default_rng(2)
    alpha = np.zeros((101, 77), np.uint8)
    alpha[20:60, 10:50] = 255
    picture = random.integers(0, 256, (101, 77, 3), dtype=np.uint8)
    picture[20:60, 10:50] = (200, 60, 10)
    after = smooth_hidden(picture, alpha).astype(int)
    assert np.abs(after - (200, 60, 10)).max() <= 3
    picture[20:60, 30:50] = (10, 60, 200)
    after = smooth_hidden(picture, alpha).astype(int)
    outside = after[62:, :]
    assert np.abs(np.diff(outside, axis=1)).max() <= 30
    assert set(map(tuple, smooth_hidden(picture, 0 * alpha).reshape(-1, 3))) == {(128, 128, 128)}


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3), (64, 65)])
def test_every_size_is_smoothed(shape):
    alpha = np.zeros(shape, np.uint8)
    alpha[0, 0] = 255
    picture = np.full((*shape, 3), 9, np.uint8)
    picture[0, 0] = (255, 0, 77)
    assert np.abs(smooth_hidden(picture, alpha).astype(int) - (255, 0, 77)).max() <= 3
