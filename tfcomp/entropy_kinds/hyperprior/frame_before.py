"""What a dependent frame takes from the frame before it, and what its networks see of that.

    hyper_latents  each value's difference from the frame before, tables "sequence_hyper_latents"
    latents        as in any picture, tables "sequence_latents", but with means and scale indices
                   of a second network a pass (`sequence_pass_0` ...), which sees, of each place,

        change     decoded values minus those of the frame before, of the channels that the pass
                   sees, clipped to +-CONTEXT_LIMIT; 0 where this frame has nothing decoded yet
        hyper      the differences of the hyper-latents at the place (y / 2, x / 2), likewise
        own        of the pass's channels: mean and scale index of the pass's own network, then the
                   values of the frame before
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tfcomp.bitstream.passes import Pass
from tfcomp.entropy_kinds.hyperprior.layout import CONTEXT_LIMIT, HYPER_STRIDE


class FrameBefore(NamedTuple):
    """A decoded frame.

    Attributes:
      latents: int16 or int32 [h, w, C], in eighths of a step.
      hyper_latents: int32 [ceil(h/2), ceil(w/2), Cz].
    """

    latents: np.ndarray
    hyper_latents: np.ndarray


class SeenOfBefore:
    """What the networks of one frame see of the frame before it.

    Args:
      before: that frame.
      hyper_latents: int32 [ceil(h/2), ceil(w/2), Cz] of this frame.
    """

    def __init__(self, before: FrameBefore, hyper_latents: np.ndarray) -> None:
        height, width, _ = before.latents.shape
        self._before = before.latents
        change = _clipped(hyper_latents - before.hyper_latents)
        for axis in (0, 1):
            change = change.repeat(HYPER_STRIDE, axis)
        self._hyper_change = change[:height, :width]

    def inputs(
        self, step: Pass, parameters: np.ndarray, decoded: np.ndarray, rows: slice
    ) -> np.ndarray:
        """The inputs of a pass's second network.

        Args:
          step: the pass.
          parameters: int32 [rows, w, 2 * channels], of its own network.
          decoded: [h, w, C], what is decoded of this frame.
          rows: which rows, with explicit ends.

        Returns:
          float32 [rows, w, seen + Cz + 3 * channels].
        """
        before = self._before[rows]
        now = decoded[rows, :, : step.seen]
        change = np.subtract(now, before[..., : step.seen], dtype=np.int32)
        if step.goes_on:
            squares = np.arange(rows.start, rows.stop)[:, None], np.arange(change.shape[1])
            change[..., step.start :] *= step.knows(*squares)[..., None]
        own = before[..., step.start : step.start + step.channels]
        parts = [_clipped(change), self._hyper_change[rows], parameters, own]
        return np.concatenate(parts, axis=-1, dtype=np.float32)


def _clipped(values: np.ndarray) -> np.ndarray:
    return np.clip(values, -CONTEXT_LIMIT, CONTEXT_LIMIT).astype(np.int16)
