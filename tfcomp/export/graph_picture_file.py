"""A whole `.tfcomp` file of either format version, read in stock TensorFlow ops.

The checks are those of tfcomp.bitstream.picture_reader, made on all boxes at once; of a file with
several faults another one may be named. Faults are returned as text, never raised.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from tfcomp.bitstream.boxes import START
from tfcomp.bitstream.container import MAGIC
from tfcomp.entropy.quality_levels import network_quality
from tfcomp.export import graph_boxes, graph_container
from tfcomp.export.graph_box_rows import Frames, frames_of, sequence_of
from tfcomp.export.graph_bytes import to_bytes, to_string
from tfcomp.export.graph_coded_images import read_images
from tfcomp.export.graph_container import Format
from tfcomp.export.graph_fields import (
    DAMAGED,
    Faults,
    equal,
    padded_file,
    window,
)
from tfcomp.export.graph_rows import unpack_rows

_METADATA = {"c": "icc_profile", "e": "exif", "x": "xmp"}
_METADATA_BYTES = 16 * 2**20
_PICTURES = "IGDTSA"
_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_PNG_HEADER_BYTES = 29


class PictureFile(NamedTuple):
    """What a file holds. n images are in f frames; where there is an error all else means nothing.

    Attributes:
      error: string, "" where all is well.
      in_bytes: uint8 [N], the file.
      width: int64, of each frame in pixels.
      height: likewise.
      loops: int64, how often a sequence is played, 0 for ever; -1 of a still.
      tile_side: int64, of the first frame, in pixels; 0 where it has no tiles.
      grey: bool, whether the first frame has one channel.
      durations: int64 [f], in milliseconds; 0 of a still.
      images: int64 [f], of each frame how many.
      dependent: bool [f].
      alpha: int64 [f]: 0 none, 1 straight, 2 premultiplied.
      alpha_spans: int64 [f, 2], where each frame's PNG file begins and ends; 0 and 0 of none.
      metadata_spans: int64 [3, 2], likewise of profile, Exif and XMP.
      qualities: int64 [n], 32 * (level - 1).
      sizes: int64 [n, 2], width and height.
      section_spans: int64 [n, sections, 2].
    """

    error: tf.Tensor
    in_bytes: tf.Tensor
    width: tf.Tensor
    height: tf.Tensor
    loops: tf.Tensor
    tile_side: tf.Tensor
    grey: tf.Tensor
    durations: tf.Tensor
    images: tf.Tensor
    dependent: tf.Tensor
    alpha: tf.Tensor
    alpha_spans: tf.Tensor
    metadata_spans: tf.Tensor
    qualities: tf.Tensor
    sizes: tf.Tensor
    section_spans: tf.Tensor


def parse(data: tf.Tensor, file_format: Format) -> PictureFile:
    """Reads a file, string scalar.

    Nothing larger than the file is allocated before the checks have passed.
    """
    in_bytes = to_bytes(data)
    padded = padded_file(in_bytes)
    faults = Faults()
    _check_start(faults, in_bytes, padded)
    is_boxes = padded[len(MAGIC)] == START[len(MAGIC)]

    def of_version_1() -> tuple[tf.Tensor, tf.Tensor]:
        inside = Faults(faults.text)
        start, end = graph_container.check_whole(inside, in_bytes, padded)
        return tf.stack([[tf.constant(ord("I"), tf.int64), start, end]]), inside.text

    def of_version_2() -> tuple[tf.Tensor, tf.Tensor]:
        inside = Faults(faults.text)
        return graph_boxes.read_boxes(inside, in_bytes, padded), inside.text

    boxes, faults.text = tf.cond(
        faults.none,
        lambda: tf.cond(is_boxes, of_version_2, of_version_1),
        lambda: (tf.zeros([0, 3], tf.int64), faults.text),
    )
    boxes = tf.ensure_shape(boxes, [None, 3])[: tf.where(faults.none, tf.shape(boxes)[0], 0)]
    metadata = _metadata(faults, boxes)
    boxes = tf.boolean_mask(boxes, _is_any(boxes[:, 0], _PICTURES))
    loops, durations, boxes = sequence_of(faults, padded, boxes)
    frames = frames_of(faults, padded, boxes, tf.size(durations), file_format)
    images = read_images(faults, padded, frames, tf.logical_not(is_boxes), file_format)
    alpha, alpha_spans = _alpha(faults, padded, frames, images.width, images.height)
    return PictureFile(
        faults.text,
        in_bytes,
        images.width,
        images.height,
        loops,
        tf.reduce_sum(frames.tile_sides[:1]),
        tf.reduce_any(frames.letters[:1] == ord("G")),
        durations,
        frames.counts,
        frames.dependent,
        alpha,
        alpha_spans,
        metadata,
        images.qualities,
        images.sizes,
        images.section_spans,
    )


def streams_of(
    picture: PictureFile, number: tf.Tensor, file_format: Format
) -> tuple[tuple[tf.RaggedTensor, ...], tf.Tensor]:
    """The streams of one image's sections, none where something is wrong.

    Args:
      picture: a file without an error.
      number: of the image; integer scalar.
      file_format: what the bundle fixes.

    Returns:
      for each section uint8 ragged [streams, (bytes)], and the error, string, "" if none.
    """
    faults = Faults()
    padded = padded_file(picture.in_bytes)
    rows = -(-picture.sizes[number, 1] // file_format.stride)
    counts = file_format.stream_counts(
        network_quality(picture.qualities[number], file_format.quality_steps), rows
    )
    spans = picture.section_spans[number]
    sections = tuple(
        unpack_rows(faults, picture.in_bytes, padded, spans[k, 0], spans[k, 1], count)
        for k, count in enumerate(counts)
    )
    return sections, faults.text


def alpha_png(picture: PictureFile) -> tf.Tensor:
    """The first frame's alpha as a PNG file, string scalar; empty of none."""
    span = tf.reduce_sum(picture.alpha_spans[:1], 0)
    return to_string(picture.in_bytes[span[0] : span[1]])


def _check_start(faults: Faults, in_bytes: tf.Tensor, padded: tf.Tensor) -> None:
    size = tf.size(in_bytes, tf.int64)
    faults.check(size > 0, "the file is empty; get a complete copy of it")
    magic = equal(padded[: len(MAGIC)], MAGIC)
    faults.check(magic, "this is not a .tfcomp file; give a file that tfcomp compress wrote")
    version = padded[len(MAGIC)]
    known = (version == 1) | (version == 2) | (size <= len(MAGIC))
    text = ["the file has format version ", tf.strings.as_string(version)]
    text += [" and this model reads versions 1 and 2; serve it with a newer tfcomp"]
    faults.check(known, tf.strings.join(text))


def _is_any(letters: tf.Tensor, of: str) -> tf.Tensor:
    return tf.reduce_any(letters[:, None] == tf.constant([ord(c) for c in of], tf.int64), 1)


def _letter(code: tf.Tensor) -> tf.Tensor:
    """An ASCII code as a string of one letter."""
    return tf.gather(tf.constant([chr(k) for k in range(128)]), tf.clip_by_value(code, 0, 127))


def _metadata(faults: Faults, boxes: tf.Tensor) -> tf.Tensor:
    """Where profile, Exif and XMP are; int64 [3, 2]."""
    letters = boxes[:, 0]
    critical = (letters < ord("a")) & tf.logical_not(_is_any(letters, _PICTURES))

    def unknown(which: tf.Tensor) -> tf.Tensor:
        letter = _letter(tf.reduce_sum(tf.where(which, letters, 0)))
        text = "' that this model doesn't know; serve it with a newer tfcomp"
        return tf.strings.join(["the file has a part '", letter, text])

    faults.check_all(tf.logical_not(critical), unknown)
    spans = []
    for letter, name in _METADATA.items():
        found = tf.boolean_mask(boxes, letters == ord(letter))
        twice = f"the file has a second box '{letter}'" + DAMAGED
        faults.check(tf.shape(found)[0] <= 1, twice)
        span = tf.reduce_sum(found[:1, 1:], 0)
        large = f"the file's {name} has more than {_METADATA_BYTES} bytes" + DAMAGED
        faults.check(span[1] - span[0] <= _METADATA_BYTES, large)
        spans.append(span)
    return tf.stack(spans)


def _alpha(
    faults: Faults, padded: tf.Tensor, frames: Frames, width: tf.Tensor, height: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Of each frame the kind of its alpha, and where its PNG file is."""
    has = frames.alpha_spans[:, 1] > 0
    head = window(padded, frames.alpha_spans[:, 0], 1 + _PNG_HEADER_BYTES)
    kind, png = head[:, 0], head[:, 1:]
    start = len(_PNG_START)
    places = tf.constant([1 << 24, 1 << 16, 1 << 8, 1], tf.int64)
    sides = [tf.reduce_sum(png[:, k : k + 4] * places, 1) for k in (start, start + 4)]
    same = tf.reduce_all(png[:, :start] == tf.constant(list(_PNG_START), tf.int64), 1)
    # 8 bits, grey, deflate, the usual filters, not interlaced.
    form = tf.reduce_all(png[:, start + 8 :] == tf.constant([8, 0, 0, 0, 0], tf.int64), 1)
    length = frames.alpha_spans[:, 1] - frames.alpha_spans[:, 0]
    known = (length > _PNG_HEADER_BYTES) & (kind <= 1) & same & form
    text = "the file has alpha that is no PNG of one channel" + DAMAGED
    faults.check_all(known | tf.logical_not(has), text)
    fits = (sides[0] == width) & (sides[1] == height)
    text = "the file has alpha of another size than its picture" + DAMAGED
    faults.check_all(fits | tf.logical_not(has), text)
    spans = tf.where(has[:, None], frames.alpha_spans + tf.constant([1, 0], tf.int64), 0)
    return tf.where(has, 1 + kind, 0), spans
