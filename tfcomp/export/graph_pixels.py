"""What becomes of the pixels that a synthesis gives: spec/version2.md, in stock TensorFlow ops."""

from __future__ import annotations

import tensorflow as tf

from tfcomp.export.graph_images import unless_it_raises, write_png
from tfcomp.export.graph_picture_file import PictureFile, alpha_png

_DAMAGED = "the file's alpha is damaged; get an undamaged copy of it"


def with_grey(image: tf.Tensor, grey: tf.Tensor) -> tf.Tensor:
    """uint8 [H, W, 3]; where `grey`, bool scalar, the luma in all three channels."""

    def luma() -> tf.Tensor:
        weighted = tf.reduce_sum(
            tf.cast(image, tf.int32) * tf.constant([19595, 38470, 7471]), -1, keepdims=True
        )
        made = tf.bitwise.right_shift(weighted + 32768, 16)
        return tf.tile(tf.cast(made, tf.uint8), [1, 1, 3])

    return tf.cond(grey, luma, lambda: image)


def with_alpha(image: tf.Tensor, picture: PictureFile) -> tuple[tf.Tensor, tf.Tensor]:
    """A PNG file of four channels, and the error: both string scalars, one of them empty.

    Args:
      image: uint8 [H, W, 3].
      picture: the file, whose alpha it is.
    """
    opaque = tf.fill(tf.concat([tf.shape(image)[:2], [1]], 0), tf.constant(255, tf.uint8))
    has = picture.alpha[0] > 0

    def decode(content: tf.Tensor) -> tf.Tensor:
        return tf.io.decode_png(content, channels=1)

    def read() -> tf.Tensor:
        return unless_it_raises(decode, alpha_png(picture), tf.zeros([0, 0, 1], tf.uint8))

    alpha = tf.ensure_shape(tf.cond(has, read, lambda: opaque), [None, None, 1])
    sound = tf.reduce_all(tf.shape(alpha) == tf.shape(opaque))

    def write() -> tf.Tensor:
        colours = tf.cond(picture.alpha[0] == 2, lambda: _straight(image, alpha), lambda: image)
        return write_png(tf.concat([colours, alpha], 2))

    return tf.cond(sound, lambda: (write(), tf.constant("")), lambda: (tf.constant(""), _DAMAGED))


def _straight(image: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """Premultiplied colours made straight, halves rounded up; 0 where alpha is 0."""
    colours, opacity = tf.cast(image, tf.int32), tf.cast(alpha, tf.int32)
    straight = (510 * colours + opacity) // tf.maximum(2 * opacity, 1)
    return tf.cast(tf.where(opacity > 0, tf.minimum(straight, 255), 0), tf.uint8)
