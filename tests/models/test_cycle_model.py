import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tests.hyperprior_factory import lively_model
from tfcomp.entropy import noise
from tfcomp.errors import CodecError, UnknownBundleError
from tfcomp.families.cycle.model import CycleModel
from tfcomp.latent_search.rounds import Round, after_round


def _images(*shape):
    return tf.random.stateless_uniform(shape, seed=(7, 8))


def _fresh(config, **changes):
    return CycleModel(dataclasses.replace(config.model, **changes), config.loss).build_codec()


def _kernels(model):
    return [v for v in model.trainable_variables if v.shape.rank == 4]


def test_each_kernel_is_one_variable_for_both_directions(tiny_config):
    tied, untied = _fresh(tiny_config), _fresh(tiny_config, tied=False)
    residual_kernels = 2 * sum(tiny_config.model.residual_blocks)
    assert len(_kernels(tied)) == len(tiny_config.model.widths) + residual_kernels
    assert len(_kernels(untied)) == 2 * len(_kernels(tied))
    shared = sum(int(tf.size(v)) for v in _kernels(tied))
    assert untied.count_params() - tied.count_params() == shared


@pytest.mark.parametrize("level", [0, 1, 2])
def test_changing_an_encoder_kernel_changes_the_decoder(tiny_config, level):
    model = _fresh(tiny_config)
    latents, quality = _images(1, 4, 4, 16) * 9, tf.constant([2])
    before = model.synthesis(latents, quality).numpy()
    kernel = model.levels[level][0].kernel
    kernel.assign(kernel * 1.5)
    assert np.abs(model.synthesis(latents, quality) - before).max() > 1e-4


def test_training_changes_encoder_and_decoder_together_and_survives_a_reload(tiny_model, tiny_run):
    from tfcomp.runs import run_folder

    again, config = run_folder.load_model(tiny_run)
    fresh = _fresh(config)
    for trained, reloaded in zip(tiny_model.variables, again.variables):
        np.testing.assert_array_equal(trained, reloaded)
    assert again.levels[0][0].synthesis_kernel is again.levels[0][0].kernel
    latents = _images(1, 4, 4, 16) * 9
    same = again.synthesis(latents, tf.constant([1]))
    np.testing.assert_array_equal(tiny_model.synthesis(latents, tf.constant([1])), same)
    assert not np.allclose(fresh.synthesis(latents, tf.constant([1])), same)


def test_one_set_of_weights_serves_rates_that_grow_with_quality(tiny_model, photograph):
    images = tf.cast(photograph[None], tf.float32) / 255.0
    sizes, errors = [], []
    for quality in (1, 2, 3):
        data = tiny_model.compress(images, quality)
        sizes.append(len(data[0]))
        (decoded,) = tiny_model.decompress(data)
        errors.append(np.mean(np.square(decoded.astype(float) - photograph)))
    assert sizes[0] < sizes[1] < sizes[2]
    assert errors[0] > errors[1] > errors[2]


def test_a_batch_may_mix_qualities(tiny_model, photograph):
    images = tf.cast(np.stack([photograph, photograph]), tf.float32) / 255.0
    mixed = tiny_model.compress(images, [1, 3])
    assert mixed == tiny_model.compress(images[:1], 1) + tiny_model.compress(images[:1], 3)


def test_information_bounds_hold(tiny_model, photograph):
    """Training bits are not below evaluation bits, and the file costs hardly more than those."""
    images = tf.cast(photograph[None], tf.float32) / 255.0
    quality = tf.constant([3])
    tf.random.set_seed(1)
    draws = 32
    _, training_bits, _ = tiny_model(
        tf.repeat(images, draws, 0), quality=tf.repeat(quality, draws), training=True
    )
    _, evaluation_bits, _ = tiny_model(images, quality=quality)
    file_bits = 8 * len(tiny_model.compress(images, 3)[0])
    assert float(tf.reduce_mean(training_bits)) > 0.995 * float(evaluation_bits[0])
    assert file_bits > float(evaluation_bits[0])
    container_bits = 8 * (20 + 2 * 8)  # container, and a row table of 8 rows
    assert file_bits < 1.02 * float(evaluation_bits[0]) + container_bits


def test_compressing_decoded_pictures_again_stays_close(tiny_model, photograph):
    """The cycle: E(D(E(I))) is near E(I), nearer than I is far from D(E(I))."""
    images = tf.cast(photograph[None], tf.float32) / 255.0
    decoded, _, latents = tiny_model(images, quality=tf.constant([3]))
    again = tiny_model.analysis(decoded, tf.constant([3]))
    assert float(tf.reduce_mean(tf.square(latents - again))) < 0.25


def test_every_variable_gets_a_gradient(tiny_model):
    images = _images(2, 32, 32, 3)
    with tf.GradientTape() as tape:
        loss, _ = tiny_model.training_loss(images, tf.constant([1, 3]))
    gradients = tape.gradient(loss, tiny_model.trainable_variables)
    for variable, gradient in zip(tiny_model.trainable_variables, gradients):
        assert gradient is not None, variable.name
        assert np.all(np.isfinite(tf.convert_to_tensor(gradient))), variable.name


def _renamed(monkeypatch):
    """Gives every variable that is made from now on a name that tells nothing."""
    add = keras.layers.Layer.add_weight

    def add_nameless(self, *args, **settings):
        return add(self, *args, **{**settings, "name": "w"})

    monkeypatch.setattr(keras.layers.Layer, "add_weight", add_nameless)


_EVERYTHING = {"correction_blocks": 1, "diffusion": True}


def test_what_trains_does_not_hang_on_names(tiny_config, monkeypatch):
    named = _fresh(tiny_config, **_EVERYTHING)
    _renamed(monkeypatch)
    nameless = _fresh(tiny_config, **_EVERYTHING)
    shapes = [[v.shape for v in model.hidden_kernels] for model in (named, nameless)]
    assert shapes[0] == shapes[1] and len(shapes[0]) > 3
    for model in (named, nameless):
        model.encoder_only = True
    shapes = [[v.shape for v in model.trainable_variables] for model in (named, nameless)]
    assert shapes[0] == shapes[1] and len(shapes[0]) > 10
    named_only = [v.name for v in named.trainable_variables]
    assert all("analysis_" in name or "correction_" in name for name in named_only)


def test_muon_moves_the_mirrored_kernels_and_none_of_the_others(tiny_config):
    model = _fresh(tiny_config, **_EVERYTHING)
    moved = {id(v) for v in model.hidden_kernels}
    first, *others = [v for v in model.transform_variables if len(v.shape) == 4]
    assert id(first) not in moved  # on pixels
    assert moved == {id(v) for v in others}


def test_an_encoder_alone_moves_no_variable_of_the_decoder(tiny_config):
    model = _fresh(tiny_config, **_EVERYTHING)
    model.encoder_only = True
    latents, quality = _images(1, 4, 4, 16) * 9, tf.constant([2])
    before, tables = model.synthesis(latents, quality).numpy(), model.freeze()
    analysed = model.analysis(_images(1, 32, 32, 3), quality).numpy()
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1)
    np.testing.assert_array_equal(model.synthesis(latents, quality), before)
    assert np.abs(model.analysis(_images(1, 32, 32, 3), quality) - analysed).max() > 1e-3
    for name, table in model.freeze().items():
        np.testing.assert_array_equal(table.cdf, tables[name].cdf)


@pytest.mark.parametrize("term", ["cycle_weight", "sparsity_weight"])
def test_a_loss_term_with_weight_zero_costs_nothing_and_changes_the_loss(tiny_config, term):
    tf.random.set_seed(3)
    loss = dataclasses.replace(tiny_config.loss, **{term: 0.0})
    model = CycleModel(tiny_config.model, loss).build_codec()
    images, quality = _images(2, 32, 32, 3), tf.constant([2, 2])
    _, parts = model.training_loss(images, quality)
    assert float(tf.reduce_sum(parts[term.split("_")[0]])) == 0.0
    model.loss_config = dataclasses.replace(loss, **{term: 1.0})
    _, parts = model.training_loss(images, quality)
    assert float(tf.reduce_sum(parts[term.split("_")[0]])) > 0.0


def test_ms_ssim_can_be_the_distortion(tiny_config):
    loss = dataclasses.replace(tiny_config.loss, distortion="ms-ssim")
    model = CycleModel(tiny_config.model, loss).build_codec()
    value, _ = model.training_loss(_images(2, 32, 32, 3), tf.constant([1, 2]))
    assert np.isfinite(value)


def test_mixed_bfloat16_trains_with_a_float32_entropy_model(tiny_config):
    policy = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    try:
        model = _fresh(tiny_config)
        model.compile(optimizer=keras.optimizers.Adam(1e-3))
        logs = model.train_step(tf.cast(_images(2, 32, 32, 3) * 255, tf.uint8))
        latents = model.analysis(_images(1, 16, 16, 3), tf.constant([1]))
    finally:
        keras.mixed_precision.set_global_policy(policy)
    assert np.isfinite(logs["loss"])
    assert model.transform_dtype == "bfloat16"
    assert latents.dtype == tf.float32
    assert all(v.dtype == tf.float32 for v in model.variables)


def test_a_file_of_another_model_is_refused(tiny_model, photograph):
    data = tiny_model.compress(photograph[None] / 255.0, 1)
    tiny_model.use_bundle(tiny_model.tables, b"else")
    with pytest.raises(UnknownBundleError):
        tiny_model.decompress(data)


def test_a_quality_that_does_not_exist_is_refused(tiny_model, photograph):
    with pytest.raises(CodecError, match="1 to 3"):
        tiny_model.compress(photograph[None] / 255.0, 4)


def test_the_feedback_term_pulls_latents_to_where_a_round_of_feedback_moves_them():
    model = lively_model()
    images, quality = _images(3, 32, 32, 3), tf.constant([2, 1, 2])
    latents = model.analysis(images, quality)
    decoded, _ = model.quantise(latents, quality, training=False)
    picture = model.synthesis(decoded, quality)
    again = model.analysis(picture, quality)
    with tf.GradientTape() as tape:
        tape.watch(latents)
        term = model._feedback_loss(latents, decoded, picture, quality)
    pull = -tape.gradient(term, latents).numpy()
    for one, gain in enumerate(model.model_config.tuning.cycle_gains[q - 1] for q in (2, 1, 2)):
        missing = latents[one].numpy() - again[one].numpy()
        corrected = after_round(
            latents[one].numpy(),
            8 * decoded[one].numpy(),
            None,
            Round(lambda *_: missing, gain, 0.0),  # noqa: B023
            None,
        )
        way = corrected - latents[one].numpy()
        np.testing.assert_allclose(pull[one], way * 2 * 6 / np.log(2) / 32**2, atol=1e-5)
        np.testing.assert_allclose(
            term[one], np.sum(np.square(way)) * 6 / np.log(2) / 32**2, rtol=1e-4
        )
    assert term[0] > 0 and term[1] == 0  # the gain of quality 1 is 0


def test_the_feedback_terms_weight_is_the_configs():
    model = lively_model()
    images, quality = _images(2, 64, 64, 3), tf.constant([2, 2])
    losses = []
    for weight in (0.0, 1.0, 2.0):
        model.loss_config = dataclasses.replace(model.loss_config, feedback_weight=weight)
        with noise.numbered(3, tf.range(2, dtype=tf.int64)):
            losses.append(float(model.training_loss(images, quality)[0]))
    assert losses[1] - losses[0] > 1e-3
    np.testing.assert_allclose(losses[2] - losses[1], losses[1] - losses[0], rtol=0.02)
