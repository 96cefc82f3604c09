"""What holds for the models of every family that takes pictures of any size."""

import numpy as np
import pytest
import tensorflow as tf

from tfcomp.errors import BitstreamError

STRIDES = {"tiny_model": 8, "binary_model": 4}
CHANNELS = 16


@pytest.fixture(params=STRIDES)
def name(request):
    return request.param


@pytest.fixture
def model(request, name):
    return request.getfixturevalue(name)


@pytest.mark.parametrize("height, width", [(1, 1), (1, 9), (7, 3), (8, 8), (33, 17)])
def test_any_size_from_1x1_keeps_its_size(model, name, height, width):
    images = tf.random.stateless_uniform([1, height, width, 3], seed=(1, 2))
    decoded, bits, latents = model(images)
    assert decoded.shape == images.shape
    rows, columns = (-(-side // STRIDES[name]) for side in (height, width))
    assert latents.shape == (1, rows, columns, CHANNELS)
    assert np.isfinite(bits[0]) and bits[0] > 0
    (picture,) = model.decompress(model.compress(images, quality=model.qualities))
    assert picture.shape == (height, width, 3)


def test_a_model_can_be_rebuilt_from_its_config(model):
    again = type(model).from_config(model.get_config())
    assert again.model_config == model.model_config
    assert again.loss_config == model.loss_config


def test_a_damaged_file_is_refused(model, photograph):
    (data,) = model.compress(photograph[None] / 255.0, 1)
    with pytest.raises(BitstreamError):
        model.decompress([data[:-1]])
