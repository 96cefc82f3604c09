import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfcomp.export.graph_images import pad_to_multiple, read_image, write_png

MAX_PIXELS = 10_000


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def read(content):
    return read_image(content, MAX_PIXELS)


def picture(height=12, width=20):
    """A smooth one: JPEG and the palette of GIF change it little."""
    down, across = np.mgrid[:height, :width]
    return np.stack([down * 5, across * 4, np.full_like(down, 90)], -1).astype(np.uint8)


def file_of(pixels, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def read_pixels(content):
    pixels, error = read(content)
    assert error.numpy() == b""
    return pixels.numpy()


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_lossless_files_are_read_exactly(kind):
    np.testing.assert_array_equal(read_pixels(file_of(picture(), kind)), picture())


def test_a_jpeg_is_read_as_pillow_reads_it():
    content = file_of(picture(33, 47), "JPEG", quality=90)
    expected = np.asarray(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(read_pixels(content), expected)


def test_a_gif_gives_its_first_frame():
    second = Image.fromarray(255 - picture())
    content = file_of(picture(), "GIF", save_all=True, append_images=[second])
    assert np.abs(read_pixels(content).astype(int) - picture()).max() < 40


def test_grey_images_become_rgb_and_alpha_lies_on_white():
    grey = picture()[..., 0]
    np.testing.assert_array_equal(read_pixels(file_of(grey, "PNG")), np.stack([grey] * 3, -1))
    opaque = np.dstack([picture(), np.full_like(grey, 255)])
    np.testing.assert_array_equal(read_pixels(file_of(opaque, "PNG")), picture())
    hidden = np.dstack([picture(), np.zeros_like(grey)])
    assert (read_pixels(file_of(hidden, "PNG")) == 255).all()


def test_sixteen_bits_a_channel_become_eight():
    deep = picture()[..., 0].astype(np.uint16) * 257
    np.testing.assert_array_equal(read_pixels(file_of(deep, "PNG"))[..., 0], picture()[..., 0])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF"])
def test_a_truncated_file_is_an_error_or_a_whole_picture_and_never_raises(kind):
    content = file_of(picture(), kind)
    for length in range(0, len(content) - 20, max(1, len(content) // 25)):
        pixels, error = read(content[:length])
        assert bool(error.numpy()) != bool(tf.size(pixels)), length
    assert read(content[: len(content) // 2]).error.numpy()


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF" * 20],
)
def test_what_is_no_image_is_an_error(content):
    pixels, error = read(content)
    assert b"not a readable" in error.numpy()
    assert pixels.shape == (0, 0, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF"])
def test_an_image_above_the_limit_is_refused_by_its_size(kind):
    pixels, error = read(file_of(picture(101, 100), kind))
    assert b"100x101" in error.numpy() and str(MAX_PIXELS).encode() in error.numpy()
    assert pixels.shape == (0, 0, 3)


def test_a_header_with_an_absurd_size_is_refused():
    content = bytearray(file_of(picture(), "PNG"))
    content[16:24] = b"\x7f\xff\xff\xff" * 2
    assert b"2147483647x2147483647" in read(bytes(content)).error.numpy()


@pytest.mark.parametrize("height, width", [(1, 1), (4, 4), (5, 3), (8, 9)])
def test_padding_repeats_the_edge(height, width):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    expected = np.pad(image, [(0, -height % 4), (0, -width % 4), (0, 0)], "edge")
    np.testing.assert_array_equal(pad_to_multiple(tf.constant(image), 4), expected)


def test_a_written_png_holds_the_pixels():
    content = write_png(tf.constant(picture())).numpy()
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), picture())
