"""Training batches and evaluation images out of a source.

images (endless, shuffled) -> downscale + crop + flip, by the number of the crop -> mix -> batch

Nothing random here has a state: every choice follows from the seed and the number of the crop. So
two runs give the same bytes, and a run that starts at step n gives what the first one gave there.
"""

from __future__ import annotations

from typing import Sequence

import tensorflow as tf

from tfcomp.data.source import ImageSource, MemorySource, Share
from tfcomp.errors import ConfigError
from tfcomp.image_spec import ImageSpec

# Keeps the crops' random numbers apart from those of the two shuffles, which use the bare seed.
_CROP_STREAM = 0x63726F70
_MIX_STREAM = 0x6D6978
_PAD_STREAM = 0x706164
_GRAIN_STREAMS = (0x67726169, 0x6E6F6973)
_SECOND_STREAM = 0x326E64

# How grey a colour is (Rec. 601), for the detail of a window.
_LUMA = (0.299, 0.587, 0.114)


def training_batches(
    source: ImageSource,
    *,
    crop: int,
    batch_size: int,
    seed: int,
    downscale: Sequence[float] | None = (0.6, 0.95),
    downscale_probability: float = 1.0,
    flip: bool = True,
    detail_probability: float = 0.0,
    grain: float = 0.0,
    cache: bool = False,
    crops_per_image: int = 1,
    start_step: int = 0,
    parallelism: int = 2,
    worker: int = 0,
    workers: int = 1,
) -> tf.data.Dataset:
    """An infinite dataset of samples [batch_size, crop, crop, channels], deterministic by `seed`.

    Each of several workers has its own share of every batch, [batch_size / workers, ...]. All
    shares end to end are the batch of a single worker.

    Each crop: with `downscale_probability` the image is made smaller by a random factor out of
    `downscale` (antialiased; never so small that it would no longer cover the crop), then a random
    square is cut out and, with probability 1/2, mirrored left to right. An image smaller than the
    crop is not enlarged: it is continued by its own mirror image on all sides.

    With `detail_probability` two squares are drawn, and the one with more detail is kept. `grain`
    adds the noise of film and sensors, which compressed and shrunk photographs have lost.

    Args:
      source: where the images come from.
      crop: side of the square, in pixels.
      batch_size: crops in a batch; steps are counted in batches.
      seed: any int; the same seed gives the same batches, byte for byte.
      downscale: smallest and largest factor, in (0, 1]; None for no downscaling.
      downscale_probability: how often an image is downscaled at all.
      flip: mirror half of the crops.
      detail_probability: how often the more detailed of two squares is taken.
      grain: largest standard deviation, in 255ths of the samples' range, of the Gaussian noise
        that a crop's channels share; each crop draws its own from 0 on.
      cache: keep all decoded images in memory, 3 bytes an RGB pixel (read when this is called).
      crops_per_image: crops taken from an image each time it is decoded. More than 1 saves decoding
        without a cache; the crops are mixed over two batches' worth of images.
      start_step: number of the batch to begin with, for a resumed training.
      parallelism: threads that decode and crop.
      worker: which share of each batch to give, from 0. A worker decodes the images of its own
        share only; with several `crops_per_image` it decodes all, since any image may have crops
        in any share.
      workers: how many shares there are.

    Raises:
      ConfigError: a setting is out of range.
    """
    _check(crop, batch_size, downscale, downscale_probability, crops_per_image, start_step)
    if not (0 <= detail_probability <= 1 and grain >= 0):
        raise ConfigError("detail_probability must be from 0 to 1, and grain not negative")
    share = _share(batch_size, worker, workers)
    seed = int(seed) % 2**31
    if cache:
        source = MemorySource.holding(source)
    spec = source.spec
    images_per_block = 1 if crops_per_image == 1 else 2 * batch_size
    crops_per_block = images_per_block * crops_per_image
    first_block, crops_to_drop = divmod(start_step * batch_size, crops_per_block)
    first_image = first_block * images_per_block

    @tf.autograph.experimental.do_not_convert  # no Python control flow in it: traced much sooner
    def crops_of(number: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        first = number * crops_per_image
        image = _at_least(image, crop, seed, first)

        def one(crop_number: tf.Tensor) -> tf.Tensor:
            pixels = _random_crop(
                image,
                crop,
                downscale,
                downscale_probability,
                flip,
                detail_probability,
                seed,
                crop_number,
                spec,
            )
            return _with_grain(pixels, grain, seed, crop_number, spec) if grain else pixels

        if crops_per_image == 1:
            return one(first)
        return tf.map_fn(
            one,
            first + tf.range(crops_per_image, dtype=tf.int64),
            fn_output_signature=tf.TensorSpec(
                [crop, crop, spec.channels], tf.as_dtype(spec.dtype)
            ),
        )

    if crops_per_image == 1:
        images = source.endless_images(seed, first_image, parallelism, share)
        numbered = tf.data.Dataset.zip((share.positions(first_image), images))
        crops = numbered.map(crops_of, num_parallel_calls=parallelism)
        batches = crops.batch(share.length, drop_remainder=True)
    else:
        images = source.endless_images(seed, first_image, parallelism)
        numbered = images.enumerate(first_image)
        crops = numbered.map(crops_of, num_parallel_calls=parallelism)
        crops = crops.batch(images_per_block, drop_remainder=True).enumerate(first_block)
        crops = crops.map(lambda number, block: _mixed(block, seed, number)).unbatch()
        batches = crops.skip(crops_to_drop).batch(batch_size, drop_remainder=True)
        batches = batches.map(lambda batch: batch[share.first : share.first + share.length])

    options = tf.data.Options()
    options.deterministic = True
    # A pool of its own, so that cropping and the training step do not wait for each other.
    options.threading.private_threadpool_size = parallelism
    options.threading.max_intra_op_parallelism = 1
    return batches.with_options(options).prefetch(2)


def evaluation_images(source: ImageSource) -> tf.data.Dataset:
    """The whole images of a source, untouched and in order: finite, [H, W, channels]."""
    return source.images().prefetch(2)


def _random_crop(
    image: tf.Tensor,
    crop: int,
    downscale: Sequence[float] | None,
    downscale_probability: float,
    flip: bool,
    detail_probability: float,
    seed: int,
    number: tf.Tensor,
    spec: ImageSpec,
) -> tf.Tensor:
    """Cuts one crop out of [H, W, channels], H and W >= crop; every choice follows from `number`.

    Only the window that will fill the crop is resized, not the whole image: the same pixels (but
    for the filter's reach over the window's edge) at a fraction of the cost.
    """
    chance = tf.random.stateless_uniform([5], tf.stack([seed ^ _CROP_STREAM, number]))
    height, width = tf.shape(image)[0], tf.shape(image)[1]
    window = crop
    if downscale is not None and downscale_probability > 0:
        smallest, largest = downscale
        factor = smallest + chance[0] * (largest - smallest)
        factor = tf.where(chance[1] < downscale_probability, factor, 1.0)
        window = tf.cast(tf.round(crop / factor), tf.int32)
        window = tf.minimum(window, tf.minimum(height, width))

    def cut(down: tf.Tensor, across: tf.Tensor) -> tf.Tensor:
        top = _below(down, height - window + 1)
        left = _below(across, width - window + 1)
        return image[top : top + window, left : left + window]

    pixels = cut(chance[2], chance[3])
    if detail_probability > 0:
        second = tf.random.stateless_uniform([3], tf.stack([seed ^ _SECOND_STREAM, number]))

        def more_detailed() -> tf.Tensor:
            other = cut(second[0], second[1])
            return tf.where(_detail(other, spec) > _detail(pixels, spec), other, pixels)

        pixels = tf.cond(second[2] < detail_probability, more_detailed, lambda: pixels)
    if downscale is not None and downscale_probability > 0:
        pixels = tf.cond(window > crop, lambda: _shrunk(pixels, crop, spec), lambda: pixels)
    if flip:
        pixels = tf.cond(chance[4] < 0.5, lambda: tf.reverse(pixels, [1]), lambda: pixels)
    return tf.ensure_shape(pixels, [crop, crop, spec.channels])


def _shrunk(pixels: tf.Tensor, side: int, spec: ImageSpec) -> tf.Tensor:
    resized = tf.image.resize(pixels, [side, side], method="lanczos3", antialias=True)
    return _as_samples(resized, spec)


def _as_samples(values: tf.Tensor, spec: ImageSpec) -> tf.Tensor:
    """float32 of any shape, in samples' units -> the nearest samples."""
    nearest = tf.round(values) if spec.is_whole else values
    return tf.cast(tf.clip_by_value(nearest, spec.low, spec.high), tf.as_dtype(spec.dtype))


def _detail(pixels: tf.Tensor, spec: ImageSpec) -> tf.Tensor:
    """Mean absolute difference of neighbouring luma of [H, W, channels]: a scalar.

    Channels that are no red, green and blue count alike.
    """
    weights = _LUMA if spec.colour == "rgb" else (1.0 / spec.channels,) * spec.channels
    luma = tf.tensordot(tf.cast(pixels, tf.float32), tf.constant(weights), 1)
    down, across = luma[1:] - luma[:-1], luma[:, 1:] - luma[:, :-1]
    return tf.reduce_mean(tf.abs(down)) + tf.reduce_mean(tf.abs(across))


def _with_grain(
    pixels: tf.Tensor, grain: float, seed: int, number: tf.Tensor, spec: ImageSpec
) -> tf.Tensor:
    """Adds Gaussian noise to [side, side, channels], the same to all channels."""
    grain *= spec.peak / 255.0
    size_key, noise_key = (tf.stack([seed ^ key, number]) for key in _GRAIN_STREAMS)
    deviation = grain * tf.random.stateless_uniform([], size_key)
    noise = deviation * tf.random.stateless_normal([*pixels.shape[:2], 1], noise_key)
    return _as_samples(tf.cast(pixels, tf.float32) + noise, spec)


def _at_least(image: tf.Tensor, side: int, seed: int, number: tf.Tensor) -> tf.Tensor:
    """Continues an image by its mirror image until both sides have `side` pixels."""

    def padded() -> tf.Tensor:
        chance = tf.random.stateless_uniform([2], tf.stack([seed ^ _PAD_STREAM, number]))
        result = image
        for axis in (0, 1):
            size = tf.shape(image)[axis]
            before = _below(chance[axis], tf.maximum(side - size, 0) + 1)
            place = tf.math.floormod(tf.range(tf.maximum(side, size)) - before, 2 * size)
            result = tf.gather(result, tf.minimum(place, 2 * size - 1 - place), axis=axis)
        return result

    too_small = tf.reduce_min(tf.shape(image)[:2]) < side
    return tf.ensure_shape(tf.cond(too_small, padded, lambda: image), image.shape)


def _mixed(block: tf.Tensor, seed: int, number: tf.Tensor) -> tf.Tensor:
    """[images, crops, side, side, 3] -> all crops of the block in random order."""
    crops = tf.reshape(block, tf.concat([[-1], tf.shape(block)[2:]], axis=0))
    order = tf.random.experimental.stateless_shuffle(
        tf.range(tf.shape(crops)[0]), seed=tf.stack([seed ^ _MIX_STREAM, number])
    )
    return tf.ensure_shape(tf.gather(crops, order), [None, *block.shape[2:]])


def _below(chance: tf.Tensor, limit: tf.Tensor) -> tf.Tensor:
    """A uniform number in [0, 1) -> a uniform int32 in [0, limit)."""
    number = tf.cast(chance * tf.cast(limit, tf.float32), tf.int32)
    return tf.minimum(number, limit - 1)  # float32 may round up to the limit


def _share(batch_size: int, worker: int, workers: int) -> Share:
    if not 0 <= worker < workers:
        raise ConfigError(f"worker {worker} of {workers}: count them from 0")
    if batch_size % workers:
        raise ConfigError(f"a batch of {batch_size} cannot be shared evenly by {workers} workers")
    length = batch_size // workers
    return Share(batch_size, worker * length, length)


def _check(
    crop: int,
    batch_size: int,
    downscale: Sequence[float] | None,
    probability: float,
    crops_per_image: int,
    start_step: int,
) -> None:
    for name, value, least in (
        ("crop", crop, 1),
        ("batch_size", batch_size, 1),
        ("crops_per_image", crops_per_image, 1),
        ("start_step", start_step, 0),
    ):
        if value < least:
            raise ConfigError(f"{name} is {value}; it must be {least} or more")
    if downscale is not None and not 0 < downscale[0] <= downscale[1] <= 1:
        raise ConfigError(
            f"downscale is {tuple(downscale)}; give smallest and largest factor in (0, 1]"
        )
    if not 0 <= probability <= 1:
        raise ConfigError(f"downscale_probability is {probability}; it must be from 0 to 1")
