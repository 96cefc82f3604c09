"""Decodes files of one bundle; to be read from top to bottom.

decode: file -> sections -> latents -> decoder network -> crop -> RGB, and what goes with it

A part of a picture can be decoded, and a file that breaks off: frame_latents.py and region.py.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from tfcomp.bitstream.picture_file import Frame, PictureFile
from tfcomp.bitstream.picture_reader import read_file as read_whole_file
from tfcomp.errors import BitstreamError
from tfcomp.images.picture import Picture
from tfcomp.networks.padding import padding_fits
from tfcomp.runtime.bundle_networks import BundleNetworks
from tfcomp.runtime.compressed_input import read_compressed
from tfcomp.runtime.frame_chain import FrameChain, is_chained
from tfcomp.runtime.frame_latents import frame_latents, shown_quality
from tfcomp.runtime.grey import grey_of
from tfcomp.runtime.manifest import THUMBNAIL_SCALE
from tfcomp.runtime.memory_errors import memory_errors_named
from tfcomp.runtime.pixel_limit import check_picture
from tfcomp.runtime.region import checked_region, sides
from tfcomp.runtime.sequence import Frames
from tfcomp.runtime.thumbnail import checked_scale, reduced, small_picture
from tfcomp.runtime.whole_file import alpha_of, picture_of

_log = logging.getLogger("tfcomp")


class BundleDecoder(BundleNetworks):
    """Turns files into pictures with one bundle."""

    def decompress(
        self,
        data: bytes | str | os.PathLike | BinaryIO,
        max_pixels: int | None = None,
        *,
        region: Sequence[int] | None = None,
        scale: int = 1,
        partial: bool = False,
        look: str | None = None,
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
          look: which decoder: "faithful", the default, or another that the bundle has
            (`bundle.manifest.looks`): "natural" invents texture where the file holds none.

        Returns:
          the image, uint8: [H, W, 3] RGB, [H, W] grey, [H, W, 4] RGB and alpha, or [H, W, 2] grey
          and alpha. Of a model of other pictures its samples (`bundle.manifest.image`): uint8,
          uint16 or float32 [H, W, channels], of one channel [H, W].

        Raises:
          BitstreamError: a damaged file.
          ConfigError: the region does not lie within the picture, or there is no such scale or
            look.
          UnknownBundleError: another model's file (`tfcomp.decompress` finds the right one among
            the installed models).
        """
        return self.read_picture(
            data, max_pixels, region=region, scale=scale, partial=partial, look=look
        ).pixels

    def read_picture(
        self,
        data: bytes | str | os.PathLike | BinaryIO,
        max_pixels: int | None = None,
        *,
        region: Sequence[int] | None = None,
        scale: int = 1,
        partial: bool = False,
        look: str | None = None,
    ) -> Picture:
        """Decompresses a file as `decompress` does, with its colour profile, Exif and XMP."""
        content = read_compressed(data)
        checked_scale(scale, region)
        shown = self.with_look(look)
        file = self.read_file(content, max_pixels, partial)
        if not file.whole:
            _log.warning("the file breaks off; this is the picture of what there is of it")
        return shown.decode_picture(file, 0, region, scale)

    def read_frames(
        self,
        data: bytes | str | os.PathLike | BinaryIO,
        max_pixels: int | None = None,
        *,
        look: str | None = None,
    ) -> Frames:
        """The frames of a file, each decoded when it is asked for.

        Args:
          data: see `decompress`.
          max_pixels: likewise; all frames count.
          look: likewise.

        Raises:
          CodecError: as `decompress` does; a damaged frame raises it when it is decoded.
        """
        file = self.read_file(read_compressed(data), max_pixels)
        shown = self.with_look(look)
        return Frames(file, functools.partial(shown.decode_picture, chain=self.frame_chain()))

    def frame_chain(self) -> FrameChain:
        """What `decode_picture` keeps of a file's frames, from one call to the next."""
        return FrameChain(self.entropy_coder, self._manifest.stride)

    def decode_picture(
        self,
        file: PictureFile,
        number: int,
        region: Sequence[int] | None = None,
        scale: int = 1,
        chain: FrameChain | None = None,
    ) -> Picture:
        """A frame of a file that `read_file` has checked, with all that goes with it.

        Args:
          file: what `read_file` gave.
          number: of the frame, from 0.
          region: see `decompress`.
          scale: likewise.
          chain: of this file, where frames are decoded one after another; see `frame_chain`.
        """
        frame = file.frames[number]
        with memory_errors_named():
            self._check_holds_alpha(frame)
            alpha = alpha_of(frame)  # first: the cheapest part that may be damaged
            if alpha is not None:
                x, y, width, height = checked_region(region, frame.width, frame.height)
                alpha = reduced(alpha[y : y + height, x : x + width], scale)
            latents = None
            if is_chained(file, number) and not frame.tile_side:
                latents = (chain or self.frame_chain()).latents(file, number)
            colours = self.decode_frame(frame, region, scale, not file.whole, latents)
            picture = picture_of(file, frame, colours, alpha)
            return dataclasses.replace(picture, spec=self._manifest.image)

    def _check_holds_alpha(self, frame: Frame) -> None:
        spec = self._manifest.image
        if frame.alpha is not None and not spec.is_screen:
            raise BitstreamError(
                f"the file has transparency, which pictures of {spec} have not; get an undamaged "
                "copy of the file"
            )

    def read_file(
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
        picture = read_whole_file(content, self._require_own, partial=partial)
        limit = check_picture(picture, self._manifest, len(content), max_pixels)
        frame = picture.frames[0]
        if not padding_fits(frame.height, frame.width, self._manifest.stride, limit):
            raise BitstreamError(
                f"the file says {frame.width}x{frame.height} pixels, too long and narrow for the "
                f"limit of {limit}; raise the limit (max_pixels) only if you trust the file"
            )
        return picture

    read = read_file  # the old name, for a release; `tfcomp.read` gives a decoded picture

    def decode_frame(
        self,
        frame: Frame,
        region: Sequence[int] | None = None,
        scale: int = 1,
        partial: bool = False,
        latents: np.ndarray | None = None,
    ) -> np.ndarray:
        """The colours of one frame of a file that `read_file` has checked.

        Args:
          frame: one of its frames.
          region: see `decompress`.
          scale: see `decompress`.
          partial: whether the frame may break off; see `decompress`.
          latents: of a frame that depends on others, all of it.

        Returns:
          samples [H, W, channels]; of a grey picture [H, W].

        Raises:
          BitstreamError: its sections are damaged.
          ConfigError: the region does not lie within the picture.
        """
        manifest, size = self._manifest, (frame.height, frame.width)
        wanted = checked_region(region, frame.width, frame.height)
        rows, columns = sides(wanted, size, manifest.stride, self.decoder_reach)
        small = self.thumbnail if scale >= THUMBNAIL_SCALE else None
        with memory_errors_named():
            if latents is not None:
                latents = latents[rows.seen, columns.seen]
            else:
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
            if frame.grey and manifest.image.is_rgb8:
                return grey_of(pixels)
            return pixels[:, :, 0] if manifest.image.channels == 1 else pixels
