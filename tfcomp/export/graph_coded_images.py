"""What the boxes of a file's images hold (tfcomp.bitstream.coded_image), in stock TensorFlow ops.

All images of a file are read at once; the one of a version 1 file is read so, too.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from tfcomp.export.graph_box_rows import Frames
from tfcomp.export.graph_container import Format
from tfcomp.export.graph_fields import DAMAGED, Faults, chosen, decode_varints, window
from tfcomp.export.graph_sizes import check_sizes
from tfcomp.quality import QUALITY_STEPS

_FINGERPRINT_BYTES = 4


class Images(NamedTuple):
    """What n images say.

    Attributes:
      width: int64, of each frame.
      height: likewise.
      qualities: int64 [n], 32 * (level - 1).
      sizes: int64 [n, 2], width and height.
      section_spans: int64 [n, sections, 2].
    """

    width: tf.Tensor
    height: tf.Tensor
    qualities: tf.Tensor
    sizes: tf.Tensor
    section_spans: tf.Tensor


def read_images(
    faults: Faults,
    padded: tf.Tensor,
    frames: Frames,
    is_version_1: tf.Tensor,
    file_format: Format,
) -> Images:
    """Reads the images of all frames; what is wrong is noted in `faults`."""
    position, end = frames.images[:, 1], frames.images[:, 2]
    dependent = tf.gather(frames.dependent, frames.frame_of)
    named = window(padded, position, _FINGERPRINT_BYTES)
    ours = tf.reduce_all(named == tf.constant(list(file_format.fingerprint), tf.int64), 1)
    room = end - position >= _FINGERPRINT_BYTES
    faults.check_all(room | dependent, "a picture's box is too short" + DAMAGED)
    faults.check_all(ours | dependent, "the file is for another model; decompress it with that one")
    position = tf.where(dependent, position, position + _FINGERPRINT_BYTES)
    qualities, position = _qualities(faults, padded, position, end, is_version_1)
    _check_qualities(faults, qualities, file_format)
    sizes, position = _sizes(faults, padded, position, end, dependent, file_format)
    spans = []
    for _ in _sections_of(file_format):
        length, position = decode_varints(faults, padded, position, end)
        faults.check_all(length <= end - position, "a section runs past the end" + DAMAGED)
        start, position = position, position + length
        spans.append(tf.stack([start, position], 1))
    faults.check_all(position == end, "bytes are left after the sections" + DAMAGED)
    width, height = _check_frames(faults, frames, qualities, sizes, file_format)
    return Images(width, height, qualities, sizes, tf.stack(spans, 1))


def _sections_of(file_format: Format) -> range:
    one = tf.constant(1, tf.int64)
    return range(len(file_format.stream_counts(one, one)))


def _qualities(
    faults: Faults,
    padded: tf.Tensor,
    position: tf.Tensor,
    end: tf.Tensor,
    is_version_1: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """32 * (level - 1), [n]; in version 1 a level is one byte."""
    inside = Faults(faults.text)
    steps, after = decode_varints(inside, padded, position, end)
    faults.text = tf.where(is_version_1, faults.text, inside.text)
    level = window(padded, position, 1)[:, 0]
    steps = tf.where(is_version_1, QUALITY_STEPS * (level - 1), steps)
    return steps, tf.where(is_version_1, position + 1, after)


def _check_qualities(faults: Faults, qualities: tf.Tensor, file_format: Format) -> None:
    def asks(which: tf.Tensor, text: str) -> tf.Tensor:
        level = 1 + tf.cast(chosen(qualities, which), tf.float32) / QUALITY_STEPS
        level = tf.strings.as_string(level, shortest=True)
        return tf.strings.join(["the file asks for quality ", level, " but its model has " + text])

    known = (qualities >= 0) & (qualities <= QUALITY_STEPS * (file_format.qualities - 1))
    text = f"1 to {file_format.qualities}{DAMAGED}"
    faults.check_all(known, lambda which: asks(which, text))
    fine = qualities * file_format.quality_steps % QUALITY_STEPS == 0
    faults.check_all(fine, lambda which: asks(which, "whole levels only" + DAMAGED))


def _sizes(
    faults: Faults,
    padded: tf.Tensor,
    position: tf.Tensor,
    end: tf.Tensor,
    dependent: tf.Tensor,
    file_format: Format,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Width and height of each image, [n, 2]; a dependent one has those of the first."""
    if file_format.fixed_size is not None:
        sides = tf.constant([file_format.fixed_size], tf.int64)
        sizes, after = tf.tile(sides, [tf.size(position), 1]), position
    else:
        inside = Faults(faults.text)
        # Where a dependent frame has no size, its beginning stands in for one.
        from_ = tf.where(dependent, tf.reduce_sum(position[:1]), position)
        to = tf.where(dependent, tf.reduce_sum(end[:1]), end)
        width, after = decode_varints(inside, padded, from_, to)
        height, after = decode_varints(inside, padded, after, to)
        faults.text = inside.text
        sizes = tf.stack([width, height], 1)
        after = tf.where(dependent, position, after)
    check_sizes(faults, sizes[:, 0], sizes[:, 1], file_format.max_pixels)
    return sizes, after


def _check_frames(
    faults: Faults, frames: Frames, qualities: tf.Tensor, sizes: tf.Tensor, file_format: Format
) -> tuple[tf.Tensor, tf.Tensor]:
    """Checks tiles, that all frames have one size, and all their pixels; gives width and height."""
    side = tf.gather(frames.tile_sides, frames.frame_of)
    whole = tf.gather(frames.tiled_sizes, frames.frame_of)
    is_tile = side > 0
    step = tf.maximum(side, 1)
    across = tf.maximum(-(-whole[:, 0] // step), 1)
    left, top = frames.tile_of % across * step, frames.tile_of // across * step
    expected = tf.minimum(whole - tf.stack([left, top], 1), side[:, None])
    fits = tf.reduce_all(sizes == expected, 1)
    text = "the file has a tile of another size than its place's" + DAMAGED
    faults.check_all(fits | tf.logical_not(is_tile), text)
    first = tf.range(tf.size(side, tf.int64), dtype=tf.int64) - frames.tile_of
    first = tf.clip_by_value(first, 0, tf.maximum(tf.size(side, tf.int64) - 1, 0))
    same = tf.gather(qualities, first) == qualities
    text = "the file has a tile of other models or qualities than the first" + DAMAGED
    faults.check_all(same | tf.logical_not(is_tile), text)
    size_of = tf.where(is_tile[:, None], whole, sizes)
    width, height = tf.unstack(tf.reduce_sum(size_of[:1], 0))
    one_size = tf.reduce_all(size_of == tf.reduce_sum(size_of[:1], 0), 1)
    faults.check_all(one_size, "the file has frames of different sizes" + DAMAGED)
    # Each side has 32 bits at most and each picture max_pixels: no sum of 65,536 exceeds 63 bits.
    total = tf.reduce_sum(tf.reduce_prod(tf.where(faults.none, sizes, 0), 1))
    size = tf.strings.join([tf.strings.as_string(width), tf.strings.as_string(height)], "x")
    text = f", more than the limit of {file_format.max_pixels} of this model"
    faults.check(
        total <= file_format.max_pixels,
        tf.strings.join(["the file says ", size, " pixels", text, " in all its frames"]),
    )
    return width, height
