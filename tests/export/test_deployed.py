import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp.export import deployed_diffusion, deployed_layers, tflite, transposed_convolution
from tfcomp.families.cycle import deployed
from tfcomp.models.anisotropic_diffusion import AnisotropicDiffusion


@pytest.mark.parametrize("size", [2, 3, 4, 5, 7])
def test_a_repacked_kernel_equals_the_transposed_convolution(size):
    kernel = tf.random.stateless_normal([size, size, 3, 6], seed=(size, 1)).numpy()
    y = tf.random.stateless_normal([1, 5, 7, 6], seed=(size, 2))
    expected = tf.nn.conv2d_transpose(y, kernel, [1, 10, 14, 3], 2, "SAME")
    packed = transposed_convolution.subpixel_kernel(kernel)
    result = tf.nn.depth_to_space(tf.nn.conv2d(y, packed, 1, "SAME"), 2)
    np.testing.assert_allclose(result, expected, atol=1e-5)
    phases = transposed_convolution.split(kernel)
    assert sum(phase.kernel[..., 0, 0].size for phase in phases) == size**2
    result = transposed_convolution.upsample(y, phases)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_deployed_transforms_equal_the_trained_ones(tiny_model, photograph):
    codec = deployed.DeployedCycle(tiny_model)
    images = tf.cast(photograph[None], tf.float32) / 255.0
    for quality in (1, 3):
        q = tf.constant([quality])
        latents = codec.encode(photograph[None], q)["latents"]
        expected = tf.cast(tf.round(tiny_model.analysis(images, q)), tf.int32)
        assert np.mean(latents != expected) < 1e-3  # a value may fall the other way at a half
        picture = codec.decode(expected, q)["image"].numpy().astype(int)
        pixels = tiny_model.synthesis(tf.cast(expected, tf.float32), q) * 255.0
        assert np.abs(picture - np.clip(np.round(pixels), 0, 255)).max() <= 1


@pytest.mark.parametrize("size,stride", [(4, 4), (5, 4), (6, 4), (8, 4), (12, 4), (4, 2), (5, 2)])
def test_whole_blocks_equal_the_transposed_convolution(size, stride):
    kernel = tf.random.stateless_normal([size, size, 3, 6], seed=(size, 1)).numpy()
    y = tf.random.stateless_normal([1, 5, 7, 6], seed=(size, 2))
    shape = [1, 5 * stride, 7 * stride, 3]
    expected = tf.nn.conv2d_transpose(y, kernel, shape, stride, "SAME")
    packed = transposed_convolution.block_kernel(kernel, stride)
    result = transposed_convolution.upsample_in_blocks(
        y, lambda x: tf.nn.conv2d(x, packed, 1, "VALID"), len(packed), stride
    )
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_deployed_depthwise_blocks_equal_the_trained_ones(photograph):
    model = hyperprior_factory.lively_model(config=hyperprior_factory.patch_config())
    codec = deployed.DeployedCycle(model)
    images = tf.cast(photograph[None], tf.float32) / 255.0
    pictures = []
    for quality in (1, 2):
        q = tf.constant([quality])
        latents = codec.encode(photograph[None], q)["latents"]
        np.testing.assert_allclose(latents, model.analysis(images, q), atol=1e-3)
        eighths = tf.cast(tf.round(latents * 8), tf.int32)
        picture = codec.decode(eighths, q)["image"].numpy().astype(int)
        pixels = model.synthesis(tf.cast(eighths, tf.float32) / 8, q) * 255.0
        assert np.abs(picture - np.clip(np.round(pixels), 0, 255)).max() <= 1
        pictures.append(picture)
    assert np.abs(pictures[0] - pictures[1]).mean() > 1


@pytest.fixture(scope="module")
def diffusion():
    """A lively layer, its deployed form, a picture and features."""
    layer = AnisotropicDiffusion([0.0005, 0.02])
    layer.build([None, None, None, 4])
    for number, variable in enumerate(layer.variables):
        seed = (number, int(tf.size(variable)))
        variable.assign_add(tf.random.stateless_normal(variable.shape, seed, stddev=0.1))
    picture = tf.random.stateless_normal([1, 10, 12, 3], seed=(8, 9), stddev=3 / 255)
    features = tf.random.stateless_normal([1, 5, 6, 4], seed=(8, 10))
    form = deployed_diffusion.DeployedDiffusion(deployed_layers.DeployedLayers(half=False), layer)
    return layer, form, picture, features


@pytest.mark.parametrize("quality", [1, 2])
def test_deployed_diffusion_equals_the_trained_one(diffusion, quality):
    layer, form, picture, features = diffusion
    q = tf.constant([quality])
    expected = layer.synthesis(picture, features, q)
    assert np.abs(expected - picture).max() > 1e-3
    np.testing.assert_allclose(form.smooth(picture, features, q), expected, atol=1e-6)


@pytest.mark.parametrize("quality", [1, 2])
def test_gradients_go_back_through_deployed_diffusion_as_through_the_trained_one(
    diffusion, quality
):
    layer, form, picture, features = diffusion
    q = tf.constant([quality])
    upstream = tf.random.stateless_normal(picture.shape, seed=(8, 11))
    with tf.GradientTape() as tape:
        tape.watch(picture)
        smooth = layer.synthesis(picture, features, q)
    expected = tape.gradient(smooth, picture, upstream)
    found = form.with_pullback(picture, features, q)[1](upstream)
    assert np.abs(expected - upstream).max() > 0.1
    # Differences reach over a pixel, their means over two: the edges are left out.
    np.testing.assert_allclose(found[:, 3:-3, 3:-3], expected[:, 3:-3, 3:-3], atol=1e-5)


def _interpreter(path):
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(str(path))


def test_tflite_gives_the_very_latents_of_tensorflow(tiny_model, tiny_bundle, photograph):
    codec = deployed.DeployedCycle(tiny_model)
    run = _interpreter(tiny_bundle / "encoder.tflite").get_signature_runner("encode")
    for height, width in ((64, 96), (8, 8), (40, 16)):
        image = photograph[None, :height, :width]
        for quality in (1, 2, 3):
            q = np.array([quality], np.int32)
            expected = codec.encode(image, tf.constant(q))["latents"].numpy()
            np.testing.assert_array_equal(run(image=image, quality=q)["latents"], expected)


def test_bundles_use_builtin_operations_only(tiny_bundle):
    for name in ("encoder.tflite", "decoder.tflite"):
        interpreter = _interpreter(tiny_bundle / name)
        operations = {d["op_name"] for d in interpreter._get_ops_details()}
        assert operations
        assert not {o for o in operations if o.startswith("Flex") or o.upper() == "CUSTOM"}
        assert "TRANSPOSE_CONV" not in operations


def test_an_unknown_quantisation_is_refused(tiny_model):
    with pytest.raises(ValueError, match="float16"):
        tflite.convert(deployed.DeployedCycle(tiny_model), "encode", "int3")
