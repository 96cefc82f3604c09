import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp.errors import CodecError
from tfcomp.families.cycle import pruning
from tfcomp.families.cycle.model import CycleModel


def _pictures():
    return np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)


def _narrower(model, **changes):
    settings = dataclasses.replace(model.model_config, **changes)
    return CycleModel(settings, model.loss_config).build_codec()


def _assert_same_transforms(model, trained):
    images = tf.constant(_pictures(), tf.float32) / 255.0
    quality = tf.fill([4], 2)
    latents = trained.analysis(images, quality)
    np.testing.assert_allclose(model.analysis(images, quality), latents, atol=2e-4)
    np.testing.assert_allclose(
        model.synthesis(latents, quality), trained.synthesis(latents, quality), atol=2e-5
    )


def test_a_model_without_its_dead_channels_decodes_the_same_picture(tiny_model):
    """Channels that hand nothing on can go; the others must keep their places in every layer."""
    dead, alive = [1, 4], [0, 2, 3, 5, 6, 7]
    following = tiny_model.levels[1][0].kernel
    values = following.numpy()
    values[:, :, dead] = 0
    following.assign(values)
    gdn = tiny_model.levels[0][1]
    for name in ("analysis", "synthesis"):
        root = getattr(gdn, f"{name}_gamma_root")
        gamma = root.numpy()
        gamma[dead] = 0
        gamma[:, dead] = 0
        root.assign(gamma)
    # What synthesis gives a dead channel is its bias; the level below must not see that either.
    bias = tiny_model.levels[1][0].synthesis_bias
    bias.assign(np.where(np.isin(np.arange(8), dead), 0, bias.numpy()))

    narrow = _narrower(tiny_model, widths=(6, 12, 16))
    pruning.narrow(narrow, tiny_model, _pictures())

    _assert_same_transforms(narrow, tiny_model)
    kernel = tiny_model.levels[0][0].kernel.numpy()[:, :, :, alive]
    np.testing.assert_array_equal(narrow.levels[0][0].kernel, kernel)


def test_residual_blocks_of_its_own_leave_the_transform_as_it_was(tiny_model):
    deeper = _narrower(tiny_model, residual_blocks=(2, 1, 1))
    pruning.narrow(deeper, tiny_model, _pictures())
    _assert_same_transforms(deeper, tiny_model)


def test_the_encoders_own_branch_keeps_the_channels_that_its_level_keeps(tiny_model):
    wide = _narrower(tiny_model, correction_blocks=1)
    pruning.narrow(wide, tiny_model, _pictures())
    for variable in wide.correction_variables:
        seeds = (int(tf.size(variable)), variable.shape.rank)
        variable.assign(tf.random.stateless_normal(variable.shape, seeds, stddev=0.1))
    # Two channels of the level before the latents that neither its layers nor the branch look at.
    dead = [3, 7]
    _, gdn, residual = wide.levels[1]
    kernels = [wide.levels[2][0].kernel, residual.first.kernel, residual.second.kernel]
    kernels += [wide.correction.last[0]]
    kernels += [kernel for block in wide.correction.blocks for kernel, _ in block[:2]]
    for kernel in kernels:
        kernel.assign(_without(kernel.numpy(), dead, 2))
    gamma = _without(_without(gdn.analysis_gamma_root.numpy(), dead, 0), dead, 1)
    gdn.analysis_gamma_root.assign(gamma)

    narrow = _narrower(wide, widths=(8, 10, 16))
    pruning.narrow(narrow, wide, _pictures())

    images = tf.constant(_pictures(), tf.float32) / 255.0
    quality = tf.constant([1, 2, 3, 3])
    expected = wide.analysis(images, quality)
    np.testing.assert_allclose(narrow.analysis(images, quality), expected, atol=1e-3)
    assert np.abs(expected - tiny_model.analysis(images, quality)).max() > 0.1


@pytest.mark.parametrize("tied", [True, False])
def test_depthwise_blocks_keep_the_channels_and_hidden_features_that_count(tied):
    config = hyperprior_factory.patch_config()
    config = dataclasses.replace(config, model=dataclasses.replace(config.model, tied=tied))
    wide = hyperprior_factory.lively_model(config=config)
    first, gdn, *blocks = wide.levels[0]
    dead = np.arange(0, 48, 4)  # of the first level, and of what its blocks have inside
    following = wide.levels[1][0]
    for kernel in {id(k): k for k in (following.kernel, following.synthesis_kernel)}.values():
        kernel.assign(_without(kernel.numpy(), dead, 2))
    for name in ("analysis", "synthesis"):
        gamma = getattr(gdn, f"{name}_gamma_root")
        gamma.assign(_without(_without(gamma.numpy(), dead, 0), dead, 1))
    inside = np.arange(0, 96, 4)
    for block in blocks:
        for _, spread, gathered in block.kernels.values():
            spread.assign(_without(_without(spread.numpy(), dead, 2), inside, 3))
            gathered.assign(_without(gathered.numpy(), inside, 2))
        for hidden_bias, bias in block.biases.values():
            hidden_bias.assign(_without(np.full(96, 0.1), inside, 0))
            bias.assign(_without(np.full(48, 0.01), dead, 0))

    narrow = _narrower(wide, widths=(36, 16))
    pruning.narrow(narrow, wide, _pictures())

    names = {layer.name for layer in narrow.levels[0]}
    assert {"residual_0_0", "decoder_0_0"} <= names
    # Without the dead channels' own bias the mirror image gives what the wide one does.
    following.synthesis_bias.assign(_without(following.synthesis_bias.numpy(), dead, 0))
    _assert_same_transforms(narrow, wide)


def test_blocks_of_either_direction_find_their_own_where_others_are_left_out():
    config = hyperprior_factory.patch_config()
    wide = hyperprior_factory.lively_model(config=config)
    narrow = _narrower(wide, residual_blocks=(0, 1), widths=(40, 16))
    pruning.narrow(narrow, wide, _pictures())
    kept = narrow.levels[0][-1].scales["synthesis"].numpy()
    theirs = wide.levels[0][-1].scales["synthesis"].numpy()
    assert kept.shape == (2, 40) and np.isin(kept, theirs).all()


def _without(values, channels, axis):
    keep = ~np.isin(np.arange(values.shape[axis]), channels)
    return values * np.expand_dims(keep, [a for a in range(values.ndim) if a != axis])


@pytest.mark.parametrize(
    "changes",
    [
        {"widths": (9, 12, 16)},
        {"widths": (8, 12, 12)},
        {"kernel_size": 3},
        {"tied": False},
        {"kernel_sizes": (3, 5, 5)},
        {"strides": (4, 2, 2)},
        {"block": "depthwise"},
    ],
)
def test_what_is_no_narrower_form_is_refused(tiny_model, changes):
    with pytest.raises(CodecError, match="narrower"):
        pruning.narrow(_narrower(tiny_model, **changes), tiny_model, _pictures())
