"""A codec as a SavedModel in stock TensorFlow ops: image files in, .tfcomp files out, and back.

Where it runs, it needs neither tfcomp nor TensorFlow Compression nor Python, so that TensorFlow
Serving serves it as it is:

    compress         image_bytes string [B], quality int32 [B] -> compressed_bytes, error string [B]
    decompress       compressed_bytes string [B]               -> image_bytes, error string [B]
    decompress_rgba  the same, with transparency

with `serving_default` the same as `decompress`. Names in `_bytes` are base64 over REST.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Optional, Sequence

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tfcomp.bitstream.container import MAX_PIXELS, PIXELS_PER_BYTE
from tfcomp.entropy.quality_levels import network_quality
from tfcomp.entropy_kinds.graph.base import GraphEntropy
from tfcomp.errors import OutputError
from tfcomp.export import graph_container, graph_picture_file
from tfcomp.export.graph_images import pad_to_multiple, read_image, write_png
from tfcomp.export.graph_pixels import with_alpha, with_grey
from tfcomp.export.graph_tiles import decode_tiles
from tfcomp.quality import QUALITY_STEPS

Transform = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

# By default: what a server can afford for one item of a batch (docs/serving.md).
SERVED_PIXELS = 25_000_000

_ITEMS_AT_ONCE = 4  # of a batch


class CodecModule(tf.Module):
    """A codec from bytes to bytes.

    Args:
      analysis: (image uint8 [1, H, W, 3], quality int32 [1]) -> latents [1, h, w, C], as the
        entropy model encodes them, for H and W that are multiples of stride.
      synthesis: (latents int32 [1, h, w, C], as the entropy model decodes them, quality int32 [1])
        -> image uint8 [1, H, W, 3]. Both are called while tracing, without AutoGraph; a variable
        that they use must belong to them (they are tf.Modules, or functions of one) or to this
        module.
      entropy: latents to the sections of a file and back.
      fingerprint: the bundle's; its first 4 bytes name it in files.
      stride: image pixels per latent along one side.
      qualities: how many there are.
      default_quality: where 0 is asked for.
      max_pixels: larger pictures and files are an error of their item, up to MAX_PIXELS.
      fixed_size: (width, height) of all images where the bundle fixes it.
    """

    def __init__(
        self,
        analysis: Transform,
        synthesis: Transform,
        entropy: GraphEntropy,
        *,
        fingerprint: bytes,
        stride: int,
        qualities: int,
        default_quality: int,
        max_pixels: int = SERVED_PIXELS,
        fixed_size: Optional[tuple[int, int]] = None,
    ) -> None:
        super().__init__(name="codec")
        if len(fingerprint) < 4 or not 1 <= default_quality <= qualities <= 255:
            raise ValueError("a fingerprint has 4 bytes at least, and quality is 1 to 255")
        if not 1 <= max_pixels <= MAX_PIXELS:
            raise ValueError(f"max_pixels is 1 to {MAX_PIXELS}, not {max_pixels}")
        self._analysis = analysis
        self._synthesis = synthesis
        self._entropy = entropy
        self._default_quality = default_quality
        self._format = graph_container.Format(
            bytes(fingerprint[:4]),
            qualities,
            stride,
            max_pixels,
            fixed_size,
            quality_steps=entropy.quality_steps,
            stream_counts=entropy.stream_counts,
        )

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.int32, name="quality"),
        ],
        autograph=False,
    )
    def compress(self, image_bytes: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compresses image files.

        Args:
          image_bytes: string [B], PNG, JPEG, BMP or GIF files; see `graph_images.read_image` for
            what is dropped.
          quality: int32 [B], 0 for the default.

        Returns:
          compressed_bytes, string [B], and error, string [B]: "" for an item that is well, else
          what is wrong with it, and its compressed_bytes are empty.
        """
        compressed, error = _for_each(self._compress_one, (image_bytes, quality))
        return {"compressed_bytes": compressed, "error": error}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="compressed_bytes")],
        autograph=False,
    )
    def decompress(self, compressed_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Decompresses .tfcomp files, string [B].

        Of stills of either format version, grey as three equal channels; a picture with
        transparency is an error of its item, as is a sequence.

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
        return _for_each(lambda content: self._decompress_one(content, rgba), (compressed_bytes,))

    def _compress_one(self, content: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        quality = tf.where(quality == 0, self._default_quality, quality)
        image = read_image(content, self._format.max_pixels)
        qualities = self._format.qualities
        height, width = tf.unstack(tf.shape(image.pixels)[:2])
        checks = [
            (image.error == "", image.error),
            (
                (quality >= 1) & (quality <= qualities),
                f"quality is 1 to {qualities}, or 0 for {self._default_quality}",
            ),
            (self._allows_padded(width, height), "the image is too long and narrow"),
        ]
        if self._format.fixed_size is not None:
            expected = self._format.fixed_size
            text = f"this model takes images of {expected[0]}x{expected[1]} pixels only"
            checks.append(((width == expected[0]) & (height == expected[1]), text))

        def compress() -> tuple[tf.Tensor, tf.Tensor]:
            pixels = pad_to_multiple(image.pixels, self._format.stride)
            own = network_quality(QUALITY_STEPS * (quality - 1), self._entropy.quality_steps)
            latents = self._analysis(pixels[None], own[None])
            sections, fits = self._entropy.encode(latents, own)

            def write() -> tf.Tensor:
                with tf.device("/CPU:0"):
                    return graph_container.pack(quality, width, height, sections, self._format)

            return _unless_wrong([(fits, "the image's latents are out of range")], write)

        return _unless_wrong(checks, compress)

    def _decompress_one(self, content: tf.Tensor, rgba: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.device("/CPU:0"):
            picture = graph_picture_file.parse(content, self._format)
        size = tf.cast([picture.width, picture.height], tf.int64)
        has_alpha = tf.reduce_any(picture.alpha > 0)
        checks = [
            (picture.error == "", picture.error),
            (
                picture.loops < 0,
                "the file is a sequence of frames; decompress it with the tfcomp command",
            ),
            (
                rgba | tf.logical_not(has_alpha),
                "the picture has transparency; ask for the signature decompress_rgba",
            ),
            (
                self._bytes_suffice(content, size),
                "the file claims more pixels than its bytes may hold; decompress it elsewhere if "
                "you trust it",
            ),
            (self._allows_padded(size[0], size[1]), "the image is too long and narrow"),
        ]

        def decompress() -> tuple[tf.Tensor, tf.Tensor]:
            with tf.device("/CPU:0"):
                latents, error = decode_tiles(picture, self._entropy, self._format)
            said = tf.cast(picture.qualities[0], tf.int32)
            quality = network_quality(said, self._entropy.quality_steps)
            width, height = tf.unstack(tf.cast(size, tf.int32))

            def synthesise() -> tuple[tf.Tensor, tf.Tensor]:
                image = self._synthesis(latents, quality[None])
                image = tf.ensure_shape(image, [1, None, None, 3])[0, :height, :width]
                with tf.device("/CPU:0"):
                    image = with_grey(image, picture.grey)
                    return tf.cond(
                        rgba,
                        lambda: with_alpha(image, picture),
                        lambda: (write_png(image), tf.constant("")),
                    )

            return _unless_wrong([(error == "", error)], synthesise)

        return _unless_wrong(checks, decompress)

    def _bytes_suffice(self, content: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        """Whether a file is long enough for the pixels it claims; a fixed size needs no check."""
        if self._format.fixed_size is not None:
            return tf.constant(True)
        length = tf.cast(tf.strings.length(content), tf.int64)
        return size[0] <= PIXELS_PER_BYTE * length // tf.maximum(size[1], 1)

    def _allows_padded(self, width: tf.Tensor, height: tf.Tensor) -> tf.Tensor:
        """Whether the picture, padded to the stride, has at most twice the pixels allowed."""
        stride = self._format.stride
        across = (tf.cast(width, tf.int64) + stride - 1) // stride
        down = (tf.cast(height, tf.int64) + stride - 1) // stride
        return across * down * stride**2 <= 2 * max(self._format.max_pixels, stride**2)


def save(module: CodecModule, path: str | os.PathLike[str]) -> None:
    """Writes the SavedModel with its signatures into a folder, as `versions.write` gives it.

    Raises:
      OutputError: it can't be written.
    """
    signatures = {
        "compress": module.compress,
        "decompress": module.decompress,
        "decompress_rgba": module.decompress_rgba,
        "serving_default": module.decompress,
    }
    try:
        tf.saved_model.save(module, os.fspath(path), signatures=signatures)
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


def _unless_wrong(
    checks: Sequence[tuple[tf.Tensor, str]], make: Callable[[], Any]
) -> tuple[tf.Tensor, tf.Tensor]:
    """(bytes, error): what make() gives, or no bytes and the text of the first check that fails.

    checks: pairs of a bool scalar that must hold and a text; the first that fails is the error,
    and make() is not run.
    """
    error = tf.constant("")
    for holds, text in checks:
        error = tf.where((error == "") & tf.logical_not(holds), text, error)

    def made() -> tuple[tf.Tensor, tf.Tensor]:
        result = make()
        return result if isinstance(result, tuple) else (result, tf.constant(""))

    return tf.cond(error == "", made, lambda: (tf.constant(""), error))


def _for_each(
    function: Callable[..., tuple[tf.Tensor, tf.Tensor]], inputs: Sequence[tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """(bytes, error) of function for every item, string [B] each; an error names its item."""

    def one(arguments: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        number, *rest = arguments
        result, error = function(*rest)
        named = tf.strings.join(["item ", tf.strings.as_string(number), ": ", error])
        return result, tf.where(error == "", error, named)

    numbers = tf.range(tf.size(inputs[0]))
    return tf.map_fn(
        one,
        (numbers, *inputs),
        fn_output_signature=(tf.string, tf.string),
        parallel_iterations=_ITEMS_AT_ONCE,
    )
