"""Pillow's draft and thumbnail decode smaller pictures of .tfcomp files."""

import io

import numpy as np
import pytest
from PIL import Image

import tfcomp
import tfcomp.pillow
from tests.bundle_factory import photo
from tfcomp.pillow.drafting import draft_of


@pytest.fixture(scope="module")
def data():
    return tfcomp.load("cycle-small").compress(photo(401, 600), 5)


@pytest.mark.parametrize(
    ("least", "scale"),
    [((75, 50), 8), ((76, 50), 4), ((150, 100), 4), ((300, 200), 2), ((301, 9), 1), ((9, 9), 8)],
)
def test_a_draft_is_the_smallest_picture_that_is_large_enough(data, least, scale):
    with Image.open(io.BytesIO(data)) as image:
        mode, box = image.draft(None, least)
        assert mode == "RGB" and box == (0, 0, 600 / scale, 401 / scale)
        assert image.size == (-(-600 // scale), -(-401 // scale))
        expected = tfcomp.decompress(data, scale=scale)
        np.testing.assert_array_equal(np.asarray(image), expected)


def test_a_draft_is_made_once_and_before_pixels_are_used(data):
    with Image.open(io.BytesIO(data)) as image:
        assert image.draft(None, (150, 100))
        assert image.draft(None, (10, 10)) is None
        image.load()
        assert image.draft(None, (10, 10)) is None


def test_a_thumbnail_looks_like_one_of_the_whole_picture(data):
    with Image.open(io.BytesIO(data)) as image:
        image.thumbnail((64, 64))
        whole = Image.fromarray(tfcomp.decompress(data))
        whole.thumbnail((64, 64))
        assert image.size == whole.size
        assert np.mean((np.asarray(image).astype(float) - np.asarray(whole)) ** 2) < 10


def test_tiny_pictures_and_sizes_have_drafts():
    assert draft_of((3, 3), (0, 0)).scale == 2
    assert draft_of((1, 1), (5, 5)).scale == 1
    assert draft_of((100, 100), None).scale == 1
