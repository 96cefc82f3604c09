"""The sizes that a file claims, in stock TensorFlow ops."""

from __future__ import annotations

import tensorflow as tf

from tfcomp.export.graph_fields import DAMAGED, Faults, chosen


def check_sizes(faults: Faults, width: tf.Tensor, height: tf.Tensor, max_pixels: int) -> None:
    """Notes a picture without pixels, or with more than max_pixels. width, height: int64 [n]."""

    def says(which: tf.Tensor, text: str) -> tf.Tensor:
        sides = [tf.strings.as_string(chosen(side, which)) for side in (width, height)]
        return tf.strings.join(["the file says ", tf.strings.join(sides, "x"), " pixels", text])

    faults.check_all((width >= 1) & (height >= 1), lambda which: says(which, DAMAGED))
    # Division, as the product of two 32-bit numbers may exceed 63 bits.
    fits = width <= max_pixels // tf.maximum(height, 1)
    limit = f", more than the limit of {max_pixels} of this model"
    faults.check_all(fits, lambda which: says(which, limit))
