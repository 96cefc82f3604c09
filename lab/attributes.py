"""Trains the fixed attribute network that vaegan's likelihood term looks through.

    python -m lab.attributes FACES --out runs/attributes.npz

On the training split alone. It is not the judge of `gender_judge`, which has
another architecture, another seed and no part in any loss.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tqdm import tqdm

from lab.face_pictures import ADULT_AGE, read_faces
from tfcomp.errors import exit_code_of
from tfcomp.models import attribute_network
from tfcomp.models.attribute_network import AGE_MEAN, AGE_UNIT, STRIDES, WIDTHS

_HELD_OUT = 0.1


def augmented(pixels, rng, shift=6):
    """Flips, shifts and lights pictures at random: uint8 [B, H, W, 3] -> float32 in 0..1."""
    result = np.empty(pixels.shape, np.float32)
    padded = np.pad(pixels, ((0, 0), (shift, shift), (shift, shift), (0, 0)), mode="edge")
    height, width = pixels.shape[1:3]
    for number, picture in enumerate(padded):
        top, left = rng.integers(0, 2 * shift + 1, 2)
        picture = picture[top : top + height, left : left + width]
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        contrast, light = rng.uniform(0.75, 1.25), rng.uniform(-0.12, 0.12)
        result[number] = (picture / np.float32(255) - 0.5) * contrast + 0.5 + light
    return np.clip(result, 0, 1)


def build():
    """The network with batch normalisation, which `folded` works into the kernels."""
    x = images = keras.Input([None, None, 3])
    x = x - 0.5
    for width, stride in zip(WIDTHS, STRIDES):
        x = keras.layers.Conv2D(width, 3, stride, "same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.97)(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(images, keras.layers.Dense(attribute_network.OUTPUTS)(x))


def folded(model):
    """Kernels and biases as `attribute_network.save` takes them."""
    arrays = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernel = layer.get_weights()[0]
        elif isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            scale = gamma / np.sqrt(variance + layer.epsilon)
            arrays += [kernel * scale, beta - mean * scale]
        elif isinstance(layer, keras.layers.Dense):
            arrays += layer.get_weights()
    return arrays


def train(faces, epochs=30, batch_size=32, seed=11):
    """Trains on nine tenths of the pictures.

    Args:
      faces: `lab.face_pictures.Faces` of the training split.
      epochs: passes over the pictures.
      batch_size: pictures a step.
      seed: of weights, order and augmentation.

    Returns:
      (the arrays to save, accuracy of gender on the adults of the last tenth)
    """
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(faces.age))
    held_out = np.zeros(len(order), bool)
    held_out[order[: int(_HELD_OUT * len(order))]] = True
    check, faces = faces.take(held_out).adults, faces.take(~held_out)
    model = build()
    steps = epochs * (len(faces.age) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3)
    # A child's gender shows little in a picture: it counts for less.
    weight = np.where(faces.age >= ADULT_AGE, 1.0, 0.2).astype(np.float32)
    age = (faces.age - AGE_MEAN) / AGE_UNIT
    gender_loss = keras.losses.BinaryCrossentropy(
        from_logits=True, label_smoothing=0.05, reduction="none"
    )

    @tf.function
    def step(images, male, age, weight):
        with tf.GradientTape() as tape:
            output = model(attribute_network.shrunk(images), training=True)
            loss = tf.reduce_mean(weight * gender_loss(male[:, None], output[:, :1]))
            loss += 0.5 * tf.reduce_mean(tf.abs(output[:, 1] - age))
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables))
        return loss

    for _ in tqdm(range(epochs), unit="epoch"):
        order = rng.permutation(len(faces.age))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            images = tf.constant(augmented(faces.pixels[chosen], rng))
            step(images, faces.male[chosen], age[chosen], weight[chosen])
    logits = model.predict(
        attribute_network.shrunk(tf.constant(check.pixels / np.float32(255))), verbose=0
    )
    return folded(model), float(np.mean((logits[:, 0] > 0) == (check.male > 0.5)))


def main(arguments=None):
    """Runs the command; returns its exit code: 0, or 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.attributes",
        description="Train the attribute network of the vaegan codec on the training split.",
    )
    parser.add_argument("faces", type=Path, help="folder with attributes.csv, train/ and test/")
    parser.add_argument("--out", type=Path, required=True, help=".npz file to write")
    parser.add_argument("--epochs", type=int, default=30)
    options = parser.parse_args(arguments)
    return exit_code_of("attributes", lambda: _run(options))


def _run(options):
    arrays, accuracy = train(read_faces(options.faces, "train", 64), options.epochs)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    attribute_network.save(options.out, arrays)
    print(f"gender right on {100 * accuracy:.1f} % of held-out adults; wrote {options.out}")


if __name__ == "__main__":
    raise SystemExit(main())
