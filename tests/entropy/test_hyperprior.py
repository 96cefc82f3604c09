import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp.entropy_kinds.hyperprior.prior import Hyperprior, starting

QUALITY = tf.constant([1, 2, 3, 4])


def _prior(heavy_tails=True, **choices):
    return Hyperprior(
        (4, 12), 4, 1, hyper_channels=3, features=8, hidden=8, heavy_tails=heavy_tails, **choices
    )


@pytest.fixture(scope="module")
def latents():
    """float32 [4, 8, 8, 16]: values whose size differs from place to place."""
    sizes = tf.random.stateless_gamma([4, 8, 8, 1], (1, 1), 1.0)
    return 3.0 * sizes * tf.random.stateless_normal([4, 8, 8, 16], (2, 2))


def test_hyper_latents_start_neither_dead_nor_loud(latents):
    prior = _prior()
    starting.start_hyper_latents(prior, latents, QUALITY)
    z = prior.hyper_analysis(latents, QUALITY).numpy()
    np.testing.assert_allclose(
        z.std((1, 2)).mean(-1), np.exp(np.linspace(-1, 0, 4)), rtol=0.6
    )
    assert not starting.hyper_latents_are_dead(prior, latents, QUALITY)


def test_hyper_latents_that_died_start_again():
    model = hyperprior_factory.lively_model()
    prior = model.prior
    y = tf.random.stateless_normal([2, 4, 4, 16], (3, 3))
    alive = prior.hyper_log_gain.numpy()
    prior.revive(model, y)
    np.testing.assert_array_equal(prior.hyper_log_gain, alive)  # alive: left as they are
    prior.hyper_log_gain.assign_add(np.full(alive.shape, -20.0))
    prior.revive(model, y)
    assert prior.hyper_log_gain.numpy().min() > -2


def test_a_gaussian_models_weights_start_one_with_heavy_tails():
    trained, prior = _prior(heavy_tails=False), _prior()
    for variable in trained.variables:
        variable.assign_add(tf.random.stateless_normal(variable.shape, (4, 4)))
    first = [v.numpy() for v in prior.ladder.variables]
    assert prior.start_from(trained)
    for ours, theirs in zip(prior.pass_layers, trained.pass_layers):
        for name in ours:
            np.testing.assert_array_equal(ours[name].kernel, theirs[name].kernel)
    np.testing.assert_array_equal(prior.hyper_log_gain, trained.hyper_log_gain)
    for variable, value in zip(prior.ladder.variables, first):
        np.testing.assert_array_equal(variable, value)


def test_a_prior_of_another_shape_is_not_taken():
    other = Hyperprior((8, 8), 4, 1, hyper_channels=3, features=8, hidden=8)
    assert not _prior().start_from(other)


def test_a_prior_of_other_distortion_weights_is_taken():
    prior = _prior()
    assert prior.start_from(_prior(distortion_weights=(5.0, 6.0)))
    assert prior.layout.distortion_weight(1) == 30.0


def test_a_prior_of_other_streams_is_taken():
    prior = _prior(rows_per_stream=(8, 4, 2, 1))
    assert prior.start_from(_prior())
    assert prior.layout.rows_per_stream == (8, 4, 2, 1)


@pytest.mark.parametrize("mine, its", [(0, 1), (1, 0)])
def test_a_prior_with_other_passes_is_not_taken(mine, its):
    assert not _prior(quincunx=mine).start_from(_prior(quincunx=its))


def test_even_squares_of_odd_rows_see_their_corners(latents):
    prior = hyperprior_factory.lively_model().prior
    context = np.zeros((1, 5, 5, 2), np.float32)
    changed = context.copy()
    changed[0, 2, 2] = 40.0
    features = np.zeros((1, 5, 5, 8), np.float32)
    seen = [prior.parameters(1, features, c, QUALITY[:1])[0][0] for c in (context, changed)]
    differs = np.any(seen[0] != seen[1], axis=-1)
    assert differs[1, 1] and differs[1, 3] and differs[3, 1] and differs[3, 3]


def test_a_prior_that_skips_scales_codes_nothing_where_those_would_be(latents):
    trained, prior = _prior(), _prior(skipped_scales=40)
    starting.set_scales(trained, np.full([4, 16], 4.0, np.float32))
    for layers in trained.pass_layers:
        kernel = layers["scale"].kernel
        kernel.assign(tf.random.stateless_normal(kernel.shape, (5, 5)))
    assert prior.start_from(trained)
    features = 200.0 * tf.cast(tf.random.stateless_uniform([4, 8, 8, 8], (6, 6)) > 0.5, tf.float32)
    mean, index = trained.parameters(0, features, latents[..., :0], QUALITY)
    same_mean, fewer = prior.parameters(0, features, latents[..., :0], QUALITY)
    assert 0 < np.mean(index > 40) < 1
    np.testing.assert_array_equal(fewer, np.maximum(index - 40, 0))
    np.testing.assert_array_equal(mean, same_mean)


@pytest.mark.parametrize("training", [False, True])
def test_what_training_decodes_is_what_the_file_decodes_to(latents, training):
    prior = hyperprior_factory.lively_model().prior
    prior.layout = dataclasses.replace(prior.layout, distortion_weights=(0.5, 0.5))
    tables = prior.freeze()
    quality = tf.constant([1, 2, 1, 2])
    files = np.stack(
        [
            prior.decode(prior.encode(y, q, tables), q, 8, 8, tables)
            for y, q in zip(latents.numpy(), quality.numpy())
        ]
    )
    decoded = prior.quantise(latents, quality, training=training)[0]
    # Tables hold probabilities in whole 65536ths, so a value may fall on the other side, and with
    # these wild networks another one changes all that see it: compared is what sees none.
    assert np.mean(_first_pass(decoded) != _first_pass(files)) < 0.04
    prior.layout = dataclasses.replace(prior.layout, distortion_weights=(1e9, 1e9))
    nearest = prior.quantise(latents, quality, training=training)[0]
    assert np.mean(_first_pass(nearest) != _first_pass(files)) > 0.06


def _first_pass(decoded):
    return np.asarray(decoded)[:, ::2, ::2, : hyperprior_factory.GROUPS[0]]


def test_in_training_a_scale_learns_from_what_the_file_pays(latents):
    prior = _prior()
    values = latents[:, :, :, :4]
    index = tf.fill(values.shape, 20.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(index)
        bits = prior._training_bits(prior.ladder, values, tf.round(values), index, None, 0)
        paid = prior.ladder.bits(tf.round(values), index)
    np.testing.assert_allclose(bits, paid, rtol=1e-5, atol=1e-5)
    expected = tape.gradient(paid, index)
    np.testing.assert_allclose(tape.gradient(bits, index), expected, rtol=1e-5, atol=1e-6)


def test_in_training_latents_and_means_have_a_gradient(latents):
    prior = _prior()
    values = latents[:, :, :, :4]
    with tf.GradientTape() as tape:
        tape.watch(values)
        bits = tf.reduce_sum(
            prior._training_bits(
                prior.ladder, values, tf.round(values), tf.fill(values.shape, 20.0), None, 0
            )
        )
    gradient = tape.gradient(bits, values)
    # Towards zero, where the bits are fewer.
    assert float(tf.reduce_mean(tf.cast(gradient * values > 0, tf.float32))) > 0.8


def test_a_prior_with_pointwise_context_starts_only_one_of_the_same_kind():
    trained, prior = _prior(pointwise_context=True), _prior(pointwise_context=True)
    for variable in trained.variables:
        variable.assign_add(tf.random.stateless_normal(variable.shape, (5, 5)))
    assert prior.start_from(trained)
    for variable, expected in zip(prior.variables, trained.variables):
        np.testing.assert_array_equal(variable, expected)
    assert not _prior().start_from(trained) and not prior.start_from(_prior())


def test_pointwise_context_shows_a_square_no_neighbours_context():
    prior = _prior(pointwise_context=True)
    for variable in prior.variables:
        variable.assign_add(tf.random.stateless_normal(variable.shape, (5, 5)))
    step = len(prior.passes) - 1
    features = tf.zeros((1, 5, 5, 8))
    context = np.zeros((1, 5, 5, prior.passes[step].seen), np.float32)
    context[:, 2, 2] = 40.0
    moved = np.zeros((5, 5), bool)
    for with_it, without in zip(
        prior.parameters(step, features, tf.constant(context), tf.constant([4])),
        prior.parameters(step, features, tf.zeros_like(context), tf.constant([4])),
    ):
        moved |= (with_it != without).numpy().any((0, 3))
    assert moved[2, 2] and moved.sum() == 1
