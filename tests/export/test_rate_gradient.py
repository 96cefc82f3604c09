"""What latents do to others' bits: the gradient is TensorFlow's."""

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tests.export.test_integer_networks import whole_kernel
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.code_lengths import code_lengths
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.hyperprior import rate_gradient
from tfcomp.entropy_kinds.hyperprior.graph.networks import DeployedEntropy
from tfcomp.entropy_kinds.hyperprior.layout import MEAN_UNITS
from tfcomp.entropy_kinds.hyperprior.networks import IntegerNetworks
from tfcomp.entropy_kinds.hyperprior.rate_gradient import RateGradient
from tfcomp.entropy_kinds.hyperprior.sections import encode_and_decode
from tfcomp.errors import BundleError, CodecError
from tfcomp.export import tflite
from tfcomp.networks import tflite_schema
from tfcomp.networks.frozen_layers import frozen_layers
from tfcomp.networks.interpreter import Model

_NAMES = ("first", "second", "mean", "scale")


# Either precision and either shape of networks; each conversion takes half a minute.
@pytest.fixture(scope="module", params=["tiny-none", "patch-float16"])
def case(request):
    return request.param.split("-")


@pytest.fixture(scope="module")
def prior(case):
    return hyperprior_factory.prior_of(case[0])


@pytest.fixture(scope="module")
def content(prior, case):
    networks = DeployedEntropy(prior, half=case[1] == "float16")
    return tflite.convert_signatures(networks, networks.functions, case[1])


@pytest.fixture(scope="module")
def tables(prior):
    return prior.freeze()


def _case(prior, content, tables, height, width, quality):
    """A gradient, decoded latents of a random picture, some beyond the limit, and features."""
    rng = np.random.default_rng(height)
    latents = rng.laplace(0, 2, (height, width, prior.channels)).astype(np.float32)
    latents[0, :, :2] *= 20
    networks = IntegerNetworks(Model(content, 1, "entropy.tflite"), prior.layout)
    decoded = encode_and_decode(
        latents, quality, networks, tables, prior.layout, range_coder
    )[1]
    hyper = networks.hyper_analysis(latents, quality)
    features = networks.hyper_synthesis(hyper, quality)[:height, :width]
    layers = [networks.pass_layers(number) for number in range(len(prior.passes))]
    return RateGradient(layers, prior.layout, tables["latents"]), decoded, features


def test_layers_read_from_the_file_are_the_models(prior, content):
    for number, layers in enumerate(prior.pass_layers):
        read = frozen_layers(content, f"pass_{number}", "entropy.tflite")
        by_shape = {each.kernel.shape + (each.low,): each for each in read}
        assert len(read) == len(by_shape) == len(_NAMES)
        for name in _NAMES:
            expected = layers[name].frozen()
            kernel = whole_kernel(expected["kernels"])
            found = by_shape[kernel.shape + (expected["low"],)]
            np.testing.assert_array_equal(found.kernel, kernel)
            np.testing.assert_array_equal(found.bias, expected["bias"])
            assert found.factor == 2.0 ** -expected["shift"]
            assert found.high == expected["high"]


def test_one_table_alone_has_a_slope_by_value_and_none_by_index(prior, content, tables):
    networks = IntegerNetworks(Model(content, 1, "entropy.tflite"), prior.layout)
    layers = [networks.pass_layers(number) for number in range(len(prior.passes))]
    latents = tables["latents"]
    alone = CdfTables(
        latents.cdf[: latents.starts[1]], latents.cdf_offset[:1], latents.quantization_offset[:1]
    )
    gradient = RateGradient(layers, prior.layout, alone)
    assert gradient._by_value.any() and not gradient._by_index.any()


@pytest.mark.parametrize("size, quality", [((6, 9), 1), ((5, 4), 2), ((1, 1), 2)])
def test_the_gradient_is_the_one_that_tensorflow_finds(
    prior, content, tables, size, quality
):
    gradient, decoded, features = _case(prior, content, tables, *size, quality)
    found = gradient(decoded, features, quality)
    bits, lowest = code_lengths(tables["latents"])
    by_index, by_value = (np.gradient(bits, axis=axis) for axis in (0, 1))
    values = tf.Variable(decoded[None], dtype=tf.float32)
    rows, columns = np.arange(size[0])[:, None], np.arange(size[1])
    level = tf.constant([quality])
    with tf.GradientTape() as tape:
        linear, paid = 0.0, 0
        for number, step in enumerate(prior.passes):
            seen = np.ones((*size, step.seen), np.float32)
            if step.goes_on:
                earlier = [p for p in prior.passes[:number] if p.start == step.start]
                there = sum(p.codes(rows, columns).astype(np.float32) for p in earlier)
                seen[..., step.start :] = there[..., None]
            context = values[..., : step.seen] * seen
            mean, index = prior.parameters(number, features[None], context, level)
            own = decoded[..., step.start : step.start + step.channels]
            symbols = (own - mean.numpy()[0].astype(int)) // MEAN_UNITS
            chosen = index.numpy()[0].astype(int)
            pays = (chosen > 0) & step.codes(rows, columns)[..., None]
            paid += pays.sum()
            place = np.clip(symbols - lowest, 0, bits.shape[1] - 1)
            # Bits are linear in means and indices, with these slopes.
            up, down = (slopes[chosen, place] * pays for slopes in (by_index, by_value))
            linear += tf.reduce_sum(index[0] * tf.constant(up, tf.float32))
            linear -= tf.reduce_sum(mean[0] * tf.constant(down / MEAN_UNITS, tf.float32))
    expected = tape.gradient(linear, values)[0, ..., : found.shape[-1]].numpy()
    expected *= -MEAN_UNITS / (2 * 6 / np.log(2))  # in steps, towards fewer bits
    assert paid > 0 and (size == (1, 1) or np.abs(expected).max() > 0.01)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_bands_of_a_picture_add_up_to_the_whole(prior, content, tables, monkeypatch):
    gradient, decoded, features = _case(prior, content, tables, 9, 7, 1)
    whole = gradient(decoded, features, 1)
    monkeypatch.setattr(rate_gradient, "_BAND_PLACES", 14)  # two rows each
    np.testing.assert_allclose(gradient(decoded, features, 1), whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("convolve", [True, False])
def test_networks_of_another_making_are_refused(convolve):
    def network(x):
        return {"y": tf.tanh(tf.nn.conv2d(x, tf.ones((1, 1, 1, 1)), 1, "VALID") if convolve else x)}

    module = tf.Module()
    module.other = tf.function(network, [tf.TensorSpec([1, 2, 2, 1], tf.float32, name="x")])
    content = tflite.convert_signatures(module, {"other": module.other}, "none")
    for damaged in (content, content[: len(content) // 2], b"no file of LiteRT's"):
        with pytest.raises(BundleError, match="other networks than feedback knows; export"):
            frozen_layers(damaged, "other", "entropy.tflite")


def test_layers_of_other_shapes_are_refused(prior, content, tables):
    layers = [frozen_layers(content, f"pass_{n}", "entropy.tflite") for n in range(5)]
    layers[2] = layers[2][:3]
    with pytest.raises(BundleError, match="other layers .* in its pass 2; export the bundle again"):
        RateGradient(layers, prior.layout, tables["latents"])


def test_without_litert_schema_the_message_says_what_to_install(monkeypatch, content):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(tflite_schema.importlib, "import_module", missing)
    with pytest.raises(CodecError, match="feedback needs LiteRT's schema; run: pip install"):
        frozen_layers(content, "pass_0", "entropy.tflite")
