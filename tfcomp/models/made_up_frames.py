"""Short sequences made of photographs, for the networks of frames that depend on the one before.

    crop --shift by k v--> a patch of another crop, shifted by k u, over it
         --> brightness of frame k --> fresh noise --> round to 0..255      (k = 0, 1, ...)

The camera stands still, shakes by parts of a pixel or moves, each crop for itself; a patch is
what moves before it. Noise is a sensor's: its variance grows with the light, and no two frames
share any. Without it frames of a still camera would be equal, and nothing could be learnt of them.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

_STREAM = 0x66726D73
_SMALLEST_PATCH, _LARGEST_PATCH = 0.15, 0.6  # parts of a side
_DARK_SHARE = 0.3  # of the noise's variance that does not grow with the light


def frames_of(
    images: tf.Tensor, settings: Any, stride: int, seed: int, numbers: tf.Tensor
) -> tf.Tensor:
    """The frames of sequences, one for each crop.

    Args:
      images: float32 [B, side, side, 3] in 0..1, B and side static.
      settings: `tfcomp.config.run.FramesConfig`.
      stride: frames have sides that this divides.
      seed: int.
      numbers: int64 [B], of the crops over the whole training: all chance follows from them.

    Returns:
      float32 [count, B, h, w, 3] in 0..1, whole levels of 255.

    Raises:
      ValueError: crops are too small to move over.
    """
    count, crop = settings.count, images.shape[1]
    margin = settings.margin
    side = (crop - 2 * margin) // stride * stride
    if side < stride:
        raise ValueError(f"crops of {crop} pixels are too small for frames that move")
    chance = tf.stack([_chance(seed, number) for number in tf.unstack(numbers)])
    drawn = iter(tf.unstack(chance, axis=1))
    walk = _camera(settings, [next(drawn) for _ in range(3)])
    patch_walk = settings.patch_speed * _signed([next(drawn), next(drawn)])
    patched = tf.cast(next(drawn) < settings.patch, tf.float32)[:, None, None, None]
    places = _patch(side, [next(drawn) for _ in range(4)])
    brightness = settings.brightness * (2.0 * next(drawn) - 1.0)
    brightness *= tf.cast(next(drawn) < settings.brightness_probability, tf.float32)
    deviation = settings.noise / 255.0 * next(drawn) * tf.cast(
        next(drawn) < settings.noise_probability, tf.float32
    )
    before_it = tf.roll(images, 1, 0)  # another crop, of which the patch is
    found = []
    for k in range(count):
        scene = _window(images, margin + k * walk, side)
        moved = _patch_at(places, k * patch_walk, side) * patched
        # The patch moves with its texture, as far as the crop has some.
        walked = tf.clip_by_value(k * patch_walk, -margin, margin)
        texture = _window(before_it, margin - walked, side)
        scene += moved * (texture - scene)
        scene *= 1.0 + k * brightness[:, None, None, None]
        light = tf.clip_by_value(scene, 0.0, 1.0)
        spread = tf.sqrt(_DARK_SHARE + (1.0 - _DARK_SHARE) * light)
        scene += deviation[:, None, None, None] * spread * _noise(seed, numbers, k, side)
        found.append(tf.round(255.0 * tf.clip_by_value(scene, 0.0, 1.0)) / 255.0)
    return tf.stack(found)


def _chance(seed: int, number: tf.Tensor) -> tf.Tensor:
    key = tf.constant((int(seed) % 2**31) ^ _STREAM, tf.int64)
    return tf.random.stateless_uniform([14], tf.stack([key, number]))


def _noise(seed: int, numbers: tf.Tensor, frame: int, side: int) -> tf.Tensor:
    key = tf.constant((int(seed) % 2**31) ^ _STREAM, tf.int64) + (frame + 1 << 40)
    return tf.stack(
        [
            tf.random.stateless_normal([side, side, 3], tf.stack([key, number]))
            for number in tf.unstack(numbers)
        ]
    )


def _signed(drawn: list[tf.Tensor]) -> tf.Tensor:
    return 2.0 * tf.stack(drawn, -1) - 1.0


def _camera(settings: Any, drawn: list[tf.Tensor]) -> tf.Tensor:
    """Pixels down and across that each camera moves from frame to frame: float32 [B, 2]."""
    kind, *way = drawn
    shakes = kind < settings.still + (1.0 - settings.still) / 2.0
    largest = tf.where(kind < settings.still, 0.0, tf.where(shakes, settings.jitter, settings.pan))
    return largest[:, None] * _signed(way)


def _window(images: tf.Tensor, corner: tf.Tensor, side: int) -> tf.Tensor:
    """Squares from float32 [B, 2] corners, by cubic interpolation (Keys 1981, a = -1/2)."""
    for axis in (1, 2):
        start = tf.floor(corner[:, axis - 1])
        part = (corner[:, axis - 1] - start)[:, None]
        place = tf.cast(start, tf.int32)[:, None] + tf.range(side)
        taps = (
            ((-0.5 * part + 1.0) * part - 0.5) * part,
            (1.5 * part - 2.5) * part * part + 1.0,
            ((-1.5 * part + 2.0) * part + 0.5) * part,
            (0.5 * part - 0.5) * part * part,
        )
        last = images.shape[axis] - 1
        shape = [-1, 1, 1, 1]
        images = tf.add_n(
            [
                tf.reshape(tap, shape)
                * tf.gather(images, tf.clip_by_value(place + k, 0, last), axis=axis, batch_dims=1)
                for k, tap in enumerate(taps, -1)
            ]
        )
    return images


def _patch(side: int, drawn: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Corners and sides of rectangles, float32 [B, 2] each, in pixels."""
    sizes = tf.stack(drawn[:2], -1)
    sizes = side * (_SMALLEST_PATCH + (_LARGEST_PATCH - _SMALLEST_PATCH) * sizes)
    return tf.stack(drawn[2:], -1) * (side - sizes), sizes


def _patch_at(places: tuple[tf.Tensor, tf.Tensor], moved: tf.Tensor, side: int) -> tf.Tensor:
    """1 where rectangles are, with edges of parts of pixels: float32 [B, side, side, 1]."""
    corner, sizes = places
    corner += moved
    pixels = tf.range(side, dtype=tf.float32)
    covered = [
        tf.clip_by_value(pixels - corner[:, axis, None] + 0.5, 0.0, 1.0)
        * tf.clip_by_value(corner[:, axis, None] + sizes[:, axis, None] - pixels + 0.5, 0.0, 1.0)
        for axis in (0, 1)
    ]
    return (covered[0][:, :, None] * covered[1][:, None, :])[..., None]
