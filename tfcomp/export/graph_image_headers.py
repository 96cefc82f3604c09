"""Reads in stock TensorFlow ops what TensorFlow's image decoders overlook in a file.

The decoders ignore orientation, colour profiles and CMYK, drop transparency, and misread some kinds
of GIF and BMP. What the caller can correct in the pixels is returned; the rest is an error, since a
wrong picture is worse than none.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, NamedTuple

import tensorflow as tf

from tfcomp.export.graph_bytes import to_bytes

_MOST_STEPS = 4096  # of segments, chunks and blocks ahead of the pixels
_MOST_TAGS = 512
_ORIENTATION, _SHORT = 0x0112, 3
_ADVICE = "; convert it to plain 8-bit sRGB first, as tfcomp's client does"
_PROFILE = "the image has a colour profile, which is not applied here" + _ADVICE
_LONG_HEADER = "the image has too many blocks ahead of its pixels" + _ADVICE
# As Pillow looks for it, in any of the ways that formats hold XMP.
_XMP_TURN = r'\C*tiff:Orientation(="|>)[2-8]\C*'
# Where Pillow finds an orientation and none is looked for here.
_HIDDEN_TURN = r"\C*(XML:com\.adobe\.xmp\x00\x01|Raw profile type exif)\C*"
_LATE_EXIF = r"\C*\x00\x00\C\CeXIf(II\*|MM\x00)\C*"

PLAIN, WITH_ALPHA, GREY_16 = 0, 1, 2


class Overlooked(NamedTuple):
    """What TensorFlow's image decoders overlook in a file.

    Attributes:
      orientation: int32, of EXIF, 1 for upright.
      kind: int32, PLAIN, WITH_ALPHA (PNG: to be composed) or GREY_16 (PNG).
      error: string, "" if all else reads as Pillow reads it.
    """

    orientation: tf.Tensor
    kind: tf.Tensor
    error: tf.Tensor


def nothing_overlooked() -> Overlooked:
    """The result for a file in which nothing is overlooked."""
    return Overlooked(tf.constant(1), tf.constant(PLAIN), tf.constant(""))


def overlooked_in_jpeg(content: tf.Tensor) -> Overlooked:
    """Reads a JPEG file, string scalar."""
    data = _Bytes(content)

    def step(
        place: tf.Tensor, done: tf.Tensor, exif: tf.Tensor, icc: tf.Tensor, bands: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        marker = data.byte(place + 1)
        is_marker = (data.byte(place) == 0xFF) & (marker != 0xFF) & (marker != 0)
        alone = (marker == 0x01) | ((marker >= 0xD0) & (marker <= 0xD8))
        found = is_marker & ~alone
        exif = tf.where(
            found & (exif < 0) & (marker == 0xE1) & data.reads(place + 4, b"Exif\0\0"),
            place + 10,
            exif,
        )
        icc |= found & (marker == 0xE2) & data.reads(place + 4, b"ICC_PROFILE\0")
        is_frame = (marker >= 0xC0) & (marker <= 0xCF)
        is_frame &= (marker != 0xC4) & (marker != 0xC8) & (marker != 0xCC)
        bands = tf.where(found & is_frame, data.byte(place + 9), bands)
        done = (found & ((marker == 0xDA) | (marker == 0xD9))) | (place >= data.size)
        length = tf.where(found, 2 + data.number(place + 2, 2), tf.where(is_marker, 2, 1))
        return place + length, done, exif, icc, bands

    no = tf.constant(False)
    start = (tf.constant(2), no, tf.constant(-1), no, tf.constant(3))
    _, done, exif, icc, bands = _walk(step, start)
    orientation, stated = _exif_orientation(data, exif)
    return Overlooked(
        orientation,
        tf.constant(PLAIN),
        _first_error(
            (~done, _LONG_HEADER),
            (icc, _PROFILE),
            (bands == 4, "the image is in CMYK" + _ADVICE),
            (~stated & _turned_by_xmp(content), _turn_error("XMP")),
        ),
    )


def overlooked_in_png(content: tf.Tensor) -> Overlooked:
    """Reads a PNG file, string scalar."""
    data = _Bytes(content)

    def step(
        place: tf.Tensor,
        done: tf.Tensor,
        exif: tf.Tensor,
        icc: tf.Tensor,
        key: tf.Tensor,
        bits: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        def is_chunk(name: bytes) -> tf.Tensor:
            return ~done & data.reads(place + 4, name)

        exif = tf.where(is_chunk(b"eXIf") & (exif < 0), place + 8, exif)
        icc |= is_chunk(b"iCCP")
        key |= is_chunk(b"tRNS")
        bits = tf.where(is_chunk(b"sBIT"), data.byte(place + 8), bits)
        done |= is_chunk(b"IDAT") | (place >= data.size)
        return place + 12 + data.number(place, 4), done, exif, icc, key, bits

    no = tf.constant(False)
    start = (tf.constant(8), no, tf.constant(-1), no, no, tf.constant(0))
    _, done, exif, icc, key, bits = _walk(step, start)
    orientation, stated = _exif_orientation(data, exif)
    depth, colour = data.byte(24), data.byte(25)
    grey_16 = (depth == 16) & (colour == 0)
    # Pillow finds no transparent colour of 16 bits either.
    has_alpha = (colour == 4) | (colour == 6) | (key & ~((depth == 16) & (colour == 2)))
    turned_elsewhere = _turned_by_xmp(content) | _matches(content, _HIDDEN_TURN)
    return Overlooked(
        orientation,
        tf.where(grey_16, GREY_16, tf.where(has_alpha, WITH_ALPHA, PLAIN)),
        _first_error(
            (~done, _LONG_HEADER),
            (icc, _PROFILE),
            (grey_16 & key, "the image has a transparent level of 16 bits" + _ADVICE),
            (grey_16 & (bits > 0) & (bits < 16), "the image states fewer bits than 16" + _ADVICE),
            (~stated & turned_elsewhere, _turn_error("its metadata")),
            ((exif < 0) & _matches(content, _LATE_EXIF), _turn_error("EXIF behind its pixels")),
        ),
    )


def overlooked_in_gif(content: tf.Tensor) -> Overlooked:
    """Reads a GIF file, string scalar."""
    data = _Bytes(content)

    def step(
        place: tf.Tensor, done: tf.Tensor, inside: tf.Tensor, transparent: tf.Tensor
    ) -> tuple[tf.Tensor, ...]:
        """inside: whether at a part of an extension, and not between blocks."""
        here = data.byte(place)
        label = data.byte(place + 1)
        opens = ~inside & (here == 0x21)
        transparent |= opens & (label == 0xF9) & (data.byte(place + 3) % 2 == 1)
        done = (~inside & (here != 0x21)) | (place >= data.size)
        place = tf.where(done, place, place + tf.where(inside, here + 1, 2))
        return place, done, opens | (inside & (here != 0)), transparent

    flags = data.byte(10)
    table = tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)
    start = (13 + table, tf.constant(False), tf.constant(False), tf.constant(False))
    place, done, _, transparent = _walk(step, start)
    # Where the frame lies on the canvas, and how large both are: low byte first.
    left, top, width, height = (data.number(place + 1 + 2 * i, 2, "<") for i in range(4))
    covers = (left == 0) & (top == 0)
    covers &= (width == data.number(6, 2, "<")) & (height == data.number(8, 2, "<"))
    return Overlooked(
        tf.constant(1),
        tf.constant(PLAIN),
        _first_error(
            (~done, _LONG_HEADER),
            (transparent, "the GIF has transparency" + _ADVICE),
            (done & (data.byte(place) == 0x2C) & ~covers, "the GIF's first frame is not all of it"
             + _ADVICE),
            (_turned_by_xmp(content), _turn_error("XMP")),
        ),
    )  # fmt: skip


def overlooked_in_bmp(content: tf.Tensor) -> Overlooked:
    """Reads a BMP file, string scalar."""
    data = _Bytes(content)
    plain = (data.number(14, 4, "<") >= 40) & (data.number(28, 2, "<") == 24)
    plain &= data.number(30, 4, "<") == 0
    error = "only BMP files of 24 bits without compression are read here" + _ADVICE
    return Overlooked(
        tf.constant(1),
        tf.constant(PLAIN),
        _first_error(((data.size >= 54) & ~plain, error)),
    )


class _Bytes:
    """A string's bytes; 0 is read beyond its ends."""

    def __init__(self, content: tf.Tensor) -> None:
        self._data = tf.pad(to_bytes(content), [[0, 1]])  # so that there is one to gather
        self.size = tf.strings.length(content)

    def byte(self, place: tf.Tensor) -> tf.Tensor:
        """int32, of the same shape as `place`."""
        inside = (place >= 0) & (place < self.size)
        return tf.cast(tf.gather(self._data, tf.where(inside, place, self.size)), tf.int32)

    def number(self, place: tf.Tensor, count: int, order: str | tf.Tensor = ">") -> tf.Tensor:
        """`count` bytes as one number, int32; those too large for a file become its size."""
        found = [tf.cast(self.byte(place + i), tf.int64) for i in range(count)]
        found = found if order == ">" else found[::-1]
        value = functools.reduce(lambda high, low: high * 256 + low, found)
        return tf.cast(tf.minimum(value, tf.cast(self.size, tf.int64)), tf.int32)

    def reads(self, place: tf.Tensor, text: bytes) -> tf.Tensor:
        """Whether these bytes stand there."""
        return tf.reduce_all(self.byte(place + tf.range(len(text))) == list(text))


def _exif_orientation(data: _Bytes, start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(the orientation, 1 if none; whether one is stated) of EXIF at `start`, below 0 for none."""

    def read(order: tf.Tensor) -> tf.Tensor:
        place = start + data.number(start + 4, 4, order)
        count = tf.minimum(data.number(place, 2, order), _MOST_TAGS)
        entries = place + 2 + 12 * tf.range(count)
        tags = data.number(entries, 2, order)
        types = data.number(entries + 2, 2, order)
        values = tf.where(
            types == _SHORT, data.number(entries + 8, 2, order), data.number(entries + 8, 4, order)
        )
        return tf.reduce_max(tf.where(tags == _ORIENTATION, values, 0))

    def found() -> tf.Tensor:
        return tf.cond(data.byte(start) == ord("I"), lambda: read("<"), lambda: read(">"))

    value = tf.cond(start >= 0, found, lambda: tf.constant(0))
    value = tf.maximum(value, 0)  # the largest of no tags is a very low number
    return tf.where((value >= 2) & (value <= 8), value, 1), value > 0


def _walk(
    step: Callable[..., tuple[tf.Tensor, ...]], start: tuple[Any, ...]
) -> tuple[tf.Tensor, ...]:
    """Repeats a step until the state's second part, done, holds, or the steps are too many."""

    def goes_on(place: tf.Tensor, done: tf.Tensor, *rest: tf.Tensor) -> tf.Tensor:
        return ~done

    return tf.while_loop(
        goes_on, step, start, maximum_iterations=_MOST_STEPS, parallel_iterations=1
    )


def _first_error(*errors: tuple) -> tf.Tensor:
    found = tf.constant("")
    for wrong, text in reversed(errors):
        found = tf.where(wrong, text, found)
    return found


def _turn_error(where: str) -> str:
    return f"the image is to be turned, as {where} may say, which is not read here" + _ADVICE


def _turned_by_xmp(content: tf.Tensor) -> tf.Tensor:
    return _matches(content, _XMP_TURN)


def _matches(content: tf.Tensor, pattern: str) -> tf.Tensor:
    return tf.strings.regex_full_match(content, pattern)
