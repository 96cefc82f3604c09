"""Arrays that are no picture of the model are refused, each in one line that says what to do."""

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import tfcomp
from tests.channels import pictures
from tfcomp.image_spec import ImageSpec
from tfcomp.images.sample_values import checked_samples


@pytest.fixture(scope="module")
def five(five_bundle):
    return tfcomp.load(five_bundle)


def refusal(codec, image):
    with pytest.raises(tfcomp.CodecError) as caught:
        codec.compress(image)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_channels_first_are_told_from_channels_last(five):
    image = np.moveaxis(pictures.whole(1, 5, 12), -1, 0)
    assert "channels come first; give [H, W, C]" in refusal(five, image)


def test_another_number_of_channels_is_refused(five):
    assert "give [H, W, 5]" in refusal(five, pictures.whole(1, 3, 12))
    assert "it has one channel" in refusal(five, pictures.whole(1, 1, 12)[..., 0])


def test_values_beyond_the_models_bits_are_refused_and_not_clipped(five):
    image = pictures.whole(1, 5, 12)
    image[0, 0, 0] = 4096
    assert "values from" in refusal(five, image) and "scale or clip" in refusal(five, image)
    assert "from -1" in refusal(five, image.astype(np.int32) * 0 - 1)


def test_integers_of_other_widths_and_byte_orders_are_the_same_picture(five):
    image = pictures.whole(1, 5, 12)
    data = five.compress(image)
    assert five.compress(image.astype(np.int64)) == data
    assert five.compress(image.astype(">u2")) == data


def test_8_bit_and_float_arrays_are_not_taken_for_12_bits(five):
    assert "widen it first" in refusal(five, pictures.whole(1, 5, 8))
    assert "give uint16 from 0 to 4095" in refusal(five, pictures.made(1, 5, 1.0))


@pytest.mark.parametrize(
    ("value", "said"),
    [(np.nan, "NaN"), (np.inf, "infinities"), (7.0, "values from"), (-2.5, "values from")],
)
def test_floats_without_a_place_in_the_range_are_refused(value, said):
    image = np.zeros([4, 4, 2], np.float32)
    image[1, 2, 0] = value
    with pytest.raises(tfcomp.CodecError, match=said):
        checked_samples(image, ImageSpec(channels=2, range=(-2.0, 6.0)))


def test_channels_in_another_order_are_told_and_compressed(five, caplog):
    image = pictures.whole(1, 5, 12)
    five.compress(image)
    assert "order" not in caplog.text
    five.compress(image[..., ::-1])
    assert "channels may stand in another order than in training: their means are" in caplog.text


def test_a_16_bit_picture_given_to_an_8_bit_model_is_told_of(caplog, tiny_bundle):
    image = pictures.whole(1, 3, 16)
    tfcomp.load(tiny_bundle).compress(image)
    assert "16 bits a sample reduced to 8" in caplog.text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"channels": 65}, "1 to 64"),
        ({"bits": 17}, "8 to 16"),
        ({"bits": 7}, "8 to 16"),
        ({"channels": 5, "colour": "rgb"}, "'rgb' has 3 channels"),
        ({"colour": "cmyk"}, "colour is rgb, grey, none"),
        ({"range": (1.0, 1.0)}, "range is"),
        ({"range": (0.0, float("nan"))}, "range is"),
    ],
)
def test_a_recipe_with_other_pictures_than_there_are_is_refused(values, said):
    with pytest.raises(tfcomp.ConfigError, match=said):
        ImageSpec(**values)


@pytest.mark.parametrize(
    "image",
    [
        5,
        [],
        {},
        {"channels": 5.0, "bits": 8, "colour": "none"},
        {"channels": 5, "bits": True, "colour": "none"},
        {"channels": 5, "bits": 12, "colour": None},
        {"channels": 5, "range": "01", "colour": "none"},
        {"channels": 5, "range": [0, True], "colour": "none"},
        {"channels": 5, "range": [0], "colour": "none"},
        {"channels": 5, "range": [0, 1e300], "colour": "none"},
        {"channels": 5, "bits": 12, "colour": "none", "more": 1},
    ],
)
def test_a_manifest_with_no_sound_image_is_refused(image):
    with pytest.raises(tfcomp.ConfigError):
        ImageSpec.from_json(image)


@pytest.mark.parametrize(
    "spec",
    [ImageSpec(), ImageSpec(5, 12), ImageSpec(1, 16), ImageSpec(2, range=(-0.1, 7))],
)
def test_a_spec_is_read_from_what_it_wrote(spec):
    assert ImageSpec.from_json(spec.to_json()) == spec
