"""A codec as a SavedModel in stock TensorFlow ops: image files in, .tfcomp files out, and back.

Where it runs, it needs neither tfcomp nor TensorFlow Compression nor Python, so that TensorFlow
Serving serves it as it is:

    compress         image_bytes string [B], quality int32 [B] -> compressed_bytes, error string [B]
    decompress       compressed_bytes string [B]               -> image_bytes, error string [B]
    decompress_rgba  the same, with transparency

with `serving_default` the same as `decompress`. Names in `_bytes` are base64 over REST. Models of
pictures that no PNG holds have arrays in their place: `savedmodel_samples`.
"""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tfcomp.errors import OutputError
from tfcomp.export.graph_codec import SERVED_PIXELS, Check, GraphCodec, for_each
from tfcomp.export.graph_images import read_image, write_png
from tfcomp.export.graph_picture_file import PictureFile
from tfcomp.export.graph_pixels import with_alpha, with_grey

__all__ = ["SERVED_PIXELS", "CodecModule", "op_names", "save"]


class CodecModule(GraphCodec):
    """A codec of 8-bit RGB or grey, from image files to `.tfcomp` files; see `GraphCodec`."""

    @property
    def signatures(self) -> dict[str, Any]:
        return {
            "compress": self.compress,
            "decompress": self.decompress,
            "decompress_rgba": self.decompress_rgba,
            "serving_default": self.decompress,
        }

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="compressed_bytes")],
        autograph=False,
    )
    def decompress(self, compressed_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Decompresses .tfcomp files, string [B].

        Of stills of either format version, grey as three equal channels, by a grey model as one; a
        picture with transparency is an error of its item, as is a sequence.

        Returns image_bytes, string [B], PNG files, and error, string [B]; see `compress`.
        """
        image, error = self._decompress_all(compressed_bytes, tf.constant(False))
        return {"image_bytes": image, "error": error}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="compressed_bytes")],
        autograph=False,
    )
    def decompress_rgba(self, compressed_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """`decompress` to PNG files of red, green, blue and alpha, colours not premultiplied."""
        image, error = self._decompress_all(compressed_bytes, tf.constant(True))
        return {"image_bytes": image, "error": error}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([], tf.bool)],
        autograph=False,
    )
    def _decompress_all(
        self, compressed_bytes: tf.Tensor, rgba: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        # One function for both signatures: a SavedModel has its graph once.
        return for_each(lambda content: self._decompress_one(content, rgba), (compressed_bytes,))

    def _compress_file(self, content: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        image = read_image(content, self._format.max_pixels)
        pixels, checks = image.pixels, [(image.error == "", image.error)]
        if self._image.channels == 1:
            pixels = pixels[:, :, :1]
            text = "the picture has colours, and this model keeps grey alone; make it grey first"
            checks.append((tf.reduce_all(pixels == image.pixels), text))
        return self.file_of(pixels, quality, checks)

    def _decompress_one(self, content: tf.Tensor, rgba: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def checks(picture: PictureFile, has_alpha: tf.Tensor) -> list[Check]:
            text = "the picture has transparency; ask for the signature decompress_rgba"
            return [(rgba | tf.logical_not(has_alpha), text)]

        def finish(image: tf.Tensor, picture: PictureFile) -> tuple[tf.Tensor, tf.Tensor]:
            colours = image
            if self._image.channels == 1:
                colours = tf.tile(image, [1, 1, 3])
            else:
                image = colours = with_grey(image, picture.grey)
            return tf.cond(
                rgba,
                lambda: with_alpha(colours, picture),
                lambda: (write_png(image), tf.constant("")),
            )

        return self.picture_of(content, checks, finish)


def save(module: GraphCodec, path: str | os.PathLike[str]) -> None:
    """Writes the SavedModel with its signatures into a folder, as `versions.write` gives it.

    Raises:
      OutputError: it can't be written.
    """
    try:
        tf.saved_model.save(module, os.fspath(path), signatures=module.signatures)
    except tf.errors.OpError as error:  # of TensorFlow's file system: a full disk, say
        raise OutputError(f"can't write the SavedModel: {error.message}") from None


def op_names(path: str | os.PathLike[str]) -> set[str]:
    """The names of all ops in a SavedModel, those of its function library included."""
    saved = saved_model_pb2.SavedModel()
    with open(os.path.join(path, "saved_model.pb"), "rb") as file:
        saved.ParseFromString(file.read())
    names: set[str] = set()
    for meta_graph in saved.meta_graphs:
        graph = meta_graph.graph_def
        for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
            names.update(node.op for node in nodes)
    return names
