"""tfcomp in Python: the only module that knows both the running world and the latent search.

    load        a model by name or path -> Codec
    compress    a picture -> bytes, in one call
    decompress  bytes -> a picture, with whichever installed model wrote them
    read_frames bytes -> the frames of a sequence; compress_frames makes it
    read        bytes -> the same with its colour profile, Exif and XMP
    progressive bytes as they arrive -> better and better pictures

`tfcomp` itself has these names, and loads this module when one of them is first used.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tfcomp import forking
from tfcomp.bitstream.picture_file import PictureFile
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.errors import ConfigError
from tfcomp.images.animation import shown
from tfcomp.images.picture import Picture
from tfcomp.latent_search.iterative_encoding import Improvement
from tfcomp.latent_search.search import Search, checked_plan
from tfcomp.latent_search.searchable_codec import SearchableCodec
from tfcomp.latent_search.target import check_target, target_of
from tfcomp.networks.padding import EdgePadded
from tfcomp.runtime import registry
from tfcomp.runtime.codec import read_installed
from tfcomp.runtime.compressed_input import read_compressed
from tfcomp.runtime.frame_groups import FrameGroups, checked_group
from tfcomp.runtime.image_input import Background, InputPicture
from tfcomp.runtime.memory_errors import memory_errors_named
from tfcomp.runtime.model_input import check_fits, read_for
from tfcomp.runtime.options import positive_number, whole_number
from tfcomp.runtime.pixel_limit import warn_of_pixels
from tfcomp.runtime.progressive import Preview, previews
from tfcomp.runtime.sequence import Frames, joined
from tfcomp.runtime.tile_side import checked_tile_side
from tfcomp.runtime.whole_file import WholeFile

__all__ = [
    "Codec",
    "Improvement",
    "Picture",
    "Preview",
    "compress",
    "compress_frames",
    "decompress",
    "load",
    "progressive",
    "read",
    "read_frames",
    "shared_codec",
]

_log = logging.getLogger("tfcomp")


def load(name_or_path: str | os.PathLike | None = None, num_threads: int | None = None) -> Codec:
    """Returns the codec of an installed model (`tfcomp.list_models()`) or of a bundle on disk.

    Args:
      name_or_path: the default model, "cycle" where it is installed, if None.
      num_threads: processors to use; all that the process may use if None.

    Raises:
      UnknownBundleError: there is no such model.
      BundleError: the bundle is broken.
    """
    if name_or_path is None:
        name_or_path = registry.default_model()
    if num_threads is not None:
        num_threads = whole_number("num_threads", num_threads, least=1)
    return Codec(registry.find_by_name(name_or_path).read(), num_threads)


class Codec(SearchableCodec):
    """Compresses and decompresses images with one bundle.

    Threads and forked processes may share it, but forked processes cannot refine: TensorFlow does
    not work in a child of a process that has used it.

    A copy, or a pickle that is loaded in another process, is a new codec of the same bundle.

    Attributes:
      bundle: the bundle, with its manifest.
    """

    def compress(
        self,
        image: Any,
        quality: float | None = None,
        *,
        target_bpp: float | None = None,
        max_bytes: int | None = None,
        psnr: float | None = None,
        ms_ssim: float | None = None,
        effort: int | None = None,
        feedback: int = 0,
        refine: int = 0,
        progress: Callable[[int, int], None] | None = None,
        background: Background | None = None,
        metadata: bool = True,
        tiles: int | None = None,
        on_improvement: Callable[[Improvement], None] | None = None,
    ) -> bytes:
        """Compresses one image.

        Args:
          image: a path, the bytes of an image file, a file object, a PIL image, an array, or what
            `read_for` gave; `read_image` says what is accepted. Grey and transparent pictures
            come back so. What is lost is logged as a warning of the logger "tfcomp". A model of
            other pictures than 8-bit ones takes an array [H, W, channels] of its own samples, or
            the path of a TIFF, PNG, .npy or Zarr file that holds one (docs/channels.md).
          quality: 1 (smallest file) to the model's number of qualities, or between two of them
            where the model knows such (`info["entropy"]["quality_steps"]`); the model's default if
            None.
          target_bpp: instead of a quality, the largest file to make, in bits/pixel, including its
            header. Takes the file of least error that fits.
          max_bytes: the same in bytes.
          psnr: instead of a quality, the least PSNR of the decoded picture in dB, over all pixels
            and colours. Takes the smallest file that reaches it. Fully transparent pixels do not
            count.
          ms_ssim: likewise the least MS-SSIM, from 0 to 1, of pictures of 176 pixels a side or
            more.
          effort: 0 to 9, how long to search for latents that make a better picture for its bits: 0,
            the default, not at all; 1 to 4 for some percent fewer bits at equal PSNR, in at least
            that many times the time; 7 to 9 with gradient descent, in minutes, which needs
            TensorFlow. At one quality the file may grow. See docs/effort.md.
          feedback: rounds, in place of an effort: efforts 1 to 4 take as many. See docs/effort.md.
          refine: steps of gradient descent, in place of an effort. See docs/effort.md.
          progress: called with rounds or steps done and with their total.
          background: what transparent pictures are laid on, (r, g, b) from 0 to 255 or a colour's
            name. None, the default, keeps alpha, without loss.
          metadata: whether the colour profile, Exif and XMP are kept. Without, colours are
            converted to sRGB. Limits of bytes count metadata and alpha too.
          tiles: the side of tiles in pixels, a multiple of 64 (or of more, where the model has a
            large stride), such as 1024: parts of the picture are then decoded in little time, for
            some more bits. A picture that is no larger than one has none. See docs/parts.md.
          on_improvement: called with the `Improvement` that rounds and steps made.

        Returns:
          the bytes of a `.tfcomp` file. The file of a drawn picture may have a lower quality than
          was asked for, if it is smaller and no worse for its bits.

        Raises:
          ImageError: the image cannot be read or cannot fit, or no quality reaches a target.
          ConfigError: an option is wrong.
          CodecError: gradient descent needs TensorFlow, which is not installed.
        """
        if (quality, target_bpp, max_bytes, psnr, ms_ssim).count(None) < 4:
            raise ConfigError("give only one of quality, target_bpp, max_bytes, psnr and ms_ssim")
        check_target(psnr, ms_ssim)
        if target_bpp is not None:
            target_bpp = positive_number("target_bpp", target_bpp)
        if max_bytes is not None:
            max_bytes = int(positive_number("max_bytes", max_bytes))
        quality = self.checked_quality(quality)
        plan = checked_plan(self, effort, feedback, refine)
        if tiles is not None and plan.steps:
            raise ConfigError("tiles cannot be refined; leave tiles out, or take effort 6 or less")
        with memory_errors_named():
            given = self._input_picture(image, background, metadata)
            whole = WholeFile(given, self._manifest.fixed_size)
            if target_bpp is not None:
                height, width, _ = given.pixels.shape
                max_bytes = int(target_bpp * height * width / 8)
            self.check_size(given.pixels)
            side = checked_tile_side(tiles, self.bundle.manifest, *given.pixels.shape[:2])
            search = Search(self.with_tiles(side), given.pixels, plan, progress)
            target = target_of(given, psnr, ms_ssim, self._manifest.image)
            if target is not None:
                data = search.reaching(target)
            elif max_bytes is None:
                data = search.file(quality, None)
            else:
                data = whole.within(max_bytes, lambda room: search.file(quality, room))
            if on_improvement is not None and any(plan):
                on_improvement(search.improvement(data))
            return whole.add_to(data, self._require_own)

    def latents(self, image: Any, quality: float | None = None) -> np.ndarray:
        """What the encoder network makes of an image, before it is rounded: for other uses.

        Args:
          image: see `compress`. Transparent pictures are laid on white.
          quality: likewise. Latents of two qualities have two scales, channel by channel.

        Returns:
          float32 [ceil(H / S), ceil(W / S), C], with S and C of `info["stride"]` and
          `info["channels"]`. Values are in steps of the quantiser at this quality; those of models
          without a hyperprior are whole numbers already.

        Raises:
          CodecError: as `compress` does.
        """
        quality = self.checked_quality(quality)
        with memory_errors_named():
            pixels = self._input_picture(image, "white", False).pixels
            self.check_size(pixels)
            found = self.encode_image(EdgePadded(pixels, self._manifest.stride), quality)
            return found.astype(np.float32, copy=False)

    def compress_frames(
        self,
        frames: Any,
        durations: int | Sequence[int] | None = None,
        loops: int | None = None,
        quality: float | None = None,
        *,
        effort: int | None = None,
        group: int | None = None,
        background: Background | None = None,
        metadata: bool = True,
        progress: Callable[[int], None] | None = None,
    ) -> bytes:
        """Compresses pictures as a sequence that is played.

        Args:
          frames: pictures of one size, each in any form that `compress` takes; or an animation
            (GIF, APNG, WebP, AVIF) as a path, bytes, a PIL image or an `Animation`.
          durations: how many milliseconds each is shown, or one number for all; if None, an
            animation's own, else a tenth of a second.
          loops: how often they are played, 0 for ever; if None, an animation's own, else for ever.
          quality: see `compress`; of all frames.
          effort: see `compress`; of each frame.
          group: how many frames at most are decoded one after another: all but the first of a group
            are coded after the one before, in fewer bytes where little moves. 1 for every frame by
            itself; if None, 16 where the model knows dependent frames. See docs/sequences.md.
          background: see `compress`.
          metadata: see `compress`; the first frame's is kept.
          progress: called with the number of frames that are done.

        Returns:
          the bytes of a `.tfcomp` file.

        Raises:
          CodecError: as `compress` does.
        """
        files, own = [], []
        groups = FrameGroups(self, checked_group(group, self._manifest))
        with shown(frames) as animation:
            for frame, duration in animation.frames():
                given = self._input_picture(frame, background, metadata)

                def compress(codec: Codec, given: InputPicture = given) -> bytes:
                    return codec.compress(given, quality, effort=effort)

                files.append(groups.add(given.pixels, compress))
                own.append(duration)
                if progress:
                    progress(len(files))
            loops = animation.loops if loops is None else loops
        if durations is None:
            durations = own
        elif isinstance(durations, int):
            durations = [durations] * len(files)
        whole = joined(files, list(durations), loops)
        data = write_file(whole, self._manifest.fixed_size)
        warn_of_pixels(whole, self._manifest, len(data))
        return data

    def _input_picture(
        self, image: Any, background: Background | None, metadata: bool
    ) -> InputPicture:
        """An image as `compress` takes it, after what it loses was logged."""
        if isinstance(image, InputPicture):
            check_fits(image, self._manifest)
            return image
        given = read_for(self._manifest, image, background, metadata)
        for note in given.notes:
            _log.warning("%s", note)
        return given


def compress(
    image: Any,
    quality: float | None = None,
    *,
    model: str | os.PathLike | None = None,
    **options: Any,
) -> bytes:
    """Compresses one image; the model is kept for the next one.

    Args:
      image: see `Codec.compress`.
      quality: see `Codec.compress`.
      model: name or path of a bundle; the default model if None.
      options: see `Codec.compress`.

    Returns:
      the bytes of a `.tfcomp` file.

    Raises:
      CodecError: as `Codec.compress` and `load` do.
    """
    name = registry.default_model() if model is None else model
    return shared_codec(registry.find_by_name(name)).compress(image, quality, **options)


def decompress(
    data: bytes | str | os.PathLike | BinaryIO, max_pixels: int | None = None, **options: Any
) -> np.ndarray:
    """Decompresses a `.tfcomp` file with whichever installed model wrote it.

    Same arguments, result and errors as `Codec.decompress`; the model is kept for the next file.
    """
    return read(data, max_pixels, **options).pixels


def read(
    data: bytes | str | os.PathLike | BinaryIO, max_pixels: int | None = None, **options: Any
) -> Picture:
    """Decompresses a `.tfcomp` file as `decompress` does, with all that goes with its pixels."""
    data = read_compressed(data)
    _, installed = read_installed(data, max_pixels, options.get("partial", False))
    return shared_codec(installed).read_picture(data, max_pixels, **options)


def compress_frames(
    frames: Any, *, model: str | os.PathLike | None = None, **options: Any
) -> bytes:
    """Compresses pictures as a sequence; see `Codec.compress_frames`, and `compress` for model."""
    name = registry.default_model() if model is None else model
    return shared_codec(registry.find_by_name(name)).compress_frames(frames, **options)


def read_frames(
    data: bytes | str | os.PathLike | BinaryIO,
    max_pixels: int | None = None,
    *,
    look: str | None = None,
) -> Frames:
    """The frames of a `.tfcomp` file, each decoded when it is asked for; a still has one."""
    data = read_compressed(data)
    _, installed = read_installed(data, max_pixels)
    return shared_codec(installed).read_frames(data, max_pixels, look=look)


def progressive(chunks: Iterable[bytes], max_pixels: int | None = None) -> Iterator[Preview]:
    """Better and better pictures of a `.tfcomp` file whose bytes arrive little by little.

        for preview in tfcomp.progressive(iter(lambda: response.read(4096), b"")):
            show(preview.pixels)

    Args:
      chunks: the file's bytes, in their order and in parts of any size.
      max_pixels: see `Codec.decompress`; the default limit counts the bytes that have arrived.

    Yields:
      a `Preview` whenever another pass is complete; the last one says whether the file was whole.

    Raises:
      CodecError: as `decompress` does. A file that breaks off raises no error once there is a
        picture of it.
    """

    def open_file(data: bytes) -> tuple[PictureFile, Codec]:
        _, installed = read_installed(data, max_pixels, partial=True)
        codec = shared_codec(installed)
        return codec.read_file(data, max_pixels, partial=True), codec

    return previews(chunks, open_file)


_shared: dict[tuple[str, Path], Codec] = {}
_shared_lock = forking.Lock()


def shared_codec(installed: registry.InstalledBundle) -> Codec:
    """The codec of an installed bundle, opened once a process."""
    key = (installed.manifest.fingerprint, installed.path)
    with _shared_lock:
        if key not in _shared:
            _shared[key] = Codec(installed.read())
        return _shared[key]
