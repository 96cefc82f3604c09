"""Pillow opens the pictures that it has modes for, and says of others what reads them."""

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

import tfcomp
from tests.channels import pictures


@pytest.fixture
def written(monkeypatch, tmp_path):
    """written(bundle, picture): the path of its file and the samples; the bundle is installed."""
    tfcomp.register_pillow()

    def write(bundle, picture):
        monkeypatch.setenv("TFCOMP_BUNDLES", str(bundle.parent))
        codec = tfcomp.load(bundle)
        path = tmp_path / "a.tfcomp"
        path.write_bytes(codec.compress(picture))
        return path, codec.decompress(path)

    return write


def test_one_channel_of_16_bits_is_a_picture_of_mode_i16(deep_bundle, written, tmp_path):
    path, samples = written(deep_bundle, pictures.whole(9, 1, 16, height=50, width=70))
    with Image.open(path) as image:
        assert (image.mode, image.size) == ("I;16", (70, 50))
        assert np.array_equal(np.asarray(image), samples)
        image.save(tmp_path / "a.png")
        image.save(tmp_path / "b.tfcomp", model=str(deep_bundle))
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), samples)
    assert (tmp_path / "b.tfcomp").read_bytes() == tfcomp.load(deep_bundle).compress(samples)


def test_a_grey_model_gives_modes_l_and_la(grey_bundle, written, photograph):
    grey = photograph[..., 0]
    path, samples = written(grey_bundle, grey)
    with Image.open(path) as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), samples)
    alpha = np.full(grey.shape, 255, np.uint8)
    alpha[:8] = 100
    path, samples = written(grey_bundle, np.dstack([grey, alpha]))
    with Image.open(path) as image:
        assert image.mode == "LA"
        assert np.array_equal(np.asarray(image), samples)


def test_what_pillow_has_no_mode_for_is_refused_before_it_is_decoded(five_bundle, written):
    path, _ = written(five_bundle, pictures.whole(9, 5, 12))
    with pytest.raises(UnidentifiedImageError, match="holds 5 channels of 12 bits") as caught:
        Image.open(path)
    assert isinstance(caught.value, tfcomp.CodecError)
    assert "tfcomp.decompress" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("image", "mode"),
    [
        ({"channels": 1, "range": (0.0, 1.0)}, "F"),
        ({"channels": 1, "colour": "none"}, "L"),
        ({"channels": 1, "bits": 10}, "I;16"),
    ],
)
def test_one_channel_has_the_mode_of_its_samples(image, mode):
    from tfcomp.image_spec import ImageSpec
    from tfcomp.pillow.modes import mode_of, raw_bytes, raw_mode

    spec = ImageSpec(**image)
    assert mode_of(spec, grey=False, alpha=False) == mode
    samples = (np.arange(12).reshape(3, 4) / 16 * spec.peak).astype(spec.dtype)
    opened = Image.frombytes(mode, (4, 3), raw_bytes(samples, mode), "raw", raw_mode(mode))
    assert np.array_equal(np.asarray(opened), samples)
