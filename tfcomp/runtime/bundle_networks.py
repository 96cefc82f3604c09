"""The networks of one bundle: pictures to latents and back, padded and in tiles.

encode: samples -> padding -> encoder network -> latents
decode: latents -> decoder network -> crop -> samples
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from tfcomp.entropy_kinds.base import MAX_LATENT, EntropyCoder
from tfcomp.errors import BundleError, ConfigError, ImageError, UnknownBundleError
from tfcomp.networks.interpreter import Model, Network
from tfcomp.networks.padding import EdgePadded, padding_fits
from tfcomp.networks.tiles import run_tiled
from tfcomp.runtime.bundle import Bundle, look_file
from tfcomp.runtime.frame_latents import latent_size
from tfcomp.runtime.manifest import FAITHFUL
from tfcomp.runtime.options import positive_number, whole_number

Self = TypeVar("Self", bound="BundleNetworks")

# In pixels. For larger images a network gives its working memory back before the next one runs.
_LARGE = 4_000_000


class AbsurdLatentsError(BundleError):
    """The encoder network gives numbers that no file can hold."""


class BundleNetworks:
    """The networks and the entropy coder of a bundle.

    Attributes:
      bundle: the bundle, with its manifest.
    """

    def __init__(self, bundle: Bundle, num_threads: int | None = None) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self._manifest = manifest
        self._num_threads = num_threads

        self.encoder = Network(self._model(bundle.encoder, "encoder.tflite"), "encode", "latents")
        self.decoder = Network(self._model(bundle.decoder, "decoder.tflite"), "decode", "image")
        self.decoder_reach = manifest.decoder_reach
        self._looks: dict[str, Network] = {}
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
        return {**self._manifest.to_record(), **tuning, "source": self.bundle.source}

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
        """Raises ImageError where the model takes no picture, [H, W, channels], of this size."""
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

    @staticmethod
    def is_large(height: int, width: int) -> bool:
        """Whether networks give their working memory back before the next one runs."""
        return height * width > _LARGE

    def _latent_size(self, height: int, width: int) -> tuple[int, int]:
        return latent_size(height, width, self._manifest.stride)

    def encode_image(self, pixels: EdgePadded, quality: float) -> np.ndarray:
        """Samples [H, W, channels] -> latents [h, w, C] of the entropy coder's latent_dtype."""
        stride, dtype = self._manifest.stride, self._manifest.image.network_dtype
        height, width = self._latent_size(*pixels.shape[:2])
        shape = (height, width, self._manifest.channels)
        latents = np.empty(shape, self.entropy_coder.latent_dtype)
        level = self._manifest.network_quality(quality)
        run_tiled(
            lambda part: self.encoder.run(image=part.astype(dtype, copy=False), quality=level),
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
        """Integers [h, w, C] -> samples [H, W, channels] of the size (H, W), without padding."""
        stride, spec = self._manifest.stride, self._manifest.image
        pixels = np.empty((*size, spec.channels), spec.dtype)
        level = self._manifest.network_quality(quality)
        run_tiled(
            lambda part: spec.samples(
                self.decoder.run(latents=part.astype(np.int32), quality=level)
            ),
            latents,
            pixels,
            in_scale=1,
            out_scale=stride,
            reach=self.decoder_reach,
        )
        return pixels

    def with_look(self: Self, name: str | None) -> Self:
        """The same codec with another decoder for the same files.

        Args:
          name: of a look that the bundle has; None or "faithful" for the usual decoder.

        Raises:
          ConfigError: the bundle has no such look.
        """
        if name is None or name == FAITHFUL:
            return self
        looks = self._manifest.looks
        if name not in looks:
            known = ", ".join(self._manifest.look_names)
            raise ConfigError(f"model '{self._manifest.name}' has the look {known}, not '{name}'")
        if name not in self._looks:
            model = self._model(self.bundle.looks[name], look_file(name))
            self._looks[name] = Network(model, "decode", "image")
        return self._with(decoder=self._looks[name], decoder_reach=looks[name])

    def _with(self: Self, **changes: Any) -> Self:
        changed = object.__new__(type(self))
        changed.__dict__.update(self.__dict__, **changes)
        return changed

    def _require_own(self, fingerprint: bytes) -> Bundle:
        if fingerprint != self._manifest.short_fingerprint:
            raise UnknownBundleError(
                f"the file was written with model {fingerprint.hex()}, not with "
                f"'{self._manifest.name}' ({self._manifest.fingerprint[:8]}); name no model (in "
                "Python: tfcomp.decompress) and the right one is found among the installed ones"
            )
        return self.bundle
