"""How the boxes of pictures follow each other (spec/version2.md), in stock TensorFlow ops."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from tfcomp.bitstream.boxes import MAX_BOXES
from tfcomp.bitstream.picture_file import MAX_DURATION
from tfcomp.export.graph_container import Format
from tfcomp.export.graph_fields import DAMAGED, INCOMPLETE, Faults, decode_varints
from tfcomp.export.graph_sizes import check_sizes

_LEAST_TILE = 64  # pixels
_TOO_FEW = "the file has too few {}; get a complete copy of it"


class Frames(NamedTuple):
    """The frames of a file, f of them, and its images, n.

    Attributes:
      counts: int64 [f], images of each.
      letters: int64 [f], the type of each frame's first image.
      dependent: bool [f].
      tile_sides: int64 [f], 0 of a frame without tiles.
      alpha_spans: int64 [f, 2], the payload of each frame's box `A`; 0 and 0 of none.
      tiled_sizes: int64 [f, 2], width and height of a frame with tiles, else 0 and 0.
      images: int64 [n, 3], the boxes.
      frame_of: int64 [n], which frame each belongs to.
      tile_of: int64 [n], which tile of it each is, from 0.
    """

    counts: tf.Tensor
    letters: tf.Tensor
    dependent: tf.Tensor
    tile_sides: tf.Tensor
    alpha_spans: tf.Tensor
    tiled_sizes: tf.Tensor
    images: tf.Tensor
    frame_of: tf.Tensor
    tile_of: tf.Tensor


def sequence_of(
    faults: Faults, padded: tf.Tensor, boxes: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """What a box `S` in front says: loops (-1 of a still), durations [f]; and the other boxes."""
    has = tf.reduce_any(boxes[:1, 0] == ord("S"))
    start, end = tf.unstack(tf.where(has, tf.reduce_sum(boxes[:1, 1:], 0), 0))
    bytes_ = padded[start:end]
    # Every varint of the payload at once: where a byte below 128 is, one ends.
    final = bytes_ < 0x80
    ends = tf.boolean_mask(tf.range(start, end), final) + 1
    starts = tf.concat([start[None], ends], 0)
    broken = starts[-1] != end  # one more begins and does not end
    starts = starts[: tf.size(starts) - tf.where(broken, 0, 1)]
    numbers, _ = decode_varints(faults, padded, starts, tf.fill(tf.shape(starts), end))
    runs = numbers[1:]
    whole = (tf.size(runs) % 2 == 0) & ((tf.size(numbers) > 0) | tf.logical_not(has))
    faults.check(whole, "the file ends inside a length field" + INCOMPLETE)
    runs = tf.reshape(runs[: tf.size(runs) // 2 * 2], [-1, 2])
    counts, durations = runs[:, 0], runs[:, 1]
    text = "the file has a sequence with no frames, or of a time that cannot be" + DAMAGED
    faults.check_all((counts >= 1) & (durations >= 1) & (durations <= MAX_DURATION), text)
    total = tf.reduce_sum(counts)
    text = "the file has a sequence of no frames or of too many" + DAMAGED
    faults.check(tf.logical_not(has) | ((total >= 1) & (total <= MAX_BOXES)), text)
    shown = tf.repeat(durations, tf.where(faults.none, counts, 0))
    shown = tf.cond(has, lambda: shown, lambda: tf.zeros([1], tf.int64))
    loops = tf.where(has, tf.reduce_sum(numbers[:1]), -1)
    return loops, shown, boxes[tf.cast(has, tf.int32) :]


def frames_of(
    faults: Faults,
    padded: tf.Tensor,
    boxes: tf.Tensor,
    expected: tf.Tensor,
    file_format: Format,
) -> Frames:
    """The frames that boxes make.

    Args:
      faults: what is wrong is noted there.
      padded: the file.
      boxes: int64 [m, 3], types, beginnings and ends of payloads, of pictures and their parts.
      expected: int32, how many frames there must be.
      file_format: what the bundle fixes.
    """
    letters = boxes[:, 0]
    is_image, is_head = _is(letters, "IGD"), letters == ord("T")
    sides = _tile_sizes(faults, padded, tf.boolean_mask(boxes, is_head), file_format)
    tile_of, is_tile = _places(faults, letters, sides)
    starts = (is_image & tf.logical_not(is_tile)) | is_head
    frame_number = tf.cumsum(tf.cast(starts, tf.int64)) - 1
    faults.check(_count(starts) >= expected, _TOO_FEW.format("pictures"))
    extra = starts & (frame_number >= tf.cast(expected, tf.int64))
    faults.check_all(tf.logical_not(extra), lambda which: _misplaced(letters, which))

    # Where something is wrong there are no frames.
    starts, is_image = starts & faults.none, is_image & faults.none
    is_alpha = (letters == ord("A")) & faults.none
    count = _count(starts)
    images, frame_of = (tf.boolean_mask(values, is_image) for values in (boxes, frame_number))
    place = tf.where(is_head, tf.cumsum(tf.cast(is_head, tf.int32)), 0)
    tiled = tf.gather(tf.concat([tf.zeros([1, 3], tf.int64), sides], 0), place)
    tiled = tf.boolean_mask(tiled, starts)
    dependent = tf.boolean_mask(letters, starts) == ord("D")
    after_tiles = _after([False], tiled[:, 2] > 0)[:-1]
    may = tf.constant(file_format.sequence) & (tf.range(count) > 0)
    faults.check_all(
        tf.logical_not(dependent) | (may & tf.logical_not(after_tiles)),
        "the file has a dependent frame that is the first, or of a model that has none" + DAMAGED,
    )
    alpha, alpha_frame = (
        tf.boolean_mask(values, is_alpha) for values in (boxes[:, 1:], frame_number)
    )
    return Frames(
        tf.math.unsorted_segment_sum(tf.ones_like(frame_of), frame_of, count),
        tf.math.unsorted_segment_max(images[:, 0], frame_of, count),
        dependent,
        tiled[:, 2],
        tf.math.unsorted_segment_sum(alpha, alpha_frame, count),
        tiled[:, :2],
        images,
        frame_of,
        tf.boolean_mask(tile_of, is_image),
    )


def _places(faults: Faults, letters: tf.Tensor, sides: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Checks that each box stands where its type may.

    Args:
      faults: what is wrong is noted there.
      letters: int64 [m], the boxes' types.
      sides: int64 [k, 3], what the boxes `T` among them say.

    Returns:
      int64 [m], which tile each is, from 0 (of others 0), and bool [m], whether it is one.
    """
    is_head, is_image = letters == ord("T"), _is(letters, "IGD")
    order = tf.range(tf.size(letters, tf.int64), dtype=tf.int64)
    across, down = (-(-sides[:, k] // sides[:, 2]) for k in (0, 1))
    tiles, heads = _after([0], across * down), _after([-1], tf.boolean_mask(order, is_head))
    # Of each box: the last `T` up to it, and how far it is behind that.
    number = tf.cumsum(tf.cast(is_head, tf.int32))
    count, since = tf.gather(tiles, number), order - tf.gather(heads, number) - 1
    is_tile = (number > 0) & (since >= 0) & (since < count)
    first = tf.gather(_after([0], letters), order - since + 1 - tf.cast(since < 0, tf.int64))
    ends_picture = is_image & (tf.logical_not(is_tile) | (since == count - 1))
    # Of a `T` the same: where tiles of the one before it are to come it stands in their place.
    earlier = tf.maximum(number - 1, 0)
    complete = order - tf.gather(heads, earlier) > tf.gather(tiles, earlier)
    in_place = tf.where(
        is_tile,
        _is(letters, "IG") & (letters == first),
        is_image
        | (is_head & complete)
        | ((letters == ord("A")) & _after([False], ends_picture)[:-1]),
    )
    faults.check_all(in_place, lambda which: _misplaced(letters, which))
    to_come = tf.reduce_sum(tf.where(number > 0, count - since - 1, 0)[-1:])
    faults.check(to_come <= 0, _TOO_FEW.format("tiles"))
    return tf.where(is_tile, since, 0), is_tile


def _count(which: tf.Tensor) -> tf.Tensor:
    """How many of bool [n] hold; int32."""
    return tf.reduce_sum(tf.cast(which, tf.int32))


def _tile_sizes(
    faults: Faults, padded: tf.Tensor, heads: tf.Tensor, file_format: Format
) -> tf.Tensor:
    """Width, height and side that boxes `T` say; int64 [k, 3]."""
    position, end = heads[:, 1], heads[:, 2]
    numbers = []
    for _ in range(3):
        number, position = decode_varints(faults, padded, position, end)
        numbers.append(number)
    width, height, side = numbers
    faults.check_all(position == end, "bytes are left in a box" + DAMAGED)
    check_sizes(faults, width, height, file_format.max_pixels)
    fits = (side >= _LEAST_TILE) & (side % _LEAST_TILE == 0)
    fits &= side % (2 * file_format.stride) == 0
    fits &= file_format.fixed_size is None
    text = "the file has tiles of a side that its model does not have" + DAMAGED
    faults.check_all(fits, text)
    sizes = tf.stack(numbers, 1)
    return tf.where(faults.none, sizes, tf.ones_like(sizes))


def _after(first: list, values: tf.Tensor) -> tf.Tensor:
    """`values` [m] with one more in front."""
    return tf.concat([tf.constant(first, values.dtype), values], 0)


def _is(letters: tf.Tensor, of: str) -> tf.Tensor:
    return tf.reduce_any(letters[:, None] == tf.constant([ord(c) for c in of], tf.int64), 1)


def _misplaced(letters: tf.Tensor, which: tf.Tensor) -> tf.Tensor:
    """Says what box stands where none of its type may."""
    code = tf.reduce_sum(tf.where(which, letters, 0))
    letter = tf.gather(tf.constant([chr(k) for k in range(128)]), tf.clip_by_value(code, 0, 127))
    return tf.strings.join(
        ["the file has a box '", letter, "' where none of its type may stand" + DAMAGED]
    )
