import math

import numpy as np
import pytest

from tests import needs
from tfcomp.evaluation.classical import JPEG
from tfcomp.evaluation.metrics import border_steps, decibels, ms_ssim, psnr, ssim


def test_psnr_follows_its_formula():
    picture = np.full((4, 5, 3), 100, np.uint8)
    assert psnr(picture, picture + 10) == pytest.approx(10 * np.log10(255**2 / 100))
    assert psnr(picture, picture) == float("inf")


@pytest.mark.parametrize("measure", [psnr, ms_ssim])
def test_only_decoded_pixels_of_one_shape_are_compared(measure):
    with pytest.raises(ValueError):
        measure(np.zeros((2, 2, 3)), np.zeros((2, 2, 3)))
    with pytest.raises(ValueError):
        measure(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 3, 3), np.uint8))


def test_ssim_is_that_of_scikit_image(photographs):
    from skimage.metrics import structural_similarity

    a = photographs["astronaut.png"][:32, :128]
    noise = np.random.default_rng(1).normal(0, 20, a.shape)
    b = np.clip(a + noise, 0, 255).astype(np.uint8)
    _, full = structural_similarity(
        a,
        b,
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
        full=True,
    )
    assert ssim(a, b) == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-4)


@pytest.mark.parametrize("quality", [5, 40, 90])
@pytest.mark.parametrize("size", [(192, 200), (177, 183)])
def test_ms_ssim_is_that_of_tensorflow(photographs, quality, size):
    tf = pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
    image = photographs["astronaut.png"][: size[0], : size[1]]
    decoded = JPEG.decode(JPEG.encode(image, quality))
    expected = float(tf.image.ssim_multiscale(image[None], decoded[None], 255)[0])
    assert ms_ssim(image, decoded) == pytest.approx(expected, abs=2e-5)


def test_ms_ssim_of_equal_pictures_is_1_and_of_opposite_ones_0(photographs):
    image = photographs["astronaut.png"]
    assert ms_ssim(image, image) == pytest.approx(1, abs=1e-6)
    assert ms_ssim(image, 255 - image) == 0


def test_ms_ssim_needs_176_pixels_a_side():
    small = np.zeros((175, 300, 3), np.uint8)
    assert ms_ssim(small, small) is None


def test_decibels_spread_what_crowds_below_1():
    assert decibels(0.99) == pytest.approx(20)
    assert decibels(None) is None
    assert decibels(1.0) == math.inf


def test_steps_at_borders_show_blocks_and_nothing_else():
    rng = np.random.default_rng(5)
    blocks = np.kron(rng.integers(60, 200, (6, 8, 3)), np.ones((16, 16, 1)))
    grain = rng.normal(0, 2, blocks.shape)
    blocky = np.clip(blocks + grain, 0, 255).astype(np.uint8)
    assert border_steps(blocky) > 10
    assert border_steps(np.roll(blocky, 8, (0, 1))) < 0.6
    even = np.clip(128 + grain, 0, 255).astype(np.uint8)
    assert border_steps(even) == pytest.approx(1, abs=0.05)
    assert border_steps(even[:16, :16]) is None
    assert border_steps(np.full((64, 64, 3), 7, np.uint8)) is None


def test_coarse_jpeg_has_steps_at_the_borders_of_its_blocks_of_8(photograph):
    coarse, fine = (JPEG.decode(JPEG.encode(photograph, quality)) for quality in (5, 95))
    assert border_steps(coarse, 8) > 2
    assert border_steps(fine, 8) < 1.2
