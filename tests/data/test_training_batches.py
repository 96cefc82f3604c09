"""training_batches: what happens to the pixels, and that it happens again the same way.

Most tests train on a ramp, whose red is the column and whose green is the row of the pixel: so a
crop tells where it was cut, by how much it was downscaled and whether it is mirrored.
"""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tfcomp.data import open_source, training_batches
from tfcomp.data.source import MemorySource
from tfcomp.errors import ConfigError


def _ramp(height: int = 200, width: int = 240) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns, rows, np.zeros_like(rows)], axis=2).astype(np.uint8)


def _plain(count: int) -> MemorySource:
    return MemorySource("plain", [np.full((20, 20 + i, 3), i, np.uint8) for i in range(count)])


def _crops(images, count: int = 200, **settings) -> np.ndarray:
    source = images if not isinstance(images, list) else MemorySource("test", images)
    settings = {"crop": 32, "batch_size": 20, "seed": 3, **settings}
    dataset = training_batches(source, **settings).take(-(-count // settings["batch_size"]))
    return np.concatenate(list(dataset.as_numpy_iterator())).astype(np.int64)


def _slopes(crops: np.ndarray, channel: int, axis: int) -> np.ndarray:
    """Mean difference between neighbours along an axis of each crop: 1 / downscaling factor."""
    middle = crops[:, 4:-4, 4:-4, channel]
    return np.diff(middle, axis=axis).mean(axis=(1, 2))


def test_batches_are_uint8_of_the_asked_shape():
    source = MemorySource("test", [_ramp()])
    dataset = training_batches(source, crop=32, batch_size=5, seed=0)
    assert dataset.element_spec == tf.TensorSpec([5, 32, 32, 3], tf.uint8)
    assert next(iter(dataset)).shape == (5, 32, 32, 3)


def test_crops_without_augmentation_are_windows_of_the_image_from_all_over_it():
    image = _ramp()
    crops = _crops([image], downscale=None, flip=False)
    for crop in crops:
        left, top = crop[0, 0, 0], crop[0, 0, 1]
        assert np.array_equal(crop, image[top : top + 32, left : left + 32])
    lefts, tops = crops[:, 0, 0, 0], crops[:, 0, 0, 1]
    assert lefts.min() < 15 and lefts.max() > 240 - 32 - 15
    assert tops.min() < 15 and tops.max() > 200 - 32 - 15
    assert len(set(zip(lefts, tops))) > 190


def test_half_of_the_crops_are_mirrored_left_to_right_and_none_upside_down():
    crops = _crops([_ramp()], 400, downscale=None)
    mirrored = _slopes(crops, channel=0, axis=2) < 0
    assert 150 < mirrored.sum() < 250
    assert (_slopes(crops, channel=1, axis=1) == 1).all()


def test_downscaling_covers_its_whole_range_and_keeps_the_aspect():
    crops = _crops([_ramp()], flip=False, downscale=(0.5, 0.8))
    across, down = _slopes(crops, 0, 2), _slopes(crops, 1, 1)
    assert np.abs(across - down).max() < 0.06
    assert 1 / 0.8 - 0.06 < across.min() < 1 / 0.75
    assert 1 / 0.55 < across.max() < 1 / 0.5 + 0.06


def test_downscaling_happens_as_often_as_asked():
    crops = _crops([_ramp()], 400, flip=False, downscale_probability=0.25)
    untouched = _slopes(crops, 0, 2) == 1
    assert 260 < untouched.sum() < 340


def test_downscaling_stops_where_the_image_would_no_longer_cover_the_crop():
    crops = _crops([_ramp(40, 90)], 60, flip=False, downscale=(0.1, 0.1))
    assert np.abs(_slopes(crops, 1, 1) - 40 / 32).max() < 0.05
    assert np.abs(crops[:, 0, :, 1]).max() <= 1
    assert np.abs(crops[:, -1, :, 1] - 39).max() <= 1


def test_downscaling_is_antialiased():
    board = (np.indices((160, 160)).sum(axis=0) % 2 * 255).astype(np.uint8)
    crops = _crops([np.repeat(board[:, :, None], 3, axis=2)], 20, downscale=(0.6, 0.6))
    assert crops.std() < 30  # picking single pixels would leave 127


def test_the_more_detailed_of_two_crops_is_taken_as_often_as_asked():
    noise = np.random.default_rng(0).integers(0, 256, (200, 32, 3), dtype=np.uint8)
    image = np.concatenate([np.full((200, 200, 3), 128, np.uint8), noise], axis=1)
    settings = {"count": 400, "flip": False, "downscale": None}
    busy = {
        share: (_crops([image], detail_probability=share, **settings).std((1, 2, 3)) > 0).mean()
        for share in (0.0, 1.0)
    }
    # A crop is flat with probability p, and both of two with p squared.
    assert 0.08 < busy[0.0] < 0.22
    assert abs(1 - busy[1.0] - (1 - busy[0.0]) ** 2) < 0.05


def test_grain_is_the_same_in_all_channels_and_up_to_the_asked_strength():
    grey = np.full((64, 64, 3), 128, np.uint8)
    crops = _crops([grey], 200, grain=4.0)
    assert (crops == crops[..., :1]).all()
    deviations = crops[..., 0].std((1, 2))
    assert deviations.min() < 0.5 and 3.6 < deviations.max() < 4.5
    assert abs(crops.mean() - 128) < 0.05


@pytest.mark.parametrize("size", [(5, 7), (1, 1), (60, 3), (31, 32)])
def test_an_image_smaller_than_the_crop_is_continued_by_its_mirror_image(size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    height, width = size
    crops = _crops([image], 10, flip=False, batch_size=5)
    tops, lefts = max(32 - height, 0), max(32 - width, 0)
    pads = ((32, 32), (32, 32), (0, 0))
    around = np.pad(image, pads, mode="symmetric").astype(np.int64)
    for crop in crops:
        assert any(
            np.array_equal(crop, around[y : y + 32, x : x + 32])
            for y in range(32 - tops, 32 + max(height - 32, 0) + 1)
            for x in range(32 - lefts, 32 + max(width - 32, 0) + 1)
        )


def test_every_image_is_shown_once_a_pass_and_each_pass_has_its_own_order():
    shown = _crops(_plain(7), 70, crop=8, batch_size=7)[:, 0, 0, 0].reshape(10, 7)
    assert all(sorted(one) == list(range(7)) for one in shown.tolist())
    assert len({tuple(one) for one in shown.tolist()}) >= 9


def test_several_crops_of_an_image_are_spread_over_the_batches():
    crops = _crops(_plain(32), 256, crop=8, batch_size=16, crops_per_image=4)
    batches = crops[:, 0, 0, 0].reshape(16, 16)
    assert min(len(set(batch)) for batch in batches.tolist()) > 6  # 4 without mixing
    counts = np.bincount(batches.ravel(), minlength=32)
    assert (counts == 256 // 32).all()


@pytest.mark.parametrize("crops_per_image", [1, 3])
@pytest.mark.parametrize("cache", [False, True])
def test_two_runs_are_equal_byte_for_byte_and_a_resumed_one_goes_on(
    tmp_path, cache, crops_per_image
):
    generator = np.random.default_rng(1)
    for number in range(9):
        size = (*generator.integers(20, 60, 2), 3)
        Image.fromarray(generator.integers(0, 255, size, dtype=np.uint8)).save(
            tmp_path / f"{number}.png"
        )
    whole_file = (tmp_path / "3.png").read_bytes()
    (tmp_path / "3.png").write_bytes(whole_file[: len(whole_file) // 2])

    def batches(count, seed=11, start_step=0):
        source = open_source(f"folder:{tmp_path}")
        dataset = training_batches(
            source, crop=24, batch_size=4, seed=seed, cache=cache,
            crops_per_image=crops_per_image, start_step=start_step,
        )  # fmt: skip
        return [batch.tobytes() for batch in dataset.take(count).as_numpy_iterator()]

    whole = batches(14)
    tf.random.set_seed(123)  # someone else's seed must not matter
    assert batches(14) == whole
    assert len(set(whole)) == 14
    assert batches(5, start_step=9) == whole[9:]
    assert not set(batches(14, seed=12)) & set(whole)


def test_a_step_far_ahead_is_reached_at_once():
    far = training_batches(_plain(7), crop=8, batch_size=16, seed=1, start_step=10**9)
    assert next(iter(far)).shape == (16, 8, 8, 3)


def test_cached_images_need_their_files_no_more(tmp_path):
    for number in range(3):
        Image.fromarray(np.full((16, 16, 3), number, np.uint8)).save(tmp_path / f"{number}.png")
    source = open_source(f"folder:{tmp_path}")
    dataset = training_batches(source, crop=8, batch_size=6, seed=0, cache=True)
    for path in tmp_path.iterdir():
        path.unlink()
    for batch in dataset.take(4).as_numpy_iterator():
        assert sorted(batch[:, 0, 0, 0]) == [0, 0, 1, 1, 2, 2]
    assert source.skipped == []


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"crop": 0}, "crop is 0; it must be 1 or more"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"downscale": (0.9, 0.6)}, "smallest and largest factor"),
        ({"downscale": (0.5, 1.5)}, "smallest and largest factor"),
        ({"downscale_probability": 1.5}, "must be from 0 to 1"),
        ({"detail_probability": -0.1}, "must be from 0 to 1"),
        ({"grain": -1.0}, "grain not negative"),
        ({"start_step": -1}, "start_step is -1"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        training_batches(_plain(2), **{"crop": 8, "batch_size": 2, "seed": 0, **setting})
