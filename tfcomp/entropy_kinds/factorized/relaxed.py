"""What a decoder sees of relaxed latents of a factorized kind, and how many bits they cost."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.base import BundleParts
from tfcomp.entropy_kinds.relaxed.code_length import CodeLength
from tfcomp.entropy_kinds.relaxed.rounding import relaxed_round


class FactorizedLatents:
    """One variable: latents [h, w, C] in steps."""

    def __init__(self, tables: CdfTables, channels: int, quality: int) -> None:
        self._channels = channels
        self._code_length = CodeLength(tables, (quality - 1) * channels, channels)

    def variables(self, latents: np.ndarray) -> List[np.ndarray]:
        """Unrounded latents float32 [h, w, C] -> where descent starts."""
        return [latents]

    def relax(self, variables: Sequence[Any], temperature: Any, seed: Any) -> Tuple[Any, Any]:
        """The decoder's input float32 [1, h, w, C] and the bits of the file, a scalar."""
        symbols = relaxed_round(variables[0], temperature, seed)
        index = tf.broadcast_to(tf.range(float(self._channels)), tf.shape(symbols))
        return symbols[None], tf.reduce_sum(self._code_length(symbols, index))


def make(bundle: BundleParts, quality: int) -> FactorizedLatents:
    """The latents of a bundle; see `EntropyKind.relaxed`."""
    return FactorizedLatents(bundle.tables["latents"], bundle.manifest.channels, quality)
