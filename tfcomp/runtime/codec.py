"""The codec, to be read from top to bottom.

compress: image -> RGB -> padding -> encoder network -> latents -> sections -> container
decompress: container -> sections -> latents -> decoder network -> crop -> RGB
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfcomp.bitstream.container import Container, pack, parse
from tfcomp.errors import (
    BitstreamError,
    BundleError,
    CodecError,
    ConfigError,
    ImageError,
    UnknownBundleError,
)
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import Bundle
from tfcomp.runtime.compressed_input import read_compressed
from tfcomp.runtime.decoder_gradient import DecoderGradient
from tfcomp.runtime.entropy import MAX_LATENT, BitCoder, FactorizedCoder, HyperpriorCoder
from tfcomp.runtime.feedback import Gains, checked_rounds, rounds_of, with_feedback
from tfcomp.runtime.image_input import WHITE, Background, read_image
from tfcomp.runtime.integer_networks import IntegerNetworks
from tfcomp.runtime.interpreter import Model, Network
from tfcomp.runtime.options import positive_number, whole_number
from tfcomp.runtime.padding import EdgePadded, padding_fits
from tfcomp.runtime.pixel_limit import allowed_pixels, check_pixels
from tfcomp.runtime.refinement_door import open_refinement
from tfcomp.runtime.tiles import run_tiled

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
    """Compresses and decompresses images with one bundle. Safe to share between threads.

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

        self._encoder = Network(model(bundle.encoder, "encoder.tflite"), "encode", "latents")
        self._decoder = Network(model(bundle.decoder, "decoder.tflite"), "decode", "image")
        self._entropy_coder: FactorizedCoder | HyperpriorCoder | BitCoder
        if manifest.bit_layout is not None:
            self._entropy_coder = BitCoder(bundle.tables, manifest.bit_layout)
        elif bundle.entropy is None or manifest.layout is None:
            self._entropy_coder = FactorizedCoder(
                bundle.tables, manifest.qualities, manifest.channels
            )
        else:
            networks = IntegerNetworks(model(bundle.entropy, "entropy.tflite"), manifest.layout)
            self._entropy_coder = HyperpriorCoder(
                bundle.tables, manifest.layout, networks, manifest.qualities
            )
        self._gradient: DecoderGradient | None = None
        if bundle.gradient is not None:
            network = model(bundle.gradient, "gradient.tflite")
            self._gradient = DecoderGradient(network, manifest.stride, manifest.decoder_reach)

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
    ) -> bytes:
        """Compresses one image.

        image: a path, the bytes of an image file, a file object, a PIL image, or an array: see
            `read_image` for what is accepted and how it becomes RGB. What had to be dropped is
            logged as a warning of the logger "tfcomp".
        quality: 1 (smallest file) to the model's number of qualities; the model's default if None.
        target_bpp, max_bytes: instead of a quality, the largest file to make, in bits/pixel or in
            bytes, header and all. Takes the best quality that fits.
        feedback: rounds in which the encoder sees its own decoded image and mends its latents, for
            a better picture for its bits: a few percent fewer at equal PSNR, where at one quality
            the file may grow. Each takes as long as coding and decoding. See docs/feedback.md.
        refine: steps of gradient descent on this image's latents, for the same; takes minutes.
            Needs TensorFlow; see docs/refinement.md. The limits hold.
        progress: called with steps done and steps in all, while refining.
        background: what lies below transparent pixels, (r, g, b) from 0 to 255 or a colour's name.
        Returns the bytes of a `.tfcomp` file.
        Raises ImageError for an image that can't be read or can't fit, ConfigError for bad options,
        CodecError where refinement has no TensorFlow.
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
            if max_bytes is not None:
                data = self._compress_rgb_to_fit(given.pixels, max_bytes, feedback)
            else:
                data = self._compress_rgb(given.pixels, quality, feedback)
            if refinement is not None:
                data = refinement.refine(
                    self, given.pixels, data, refine, max_bytes, progress, feedback
                )
            return data

    def decompress(
        self, data: bytes | str | os.PathLike | BinaryIO, max_pixels: int | None = None
    ) -> np.ndarray:
        """Decompresses a `.tfcomp` file that this model wrote.

        data: the file's bytes, its path, or a binary file object.
        max_pixels: refuse larger images before anything is allocated. By default the model's limit
            holds, and 16,384 pixels for each byte of the file; a number, up to the format's
            89,478,485, holds instead of both.
        Returns the image, uint8 [H, W, 3], RGB.
        Raises BitstreamError for a damaged file and UnknownBundleError for another model's file
        (`tfcomp.decompress` finds the right one among the installed models).
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
            latents = self._entropy_coder.decode(
                container.sections, container.quality, *latent_size
            )
            if container.height * container.width > _LARGE:
                self._entropy_coder.release()
            size = (container.height, container.width)
            return self._decode_latents(latents, container.quality, size)

    @property
    def qualities(self) -> int:
        """Number of quality levels."""
        return self._manifest.qualities

    @property
    def info(self) -> dict[str, Any]:
        """The bundle's manifest as a dict, with "source", where it was read from."""
        return {**vars(self._manifest), "source": self.bundle.source}

    def checked_quality(self, quality: int | None) -> int:
        """The quality, the model's default if None. Raises ConfigError if out of range."""
        if quality is None:
            return self._manifest.default_quality
        quality = whole_number("quality", quality)
        if not 1 <= quality <= self.qualities:
            raise ConfigError(
                f"model '{self._manifest.name}' has qualities 1 to {self.qualities}, not {quality}"
            )
        return quality

    def checked_feedback(self, rounds: int) -> int:
        """The rounds of feedback. Raises ConfigError below 0, or of a model that takes none."""
        return checked_rounds(rounds, any(self._manifest.all_gains), self._manifest.name)

    def _compress_rgb(self, pixels: np.ndarray, quality: int, feedback: int) -> bytes:
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
        latents = self._encode_image(EdgePadded(pixels, self._manifest.stride), quality)
        choices: dict[str, Any] = {}
        if feedback and any(self._gains(quality)):
            latents = self.mend_latents(latents, quality, pixels, feedback)
            choices["distortion_weight"] = self._feedback_weight(quality)
        return self.pack_latents(latents, quality, height, width, **choices)

    def _gains(self, quality: int) -> Gains:
        return Gains(*(each[quality - 1] if each else 0.0 for each in self._manifest.all_gains))

    def _feedback_weight(self, quality: int) -> float | None:
        weights = self._manifest.feedback_distortion_weights
        return weights[quality - 1] if weights else None

    def mend_latents(
        self, latents: np.ndarray, quality: int, pixels: np.ndarray, count: int
    ) -> np.ndarray:
        """Latents after so many rounds of feedback (tfcomp/runtime/feedback.py).

        latents: float32 [h, w, channels] in steps, not rounded: what the encoder network makes of
            the image. pixels: uint8 [H, W, 3], the image.
        """
        manifest, coder, gradient = self._manifest, self._entropy_coder, self._gradient
        assert isinstance(coder, HyperpriorCoder)
        size = (pixels.shape[0], pixels.shape[1])
        large = size[0] * size[1] > _LARGE

        def quantized(found: np.ndarray) -> np.ndarray:
            return coder.quantized(found, quality, self._feedback_weight(quality))

        def cheaper(found: np.ndarray, decoded: np.ndarray) -> np.ndarray:
            return coder.rate_gradient(found, decoded, quality)

        def image_of(decoded: np.ndarray) -> np.ndarray:
            if large:
                coder.release()
            image = self._decode_latents(decoded, quality, size)
            if large:
                self._decoder.release()
            return image

        def cycle_error(decoded: np.ndarray) -> np.ndarray:
            image = EdgePadded(image_of(decoded), manifest.stride)
            again = self._encode_image(image, quality)
            return np.subtract(latents, again, out=again)

        def descent(decoded: np.ndarray) -> np.ndarray:
            assert gradient is not None
            found = gradient(pixels, image_of(decoded), decoded, quality)
            if large:
                gradient.release()
            return found

        rounds = rounds_of(count, self._gains(quality), cycle_error, descent)
        return with_feedback(latents, rounds, quantized, cheaper)

    def pack_latents(
        self, latents: np.ndarray, quality: int, height: int, width: int, **choices: Any
    ) -> bytes:
        """The file of given latents, for who finds better ones than the encoder network.

        latents: [h, w, channels] as the bundle's entropy coder takes them (tfcomp/runtime/
            entropy.py). height, width: of the image in pixels. choices: the coder's own.
        """
        manifest = self._manifest
        sections = self._entropy_coder.encode(latents, quality, **choices)
        container = Container(manifest.short_fingerprint, quality, width, height, sections)
        data = pack(container, manifest.fixed_size)
        if width * height > allowed_pixels(manifest, len(data)):
            _log.warning(
                "the file has only %d bytes for %dx%d pixels; to decompress it, allow max_pixels",
                *(len(data), width, height),
            )
        return data

    def _compress_rgb_to_fit(self, pixels: np.ndarray, max_bytes: int, feedback: int) -> bytes:
        """The best quality of at most `max_bytes`, by bisection: file sizes grow with quality."""
        smallest = self._compress_rgb(pixels, 1, feedback)
        if len(smallest) > max_bytes:
            raise ImageError(
                f"the image takes {len(smallest)} bytes at the lowest quality, more than the "
                f"{max_bytes} allowed; allow more, or shrink the image"
            )
        best, fits, too_large = smallest, 1, self.qualities + 1
        while too_large - fits > 1:
            quality = (fits + too_large) // 2
            data = self._compress_rgb(pixels, quality, feedback)
            if len(data) <= max_bytes:
                best, fits = data, quality
            else:
                too_large = quality
        return best

    def _latent_size(self, height: int, width: int) -> tuple[int, int]:
        stride = self._manifest.stride
        return -(-height // stride), -(-width // stride)

    def _encode_image(self, pixels: EdgePadded, quality: int) -> np.ndarray:
        """uint8 [H, W, 3] -> [h, w, channels] of the entropy coder's latent_dtype."""
        stride = self._manifest.stride
        height, width = self._latent_size(*pixels.shape[:2])
        shape = (height, width, self._manifest.channels)
        latents = np.empty(shape, self._entropy_coder.latent_dtype)
        level = np.array([quality], np.int32)
        run_tiled(
            lambda part: self._encoder.run(image=part, quality=level),
            pixels,
            latents,
            in_scale=stride,
            out_scale=1,
            reach=self._manifest.reach,
        )
        if pixels.shape[0] * pixels.shape[1] > _LARGE:
            self._encoder.release()
        # Where a network diverged: casting NaN or infinity gives the lowest integer on most CPUs.
        if not (latents.min() >= -MAX_LATENT and latents.max() <= MAX_LATENT):
            raise BundleError(
                f"bundle {self.bundle.source}: encoder.tflite gives absurd latents for this "
                "image; export the bundle again from a run that did not diverge"
            )
        return latents

    def _decode_latents(
        self, latents: np.ndarray, quality: int, size: tuple[int, int]
    ) -> np.ndarray:
        """Integers [h, w, channels] -> uint8 [H, W, 3] of the size (H, W), without the padding."""
        stride = self._manifest.stride
        pixels = np.empty((*size, 3), np.uint8)
        level = np.array([quality], np.int32)
        run_tiled(
            lambda part: self._decoder.run(latents=part.astype(np.int32), quality=level),
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
_shared_lock = threading.Lock()


def decompress(
    data: bytes | str | os.PathLike | BinaryIO, max_pixels: int | None = None
) -> np.ndarray:
    """Decompresses a `.tfcomp` file with whichever installed model wrote it.

    Same arguments, result and errors as `Codec.decompress`; the model is kept for the next file.
    """
    data = read_compressed(data)
    container = parse_installed(data, max_pixels)
    installed = registry.find_by_fingerprint(container.fingerprint)
    return shared_codec(installed).decompress(data, max_pixels)


def parse_installed(data: bytes, max_pixels: int | None = None) -> Container:
    """Takes a file apart, with every check, if an installed model wrote it; decodes nothing.

    max_pixels: see `Codec.decompress`.
    Raises BitstreamError for a damaged file, UnknownBundleError where its model isn't installed.
    """
    container = parse(data, lambda short: registry.find_by_fingerprint(short).manifest)
    manifest = registry.find_by_fingerprint(container.fingerprint).manifest
    check_pixels(container, manifest, len(data), max_pixels)
    return container


def shared_codec(installed: registry.InstalledBundle) -> Codec:
    """The codec of an installed bundle, opened once a process."""
    key = (installed.manifest.fingerprint, installed.path)
    with _shared_lock:
        if key not in _shared:
            _shared[key] = Codec(installed.read())
        return _shared[key]
