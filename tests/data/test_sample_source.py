"""The photographs that come inside scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

from tfcomp.data import evaluation_images, open_source, sample_images
from tfcomp.errors import ConfigError


def test_the_samples_are_colour_photographs_of_known_sizes():
    images = sample_images()
    assert {name: image.shape for name, image in images.items()} == {
        "astronaut": (512, 512, 3),
        "coffee": (400, 600, 3),
        "rocket": (427, 640, 3),
        "chelsea": (300, 451, 3),
    }
    for name, image in images.items():
        assert image.dtype == np.uint8, name
        assert len(set(map(bytes, image[::4, ::4].reshape(-1, 3)))) > 2000, name
        assert np.abs(image[:, :, 0].astype(int) - image[:, :, 2]).mean() > 3, name


def test_the_test_photograph_is_not_trained_on():
    assert not set(sample_images("train")) & set(sample_images("test"))
    assert set(sample_images("train")) | set(sample_images("test")) == set(sample_images())


def test_the_sample_source_gives_the_photographs_in_order():
    source = open_source("sample")
    expected = list(sample_images("train").values())
    given = list(evaluation_images(source).as_numpy_iterator())
    assert source.count == len(given) == len(expected)
    for image, wanted in zip(given, expected):
        assert np.array_equal(image, wanted)


def test_an_unknown_split_of_the_samples_is_refused():
    with pytest.raises(ConfigError, match='use "train" or "test"'):
        open_source("sample", split="validation")
