"""Twelve steps of each family from weights and pictures that no TensorFlow has a hand in.

    python -m tests.agreement.twelve_steps        prints the losses of this stack, as JSON
"""

import json
import zlib

import numpy as np

from tests import tiny_runs

FAMILIES = ("cycle", "binary", "vaegan")
STEPS = 12


def losses(family):
    """What every step of a tiny model's training costs, and the first one again after all of them.

    Returns:
      float [STEPS + 1].
    """
    import tensorflow as tf

    from tfcomp.runs import run_folder
    from tfcomp.training.optimizers import build_optimizer

    config = tiny_runs.load_config(family)
    model = run_folder.build_model(config)
    _set_weights(model)
    model.compile(
        **{
            name: build_optimizer(
                model.optimizer_settings(name, config.optimizer), STEPS, model.hidden_kernels
            )
            for name in model.optimizer_names
        }
    )
    model.seed, model.clip_norm = 7, config.optimizer.clip_norm
    for name in model.optimizer_names:
        getattr(model, name).build(model.variables_of(name))
    step = tf.function(model.train_step, jit_compile=False)
    found = []
    batches = list(_batches(config.data.crop, config.data.batch_size))
    for images in [*batches, batches[0]]:
        for metric in model.metrics:
            metric.reset_state()
        found.append(float(step(tf.constant(images))["loss"]))
    return found


def _set_weights(model):
    """Gives every kernel, and all else that starts at random, numbers of its own by its name."""
    from tfcomp.runs.weights_file import named_variables

    for name, variable in named_variables(model).items():
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        shape = tuple(variable.shape)
        if len(shape) == 4:
            variable.assign(rng.normal(0, np.sqrt(1.0 / np.prod(shape[:3])), shape))
        elif "_biases" in name:  # of learned densities
            variable.assign(rng.uniform(-0.5, 0.5, shape))


def _batches(crop, size):
    from tfcomp.data.sample_source import sample_images

    images = list(sample_images("train").values())
    rng = np.random.default_rng(3)
    for _ in range(STEPS):
        batch = []
        for _ in range(size):
            image = images[rng.integers(len(images))]
            top, left = (rng.integers(side - crop + 1) for side in image.shape[:2])
            batch.append(image[top : top + crop, left : left + crop])
        yield np.stack(batch)


if __name__ == "__main__":
    print(json.dumps({family: losses(family) for family in FAMILIES}, indent=1))
