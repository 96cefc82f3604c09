"""The fixed attribute network in vaegan's loss."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfcomp.errors import ConfigError
from tfcomp.families.vaegan.model import VaeganModel
from tfcomp.models import attribute_network


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """The file of a network of random weights."""
    rng = np.random.default_rng(4)
    path = tmp_path_factory.mktemp("attributes") / "attributes.npz"
    arrays, inputs = [], 3
    for width in attribute_network.WIDTHS:
        kernel = rng.normal(0, np.sqrt(2 / (9 * inputs)), (3, 3, inputs, width))
        arrays += [kernel, rng.normal(0, 0.1, width)]
        inputs = width
    arrays += [rng.normal(0, 0.1, (inputs, attribute_network.OUTPUTS)), np.zeros(2)]
    attribute_network.save(path, arrays)
    return path


def test_a_missing_network_is_one_clear_error(tmp_path):
    with pytest.raises(ConfigError, match="lab.attributes"):
        attribute_network.FrozenAttributes(tmp_path / "none.npz")


def test_it_pulls_on_the_decoder_and_is_no_part_of_the_model(
    vaegan_config, network, photograph_pieces
):
    loss = dataclasses.replace(
        vaegan_config.loss,
        attribute_network=str(network),
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
