"""TensorFlow carries out a bundle's TFLite networks as LiteRT does."""

import numpy as np
import pytest
import tensorflow as tf

import tfcomp
from tfcomp.entropy_kinds.relaxed import lite_graph
from tfcomp.entropy_kinds.relaxed.lite_graph import LiteGraph
from tfcomp.errors import BundleError, CodecError
from tfcomp.networks.interpreter import Model
from tfcomp.runtime.bundle import Bundle


def both(content, signature, output, **inputs):
    ours = LiteGraph(content, "x").call(signature, **inputs)[output].numpy()
    return ours, Model(content, 1, "x").run(signature, inputs)[output]


def decoded_by_both(bundle, height, width, spread):
    rng = np.random.default_rng(1)
    latents = np.rint(rng.laplace(0, spread, (1, height, width, bundle.manifest.channels)))
    quality = np.array([bundle.manifest.qualities], np.int32)
    return both(
        bundle.decoder, "decode", "image", latents=latents.astype(np.int32), quality=quality
    )


@pytest.mark.parametrize("size", [(3, 5), (1, 1)])
def test_a_decoder_gives_the_same_picture_before_rounding(folder, size):
    ours, theirs = decoded_by_both(Bundle.read(folder), *size, spread=40)
    assert ours.dtype == np.float32 and ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 0.51 and theirs.std() > 5


@pytest.mark.parametrize("name", ["cycle", "cycle-factorized"])
def test_a_shipped_decoder_gives_the_same_picture_before_rounding(name):
    bundle = tfcomp.load(name).bundle
    ours, theirs = decoded_by_both(bundle, 2, 3, spread=8 if name == "cycle" else 1)
    assert np.abs(ours - theirs).max() <= 0.51 and theirs.std() > 5


def test_the_integer_networks_give_the_same_integers(hyperprior_folder):
    bundle = Bundle.read(hyperprior_folder)
    layout, quality = bundle.manifest.layout, np.array([2], np.int32)
    rng = np.random.default_rng(2)
    hyper = rng.integers(-9, 10, (1, 3, 2, layout.hyper_channels)).astype(np.int32)
    features, theirs = both(
        bundle.entropy, "hyper_synthesis", "features", hyper_latents=hyper, quality=quality
    )
    np.testing.assert_array_equal(features, theirs)
    for number, step in enumerate(layout.passes):
        context = rng.integers(-300, 301, (*features.shape[:3], step.seen)).astype(np.float32)
        inputs = np.concatenate([features, context], axis=-1)
        ours, theirs = both(
            bundle.entropy, f"pass_{number}", "parameters", inputs=inputs, quality=quality
        )
        np.testing.assert_array_equal(ours, theirs)


def test_gradients_reach_the_latents_through_rounding_and_floors(hyperprior_folder):
    bundle = Bundle.read(hyperprior_folder)
    graph, layout = LiteGraph(bundle.entropy, "x"), bundle.manifest.layout
    hyper = tf.random.stateless_normal((1, 3, 2, layout.hyper_channels), [1, 2])
    with tf.GradientTape() as tape:
        tape.watch(hyper)
        features = graph.call("hyper_synthesis", hyper_latents=hyper, quality=[1])["features"]
        total = tf.reduce_sum(features)
    assert np.abs(tape.gradient(total, hyper).numpy()).max() > 0


def test_an_operation_that_is_not_known_is_said(factorized_folder, monkeypatch):
    bundle = Bundle.read(factorized_folder)
    monkeypatch.delitem(lite_graph._OPERATIONS, "DEPTH_TO_SPACE")
    with pytest.raises(CodecError, match="x holds the operation DEPTH_TO_SPACE"):
        decoded_by_both_name = LiteGraph(bundle.decoder, "x")
        latents = np.zeros((1, 1, 1, bundle.manifest.channels), np.int32)
        decoded_by_both_name.call("decode", latents=latents, quality=[1])


@pytest.mark.parametrize("content", [b"", b"\x00" * 5, b"nonsense, not a network at all"])
def test_what_is_no_network_is_said(content):
    with pytest.raises(BundleError):
        LiteGraph(content, "x").call("decode")
