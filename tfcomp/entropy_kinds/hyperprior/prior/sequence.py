"""The networks of frames that depend on the frame before them, one a pass.

    change, hyper --3x3--+
    |d|, scale index ----+--> first --> second --+--> gate g, 0 to 16 --+
                                                 |        ^             +--> mean, scale index
                      |d|, scale index of a      |        |             |
                      channel, by itself --------+--> units of a -------+
                                                      channel
    d    = the frame before - the mean of the pass's own network, clipped
    mean = that mean + floor((g d + 8) / 16)

Where nothing moves g is 16 and the scale index low: the mean is the very value of the frame before.
What tells whether something moves are the differences of what this frame has decoded so far
(`change`), and of the hyper-latents. Scale indices begin as those of the pass's own network.

Means of dense networks could not repeat the frame before: it has more channels than they have
hidden ones. So each channel has a few units of its own, which see its own d.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.bitstream.passes import Pass
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy.backend import backend as entropy_backend
from tfcomp.entropy.integer_layers import IntegerConv, straight_through
from tfcomp.entropy_kinds.hyperprior.layout import CONTEXT_LIMIT, HYPER_STRIDE, SEQUENCE_TABLES
from tfcomp.entropy_kinds.hyperprior.prior.scale_ladder import ScaleLadder

UNITS = 4  # of each channel
GATE = 16.0  # "all of the frame before"
DIFFERENCE_LIMIT = 16384.0  # which float16 holds: constants may be stored so
# Of hyper-latents' differences and scale indices as networks see them.
HYPER_CHANGE_UNITS, INDEX_UNITS = 32.0, 4.0
# Deviations of hyper-latents' differences before they are counted.
_HYPER_DEVIATION = 0.25


class SequenceNetworks(keras.layers.Layer):
    """A network for each pass, and densities of their own.

    Args:
      passes: as the layout has them.
      hyper_channels: of the hyper-latents.
      hidden: channels inside each network.
      qualities: how many there are.
      ladder: the densities of single pictures.
      backend: see `ScaleLadder`.
    """

    def __init__(
        self,
        passes: Sequence[Pass],
        hyper_channels: int,
        hidden: int,
        qualities: int,
        ladder: ScaleLadder,
        backend: Any = None,
        name: str = "sequence",
    ) -> None:
        super().__init__(name=name, dtype="float32")
        self.ladder = ScaleLadder(ladder.heavy_tails, ladder.skipped, backend, "sequence_ladder")
        self._entropy_backend, self._qualities = entropy_backend(backend), qualities
        self._hyper_channels = hyper_channels
        self.pass_layers = [
            self._pass_layers(f"sequence_pass_{number}", step, hyper_channels, hidden)
            for number, step in enumerate(passes)
        ]

    def _pass_layers(
        self, name: str, step: Pass, hyper_channels: int, hidden: int
    ) -> dict[str, IntegerConv]:
        size, q = step.channels, self._qualities
        own = 2 * size
        layers = {
            "first": IntegerConv(
                step.seen + hyper_channels + own, hidden, 3, q, pointwise=own, name=name + "_first"
            ),
            "second": IntegerConv(hidden, hidden, 1, name=name + "_second"),
            "units": IntegerConv(
                hidden, UNITS * size, 1, q, gain=0.5, channelwise=2, name=name + "_units"
            ),
            "gate": IntegerConv(
                *(hidden, size, 1, q),
                high=GATE,
                gain=0.1,
                channelwise=UNITS,
                name=name + "_gate",
            ),
            "scale": IntegerConv(
                *(hidden, size, 1, q),
                high=self.ladder.count - 1.0,
                gain=0.1,
                channelwise=UNITS + 1,
                name=name + "_scale",
            ),
        }
        draw = keras.initializers.TruncatedNormal(stddev=0.4, seed=1)
        as_before = np.zeros((UNITS + 1, size), np.float32)
        as_before[-1] = 1.0 / INDEX_UNITS
        first = {"units": draw((2, UNITS * size)), "scale": as_before}
        for name, values in first.items():
            kernel = layers[name].channel_kernel
            assert kernel is not None
            kernel.assign(values)
        layers["gate"].bias.assign(tf.fill(layers["gate"].bias.shape, 0.6))
        return layers

    def parameters(
        self,
        number: int,
        own: tuple[tf.Tensor, tf.Tensor],
        change: tf.Tensor,
        before: tf.Tensor,
        quality: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Means and scale indices of a pass, as `Hyperprior.parameters` gives them.

        Args:
          number: of the pass, from 0.
          own: means and scale indices of the pass's own network, float32 [B, h, w, channels].
          change: float32 [B, h, w, seen + Cz]: see frame_before.py.
          before: float32 [B, h, w, channels], of the frame before, in eighths of a step.
          quality: int32 [B].
        """

        def apply(name: str, inputs: Sequence[tf.Tensor], own: Sequence[tf.Tensor] = ()) -> Any:
            layer = self.pass_layers[number][name]
            return layer.convolve(tf.concat(inputs, -1), quality, own)

        seen = change.shape[-1] - self._hyper_channels
        return combine(apply, _floor_straight_through, own, change, before, seen)

    def change(
        self, step: Pass, decoded: tf.Tensor, before: tf.Tensor, hyper_change: tf.Tensor
    ) -> tf.Tensor:
        """What has changed since the frame before: see frame_before.py.

        Args:
          step: the pass.
          decoded: float32 [B, h, w, seen], of this frame, in eighths of a step.
          before: float32 [B, h, w, C], of the frame before, likewise.
          hyper_change: float32 [B, zh, zw, Cz].
        """
        height, width = tf.shape(before)[1], tf.shape(before)[2]
        change = decoded - before[..., : step.seen]
        if step.goes_on:
            known = step.knows(tf.range(height)[:, None], tf.range(width))
            mine = change[..., step.start :] * tf.cast(known, tf.float32)[None, :, :, None]
            change = tf.concat([change[..., : step.start], mine], -1)
        for axis in (1, 2):
            hyper_change = tf.repeat(hyper_change, HYPER_STRIDE, axis)
        return tf.concat([change, hyper_change[:, :height, :width]], -1)

    def freeze(self) -> dict[str, CdfTables]:
        """Tables by name; those of hyper-latents' differences know nothing yet."""
        narrow = np.full(self._qualities * self._hyper_channels, _HYPER_DEVIATION, np.float32)
        hyper = self._entropy_backend.gaussian_tables(narrow)
        return dict(zip(SEQUENCE_TABLES, (hyper, self.ladder.freeze())))


def _floor_straight_through(x: tf.Tensor) -> tf.Tensor:
    return straight_through(x, tf.floor(x))


def combine(
    apply: Callable[..., tf.Tensor],
    floor: Callable[[tf.Tensor], tf.Tensor],
    own: tuple[tf.Tensor, tf.Tensor],
    change: tf.Tensor,
    before: tf.Tensor,
    seen: int,
) -> tuple[tf.Tensor, tf.Tensor]:
    """What a pass's network does, of layers in training or frozen ones.

    Args:
      apply: (name of a layer, its inputs, its channelwise inputs) -> integers.
      floor: with a gradient, in training.
      own: see `SequenceNetworks.parameters`.
      change: likewise.
      before: likewise.
      seen: channels of decoded values in `change`.
    """
    mean, index = own
    difference = tf.clip_by_value(before - mean, -DIFFERENCE_LIMIT, DIFFERENCE_LIMIT)
    size = tf.minimum(tf.abs(difference), float(CONTEXT_LIMIT))
    change = tf.minimum(tf.abs(change), float(CONTEXT_LIMIT))
    hyper = tf.minimum(change[..., seen:] * HYPER_CHANGE_UNITS, float(CONTEXT_LIMIT))
    near = tf.concat([change[..., :seen], hyper], -1) if seen else hyper  # LiteRT has no empty one
    pointwise = tf.concat([size, index * INDEX_UNITS], -1)
    x = apply("second", [apply("first", [near, pointwise])])
    tiled = [tf.concat([each] * UNITS, -1) for each in (index * INDEX_UNITS, size)]
    units = tf.split(apply("units", [x], tiled), UNITS, -1)
    gate = apply("gate", [x], units)
    mean += floor((gate * difference + GATE / 2) / GATE)
    return mean, apply("scale", [x], [*units, index * INDEX_UNITS])
