"""Training the attribute network: what its command saves is the network that was trained."""

import numpy as np
import pytest

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

import tensorflow as tf  # noqa: E402

from lab import attributes  # noqa: E402
from tfcomp.models import attribute_network  # noqa: E402


def test_folding_the_normalisation_changes_nothing(tmp_path):
    tf.keras.utils.set_random_seed(4)
    model = attributes.build()
    model(tf.random.uniform([8, 64, 64, 3]) * 0.7, training=True)  # normalisation sees pictures
    path = tmp_path / "attributes.npz"
    attribute_network.save(path, attributes.folded(model))
    images = tf.random.stateless_uniform([2, 64, 64, 3], (1, 2))
    features, outputs = attribute_network.FrozenAttributes(path)(images)
    np.testing.assert_allclose(outputs, model(images, training=False), atol=1e-4)
    assert [f.shape[1] for f in features] == [32, 16, 16, 8, 8]
