"""The sections of a hyperprior, written and read with a bundle's tables and networks."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.passes import Coder
from tfcomp.bitstream.rows import stream_ends
from tfcomp.entropy_kinds.base import Tables, check_count
from tfcomp.entropy_kinds.hyperprior import sections as hyperprior_sections
from tfcomp.entropy_kinds.hyperprior.frame_before import FrameBefore
from tfcomp.entropy_kinds.hyperprior.layout import Layout
from tfcomp.entropy_kinds.hyperprior.networks import IntegerNetworks
from tfcomp.entropy_kinds.hyperprior.rate_gradient import RateGradient
from tfcomp.errors import BundleError, CodecError
from tfcomp.quality import nearest_level


class HyperpriorCoder:
    """Networks that see side information and decoded values choose a table for each value.

    sections.py describes the sections and their order.

    Attributes:
      networks: of the bundle; other `Networks` serve as well, but for `rate_gradient`.
    """

    latent_dtype = np.float32
    _before: FrameBefore | None = None

    def __init__(
        self,
        tables: Tables,
        layout: Layout,
        networks: IntegerNetworks | Any,
        qualities: int,
        coder: Coder | Any = range_coder,
    ) -> None:
        self.networks = networks
        self._tables, self._layout = tables, layout
        self._held = networks, tables, layout, coder
        check_count(tables["hyper_latents"], qualities * layout.hyper_channels)

    def after(self, before: FrameBefore) -> HyperpriorCoder:
        """The coder of frames that depend on a frame; it shares networks with this one."""
        found = copy.copy(self)
        found._before = before
        return found

    def encode(self, latents: np.ndarray, quality: float, **choices: Any) -> tuple[bytes, ...]:
        """The file's sections.

        Args:
          latents: float32 [h, w, channels], in quantisation steps.
          quality: from 1.
          choices: hyper_latents, thresholds, distortion_weight; see `encode_and_decode` in
            sections.py.
        """
        with _tables_are_there():
            return hyperprior_sections.encode(
                latents, quality, *self._held, before=self._before, **choices
            )

    def encode_and_decode(
        self, latents: np.ndarray, quality: float, distortion_weight: float | None = None
    ) -> tuple[tuple[bytes, ...], np.ndarray]:
        """What `encode` gives, and what `decode` makes of that."""
        with _tables_are_there():
            return hyperprior_sections.encode_and_decode(
                *(latents, quality, *self._held),
                distortion_weight=distortion_weight,
                before=self._before,
            )

    def rate_gradient(self, latents: np.ndarray, decoded: np.ndarray, quality: float) -> np.ndarray:
        """In which direction decoded latents make other latents' bits fewer: see `RateGradient`.

        Args:
          latents: float32 [h, w, channels], in steps.
          decoded: integers [h, w, channels], as `encode_and_decode` gives them.
          quality: from 1.

        Returns:
          float32 [h, w, channels that a later pass sees], in steps.
        """
        hyper = self.networks.hyper_analysis(latents, quality)
        features = self.networks.hyper_synthesis(hyper, quality)
        return self._rate_gradient(decoded, features[: len(latents), : latents.shape[1]], quality)

    @cached_property
    def _rate_gradient(self) -> RateGradient:
        layers = [self.networks.pass_layers(number) for number in range(len(self._layout.passes))]
        return RateGradient(layers, self._layout, self._tables["latents"])

    def decode(
        self,
        sections: Sequence[bytes],
        quality: float,
        height: int,
        width: int,
        partial: bool = False,
        first_channels: int | None = None,
    ) -> np.ndarray:
        """The file's sections -> int16 or int32 [height, width, channels], in eighths of a step.

        With `partial` the second section may break off: values that are missing are their means.
        With `first_channels` only the passes that code these are decoded; the rest is 0.

        Raises:
          BitstreamError: the file is damaged.
        """
        choices = {"partial": partial, "first_channels": first_channels}
        return self.decode_frame(sections, quality, height, width, **choices).latents

    def decode_frame(
        self, sections: Sequence[bytes], quality: float, height: int, width: int, **choices: Any
    ) -> FrameBefore:
        """What `decode` gives, with all that a further frame may depend on.

        `choices` are those of `decode`.
        """
        with _tables_are_there():
            return hyperprior_sections.decode_frame(
                sections, quality, height, width, *self._held, before=self._before, **choices
            )

    def pass_ends(
        self, section: bytes, quality: float, height: int, width: int
    ) -> np.ndarray | None:
        """See `EntropyCoder.pass_ends`."""
        stripes = -(-height // self._layout.rows_per_stream[nearest_level(quality) - 1])
        ends = stream_ends(section, stripes * len(self._layout.passes))
        return None if ends is None else ends[stripes - 1 :: stripes]

    def shown_quality(self, section: bytes, quality: float, height: int, width: int) -> float:
        """See `EntropyCoder.shown_quality`."""
        return quality

    def release(self) -> None:
        """Gives back the networks' working memory."""
        self.networks.release()


@contextlib.contextmanager
def _tables_are_there() -> Iterator[None]:
    """Turns errors about missing tables into BundleError.

    The networks choose tables by number, and only they know how many they need. Faults of a file or
    of a picture are CodecErrors already.
    """
    try:
        yield
    except CodecError:
        raise
    except (ValueError, IndexError) as error:
        raise BundleError(
            f"entropy.tflite asks for tables that tables.npz lacks ({error}); "
            "export the bundle again"
        ) from None
