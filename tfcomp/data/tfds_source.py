"""tfds:NAME - a TensorFlow Datasets data set with an "image" feature."""

from __future__ import annotations

import os

import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging

from tfcomp.data.source import EVERYTHING, FOREVER, IMAGE_SPEC, ImageSource, Share
from tfcomp.errors import ConfigError

# How many bytes of encoded images are held at a time to be shuffled: all of a small data set.
_SHUFFLED_BYTES = 256 * 2**20


class TfdsSource(ImageSource):
    """The "image" feature of a TFDS data set, decoded to RGB (16-bit samples to 8, alpha dropped).

    A data set prepared under `data_dir` is read from its files alone, whatever its version, with no
    network and no code of its own. Any other is downloaded and prepared as TFDS does.

    Images are shuffled while still encoded, in blocks of up to 256 MiB: a data set that is smaller
    is shuffled as a whole, a larger one relies on TFDS having shuffled it when it was prepared.

    Args:
      name: of the data set.
      data_dir: where prepared data sets lie.
      split: or a part of one, "train[24:]".

    Raises:
      ConfigError: the data set is unknown, cannot be prepared, has no such split, or no
        8- or 16-bit "image" feature.
    """

    def __init__(self, name: str, data_dir: str | os.PathLike | None, split: str = "train") -> None:
        self.name = f"tfds:{name}/{split}"
        self.skipped: list[str] = []
        builder = _prepared_builder(name, data_dir)
        _check_image_feature(name, builder.info.features)
        splits = builder.info.splits
        self.splits = tuple(splits)
        if split.partition("[")[0] not in splits:
            known = ", ".join(f'"{known}"' for known in splits)
            raise ConfigError(f'tfds:{name} has no split "{split}"; it has {known}')
        self.count = splits[split].num_examples
        if not self.count:
            raise ConfigError(f'tfds:{name} has no image in its split "{split}"')
        self._encoded = _encoded_images(builder, split)
        average = max(1, splits[split].num_bytes // self.count)
        self._block = max(256, min(self.count, _SHUFFLED_BYTES // average))

    def images(self, shuffle_seed: int | None = None) -> tf.data.Dataset:
        encoded = self._encoded if shuffle_seed is None else self._shuffled(shuffle_seed, 0)
        return encoded.map(_decoded, num_parallel_calls=2)

    def endless_images(
        self, seed: int, start: int = 0, parallelism: int = 2, share: Share = EVERYTHING
    ) -> tf.data.Dataset:
        first_pass, already_shown = divmod(start, self.count)
        passes = tf.data.Dataset.range(first_pass, FOREVER)
        encoded = passes.flat_map(lambda number: self._shuffled(seed, number))
        numbered = encoded.skip(already_shown).enumerate(start)
        ours = numbered.filter(lambda number, _: share.holds(number))
        return ours.map(lambda _, image: _decoded(image), num_parallel_calls=parallelism)

    def encoded(self, number: int) -> list[bytes]:
        """The first images as they are stored."""
        return list(self._encoded.take(number).as_numpy_iterator())

    def _shuffled(self, seed: int, number: int | tf.Tensor) -> tf.data.Dataset:
        """The encoded images in the random order of pass `number`."""

        # Dataset.shuffle would mix TensorFlow's global seed into ours.
        def in_random_order(block_number: tf.Tensor, block: tf.Tensor) -> tf.Tensor:
            stream = tf.cast(number, tf.int64) * (2**20) + block_number
            key = tf.stack([tf.constant(seed, tf.int64), stream])
            order = tf.random.experimental.stateless_shuffle(tf.range(tf.shape(block)[0]), key)
            return tf.gather(block, order)

        return self._encoded.batch(self._block).enumerate().map(in_random_order).unbatch()


def _prepared_builder(name: str, data_dir: str | os.PathLike | None) -> tfds.core.DatasetBuilder:
    where = os.path.expanduser(os.fspath(data_dir)) if data_dir is not None else None
    try:
        try:
            return tfds.core.read_only_builder.builder_from_files(name, data_dir=where)
        except tfds.core.DatasetNotFoundError:
            builder = tfds.builder(name, data_dir=where, try_gcs=False)
        builder.download_and_prepare()
        return builder
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise ConfigError(
            f"tfds:{name} is not prepared in {where or 'the folder of TFDS'} and cannot be "
            f"prepared now ({type(error).__name__}: {reason[0] if reason else 'no message'}); "
            "check the name, --data-dir and the network"
        ) from error


def _encoded_images(builder: tfds.core.DatasetBuilder, split: str) -> tf.data.Dataset:
    """One pass over the images as they are stored, PNG or JPEG bytes, in the files' order."""
    only_image = tfds.decode.PartialDecoding(
        {"image": True}, decoders={"image": tfds.decode.SkipDecoding()}
    )
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)  # TFDS warns of a deprecated attribute that it uses itself
    try:
        records = builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders=only_image,
            read_config=tfds.ReadConfig(try_autocache=False),
        )
    finally:
        logging.set_verbosity(verbosity)
    return records.map(lambda record: record["image"])


def _check_image_feature(name: str, features: tfds.features.FeatureConnector) -> None:
    known = list(features) if isinstance(features, tfds.features.FeaturesDict) else []
    if "image" not in known or not isinstance(features["image"], tfds.features.Image):
        described = ", ".join(known) if known else str(features)
        raise ConfigError(
            f'tfds:{name} has no "image" feature that holds a picture; its features are: '
            f"{described}"
        )
    dtype = tf.as_dtype(features["image"].np_dtype)
    if dtype not in (tf.uint8, tf.uint16):
        raise ConfigError(
            f'the "image" feature of tfds:{name} is {dtype.name}, not uint8 or uint16'
        )


def _decoded(encoded: tf.Tensor) -> tf.Tensor:
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.ensure_shape(image, IMAGE_SPEC.shape)
