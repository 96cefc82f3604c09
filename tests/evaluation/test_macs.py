import dataclasses
import functools
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests import needs
from tests.bundle_factory import write_bundle
from tfcomp.api import Codec
from tfcomp.entropy_kinds.hyperprior.rate_gradient import RateGradient
from tfcomp.evaluation import macs
from tfcomp.networks import interpreter
from tfcomp.networks.observing import observed_by, observers
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import Bundle


@functools.cache
def shipped(name, rounds=0):
    return macs.macs_per_pixel(Bundle.read(registry.find_by_name(name).path), rounds)


def converted(function, *specs):
    """A TFLite file with the signature "one", and "two", which takes the top 8 rows only."""
    tf = pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
    module = tf.Module()
    module.one = tf.function(function, input_signature=specs)
    module.two = tf.function(lambda x: function(x[:, :8]), input_signature=specs)
    with tempfile.TemporaryDirectory() as folder:
        signatures = {"one": module.one, "two": module.two}
        tf.saved_model.save(module, folder, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["one", "two"])
        return converter.convert()


def counted(model, signature, image):
    counter = macs.MultiplyAdds()
    with observed_by(counter):
        interpreter.Model(model, 1, "a network").run(signature, {"x": image})
    return counter.total


def test_every_kind_of_product_counts_and_each_signature_by_itself():
    tf = pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
    random = np.random.default_rng(0)

    def weights(*shape):
        return tf.constant(random.normal(size=shape), tf.float32)

    kernels = weights(3, 3, 4, 8), weights(5, 5, 8, 1), weights(3, 3, 6, 8), weights(6, 10)

    def network(x):
        x = tf.nn.conv2d(x, kernels[0], 2, "SAME")
        x = tf.nn.depthwise_conv2d(x, kernels[1], [1, 1, 1, 1], "SAME")
        size = tf.shape(x) * [1, 2, 2, 1]
        shape = tf.concat([size[:3], [6]], 0)
        x = tf.nn.conv2d_transpose(x, kernels[2], shape, 2, "SAME")
        rows = tf.reshape(x, [-1, 6]) @ kernels[3]
        return {"y": tf.linalg.matmul(rows[None], rows[None], transpose_a=True)}

    model = converted(network, tf.TensorSpec([1, None, 16, 4], tf.float32, name="x"))

    def expected(height, width):
        half = height * width // 4
        return (
            half * 8 * 9 * 4  # convolution with stride 2
            + half * 8 * 25  # depthwise
            + half * 8 * 9 * 6  # transposed: each of its inputs meets the whole kernel
            + height * width * 6 * 10  # fully connected
            + height * width * 10 * 10  # product of two activations
        )

    image = np.zeros((1, 12, 16, 4), np.float32)
    assert counted(model, "one", image) == expected(12, 16)
    assert counted(model, "two", image) == expected(8, 16)


def test_the_shipped_model_is_counted_per_pixel_in_both_directions():
    found = shipped("cycle")
    assert 1e3 < found.encoder < 1e6 and 1e3 < found.decoder < 1e6


def test_what_numpy_multiplies_for_feedback_counts_too():
    bundle = Bundle.read(registry.find_by_name("cycle-small").path)
    assert not bundle.tuning.gradient_gains and all(bundle.tuning.rate_gains)
    without = dataclasses.replace(bundle.tuning, rate_gains=())
    counts = [
        [macs.macs_per_pixel(each, rounds).encoder for rounds in (0, 1, 3)]
        for each in (dataclasses.replace(bundle, tuning=without), bundle)
    ]
    extra = np.subtract(*reversed(counts))
    # The networks of the passes there and back, and h_a and h_s once more.
    assert extra[0] == 0 and 3_000 < extra[1] < 6_000
    np.testing.assert_allclose(extra[2], 3 * extra[1])


def test_a_bundle_without_products_costs_nothing(tmp_path):
    found = macs.macs_per_pixel(Bundle.read(write_bundle(tmp_path / "blocks")))
    assert (found.encoder, found.decoder) == (0, 0)


def test_counting_leaves_the_runtime_as_it_was(bundle_folder):
    before = interpreter._interpreter_class, RateGradient.__call__
    macs.macs_per_pixel(Bundle.read(bundle_folder))
    assert (interpreter._interpreter_class, RateGradient.__call__) == before
    assert not observers


@pytest.mark.parametrize("name", ["cycle", "cycle-small"])
def test_every_round_of_feedback_costs_the_encoder_more_and_the_decoder_nothing(name):
    plain, once, four = (shipped(name, rounds) for rounds in (0, 1, 4))
    assert 5_000 < plain.encoder < once.encoder < four.encoder < 1e6
    assert plain.decoder == once.decoder == four.decoder
    # A round decodes once or more, and may encode once more.
    assert once.encoder - plain.encoder >= plain.decoder


def test_counts_are_integers_that_do_not_wrap_around():
    counts = []

    class Listener(macs.MultiplyAdds):
        def network_ran(self, content, signature, inputs):
            counts.append(macs._count(content, signature, inputs))

    codec = Codec(Bundle.read(registry.find_by_name("cycle").path), num_threads=1)
    with observed_by(Listener()):
        codec.compress(np.full((64, 64, 3), 99, np.uint8))
    assert counts and {type(count) for count in counts} == {int}
    # A large image's count, which 32 bits do not hold.
    kernel, image = (1, 5, 5, 64), (1, 12_000, 8_000, 64)
    assert macs._COUNTERS["CONV_2D"]([image, kernel], image) == 12_000 * 8_000 * 64 * 25 * 64


@pytest.mark.parametrize("name", ["vaegan-faces", "binary", "cycle-factorized"])
def test_models_of_every_family_have_a_count_of_both_directions(name):
    found = shipped(name)
    assert 1e3 < found.encoder < 1e6 and 1e3 < found.decoder < 1e6


def test_what_runs_on_a_thread_of_its_own_counts_too():
    codec = Codec(Bundle.read(registry.find_by_name("cycle-small").path), num_threads=1)
    image = np.full((64, 64, 3), 99, np.uint8)
    counter, threaded = macs.MultiplyAdds(), macs.MultiplyAdds()
    codec.compress(image)
    with observed_by(counter):
        codec.compress(image)
    with observed_by(threaded), ThreadPoolExecutor(1) as pool:
        pool.submit(codec.compress, image).result()
    assert 0 < threaded.total == counter.total
