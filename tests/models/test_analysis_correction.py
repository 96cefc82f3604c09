import dataclasses

import numpy as np
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp.runs import run_folder

QUALITY = tf.constant([1, 2])


def _images():
    return tf.random.stateless_uniform([2, 32, 48, 3], seed=(5, 6))


def _model(**changes):
    config = hyperprior_factory.tiny_config()
    changed = dataclasses.replace(config, model=dataclasses.replace(config.model, **changes))
    tf.keras.utils.set_random_seed(3)
    return run_folder.build_model(changed)


def test_it_starts_as_nothing_and_learns_from_the_first_step():
    model = _model()
    y = model.transform(_images()) * model.gain(QUALITY)[:, None, None]
    np.testing.assert_array_equal(model.analysis(_images(), QUALITY), y)
    with tf.GradientTape() as tape:
        loss, _ = model.training_loss(_images(), QUALITY)
    gradient = tf.convert_to_tensor(tape.gradient(loss, model.correction.quality_scale))
    assert np.count_nonzero(gradient) > tf.size(gradient) / 2


def test_it_moves_latents_by_quality_and_leaves_the_decoder_alone():
    model = _model()
    latents = model.analysis(_images(), QUALITY)
    picture = model.synthesis(latents, QUALITY).numpy()
    model.correction.quality_scale.assign(np.repeat([[0.0], [1.0]], 16, axis=1))
    moved = model.analysis(_images(), QUALITY)
    np.testing.assert_array_equal(moved[0], latents[0])
    assert np.abs(moved[1] - latents[1]).max() > 0.1
    np.testing.assert_array_equal(model.synthesis(latents, QUALITY), picture)


def test_the_decoder_has_not_one_weight_of_it():
    with_it, without = _model(), _model(correction_blocks=0)
    extra = with_it.count_params() - without.count_params()
    assert extra == sum(int(tf.size(v)) for v in with_it.correction_variables) > 0
    assert without.correction_variables == []


def test_what_an_encoder_looks_at_grows_with_it():
    config = dataclasses.replace(hyperprior_factory.tiny_config().model, diffusion=False)
    without = dataclasses.replace(config, correction_blocks=0)
    assert config.reach == without.reach + 1
    assert config.decoder_reach == without.decoder_reach
