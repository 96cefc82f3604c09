import numpy as np
import pytest
import tensorflow as tf

from tfcomp.models import layers


def _normal(*shape):
    return tf.random.stateless_normal(shape, seed=(len(shape), shape[-1]))


@pytest.mark.parametrize("kernel_size, strides", [(5, 2), (3, 2), (4, 2), (3, 1), (5, 1)])
def test_synthesis_is_the_adjoint_of_analysis(kernel_size, strides):
    """<A x, y> == <x, A^T y>: what "the same kernel, transposed" means."""
    layer = layers.TiedConv2D(7, kernel_size, strides)
    x = _normal(2, 8, 12, 3)
    layer.build(x.shape)
    y = _normal(2, 8 // strides, 12 // strides, 7)
    left = float(tf.reduce_sum(layer.analysis(x) * y))
    right = float(tf.reduce_sum(x * layer.synthesis(y)))
    assert left == pytest.approx(right, rel=1e-4)


def test_untied_twin_has_kernels_of_its_own():
    layer = layers.TiedConv2D(7, 5, 2, tied=False)
    layer.build((1, 8, 8, 3))
    before = layer.synthesis(_normal(1, 4, 4, 7))
    layer.kernel.assign_add(tf.ones_like(layer.kernel))
    after = layer.synthesis(_normal(1, 4, 4, 7))
    np.testing.assert_array_equal(before, after)
    assert layer.synthesis_kernel is not layer.kernel


def test_a_new_residual_block_is_the_identity_both_ways():
    block = layers.TiedResidualBlock()
    x = _normal(1, 6, 6, 5)
    block.build(x.shape)
    np.testing.assert_array_equal(block.analysis(x), x)
    np.testing.assert_array_equal(block.synthesis(x), x)


def test_a_trained_residual_block_shares_its_kernels_between_directions():
    block = layers.TiedResidualBlock()
    x = _normal(1, 6, 6, 5)
    block.build(x.shape)
    block.first.synthesis_scale.assign(tf.ones(5))
    before = block.synthesis(x).numpy()
    block.second.kernel.assign_add(tf.ones_like(block.second.kernel))
    assert not np.allclose(before, block.synthesis(x))
    kernels = [v for v in block.trainable_variables if "kernel" in v.name]
    assert len(kernels) == 2


def test_gdn_follows_its_formula():
    gdn = layers.GDN()
    x = _normal(1, 2, 3, 4)
    gdn.build(x.shape)
    gdn.analysis_gamma_root.assign(tf.abs(_normal(4, 4)))
    gdn.synthesis_gamma_root.assign(tf.abs(_normal(4, 4)))
    gdn.synthesis_beta_root.assign([1.0, 2.0, 3.0, 4.0])
    for direction, expected in (
        ("analysis", lambda v, norm: v / norm),
        ("synthesis", lambda v, norm: v * norm),
    ):
        gamma = np.square(getattr(gdn, f"{direction}_gamma_root"))
        beta = np.square(getattr(gdn, f"{direction}_beta_root")) + gdn.MINIMUM_BETA
        norm = np.abs(x.numpy()) @ gamma + beta
        result = getattr(gdn, direction)(x)
        np.testing.assert_allclose(result, expected(x.numpy(), norm), rtol=1e-5)


def test_layers_keep_the_input_type_under_mixed_precision():
    layer = layers.TiedConv2D(4, 5, 2)
    layer.build((1, 8, 8, 3))
    y = layer.analysis(tf.cast(_normal(1, 8, 8, 3), tf.bfloat16))
    assert y.dtype == tf.bfloat16
    assert layer.synthesis(y).dtype == tf.bfloat16
    assert layer.kernel.dtype == tf.float32
