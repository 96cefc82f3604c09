"""Codes and decodes with one bundle; to be read from top to bottom.

encode: RGB -> padding -> encoder network -> latents -> sections -> container
decode: container -> sections -> latents -> decoder network -> crop -> RGB

A file may be cut into tiles, and a part of a picture decoded: frame_latents.py and region.py.

The search for better latents than the encoder network gives stands above this
(tfcomp/latent_search), and tfcomp/api.py puts both together.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, TypeVar

import numpy as np

from tfcomp.bitstream.container import FRACTIONS, Container
from tfcomp.bitstream.picture_file import Frame, PictureFile
from tfcomp.bitstream.picture_reader import read_file
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.entropy_kinds.base import MAX_LATENT, EntropyCoder
from tfcomp.entropy_kinds.tiled import TiledCoder
from tfcomp.errors import (
    BitstreamError,
    BundleError,
    CodecError,
    ConfigError,
    ImageError,
    UnknownBundleError,
)
from tfcomp.images.picture import Picture
from tfcomp.networks.interpreter import Model, Network
from tfcomp.networks.padding import EdgePadded, padding_fits
from tfcomp.networks.tiles import run_tiled
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import Bundle
from tfcomp.runtime.compressed_input import read_compressed
from tfcomp.runtime.frame_latents import frame_latents, latent_size, shown_quality
from tfcomp.runtime.grey import grey_of
from tfcomp.runtime.manifest import THUMBNAIL_SCALE, Manifest
from tfcomp.runtime.options import positive_number, whole_number
from tfcomp.runtime.pixel_limit import allowed_pixels, check_picture
from tfcomp.runtime.region import checked_region, sides
from tfcomp.runtime.sequence import Frames
from tfcomp.runtime.thumbnail import checked_scale, reduced, small_picture
from tfcomp.runtime.tile_side import tile_sizes
from tfcomp.runtime.whole_file import alpha_of, picture_of

_log = logging.getLogger("tfcomp")

# In pixels. For larger images a network gives its working memory back before the next one runs.
_LARGE = 4_000_000

Self = TypeVar("Self", bound="BundleCodec")


class AbsurdLatentsError(BundleError):
    """The encoder network gives numbers that no file can hold."""


class BundleCodec:
    """Turns pictures into files and back with one bundle.

    Safe to share between threads, and with forked processes. A copy or an unpickled codec has
    networks of its own for the same bundle.

    Attributes:
      bundle: the bundle, with its manifest.
      tile_side: of the tiles that it writes, in pixels; 0 for none.
    """

    tile_side = 0

    def __init__(self, bundle: Bundle, num_threads: int | None = None) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self._manifest = manifest
        self._num_threads = num_threads

        self.encoder = Network(self._model(bundle.encoder, "encoder.tflite"), "encode", "latents")
        self.decoder = Network(self._model(bundle.decoder, "decoder.tflite"), "decode", "image")
        self.thumbnail: Network | None = None
        if bundle.thumbnail is not None:
            model = self._model(bundle.thumbnail, "thumbnail.tflite")
            self.thumbnail = Network(model, "thumbnail", "image")
        self.entropy_coder: EntropyCoder = manifest.kind.open_coder(
            bundle.tables, manifest, lambda: self._model(bundle.entropy or b"", "entropy.tflite")
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # Interpreters hold memory of their own, which neither a pickle nor a copy can carry.
        return type(self), (self.bundle, self._num_threads)

    def _model(self, content: bytes, name: str) -> Model:
        return Model(content, self._num_threads, f"bundle {self.bundle.source}: {name}")

    def decompress(
        self,
        data: bytes | str | os.PathLike | BinaryIO,
        max_pixels: int | None = None,
        *,
        region: Sequence[int] | None = None,
        scale: int = 1,
        partial: bool = False,
    ) -> np.ndarray:
        """Decompresses a `.tfcomp` file that this model wrote.

        Args:
          data: the file's bytes, its path, or a binary file object.
          max_pixels: refuse larger images before anything is allocated. By default the model's
            limit holds, and 16,384 pixels for each byte of the file; a number, up to the format's
            89,478,485, holds instead of both. The whole picture counts, whatever part is asked for.
          region: only this part, (x, y, width, height) in pixels: the very pixels of the whole.
            Of a file with tiles only those are decoded that it needs.
          scale: 2, 4 or 8 for a picture of a half, a quarter or an eighth of the side, rounded up;
            4 and 8 take much less time with models that have thumbnails. Not with a region.
          partial: whether to decode a file that breaks off, as far as it goes. Nothing tells then
            whether its bytes are right; a warning of the logger "tfcomp" says so.

        Returns:
          the image, uint8: [H, W, 3] RGB, [H, W] grey, [H, W, 4] RGB and alpha, or [H, W, 2] grey
          and alpha.

        Raises:
          BitstreamError: a damaged file.
          ConfigError: the region does not lie within the picture, or there is no such scale.
          UnknownBundleError: another model's file (`tfcomp.decompress` finds the right one among
            the installed models).
        """
        return self.read_picture(
            data, max_pixels, region=region, scale=scale, partial=partial
        ).pixels

    def read_picture(
        self,
        data: bytes | str | os.PathLike | BinaryIO,
        max_pixels: int | None = None,
        *,
        region: Sequence[int] | None = None,
        scale: int = 1,
        partial: bool = False,
    ) -> Picture:
        """Decompresses a file as `decompress` does, with its colour profile, Exif and XMP."""
        content = read_compressed(data)
        checked_scale(scale, region)
        file = self.read(content, max_pixels, partial)
        if not file.whole:
            _log.warning("the file breaks off; this is the picture of what there is of it")
        return self.decode_picture(file, 0, region, scale)

    def read_frames(
        self, data: bytes | str | os.PathLike | BinaryIO, max_pixels: int | None = None
    ) -> Frames:
        """The frames of a file, each decoded when it is asked for.

        Args:
          data: see `decompress`.
          max_pixels: likewise; all frames count.

        Raises:
          CodecError: as `decompress` does; a damaged frame raises it when it is decoded.
        """
        return Frames(self.read(read_compressed(data), max_pixels), self.decode_picture)

    def decode_picture(
        self,
        file: PictureFile,
        number: int,
        region: Sequence[int] | None = None,
        scale: int = 1,
    ) -> Picture:
        """A frame of a file that `read` has checked, with all that goes with it; see `decompress`.

        Args:
          file: what `read` gave.
          number: of the frame, from 0.
          region: see `decompress`.
          scale: likewise.
        """
        frame = file.frames[number]
        with memory_errors_named():
            alpha = alpha_of(frame)  # first: the cheapest part that may be damaged
            if alpha is not None:
                x, y, width, height = checked_region(region, frame.width, frame.height)
                alpha = reduced(alpha[y : y + height, x : x + width], scale)
            colours = self.decode_frame(frame, region, scale, not file.whole)
            return picture_of(file, frame, colours, alpha)

    def read(
        self, content: bytes, max_pixels: int | None = None, partial: bool = False
    ) -> PictureFile:
        """Reads and checks a file that this model wrote, without decoding it.

        Args:
          content: the file's bytes.
          max_pixels: see `decompress`.
          partial: see `decompress`.

        Raises:
          BitstreamError: a damaged file.
          UnknownBundleError: another model's file.
        """
        picture = read_file(content, self._require_own, partial=partial)
        limit = check_picture(picture, self._manifest, len(content), max_pixels)
        frame = picture.frames[0]
        if not padding_fits(frame.height, frame.width, self._manifest.stride, limit):
            raise BitstreamError(
                f"the file says {frame.width}x{frame.height} pixels, too long and narrow for the "
                f"limit of {limit}; raise the limit (max_pixels) only if you trust the file"
            )
        return picture

    def decode_frame(
        self,
        frame: Frame,
        region: Sequence[int] | None = None,
        scale: int = 1,
        partial: bool = False,
    ) -> np.ndarray:
        """The colours of one frame of a file that `read` has checked.

        Args:
          frame: one of its frames.
          region: see `decompress`.
          scale: see `decompress`.
          partial: whether the frame may break off; see `decompress`.

        Returns:
          uint8 [H, W, 3], RGB; of a grey picture [H, W].

        Raises:
          BitstreamError: its sections are damaged.
          ConfigError: the region does not lie within the picture.
        """
        manifest, size = self._manifest, (frame.height, frame.width)
        wanted = checked_region(region, frame.width, frame.height)
        rows, columns = sides(wanted, size, manifest.stride, manifest.decoder_reach)
        small = self.thumbnail if scale >= THUMBNAIL_SCALE else None
        with memory_errors_named():
            latents = frame_latents(
                *(self.entropy_coder, frame, manifest.stride, manifest.channels),
                *(rows.seen, columns.seen, partial),
                manifest.thumbnail_channels if small else None,
            )
            if self.is_large(*size):
                self.entropy_coder.release()
            quality = frame.images[0].level
            if partial:
                quality = shown_quality(self.entropy_coder, frame, manifest.stride)
            if small:
                latents = latents[..., : manifest.thumbnail_channels]
                level = manifest.network_quality(quality)
                pixels = small_picture(small, latents, level, size, manifest.stride, scale)
            else:
                seen = self.decode_latents(latents, quality, (rows.pixels, columns.pixels))
                pixels = reduced(np.ascontiguousarray(seen[rows.wanted, columns.wanted]), scale)
            return grey_of(pixels) if frame.grey else pixels

    @property
    def qualities(self) -> int:
        """Number of quality levels."""
        return self._manifest.qualities

    @property
    def info(self) -> dict[str, Any]:
        """The bundle's manifest as a dict, with "source", where it was read from.

        The numbers of its `EncoderTuning` stand there by their old names.
        """
        tuning = self.bundle.tuning.by_old_names()
        return {**vars(self._manifest), **tuning, "source": self.bundle.source}

    def checked_quality(self, quality: float | None) -> float:
        """The quality, the model's default if None; one between two levels in its nearest 32nd.

        Raises:
          ConfigError: it is out of range, or between two levels of a model that has none there.
        """
        if quality is None:
            return self._manifest.default_quality
        steps = self._manifest.quality_steps
        if steps == 1:
            quality = whole_number("quality", quality)
        else:
            quality = round(positive_number("quality", quality) * steps) / steps
            quality = int(quality) if quality % 1 == 0 else quality
        if not 1 <= quality <= self.qualities:
            raise ConfigError(
                f"model '{self._manifest.name}' has qualities 1 to {self.qualities}, not {quality}"
            )
        return quality

    def check_size(self, pixels: np.ndarray) -> None:
        """Raises ImageError where the model takes no picture, uint8 [H, W, 3], of this size."""
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

    def plain_file(self, pixels: np.ndarray, quality: float) -> bytes:
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

    def pack_latents(
        self, latents: np.ndarray, quality: float, height: int, width: int, **choices: Any
    ) -> bytes:
        """The file of given latents, such as iterative encoding finds.

        Args:
          latents: [h, w, channels] of the entropy coder's latent_dtype.
          quality: from 1.
          height: of the image, in pixels.
          width: likewise.
          choices: options of the entropy coder.
        """
        sections = self.writing_coder.encode(latents, quality, **choices)
        return self.pack_sections(sections, quality, height, width)

    def pack_sections(
        self, sections: tuple[bytes, ...], quality: float, height: int, width: int
    ) -> bytes:
        """The file of sections that `writing_coder` has written."""
        manifest, side = self._manifest, self.tile_side
        count = manifest.section_count
        images = [
            Container(
                manifest.short_fingerprint,
                math.floor(quality),
                *size,
                sections[n * count :][:count],
                round(quality % 1 * FRACTIONS),
            )
            for n, size in enumerate(tile_sizes(width, height, side))
        ]
        frame = Frame(tuple(images), width, height, side)
        data = write_file(PictureFile((frame,)), manifest.fixed_size)
        if width * height > allowed_pixels(manifest, len(data)):
            _log.warning(
                "the file has only %d bytes for %dx%d pixels; to decompress it, allow max_pixels",
                *(len(data), width, height),
            )
        return data

    @property
    def writing_coder(self) -> EntropyCoder | TiledCoder:
        """What writes sections: of the whole picture, or of its tiles."""
        if not self.tile_side:
            return self.entropy_coder
        return TiledCoder(self.entropy_coder, self.tile_side // self._manifest.stride)

    def with_tiles(self: Self, side: int) -> Self:
        """The same codec with the same networks, which writes tiles; this one where side is 0.

        Args:
          side: of a tile in pixels, as `checked_tile_side` gives it.
        """
        if not side:
            return self
        tiled = object.__new__(type(self))
        tiled.__dict__.update(self.__dict__, tile_side=side)
        return tiled

    def _latent_size(self, height: int, width: int) -> tuple[int, int]:
        return latent_size(height, width, self._manifest.stride)

    def encode_image(self, pixels: EdgePadded, quality: float) -> np.ndarray:
        """uint8 [H, W, 3] -> [h, w, channels] of the entropy coder's latent_dtype."""
        stride = self._manifest.stride
        height, width = self._latent_size(*pixels.shape[:2])
        shape = (height, width, self._manifest.channels)
        latents = np.empty(shape, self.entropy_coder.latent_dtype)
        level = self._manifest.network_quality(quality)
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
        self, latents: np.ndarray, quality: float, size: tuple[int, int]
    ) -> np.ndarray:
        """Integers [h, w, channels] -> uint8 [H, W, 3] of the size (H, W), without the padding."""
        stride = self._manifest.stride
        pixels = np.empty((*size, 3), np.uint8)
        level = self._manifest.network_quality(quality)
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
def memory_errors_named() -> Iterator[None]:
    """Turns a MemoryError into a CodecError of one line."""
    try:
        yield
    except MemoryError:
        raise CodecError(
            "there is not enough memory for an image of this size; use a smaller one"
        ) from None


def read_installed(
    data: bytes, max_pixels: int | None = None, partial: bool = False
) -> tuple[PictureFile, registry.InstalledBundle]:
    """Reads and checks a file that an installed model wrote, without decoding it.

    Args:
      data: the file's bytes.
      max_pixels: see `Codec.decompress`.
      partial: see `Codec.decompress`.

    Returns:
      what the file holds, and the bundle of its model.

    Raises:
      BitstreamError: a damaged file.
      UnknownBundleError: its model isn't installed.
    """
    found: dict[bytes, registry.InstalledBundle] = {}

    def lookup(fingerprint: bytes) -> Manifest:
        if fingerprint not in found:
            found[fingerprint] = registry.find_by_fingerprint(fingerprint)
        return found[fingerprint].manifest

    picture = read_file(data, lookup, partial=partial)
    if len(found) > 1:
        raise BitstreamError(
            "the file has frames of several models; get an undamaged copy of the file"
        )
    (installed,) = found.values()
    check_picture(picture, installed.manifest, len(data), max_pixels)
    return picture, installed


def __getattr__(name: str) -> Any:
    # Old names, for a release.
    if name in ("Codec", "compress", "decompress", "load", "shared_codec"):
        from tfcomp import api

        return getattr(api, name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
