import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from tfcomp.families.vaegan import equilibrium
from tfcomp.families.vaegan.model import VaeganModel

OPTIMIZERS = VaeganModel.optimizer_names


def _fresh(config, pieces, rates=(0.0, 0.0, 0.0), seed=3, **loss_changes):
    keras.utils.set_random_seed(seed)
    loss = dataclasses.replace(config.loss, adversarial_start=0.0, **loss_changes)
    model = VaeganModel(config.model, loss).build_codec()
    model.initialize(pieces)
    model.compile(*[keras.optimizers.SGD(rate) for rate in rates])
    return model


def _values(model, name):
    return [v.numpy().copy() for v in model.variables_of(name)]


def _moved(model, name, before):
    return any(np.any(a != b) for a, b in zip(before, _values(model, name)))


def test_every_trainable_variable_belongs_to_exactly_one_optimizer(vaegan_model):
    owned = [id(v) for name in OPTIMIZERS for v in vaegan_model.variables_of(name)]
    assert len(owned) == len(set(owned))
    assert set(owned) == {id(v) for v in vaegan_model.trainable_variables}


@pytest.mark.parametrize("mover", range(3))
def test_an_optimizer_moves_its_own_network_and_no_other(vaegan_config, photograph_pieces, mover):
    rates = [0.0] * 3
    rates[mover] = 0.1
    model = _fresh(vaegan_config, photograph_pieces, rates, margin=10.0, lambda_rate=0.0)
    before = {name: _values(model, name) for name in OPTIMIZERS}
    model.train_step(photograph_pieces[:2])
    moved = [_moved(model, name, before[name]) for name in OPTIMIZERS]
    assert moved == [number == mover for number in range(3)]


def test_a_step_reports_every_term(vaegan_config, photograph_pieces):
    model = _fresh(vaegan_config, photograph_pieces)
    logs = model.train_step(photograph_pieces[:2])
    assert set(logs) == set(VaeganModel.metric_names)
    values = {name: float(value) for name, value in logs.items()}
    assert np.all(np.isfinite(list(values.values())))
    terms = ("prior", "bpp", "pixels", "features", "llike", "gan_real", "gan_fake", "decoder_gan")
    assert all(values[name] > 0 for name in terms)
    assert values["bpp"] == pytest.approx(values["prior"] / 32**2, rel=1e-4)


def test_the_likelihood_can_hold_the_loss_of_structure(vaegan_config, photograph_pieces):
    images = tf.cast(photograph_pieces[:2], tf.float32) / 255.0
    quality = tf.constant([1, 1])
    terms = []
    for weight in (0.0, 50.0):
        model = _fresh(vaegan_config, photograph_pieces, ssim_weight=weight)
        keras.utils.set_random_seed(4)
        terms.append(np.mean(model.gradients(images, quality, adversarial=False)[1]["llike"]))
    decoded = model(images, quality=quality, training=True)[0]
    lost = 1.0 - np.mean(tf.image.ssim(images, decoded, 1.0))
    assert terms[1] - terms[0] == pytest.approx(50.0 * lost, rel=1e-3)
    assert lost > 0.01


def test_history_has_a_column_for_every_term(vaegan_run):
    lines = (vaegan_run / "history.csv").read_text().splitlines()
    assert lines[0].split(",")[1:] == list(VaeganModel.metric_names)
    assert len(lines) == 4


@pytest.mark.parametrize(
    "real, fake, learns, listens",
    [
        (0.69, 0.69, 1, 1),  # level
        (0.05, 0.69, 0, 1),  # the discriminator is far ahead on pictures
        (0.69, 0.05, 0, 1),
        (1.50, 0.69, 1, 0),  # and far behind: nothing to be learnt from it
        (0.05, 1.50, 1, 0),
    ],
)
def test_whoever_is_ahead_waits(real, fake, learns, listens):
    gates = equilibrium.gates(tf.constant(real), tf.constant(fake), 0.68, 0.4)
    assert [float(gate) for gate in gates] == [learns, listens]


def test_a_discriminator_far_ahead_stands_still_while_the_others_move(
    vaegan_config, photograph_pieces
):
    # An equilibrium far above any loss: the discriminator always counts as ahead.
    ahead = {"equilibrium": 100.0, "margin": 50.0}
    model = _fresh(vaegan_config, photograph_pieces, (0.1, 0.1, 0.1), **ahead)
    before = {name: _values(model, name) for name in OPTIMIZERS}
    logs = model.train_step(photograph_pieces[:2])
    assert float(logs["discriminator_learns"]) == 0
    assert [_moved(model, name, before[name]) for name in OPTIMIZERS] == [True, True, False]


def test_its_optimizer_in_a_run_leaves_it_still_even_after_having_moved(
    vaegan_config, photograph_pieces
):
    from tfcomp.training.optimizers import build_optimizer

    model = _fresh(vaegan_config, photograph_pieces)
    settings = model.optimizer_settings("discriminator_optimizer", vaegan_config.optimizer)
    optimizer = build_optimizer(settings, 10, model.hidden_kernels)
    variables = model.variables_of("discriminator_optimizer")
    optimizer.build(variables)
    optimizer.apply_gradients([(tf.ones_like(v), v) for v in variables])
    before = _values(model, "discriminator_optimizer")
    optimizer.apply_gradients([(tf.zeros_like(v), v) for v in variables])
    assert not _moved(model, "discriminator_optimizer", before)


def test_a_discriminator_far_behind_is_not_listened_to(vaegan_config, photograph_pieces):
    images = tf.cast(photograph_pieces[:2], tf.float32) / 255.0
    quality = tf.constant([1, 1])

    def decoder_gradients(**changes):
        model = _fresh(vaegan_config, photograph_pieces, feature_weight=0.0, **changes)
        tf.random.set_seed(1)
        gradients, _ = model.gradients(images, quality, adversarial=True)
        return model, gradients["decoder_optimizer"]

    model, behind = decoder_gradients(equilibrium=0.0, margin=0.0)
    _, listening = decoder_gradients(margin=10.0)
    tf.random.set_seed(1)
    alone, _ = model.gradients(images, quality, adversarial=False)
    for a, b in zip(behind, alone["decoder_optimizer"]):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)
    assert any(np.abs(a - b).max() > 1e-5 for a, b in zip(behind, listening))


def test_lambda_rises_and_steps_shrink_while_there_are_bits_to_spare(
    vaegan_config, photograph_pieces
):
    model = _fresh(vaegan_config, photograph_pieces)
    target = vaegan_config.model.target_bpp[0]
    for bpp, direction in ((target / 2, 1), (target * 2, -1)):
        before, gains = float(model.log_lambda[0]), model.log_gain.numpy()
        model._steer_rate(tf.constant([1, 1]), tf.constant([bpp, bpp]))
        moved = float(model.log_lambda[0]) - before
        assert np.sign(moved) == direction
        np.testing.assert_allclose(model.log_gain - gains, moved / 2, rtol=1e-3)
