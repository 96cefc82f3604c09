import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfcomp.errors import ConfigError
from tfcomp.models import attribute_network
from tfcomp.models.vaegan import VaeganModel
from tfcomp.training import attributes


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """An untrained network whose normalisation has seen some pictures; its file and itself."""
    tf.keras.utils.set_random_seed(4)
    model = attributes.build()
    model(tf.random.uniform([8, 64, 64, 3]) * 0.7, training=True)
    path = tmp_path_factory.mktemp("attributes") / "attributes.npz"
    attribute_network.save(path, attributes.folded(model))
    return path, model


def test_folding_the_normalisation_changes_nothing(network):
    path, model = network
    images = tf.random.stateless_uniform([2, 64, 64, 3], (1, 2))
    features, outputs = attribute_network.FrozenAttributes(path)(images)
    np.testing.assert_allclose(outputs, model(images, training=False), atol=1e-4)
    assert [f.shape[1] for f in features] == [32, 16, 16, 8, 8]


def test_a_missing_network_is_one_clear_error(tmp_path):
    with pytest.raises(ConfigError, match="tfcomp.training.attributes"):
        attribute_network.FrozenAttributes(tmp_path / "none.npz")


def test_it_pulls_on_the_decoder_and_is_no_part_of_the_model(
    vaegan_config, network, photograph_pieces
):
    loss = dataclasses.replace(
        vaegan_config.loss,
        attribute_network=str(network[0]),
        pixel_weight=0.0,
        attribute_weight=0.0,
    )
    bare = VaeganModel(vaegan_config.model, vaegan_config.loss).build_codec()
    model = VaeganModel(vaegan_config.model, loss).build_codec()
    images = tf.cast(photograph_pieces[:2], tf.float32) / 255.0
    images = tf.repeat(tf.repeat(images, 2, axis=1), 2, axis=2)
    gradients, parts = model.gradients(images, tf.constant([1, 1]), adversarial=False)
    assert float(parts["attribute_features"]) > 0
    assert any(np.abs(g).max() > 0 for g in gradients["decoder_optimizer"])
    assert [v.shape for v in model.variables] == [v.shape for v in bare.variables]
