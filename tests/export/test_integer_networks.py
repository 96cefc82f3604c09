"""The hyper-synthesis and the context networks give the same integers everywhere."""

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp.entropy_kinds.hyperprior.graph.networks import DeployedEntropy
from tfcomp.entropy_kinds.hyperprior.layout import CONTEXT_LIMIT
from tfcomp.entropy_kinds.hyperprior.networks import IntegerNetworks
from tfcomp.export import tflite
from tfcomp.networks.interpreter import Model


class NumpyNetworks:
    """The same networks in 64-bit integers, written a second time."""

    def __init__(self, prior):
        self._hyper = [layer.frozen() for layer in prior.hyper_layers]
        self._passes = [
            {name: layer.frozen() for name, layer in layers.items()}
            for layers in prior.pass_layers
        ]
        self._sequence = [
            {name: layer.frozen() for name, layer in layers.items()}
            for layers in prior.sequence.pass_layers
        ]

    def sequence_parameters(self, number, inputs, seen, hyper_channels, quality):
        layers = self._sequence[number]
        size = (inputs.shape[-1] - seen - hyper_channels) // 3
        change, mean, index, before = np.split(
            inputs.astype(np.int64), np.cumsum([seen + hyper_channels, size, size]), -1
        )
        difference = np.clip(before - mean, -16384, 16384)
        size = np.minimum(np.abs(difference), 255)
        change = np.minimum(np.abs(change), 255)
        change[..., seen:] = np.minimum(32 * change[..., seen:], 255)
        x = np.concatenate([change, size, 4 * index], -1)
        x = _layer(layers["second"], _layer(layers["first"], x, quality), quality)
        units = _layer(
            layers["units"], x, quality, [np.tile(4 * index, 4), np.tile(size, 4)]
        )
        units = np.split(units, 4, -1)
        gate = _layer(layers["gate"], x, quality, units)
        scale = _layer(layers["scale"], x, quality, [*units, 4 * index])
        return np.concatenate([mean + ((gate * difference + 8) >> 4), scale], -1)

    def hyper_synthesis(self, hyper_latents, quality):
        x = np.clip(hyper_latents.astype(np.int64), -31, 31) * 8
        x = _layer(self._hyper[1], _layer(self._hyper[0], x, quality), quality)
        height, width, channels = x.shape
        x = x.reshape(height, width, 2, 2, channels // 4).transpose(0, 2, 1, 3, 4)
        return x.reshape(2 * height, 2 * width, channels // 4)

    def parameters(self, number, features, context, quality):
        layers = self._passes[number]
        context = context.astype(np.int64)
        x = np.concatenate([features.astype(np.int64), np.abs(context), context], -1)
        x = _layer(layers["second"], _layer(layers["first"], x, quality), quality)
        both = [_layer(layers[name], x, quality) for name in ("mean", "scale")]
        return np.concatenate(both, -1)


def whole_kernel(kernels):
    """That of a layer, pointwise inputs included: zeros around theirs."""
    size = kernels[0].shape[0]
    parts = []
    for kernel in kernels:
        around = (size - kernel.shape[0]) // 2
        parts.append(np.pad(kernel, ((around, around), (around, around), (0, 0), (0, 0))))
    return np.concatenate(parts, axis=2)


def _layer(weights, x, quality, own=()):
    kernel = whole_kernel(weights["kernels"]).astype(np.int64)
    reach = kernel.shape[0] // 2
    padded = np.pad(x, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    height, width, _ = x.shape
    total = np.zeros((height, width, kernel.shape[-1]), np.int64)
    for dy in range(kernel.shape[0]):
        for dx in range(kernel.shape[1]):
            total += padded[dy : dy + height, dx : dx + width] @ kernel[dy, dx]
    for each, row in zip(own, weights["channel_kernel"].astype(np.int64), strict=True):
        total += each * row
    total += _bias(weights["bias"].astype(np.int64), quality)
    return np.clip(total >> weights["shift"], weights["low"], weights["high"])


def _bias(bias, quality):
    """As spec/version2.md has it, in whole numbers."""
    if len(bias) == 1:
        return bias[0]
    level, part = divmod(round(32 * quality), 32)
    low, high = bias[level - 1], bias[min(level, len(bias) - 1)]
    return (low * (32 - part) + high * part + 16) // 32


# Either precision and every shape of networks; each conversion takes half a minute.
@pytest.fixture(scope="module", params=["tiny-float16", "patch-none", "between-float16"])
def case(request):
    return request.param.split("-")


@pytest.fixture(scope="module")
def prior(case):
    prior = hyperprior_factory.prior_of(case[0])
    for layers in prior.pass_layers:
        for name in ("first", "mean", "scale"):
            shape = layers[name].bias.shape
            layers[name].bias.assign_add(tf.random.stateless_normal(shape, (1, 2), stddev=0.1))
    for layers in prior.pass_layers:  # some that float16 alone could not hold
        layers["first"].bias.assign_add(tf.fill(layers["first"].bias.shape, 0.6301))
        layers["mean"].bias.assign_add(tf.fill(layers["mean"].bias.shape, -0.8413))
    return prior


@pytest.fixture(scope="module")
def content(prior, case):
    """Of entropy.tflite."""
    networks = DeployedEntropy(prior, half=case[1] == "float16")
    assert networks.fits_float16
    return tflite.convert_signatures(networks, networks.functions, case[1])


@pytest.fixture(scope="module")
def litert(prior, content):
    return IntegerNetworks(Model(content, 2, "entropy.tflite"), prior.layout)


@pytest.mark.parametrize("far", [1, 1000])
def test_networks_of_dependent_frames_give_the_same_everywhere(prior, litert, far):
    rng, reference = np.random.default_rng(4), NumpyNetworks(prior)
    distinct = set()
    for number, step in enumerate(prior.passes):
        shape = 3, 5
        inputs = np.concatenate(
            [
                far * rng.integers(-255, 256, (*shape, step.seen)),
                far * rng.integers(-2, 3, (*shape, prior.hyper_channels)),
                rng.integers(-1016, 1017, (*shape, step.channels)),
                rng.integers(0, prior.ladder.count, (*shape, step.channels)),
                far * rng.integers(-300, 301, (*shape, step.channels)),
            ],
            -1,
        ).astype(np.float32)
        for quality in (1, 2) if prior.quality_steps == 1 else (1, 1.5, 1.84375, 2):
            seen = step.seen, prior.hyper_channels
            expected = reference.sequence_parameters(number, inputs, *seen, quality)
            found = litert.sequence_parameters(number, inputs, quality)
            np.testing.assert_array_equal(found, expected)
            distinct.update(expected.ravel().tolist())
    assert len(distinct) > 50


def hyper_latents(kind, shape, rng):
    if kind == "random":
        return rng.integers(-40, 41, shape).astype(np.int32)
    if kind == "largest":
        return np.full(shape, 2**20, np.int32)
    if kind == "checkered":
        signs = np.indices(shape).sum(0) % 2 * 2 - 1
        return (signs * 2**20).astype(np.int32)
    return np.zeros(shape, np.int32)


@pytest.mark.parametrize("kind", ["random", "largest", "checkered", "zero"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (7, 2)])
def test_tensorflow_litert_and_numpy_choose_the_same_tables(prior, litert, kind, size):
    rng = np.random.default_rng(7)
    reference = NumpyNetworks(prior)
    z = hyper_latents(kind, (*size, prior.hyper_channels), rng)
    distinct = set()
    for quality in (1, 2) if prior.quality_steps == 1 else (1, 1.03125, 1.5, 1.84375, 2):
        level = tf.constant([quality], tf.int32 if prior.quality_steps == 1 else tf.float32)
        expected = reference.hyper_synthesis(z, quality)
        height, width, _ = expected.shape
        z_float = tf.constant(z[None], tf.float32)
        in_tensorflow = prior.hyper_synthesis(z_float, level, height, width)
        np.testing.assert_array_equal(in_tensorflow[0], expected)
        features = litert.hyper_synthesis(z, quality)
        np.testing.assert_array_equal(features, expected)
        for number, step in enumerate(prior.passes):
            shape = (height, width, step.seen)
            context = rng.integers(-CONTEXT_LIMIT, CONTEXT_LIMIT + 1, shape).astype(np.int32)
            expected = reference.parameters(number, features, context, quality)
            mean, scale = prior.parameters(
                number, tf.constant(features[None]), tf.constant(context[None], tf.float32), level
            )
            np.testing.assert_array_equal(tf.concat([mean, scale], -1)[0], expected)
            np.testing.assert_array_equal(
                litert.parameters(number, features, context, quality), expected
            )
            distinct.update(expected[..., step.channels :].ravel().tolist())
    assert len(distinct) > 10 or kind != "random"


def test_tiles_choose_the_tables_that_the_whole_picture_does(prior, litert, monkeypatch):
    rng = np.random.default_rng(3)
    z = rng.integers(-9, 10, (9, 11, prior.hyper_channels)).astype(np.int32)
    features = litert.hyper_synthesis(z, 2)
    contexts = [
        rng.integers(-90, 91, (*features.shape[:2], step.seen)).astype(np.int32)
        for step in prior.passes
    ]
    whole = [litert.parameters(n, features, c, 2) for n, c in enumerate(contexts)]
    monkeypatch.setattr("tfcomp.entropy_kinds.hyperprior.networks._HYPER_TILE", 4)
    monkeypatch.setattr("tfcomp.entropy_kinds.hyperprior.networks._PASS_TILE", 5)
    np.testing.assert_array_equal(litert.hyper_synthesis(z, 2), features)
    for number, (context, expected) in enumerate(zip(contexts, whole)):
        np.testing.assert_array_equal(litert.parameters(number, features, context, 2), expected)


def test_weights_too_large_for_exact_sums_are_refused():
    layer = hyperprior_factory.lively_model().prior.pass_layers[0]["first"]
    layer.kernel.assign(tf.fill(layer.kernel.shape, 2.0))
    layer.frozen()
    layer.kernel.assign(tf.fill(layer.kernel.shape, 20.0))
    with pytest.raises(ValueError, match="not exact"):
        layer.frozen()


def test_weights_that_float16_cannot_hold_are_kept_in_float32():
    prior = hyperprior_factory.lively_model().prior
    assert DeployedEntropy(prior).fits_float16
    kernel = prior.pass_layers[0]["mean"].kernel
    kernel.assign(tf.tensor_scatter_nd_update(kernel, [[0, 0, 0, 0]], [2049 / 256]))
    assert not DeployedEntropy(prior).fits_float16


def test_nothing_in_a_file_permits_to_compute_in_float16(content):
    assert b"reduced_precision" not in content
