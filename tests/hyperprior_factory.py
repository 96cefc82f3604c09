"""Tiny models with a hyperprior whose means and scales vary widely, without a training."""

import dataclasses

import numpy as np
import tensorflow as tf

GROUPS = (2, 4, 10)
QUALITIES = 2


def tiny_config():
    """A `tfcomp.config.Config` of a model that takes a second to build."""
    from tfcomp import config

    return config.from_dict(
        {
            "model": {
                "widths": [4, 8, 12, 16],
                "residual_blocks": [0, 0, 1, 0],
                "correction_blocks": 1,
                "diffusion": True,
                "qualities": QUALITIES,
                "default_quality": 1,
                "max_lambda": 0.02,
                "prior": "hyperprior",
                "feedback_gains": [0.0, 0.75],
                "gradient_gains": [0.2, 0.1],
                "rate_gains": [0.3, 0.0],
                "hyperprior": {
                    "groups": list(GROUPS),
                    "checkerboard": 2,
                    "quincunx": 1,
                    "hyper_channels": 4,
                    "features": 8,
                    "hidden": 8,
                    "rows_per_stream": [2, 1],
                    "heavy_tails": True,
                    "skipped_scales": 2,
                    "distortion_weights": [12.0, 40.0],
                },
            },
            "data": {"source": "sample", "crop": 64, "batch_size": 2},
            "training": {
                "steps": 3,
                "log_every": 1,
                "picture_every": 0,
                "precision": "float32",
            },
        }
    )


def patch_config():
    """The same of two levels of stride 4 with depthwise blocks, and blocks of the encoder's own."""
    config = tiny_config()
    model = dataclasses.replace(
        config.model,
        widths=(48, 16),
        strides=(4, 4),
        kernel_sizes=(8, 4),
        residual_blocks=(1, 1),
        block="depthwise",
        encoder_blocks=(0, 1),
        decoder_blocks=(1, 0),
        correction_blocks=0,
        diffusion=False,
        hyperprior=dataclasses.replace(config.model.hyperprior, pointwise_context=True),
    )
    return dataclasses.replace(config, model=model)


def between_config():
    """The same with qualities between two levels."""
    config = patch_config()
    return dataclasses.replace(config, model=dataclasses.replace(config.model, quality_steps=32))


def sequence_config(config=None):
    """The same, or another config, with networks for dependent frames."""
    config = config or tiny_config()
    prior = dataclasses.replace(config.model.hyperprior, sequence=True, sequence_hidden=8)
    return dataclasses.replace(config, model=dataclasses.replace(config.model, hyperprior=prior))


def prior_of(kind):
    """The `Hyperprior` of a lively model of kind "tiny", "patch" or "between", with sequences."""
    configs = {"tiny": tiny_config, "patch": patch_config, "between": between_config}
    return lively_model(config=sequence_config(configs[kind]())).prior


def lively_model(seed=0, config=None):
    """A `CycleModel` with principal-component transforms and random, large entropy networks.

    config: `tiny_config()` if None.
    """
    from tfcomp.data.sample_source import sample_images
    from tfcomp.models import principal_components
    from tfcomp.runs import run_folder

    tf.keras.utils.set_random_seed(seed)
    model = run_folder.build_model(config or tiny_config())
    crops = [image[:64, :64] for image in sample_images("train").values()]
    principal_components.initialize(model, np.stack(crops), seed)
    rng = np.random.default_rng(seed)
    for layers in model.prior.pass_layers:
        for name, spread in (("first", 0.3), ("second", 0.4), ("mean", 0.5), ("scale", 0.2)):
            kernel = layers[name].kernel
            kernel.assign(rng.normal(0, spread, kernel.shape))
            pointwise = layers[name].pointwise_kernel
            if pointwise is not None:
                own = np.random.default_rng(seed + 1)  # the others stay as without it
                pointwise.assign(own.normal(0, spread, pointwise.shape))
    if model.prior.sequence:
        _enliven_sequence(model.prior.sequence, seed)
    for layer in model.prior.hyper_layers:
        layer.kernel.assign(rng.normal(0, 0.3, layer.kernel.shape))
    for kernel in model.prior.analysis_kernels:  # Keras 2 and 3 draw other ones
        fans = np.prod(kernel.shape[:2]) * (kernel.shape[2] + kernel.shape[3])
        kernel.assign(rng.normal(0, np.sqrt(2.0 / fans), kernel.shape))
    for variable in model.correction_variables:
        variable.assign(rng.normal(0, 0.1, variable.shape))
    for variable in model.transform_variables:
        if "quality_scale" in variable.name:
            variable.assign(rng.normal(0, 0.1, variable.shape))
    model.prior.hyper_log_gain.assign_add(np.full(model.prior.hyper_log_gain.shape, 1.0))
    return model


def _enliven_sequence(sequence, seed):
    own = np.random.default_rng(seed + 2)  # the others stay as without it
    spreads = {"first": 0.3, "second": 0.4, "units": 0.4, "gate": 0.1, "scale": 0.1}
    for layers in sequence.pass_layers:
        for name, layer in layers.items():
            for kernel in (layer.kernel, layer.pointwise_kernel, layer.channel_kernel):
                if kernel is not None:
                    kernel.assign(kernel + own.normal(0, spreads[name], kernel.shape))
            layer.bias.assign_add(own.normal(0, 0.1, layer.bias.shape))
        # Frames of a still camera are to cost less after one another than by themselves.
        layers["gate"].bias.assign_add(np.full(layers["gate"].bias.shape, 0.5))
        layers["scale"].bias.assign_add(np.full(layers["scale"].bias.shape, -1.5))


BITS = {
    "family": "binary",
    "prior": "hyperprior",
    "widths": [8, 12],
    "residual_blocks": 1,
    "code_channels": 16,
    "default_quality": 1,
    "max_lambda": 0.05,
    "hyperprior": {
        "groups": [4, 12],
        "checkerboard": 1,
        "rows_per_stream": [8, 8, 8],
        "hyper_channels": 2,
        "features": 8,
        "hidden": 8,
        "distortion_weights": [1e6, 1e6],  # sigmoids are rounded to the nearest
    },
}


def bits_config():
    """A `tfcomp.config.Config` of the binary family, whose bits a hyperprior rates."""
    from tfcomp import config

    return config.from_dict(
        {
            "model": BITS,
            "data": {"source": "sample", "crop": 32, "batch_size": 2},
            "training": {"steps": 4, "picture_every": 0, "precision": "float32"},
        }
    )


def lively_bits():
    """Its untrained model, whose entropy model uses every place of the ladder."""
    from tfcomp.families.binary.model import BinaryModel

    config = bits_config()
    tf.keras.utils.set_random_seed(3)
    model = BinaryModel(config.model, config.loss).build_codec()
    pictures = np.random.default_rng(4).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    model.initialize(pictures)
    for layers in model.prior.pass_layers:
        kernel = layers["scale"].kernel
        kernel.assign(2.0 * tf.random.stateless_normal(kernel.shape, (5, 6)))
    model.rated.offset.assign(tf.random.stateless_normal(model.rated.offset.shape, (7, 8)))
    return model
