"""Refined files: read by the plain runtime, never worse, the same every time, within limits."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from skimage import data as photographs

import tfcomp
from tests.bundle_factory import photo, write_bundle
from tfcomp.bitstream.container import parse
from tfcomp.errors import CodecError, ConfigError
from tfcomp.images.difference import squared_error
from tfcomp.latent_search.descent import picture, windows
from tfcomp.latent_search.lagrangian import multiplier


@pytest.fixture
def codec(folder):
    return tfcomp.load(folder)


@pytest.fixture
def quality(codec):
    """One at which the bundle surely leaves something to gain."""
    return 2 if codec.bundle.manifest.layout else 1


@pytest.fixture
def steps(codec):
    """Enough to gain it; the factorized bundle's are quick, and its transform leaves little."""
    return 40 if codec.bundle.manifest.layout else 100


@pytest.fixture
def face():
    """uint8 [128, 128, 3]."""
    portrait = Image.fromarray(photographs.astronaut()).crop((144, 20, 304, 180))
    return np.asarray(portrait.resize((128, 128), Image.LANCZOS))


def cost(codec, image, data, quality):
    weight = multiplier(codec, image, quality, lambda q: codec.compress(image, q))
    return 8 * len(data) + weight * squared_error(image, codec.decompress(data))


def without_tensorflow(code, *arguments):
    block = "import sys; sys.modules['tensorflow'] = None\n"
    return subprocess.run(
        [sys.executable, "-c", block + code, *arguments], capture_output=True, check=False
    )


def test_a_refined_file_costs_less_and_the_plain_runtime_reads_it(
    codec, folder, quality, steps, photograph, tmp_path
):
    plain = codec.compress(photograph, quality)
    refined = codec.compress(photograph, quality, refine=steps)
    assert refined != plain
    assert cost(codec, photograph, refined, quality) < cost(codec, photograph, plain, quality)
    assert parse(refined, lambda fingerprint: codec.bundle).quality == quality
    (tmp_path / "refined.tfcomp").write_bytes(refined)
    child = without_tensorflow(
        "import tfcomp; image = tfcomp.load(sys.argv[1]).decompress(sys.argv[2])\n"
        "sys.stdout.buffer.write(image.tobytes())",
        str(folder),
        str(tmp_path / "refined.tfcomp"),
    )
    assert child.returncode == 0, child.stderr
    assert child.stdout == codec.decompress(refined).tobytes()


def test_more_steps_gain_more(codec, quality, steps, photograph):
    costs = [
        cost(codec, photograph, codec.compress(photograph, quality, refine=each), quality)
        for each in (0, 2, steps)
    ]
    assert costs[0] >= costs[1] > costs[2]


def test_the_same_picture_gives_the_same_file(codec, quality, steps, photograph):
    first, second = (codec.compress(photograph, quality, refine=steps) for _ in range(2))
    assert first == second != codec.compress(photograph, quality)


def test_a_descent_that_goes_astray_leaves_the_plain_file(codec, photograph, monkeypatch):
    from tfcomp.latent_search.descent import descent

    monkeypatch.setattr(descent, "LEARNING_RATE", 30.0)
    assert codec.compress(photograph, 2, refine=3) == codec.compress(photograph, 2)


@pytest.mark.parametrize("size", [(1, 1), (33, 50), (64, 17)])
def test_any_size_is_refined(codec, size):
    image = photo(*size)
    data = codec.compress(image, 2, refine=3)
    assert codec.decompress(data).shape == image.shape
    assert cost(codec, image, data, 2) <= cost(codec, image, codec.compress(image, 2), 2)


def test_descent_goes_on_from_what_feedback_found(hyperprior_folder, photograph):
    codec = tfcomp.load(hyperprior_folder)
    iterated = codec.compress(photograph, 2, feedback=1)
    refined = codec.compress(photograph, 2, feedback=1, refine=10)
    assert cost(codec, photograph, refined, 2) < cost(codec, photograph, iterated, 2)
    assert refined != codec.compress(photograph, 2, refine=10)


def test_a_large_picture_is_refined_in_windows(codec, quality, steps, photograph, monkeypatch):
    monkeypatch.setattr(windows, "SIDE_PIXELS", 32)
    seen = []
    data = codec.compress(photograph, quality, refine=steps, progress=lambda *now: seen.append(now))
    assert seen == [(i + 1, 6 * steps) for i in range(6 * steps)]  # 2 by 3 windows
    plain = codec.compress(photograph, quality)
    assert cost(codec, photograph, data, quality) < cost(codec, photograph, plain, quality)


def test_limits_of_bytes_hold(codec, steps, photograph):
    plain = codec.compress(photograph, 1)
    for limit in (len(plain), len(plain) + 5):
        data = codec.compress(photograph, max_bytes=limit, refine=steps)
        assert len(data) <= limit
    bpp = 8 * len(plain) / (photograph.shape[0] * photograph.shape[1])
    assert len(codec.compress(photograph, target_bpp=bpp + 0.001, refine=steps)) <= len(plain) + 1


def test_a_model_of_one_quality_gets_nearer_to_the_picture_in_no_more_bytes(face):
    codec = tfcomp.load("vaegan-faces")
    plain = codec.compress(face)
    refined = codec.compress(face, refine=12)
    assert len(refined) <= len(plain)
    assert squared_error(face, codec.decompress(refined)) < 0.97 * squared_error(
        face, codec.decompress(plain)
    )


def test_a_picture_too_large_for_a_model_without_reach_is_refused(tmp_path, monkeypatch):
    codec = tfcomp.load(write_bundle(tmp_path / "far", reach=None))
    monkeypatch.setattr(picture, "_MOST_PIXELS_AT_ONCE", 63)
    with pytest.raises(CodecError, match="refines pictures of up to 63 pixels, not 8x8"):
        codec.compress(photo(8, 8), refine=2)


def test_steps_below_zero_are_refused(codec, photograph):
    with pytest.raises(ConfigError, match="0 steps or more, not -1"):
        codec.compress(photograph, refine=-1)


def test_without_tensorflow_one_line_says_what_to_install(factorized_folder, tmp_path):
    from PIL import Image

    Image.fromarray(photo(16, 16)).save(tmp_path / "a.png")
    child = without_tensorflow(
        "import tfcomp.cli; sys.exit(tfcomp.cli.main(sys.argv[1:]))",
        *["compress", str(tmp_path / "a.png"), "-m", str(factorized_folder), "--refine", "5"],
    )
    assert child.returncode == 2
    assert child.stderr.decode().startswith("tfcomp: refinement needs TensorFlow")
    assert "(it is for Python 3.9 to 3.13)" in child.stderr.decode()
    assert "pip install 'tfcomp[train]'" in child.stderr.decode()
    assert child.stderr.count(b"\n") == 1
    assert os.listdir(tmp_path) == ["a.png"]


def test_the_command_refines_and_says_nothing_else(factorized_folder, tmp_path, capfd, photograph):
    from PIL import Image

    from tfcomp.cli import main

    Image.fromarray(photograph).save(tmp_path / "a.png")
    arguments = ["compress", str(tmp_path / "a.png"), "-m", str(factorized_folder), "-q", "2"]
    assert main([*arguments, "--refine", "5"]) == 0
    codec = tfcomp.load(factorized_folder)
    written = (tmp_path / "a.tfcomp").read_bytes()
    assert written == codec.compress(np.asarray(photograph), 2, refine=5)
    output = capfd.readouterr()
    assert output.err == "" and output.out.count("\n") == 1
