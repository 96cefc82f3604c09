"""The judge: a classifier of gender that no codec has ever been trained against.

    image -> 2x2 means -> [conv 3x3 -> max pool] x 2 -> conv 3x3 twice -> max pool -> conv 3x3
          -> mean -> dense -> logit

Trained on the originals of the training split. It shares neither architecture nor seed nor labels
of age with the attribute network in vaegan's loss (tfcomp/models/attribute_network.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tqdm import tqdm

from tfcomp.errors import ConfigError

# Channels of the convolutions between one max pool and the next.
_BLOCKS = ((16,), (32,), (64, 64), (128,))
_SEED = 20_240


def build(side):
    """The untrained judge of pictures of side x side pixels: uint8 in, one logit of "male" out."""
    images = keras.Input([side, side, 3])
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(images)
    if side >= 128:
        x = keras.layers.AveragePooling2D(side // 64)(x)
    for number, widths in enumerate(_BLOCKS):
        x = keras.layers.MaxPooling2D()(x) if number else x
        for width in widths:
            x = keras.layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization(momentum=0.97)(x)
            x = keras.layers.Activation("swish")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.4)(x)
    return keras.Model(images, keras.layers.Dense(1)(x))


def train(faces, epochs=16, batch_size=32, seed=_SEED):
    """A judge trained on faces (`lab.face_pictures.Faces`), all of them: give it adults."""
    keras.utils.set_random_seed(seed)
    judge = build(faces.pixels.shape[1])
    steps = max(1, len(faces.male) // batch_size)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, epochs * steps))
    loss_of = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1)

    @tf.function
    def step(images, male):
        with tf.GradientTape() as tape:
            loss = loss_of(male[:, None], judge(_varied(images), training=True))
        variables = judge.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))

    rng = np.random.default_rng(seed)
    for _ in tqdm(range(epochs), unit="epoch", desc="judge"):
        order = rng.permutation(len(faces.male))
        for start in range(0, steps * batch_size, batch_size):
            chosen = order[start : start + batch_size]
            step(tf.constant(faces.pixels[chosen], tf.float32), tf.constant(faces.male[chosen]))
    return judge


def _varied(images):
    """Mirrors, shifts and lights pictures at random; float32 [B, H, W, 3] in 0..255."""
    side = images.shape[1]
    images = tf.image.random_flip_left_right(images)
    reach = side // 16
    around = [reach, reach]
    padded = tf.pad(images, [[0, 0], around, around, [0, 0]], "REFLECT")
    images = tf.image.random_crop(padded, tf.shape(images))
    light = tf.random.uniform([tf.shape(images)[0], 1, 1, 1], -25.0, 25.0)
    return tf.clip_by_value(images + light, 0.0, 255.0)


def obtain(path, faces):
    """The judge kept in a .weights.h5 file, trained on `faces` and put there if there is none.

    Raises:
      ConfigError: the file holds something else.
    """
    path = Path(path)
    if not path.exists():
        judge = train(faces)
        path.parent.mkdir(parents=True, exist_ok=True)
        judge.save_weights(path)
        return judge
    judge = build(faces.pixels.shape[1])
    try:
        judge.load_weights(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} holds no judge of these pictures: {error}") from None
    return judge


def accuracy(judge, pixels, male):
    """Share of pictures (uint8 [N, H, W, 3]) whose gender (float32 [N], 1 = male) it names."""
    logits = judge.predict(pixels.astype(np.float32), batch_size=64, verbose=0)[:, 0]
    return float(np.mean((logits > 0) == (male > 0.5)))
