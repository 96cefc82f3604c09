"""The rate's gradient: how decoded latents change the bits of latents decoded after them.

    decoded latents --context--> pass network --> means, scale indices --> bits of its symbols
          ^                                                                      |
          +------------------ derivative, backwards through the pass network ----+

A value costs its own bits, which rate-distortion optimised quantisation weighs
(tfcomp/bitstream/rate_distortion_quantizer.py). It is also context, which changes the bits of its
neighbours and of later channels. This is the gradient of the latter, in NumPy: the weights are read
from entropy.tflite, gradients pass straight through floors and roundings as in training, and bits
are interpolated linearly between two tables or two symbols.

Only squares that a pass codes are computed, so all passes of `cycle` together take 4,000
multiplications a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from tfcomp.bitstream.code_lengths import code_lengths, slope_by_table
from tfcomp.bitstream.passes import Pass, squares
from tfcomp.bitstream.rate_distortion_quantizer import BITS_OF_A_SQUARED_STEP
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.hyperprior.layout import CONTEXT_LIMIT, MEAN_UNITS, PASS_REACH, Layout
from tfcomp.errors import BundleError
from tfcomp.networks.frozen_layers import FrozenLayer
from tfcomp.networks.observing import observers

_BAND_PLACES = 16384  # latent places that are processed at a time, in whole rows

# symbols, scale indices -> bits by symbol, bits by index
_Slopes = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class RateGradient:
    """The gradient for one bundle.

    Args:
      layers: of each pass's network, in order: first, second, mean and scale
        (tfcomp/entropy_kinds/hyperprior/graph/networks.py).
      layout: of the sections.
      tables: of the latents.

    Raises:
      BundleError: the layers have other shapes.
    """

    def __init__(
        self, layers: Sequence[Sequence[FrozenLayer]], layout: Layout, tables: CdfTables
    ) -> None:
        passes = layout.passes
        self._seen = max(step.seen for step in passes)
        self._passes = [
            _PassNetwork(each, passes, number)
            for number, each in enumerate(layers)
            if passes[number].seen
        ]
        bits, self._lowest = code_lengths(tables)
        self._by_index = slope_by_table(bits).astype(np.float32)
        self._by_value = np.gradient(bits, axis=1).astype(np.float32)

    def __call__(self, decoded: np.ndarray, features: np.ndarray, quality: float) -> np.ndarray:
        """The direction in which decoded latents make other latents' bits fewer.

        Args:
          decoded: integers [h, w, C], in eighths of a step.
          features: float32 [h, w, F], of the hyper-synthesis.
          quality: from 1.

        Returns:
          float32 [h, w, channels that a later pass sees], in steps.
        """
        height, width, _ = decoded.shape
        for observer in observers:
            observer.multiplied(self.multiply_adds(height, width))
        found = np.zeros((height, width, self._seen), np.float32)
        rows = max(2, _BAND_PLACES // width // 2 * 2)
        for network in self._passes:
            for start in range(0, height, rows):
                band = slice(start, min(start + rows, height))
                network.add_gradient(found, decoded, features, band, quality, self._slopes)
        # A gradient of twice the bits that a squared step is worth moves a latent by one step.
        found *= np.float32(-MEAN_UNITS / (2 * BITS_OF_A_SQUARED_STEP))
        return found

    def multiply_adds(self, height: int, width: int) -> int:
        """Multiply-adds of one call on [height, width] latents, forwards and backwards."""
        return sum(network.multiply_adds(height, width) for network in self._passes)

    def _slopes(self, symbols: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slopes of the bits by symbol and by index, integers of one shape; 0 where not coded."""
        place = np.clip(symbols - self._lowest, 0, self._by_value.shape[1] - 1)
        coded = index > 0
        return self._by_value[index, place] * coded, self._by_index[index, place] * coded


class _PassNetwork:
    """The networks of one pass, forwards and backwards.

    Args:
      layers: of this pass.
      passes: all of the layout's.
      number: which of them.
    """

    def __init__(
        self, layers: Sequence[FrozenLayer], passes: tuple[Pass, ...], number: int
    ) -> None:
        self._pass = passes[number]
        side, hidden = 2 * PASS_REACH + 1, layers[0].kernel.shape[-1]
        inputs = max(layers[0].kernel.shape[2], 2 * self._pass.seen)
        heads = [(1, 1, hidden, self._pass.channels)] * 2
        shapes = [(side, side, inputs, hidden), (1, 1, hidden, hidden), *heads]
        if [layer.kernel.shape for layer in layers] != shapes:
            raise BundleError(
                f"entropy.tflite has other layers than feedback knows in its pass {number}; "
                "export the bundle again"
            )
        self._first, self._second = layers[:2]
        # Means go below 0.
        self._mean, self._scale = sorted(layers[2:], key=lambda layer: layer.low)
        self._before = [step for step in passes[:number] if step.start == self._pass.start]

    def add_gradient(
        self,
        found: np.ndarray,
        decoded: np.ndarray,
        features: np.ndarray,
        band: slice,
        quality: float,
        slopes: _Slopes,
    ) -> None:
        """Adds the gradient of the pass's bits in a band of rows, by decoded values in eighths.

        The band begins on an even row. `RateGradient` describes the other arguments.
        """
        step, reach = self._pass, PASS_REACH
        rows = slice(max(0, band.start - reach), min(len(decoded), band.stop + reach))
        visible = self._visible(rows, decoded.shape[1])
        values = decoded[rows, :, : step.seen] * visible
        context = np.clip(values, -CONTEXT_LIMIT, CONTEXT_LIMIT).astype(np.float32)
        inputs = np.concatenate([features[rows], np.abs(context), context], axis=-1)
        top, bottom = reach - (band.start - rows.start), reach - (rows.stop - band.stop)
        inputs = np.pad(inputs, ((top, bottom), (reach, reach), (0, 0)), mode="edge")
        padded = inputs.shape[:2]
        inputs = inputs.reshape(-1, inputs.shape[-1])

        coded = squares(band.stop - band.start, decoded.shape[1], step)
        corners = np.ravel_multi_index(np.nonzero(coded), padded)  # of what each square looks at
        across = range(2 * reach + 1)
        taps = [
            (corners + dy * padded[1] + dx, self._first.kernel[dy, dx])
            for dy in across
            for dx in across
        ]
        sums = sum(inputs[places] @ kernel for places, kernel in taps)
        own = decoded[band, :, step.start : step.start + step.channels][coded]
        by_sums = self._by_sums(sums, own, quality, slopes)
        gradient = np.zeros((len(inputs), 2 * step.seen), np.float32)
        for places, kernel in taps:
            gradient[places] += by_sums @ kernel[-2 * step.seen :].T
        gradient = _without_padding(gradient.reshape(*padded, -1), top, bottom, reach)
        by_value = gradient[..., step.seen :] + np.sign(context) * gradient[..., : step.seen]
        by_value *= visible & _inwards(values, by_value, -CONTEXT_LIMIT, CONTEXT_LIMIT)
        found[rows, :, : step.seen] += by_value

    def _by_sums(
        self, sums: np.ndarray, own: np.ndarray, quality: float, slopes: _Slopes
    ) -> np.ndarray:
        """The gradient of the squares' bits by the sums of the first layer.

        sums: float32 [squares, hidden]. own: the decoded values, integers [squares, channels].
        """
        first = _Output(self._first, sums, quality)
        second = _Output(self._second, first.value @ self._second.kernel[0, 0], quality)
        mean, scale = (
            _Output(layer, second.value @ layer.kernel[0, 0], quality)
            for layer in (self._mean, self._scale)
        )

        symbols = (own - mean.value.astype(np.int32)) // MEAN_UNITS
        by_symbol, by_index = slopes(symbols, scale.value.astype(np.int32))
        by_hidden = mean.inputs_gradient(by_symbol * np.float32(-1 / MEAN_UNITS))
        by_hidden += scale.inputs_gradient(by_index)
        return first.sums_gradient(second.inputs_gradient(by_hidden))

    def multiply_adds(self, height: int, width: int) -> int:
        """Multiply-adds of the pass on [height, width] latents."""
        ways = self._first.kernel[..., -2 * self._pass.seen :, :].size + self._first.kernel.size
        ways += 2 * sum(each.kernel.size for each in (self._second, self._mean, self._scale))
        return int(squares(height, width, self._pass).sum()) * ways

    def _visible(self, rows: slice, width: int) -> np.ndarray:
        """Which values are decoded when the pass begins: bool [rows, width, channels seen]."""
        step = self._pass
        visible = np.ones((rows.stop - rows.start, width, step.seen), bool)
        places = np.arange(rows.start, rows.stop)[:, None], np.arange(width)
        mine = [before.codes(*places) for before in self._before]
        if step.goes_on:
            visible[..., step.start :] = np.any(mine, axis=0)[..., None]
        return visible


class _Output:
    """The output of a layer on some squares.

    Args:
      layer: the layer.
      sums: float32 integers [squares, outputs], before the bias.
      quality: from 1.

    Attributes:
      value: float32 integers [squares, outputs].
    """

    def __init__(self, layer: FrozenLayer, sums: np.ndarray, quality: float) -> None:
        bias = bias_at(layer.bias, quality)
        self._unbounded = np.floor((sums + bias) * np.float32(layer.factor))
        self.value = np.clip(self._unbounded, np.float32(layer.low), np.float32(layer.high))
        self._layer = layer

    def sums_gradient(self, upstream: np.ndarray) -> np.ndarray:
        """The gradient by the value -> by the sums; both float32 [squares, outputs]."""
        inwards = _inwards(self._unbounded, upstream, self._layer.low, self._layer.high)
        return upstream * inwards * np.float32(self._layer.factor)

    def inputs_gradient(self, upstream: np.ndarray) -> np.ndarray:
        """The gradient by the value -> by the inputs, of a layer that looks at one square."""
        return self.sums_gradient(upstream) @ self._layer.kernel[0, 0].T


def bias_at(bias: np.ndarray, quality: float) -> np.ndarray:
    """The bias of a quality: integers [levels or 1, outputs] -> [outputs], as networks have it."""
    level = min(quality, len(bias))
    below = math.floor(level)
    part = level - below
    low, high = bias[below - 1], bias[min(below, len(bias) - 1)]
    return np.floor(low * (1 - part) + high * part + 0.5) if part else low


def _inwards(values: np.ndarray, gradient: np.ndarray, low: float, high: float) -> np.ndarray:
    """Which gradients pass a clip, bool: outside its bounds only those that lead back inside.

    As in training, where `clip` of tfcomp/entropy/integer_layers.py does the same.
    """
    return ((values > low) | (gradient < 0)) & ((values < high) | (gradient > 0))


def _without_padding(gradient: np.ndarray, top: int, bottom: int, sides: int) -> np.ndarray:
    """The gradient by values whose edges were repeated, summed up to their unpadded shape."""
    for axis, (first, last) in enumerate(((top, bottom), (sides, sides))):
        whole = np.moveaxis(gradient, axis, 0)
        inner = whole[first : len(whole) - last]
        inner[0] += whole[:first].sum(axis=0)
        inner[-1] += whole[len(whole) - last :].sum(axis=0)
        gradient = np.moveaxis(inner, 0, axis)
    return gradient
