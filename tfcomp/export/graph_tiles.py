"""The latents of a still, of tiles those of all of them put together, in stock TensorFlow ops."""

from __future__ import annotations

import tensorflow as tf

from tfcomp.entropy.quality_levels import network_quality
from tfcomp.entropy_kinds.graph.base import GraphEntropy
from tfcomp.export.graph_container import Format
from tfcomp.export.graph_picture_file import PictureFile, streams_of

_DAMAGED = "the coded values are damaged; get an undamaged copy of the file"


def decode_tiles(
    picture: PictureFile, entropy: GraphEntropy, file_format: Format
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes the first frame of a file without an error.

    Returns:
      latents int32 [1, h, w, C], and the error, string, "" if none; else they mean nothing.
    """
    count = tf.cast(picture.images[0], tf.int32)
    stride, channels = file_format.stride, entropy.channels
    sizes = tf.cast(-(-picture.sizes // stride), tf.int32)  # columns and rows of latents
    quality = network_quality(tf.cast(picture.qualities[0], tf.int32), entropy.quality_steps)

    def decode_one(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        columns, rows = tf.unstack(sizes[number])
        sections, error = streams_of(picture, number, file_format)

        def decode() -> tuple[tf.Tensor, tf.Tensor]:
            latents, sound = entropy.decode(sections, quality, rows, columns)
            return tf.reshape(latents, [-1, channels]), tf.where(sound, "", _DAMAGED)

        return tf.cond(error == "", decode, lambda: (tf.zeros([0, channels], tf.int32), error))

    tiles = tf.TensorArray(tf.int32, count, element_shape=[None, channels], infer_shape=False)

    def step(
        number: tf.Tensor, tiles: tf.TensorArray, error: tf.Tensor
    ) -> tuple[tf.Tensor, tf.TensorArray, tf.Tensor]:
        del error
        latents, wrong = decode_one(number)
        latents = tf.ensure_shape(latents, [None, channels])
        return number + 1, tiles.write(number, latents), wrong

    _, tiles, error = tf.while_loop(
        lambda number, _, error: (number < count) & (error == ""),
        step,
        [tf.constant(0), tiles, tf.constant("")],
        parallel_iterations=1,
    )

    def put_together() -> tf.Tensor:
        width, height = (
            tf.cast(-(-side // stride), tf.int32) for side in (picture.width, picture.height)
        )
        side = tf.cast(picture.tile_side // stride, tf.int32)
        values = tiles.concat()
        values = tf.cond(
            count > 1, lambda: tf.gather(values, _where(height, width, side)), lambda: values
        )
        return tf.reshape(values, [1, height, width, channels])

    nothing = tf.zeros([1, 0, 0, channels], tf.int32)
    return tf.cond(error == "", put_together, lambda: nothing), error


def _where(height: tf.Tensor, width: tf.Tensor, side: tf.Tensor) -> tf.Tensor:
    """Of each place, row by row, its number among those of all tiles one after another."""
    row, column = tf.meshgrid(tf.range(height), tf.range(width), indexing="ij")
    top, left = row // side * side, column // side * side
    rows, columns = tf.minimum(side, height - top), tf.minimum(side, width - left)
    before = top * width + left * rows
    return tf.reshape(before + (row - top) * columns + column - left, [-1])
