"""The codec, to be read from top to bottom.

compress: image -> RGB -> padding -> encoder network -> latents -> sections -> container
decompress: container -> sections -> latents -> decoder network -> crop -> RGB
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfcomp import forking
from tfcomp.bitstream.container import Container, pack, parse
from tfcomp.entropy_kinds.base import MAX_LATENT, EntropyCoder
from tfcomp.errors import (
    BitstreamError,
    CodecError,
    ConfigError,
    ImageError,
    UnknownBundleError,
)
from tfcomp.networks.interpreter import Model, Network
from tfcomp.networks.padding import EdgePadded, padding_fits
from tfcomp.networks.tiles import run_tiled
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import Bundle
from tfcomp.runtime.compressed_input import read_compressed
from tfcomp.runtime.decoder_gradient import DecoderGradient
from tfcomp.runtime.feedback import Gains, checked_rounds
from tfcomp.runtime.file_choice import FileChoice
from tfcomp.runtime.image_input import WHITE, Background, read_image
from tfcomp.runtime.iterative_encoding import AbsurdLatentsError, Improvement
from tfcomp.runtime.manifest import Manifest
from tfcomp.runtime.options import positive_number, whole_number
from tfcomp.runtime.pixel_limit import allowed_pixels, check_pixels
from tfcomp.runtime.refinement_door import open_refinement

_log = logging.getLogger("tfcomp")

# In pixels. Of larger images one network's working memory is given back before the next one runs.
_LARGE = 4_000_000


def load(name_or_path: str | os.PathLike | None = None, num_threads: int | None = None) -> Codec:
    """Returns the codec of an installed model (`tfcomp.list_models()`) or of a bundle on disk.

    name_or_path: the default model, "cycle" where it is installed, if None.
    num_threads: processors to use; all that the process may use if None.
    Raises UnknownBundleError where there is no such model, BundleError for a broken bundle.
    """
    if name_or_path is None:
        name_or_path = registry.default_model()
    if num_threads is not None:
        num_threads = whole_number("num_threads", num_threads, least=1)
    return Codec(registry.find_by_name(name_or_path).read(), num_threads)


class Codec:
    """Compresses and decompresses images with one bundle.

    Safe to share between threads, and with processes that are forked, save for refinement there:
    TensorFlow cannot be used in a child of a process that has used it.

    A copy, or what a pickle gives in another process, is a codec of its own of the same bundle.

    Attributes:
      bundle: the bundle, with its manifest.
    """

    def __init__(self, bundle: Bundle, num_threads: int | None = None) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self._manifest = manifest
        self._num_threads = num_threads

        def model(content: bytes, name: str) -> Model:
            return Model(content, num_threads, f"bundle {bundle.source}: {name}")

        self.encoder = Network(model(bundle.encoder, "encoder.tflite"), "encode", "latents")
        self.decoder = Network(model(bundle.decoder, "decoder.tflite"), "decode", "image")
        self.entropy_coder: EntropyCoder = manifest.kind.open_coder(
            bundle.tables, manifest, lambda: model(bundle.entropy or b"", "entropy.tflite")
        )
        self.gradient: DecoderGradient | None = None
        if bundle.gradient is not None:
            network = model(bundle.gradient, "gradient.tflite")
            self.gradient = DecoderGradient(network, manifest.stride, manifest.decoder_reach)

    def __reduce__(self) -> tuple[Any, ...]:
        # Interpreters hold memory of their own, which neither a pickle nor a copy can carry.
        return type(self), (self.bundle, self._num_threads)

    def compress(
        self,
        image: Any,
        quality: int | None = None,
        *,
        target_bpp: float | None = None,
        max_bytes: int | None = None,
        feedback: int = 0,
        refine: int = 0,
        progress: Callable[[int, int], None] | None = None,
        background: Background = WHITE,
        on_improvement: Callable[[Improvement], None] | None = None,
    ) -> bytes:
        """Compresses one image.

        Args:
          image: a path, the bytes of an image file, a file object, a PIL image, or an array: see
            `read_image` for what is accepted and how it becomes RGB. What had to be dropped is
            logged as a warning of the logger "tfcomp".
          quality: 1 (smallest file) to the model's number of qualities; the model's default if
            None.
          target_bpp: instead of a quality, the largest file to make, in bits/pixel, header and
            all. Takes the file of least error that fits.
          max_bytes: the same in bytes.
          feedback: rounds in which the encoder sees its own decoded image and mends its latents,
            for a better picture for its bits: a few percent fewer at equal PSNR, where at one
            quality the file may grow. Each takes as long as coding and decoding. See
            docs/effort.md.
          refine: steps of gradient descent on this image's latents, for the same; takes minutes.
            Needs TensorFlow; see docs/effort.md. The limits hold.
          progress: called with steps done and steps in all, while refining and in rounds of
            feedback.
          background: what lies below transparent pixels, (r, g, b) from 0 to 255 or a colour's
            name.
          on_improvement: called with what rounds and steps did to the file: `Improvement`.

        Returns:
          the bytes of a `.tfcomp` file. Of a picture that is drawn, not photographed, it may say a
          lower quality than was asked for, where that is smaller and not worse by its bits.

        Raises:
          ImageError: an image that can't be read or can't fit.
          ConfigError: bad options.
          CodecError: refinement has no TensorFlow.
        """
        if (quality, target_bpp, max_bytes).count(None) < 2:
            raise ConfigError("give only one of quality, target_bpp and max_bytes")
        if target_bpp is not None:
            target_bpp = positive_number("target_bpp", target_bpp)
        if max_bytes is not None:
            max_bytes = int(positive_number("max_bytes", max_bytes))
        quality = self.checked_quality(quality)
        feedback = self.checked_feedback(feedback)
        refinement = open_refinement(refine)
        with _memory_errors_named():
            given = read_image(image, self._manifest.max_pixels, background)
            for note in given.notes:
                _log.warning("%s", note)
            if target_bpp is not None:
                height, width, _ = given.pixels.shape
                max_bytes = int(target_bpp * height * width / 8)
            self._check_size(given.pixels)
            choice = FileChoice(self, given.pixels, feedback, progress)
            data = choice.at(quality) if max_bytes is None else choice.within(max_bytes)
            if refinement is not None:
                data = refinement.refine(
                    self, given.pixels, data, refine, max_bytes, progress, feedback
                )
            if on_improvement is not None and (feedback or refine):
                on_improvement(choice.improvement(data))
            return data

    def decompress(
        self, data: bytes | str | os.PathLike | BinaryIO, max_pixels: int | None = None
    ) -> np.ndarray:
        """Decompresses a `.tfcomp` file that this model wrote.

        Args:
          data: the file's bytes, its path, or a binary file object.
          max_pixels: refuse larger images before anything is allocated. By default the model's
            limit holds, and 16,384 pixels for each byte of the file; a number, up to the format's
            89,478,485, holds instead of both.

        Returns:
          the image, uint8 [H, W, 3], RGB.

        Raises:
          BitstreamError: a damaged file.
          UnknownBundleError: another model's file (`tfcomp.decompress` finds the right one among
            the installed models).
        """
        content = read_compressed(data)
        container = parse(content, self._require_own)
        limit = check_pixels(container, self._manifest, len(content), max_pixels)
        if not padding_fits(container.height, container.width, self._manifest.stride, limit):
            raise BitstreamError(
                f"the file says {container.width}x{container.height} pixels, too long and narrow "
                f"for the limit of {limit}; raise the limit (max_pixels) only if you trust the file"
            )
        latent_size = self._latent_size(container.height, container.width)
        with _memory_errors_named():
            latents = self.entropy_coder.decode(
                container.sections, container.quality, *latent_size
            )
            if self.is_large(container.height, container.width):
                self.entropy_coder.release()
            size = (container.height, container.width)
            return self.decode_latents(latents, container.quality, size)

    @property
    def qualities(self) -> int:
        """Number of quality levels."""
        return self._manifest.qualities

    @property
    def info(self) -> dict[str, Any]:
        """The bundle's manifest as a dict, with "source", where it was read from."""
        return {**vars(self._manifest), "source": self.bundle.source}

    def checked_quality(self, quality: int | None) -> int:
        """The quality, the model's default if None.

        Raises:
          ConfigError: it is out of range.
        """
        if quality is None:
            return self._manifest.default_quality
        quality = whole_number("quality", quality)
        if not 1 <= quality <= self.qualities:
            raise ConfigError(
                f"model '{self._manifest.name}' has qualities 1 to {self.qualities}, not {quality}"
            )
        return quality

    def checked_feedback(self, rounds: int) -> int:
        """The rounds of feedback.

        Raises:
          ConfigError: they are below 0, or the model takes none.
        """
        return checked_rounds(rounds, any(self._manifest.all_gains), self._manifest.name)

    def _check_size(self, pixels: np.ndarray) -> None:
        height, width, _ = pixels.shape
        fixed_size = self._manifest.fixed_size
        if fixed_size is not None and fixed_size != (width, height):
            raise ImageError(
                f"model '{self._manifest.name}' takes images of {fixed_size[0]}x{fixed_size[1]} "
                f"pixels only, not {width}x{height}; resize the image or use another model"
            )
        if not padding_fits(height, width, self._manifest.stride, self._manifest.max_pixels):
            raise ImageError(
                f"an image of {width}x{height} pixels is too long and narrow; split or shrink it"
            )
    def plain_file(self, pixels: np.ndarray, quality: int) -> bytes:
        """The file that the encoder network alone makes.

        Args:
          pixels: uint8 [H, W, 3].
          quality: from 1.
        """
        latents = self.encode_image(EdgePadded(pixels, self._manifest.stride), quality)
        return self.pack_latents(latents, quality, *pixels.shape[:2])

    @staticmethod
    def is_large(height: int, width: int) -> bool:
        """Whether networks give their working memory back before the next one runs."""
        return height * width > _LARGE

    def gains(self, quality: int) -> Gains:
        """How far rounds of feedback go at a quality."""
        return Gains(*(each[quality - 1] if each else 0.0 for each in self._manifest.all_gains))

    def feedback_choices(self, quality: int) -> dict[str, Any]:
        """What `pack_latents` is given beside latents that rounds of feedback have found."""
        weights = self._manifest.feedback_distortion_weights
        return {"distortion_weight": weights[quality - 1]} if weights else {}

    def pack_latents(
        self, latents: np.ndarray, quality: int, height: int, width: int, **choices: Any
    ) -> bytes:
        """The file of given latents, such as iterative encoding finds.

        Args:
          latents: [h, w, channels] as the bundle's entropy coder takes them (tfcomp/runtime/
            entropy.py).
          quality: from 1.
          height: of the image in pixels.
          width: likewise.
          choices: the coder's own.
        """
        sections = self.entropy_coder.encode(latents, quality, **choices)
        return self.pack_sections(sections, quality, height, width)

    def pack_sections(
        self, sections: tuple[bytes, ...], quality: int, height: int, width: int
    ) -> bytes:
        """The file of sections that the entropy coder has written."""
        manifest = self._manifest
        container = Container(manifest.short_fingerprint, quality, width, height, sections)
        data = pack(container, manifest.fixed_size)
        if width * height > allowed_pixels(manifest, len(data)):
            _log.warning(
                "the file has only %d bytes for %dx%d pixels; to decompress it, allow max_pixels",
                *(len(data), width, height),
            )
        return data

    def _latent_size(self, height: int, width: int) -> tuple[int, int]:
        stride = self._manifest.stride
        return -(-height // stride), -(-width // stride)

    def encode_image(self, pixels: EdgePadded, quality: int) -> np.ndarray:
        """uint8 [H, W, 3] -> [h, w, channels] of the entropy coder's latent_dtype."""
        stride = self._manifest.stride
        height, width = self._latent_size(*pixels.shape[:2])
        shape = (height, width, self._manifest.channels)
        latents = np.empty(shape, self.entropy_coder.latent_dtype)
        level = np.array([quality], np.int32)
        run_tiled(
            lambda part: self.encoder.run(image=part, quality=level),
            pixels,
            latents,
            in_scale=stride,
            out_scale=1,
            reach=self._manifest.reach,
        )
        if self.is_large(*pixels.shape[:2]):
            self.encoder.release()
        # Where a network diverged: casting NaN or infinity gives the lowest integer on most CPUs.
        if not (latents.min() >= -MAX_LATENT and latents.max() <= MAX_LATENT):
            raise AbsurdLatentsError(
                f"bundle {self.bundle.source}: encoder.tflite gives absurd latents for this "
                "image; export the bundle again from a run that did not diverge"
            )
        return latents

    def decode_latents(
        self, latents: np.ndarray, quality: int, size: tuple[int, int]
    ) -> np.ndarray:
        """Integers [h, w, channels] -> uint8 [H, W, 3] of the size (H, W), without the padding."""
        stride = self._manifest.stride
        pixels = np.empty((*size, 3), np.uint8)
        level = np.array([quality], np.int32)
        run_tiled(
            lambda part: self.decoder.run(latents=part.astype(np.int32), quality=level),
            latents,
            pixels,
            in_scale=1,
            out_scale=stride,
            reach=self._manifest.decoder_reach,
        )
        return pixels

    def _require_own(self, fingerprint: bytes) -> Bundle:
        if fingerprint != self._manifest.short_fingerprint:
            raise UnknownBundleError(
                f"the file was written with model {fingerprint.hex()}, not with "
                f"'{self._manifest.name}' ({self._manifest.fingerprint[:8]}); name no model (in "
                "Python: tfcomp.decompress) and the right one is found among the installed ones"
            )
        return self.bundle


@contextlib.contextmanager
def _memory_errors_named() -> Iterator[None]:
    try:
        yield
    except MemoryError:
        raise CodecError(
            "there is not enough memory for an image of this size; use a smaller one"
        ) from None


_shared: dict[tuple[str, Path], Codec] = {}
_shared_lock = forking.Lock()


def decompress(
    data: bytes | str | os.PathLike | BinaryIO, max_pixels: int | None = None
) -> np.ndarray:
    """Decompresses a `.tfcomp` file with whichever installed model wrote it.

    Same arguments, result and errors as `Codec.decompress`; the model is kept for the next file.
    """
    data = read_compressed(data)
    _, installed = parse_installed(data, max_pixels)
    return shared_codec(installed).decompress(data, max_pixels)


def parse_installed(
    data: bytes, max_pixels: int | None = None
) -> tuple[Container, registry.InstalledBundle]:
    """Takes a file apart, with every check, if an installed model wrote it; decodes nothing.

    Args:
      data: the file's bytes.
      max_pixels: see `Codec.decompress`.

    Returns:
      what the file holds, and the bundle of its model.

    Raises:
      BitstreamError: a damaged file.
      UnknownBundleError: its model isn't installed.
    """
    found: list[registry.InstalledBundle] = []

    def lookup(fingerprint: bytes) -> Manifest:
        found.append(registry.find_by_fingerprint(fingerprint))
        return found[0].manifest

    container = parse(data, lookup)
    check_pixels(container, found[0].manifest, len(data), max_pixels)
    return container, found[0]


def shared_codec(installed: registry.InstalledBundle) -> Codec:
    """The codec of an installed bundle, opened once a process."""
    key = (installed.manifest.fingerprint, installed.path)
    with _shared_lock:
        if key not in _shared:
            _shared[key] = Codec(installed.read())
        return _shared[key]
