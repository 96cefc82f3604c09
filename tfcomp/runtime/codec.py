"""Codes and decodes with one bundle.

encode: samples -> encoder network (bundle_networks.py) -> latents -> sections -> file
decode: decoding.py

The search for better latents than the encoder network gives stands above this
(tfcomp/latent_search), and tfcomp/api.py puts both together.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from tfcomp.bitstream.container import Container
from tfcomp.bitstream.picture_file import Frame, PictureFile
from tfcomp.bitstream.picture_reader import read_file
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.entropy_kinds.base import EntropyCoder
from tfcomp.entropy_kinds.tiled import TiledCoder
from tfcomp.errors import BitstreamError
from tfcomp.networks.padding import EdgePadded
from tfcomp.quality import QUALITY_STEPS
from tfcomp.runtime import registry
from tfcomp.runtime.decoding import BundleDecoder
from tfcomp.runtime.manifest import Manifest
from tfcomp.runtime.pixel_limit import check_picture, warn_of_pixels
from tfcomp.runtime.tile_side import tile_sizes

Self = TypeVar("Self", bound="BundleCodec")


class BundleCodec(BundleDecoder):
    """Turns pictures into files and back with one bundle.

    Safe to share between threads, and with forked processes. A copy or an unpickled codec has
    networks of its own for the same bundle.

    Attributes:
      bundle: the bundle, with its manifest.
      tile_side: of the tiles that it writes, in pixels; 0 for none.
    """

    tile_side = 0
    _is_after = False

    def plain_file(self, pixels: np.ndarray, quality: float) -> bytes:
        """The file that the encoder network alone makes.

        Args:
          pixels: samples [H, W, channels].
          quality: from 1.
        """
        latents = self.encode_image(EdgePadded(pixels, self._manifest.stride), quality)
        return self.pack_latents(latents, quality, *pixels.shape[:2])

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
                round(quality % 1 * QUALITY_STEPS),
            )
            for n, size in enumerate(tile_sizes(width, height, side))
        ]
        frame = Frame(tuple(images), width, height, side)
        picture = PictureFile((frame,))
        data = write_file(picture, manifest.fixed_size)
        # What little a dependent frame takes says nothing of the file that it becomes part of.
        if not self._is_after:
            warn_of_pixels(picture, manifest, len(data))
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
        return self._with(tile_side=side)

    def after(self: Self, before: Any) -> Self:
        """The same codec with the same networks, for frames that depend on one.

        What it writes are files of single pictures whose sections only it reads.

        Args:
          before: a frame, as the entropy coder's `decode_frame` gives it.
        """
        coder: Any = self.entropy_coder
        return self._with(entropy_coder=coder.after(before), _is_after=True)


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
