"""Latents to the sections of a file and back, with the frozen tables of a bundle.

One class for each kind of entropy model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfcomp.bitstream import bit_sections, hyperprior_sections, range_coder
from tfcomp.bitstream.bit_layout import BitLayout
from tfcomp.bitstream.hyperprior_sections import Layout
from tfcomp.bitstream.rows import pack_rows, unpack_rows
from tfcomp.bitstream.tables import CdfTables
from tfcomp.errors import BitstreamError, BundleError, CodecError
from tfcomp.runtime.integer_networks import IntegerNetworks

if TYPE_CHECKING:
    from tfcomp.runtime.manifest import Manifest

# Beyond this float32, which the networks compute in, does not hold every integer. No image leads
# there.
MAX_LATENT = 2**24

# Rows are independent, so a large image needs the coder's working memory for a few of them only.
_ROWS_AT_ONCE = 16


class FactorizedCoder:
    """Every channel has one table per quality level; elements are coded independently.

    Ballé, Laparra, Simoncelli, "End-to-end Optimized Image Compression", ICLR 2017. The table of
    channel c at quality q (from 1) is number (q - 1) * channels + c. One section, "latents", with
    one stream per latent row, so that rows can be decoded side by side.
    """

    section_names: tuple[str, ...] = ("latents",)
    latent_dtype = np.int32

    def __init__(self, tables: Mapping[str, CdfTables], qualities: int, channels: int) -> None:
        self._tables = tables["latents"]
        self._channels = channels
        _check_count(self._tables, qualities * channels)

    def encode(self, latents: np.ndarray, quality: int) -> tuple[bytes, ...]:
        """int32 [h, w, channels] -> the file's sections."""
        height, width, _ = latents.shape
        rows = latents.reshape(height, width * self._channels)
        index = self._row_index(width, quality)
        streams: list[bytes] = []
        for start in range(0, height, _ROWS_AT_ONCE):
            block = rows[start : start + _ROWS_AT_ONCE]
            streams += range_coder.encode_rows(block, index, self._tables)
        return (pack_rows(streams),)

    def decode(
        self, sections: Sequence[bytes], quality: int, height: int, width: int
    ) -> np.ndarray:
        """The file's sections -> int32 [height, width, channels].

        Raises:
          BitstreamError: the file is damaged.
        """
        streams = unpack_rows(sections[0], height)
        index = self._row_index(width, quality)
        rows = np.empty((height, width * self._channels), np.int32)
        for start in range(0, height, _ROWS_AT_ONCE):
            block = streams[start : start + _ROWS_AT_ONCE]
            decoded = range_coder.decode_rows(block, index, self._tables)
            if decoded.min() < -MAX_LATENT or decoded.max() > MAX_LATENT:
                raise BitstreamError("the file holds impossible latents; get an undamaged copy")
            rows[start : start + _ROWS_AT_ONCE] = decoded
        return rows.reshape(height, width, self._channels)

    def release(self) -> None:
        """Gives back working memory: there is none that outlasts a call."""

    def _row_index(self, width: int, quality: int) -> np.ndarray:
        first = (quality - 1) * self._channels
        return np.tile(np.arange(first, first + self._channels, dtype=np.int32), width)


class HyperpriorCoder:
    """Tables chosen value by value, by networks that see side information and what is decoded.

    See tfcomp/bitstream/hyperprior_sections.py for the sections and their order.
    """

    section_names: tuple[str, ...] = hyperprior_sections.SECTION_NAMES
    latent_dtype = np.float32

    def __init__(
        self,
        tables: Mapping[str, CdfTables],
        layout: Layout,
        networks: IntegerNetworks,
        qualities: int,
    ) -> None:
        self.tables = tables
        self.layout = layout
        self.networks = networks
        _check_count(tables["hyper_latents"], qualities * layout.hyper_channels)

    def encode(self, latents: np.ndarray, quality: int, **choices: Any) -> tuple[bytes, ...]:
        """float32 [h, w, channels], in quantisation steps -> the file's sections.

        Args:
          latents: float32 [h, w, channels], in quantisation steps.
          quality: from 1.
          choices: hyper_latents, thresholds, distortion_weight of `hyperprior_sections.encode`.
        """
        with _tables_are_there():
            return hyperprior_sections.encode(
                latents, quality, self.networks, self.tables, self.layout, range_coder, **choices
            )

    def encode_and_decode(
        self, latents: np.ndarray, quality: int, distortion_weight: float | None = None
    ) -> tuple[tuple[bytes, ...], np.ndarray]:
        """What `encode` gives, and what `decode` makes of that."""
        with _tables_are_there():
            return hyperprior_sections.encode_and_decode(
                latents,
                quality,
                self.networks,
                self.tables,
                self.layout,
                range_coder,
                distortion_weight=distortion_weight,
            )

    def decode(
        self, sections: Sequence[bytes], quality: int, height: int, width: int
    ) -> np.ndarray:
        """The file's sections -> int16 or int32 [height, width, channels], in eighths of a step.

        Raises:
          BitstreamError: the file is damaged.
        """
        with _tables_are_there():
            return hyperprior_sections.decode(
                sections,
                quality,
                height,
                width,
                self.networks,
                self.tables,
                self.layout,
                range_coder,
            )

    def release(self) -> None:
        """Gives back the networks' working memory."""
        self.networks.release()


class BitCoder:
    """Latents that are bits, with tables chosen by the bits around them that are known before.

    See tfcomp/bitstream/bit_sections.py for the section and its order.
    """

    section_names: tuple[str, ...] = bit_sections.SECTION_NAMES
    latent_dtype = np.int32

    def __init__(self, tables: Mapping[str, CdfTables], layout: BitLayout) -> None:
        self._tables = tables
        self._layout = layout
        _check_count(tables["latents"], len(layout.contexts) << layout.context_bits)

    def encode(self, latents: np.ndarray, quality: int) -> tuple[bytes, ...]:
        """int32 [h, w, channels] of 0 and 1 -> the file's sections."""
        if latents.min() < 0 or latents.max() > 1:
            raise BundleError("encoder.tflite gives other latents than bits; export it again")
        return bit_sections.encode(latents, quality, self._tables, self._layout, range_coder)

    def decode(
        self, sections: Sequence[bytes], quality: int, height: int, width: int
    ) -> np.ndarray:
        """The file's sections -> int32 [height, width, channels].

        Raises:
          BitstreamError: the file is damaged.
        """
        return bit_sections.decode(
            sections, quality, height, width, self._tables, self._layout, range_coder
        )

    def release(self) -> None:
        """There is nothing to give back."""


SECTION_NAMES: dict[str, tuple[str, ...]] = {
    "factorized": FactorizedCoder.section_names,
    "hyperprior": HyperpriorCoder.section_names,
    "bits": BitCoder.section_names,
}


@contextlib.contextmanager
def _tables_are_there() -> Iterator[None]:
    """The networks of a hyperprior choose tables by number: how many there must be, only they know.

    What a file or a picture is to blame for is a CodecError already.
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


def check_tables(tables: Mapping[str, CdfTables], manifest: Manifest) -> None:
    """Raises BundleError where a bundle's tables are not as many as its manifest asks for."""
    latents, layout, bits = tables["latents"], manifest.layout, manifest.bit_layout
    if bits is not None:
        _check_count(latents, len(bits.contexts) << bits.context_bits)
    elif layout is not None:
        _check_count(tables["hyper_latents"], manifest.qualities * layout.hyper_channels)
    else:
        _check_count(latents, manifest.qualities * manifest.channels)


def _check_count(tables: CdfTables, wanted: int) -> None:
    if tables.count != wanted:
        raise BundleError(
            f"tables.npz has {tables.count} tables where the manifest asks for {wanted}; "
            "export the bundle again"
        )
