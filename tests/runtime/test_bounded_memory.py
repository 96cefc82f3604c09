"""What keeps memory from growing with the picture changes no byte and no pixel."""

import numpy as np
import pytest

import tfcomp
from tests.bundle_factory import photo
from tfcomp.bitstream.passes import Pass
from tfcomp.entropy_kinds.hyperprior import sections as hyperprior_sections
from tfcomp.networks import tiles
from tfcomp.networks.padding import EdgePadded


@pytest.fixture(scope="module")
def codec():
    return tfcomp.load("cycle", num_threads=1)


@pytest.mark.parametrize("quality", [3, 8])  # 8 and 2 latent rows a stream
def test_bands_of_rows_give_the_bytes_and_pixels_of_the_whole(codec, quality, monkeypatch):
    image = photo(330, 75)  # 21 latent rows
    whole = codec.compress(image, quality)
    pixels = codec.decompress(whole)
    bands = []
    plain = hyperprior_sections._bands

    def counted(height, width, rows):
        found = list(plain(height, width, rows))
        bands.append(len(found))
        return found

    monkeypatch.setattr(hyperprior_sections, "_BAND_ROWS", 1)
    monkeypatch.setattr(hyperprior_sections, "_bands", counted)
    assert codec.compress(image, quality) == whole
    np.testing.assert_array_equal(codec.decompress(whole), pixels)
    assert min(bands) == {3: 3, 8: 11}[quality]


@pytest.mark.parametrize("which", [(None, None), (0, None), (1, None), (0, 0), (0, 1)])
def test_values_that_16_bits_cannot_hold_are_kept(which):
    parity, row_parity = which
    decoded = np.zeros((4, 3, 5), np.int16)
    store = hyperprior_sections._Store(decoded, Pass(1, 2, parity, row_parity))
    values = np.arange(-12, 12, dtype=np.int32).reshape(4, 3, 2)
    store(slice(0, 2), values[:2])
    store(slice(2, 4), values[2:] * 100_000)
    expected = np.concatenate([values[:2], values[2:] * 100_000])
    if parity is not None:
        rows, columns = np.indices((4, 3))
        expected = np.where(((rows + columns) % 2 == parity)[..., None], expected, 0)
    if row_parity is not None:
        expected[1 - row_parity :: 2] = 0
    np.testing.assert_array_equal(store.finish()[..., 1:3], expected)
    assert not store.finish()[..., [0, 3, 4]].any()


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (9, 15), (30, 7)])
def test_a_picture_padded_part_by_part_is_the_padded_picture(size):
    pixels = photo(*size)
    padded = EdgePadded(pixels, 8)
    whole = np.pad(pixels, ((0, -size[0] % 8), (0, -size[1] % 8), (0, 0)), mode="edge")
    assert padded.shape == whole.shape
    for rows in (slice(0, 8), slice(whole.shape[0] - 8, whole.shape[0]), slice(0, whole.shape[0])):
        columns = slice(whole.shape[1] - 8, whole.shape[1])
        np.testing.assert_array_equal(padded[rows, columns], whole[rows, columns])


@pytest.mark.parametrize("name", ["cycle", "cycle-small"])
def test_tiles_of_a_shipped_model_show_no_seam(name, monkeypatch):
    codec = tfcomp.load(name, num_threads=1)
    image = photo(230, 300)
    rng = np.random.default_rng(5)
    latents = rng.integers(-60, 60, (15, 19, codec.info["channels"]), np.int16) * np.int16(8)
    encoded = codec.encode_image(EdgePadded(image, codec.info["stride"]), codec.qualities)
    size = image.shape[:2]
    decoded = codec.decode_latents(latents, codec.qualities, size)
    monkeypatch.setattr(tiles, "TILE_PIXELS", 80)
    tiled = codec.encode_image(EdgePadded(image, codec.info["stride"]), codec.qualities)
    # Sums in another order: a pixel that lies between two values may become the other one.
    np.testing.assert_allclose(tiled, encoded, rtol=1e-3, atol=2e-3)
    seamless = codec.decode_latents(latents, codec.qualities, size).astype(int)
    difference = np.abs(seamless - decoded)
    assert difference.max() <= 1 and difference.mean() < 1e-3


@pytest.mark.parametrize("rows", [1, 2, 8, 32])
def test_bands_of_wide_pictures_have_fewer_rows_and_whole_streams(rows):
    for width in (1, 48, 256, 700, 65536):
        bands = list(hyperprior_sections._bands(130, width, rows))
        assert [band.start for band in bands[1:]] == [band.stop for band in bands[:-1]]
        assert bands[0].start == 0 and bands[-1].stop == 130
        assert all(band.start % 2 == 0 and band.start % rows == 0 for band in bands)
        tallest = max(band.stop - band.start for band in bands)
        assert tallest <= max(62, rows) and tallest * width <= max(62 * 256, width * max(2, rows))
