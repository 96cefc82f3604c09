"""tfds:NAME on data sets that the tests prepare themselves, and on the real CIFAR-10 if it is here.

No test may reach the network: a connection that is tried fails the test.
"""

from __future__ import annotations

import socket
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core import registered

from tests import needs
from tfcomp.data import evaluation_images, open_source, sample_images, training_batches
from tfcomp.errors import ConfigError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "tfds"


@pytest.fixture(autouse=True, scope="module")
def _no_network():
    def refuse(*args, **kwargs):
        raise OSError("the test tried to use the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        patch.setattr(socket, "getaddrinfo", refuse)
        yield


def _prepare(data_dir, class_name: str, feature_set: dict, splits: dict) -> None:
    """Prepares a data set in `data_dir` by way of a builder that TFDS does not keep."""

    def info(self):
        features = tfds.features.FeaturesDict(feature_set)
        return tfds.core.DatasetInfo(builder=self, features=features)

    members = {
        "VERSION": tfds.core.Version("1.0.0"),
        "__module__": __name__,
        "_info": info,
        "_split_generators": lambda self, manager: {
            name: enumerate(records) for name, records in splits.items()
        },
        "_generate_examples": lambda self: iter(()),
    }
    with registered.skip_registration():
        builder = type(class_name, (tfds.core.GeneratorBasedBuilder,), members)
    tfds.disable_progress_bar()
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    builder(data_dir=data_dir).download_and_prepare(download_config=config)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Three small data sets: tiles of photographs, grey 16-bit ramps, and one without images."""
    data_dir = tmp_path_factory.mktemp("tfds")
    photo = sample_images()["astronaut"]
    tiles = [photo[y : y + 48, x : x + 40 + y // 8] for y in (0, 96, 192) for x in (0, 80, 160)]
    labelled = [{"image": tile, "label": number % 2} for number, tile in enumerate(tiles)]
    features = {"image": tfds.features.Image(shape=(None, None, 3)), "label": np.int64}
    _prepare(data_dir, "PhotoTiles", features, {"train": labelled[:6], "test": labelled[6:]})
    ramp = (np.arange(20 * 30).reshape(20, 30, 1) * 100).astype(np.uint16)
    features = {"image": tfds.features.Image(shape=(None, None, 1), dtype=np.uint16)}
    _prepare(data_dir, "DeepRamps", features, {"train": [{"image": ramp}]})
    features = {"text": tfds.features.Text(), "label": np.int64}
    _prepare(data_dir, "OnlyWords", features, {"train": [{"text": "word", "label": 1}]})
    return data_dir, tiles, ramp


def test_a_prepared_data_set_opens_from_its_files_alone(prepared):
    data_dir, tiles, _ = prepared
    train, test = (
        open_source("tfds:photo_tiles", data_dir=data_dir, split=split)
        for split in ("train", "test")
    )
    assert (train.count, test.count) == (6, 3)
    for source, expected in ((train, tiles[:6]), (test, tiles[6:])):
        given = sorted(image.tobytes() for image in source.images().as_numpy_iterator())
        assert given == sorted(tile.tobytes() for tile in expected)


def test_evaluation_images_come_in_the_same_order_every_time(prepared):
    source = open_source("tfds:photo_tiles", data_dir=prepared[0])
    first, second = (
        [image.tobytes() for image in evaluation_images(source).as_numpy_iterator()]
        for _ in range(2)
    )
    assert first == second


def test_sixteen_bit_grey_images_become_rgb(prepared):
    data_dir, _, ramp = prepared
    (image,) = open_source("tfds:deep_ramps", data_dir=data_dir).images().as_numpy_iterator()
    assert image.shape == (20, 30, 3)
    assert np.array_equal(image, np.repeat((ramp >> 8).astype(np.uint8), 3, axis=2))


def test_every_pass_shows_every_image_once_and_in_a_new_order(prepared):
    source = open_source("tfds:photo_tiles", data_dir=prepared[0])
    images = source.endless_images(seed=5).take(24).as_numpy_iterator()
    shown = [image.tobytes() for image in images]
    passes = [shown[start : start + 6] for start in range(0, 24, 6)]
    assert all(sorted(one) == sorted(passes[0]) for one in passes)
    assert len(set(passes[0])) == 6
    assert len({tuple(one) for one in passes}) > 1


@pytest.mark.parametrize("crops_per_image", [1, 3])
def test_batches_are_the_same_again_and_a_resumed_run_goes_on(prepared, crops_per_image):
    def batches(start_step, count):
        source = open_source("tfds:photo_tiles", data_dir=prepared[0])
        dataset = training_batches(
            source, crop=24, batch_size=4, seed=9,
            crops_per_image=crops_per_image, start_step=start_step,
        )  # fmt: skip
        return [batch.tobytes() for batch in dataset.take(count).as_numpy_iterator()]

    whole = batches(0, 12)
    assert batches(0, 12) == whole
    assert len(set(whole)) == 12
    assert batches(7, 5) == whole[7:]


def test_a_data_set_without_images_is_refused_with_its_features(prepared):
    with pytest.raises(ConfigError, match='no "image" feature.*(label, text|text, label)'):
        open_source("tfds:only_words", data_dir=prepared[0])


def test_an_unknown_split_is_refused_with_the_known_ones(prepared):
    with pytest.raises(ConfigError, match='no split "validation"; it has "(train|test)"'):
        open_source("tfds:photo_tiles", data_dir=prepared[0], split="validation")


def test_an_unknown_data_set_is_refused_in_one_line(tmp_path):
    with pytest.raises(ConfigError, match="tfds:no_such_set is not prepared in") as caught:
        open_source("tfds:no_such_set", data_dir=tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not (SHARED / "cifar10").exists(), reason=needs.CIFAR10)
def test_the_real_cifar10_is_read_and_trained_on_without_a_download():
    train, test = (
        open_source("tfds:cifar10", data_dir=SHARED, split=split) for split in ("train", "test")
    )
    assert (train.count, test.count) == (8000, 1000)
    images = list(evaluation_images(test).as_numpy_iterator())
    assert len(images) == 1000
    assert {image.shape for image in images} == {(32, 32, 3)}
    batches = training_batches(train, crop=32, batch_size=64, seed=1)
    batch = next(batches.as_numpy_iterator())
    assert batch.shape == (64, 32, 32, 3)
    assert len({crop.tobytes() for crop in batch}) == 64
    assert 80 < batch.mean() < 160
