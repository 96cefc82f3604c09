"""A codec as TensorFlow functions, whatever its pictures come in: what SavedModels share.

    pixels -> latents -> the bytes of a file        `file_of`
    the bytes of a file -> pixels                   `picture_of`

Faults are returned as text, never raised: an op that raises takes the whole batch with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Optional, Sequence

import tensorflow as tf

from tfcomp.bitstream.container import MAX_PIXELS, PIXELS_PER_BYTE
from tfcomp.entropy.quality_levels import network_quality
from tfcomp.entropy_kinds.graph.base import GraphEntropy
from tfcomp.export import graph_container, graph_picture_file
from tfcomp.export.graph_images import pad_to_multiple
from tfcomp.export.graph_picture_file import PictureFile
from tfcomp.export.graph_tiles import decode_tiles
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.quality import QUALITY_STEPS

Transform = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Check = tuple[Any, Any]  # a bool scalar that must hold, and the text of the error

# By default, of 8-bit RGB: what a server can afford for one item of a batch (docs/serving.md).
SERVED_PIXELS = 25_000_000

_ITEMS_AT_ONCE = 4  # of a batch


def served_pixels(spec: ImageSpec) -> int:
    """The default limit: as many pixels as take no more memory than SERVED_PIXELS of 8-bit RGB."""
    return SERVED_PIXELS * 3 // max(3, spec.channels * spec.dtype.itemsize)


class GraphCodec(tf.Module):
    """The common part of the served codecs.

    Args:
      analysis: (image [1, H, W, channels] of the spec's network samples, quality int32 [1]) ->
        latents [1, h, w, C], as the entropy model encodes them, for H and W that are multiples of
        stride.
      synthesis: (latents int32 [1, h, w, C], as the entropy model decodes them, quality int32 [1])
        -> image [1, H, W, channels]. Both are called while tracing, without AutoGraph; a variable
        that they use must belong to them (they are tf.Modules, or functions of one) or to this
        module.
      entropy: latents to the sections of a file and back.
      fingerprint: the bundle's; its first 4 bytes name it in files.
      stride: image pixels per latent along one side.
      qualities: how many there are.
      default_quality: where 0 is asked for.
      max_pixels: larger pictures and files are an error of their item, up to MAX_PIXELS; if None,
        `served_pixels`.
      fixed_size: (width, height) of all images where the bundle fixes it.
      image: what the pictures are.
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
        max_pixels: Optional[int] = None,
        fixed_size: Optional[tuple[int, int]] = None,
        image: ImageSpec = RGB8,
    ) -> None:
        super().__init__(name="codec")
        max_pixels = served_pixels(image) if max_pixels is None else max_pixels
        if len(fingerprint) < 4 or not 1 <= default_quality <= qualities <= 255:
            raise ValueError("a fingerprint has 4 bytes at least, and quality is 1 to 255")
        if not 1 <= max_pixels <= MAX_PIXELS:
            raise ValueError(f"max_pixels is 1 to {MAX_PIXELS}, not {max_pixels}")
        self._analysis = analysis
        self._synthesis = synthesis
        self._entropy = entropy
        self._default_quality = default_quality
        self._image = image
        self._format = graph_container.Format(
            bytes(fingerprint[:4]),
            qualities,
            stride,
            max_pixels,
            fixed_size,
            quality_steps=entropy.quality_steps,
            stream_counts=entropy.stream_counts,
        )

    @property
    def signatures(self) -> dict[str, Any]:
        """The SavedModel's functions by name."""
        raise NotImplementedError

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="image_bytes"),
            tf.TensorSpec([None], tf.int32, name="quality"),
        ],
        autograph=False,
    )
    def compress(self, image_bytes: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compresses files of pictures.

        Args:
          image_bytes: string [B], of 8-bit RGB and grey PNG, JPEG, BMP or GIF files (see
            `graph_images.read_image` for what is dropped), else .npy files.
          quality: int32 [B], 0 for the default.

        Returns:
          compressed_bytes, string [B], and error, string [B]: "" for an item that is well, else
          what is wrong with it, and its compressed_bytes are empty.
        """
        compressed, error = for_each(self._compress_file, (image_bytes, quality))
        return {"compressed_bytes": compressed, "error": error}

    def _compress_file(
        self, content: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The .tfcomp file of one file, and the error, string each."""
        raise NotImplementedError

    def file_of(
        self, pixels: tf.Tensor, quality: tf.Tensor, checks: Sequence[Check]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The `.tfcomp` file of a picture, and the error: string scalars, one of them empty.

        Args:
          pixels: [H, W, channels] of the spec's network samples.
          quality: int32 scalar, 0 for the default.
          checks: what must hold first.
        """
        quality = tf.where(quality == 0, self._default_quality, quality)
        qualities = self._format.qualities
        height, width = tf.unstack(tf.shape(pixels)[:2])
        checks = [
            *checks,
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
            padded = pad_to_multiple(pixels, self._format.stride)
            own = network_quality(QUALITY_STEPS * (quality - 1), self._entropy.quality_steps)
            latents = self._analysis(padded[None], own[None])
            sections, fits = self._entropy.encode(latents, own)

            def write() -> tf.Tensor:
                with tf.device("/CPU:0"):
                    return graph_container.pack(quality, width, height, sections, self._format)

            return unless_wrong([(fits, "the image's latents are out of range")], write)

        return unless_wrong(checks, compress)

    def picture_of(
        self,
        content: tf.Tensor,
        checks: Callable[[PictureFile, tf.Tensor], Sequence[Check]],
        finish: Callable[[tf.Tensor, PictureFile], Any],
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What finish makes of a file's picture, and the error: string scalars, one of them empty.

        Args:
          content: of the `.tfcomp` file; string scalar.
          checks: (the file, whether it has alpha) -> what must hold of a file that is well.
          finish: (pixels [H, W, channels] of the spec's network samples, the file) -> bytes, or
            bytes and an error.
        """
        with tf.device("/CPU:0"):
            picture = graph_picture_file.parse(content, self._format)
        size = tf.cast([picture.width, picture.height], tf.int64)
        all_checks = [
            (picture.error == "", picture.error),
            (
                picture.loops < 0,
                "the file is a sequence of frames; decompress it with the tfcomp command",
            ),
            *checks(picture, tf.reduce_any(picture.alpha > 0)),
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

            def synthesise() -> Any:
                pixels = self._synthesis(latents, quality[None])
                pixels = tf.ensure_shape(pixels, [1, None, None, self._image.channels])
                with tf.device("/CPU:0"):
                    return finish(pixels[0, :height, :width], picture)

            return unless_wrong([(error == "", error)], synthesise)

        return unless_wrong(all_checks, decompress)

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


def unless_wrong(
    checks: Sequence[Check], make: Callable[[], Any]
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


def for_each(
    function: Callable[..., tuple[tf.Tensor, tf.Tensor]], inputs: Sequence[tf.Tensor]
) -> tuple[tf.Tensor, tf.Tensor]:
    """(bytes, error) of function for every item, string [B] each; an error names its item."""

    def one(arguments: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        number, *rest = arguments
        result, error = function(*rest)
        named = tf.strings.join(["item ", tf.strings.as_string(number), ": ", error])
        return result, tf.where(error == "", error, named)

    numbers = tf.range(tf.shape(inputs[0])[0])
    return tf.map_fn(
        one,
        (numbers, *inputs),
        fn_output_signature=(tf.string, tf.string),
        parallel_iterations=_ITEMS_AT_ONCE,
    )
