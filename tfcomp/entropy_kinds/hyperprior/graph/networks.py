"""The integer networks of a trained hyperprior as a plain module of stock operations.

    hyper_analysis   latents in steps -> z, rounded                        (encoder only; inexact)
    hyper_synthesis  z -> features                                         (exact)
    pass_0, pass_1 ... features + decoded values -> means, scale indices   (exact)

Exact: integers held in float32, with every sum below 2^24 (tfcomp/entropy/integer_layers.py). A
float16 holds every integer up to 2^11, so weights stored as float16 choose the same tables. Biases
are larger and are stored as two tables: 2^11 times one plus the other.
"""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np
import tensorflow as tf

from tfcomp.bitstream.rate_distortion_quantizer import MAX_VALUE
from tfcomp.entropy import integer_layers
from tfcomp.entropy.quality_levels import at_level, level_of, nearest_level
from tfcomp.entropy_kinds.hyperprior.layout import CONTEXT_LIMIT, HYPER_STRIDE
from tfcomp.entropy_kinds.hyperprior.prior.hyperprior import Hyperprior
from tfcomp.entropy_kinds.hyperprior.prior.sequence import combine

_HALF_EXACT = 2**11
# Hyper-latents are clipped in this unit, so that float16 holds the bounds, too.
_CLIP_UNIT = 2**5


class DeployedEntropy(tf.Module):
    """The networks of a `Hyperprior`, with weights frozen as constants.

    Args:
      prior: the trained `Hyperprior`.
      half: round the weights of the hyper-analysis, the only ones with fractions, to float16.

    Attributes:
      fits_float16: whether float16 holds every constant of the exact networks.
      hyper_analysis: tf.function, (latents float32 [1, h, w, C] with h and w even, quality int32
        [1]) -> {"hyper_latents": int32 [1, h/2, w/2, Cz]}.
      hyper_synthesis: tf.function, (hyper_latents int32 [1, zh, zw, Cz], quality) -> {"features":
        float32 [1, 2 zh, 2 zw, F]}.
      passes: tuple of tf.functions, (inputs float32 [1, h, w, F + seen]: features, then decoded
        values clipped to +-255, quality) -> {"parameters": int32 [1, h, w, 2 * channels]}.
      functions: dict of name -> tf.function, all of the above.

    Raises:
      ValueError: the weights have grown so large that sums are not exact.
    """

    def __init__(self, prior: Hyperprior, half: bool = False) -> None:
        super().__init__(name="deployed_entropy")
        quality = tf.TensorSpec([1], tf.int32, name="quality")
        analyse = _analysis(prior, half)
        passes = [layer for layers in prior.pass_layers for layer in layers.values()]
        self.fits_float16 = all(map(_fits_float16, [*prior.hyper_layers, *passes]))
        steps = prior.quality_steps
        synthesise = [_frozen(layer, steps) for layer in prior.hyper_layers]
        top = float(integer_layers.LARGEST_HYPER_LATENT)

        def hyper_analysis(latents: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
            z = tf.round(analyse(latents, level_of(quality, steps))) / _CLIP_UNIT
            z = tf.clip_by_value(z, -MAX_VALUE / _CLIP_UNIT, MAX_VALUE / _CLIP_UNIT) * _CLIP_UNIT
            return {"hyper_latents": tf.cast(z, tf.int32)}

        def hyper_synthesis(hyper_latents: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
            z = tf.clip_by_value(tf.cast(hyper_latents, tf.float32), -top, top)
            quality = level_of(quality, steps)
            x = synthesise[0](quality, z * integer_layers.HYPER_LATENT_UNITS)
            return {"features": tf.nn.depth_to_space(synthesise[1](quality, x), HYPER_STRIDE)}

        features = prior.hyper_layers[-1].kernel.shape[-1] // HYPER_STRIDE**2
        self.hyper_analysis = tf.function(
            hyper_analysis,
            [tf.TensorSpec([1, None, None, prior.channels], tf.float32, name="latents"), quality],
        )
        self.hyper_synthesis = tf.function(
            hyper_synthesis,
            [
                tf.TensorSpec(
                    [1, None, None, prior.hyper_channels], tf.int32, name="hyper_latents"
                ),
                quality,
            ],
        )
        self.passes = tuple(
            tf.function(
                _parameters(layers, features, steps),
                [
                    tf.TensorSpec([1, None, None, features + step.seen], tf.float32, name="inputs"),
                    quality,
                ],
            )
            for layers, step in zip(prior.pass_layers, prior.passes)
        )
        self.functions = {
            "hyper_analysis": self.hyper_analysis,
            "hyper_synthesis": self.hyper_synthesis,
            **{f"pass_{number}": function for number, function in enumerate(self.passes)},
        }
        if prior.sequence:
            self._add_sequence(prior, prior.sequence, quality)

    def _add_sequence(self, prior: Hyperprior, sequence: Any, quality: tf.TensorSpec) -> None:
        """The networks of dependent frames: see frame_before.py."""
        for number, step in enumerate(prior.passes):
            layers = sequence.pass_layers[number]
            self.fits_float16 &= all(map(_fits_float16, layers.values()))
            seen = [step.seen, prior.hyper_channels, *(step.channels,) * 3]
            inputs = tf.TensorSpec([1, None, None, sum(seen)], tf.float32, name="inputs")
            function = _sequence_parameters(layers, seen, prior.quality_steps)
            self.functions[f"sequence_pass_{number}"] = tf.function(function, [inputs, quality])


def _parameters(layers: dict[str, Any], features: int, quality_steps: int) -> Any:
    frozen = {name: _frozen(layer, quality_steps) for name, layer in layers.items()}

    def parameters(inputs: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
        quality = level_of(quality, quality_steps)
        seen = tf.clip_by_value(inputs[..., features:], -CONTEXT_LIMIT, CONTEXT_LIMIT)
        near, context = inputs[..., :features], [tf.abs(seen), seen]
        if layers["first"].pointwise_kernel is None:
            seen_by = [tf.concat([near, *context], axis=-1)]
        else:
            seen_by = [near, tf.concat(context, axis=-1)]
        x = frozen["second"](quality, frozen["first"](quality, *seen_by))
        both = tf.concat([frozen["mean"](quality, x), frozen["scale"](quality, x)], axis=-1)
        return {"parameters": tf.cast(both, tf.int32)}

    return parameters


def _sequence_parameters(layers: dict[str, Any], seen: list[int], quality_steps: int) -> Any:
    frozen = {name: _frozen(layer, quality_steps) for name, layer in layers.items()}

    def parameters(inputs: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
        quality = level_of(quality, quality_steps)

        def apply(name: str, inputs: list[tf.Tensor], own: Sequence[tf.Tensor] = ()) -> tf.Tensor:
            return frozen[name](quality, *inputs, own=own)

        *_, mean, scale, before = tf.split(inputs, seen, -1)
        change = inputs[..., : seen[0] + seen[1]]
        both = combine(apply, tf.floor, (mean, scale), change, before, seen[0])
        return {"parameters": tf.cast(tf.concat(both, -1), tf.int32)}

    return parameters


def _frozen(layer: Any, quality_steps: int) -> Callable[..., tf.Tensor]:
    """An `IntegerConv` as a function of constants: (quality, x) -> the same integers.

    x is split where the layer has pointwise inputs: (quality, x, pointwise inputs). Channelwise
    ones are given by name, own=.
    """
    weights = layer.frozen(quality_steps)
    kernels = [tf.constant(kernel, tf.float32) for kernel in weights["kernels"]]
    own_weights = [tf.constant(row, tf.float32) for row in weights["channel_kernel"]]
    high_bias, low_bias = np.divmod(weights["bias"], _HALF_EXACT)
    biases = [tf.constant(high_bias, tf.float32), tf.constant(low_bias, tf.float32)]
    factor = 2.0 ** -weights["shift"]
    low, high = float(weights["low"]), float(weights["high"])

    def sums(x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        padded = integer_layers.pad_edges(x, kernel.shape[0] // 2)
        return tf.nn.conv2d(padded, kernel, 1, "VALID")

    def apply(
        quality: tf.Tensor, *inputs: tf.Tensor, own: Sequence[tf.Tensor] = ()
    ) -> tf.Tensor:
        total = sums(inputs[0], kernels[0])
        for pair in zip(inputs[1:], kernels[1:]):
            total += sums(*pair)
        for each, row in zip(own, own_weights):
            total += each * row
        # Gathered even from a single row: the converter would merge the two into one bias.
        level = tf.minimum(quality, tf.cast(len(low_bias), quality.dtype))
        bias = at_level(biases[0], level) * _HALF_EXACT + at_level(biases[1], level)
        if not level.dtype.is_integer:
            bias = tf.floor(bias + 0.5)
        return tf.clip_by_value(tf.floor((total + bias) * factor), low, high)

    return apply


def _fits_float16(layer: Any) -> bool:
    weights = layer.frozen()
    # A kernel is folded with 2^-shift, which float16's exponents hold as well.
    largest = max(
        *(np.abs(kernel).max() for kernel in weights["kernels"]),
        np.abs(weights["channel_kernel"]).max(initial=0),
        abs(weights["low"]),
        abs(weights["high"]),
    )
    return largest <= _HALF_EXACT and np.abs(weights["bias"]).max() < _HALF_EXACT**2


def _analysis(prior: Hyperprior, half: bool) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    def constant(values: np.ndarray) -> tf.Tensor:
        values = np.asarray(values, np.float32)
        return tf.constant(values.astype(np.float16).astype(np.float32) if half else values)

    kernels = [constant(kernel) for kernel in prior.analysis_kernels]
    biases = [constant(bias) for bias in prior.analysis_biases]
    gain = constant(np.exp(prior.hyper_log_gain.numpy()))

    def analyse(latents: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        own = tf.gather(gain, nearest_level(quality) - 1)
        return prior.analyse(latents, own, kernels, biases)

    return analyse
