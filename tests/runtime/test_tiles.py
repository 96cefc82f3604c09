"""Tiles that overlap by a network's reach give what the whole gives."""

import numpy as np
import pytest

from tfcomp.errors import BundleError
from tfcomp.networks import tiles


def blurred(pixels: np.ndarray) -> np.ndarray:
    """A network of stride 1 and reach 2: the sum over 5x5 with zeros outside, as int32."""
    padded = np.pad(pixels[0].astype(np.int32), ((2, 2), (2, 2), (0, 0)))
    height, width = pixels.shape[1:3]
    return sum(padded[y : y + height, x : x + width] for y in range(5) for x in range(5))[None]


@pytest.mark.parametrize("shape", [(1, 1, 3), (50, 3, 3), (3, 50, 3), (31, 47, 3)])
def test_tiles_give_the_same_as_the_whole(shape, monkeypatch):
    monkeypatch.setattr(tiles, "TILE_PIXELS", 8)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    whole = blurred(pixels[None])[0]
    tiled = np.empty_like(whole)
    sizes = []

    def run(part):
        sizes.append(part.shape[1:3])
        return blurred(part)

    tiles.run_tiled(run, pixels, tiled, in_scale=1, out_scale=1, reach=2)
    np.testing.assert_array_equal(tiled, whole)
    assert max(rows * columns for rows, columns in sizes) <= (8 + 2 * 2) ** 2
    assert len(set(sizes)) == 1  # LiteRT prepares a network anew for every other shape


@pytest.mark.parametrize("size", [(64, 96), (188, 240), (9, 300), (300, 9), (50, 49)])
@pytest.mark.parametrize("reach", [0, 1, 6])
def test_tiles_make_each_place_once_and_see_what_it_needs(size, reach):
    made = np.zeros(size, int)
    for spans in tiles.tiles(*size, stride=16, reach=reach, side=48):
        made[tuple(span.made(1) for span in spans)] += 1
        for span, length in zip(spans, size):
            assert 0 <= span.seen_from <= max(0, span.start - reach)
            assert min(length, span.stop + reach) <= span.seen_to <= length
    assert (made == 1).all()


def test_a_tile_is_as_large_as_a_square_with_its_reach_in_the_shape_that_computes_least():
    seen = [rows.seen(1).stop for rows, _ in tiles.tiles(64, 96, stride=16, reach=3, side=48)]
    assert seen == [64] * 3  # four squares would compute 7,140 places, and these 6,912


def test_too_small_a_reach_shows(monkeypatch):
    monkeypatch.setattr(tiles, "TILE_PIXELS", 8)
    pixels = np.full((20, 20, 3), 9, np.uint8)
    tiled = np.empty((20, 20, 3), np.int32)
    tiles.run_tiled(blurred, pixels, tiled, in_scale=1, out_scale=1, reach=1)
    assert (tiled != blurred(pixels[None])[0]).any()


def test_without_a_known_reach_nothing_is_cut(monkeypatch):
    monkeypatch.setattr(tiles, "TILE_PIXELS", 8)
    calls = []
    pixels = np.zeros((40, 30, 3), np.uint8)
    latents = np.empty((10, 30 // 4, 2), np.int32)
    pixels = pixels[:, :28]

    def run(part):
        calls.append(part.shape)
        return np.zeros((1, 10, 7, 2), np.int32)

    tiles.run_tiled(run, pixels, latents, in_scale=4, out_scale=1, reach=None)
    assert calls == [(1, 40, 28, 3)]


def test_a_result_of_another_shape_or_type_is_an_error():
    pixels, latents = np.zeros((8, 8, 3), np.uint8), np.empty((2, 2, 5), np.int32)
    for wrong in (np.zeros((1, 2, 2, 4), np.int32), np.zeros((1, 2, 2, 5), np.float32)):
        with pytest.raises(BundleError, match="export the bundle again"):
            tiles.run_tiled(lambda part, r=wrong: r, pixels, latents, 4, 1, None)
