"""An entropy model of a SavedModel: latents to the streams of a file's sections, and back.

Everything runs on the CPU: a GPU's convolutions need not be exact on integers (reduced precision,
Winograd's algorithm), and the decoder must choose exactly the encoder's tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

Sections = Sequence[tf.RaggedTensor]  # the streams of each, uint8 ragged [streams, (bytes)]
Coded = tuple[tuple[tf.RaggedTensor, ...], tf.Tensor]
Decoded = tuple[tf.Tensor, tf.Tensor]


def one_stream_per_row(quality: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """The `graph_container.StreamCounts` of a single section with a stream for every latent row."""
    del quality
    return (rows,)


def no_networks(prior: Any, half: bool) -> None:
    """`networks` of a kind without entropy.tflite; see `EntropyKind.graph`."""


class GraphEntropy(tf.Module):
    """An entropy model for `savedmodel.CodecModule`.

    Subclasses define `channels`, `stream_counts`, and `_encode` and `_decode`, which have the
    arguments and the results of `encode` and `decode`; each says what its latents are.
    """

    @property
    def channels(self) -> int:
        """Channels of the latents, C."""
        raise NotImplementedError

    @property
    def quality_steps(self) -> int:
        """Qualities from one level to the next; 1 for whole levels only."""
        return 1

    def stream_counts(self, quality: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """See `graph_container.Format`."""
        raise NotImplementedError

    def encode(self, latents: tf.Tensor, quality: tf.Tensor) -> Coded:
        """Writes latents.

        Args:
          latents: [1, h, w, C], as the analysis gives them.
          quality: int32 scalar, as networks take it: from 1, or in steps from 0.

        Returns:
          the streams of each section, uint8 ragged [streams, (bytes)], and a bool scalar: False
          where the latents cannot be written and the streams mean nothing.
        """
        with tf.device("/CPU:0"):
            return self._encode(latents, quality)

    def decode(
        self, sections: Sections, quality: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> Decoded:
        """Reads what `encode` writes.

        Args:
          sections: as `encode` returns them.
          quality: int32 scalar, as networks take it: from 1, or in steps from 0.
          rows: int32 scalar.
          columns: int32 scalar.

        Returns:
          latents int32 [1, rows, columns, C], as the synthesis takes them, and a bool scalar: False
          where no encoder writes such streams and the latents mean nothing.
        """
        with tf.device("/CPU:0"):
            return self._decode(sections, quality, rows, columns)

    def _encode(self, latents: tf.Tensor, quality: tf.Tensor) -> Coded:
        raise NotImplementedError

    def _decode(
        self, sections: Sections, quality: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor
    ) -> Decoded:
        raise NotImplementedError
