"""Training the learned post-filter, as its command does, for a few seconds on a few pixels."""

import numpy as np
import pytest
from PIL import Image

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

from lab import post_filter  # noqa: E402
from tfcomp.evaluation.classical import JPEG  # noqa: E402
from tfcomp.evaluation.learned_filter import LearnedFilter  # noqa: E402


@pytest.fixture
def folder(tmp_path):
    """A folder with one photograph and one picture that is too small for a crop."""
    from skimage import data

    target = tmp_path / "photographs"
    target.mkdir()
    Image.fromarray(data.coffee()[100:260, 200:380]).save(target / "coffee.png")
    Image.fromarray(data.coffee()[:40, :40]).save(target / "small.png")
    return target


def test_the_command_leaves_a_network_that_the_runtime_runs(folder, tmp_path, capsys):
    out = tmp_path / "filter.tflite"
    flags = ["--steps", "3", "--batch", "2", "--out", str(out)]
    assert post_filter.main([str(folder), *flags]) == 0
    printed = capsys.readouterr().out
    assert "3 steps of 2 crops from 2 photographs" in printed and "of jpeg's" in printed
    assert out.stat().st_size < 200_000
    picture = np.random.default_rng(0).integers(0, 256, (33, 47, 3), np.uint8)
    assert LearnedFilter(out.read_bytes()).run(picture).shape == picture.shape


def test_an_untrained_network_leaves_pictures_as_they_are():
    import tensorflow as tf

    from lab.post_filter_network import PostFilter

    pictures = tf.random.stateless_uniform([2, 10, 12, 3], [1, 2])
    assert np.allclose(PostFilter()(pictures), pictures, atol=1e-6)


def test_tiles_of_a_real_network_meet_without_a_seam(tmp_path, monkeypatch, photographs):
    import tensorflow as tf

    from lab.post_filter_network import DeployedPostFilter, PostFilter
    from tfcomp.export.tflite import convert

    tf.keras.utils.set_random_seed(3)
    model = PostFilter(channels=8)
    model(tf.zeros([1, 8, 8, 3]))
    model.last.kernel.assign(tf.random.normal(model.last.kernel.shape, 0, 0.2))
    made = LearnedFilter(convert(DeployedPostFilter(model), "enhance"))
    picture = photographs["astronaut.png"][:80, :80]
    whole = made.run(picture)
    assert np.abs(whole.astype(int) - picture).mean() > 3
    monkeypatch.setattr("tfcomp.networks.tiles.TILE_PIXELS", 40)
    assert np.abs(made.run(picture).astype(int) - whole).max() <= 1


def test_training_takes_error_away():
    from skimage import data

    crops = post_filter.training_crops([data.coffee()], 4, seed=1)
    _, losses = post_filter.train(JPEG, crops, steps=80, minutes=30, batch=4, seed=1)
    assert len(losses) == 80
    assert np.mean(losses[-20:]) < np.mean(losses[:5]) - 0.01


def test_training_ends_when_its_time_is_over():
    from skimage import data

    crops = post_filter.training_crops([data.coffee()], 1, seed=1)
    _, losses = post_filter.train(JPEG, crops, steps=10**6, minutes=0.001, batch=1, seed=1)
    assert 1 <= len(losses) < 100


def test_crops_lie_within_their_picture_and_batches_hold_what_the_codec_makes(monkeypatch):
    picture = np.full((90, 200, 3), 77, np.uint8)
    small = np.zeros((63, 200, 3), np.uint8)
    crops = post_filter.training_crops([picture, small], 5, seed=1)
    assert crops.shape == (5, 64, 64, 3) and (crops == 77).all()
    monkeypatch.setattr(post_filter, "_QUALITIES", (30, 30))
    crops = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    original, decoded = post_filter.coded_batch(JPEG, crops, 3, np.random.default_rng(1))
    for before, after in zip(original, decoded):
        assert np.array_equal(after, JPEG.decode(JPEG.encode(np.ascontiguousarray(before), 30)))


@pytest.mark.parametrize(
    ("flags", "words"), [("--minutes 0", "must be above 0"), ("--batch -1", "must be above 0")]
)
def test_a_setting_out_of_range_is_one_line_and_exit_code_2(
    flags, words, folder, tmp_path, capsys
):
    out = ["--out", str(tmp_path / "x.tflite")]
    assert post_filter.main([str(folder), *out, *flags.split()]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
