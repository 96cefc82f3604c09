"""A codec of pictures that no PNG holds, as a SavedModel: arrays of samples in their place.

    compress            image_bytes string [B], quality int32 [B] -> compressed_bytes, error [B]
    decompress          compressed_bytes string [B]               -> image_bytes, error string [B]
    compress_samples    samples [B, H, W, C], quality int32 [B]   -> compressed_bytes, error [B]
    decompress_samples  compressed_bytes string [B]               -> samples [B, H, W, C], error [B]

where `image_bytes` are .npy files, of any sizes and base64 over REST, and `samples` are uint8,
uint16 or float32: all pictures of a request have one size then, and REST knows no uint16.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tfcomp.export import graph_npy
from tfcomp.export.graph_codec import Check, GraphCodec, for_each
from tfcomp.export.graph_picture_file import PictureFile

_ANOTHER_SIZE = (
    "the picture has another size than the first of its request; ask for it alone, or for "
    "'decompress'"
)


class SamplesModule(GraphCodec):
    """A codec of samples that a spec describes, from arrays to `.tfcomp` files; see `GraphCodec`.

    Attributes:
      compress_samples: (samples [B, H, W, C], quality int32 [B], 0 for the default) ->
        {"compressed_bytes", "error"}, string [B] each. The channels are checked item by item.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._dtype = tf.as_dtype(self._image.dtype)
        pictures = tf.TensorSpec([None, None, None, None], self._dtype, name="samples")
        qualities = tf.TensorSpec([None], tf.int32, name="quality")
        self.compress_samples = tf.function(
            self._compress_tensor, input_signature=[pictures, qualities], autograph=False
        )
        # One function for both ways in: a SavedModel has its graph once.
        self._compress_one = tf.function(
            self._compress_array,
            input_signature=[
                tf.TensorSpec([None, None, None], self._dtype),
                tf.TensorSpec([], tf.string),
                tf.TensorSpec([], tf.int32),
            ],
            autograph=False,
        )

    @property
    def signatures(self) -> dict[str, Any]:
        return {
            "compress": self.compress,
            "decompress": self.decompress,
            "compress_samples": self.compress_samples,
            "decompress_samples": self.decompress_samples,
            "serving_default": self.decompress,
        }

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="compressed_bytes")],
        autograph=False,
    )
    def decompress(self, compressed_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Decompresses .tfcomp files, string [B].

        Returns image_bytes, string [B], .npy files, and error, string [B]; see `compress`.
        """
        files, error = self._decompress_all(compressed_bytes)
        return {"image_bytes": files, "error": error}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="compressed_bytes")],
        autograph=False,
    )
    def decompress_samples(self, compressed_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Decompresses .tfcomp files of pictures of one size, string [B].

        Returns samples [B, H, W, C], zeros of an item with an error, and error, string [B]. The
        first item that is well gives the size; one of another is an error of its item.
        """
        files, error = self._decompress_all(compressed_bytes)
        limit, channels = self._format.max_pixels, self._image.channels
        heads = tf.strings.substr(files, 0, graph_npy.HEADER_BYTES)
        well = error == ""
        first = tf.boolean_mask(files, well)[:1]
        head = tf.strings.reduce_join(tf.boolean_mask(heads, well)[:1])
        size = tf.cond(
            tf.size(first) > 0,
            lambda: tf.shape(graph_npy.read(first[0], self._image.dtype, limit).values)[:2],
            lambda: tf.zeros([2], tf.int32),
        )
        numbers = tf.strings.as_string(tf.range(tf.size(files)))
        other = tf.strings.join(["item ", numbers, ": " + _ANOTHER_SIZE])
        error = tf.where(well & (heads != head), other, error)
        shape = tf.concat([size, [channels]], 0)

        def one(arguments: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
            file, well = arguments

            def read() -> tf.Tensor:
                found = graph_npy.read(file, self._image.dtype, limit).values
                return tf.reshape(found, shape)

            return tf.cond(well, read, lambda: tf.zeros(shape, self._dtype))

        samples = tf.map_fn(one, (files, error == ""), fn_output_signature=self._dtype)
        return {"samples": tf.ensure_shape(samples, [None, None, None, channels]), "error": error}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def _decompress_all(self, compressed_bytes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return for_each(self._decompress_one, (compressed_bytes,))

    def _compress_file(
        self, content: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Of a .npy file of an array [H, W, C], of one channel also [H, W]."""
        with tf.device("/CPU:0"):
            found = graph_npy.read(content, self._image.dtype, self._format.max_pixels)
        return self._compress_one(found.values, found.error, quality)

    def _compress_tensor(self, samples: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
        limit = self._format.max_pixels
        height, width = tf.unstack(tf.shape(samples, tf.int64)[1:3])
        fits = (height > 0) & (width > 0) & (height * width <= limit)
        fault = tf.where(fits, "", f"the samples have no pixels, or more than the limit of {limit}")

        def one(picture: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return self._compress_one(picture, fault, quality)

        compressed, error = for_each(one, (samples, quality))
        return {"compressed_bytes": compressed, "error": error}

    def _compress_array(
        self, samples: tf.Tensor, fault: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The file of an array [H, W, C] of any number of channels, and the error."""
        channels = self._image.channels
        wrong = tf.shape(samples)[2] != channels
        # Networks fix the number of channels, also in a branch that is not taken.
        fitting = tf.cond(
            wrong,
            lambda: tf.zeros([0, 0, channels], self._dtype),
            lambda: tf.ensure_shape(samples, [None, None, channels]),
        )
        pixels = tf.cast(fitting, tf.as_dtype(self._image.network_dtype))
        checks = [
            (fault == "", fault),
            (tf.logical_not(wrong), self._channels_text(samples)),
            *self._value_checks(pixels),
        ]
        return self.file_of(pixels, quality, checks)

    def _channels_text(self, samples: tf.Tensor) -> tf.Tensor:
        shape = tf.strings.reduce_join(tf.strings.as_string(tf.shape(samples)), separator=", ")
        said = f"] is no picture of {self._image}; give [H, W, {self._image.channels}]"
        is_first = tf.shape(samples)[0] == self._image.channels
        first = "; its channels come first, and numpy.moveaxis(array, 0, -1) moves them"
        return tf.strings.join(["an array of shape [", shape, said, tf.where(is_first, first, "")])

    def _value_checks(self, pixels: tf.Tensor) -> list[Check]:
        """That samples are what the spec says, as far as their dtype does not."""
        spec = self._image
        if spec.is_whole and spec.high == 2.0 ** (8 * spec.dtype.itemsize) - 1:
            return []
        checks: list[Check] = []
        if not spec.is_whole:
            for is_bad, name in ((tf.math.is_nan, "NaN"), (tf.math.is_inf, "infinities")):
                text = (
                    f"the array holds {name}; put a value from {spec.low:g} to {spec.high:g} "
                    "there, and keep a mask of these places beside the file"
                )
                checks.append((tf.logical_not(tf.reduce_any(is_bad(pixels))), text))
        low, high = tf.reduce_min(pixels), tf.reduce_max(pixels)
        said = [tf.strings.as_string(value, shortest=True) for value in (low, high)]
        text = (
            f", and the model's pictures have {spec.low:g} to {spec.high:g}; scale or clip it first"
        )
        text = tf.strings.join(["the array holds values from ", said[0], " to ", said[1], text])
        return [*checks, ((low >= spec.low) & (high <= spec.high), text)]

    def _decompress_one(self, content: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def checks(picture: PictureFile, has_alpha: tf.Tensor) -> list[Check]:
            text = (
                f"the file has transparency, which pictures of {self._image} have not; get an "
                "undamaged copy of the file"
            )
            return [(tf.logical_not(has_alpha), text)]

        def finish(pixels: tf.Tensor, picture: PictureFile) -> tf.Tensor:
            return graph_npy.write(tf.cast(pixels, self._dtype))

        return self.picture_of(content, checks, finish)
