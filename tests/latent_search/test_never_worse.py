"""Whatever the encoder tries, the file is no worse than without, for drawings and photographs."""

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data as photographs

import tfcomp
from tfcomp.images.difference import squared_error
from tfcomp.latent_search.drawn_pictures import is_drawn
from tfcomp.latent_search.lagrangian import bits_of_squared_error

SHAPE = (48, 64)
MODELS = ("cycle", "cycle-small", "cycle-small-msssim")


def _text():
    image = Image.new("RGB", SHAPE[::-1], "white")
    draw = ImageDraw.Draw(image)
    for line in range(4):
        draw.text((2, 12 * line), "Qty 1,284 @ 7.5%", fill="black")
    return np.asarray(image)


def _hatched():
    """A photograph with a patch of fine lines, which one round alone can turn all white."""
    picture = photographs.astronaut()[100:148, 150:214].copy()
    picture[8:40:2, 8:40] = 0
    picture[9:40:2, 8:40] = 255
    return picture


def _dithered():
    grey = photographs.camera()[100:148, 200:264]
    noise = np.random.default_rng(2).integers(0, 256, grey.shape)
    return np.repeat(((grey > noise) * np.uint8(255))[..., None], 3, axis=2)


def _checkers():
    rows, columns = np.indices(SHAPE)
    return np.repeat(((rows + columns) % 2 * np.uint8(255))[..., None], 3, axis=2)


def _stripes():
    picture = np.zeros((*SHAPE, 3), np.uint8)
    picture[::2, :, 0], picture[1::2, :, 2] = 255, 255
    return picture


def _flat(*colour):
    return np.broadcast_to(np.array(colour, np.uint8), (*SHAPE, 3))


PICTURES = {
    "photograph": np.ascontiguousarray(photographs.astronaut()[20:68, 180:244]),
    "hatched": _hatched(),
    "text": _text(),
    "dithered": _dithered(),
    "checkers": _checkers(),
    "stripes": _stripes(),
    "noise": np.random.default_rng(1).integers(0, 256, (*SHAPE, 3)).astype(np.uint8),
    "green": _flat(0, 255, 0),
}
FLAT = {
    "white": _flat(255, 255, 255),
    "black": _flat(0, 0, 0),
    "grey": _flat(128, 128, 128),
    "red": _flat(255, 0, 0),
    "green": _flat(0, 255, 0),
    "blue": _flat(0, 0, 255),
    "cyan": _flat(0, 255, 255),
}


@pytest.fixture(scope="module", params=MODELS)
def codec(request):
    return tfcomp.load(request.param, num_threads=1)


def _error(codec, picture, data):
    return squared_error(picture, codec.decompress(data))


def _psnr(codec, picture, data):
    error = _error(codec, picture, data) / picture.size
    return 99.0 if not error else 10 * np.log10(255.0**2 / error)


@pytest.mark.parametrize("name", PICTURES)
def test_rounds_of_feedback_never_cost_more_than_they_bring(codec, name):
    picture = PICTURES[name]
    for quality in range(1, codec.qualities + 1):
        points = codec.bundle.manifest.rate_distortion
        worth = bits_of_squared_error(points, quality)
        plain = codec.compress(picture, quality)
        before = 8 * len(plain) + worth * _error(codec, picture, plain)
        for rounds in (1, 4) if codec.info["name"] == "cycle" else (2,):
            data = codec.compress(picture, quality, feedback=rounds)
            after = 8 * len(data) + worth * _error(codec, picture, data)
            assert after <= before, (quality, rounds)
            assert _psnr(codec, picture, data) > _psnr(codec, picture, plain) - 1


def test_a_round_whose_latents_are_absurd_is_not_taken(monkeypatch):
    codec = tfcomp.load("cycle", num_threads=1)
    picture, encode = PICTURES["photograph"], codec.encoder.run
    plain = codec.compress(picture, 8)
    calls = []

    def diverging(**inputs):
        calls.append(1)
        return encode(**inputs) if len(calls) == 1 else np.full_like(encode(**inputs), np.nan)

    monkeypatch.setattr(codec.encoder, "run", diverging)
    data = codec.compress(picture, 8, feedback=1)
    assert len(calls) > 1
    assert _error(codec, picture, data) <= 1.02 * _error(codec, picture, plain)


@pytest.mark.parametrize("name", FLAT)
def test_flat_colours_are_no_worse_at_a_higher_quality(codec, name):
    picture = FLAT[name]
    found = [_psnr(codec, picture, codec.compress(picture, q)) for q in range(1, 9)]
    highest = np.maximum.accumulate(found)
    assert np.all(highest - found < 2.5), found
    assert found[-1] > (30 if codec.info["name"] == "cycle-small-msssim" else 35), found


@pytest.mark.parametrize("name", ["checkers", "stripes"])
def test_bytes_that_bring_nothing_are_not_spent(codec, name):
    files = [codec.compress(PICTURES[name], quality) for quality in (1, 8)]
    gained = _psnr(codec, PICTURES[name], files[1]) - _psnr(codec, PICTURES[name], files[0])
    assert gained > 0.1 or len(files[1]) <= 1.2 * len(files[0])


def test_photographs_are_not_taken_for_drawings():
    taken = (photographs.astronaut(), photographs.coffee(), photographs.chelsea())
    assert not any(is_drawn(picture[::2, ::2]) for picture in taken)
    assert not is_drawn(PICTURES["noise"])
    for name in ("text", "dithered", "checkers", "stripes", "green"):
        assert is_drawn(PICTURES[name])


def test_colours_between_the_columns_looked_at_first_are_counted_too():
    noise = np.random.default_rng(3).integers(0, 256, (40, 130, 3), np.uint8)
    noise[:, ::64] = 9
    assert not is_drawn(noise)
    assert is_drawn(noise // 128 * 128)


def test_refinement_after_rounds_starts_from_the_file_that_they_made():
    pytest.importorskip("tensorflow")
    codec = tfcomp.load("cycle", num_threads=1)
    picture = PICTURES["photograph"]
    worth = bits_of_squared_error(codec.bundle.manifest.rate_distortion, 5)
    costs = []
    for choices in ({"feedback": 2}, {"feedback": 2, "refine": 3}):
        data = codec.compress(picture, 5, **choices)
        costs.append(8 * len(data) + worth * _error(codec, picture, data))
    assert costs[1] <= 1.01 * costs[0]
