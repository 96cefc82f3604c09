"""Image files to pixels and back, and padding, in stock TensorFlow ops that never raise."""

from __future__ import annotations

import functools
from typing import Callable, NamedTuple

import tensorflow as tf

from tfcomp.export.graph_bytes import to_bytes
from tfcomp.export.graph_image_headers import (
    GREY_16,
    WITH_ALPHA,
    Overlooked,
    nothing_overlooked,
    overlooked_in_bmp,
    overlooked_in_gif,
    overlooked_in_jpeg,
    overlooked_in_png,
)

_JPEG, _PNG, _GIF, _BMP = _MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM")
_HEADER_BYTES = 32
_PNG_COMPRESSION = 1  # 6, the default, takes eight times as long for 10 % fewer bytes
_UNREADABLE = "this is not a readable PNG, JPEG, BMP or GIF file"


class Image(NamedTuple):
    """A picture, or why there is none.

    Attributes:
      pixels: uint8 [H, W, 3], [0, 0, 3] where there is an error.
      error: string, "" if none.
    """

    pixels: tf.Tensor
    error: tf.Tensor


def read_image(content: tf.Tensor, max_pixels: int) -> Image:
    """Decodes a PNG, JPEG, BMP or GIF file (its first frame) given as a string scalar.

    The pixels are those that tfcomp.runtime reads: grey and palette images become RGB, EXIF
    orientation is applied, what is transparent in a PNG lies on white, 16 bits a channel become 8.
    What TensorFlow would misread is an error: colour profiles, CMYK, transparent GIF files,
    BMP files of other than 24 bits; see graph_image_headers. The size is checked before decoding.
    """
    is_jpeg, is_png, is_gif, is_bmp = (_starts_with(content, magic) for magic in _MAGIC)
    width, height = tf.cond(is_jpeg, lambda: _jpeg_size(content), lambda: _header_size(content))
    size = tf.strings.join([tf.strings.as_string(width), tf.strings.as_string(height)], "x")
    text = tf.strings.join(["the image has ", size, f" pixels; this model's limit is {max_pixels}"])
    # Division, as the product may exceed 63 bits.
    fits = width <= max_pixels // tf.maximum(height, 1)
    with tf.device("/CPU:0"):
        about = Overlooked(
            *tf.case(
                [
                    (tf.logical_not(fits), nothing_overlooked),
                    (is_jpeg, lambda: overlooked_in_jpeg(content)),
                    (is_png, lambda: overlooked_in_png(content)),
                    (is_gif, lambda: overlooked_in_gif(content)),
                    (is_bmp, lambda: overlooked_in_bmp(content)),
                ],
                default=nothing_overlooked,
            )
        )
    reads = fits & (about.error == "")

    def decode_jpeg(content: tf.Tensor) -> tf.Tensor:
        # As accurate as Pillow, so that the same picture gives the same latents everywhere.
        return tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")

    def decode_with_alpha(content: tf.Tensor) -> tf.Tensor:
        return _on_white(tf.io.decode_png(content, channels=4))

    def decode_grey_16(content: tf.Tensor) -> tf.Tensor:
        grey = tf.cast(tf.io.decode_png(content, channels=1, dtype=tf.uint16), tf.int32)
        return tf.tile(tf.cast((grey + 128) // 257, tf.uint8), [1, 1, 3])

    def decode_other(content: tf.Tensor) -> tf.Tensor:
        return tf.io.decode_image(content, channels=3, expand_animations=False)

    nothing = tf.zeros([0, 0, 3], tf.uint8)

    def by(function: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[], tf.Tensor]:
        return lambda: unless_it_raises(function, content, nothing)

    pixels = tf.case(
        [
            (tf.logical_not(reads), lambda: nothing),
            (is_jpeg, by(decode_jpeg)),
            (about.kind == WITH_ALPHA, by(decode_with_alpha)),
            (about.kind == GREY_16, by(decode_grey_16)),
        ],
        default=by(decode_other),
    )
    found = tf.where(tf.size(pixels) > 0, "", _UNREADABLE)
    error = tf.where(fits, tf.where(reads, found, about.error), text)
    pixels = _turned(tf.ensure_shape(pixels, [None, None, 3]), about.orientation)
    return Image(tf.ensure_shape(pixels, [None, None, 3]), error)


def write_png(pixels: tf.Tensor) -> tf.Tensor:
    """uint8 [H, W, 3] -> a PNG file as a string scalar."""
    return tf.io.encode_png(pixels, compression=_PNG_COMPRESSION)


def pad_to_multiple(pixels: tf.Tensor, stride: int) -> tf.Tensor:
    """Repeats the last row and column until the sides of [H, W, 3] are multiples of stride."""
    for axis in (0, 1):
        length = tf.shape(pixels)[axis]
        padded = -(-length // stride) * stride
        pixels = tf.gather(pixels, tf.minimum(tf.range(padded), length - 1), axis=axis)
    return pixels


def _on_white(pixels: tf.Tensor) -> tf.Tensor:
    """uint8 [H, W, 4] -> [H, W, 3], rounded as Pillow rounds where it pastes."""
    wide = tf.cast(pixels, tf.int32)
    colours, alpha = wide[..., :3], wide[..., 3:]
    product = colours * alpha + 255 * (255 - alpha) + 128
    quotient = tf.bitwise.right_shift(tf.bitwise.right_shift(product, 8) + product, 8)
    return tf.cast(quotient, tf.uint8)


def _turned(pixels: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """[H, W, 3] made upright by an EXIF orientation, 1 to 8."""

    def flipped(*axes: int) -> Callable[[], tf.Tensor]:
        return lambda: tf.reverse(pixels, axes) if axes else pixels

    def transposed(*axes: int) -> Callable[[], tf.Tensor]:
        return lambda: tf.transpose(tf.reverse(pixels, axes) if axes else pixels, [1, 0, 2])

    ways = [flipped(), flipped(1), flipped(0, 1), flipped(0)]
    ways += [transposed(), transposed(0), transposed(0, 1), transposed(1)]
    return tf.switch_case(orientation - 1, ways)


def unless_it_raises(
    function: Callable[[tf.Tensor], tf.Tensor], content: tf.Tensor, otherwise: tf.Tensor
) -> tf.Tensor:
    """function(content), or `otherwise` if one of its ops raises.

    An op that raises takes the whole batch with it. A data set that ignores errors is the stock way
    to catch that: it ends without an element. It is optimised at every run, which takes longer than
    decoding; so that is switched off, and functions are best without control flow.
    """
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False
    options.autotune.enabled = False
    attempt = tf.data.Dataset.from_tensors(content).map(function).ignore_errors()
    return attempt.with_options(options).reduce(otherwise, lambda _, result: result)


def _jpeg_size(content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Width and height of a JPEG file, int64; 0 where there is none."""
    shape = unless_it_raises(tf.image.extract_jpeg_shape, content, tf.zeros([3], tf.int32))
    return tf.cast(shape[1], tf.int64), tf.cast(shape[0], tf.int64)


def _header_size(content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Width and height that the header of a PNG, GIF or BMP file gives, int64; else 0."""
    head = tf.cast(to_bytes(tf.strings.substr(content, 0, _HEADER_BYTES)), tf.int64)
    head = tf.pad(head, [[0, _HEADER_BYTES]])

    def number(*places: int) -> tf.Tensor:
        """The bytes at these places as a number, high byte first."""
        return functools.reduce(lambda high, place: high * 256 + head[place], places, 0)

    def magnitude(value: tf.Tensor) -> tf.Tensor:
        """The magnitude of a signed 32-bit number; in BMP the sign says which row comes first."""
        return tf.minimum(value, (1 << 32) - value)

    sizes = {
        _PNG: (number(16, 17, 18, 19), number(20, 21, 22, 23)),
        _GIF: (number(7, 6), number(9, 8)),
        _BMP: (number(21, 20, 19, 18), magnitude(number(25, 24, 23, 22))),
    }
    width = height = tf.zeros([], tf.int64)
    for magic, (its_width, its_height) in sizes.items():
        matches = _starts_with(content, magic)
        width = tf.where(matches, its_width, width)
        height = tf.where(matches, its_height, height)
    return width, height


def _starts_with(content: tf.Tensor, magic: bytes) -> tf.Tensor:
    return tf.strings.substr(content, 0, len(magic)) == magic
