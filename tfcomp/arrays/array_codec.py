"""An array <-> the bytes of one .tfcomp file; to be read from top to bottom.

    [..., H, W, C] -> pictures [H, W, C], and what has data -> codec -> picture or sequence

Pixels without data are kept without loss, as the file's alpha: they come back as they were, and no
other pixel comes back like them.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfcomp import api
from tfcomp.arrays.samples_taken import SamplesTaken, samples_taken
from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.errors import BitstreamError, ConfigError, ImageError, UnknownBundleError
from tfcomp.images.animation import MOST_FRAMES
from tfcomp.latent_search.search import checked_plan
from tfcomp.latent_search.target import check_target
from tfcomp.runtime import registry
from tfcomp.runtime.options import whole_number
from tfcomp.runtime.sequence import joined

_FRAME_MILLISECONDS = 100  # for programs that play a file; arrays know no time


@dataclasses.dataclass(frozen=True)
class ArrayCodec:
    """How arrays are compressed; as a dict of its `options` it stands in a store.

    Attributes:
      model: name of an installed bundle; the default model if None.
      quality: from 1; the model's default where there is no target either.
      psnr: in place of a quality, the least PSNR of every picture in dB; see `Codec.compress`.
      ms_ssim: likewise the least MS-SSIM.
      effort: 0 to 9, how long to search; see `Codec.compress`.
      no_data: the value, 0 to 255, of pixels without data, which have it in every channel.
      channel_axis: -1 for arrays [..., H, W, C], -3 for [..., C, H, W].
      fingerprint: of the model, 64 hex digits. Without it the options are new, and are checked;
        with it they stand in a store, which can be opened where the model is not installed.

    Raises:
      CodecError: there is no such model, or an option is wrong.
    """

    model: str | None = None
    quality: float | None = None
    psnr: float | None = None
    ms_ssim: float | None = None
    effort: int = 0
    no_data: int | None = None
    channel_axis: int = -1
    fingerprint: str = ""

    def __post_init__(self) -> None:
        if self.channel_axis not in (-1, -3):
            raise ConfigError(
                f"channel_axis is -1 for [..., H, W, C] or -3 for [..., C, H, W], not "
                f"{self.channel_axis!r}"
            )
        if self.no_data is not None and not 0 <= whole_number("no_data", self.no_data) <= 255:
            raise ConfigError(f"no_data is a sample's value, 0 to 255, not {self.no_data}")
        if not self.fingerprint:
            self._settle()

    def _settle(self) -> None:
        """Checks new options, and fills in what a store must say."""
        name = registry.default_model() if self.model is None else self.model
        installed = registry.find_by_name(name)
        manifest = installed.manifest
        try:
            registry.find_by_fingerprint(manifest.short_fingerprint)
        except UnknownBundleError:
            raise UnknownBundleError(
                f"model '{manifest.name}' at {installed.path} is not installed, so nobody could "
                f"read the array; run: tfcomp install {installed.path}"
            ) from None
        if (self.quality, self.psnr, self.ms_ssim).count(None) < 2:
            raise ConfigError("give only one of quality, psnr and ms_ssim")
        check_target(self.psnr, self.ms_ssim)
        if self.no_data is not None and not samples_taken(manifest).alpha:
            raise ConfigError(
                f"no_data is for pictures of 8-bit RGB and grey, and model '{manifest.name}' takes "
                f"{manifest.image}; keep a mask in an array of its own"
            )
        codec = api.shared_codec(installed)
        checked_plan(codec, self.effort)
        object.__setattr__(self, "model", manifest.name)
        object.__setattr__(self, "fingerprint", manifest.fingerprint)
        if self.psnr is None and self.ms_ssim is None:
            object.__setattr__(self, "quality", codec.checked_quality(self.quality))

    @classmethod
    def from_options(cls, options: Any) -> ArrayCodec:
        """What `options` gave, perhaps of another version.

        Raises:
          ConfigError: it has an option that this version does not know, or one of a wrong type.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if not isinstance(options, dict) or not set(options) <= known:
            odd = sorted(map(str, set(options) - known)) if isinstance(options, dict) else options
            raise ConfigError(f"the codec tfcomp has no options {odd}; update tfcomp")
        text = options.get("fingerprint", "")
        if text and not (isinstance(text, str) and len(text) == 64 and _is_hex(text)):
            raise ConfigError("the fingerprint of the codec tfcomp must be 64 hex digits")
        return cls(**options)

    def options(self) -> dict[str, Any]:
        """What a store must say: all that is not as by default."""
        fields = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: value for name, value in vars(self).items() if value != fields[name]}

    @property
    def is_installed(self) -> bool:
        """Whether the model is there."""
        try:
            registry.find_by_fingerprint(bytes.fromhex(self.fingerprint[:8]))
        except UnknownBundleError:
            return False
        return True

    def check(self, shape: Sequence[int], dtype: np.dtype) -> None:
        """Whether the model takes arrays of a shape and type.

        Raises:
          CodecError: it does not, or it is not installed.
        """
        codec = self._codec()
        taken = samples_taken(codec.bundle.manifest)
        name = f"model '{self.model}'"
        if np.dtype(dtype) != taken.dtype:
            advice = ", and name it as no_data" if taken.alpha else ", and keep a mask beside it"
            raise ImageError(
                f"{name} takes samples of {taken.dtype}, not {np.dtype(dtype)}; scale them first. "
                "NaN, infinities and masks have no place there: give such pixels a value of their "
                f"own{advice}"
            )
        pictures, height, width = self._pictures(shape, taken, name)
        most = codec.bundle.manifest.max_pixels
        if pictures * height * width > most or pictures > MOST_FRAMES:
            raise ImageError(
                f"a chunk {tuple(shape)} has {pictures * height * width} pixels, more than the "
                f"{most} that {name} takes; give smaller chunks, such as 1024x1024 pixels"
            )
        codec.check_size(np.broadcast_to(np.uint8(0), (height, width, 3)))

    def _pictures(
        self, shape: Sequence[int], taken: SamplesTaken, name: str
    ) -> tuple[int, int, int]:
        """How many pictures an array has, and their height and width."""
        if len(shape) < 3 or shape[self.channel_axis] not in taken.channels:
            axes = {-1: "[..., H, W, C]", -3: "[..., C, H, W]"}
            other = -4 - self.channel_axis
            hint = ""
            if len(shape) >= 3 and shape[other] == taken.channels[0]:
                hint = f"; if its axes are {axes[other]}, say channel_axis={other}"
            numbers = " or ".join(map(str, taken.channels))
            raise ImageError(
                f"{name} takes chunks {axes[self.channel_axis]} of {numbers} channels, not "
                f"{tuple(shape)}{hint}"
            )
        if not all(shape):
            raise ImageError(f"a chunk {tuple(shape)} has no pixels")
        *leading, height, width, _ = self._channels_last(shape)
        return math.prod(leading), height, width

    def encode(self, array: np.ndarray) -> bytes:
        """The file of one array.

        Args:
          array: [..., H, W, C], of the samples that the model takes; the channels may stand in
            another axis, `channel_axis`.

        Raises:
          CodecError: it cannot be compressed as it is.
        """
        if isinstance(array, np.ma.MaskedArray):
            raise ImageError(
                "a masked array's mask would be lost; fill it with a value of its own, and name "
                "that as no_data"
            )
        array = np.asarray(array)
        self.check(array.shape, array.dtype)
        codec = self._codec()
        pictures = np.moveaxis(array, self.channel_axis, -1)
        pictures = pictures.reshape(-1, *pictures.shape[-3:])
        files = [self._file(codec, picture) for picture in pictures]
        if len(files) == 1:
            return files[0]
        read = [codec.read_file(data, MAX_PIXELS) for data in files]
        whole = joined(read, [_FRAME_MILLISECONDS] * len(read), 0)
        return write_file(whole, codec.bundle.manifest.fixed_size)

    def _file(self, codec: api.Codec, picture: np.ndarray) -> bytes:
        """The file of one picture [H, W, C]."""
        return codec.compress(
            self._with_mask(picture),
            self.quality,
            psnr=self.psnr,
            ms_ssim=self.ms_ssim,
            effort=self.effort,
        )

    def decode(self, data: bytes, shape: Sequence[int] | None = None) -> np.ndarray:
        """The array of one file.

        Args:
          data: what `encode` gave.
          shape: of the array. Another one is refused before anything is decoded. If None, the
            array is [H, W, C] of a picture, [N, H, W, C] of a sequence, with the channels in
            `channel_axis`.

        Returns:
          the array, of the model's samples.

        Raises:
          CodecError: the file is damaged, or its model is not installed.
        """
        limit = MAX_PIXELS if shape is None else min(MAX_PIXELS, math.prod(shape))
        try:
            frames = api.read_frames(bytes(data), limit)
        except UnknownBundleError as error:
            raise self._missing(error) from None
        width, height = frames.size
        inner = None if shape is None else self._channels_last(shape)
        if inner is not None and (math.prod(inner[:-3]), *inner[-3:-1]) != (
            len(frames), height, width
        ):
            raise BitstreamError(
                f"a chunk {tuple(shape or ())} was expected, and the file has {len(frames)} of "
                f"{width}x{height} pixels; get an undamaged copy of the store"
            )
        pictures: np.ndarray | None = None
        for number, frame in enumerate(frames):
            pixels = frame.pixels
            if pixels.ndim == 2:
                pixels = pixels[..., None]
            if frame.spec.is_screen:  # others hold no alpha
                pixels = self._without_mask(pixels)
            if pictures is None:
                pictures = np.empty((len(frames), *pixels.shape), pixels.dtype)
            pictures[number] = pixels
        assert pictures is not None
        if inner is not None:
            if pictures.shape[-1] != inner[-1]:
                raise BitstreamError(
                    f"{inner[-1]} channels were expected, and the file has {pictures.shape[-1]}; "
                    "get an undamaged copy of the store"
                )
            pictures = pictures.reshape(inner)
        elif len(frames) == 1:
            pictures = pictures[0]
        return np.ascontiguousarray(np.moveaxis(pictures, -1, self.channel_axis))

    def _channels_last(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of the same array as [..., H, W, C]."""
        if self.channel_axis == -1:
            return tuple(shape)
        return (*shape[:-3], *shape[-2:], shape[-3])

    def _codec(self) -> api.Codec:
        try:
            installed = registry.find_by_fingerprint(bytes.fromhex(self.fingerprint[:8]))
        except UnknownBundleError as error:
            raise self._missing(error) from None
        return api.shared_codec(installed)

    def _missing(self, error: UnknownBundleError) -> UnknownBundleError:
        return UnknownBundleError(
            str(error) if self.model is None else f"the array needs model '{self.model}': {error}"
        )

    def _with_mask(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [H, W, C] -> [H, W, C + 1] where pixels have no data, with an alpha of 0 there."""
        if self.no_data is None:
            return picture
        has_data = (picture != self.no_data).any(2)
        if has_data.all():
            return picture
        return np.dstack([picture, np.where(has_data, 255, 0).astype(np.uint8)])

    def _without_mask(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [H, W, 1 or 3], with alpha [H, W, 2 or 4], -> [H, W, 1 or 3]."""
        colours = np.ascontiguousarray(picture[..., : picture.shape[2] - 1 + picture.shape[2] % 2])
        if self.no_data is None:
            if colours.shape != picture.shape:
                raise ConfigError("the file has pixels without data; say which value is no_data")
            return colours
        # No pixel that has data may look as if it had none.
        nearest = self.no_data + 1 if self.no_data < 255 else self.no_data - 1
        alike = (colours == self.no_data).all(2)
        colours[alike] = nearest
        if colours.shape != picture.shape:
            colours[picture[..., -1] == 0] = self.no_data
        return colours


def encode(array: np.ndarray, model: str | None = None, **options: Any) -> bytes:
    """The bytes of a `.tfcomp` file with all pictures of an array.

    Args:
      array: [..., H, W, C] of the model's samples; of 8-bit RGB uint8, with 3 channels or 1.
      model: see `ArrayCodec`.
      options: likewise.

    Raises:
      CodecError: it cannot be compressed as it is.
    """
    return ArrayCodec(model, **options).encode(array)


def decode(
    data: bytes,
    shape: Sequence[int] | None = None,
    no_data: int | None = None,
    channel_axis: int = -1,
) -> np.ndarray:
    """The array of a `.tfcomp` file, with whichever installed model wrote it.

    Args:
      data: the file's bytes.
      shape: see `ArrayCodec.decode`.
      no_data: the value of pixels without data, as it was given to `encode`.
      channel_axis: likewise.

    Raises:
      CodecError: the file is damaged, or its model is not installed.
    """
    # The file says of which model it is.
    codec = ArrayCodec(None, no_data=no_data, channel_axis=channel_axis, fingerprint="0" * 64)
    return codec.decode(data, shape)


def _is_hex(text: str) -> bool:
    return set(text) <= set("0123456789abcdef")
