"""The entropy model of a code made of bits: Bernoulli probabilities chosen by context.

A bit's context is up to K bits of earlier passes, at its place or next to it (see sections.py).
While the transforms train, one probability a channel is enough to watch the rate. After that `fit`
chooses the contexts and counts zeros and ones on training pictures, and `freeze` turns the counts
into tables in integer arithmetic, the same on every machine. The tables have no symbols but 0 and
1, so no file, damaged or hostile, decodes to anything else.
"""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.passes import coding_passes
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy.integer_tables import PRECISION, bit_tables
from tfcomp.entropy_kinds.bits import context_search
from tfcomp.entropy_kinds.bits.coder import BitCoder
from tfcomp.entropy_kinds.bits.kind import KIND
from tfcomp.entropy_kinds.bits.layout import NOTHING, BitLayout
from tfcomp.entropy_kinds.prior import Prior

# Logits are trained in units of this, so that Adam's small steps reach rare bits in a short run.
_UNIT = 8.0


class BitPrior(Prior):
    """Probabilities of bits, the same at every quality.

    Args:
      sent: channels that each quality sends, rising; the last one is C.
      groups: channels of each group in coding order; they add up to C.
      checkerboard: how many of the first groups are coded in two passes.
      rows_per_stream: rows of the code that share a range coder stream.
      context_bits: K.
      backend: see `Prior`.
    """

    kind = KIND

    def __init__(
        self,
        sent: Sequence[int],
        groups: Sequence[int],
        checkerboard: int = 1,
        rows_per_stream: int = 32,
        context_bits: int = 6,
        backend: Any = None,
        name: str = "bit_prior",
    ) -> None:
        super().__init__(name, backend)
        self.sent, self.groups = tuple(sent), tuple(groups)
        self.checkerboard, self.rows_per_stream = int(checkerboard), int(rows_per_stream)
        self.channels, self.context_bits = self.sent[-1], int(context_bits)
        self.passes = coding_passes(self.groups, self.checkerboard)
        entries = sum(step.channels for step in self.passes)
        self.scaled_logits = self.add_weight(
            name="entropy_logits", shape=(self.channels,), initializer="zeros"
        )
        self.places = self._integers("places", (entries, self.context_bits), NOTHING)
        self.counts = self._integers("counts", (entries, 1 << self.context_bits, 2), 0)

    def _integers(self, name: str, shape: tuple[int, ...], value: int) -> tf.Variable:
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=keras.initializers.Constant(value),
            dtype="int32",
            trainable=False,
        )

    def sent_mask(self, quality: tf.Tensor) -> tf.Tensor:
        """Which channels are sent: int32 [B] -> float32 [B, 1, 1, C] of 0 and 1."""
        count = tf.gather(tf.constant(self.sent), quality - 1)
        return tf.cast(tf.range(self.channels) < count[:, None, None, None], tf.float32)

    def bits(self, code: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """Information of bits given their channel alone: an upper bound of what files spend.

        Args:
          code: float32 [B, h, w, C] in 0..1.
          quality: int32 [B].

        Returns:
          float32 [B], bits an image; differentiable.
        """
        logits = _UNIT * self.scaled_logits
        nats = code * tf.nn.softplus(-logits) + (1.0 - code) * tf.nn.softplus(logits)
        return tf.reduce_sum(nats * self.sent_mask(quality), (1, 2, 3)) / np.log(2.0)

    def fit(self, bits: np.ndarray) -> None:
        """Chooses contexts and counts bits.

        Args:
          bits: uint8 [N, h, w, C] of 0 and 1: codes of training pictures.
        """
        places, counts = context_search.search(bits, self.passes, self.context_bits)
        self.places.assign(places)
        self.counts.assign(counts.astype(np.int32))

    @property
    def layout(self) -> BitLayout:  # type: ignore[override]
        """The `BitLayout` of files."""
        contexts = tuple(tuple(int(place) for place in row) for row in np.asarray(self.places))
        return BitLayout(self.groups, self.checkerboard, self.rows_per_stream, self.sent, contexts)

    def freeze(self, gains: np.ndarray | None = None) -> dict[str, CdfTables]:
        """A table of "latents" for each context of each pass's channel, whatever the gains."""
        counts = np.asarray(self.counts).astype(np.int64).reshape(-1, 2)
        # The counts of zeros and of ones, each plus a half: Krichevsky, Trofimov 1981.
        zeros, total = 2 * counts[:, 0] + 1, 2 * counts.sum(1) + 2
        return {"latents": bit_tables(zeros * (1 << PRECISION) // total)}

    def coder(self, tables: dict[str, CdfTables]) -> BitCoder:
        return BitCoder(tables, self.layout, self._backend.CheckedCoder)

    def symbols(self, latents: np.ndarray) -> np.ndarray:
        """Features float32 [h, w, C], before the sigmoid -> int32 bits, 1 where positive."""
        return (latents > 0).astype(np.int32)


def make(settings: Any) -> BitPrior:
    """The prior of a model's config; see `EntropyKind.prior`."""
    return BitPrior(
        settings.sent,
        settings.groups,
        settings.checkerboard,
        settings.rows_per_stream,
        settings.context_bits,
    )
